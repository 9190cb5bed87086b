"""The catalogue as a file that can be imported again and then changes nothing.

Productos are read a few thousand at a time, each time in a transaction of its own, so that a slow
client holds no connection. What changes meanwhile may be in the file or not.
"""

import csv
import io
import tempfile
from collections.abc import Generator, Iterable, Iterator
from decimal import Decimal
from functools import partial
from itertools import chain
from pathlib import Path

from sqlalchemy import select

from core.catalogo.archivos.celdas import harmless
from core.catalogo.archivos.numeros import write_numero
from core.db import Database
from core.models import Producto

_TRAMO = 5000
_PIEZA = 1 << 16
_COLUMNAS = "sku nombre descripcion categoria marca unidad precio moneda stock activo".split()

Renglon = list[str | Decimal]


def export_csv(db: Database, *, empresa_id: int, inactivos: bool) -> Iterator[str]:
    """With the mark by which spreadsheets know that it is UTF-8."""
    yield "\ufeff" + ",".join(_COLUMNAS) + "\r\n"
    for renglones in _read(db, empresa_id, inactivos):
        text = io.StringIO()
        csv.writer(text).writerows(renglones)
        yield text.getvalue()


def export_xlsx(db: Database, *, empresa_id: int, inactivos: bool) -> Generator[bytes, None, None]:
    """A book of one sheet, with figures that can be added up. It is sent when it is complete, and
    whatever was written for it is deleted, also when nobody waits for its end."""
    with tempfile.TemporaryDirectory() as carpeta:
        libro = Path(carpeta, "productos.xlsx")
        _write_libro(libro, _read(db, empresa_id, inactivos))
        with libro.open("rb") as file:
            yield from iter(partial(file.read, _PIEZA), b"")


def _write_libro(destino: Path, tramos: Iterable[list[Renglon]]) -> None:
    from xlsxwriter import Workbook

    # One row in memory; the others wait beside the book.
    how = {"constant_memory": True, "tmpdir": destino.parent}
    with Workbook(destino, how) as book:
        hoja = book.add_worksheet("Productos")
        hoja.write_row(0, 0, _COLUMNAS)
        for n, renglon in enumerate(chain.from_iterable(tramos), start=1):
            for at, cell in enumerate(renglon):
                if isinstance(cell, Decimal):
                    hoja.write_number(n, at, cell)
                elif cell:
                    hoja.write_string(n, at, _no_markup(cell))


def _no_markup(cell: str) -> str:
    """XlsxWriter takes a text for XML when it begins and ends like this; a space says it is none,
    and is not read."""
    return f"{cell} " if cell.startswith("<r>") and cell.endswith("</r>") else cell


def _read(db: Database, empresa_id: int, inactivos: bool) -> Iterator[list[Renglon]]:
    found = select(Producto.id, *(getattr(Producto, name) for name in _COLUMNAS))
    found = found.where(Producto.empresa_id == empresa_id).order_by(Producto.id).limit(_TRAMO)
    if not inactivos:
        found = found.where(Producto.activo)
    last = 0
    while True:
        with db.empresa(empresa_id) as session:
            rows = session.execute(found.where(Producto.id > last)).all()
        if not rows:
            return
        yield [[_cell(*named) for named in zip(_COLUMNAS, row[1:], strict=True)] for row in rows]
        last = rows[-1].id


def _cell(columna: str, value: object) -> str | Decimal:
    if isinstance(value, bool):
        return "sí" if value else "no"
    if isinstance(value, Decimal):
        return Decimal(write_numero(value)) if columna == "stock" else value
    return harmless(str(value or ""))
