"""The Catalogo port: an index of words per empresa, kept in this process, over rows read fresh.

The index only says which productos; what is told of them (price, stock, whether they are sold at
all) is always read from their rows. PostgreSQL's own text search is not used: under row level
security its operators are not leakproof and read every row.
"""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime
from weakref import WeakKeyDictionary

from sqlalchemy import Row, func, or_, select

from core.catalogo.indice import Acierto, Indice, Texto
from core.catalogo.sinonimos import sinonimos
from core.db import Database
from core.models import Empresa, Producto
from core.ports import Hallazgo, ProductoVisto

# Productos kept indexed in one process, over all empresas: about 1 KB each.
_MAX_PRODUCTOS = 250_000

_COLUMNS = (
    Producto.id,
    Producto.sku,
    Producto.nombre,
    Producto.marca,
    Producto.categoria,
    Producto.descripcion,
    Producto.activo,
)

# Rows that came without a new version (restored, written by hand) are found by their id.
_LAST = (
    select(func.coalesce(func.max(Producto.id), 0))
    .where(Producto.empresa_id == Empresa.id)
    .scalar_subquery()
)
_Fila = Row[int, str | None, str, str, str, str, bool]


class CatalogoDeEmpresa:
    """Implements core.ports.Catalogo. Cheap to build: the index behind it is the process's."""

    def __init__(self, db: Database, empresa_id: int) -> None:
        self._db = db
        self._empresa_id = empresa_id

    def buscar(self, texto: str, n: int = 10) -> list[Hallazgo]:
        found = search_ids(self._db, self._empresa_id, texto, n)
        rows = self.por_id([a.id for a in found])
        return [Hallazgo(rows[a.id], a.puntaje, a.motivo) for a in found if a.id in rows]

    def por_id(self, ids: Sequence[int]) -> dict[int, ProductoVisto]:
        if not ids:
            return {}
        with self._db.empresa(self._empresa_id) as session:
            rows = session.execute(
                select(
                    *_COLUMNS[:-1],
                    Producto.precio,
                    Producto.stock,
                    Producto.moneda,
                    Producto.unidad,
                ).where(
                    Producto.empresa_id == self._empresa_id,
                    Producto.id.in_(ids),
                    Producto.activo,
                )
            ).all()
        return {row.id: ProductoVisto(**row._mapping) for row in rows}


def search_ids(
    db: Database, empresa_id: int, texto: str, n: int, *, inactivos: bool = False
) -> list[Acierto]:
    """Which productos answer `texto`, best first. Sees every change committed before the call."""
    return _indices_of(db).of(empresa_id).search(db, texto, n, inactivos)


class _Guardado:
    """One empresa's index and what of the catalogue it has seen."""

    def __init__(self, empresa_id: int) -> None:
        self._empresa_id = empresa_id
        self._lock = threading.Lock()
        self._indice = Indice(sinonimos())
        self._version = self._last = -1
        self._born: datetime | None = None
        self.size = 0

    def search(self, db: Database, texto: str, n: int, inactivos: bool) -> list[Acierto]:
        with self._lock:
            self._catch_up(db)
            return self._indice.search(texto, n, inactivos=inactivos)

    def _catch_up(self, db: Database) -> None:
        """Read the productos changed since the last look; all of them when some have gone."""
        with db.empresa(self._empresa_id) as session:
            now = session.execute(
                select(Empresa.catalogo_version, Empresa.creada_en, _LAST).where(
                    Empresa.id == self._empresa_id
                )
            ).one_or_none()
            if now is None:
                self._restart(None)
                return
            version, born, last = now
            if born != self._born or self._indice.worn:
                self._restart(born)
            if (version, last) == (self._version, self._last):
                return
            rows = session.execute(
                select(*_COLUMNS).where(
                    Producto.empresa_id == self._empresa_id,
                    or_(Producto.version > self._version, Producto.id > self._last),
                )
            ).all()
            # After the rows: what is inserted in between must not look like a deletion.
            count = session.scalar(
                select(func.count()).where(Producto.empresa_id == self._empresa_id)
            )
        self._put(rows)
        self._version, self._last = version, last
        if self.size > (count or 0):
            self._rebuild(db)

    def _rebuild(self, db: Database) -> None:
        """Rows were deleted (a reset), which leaves no version behind: start over."""
        version, last = self._version, self._last
        self._restart(self._born)
        with db.empresa(self._empresa_id) as session:
            rows = session.execute(
                select(*_COLUMNS).where(Producto.empresa_id == self._empresa_id)
            ).all()
        self._put(rows)
        self._version, self._last = version, last

    def _put(self, rows: Sequence[_Fila]) -> None:
        for row in rows:
            self._indice.put(Texto(*row))
        self.size = len(self._indice)

    def _restart(self, born: datetime | None) -> None:
        self._indice = Indice(sinonimos())
        self._version = self._last = -1
        self._born = born
        self.size = 0


class _Indices:
    """The indices of one process, the least recently asked forgotten first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[int, _Guardado] = OrderedDict()

    def of(self, empresa_id: int) -> _Guardado:
        with self._lock:
            kept = self._kept.setdefault(empresa_id, _Guardado(empresa_id))
            self._kept.move_to_end(empresa_id)
            while len(self._kept) > 1 and sum(k.size for k in self._kept.values()) > _MAX_PRODUCTOS:
                self._kept.popitem(last=False)
            return kept


_of_database: WeakKeyDictionary[Database, _Indices] = WeakKeyDictionary()
_creating = threading.Lock()


def _indices_of(db: Database) -> _Indices:
    with _creating:
        return _of_database.setdefault(db, _Indices())
