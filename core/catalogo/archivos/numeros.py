"""Figures as people type them into a spreadsheet: 1.234,56 · 1,234.56 · $ 12.500 · 12 500."""

import re
from decimal import Decimal
from typing import NamedTuple


class Numero(NamedTuple):
    """moneda: the one the cell itself named (US$, EUR), None for a bare figure or a plain $."""

    valor: Decimal
    moneda: str | None


_SIMBOLOS = {
    "": None, "$": None, "US$": "USD", "U$S": "USD", "€": "EUR", "£": "GBP", "R$": "BRL",
    "S/": "PEN", "S/.": "PEN", "₡": "CRC", "₲": "PYG", "RD$": "DOP", "C$": "NIO", "COL$": "COP",
    "MX$": "MXN", "MEX$": "MXN", "AR$": "ARS", "CL$": "CLP", "BS": "BOB", "BS.": "BOB", "$B": "BOB",
}  # fmt: skip
_UNIDADES = frozenset(
    "u un und unds unid unidad unidades ud uds pz pza pzas pieza piezas pesos".split()
)

_CELDA = re.compile(
    r"(?P<abre>\()?\s*(?P<signo>[-+−]?)\s*(?P<antes>[^\d\s.,()+−-][^\d\s()+−-]{0,4})?\s*"
    r"(?P<menos>[-−]?)\s*(?P<cifra>[0-9][0-9.,' ]*|[.,][0-9]+)\s*(?:,-|\.-)?"
    r"\s*(?P<despues>[^\d\s.,()-][^\d\s()-]{0,8})?\s*(?P<cierra>\))?",
)
_ESPACIOS = str.maketrans(dict.fromkeys("\u00a0\u202f\u2007\u2009", " "))
_LARGO_MAX = 60


def parse_numero(texto: str) -> Numero | None:
    """The figure in a cell; None when it is not one. Scientific notation, NaN and the like are
    not: nobody types a price that way, spreadsheets that do have already lost its digits."""
    if texto.isascii() and texto.isdecimal() and len(texto) <= _LARGO_MAX:
        return Numero(Decimal(texto), None)  # nearly all that a program ever wrote
    text = texto.translate(_ESPACIOS).strip()
    match = _CELDA.fullmatch(text) if len(text) <= _LARGO_MAX else None
    if match is None or bool(match["abre"]) != bool(match["cierra"]):
        return None
    value = _read(match["cifra"].strip())
    known, moneda = _names_moneda(match["antes"], match["despues"])
    signs = [match[name] for name in ("signo", "menos", "abre") if match[name]]
    if value is None or not known or len(signs) > 1:
        return None
    return Numero(-value if signs and signs != ["+"] else value, moneda)


def write_numero(valor: Decimal) -> str:
    """Plain digits that parse_numero reads as the same figure: 7, 2.5, and 2.1250."""
    return keep_decimals(write_digits(valor))


def write_digits(valor: Decimal) -> str:
    """7, 2.5, 2.125: no zeros at the end and no exponent."""
    return format(valor.normalize(), "f") if valor else "0"


def keep_decimals(digits: str) -> str:
    """2.125 → 2.1250, since the first would be two thousand."""
    return f"{digits}0" if re.fullmatch(r"-?[1-9][0-9]{0,2}\.[0-9]{3}", digits) else digits


def _names_moneda(before: str | None, after: str | None) -> tuple[bool, str | None]:
    """(whether the words around the figure are understood, the moneda that they name)."""
    named = None
    for word in (before, after):
        plain = (word or "").upper()
        if word == after and plain.lower().rstrip(".") in _UNIDADES:
            continue
        if plain in _SIMBOLOS:
            named = _SIMBOLOS[plain] or named
        elif re.fullmatch(r"[A-Z]{3}\$?", plain):
            named = plain[:3]
        else:
            return False, None
    return True, named


def _read(figure: str) -> Decimal | None:
    if re.search(r"[ ']", figure):
        # Spaces and apostrophes only ever group by three.
        grouped = re.fullmatch(r"([0-9]{1,3}(?:[ '][0-9]{3})+)([.,][0-9]+)?", figure)
        if grouped is None:
            return None
        whole = re.sub(r"[ ']", "", grouped[1])
        return Decimal(whole + (grouped[2] or "").replace(",", "."))
    marks = re.findall(r"[.,]", figure)
    if not marks:
        return Decimal(figure)
    last = marks[-1]
    whole, _, decimals = figure.rpartition(last)
    if len(set(marks)) == 2:
        return _joined(whole, "." if last == "," else ",", decimals)
    if len(marks) > 1:
        return _joined(figure, last, "")
    if len(decimals) == 3 and re.fullmatch(r"[1-9][0-9]{0,2}", whole):
        return Decimal(whole + decimals)  # one mark before exactly three digits is thousands
    return Decimal(f"{whole or '0'}.{decimals or '0'}")


def _joined(whole: str, mark: str, decimals: str) -> Decimal | None:
    """1.234.567 with its decimals; None unless the groups are of three."""
    if not re.fullmatch(rf"[0-9]{{1,3}}(?:{re.escape(mark)}[0-9]{{3}})+", whole):
        return None
    return Decimal(f"{whole.replace(mark, '')}.{decimals or '0'}")
