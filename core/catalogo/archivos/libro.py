"""An XLSX → the CSV that it could have been, once; from then on it is a CSV like any other."""

import csv
import io
import re
import warnings
import zlib
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile

from core.catalogo.archivos.numeros import keep_decimals, write_digits
from core.catalogo.archivos.paquete import check_paquete, damaged, too_large
from core.catalogo.archivos.registro import ArchivoInvalido
from core.catalogo.archivos.titulos import OBLIGATORIAS, locate, rank_titulos
from core.catalogo.reglas import MAXIMOS
from core.settings import Settings

# openpyxl does not check what it reads, so a damaged book fails wherever it is first believed: in
# the archive, in the XML, in a part that is not there, or in a value of another type or range.
_DANOS = (
    *(BadZipFile, zlib.error, EOFError, OSError, NotImplementedError),
    ParseError,
    *(LookupError, ValueError, TypeError, AttributeError, ArithmeticError),
)
_FILAS_MAX = 1_048_576  # Excel's own last one: what is beyond is no row, or a lie
_CADA = 5_000
_SALTO = re.compile("\r\n?|\n")


def is_libro(contenido: bytes) -> bool:
    """It begins as an archive does, and XLSX is the only one that anybody sends."""
    return contenido.startswith(b"PK\x03\x04")


def to_csv(contenido: bytes, limites: Settings, *, tick: Callable[[], None]) -> bytes:
    """The first visible sheet that begins with titles that we know. Its row n is line n: rows that
    are blank stay, and a break within a cell is written U+2028, which ends no line.

    tick is called every few seconds, but while the book's table of texts is read. Raises
    ArchivoInvalido, also for damage in the last row.
    """
    check_paquete(contenido, limites)
    tick()
    with warnings.catch_warnings():
        # Of drawings, validations and dates that it cannot read; the cells are read all the same.
        warnings.filterwarnings("ignore", category=UserWarning, module="openpyxl")
        with closing(_open(contenido)) as book:
            tick()
            return _write(_read(_choose(book, limites), limites), limites, tick)


def _open(contenido: bytes) -> Any:
    from openpyxl import load_workbook

    with _finding_damage():
        return load_workbook(
            io.BytesIO(contenido), read_only=True, data_only=True, keep_links=False
        )


@contextmanager
def _finding_damage() -> Iterator[None]:
    """Around openpyxl's own work and nothing else."""
    try:
        yield
    except _DANOS as e:
        raise damaged() from e


def _choose(book: Any, limites: Settings) -> Any:
    """The first sheet whose titles name all that must be there, else the one that comes nearest."""
    best, chosen = (0, 0), None
    for hoja in book.worksheets:
        if hoja.sheet_state != "visible":
            continue
        with closing(_read(hoja, limites)) as rows:
            first = next(filter(None, rows), [])
        rank = rank_titulos(first)
        if rank[0] == len(OBLIGATORIAS):
            return hoja
        if rank > best:
            best, chosen = rank, hoja
    if chosen is None:
        detalle = "No es una tabla de productos: ninguna hoja comienza con los títulos."
        raise ArchivoInvalido("no_es_tabla", detalle)
    return chosen


def _read(hoja: Any, limites: Settings) -> Generator[list[str], None, None]:
    """All rows from the first on, the blank ones empty. Only what is read as a figure is written
    as one: a code 1.125 stays 1.125."""
    most = limites.importacion_max_columnas
    largo = limites.importacion_max_celda + 1  # one more, so that what is too long is seen to be
    cifras: list[int] | None = None
    for row in _values(hoja):
        values = _narrow(row, most)
        cells = [_text(value)[:largo] for value in values]
        for at in cifras or ():
            if at < len(values) and isinstance(values[at], float):
                cells[at] = keep_decimals(cells[at])
        while cells and not cells[-1].strip():
            cells.pop()
        if cifras is None and cells:
            found = locate(cells)
            cifras = [found[name] for name in MAXIMOS if name in found]
        yield cells


def _values(hoja: Any) -> Iterator[Sequence[object]]:
    with _finding_damage():
        hoja.reset_dimensions()  # what a sheet says of its own size is often wrong
        yield from hoja.iter_rows(max_row=_FILAS_MAX, values_only=True)


def _narrow(row: Sequence[object], most: int) -> Sequence[object]:
    """What is beyond stands in the first column that is too many."""
    if len(row) <= most:
        return row
    beyond = [value for value in row[most:] if value is not None]
    return [*row[:most], *beyond[:1]]


def _write(rows: Iterator[list[str]], limites: Settings, tick: Callable[[], None]) -> bytes:
    # The mark tells the encoding. Halves of surrogate pairs become question marks.
    text = io.TextIOWrapper(raw := io.BytesIO(), encoding="utf-8-sig", errors="replace", newline="")
    writer = csv.writer(text)
    size = filas = blank = 0
    for n, cells in enumerate(rows, start=1):
        if n % _CADA == 0:
            tick()
        if not cells:
            blank += 1
            continue
        text.write("\r\n" * blank)
        writer.writerow(cells)
        filas, blank = filas + 1, 0
        size += sum(map(len, cells))
        if size > limites.importacion_xlsx_max_bytes:
            raise too_large()  # few texts of a book may stand in all of its cells
        if filas > limites.importacion_max_filas + 1:
            break  # the titles, and one more than may be: what is beyond need not be seen
    text.flush()
    return raw.getvalue()


def _text(value: object) -> str:
    """A cell's value as a CSV of the sheet would have it."""
    match value:
        case None:
            return ""
        case str():
            return _SALTO.sub("\u2028", _unescape(value))
        case bool():
            return "VERDADERO" if value else "FALSO"
        case float():
            return _number(value)
        case datetime() if value.time() != time():
            return value.isoformat(sep=" ", timespec="seconds")
        case datetime():
            return value.date().isoformat()
        case date() | time():
            return value.isoformat()
    return str(value)


def _unescape(text: str) -> str:
    """ "_x000D_" is how XML keeps a character that it cannot. openpyxl leaves it."""
    if "_x" not in text:
        return text
    return re.sub("_x([0-9A-Fa-f]{4})_", lambda m: chr(int(m[1], 16)), text)


def _number(value: float) -> str:
    """Without the dirt and the exponent that storing it may have given it. What is no figure of
    ours stays as it is, to be told as the fault it is."""
    exact = Decimal(repr(value))
    if not exact.is_finite() or exact.adjusted() > 20:
        return repr(value)
    return write_digits(round(exact, 6))
