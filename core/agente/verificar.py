"""Verify (P8): every figure and every name in a reply is a fact of the turn, or it is not sent.

What is allowed is built here anew, from the rows as the catalogue gives them and from what was
agreed before, never from what the decision or the draft say. A text is refused when

- a number in it is no price, stock, quantity, option or sum of those rows, nor the customer's own;
- a line that names a producto carries another producto's figures, or one that is offered or sold
  carries any but its own quantity and money and the totals;
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

_CENTAVO = Decimal("0.01")
_NUMERO = re.compile(r"\d+(?:[.,\u00a0\u202f]\d+)*")
_OPCION = re.compile(r"\s*(\d{1,2})\) ")
_PALABRA = re.compile(r"[a-zñ]+")
# Said as words these are figures too; "un" and "una" are articles.
CIFRAS = frozenset(
    "dos tres cuatro cinco seis siete ocho nueve diez once doce quince veinte treinta cuarenta "
    "cincuenta cien ciento mil docena docenas".split()
)


@dataclass(frozen=True)
class Permitido:
    """propios: producto's folded name → its own figures. acordados: names of those on offer or
    sold. sumas: totals. opciones: how many were numbered. numeros: everything else that may be
    said as a figure. citas: texts that may be quoted whole. palabras: single words, besides those
    of the shop's wording unless `cerrado`."""

    propios: Mapping[str, frozenset[Decimal]] = field(default_factory=dict)
    acordados: frozenset[str] = frozenset()
    sumas: frozenset[Decimal] = frozenset()
    opciones: int = 0
    numeros: frozenset[Decimal] = frozenset()
    citas: tuple[str, ...] = ()
    palabras: frozenset[str] = frozenset()
    decimal: str = ","
    cerrado: bool = False


@dataclass(frozen=True)
class Renglon:
    """One line of a reply: the option it numbers, the productos it names (folded), and the figures
    and words that are left once names and quotes are taken out."""

    opcion: int | None
    nombres: frozenset[str]
    cifras: frozenset[Decimal]
    palabras: frozenset[str]


def verificar(texto: str, permitido: Permitido) -> bool:
    """Whether everything in `texto` is a fact."""
    return all(_is_true(line, permitido) for line in renglones(texto, permitido))


def renglones(texto: str, p: Permitido) -> list[Renglon]:
    return [_renglon(line, p) for line in texto.split("\n") if line.strip()]


def _renglon(line: str, p: Permitido) -> Renglon:
    option = _OPCION.match(line)
    folded = fold(line[option.end() :] if option else line)
    named = []
    for name in sorted(p.propios, key=len, reverse=True):
        if name and name in folded:
            named.append(name)
            folded = folded.replace(name, " ")
    for quote in sorted(p.citas, key=len, reverse=True):
        folded = folded.replace(quote, " ")
    return Renglon(
        opcion=int(option[1]) if option else None,
        nombres=frozenset(named),
        cifras=frozenset(_value(m.group(), p.decimal) for m in _NUMERO.finditer(folded)),
        palabras=frozenset(_PALABRA.findall(folded)),
    )


def _is_true(line: Renglon, p: Permitido) -> bool:
    if line.opcion is not None and line.opcion > p.opciones:
        return False
    allowed = p.sumas.union(*(p.propios[n] for n in line.nombres))
    if p.acordados.isdisjoint(line.nombres):
        allowed |= p.numeros
    words = p.palabras if p.cerrado else p.palabras | _vocabulary()
    return line.cifras <= allowed and line.palabras <= words


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
    propios: dict[str, set[Decimal]] = {fold(p.nombre): {p.precio} for p in filas.values()}
    for p in {p.id for hecho in decision.hechos for p in hecho.productos} & set(filas):
        propios[fold(filas[p].nombre)].add(filas[p].stock)
    for line in lineas:
        row = filas.get(line.producto_id)
        if row is not None:
            agreed = {line.cantidad, (line.cantidad * row.precio).quantize(_CENTAVO)}
            propios[fold(row.nombre)] |= agreed
    _remember(propios, antes)
    sumas = {_total(hecho.lineas, filas) for hecho in decision.hechos}
    _sold(propios, sumas, decision, chat)
    citas = [fold(c) for c in _quotes(antes, chat, filas) if c.strip()]
    return Permitido(
        propios={name: frozenset(v) for name, v in propios.items()},
        acordados=frozenset(fold(line.nombre) for line in lineas),
        sumas=frozenset(sumas),
        opciones=max((len(h.productos) for h in decision.hechos if h.numerados), default=0),
        numeros=frozenset(_said(dicho, "." if _dot_decimal(chat) else ",")),
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
    return sum(((q * row.precio).quantize(_CENTAVO) for q, row in rows), Decimal("0.00"))


def _remember(propios: dict[str, set[Decimal]], antes: Memoria) -> None:
    """The price as it was offered before may be named, beside the new one."""
    for line in antes.oferta.lineas if antes.oferta else ():
        if fold(line.nombre) in propios:
            propios[fold(line.nombre)].add(line.precio_unitario)


def _sold(
    propios: dict[str, set[Decimal]], sumas: set[Decimal], decision: Decision, chat: ChatVisto
) -> None:
    """The last sale, where it is spoken of, keeps its own figures, whatever the rows say now."""
    venta = chat.ultima_venta
    if venta is None or all(hecho.clave != "ya_vendida" for hecho in decision.hechos):
        return
    sumas.add(Decimal(venta.total))
    for line in venta.lineas:
        own = propios.setdefault(fold(str(line["nombre"])), set())
        own |= {Decimal(str(line["subtotal"])), Decimal(str(line["cantidad"]))}


def _said(dicho: str, decimal: str) -> set[Decimal]:
    """The customer's own numbers, as they were meant and as they were typed: a quote has both."""
    meant = {f.valor for f in numerar(fichas(plegar(dicho))) if f.valor is not None}
    return meant | {_value(m.group(), decimal) for m in _NUMERO.finditer(fold(dicho))}


def _quotes(antes: Memoria, chat: ChatVisto, filas: Mapping[int, ProductoVisto]) -> Iterable[str]:
    """Passages of the shop's own rows and settings, and what was on offer, as they stand."""
    yield chat.tienda.nombre
    yield from (str(v) for v in (chat.tienda.ajustes.get("informacion") or {}).values())
    for row in filas.values():
        yield row.marca
        yield row.descripcion.strip().rstrip(".")[:300]
    for line in antes.carrito:
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
    return frozenset(found - CIFRAS)
