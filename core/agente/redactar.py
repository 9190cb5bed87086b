"""Word: facts → what the customer reads. All wording is in prompts/respuestas.yaml."""

import re
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import Any

from babel import Locale
from babel.numbers import format_currency, format_decimal

from core.agente.estado import Linea
from core.agente.hechos import Decision, Hecho
from core.agente.textos import textos_de
from core.catalogo.texto import fold
from core.cuentas.ajustes import ajustes_de
from core.ports import ChatVisto, ProductoVisto, Tienda
from core.unidades import allows_fraction

_DESCRIPCION_MAX = 300
_APARTE = frozenset({"pasaje"})  # the shop's own words, beside which nothing else is said
# Where a unit's own name ends: "caja de 12", "rollo x 100".
_FIN_UNIDAD = re.compile(r"\s(?:de|del|x|por|con)\s|\s?[\d(/]")


# Facts of the last sale, whose rows speak for themselves.
DE_LA_VENTA = frozenset({"ya_vendida", "compra_registrada", "compra_cancelada"})
_DE_VENDER = re.compile(
    r"[$€{}]|\b(?:precios?|cuestan?|vale|valen|gratis|descuento|total|paga|pesos?|soles|euros?|dolar\w*"
    r"|dollars?|price|free|confirm\w*|ventas?|venden?|vendedor|vendid\w+|vendel\w*|compras?|compro"
    r"|sell|clientes?|usuarios?|sistema|system|asistente|assistant|bot|oferta|carrito)\b"
)
_CITA_MAX = 600  # characters of what a shopkeeper wrote that one reply repeats


def cita(escrito: object) -> str:
    """What the shop wrote of itself, as one line that may be quoted; "" for nothing."""
    return " ".join(escrito.split())[:_CITA_MAX] if isinstance(escrito, str) else ""


def descripcion_de(p: ProductoVisto) -> str:
    """What its row says of the thing; "" where that speaks of money or of a sale: a price is the
    row's own and nobody else's, least of all that of a text which somebody wrote into it."""
    said = cita(p.descripcion).rstrip(".")[:_DESCRIPCION_MAX]
    return "" if _DE_VENDER.search(fold(said)) else said


def textos() -> Mapping[str, Any]:
    """The wording as it is when a shop set nothing."""
    return textos_de(Tienda("", "")).plantillas


def locale_de(tienda: Tienda) -> str:
    return ajustes_de(tienda).locale or "es"


def dinero(monto: Decimal, tienda: Tienda) -> str:
    """28900 → $28.900; cents where there are any, and only there: also where the currency has
    none, since what is said must be what is charged."""
    written = format_currency(
        monto,
        tienda.moneda,
        locale=locale_de(tienda),
        format=_pattern(locale_de(tienda), cents=monto != monto.to_integral_value()),
        currency_digits=False,
    )
    # A code of three letters is parted from its figure, as CLDR asks and babel does not.
    written = re.sub(r"(?<=[A-Z]{3})(?=\d)", " ", written)
    return written.replace("\u00a0", " ").replace("\u202f", " ").strip()


@cache
def _pattern(locale: str, *, cents: bool) -> str:
    """The locale's own way to write money, with two decimals or none."""
    whole = str(Locale.parse(locale).currency_formats["standard"].pattern).replace("0.00", "0")
    return whole.replace("0", "0.00") if cents else whole


def numero(cantidad: Decimal, tienda: Tienda) -> str:
    return format_decimal(cantidad.normalize(), locale=locale_de(tienda))


def cuantos(cantidad: Decimal, unidad: str, tienda: Tienda) -> str:
    """7 unidades, 1 caja, 2,5 kg."""
    return f"{numero(cantidad, tienda)} {unidad if cantidad == 1 else plural(unidad, tienda)}"


def plural(unidad: str, tienda: Tienda) -> str:
    """metros lineales, galones, cajas de 12."""
    end = _FIN_UNIDAD.search(unidad)
    head, tail = (unidad[: end.start()], unidad[end.start() :]) if end else (unidad, "")
    special = textos_de(tienda)["plurales"]
    return " ".join(str(special.get(w.lower()) or _plural(w)) for w in head.split(" ")) + tail


def _plural(word: str) -> str:
    if not word[-1:].isalpha() or word[-1] in "sx":
        return word
    if word[-1] in "aeiouáéíóú":
        return word + "s"
    stem = word[:-1] + "c" if word[-1] == "z" else word
    for accented, plain in zip("áéíóú", "aeiou", strict=True):
        if stem.endswith(accented + "n"):
            stem = stem[:-2] + plain + "n"
    return stem + "es"


