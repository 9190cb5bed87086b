"""The catalogue as a file that can be imported again and then changes nothing.

Both formats are streams: productos are read a few thousand at a time, each time in a transaction
of its own, so that a slow client holds no connection. What changes meanwhile may be in it or not.
"""

import csv
import io
from collections.abc import Iterator
from decimal import Decimal

from sqlalchemy import select

from core.catalogo.celdas import harmless
from core.catalogo.libro_nuevo import write_libro
from core.catalogo.numeros import write_numero
from core.db import Database
from core.models import Producto

_TRAMO = 5000
_COLUMNAS = "sku nombre descripcion categoria marca unidad precio moneda stock activo".split()

Renglon = list[str | Decimal]


def export_csv(db: Database, *, empresa_id: int, inactivos: bool) -> Iterator[str]:
    """With the mark by which spreadsheets know that it is UTF-8."""
    yield "\ufeff" + ",".join(_COLUMNAS) + "\r\n"
    for renglones in _read(db, empresa_id, inactivos):
        text = io.StringIO()
        csv.writer(text).writerows(renglones)
        yield text.getvalue()


def export_xlsx(db: Database, *, empresa_id: int, inactivos: bool) -> Iterator[bytes]:
    """A book of one sheet, with figures that can be added up."""
    return write_libro("Productos", _COLUMNAS, _read(db, empresa_id, inactivos))


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
