"""A text file's bytes → its records, read as a stream and as often as wanted.

Reads what spreadsheets of different countries write: UTF-8 or Windows-1252, comma, semicolon or
tab. A record that is damaged is told and skipped; what follows it is read.
"""

import codecs
import csv
import io
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from core.catalogo.archivos.registro import ArchivoInvalido, Registro
from core.catalogo.archivos.titulos import rank_titulos
from core.catalogo.reglas import Falla

_SEPARADORES = ",;\t|"
# Characters of one line, and of one record over all its lines. Nothing longer is ever held.
_LARGO_MAX = 1_000_000
_VACIAS = " \t\r\n,;|"


@dataclass(frozen=True, slots=True)
class Lineas:
    """A text file whose records can be read. antes: lines before its titles; lineas_max: more of
    them is no file of productos."""

    contenido: bytes
    codificacion: str
    separador: str
    antes: int
    lineas_max: int

    def registros(self) -> Iterator[Registro]:
        """From the titles on, blank ones too. Raises ArchivoInvalido where the file is too long
        or too damaged to be read in a time that fits its size."""
        source = _Rebobinable(_physical(self.contenido, self.codificacion), self.lineas_max)
        source.skip(self.antes)
        return _records(source, self.separador)


def open_lineas(contenido: bytes, *, lineas_max: int) -> Lineas:
    """Find out how the file is written. Raises ArchivoInvalido when its first record has no title
    that we know."""
    codificacion = _encoding(contenido)
    before, separators = 0, _SEPARADORES
    for line in _physical(contenido, codificacion):
        told = re.fullmatch(r'sep=([^\w\s"]|\t)\s*', line, re.IGNORECASE) if before == 0 else None
        if told:
            separators = told[1]
        elif before > lineas_max or line.strip(_VACIAS):
            break
        before += 1
    best: tuple[tuple[int, int], Lineas] | None = None
    for separator in separators:
        lineas = Lineas(contenido, codificacion, separator, before, lineas_max)
        first = next(lineas.registros(), None)
        if first is None or first.falla is not None:
            continue
        rank = (rank_titulos(first.celdas)[1], len(first.celdas))
        if best is None or rank > best[0]:
            best = (rank, lineas)
    if best is None or best[0][0] == 0:
        detalle = "No es una tabla de productos: la primera línea no tiene los títulos."
        raise ArchivoInvalido("no_es_tabla", detalle)
    return best[1]


def _encoding(contenido: bytes) -> str:
    if contenido.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if contenido.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    decode = codecs.getincrementaldecoder("utf-8")().decode
    size = 1 << 16
    try:
        for start in range(0, len(contenido), size):
            decode(contenido[start : start + size], start + size >= len(contenido))
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _physical(contenido: bytes, codificacion: str) -> Iterator[str]:
    """Lines with their ends. Of one that is too long only the beginning is kept."""
    # Five bytes of Windows-1252 mean nothing; they become the replacement character.
    file = io.TextIOWrapper(io.BytesIO(contenido), codificacion, errors="replace", newline="")
    read = partial(file.readline, _LARGO_MAX + 1)
    for line in iter(read, ""):
        end = line
        while len(end) > _LARGO_MAX and end[-1] not in "\r\n":
            end = read()
        yield line


class _Rebobinable:
    """Lines for csv.reader that can be read again from the second line of the current record."""

    def __init__(self, lines: Iterator[str], lineas_max: int) -> None:
        self._lines = lines
        self._again: deque[str] = deque()
        self._record: list[str] = []
        self._lineas_max = lineas_max
        self._repetidas = 0
        self.fila = 1  # of the current record's first line

    def feed(self) -> Iterator[str]:
        """The lines of a new record and of those after it."""
        length = 0
        while True:
            line = self._again.popleft() if self._again else next(self._lines, "")
            if not line:
                return
            length = len(line) if not self._record else length + len(line)
            self._record.append(line)
            if length > _LARGO_MAX:
                raise csv.Error("field larger than any record may be")
            yield line

    def skip(self, lines: int) -> None:
        for _ in range(lines):
            next(self._lines)
        self.fila += lines

    def accept(self) -> None:
        """The current record is whole; the next line begins another."""
        self._advance(len(self._record))

    def reject(self) -> str:
        """The current record is damaged: its first line, after which reading goes on at once, for
        an unclosed quote must not swallow the rest of the file."""
        first, *rest = self._record
        self._again.extendleft(reversed(rest))
        self._repetidas += len(rest)
        if self._repetidas > self._lineas_max:
            detalle = "Demasiadas comillas del archivo no cierran como deben."
            raise ArchivoInvalido("comillas", detalle)
        self._advance(1)
        return first

    def _advance(self, lines: int) -> None:
        self._record.clear()
        self.fila += lines
        if self.fila > self._lineas_max + 1:
            detalle = f"El archivo tiene más de {self._lineas_max} líneas."
            raise ArchivoInvalido("demasiadas_filas", detalle)


def _records(source: _Rebobinable, separator: str) -> Iterator[Registro]:
    while True:
        reader = csv.reader(source.feed(), delimiter=separator, strict=True, skipinitialspace=True)
        try:
            for cells in reader:
                yield Registro(source.fila, cells)
                source.accept()
            return
        except csv.Error as e:
            fila, line = source.fila, source.reject()
            yield Registro(fila, _guess_cells(line, separator), _damage(str(e)))


def _damage(told: str) -> Falla:
    if "field larger" in told:
        return Falla(None, "demasiado_largo", "Una celda es demasiado larga.")
    return Falla(None, "comillas", "Las comillas de la línea no cierran como deben.")


def _guess_cells(line: str, separator: str) -> list[str]:
    """What a damaged line probably says; enough to know which producto it names."""
    return [cell.strip().strip('"') for cell in line[:5000].split(separator)]
