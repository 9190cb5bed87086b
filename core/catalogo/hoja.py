"""The texts and cells of an XLSX as its parts are parsed, written as a CSV of them would be.

Both classes implement core.catalogo.paquete.Manejador and gather what has been parsed so far.
"""

import re
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import NamedTuple

from core.catalogo.numeros import write_numero
from core.catalogo.paquete import local
from core.catalogo.registro import ArchivoInvalido

# Excel's own last ones: what is beyond is no sheet, or a lie.
_FILAS_MAX, _COLUMNAS_MAX = 1_048_576, 16_384
_LETRAS = 26
# "_x000D_" is how XML keeps a character that it cannot.
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
# Days count from here, as if 1900 had been a leap year.
DIA_CERO, DIA_CERO_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)  # noqa: DTZ001  # no zone
_DIA_ULTIMO = 2_957_000
_BOOLEANOS = {"0": "FALSO", "1": "VERDADERO"}


class _Oido:
    """The text of one cell: what is said while `open` and not `mute`, up to a length. For speed
    those two are switched from outside."""

    def __init__(self, largo: int) -> None:
        self.open = self.mute = False
        self._largo = self._left = largo
        self._partes: list[str] = []

    def text(self, data: str) -> None:
        if self.open and self._left > 0 and not self.mute:
            self._partes.append(data[: self._left])
            self._left -= len(data)

    def take(self) -> str:
        text = "".join(self._partes)
        self._partes.clear()
        self._left = self._largo
        return text


class Textos:
    """The table of texts that cells point to. Kept encoded: that takes the least memory.

    largo: characters of a text that matter; most: texts that a book may have.
    """

    def __init__(self, *, largo: int, most: int) -> None:
        self.hondo = 0
        self._lista: list[bytes] = []
        self._most = most
        self._oido = _Oido(largo)
        self.text = self._oido.text

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.hondo += 1
        name = local(name)
        if name == "t":
            self._oido.open = True
        elif name == "rPh":  # how it is pronounced
            self._oido.mute = True

    def end(self, name: str) -> None:
        self.hondo -= 1
        name = local(name)
        if name == "t":
            self._oido.open = False
        elif name == "rPh":
            self._oido.mute = False
        elif name == "si":
            if len(self._lista) >= self._most:
                raise ArchivoInvalido("demasiadas_filas", f"Tiene más de {self._most} textos.")
            self._lista.append(self._oido.take().encode())

    def __getitem__(self, index: str) -> str:
        """ "" for one that is not there."""
        at = int(index) if index.isascii() and index.isdigit() and len(index) < 10 else -1
        return _unescape(self._lista[at].decode()) if 0 <= at < len(self._lista) else ""


class Formatos(NamedTuple):
    """fechas: styles that show a number as a date; cero: the day that dates count from."""

    fechas: frozenset[str] = frozenset()
    cero: datetime = DIA_CERO


class Hoja:
    """A sheet's rows that say something: their number and their cells.

    largo: characters of a cell that matter; ancho: cells of a row that matter, what stands further
    right is put into the last of them.
    """

    def __init__(self, textos: Textos, formatos: Formatos, *, largo: int, ancho: int) -> None:
        self.filas: list[tuple[int, list[str]]] = []
        self.hondo = 0
        self._textos = textos
        self._formatos = formatos
        self._ancho = ancho
        self._oido = _Oido(largo)
        self.text = self._oido.text
        self._fila = self._dicha = 0  # the current row, and the last one gathered
        self._celdas: list[str] = []
        self._at = -1  # position of the current cell in its row
        self._tipo = self._estilo = ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.hondo += 1
        if ":" in name:
            name = local(name)
        if name == "c":
            self._at = _position(attributes.get("r", "").rstrip("0123456789"), self._at)
            if self._at >= _COLUMNAS_MAX:
                detalle = f"La hoja tiene más de {_COLUMNAS_MAX} columnas."
                raise ArchivoInvalido("demasiadas_columnas", detalle)
            self._tipo, self._estilo = attributes.get("t", "n"), attributes.get("s", "")
        elif name in ("v", "t"):
            self._oido.open = True
        elif name == "row":
            self._begin(attributes.get("r", ""))
        elif name == "rPh":
            self._oido.mute = True

    def end(self, name: str) -> None:
        self.hondo -= 1
        if ":" in name:
            name = local(name)
        if name in ("v", "t"):
            self._oido.open = False
        elif name == "c":
            if (text := self._oido.take()) and self._at >= 0:
                self._place(self._value(text))
        elif name == "row":
            self._finish()
        elif name == "rPh":
            self._oido.mute = False

    def _begin(self, told: str) -> None:
        """Rows go on upwards, whatever they say of themselves."""
        fila = int(told) if told.isascii() and told.isdigit() and len(told) < 10 else 0
        self._fila = fila if self._fila < fila <= _FILAS_MAX else self._fila + 1
        self._celdas = []
        self._at = -1
        if self._fila > _FILAS_MAX:
            raise ArchivoInvalido("demasiadas_filas", f"La hoja tiene más de {_FILAS_MAX} filas.")

    def _finish(self) -> None:
        if self._celdas and self._fila > self._dicha:
            self.filas.append((self._fila, self._celdas))
            self._dicha = self._fila

    def _place(self, text: str) -> None:
        at = min(self._at, self._ancho - 1)
        missing = at + 1 - len(self._celdas)
        if missing > 0:
            self._celdas += [""] * missing
        self._celdas[at] = text

    def _value(self, text: str) -> str:
        if self._tipo == "s":
            return self._textos[text]
        if self._tipo == "b":
            return _BOOLEANOS.get(text, text)
        if self._tipo in ("str", "inlineStr", "e", "d"):
            return _unescape(text)
        return _number(text, self._formatos if self._estilo in self._formatos.fechas else None)


@lru_cache(maxsize=1000)
def _position(letters: str, last: int) -> int:
    """ "AB" → 27; a cell that does not say stands beside the one before it."""
    if not (letters.isascii() and letters.isalpha() and len(letters) <= 3):
        return last + 1
    at = 0
    for letter in letters.upper():
        at = at * _LETRAS + ord(letter) - ord("A") + 1
    return at - 1


def _unescape(text: str) -> str:
    return _ESCAPE.sub(lambda m: chr(int(m[1], 16)), text) if "_x" in text else text


def _number(text: str, dates: Formatos | None) -> str:
    """A figure without the dirt and the exponent that storing it may have given it. What is none
    stays as it is, to be told as the fault it is."""
    if text.isascii() and text.isdigit() and dates is None:
        return text  # codes may have more digits than a float can keep
    try:
        value = Decimal(text)
    except InvalidOperation:
        return text
    if not value.is_finite() or value.adjusted() > 20:
        return text
    if dates is not None and 0 <= value < _DIA_ULTIMO:
        return _date(value, dates.cero)
    return write_numero(round(value, 6))


def _date(days: Decimal, zero: datetime) -> str:
    moment = zero + timedelta(seconds=round(float(days) * 86_400))
    return moment.isoformat(sep=" ") if days % 1 else moment.date().isoformat()