def redactar(decision: Decision, chat: ChatVisto) -> str:
    """The reply. Pure: the same decision gives the same words."""
    parts = [(_word(hecho, chat), hecho.clave in _APARTE) for hecho in decision.hechos]
    return _join([p for p in parts if p[0]])


def llano(decision: Decision, tienda: Tienda) -> str:
    """The reply without any figure or name, when the worded one was refused."""
    plain = textos_de(tienda)["llano"]
    return str(next((plain[h.clave] for h in decision.hechos if h.clave in plain), plain["otro"]))


def _word(hecho: Hecho, chat: ChatVisto) -> str:
    template = textos_de(chat.tienda)[hecho.clave]
    rows = _rows(hecho, chat)
    whole = _whole(hecho, chat)
    if not isinstance(template, str) and len(rows) == 1 and "uno" in template:
        template = template["uno"]
    if isinstance(template, str):
        return template.format(**{**(rows[0] if rows else {}), **whole})
    lines = [template.get("inicio", "").format(**whole)] if "inicio" in template else []
    lines += [template["fila"].format(**row) for row in rows]
    if "fin" in template:
        lines.append(template["fin"].format(**whole))
    return "\n".join(lines)


def _whole(hecho: Hecho, chat: ChatVisto) -> dict[str, str]:
    """What is said once, of all of it."""
    tienda = chat.tienda
    said = {"tienda": tienda.nombre, "cita": hecho.cita}
    if hecho.clave in ("pide_dato", "pendiente_dato", "dato_necesario"):
        said["cita"] = textos_de(tienda)["campos"][hecho.cita]
    if hecho.lineas:
        total = sum((line.subtotal for line in hecho.lineas), Decimal("0.00"))
        said["total"] = dinero(total, tienda)
    if hecho.clave in DE_LA_VENTA and chat.ultima_venta is not None:
        said["total"] = dinero(chat.ultima_venta.total, tienda)
    if hecho.clave == "agotado" and hecho.cita:
        said["nombre"] = hecho.cita
    if hecho.cantidad is not None:
        said["cantidad"] = numero(hecho.cantidad, tienda)
    elif hecho.clave == "de_que":
        said["cantidad"] = textos_de(tienda)["eso"]
    if hecho.antes is not None:
        said["antes"] = dinero(hecho.antes, tienda)
    return said


def _rows(hecho: Hecho, chat: ChatVisto) -> list[dict[str, str]]:
    """What is said of each line or producto."""
    if hecho.clave in DE_LA_VENTA and chat.ultima_venta is not None:
        return [_of_venta(line, chat) for line in chat.ultima_venta.lineas]
    if hecho.lineas:
        return [_of_linea(line, chat.tienda) for line in hecho.lineas]
    return [_of_producto(p, n, chat.tienda) for n, p in enumerate(hecho.productos, 1)]


def _of_linea(line: Linea, tienda: Tienda) -> dict[str, str]:
    return {
        "cantidad": cuantos(line.cantidad, line.unidad, tienda),
        "nombre": line.nombre,
        "precio": dinero(line.precio_unitario, tienda),
        "cada": _cada(line.unidad, tienda),
        "subtotal": dinero(line.subtotal, tienda),
    }


def _cada(unidad: str, tienda: Tienda) -> str:
    said = textos_de(tienda)
    return str(said["por_unidad" if allows_fraction(unidad) else "cada"]).format(unidad=unidad)


def _of_venta(line: dict[str, Any], chat: ChatVisto) -> dict[str, str]:
    return {
        "cantidad": numero(Decimal(str(line["cantidad"])), chat.tienda),
        "nombre": str(line["nombre"]),
        "subtotal": dinero(Decimal(str(line["subtotal"])), chat.tienda),
    }


def _of_producto(p: ProductoVisto, n: int, tienda: Tienda) -> dict[str, str]:
    said = textos_de(tienda)
    about = [said["marca"].format(marca=p.marca)] if p.marca else []
    described = descripcion_de(p)
    if described:
        about.append(f" ({described})")
    return {
        "n": str(n),
        "nombre": p.nombre,
        "precio": dinero(p.precio, tienda),
        "stock": cuantos(p.stock, p.unidad, tienda) if p.stock > 0 else said["sin_stock"],
        "unidad": p.unidad,
        "unidades": plural(p.unidad, tienda),
        "ficha": "".join(about),
    }


def _join(parts: list[tuple[str, bool]]) -> str:
    """Short sentences run on; anything with a list, or that stands apart, is its own paragraph."""
    out, apart = "", False
    for part, alone in parts:
        if not out:
            out = part
        elif alone or apart or "\n" in part or "\n" in out.rsplit("\n\n", 1)[-1]:
            out += "\n\n" + part
        else:
            out += " " + part
        apart = alone
    return out
