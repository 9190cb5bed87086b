"""A reply taken apart: its words, its signs, and its figures however they are written.

31.500 · $ 12,50 · S/ 28,900 · 1 1/2 · 10 % · treinta y cinco mil · media docena · 28 mil
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache

from babel.numbers import get_currency_symbol, get_decimal_symbol, get_group_symbol

from core.agente.numeros import UNIDADES, numerar
from core.agente.palabras import Ficha
from core.catalogo.texto import fold


class Clase(StrEnum):
    NUMERO = "numero"
    DINERO = "dinero"
    PORCENTAJE = "porcentaje"
    PALABRA = "palabra"
    SIGNO = "signo"
    NOMBRE = "nombre"
    CITA = "cita"


@dataclass(frozen=True, slots=True)
class Pieza:
    """valor: of a figure; None when nobody can say what it is worth."""

    clase: Clase
    texto: str
    valor: Decimal | None = None

    @property
    def es_cifra(self) -> bool:
        return self.clase in (Clase.NUMERO, Clase.DINERO, Clase.PORCENTAJE)


@dataclass(frozen=True)
class Forma:
    """How a shop writes figures: its decimal sign, what parts thousands, its marks of money."""

    decimal: str = ","
    grupo: str = "."
    monedas: tuple[str, ...] = ("$",)


# Stand for a name and for a quote that was taken out of the text; no text of ours has them.
NOMBRE, CITA = "\ue000", "\uf8ff"
ULTIMO_NOMBRE = "\uf8fe"

_CERO = "cero"
# Say how much without a value of their own.
_SIN_VALOR = frozenset(
    "medio media medios medias mitad doble triple cuadruple millon millones ambos ambas "
    "tercio tercios decimo decimos".split()
)
_ARTICULOS = frozenset({"un", "una", "uno"})
_DINERO = frozenset(
    "peso pesos dolar dolares sol soles euro euros colon colones quetzal quetzales lempira "
    "lempiras cordoba cordobas guarani guaranies boliviano bolivianos bolivar bolivares balboa "
    "balboas real reales centavo centavos".split()
)
_FRACCION = re.compile(r"(?:(\d+) )?(\d+)/(\d+)")


@lru_cache(maxsize=64)
def forma_de(moneda: str, locale: str) -> Forma:
    marks = {fold(get_currency_symbol(moneda, locale=locale)), fold(moneda)}
    return Forma(
        decimal=get_decimal_symbol(locale),
        grupo=fold(get_group_symbol(locale)) or " ",
        monedas=tuple(sorted((m for m in marks if m), key=len, reverse=True)),
    )


def leer(plegado: str, forma: Forma) -> list[Pieza]:
    """The pieces of a folded text, in order. Whatever is none of ours is a sign."""
    found = list(_scan(plegado, forma))
    return _percentages(_money(_spoken(found), forma))


# --- one by one --------------------------------------------------------------------------------


@lru_cache(maxsize=64)
def _patron(forma: Forma) -> re.Pattern[str]:
    marks = "|".join(re.escape(m) for m in forma.monedas)
    spaced = r"\d{1,3}(?:\ \d{3})+(?!\d)(?:[.,]\d+)?|" if forma.grupo == " " else ""
    return re.compile(
        rf"""
        (?P<nombre>[{NOMBRE}-{ULTIMO_NOMBRE}]) | (?P<cita>{CITA})
        | (?P<moneda>(?<![^\W\d_])(?:{marks})(?=\ ?\d) | (?<=\d)\ ?(?:{marks})(?![^\W_]))
        | (?P<codigo>[^\W\d_]+-?\d\w*)
        | (?P<numero>\d+\ \d+/\d+ | {spaced} \d+(?:[.,:/'’-]\d+)*)
        | (?P<palabra>[^\W\d_]+)
        | (?P<signo>\S)
        """,
        re.VERBOSE,
    )


_CLASES = {
    "nombre": Clase.NOMBRE, "cita": Clase.CITA, "codigo": Clase.PALABRA, "numero": Clase.NUMERO,
    "palabra": Clase.PALABRA, "signo": Clase.SIGNO, "moneda": Clase.DINERO,
}  # fmt: skip


def _scan(plegado: str, forma: Forma) -> Iterator[Pieza]:
    for match in _patron(forma).finditer(plegado):
        kind, text = str(match.lastgroup), match.group().strip()
        value = valor_de(text, forma) if kind == "numero" else None
        yield Pieza(_CLASES[kind], text, value)


def valor_de(escrita: str, forma: Forma) -> Decimal | None:
    """None for what is not written as this shop writes figures."""
    fraction = _FRACCION.fullmatch(escrita)
    if fraction is not None:
        whole, over, under = (int(g or 0) for g in fraction.groups())
        return Decimal(whole) + Decimal(over) / Decimal(under) if under else None
    head, _, part = escrita.partition(forma.decimal)
    groups = head.split(forma.grupo)
    well_parted = 1 <= len(groups[0]) <= 3 and all(len(g) == 3 for g in groups[1:])
    digits = "".join(groups)
    if len(groups) > 1 and not well_parted or not re.fullmatch(r"\d+", digits + part):
        return None
    return Decimal(f"{digits}.{part or 0}")


# --- together ----------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def _is_number(word: str) -> bool:
    known = word in _SIN_VALOR or word in (_CERO, "mil")
    return known or word.isalpha() and numerar([Ficha(word)])[0].valor is not None


def _spoken(pieces: list[Pieza]) -> list[Pieza]:
    """Runs of number words, and a figure that goes on in words, as one figure each."""
    out: list[Pieza] = []
    i = 0
    while i < len(pieces):
        end = _run(pieces, i)
        if end == i:
            out.append(pieces[i])
            i += 1
            continue
        run, after = pieces[i:end], pieces[end] if end < len(pieces) else None
        article = len(run) == 1 and run[0].texto in _ARTICULOS
        each = bool(out) and out[-1].texto == "cada"
        if article and (each or after is not None and _is_thing(after)):
            out.append(run[0])
        else:
            out.append(run[0] if len(run) == 1 and run[0].es_cifra else _sum(run))
        i = end
    return out


def _is_thing(after: Pieza) -> bool:
    """What an article may stand before. A unit or money makes it a figure: "queda una unidad"."""
    if after.clase in (Clase.NOMBRE, Clase.CITA):
        return True
    word = after.clase is Clase.PALABRA
    return word and after.texto not in UNIDADES and after.texto not in _DINERO


def _run(pieces: list[Pieza], i: int) -> int:
    """Where the figure that begins at i ends; i itself when there is none."""
    j = i + (pieces[i].clase is Clase.NUMERO)
    while j < len(pieces) and (_is_spoken(pieces[j]) or j > i and _joins(pieces, j)):
        j += 1
    return j


def _is_spoken(piece: Pieza) -> bool:
    return piece.clase is Clase.PALABRA and _is_number(piece.texto)


def _joins(pieces: list[Pieza], j: int) -> bool:
    """The y of treinta y cinco and docena y media, not of "dos y una persona"."""
    if pieces[j].texto != "y" or j + 1 == len(pieces) or pieces[j - 1].clase is not Clase.PALABRA:
        return False
    return pieces[j + 1].texto not in _ARTICULOS and _is_spoken(pieces[j + 1])


def _sum(run: list[Pieza]) -> Pieza:
    text = " ".join(p.texto for p in run)
    if text == _CERO:
        return Pieza(Clase.NUMERO, text, Decimal(0))
    found = numerar([Ficha(p.texto, p.valor) for p in run])
    one = found[0] if len(found) == 1 and not found[0].rango else None
    return Pieza(Clase.NUMERO, text, one.valor if one else None)


def _money(pieces: list[Pieza], forma: Forma) -> list[Pieza]:
    """A mark of money and its figure as one; a mark alone is a sign that nobody may write."""
    out: list[Pieza] = []
    marked = False
    for piece in pieces:
        if piece.clase is Clase.DINERO:
            if out and out[-1].clase is Clase.NUMERO and not marked:
                out[-1] = replace(out[-1], clase=Clase.DINERO)
            else:
                marked = True
        elif marked and piece.clase is Clase.NUMERO:
            out.append(replace(piece, clase=Clase.DINERO))
            marked = False
        else:
            if marked:
                out.append(Pieza(Clase.SIGNO, forma.monedas[0]))
                marked = False
            if piece.texto in _DINERO and out and out[-1].clase is Clase.NUMERO:
                out[-1] = replace(out[-1], clase=Clase.DINERO)
            out.append(piece)
    return out


def _percentages(pieces: list[Pieza]) -> list[Pieza]:
    out: list[Pieza] = []
    for i, piece in enumerate(pieces):
        after = [p.texto for p in pieces[i + 1 : i + 2]]
        percent = after[:1] in (["%"], ["porciento"])
        if piece.es_cifra and percent:
            piece = replace(piece, clase=Clase.PORCENTAJE)
        elif piece.texto in ("%", "porciento") and out and out[-1].clase is Clase.PORCENTAJE:
            continue
        out.append(piece)
    return out
