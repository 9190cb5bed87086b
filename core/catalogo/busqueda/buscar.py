"""The one door to an empresa's productos: by words first, by meaning where words do not decide.

An index of words per empresa is kept in this process. Indices only say which productos; what is
told of them (price, stock, whether they are sold at all) is always read from their rows.
PostgreSQL's own text search is not used: under row level security its operators are not leakproof
and read every row.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Row, func, or_, select

from core.catalogo.busqueda.indice import Acierto, Indice, Texto
from core.catalogo.busqueda.significado import Significado
from core.catalogo.busqueda.sinonimos import sinonimos, with_own
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


# How words and meaning are put in one order (docs/adr/0010, measured in tests/evals): what words
# have answered of the question counts as it is; of what they left open, meaning answers its share.
_PALABRAS, _CERCANOS = 300, 200  # candidates of each
_DECIDIDO = 0.8  # a producto that words answer this well, or better, needs no second opinion
_PESO = 0.5
# Cosines of one question lie close together: this far from the nearest, nothing is meant any more.
# Which is why they say who is nearer, and never whether anything is near.
_ALCANCE = 0.07
# What only meaning found is never sure, whatever its cosine: below what anybody offers unasked.
_SIGNIFICADO_MAX = 0.4
SIGNIFICADO = "significado"


class Buscador:
    """One per process. Without `significado` it goes by words alone."""

    def __init__(self, db: Database, significado: Significado | None = None) -> None:
        self._db = db
        self._significado = significado
        self._palabras = _Indices()

    def buscar(
        self, empresa_id: int, texto: str, n: int, *, inactivos: bool = False
    ) -> list[Acierto]:
        """Which productos answer `texto`, best first, at most n. puntaje says how sure each is by
        itself, so it need not fall along the list. Sees every change committed before the call."""
        palabras = self._palabras.of(empresa_id)
        found, asks = palabras.search(self._db, texto, max(n, _PALABRAS), inactivos)
        if self._significado is None or not asks or _decided(found):
            return found[:n]
        near = self._significado.cercanos(empresa_id, texto, _CERCANOS)
        known = palabras.sold(id_ for id_, _ in near) if not inactivos else None
        return fuse(found, [hit for hit in near if known is None or hit[0] in known])[:n]

    def de(self, empresa_id: int) -> "CatalogoDeEmpresa":
        return CatalogoDeEmpresa(self, self._db, empresa_id)


def _decided(found: Sequence[Acierto]) -> bool:
    return bool(found) and found[0].puntaje >= _DECIDIDO


def fuse(palabras: Sequence[Acierto], cercanos: Sequence[tuple[int, float]]) -> list[Acierto]:
    """One order of both, best first. cercanos: (producto id, cosine), nearest first."""
    if not cercanos:
        return list(palabras)
    nearest = cercanos[0][1]
    near = {id_: max(0.0, 1 - (nearest - cosine) / _ALCANCE) for id_, cosine in cercanos}
    known = {a.id: a for a in palabras}
    both = list(palabras) + [
        Acierto(id_, round(_SIGNIFICADO_MAX * share, 4), SIGNIFICADO)
        for id_, share in near.items()
        if id_ not in known and share > 0
    ]

    def rank(acierto: Acierto) -> float:
        said = acierto.puntaje if acierto.id in known else 0.0
        return said + _PESO * near.get(acierto.id, 0.0) * max(0.0, 1 - said / _DECIDIDO)

    return sorted(both, key=lambda a: (-rank(a), a.id))


class CatalogoDeEmpresa:
    """Implements core.ports.Catalogo."""

    def __init__(self, buscador: Buscador, db: Database, empresa_id: int) -> None:
        self._buscador = buscador
        self._db = db
        self._empresa_id = empresa_id

    def buscar(self, texto: str, n: int = 10) -> list[Hallazgo]:
        found = self._buscador.buscar(self._empresa_id, texto, n)
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


class _Guardado:
    """One empresa's index and what of the catalogue it has seen."""

    def __init__(self, empresa_id: int) -> None:
        self._empresa_id = empresa_id
        self._lock = threading.Lock()
        # The version of the shop's own words, and when it was made: another id's, another index.
        self._born: tuple[int, datetime] | None = None
        self._own: Sequence[Sequence[str]] = ()
        self._indice = Indice(sinonimos())
        self._version = self._last = -1
        self.size = 0

    def search(
        self, db: Database, texto: str, n: int, inactivos: bool
    ) -> tuple[list[Acierto], bool]:
        """(what answers, whether anything was asked at all: a greeting is no question)."""
        with self._lock:
            self._catch_up(db)
            found = self._indice.search(texto, n, inactivos=inactivos)
            return found, bool(found) or self._indice.asks(texto)

    def sold(self, ids: Iterable[int]) -> set[int]:
        with self._lock:
            return {id_ for id_ in ids if self._indice.is_sold(id_)}

    def _catch_up(self, db: Database) -> None:
        """Read the productos changed since the last look; all of them when some have gone."""
        with db.empresa(self._empresa_id) as session:
            now = session.execute(
                select(
                    Empresa.catalogo_version, Empresa.sinonimos_version, Empresa.creada_en, _LAST
                ).where(Empresa.id == self._empresa_id)
            ).one_or_none()
            if now is None:
                self._restart(())
                return
            version, own, born, last = now
            if (own, born) != self._born or self._indice.worn:
                said = session.scalar(
                    select(Empresa.sinonimos).where(Empresa.id == self._empresa_id)
                )
                self._restart(said or (), (own, born))
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
        self._restart(self._own, self._born)
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

    def _restart(
        self, own: Sequence[Sequence[str]], born: tuple[int, datetime] | None = None
    ) -> None:
        self._own = own
        self._indice = Indice(with_own(own))
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
