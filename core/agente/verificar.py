"""Verify (P8): every figure and every name in a reply is a fact of the turn, or it is not sent.

What is allowed is built here anew, from the rows as the catalogue gives them and from what was
agreed before, never from what the decision or the draft say. A text is refused when

- a number in it is no price, stock, quantity, option or sum of those rows, nor the customer's own;
- a line that names a producto carries another producto's money;
- a word in it belongs neither to the shop's wording, nor to a fact, nor to the customer.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Any

from babel.numbers import get_decimal_symbol

from core.agente.estado import Linea, Memoria
from core.agente.hechos import Decision
from core.agente.numeros import UNIDADES, numerar
from core.agente.palabras import fichas, plegar
from core.agente.redactar import locale_de, plural, textos
from core.catalogo.texto import fold
from core.ports import ChatVisto, ProductoVisto

_NUMERO = re.compile(r"\d+(?:[.,\u00a0\u202f]\d+)*")
_PALABRA = re.compile(r"[a-zñ]+")
# Said as words these are figures too; "un" and "una" are articles.
_CIFRAS = frozenset(
    "dos tres cuatro cinco seis siete ocho nueve diez once doce quince veinte treinta cuarenta "
    "cincuenta cien ciento mil docena docenas".split()
)


@dataclass(frozen=True)
class Permitido:
    """dinero: producto's folded name → its own money. sumas: totals. numeros: everything else
    that may be said as a figure. citas: texts that may be quoted whole. palabras: single words."""

    dinero: Mapping[str, frozenset[Decimal]] = field(default_factory=dict)
    sumas: frozenset[Decimal] = frozenset()
    numeros: frozenset[Decimal] = frozenset()
    citas: tuple[str, ...] = ()
    palabras: frozenset[str] = frozenset()
    decimal: str = ","


def verificar(texto: str, permitido: Permitido) -> bool:
    """Whether everything in `texto` is a fact."""
    return all(_line_is_true(line, permitido) for line in texto.split("\n") if line.strip())


def _line_is_true(line: str, p: Permitido) -> bool:
    folded = fold(line)
    named = []
    for name in sorted(p.dinero, key=len, reverse=True):
        if name and name in folded:
            named.append(name)
            folded = folded.replace(name, " ")
    for quote in sorted(p.citas, key=len, reverse=True):
        folded = folded.replace(quote, " ")
    money = frozenset().union(*(p.dinero[n] for n in named)) if named else p.sumas
    allowed = money | p.sumas | p.numeros
    figures = [_value(m.group(), p.decimal) for m in _NUMERO.finditer(folded)]
    words = set(_PALABRA.findall(folded))
    return all(f in allowed for f in figures) and words <= (p.palabras | _vocabulary())


def _value(written: str, decimal: str) -> Decimal:
    thousands = "." if decimal == "," else ","
    plain = re.sub(rf"[{re.escape(thousands)}\u00a0\u202f]", "", written).replace(decimal, ".")
    return Decimal(plain) if re.fullmatch(r"\d+(?:\.\d+)?", plain) else Decimal(-1)


# --- what is true ------------------------------------------------------------------------------


def permitir(
    decision: Decision,
    antes: Memoria,
    chat: ChatVisto,
    filas: Mapping[int, ProductoVisto],
    dicho: str,
) -> Permitido:
    """Everything that may be said in this turn. `filas`: fresh rows of every producto that the
    decision speaks of; `dicho`: the customer's own words."""
    lineas = [line for hecho in decision.hechos for line in hecho.lineas]
    dinero: dict[str, set[Decimal]] = {fold(p.nombre): {p.precio} for p in filas.values()}
    sumas: set[Decimal] = set()
    for line in lineas:
        row = filas.get(line.producto_id)
        if row is not None:
            dinero[fold(row.nombre)].add((line.cantidad * row.precio).quantize(Decimal("0.01")))
    for hecho in decision.hechos:
        sumas.add(_total(hecho.lineas, filas))
    _remember(dinero, antes)
    _sold(dinero, sumas, chat)
    numeros = {Decimal(n) for n in range(1, 1 + _most_options(decision))}
    numeros |= {line.cantidad for line in lineas} | {p.stock for p in filas.values()}
    numeros |= _sold_quantities(chat) | _said(dicho)
    citas = [fold(c) for c in _quotes(decision, chat, filas) if c.strip()]
    return Permitido(
        dinero={name: frozenset(v) for name, v in dinero.items()},
        sumas=frozenset(sumas),
        numeros=frozenset(numeros),
        citas=tuple(citas),
        palabras=frozenset(_PALABRA.findall(fold(dicho))) | _units(filas.values()),
        decimal="." if _dot_decimal(chat) else ",",
    )


def ids_de(decision: Decision) -> list[int]:
    """The productos that the decision speaks of."""
    ids = [p.id for h in decision.hechos for p in h.productos]
    ids += [line.producto_id for h in decision.hechos for line in h.lineas]
    return list(dict.fromkeys(ids))


def _total(lineas: Iterable[Linea], filas: Mapping[int, ProductoVisto]) -> Decimal:
    rows = [
        (line.cantidad, filas[line.producto_id]) for line in lineas if line.producto_id in filas
    ]
    return sum(((q * row.precio).quantize(Decimal("0.01")) for q, row in rows), Decimal("0.00"))


def _remember(dinero: dict[str, set[Decimal]], antes: Memoria) -> None:
    """The price as it was offered before may be named, beside the new one."""
    for line in antes.oferta.lineas if antes.oferta else ():
        if fold(line.nombre) in dinero:
            dinero[fold(line.nombre)].add(line.precio_unitario)


def _sold(dinero: dict[str, set[Decimal]], sumas: set[Decimal], chat: ChatVisto) -> None:
    """The last sale keeps its own names and prices, whatever the rows say now."""
    if chat.ultima_venta is None:
        return
    sumas.add(Decimal(chat.ultima_venta.total))
    for line in chat.ultima_venta.lineas:
        own = dinero.setdefault(fold(str(line["nombre"])), set())
        own.add(Decimal(str(line["subtotal"])))


def _sold_quantities(chat: ChatVisto) -> set[Decimal]:
    lines: list[dict[str, Any]] = chat.ultima_venta.lineas if chat.ultima_venta else []
    return {Decimal(str(line["cantidad"])) for line in lines}


def _most_options(decision: Decision) -> int:
    return max((len(h.productos) for h in decision.hechos if h.numerados), default=0)


def _said(dicho: str) -> set[Decimal]:
    return {f.valor for f in numerar(fichas(plegar(dicho))) if f.valor is not None}


def _quotes(
    decision: Decision, chat: ChatVisto, filas: Mapping[int, ProductoVisto]
) -> Iterable[str]:
    """Passages of the shop's own rows and settings, quoted as they stand."""
    yield chat.tienda.nombre
    yield from (str(v) for v in (chat.tienda.ajustes.get("informacion") or {}).values())
    for row in filas.values():
        yield row.marca
        yield row.descripcion.strip().rstrip(".")[:300]
    for line in decision.memoria.carrito:
        yield line.nombre


def _units(filas: Iterable[ProductoVisto]) -> frozenset[str]:
    said = {
        w for p in filas for u in (p.unidad, plural(p.unidad)) for w in _PALABRA.findall(fold(u))
    }
    return frozenset(said)


def _dot_decimal(chat: ChatVisto) -> bool:
    return bool(get_decimal_symbol(locale_de(chat.tienda)) == ".")


@cache
def _vocabulary() -> frozenset[str]:
    """Every word of the wording, but no word that is a figure."""
    found: set[str] = set(UNIDADES)
    pending: list[Any] = [textos()]
    while pending:
        node = pending.pop()
        if isinstance(node, Mapping):
            pending += node.values()
        else:
            found |= set(_PALABRA.findall(fold(re.sub(r"\{\w+\}", " ", str(node)))))
    return frozenset(found - _CIFRAS)
