"""What is like a text in meaning: each empresa's vectors near at hand, caught up before each look.

Rows are the truth (`producto_embedding`, `embedding`); what is held here can be dropped at any
moment. A model that does not answer leaves the search to words.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence

import structlog
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from core.catalogo.busqueda.fotos import Fotos
from core.db import Database
from core.errors import ModeloRechazado, Unavailable
from core.models import Indexacion, ProductoEmbedding
from core.ports import Embedder, Vector, VectorIndex

AbrirEmbedder = Callable[[str], Embedder | None]
"""The Embedder whose vectors are kept under a name; None when this process has none like it."""
AbrirIndice = Callable[[int, str], VectorIndex]
"""An empty VectorIndex for an empresa and a model's name."""

_BATCH = 5_000  # rows of one read: 4 MB of vectors
_QUESTIONS = 2_000  # whose vectors are remembered, 1 KB each
# After a refusal that a person must mend, and at most after one that passes: the next question
# must not wait for a model that is away.
_REFUSED_SECONDS = 60.0
_AWAY_SECONDS = 30.0

_CHANGED = text(
    """
    SELECT p.version, p.producto_id, e.datos
    FROM producto_embedding p JOIN embedding e ON e.modelo = p.modelo AND e.hash = p.hash
    WHERE p.empresa_id = :empresa_id AND p.modelo = :modelo
      AND (p.version, p.producto_id) > (:version, :producto_id)
    ORDER BY p.version, p.producto_id LIMIT :n
    """
)

_log = structlog.get_logger(__name__)


class Significado:
    """One per process; safe from any thread."""

    def __init__(
        self,
        db: Database,
        *,
        embedder: AbrirEmbedder,
        indice: AbrirIndice,
        fotos: Fotos,
        max_bytes: int,
    ) -> None:
        self._db = db
        self._embedder = embedder
        self._abrir = indice
        self._fotos = fotos
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._kept: OrderedDict[int, _Cerca] = OrderedDict()
        self._questions: OrderedDict[tuple[str, str], Vector] = OrderedDict()
        self._away_until: dict[str, float] = {}

    def cercanos(self, empresa_id: int, texto: str, n: int) -> list[tuple[int, float]]:
        """(producto id, cosine) of at most n, nearest first. Empty where the empresa has no
        vectors yet or its model does not answer."""
        cerca = self._of(empresa_id)
        with cerca.lock:
            modelo = cerca.catch_up(self._db, self._abrir, self._fotos)
        vector = self._question(modelo, texto) if modelo else None
        if vector is None:
            return []
        with cerca.lock:
            return cerca.nearest(modelo, vector, n)

    def vector(self, modelo: str, texto: str) -> Vector | None:
        """The vector of a question; None while its model does not answer."""
        return self._question(modelo, texto)

    def prepare(self, empresa_id: int, *, desde: int) -> None:
        """Keep a large empresa's index as a file too, for the processes that search. From `desde`
        vectors on; this process then forgets it."""
        cerca = self._of(empresa_id)
        with cerca.lock:
            cerca.catch_up(self._db, self._abrir, self._fotos)
            if cerca.size >= desde:
                cerca.take_foto(self._db, self._fotos)
        with self._lock:
            self._kept.pop(empresa_id, None)

    def _of(self, empresa_id: int) -> "_Cerca":
        with self._lock:
            cerca = self._kept.setdefault(empresa_id, _Cerca(empresa_id))
            self._kept.move_to_end(empresa_id)
            while (
                len(self._kept) > 1 and sum(c.bytes for c in self._kept.values()) > self._max_bytes
            ):
                self._kept.popitem(last=False)
            return cerca

    def _question(self, modelo: str, texto: str) -> Vector | None:
        key = (modelo, texto)
        with self._lock:
            if (known := self._questions.get(key)) is not None:
                self._questions.move_to_end(key)
                return known
        vector = self._embed(modelo, texto)
        if vector is not None:
            with self._lock:
                self._questions[key] = vector
                while len(self._questions) > _QUESTIONS:
                    self._questions.popitem(last=False)
        return vector

    def _embed(self, modelo: str, texto: str) -> Vector | None:
        embedder = self._embedder(modelo)
        if embedder is None or time.monotonic() < self._away_until.get(modelo, 0.0):
            return None
        try:
            return embedder.embed([texto], consulta=True)[0]
        except Unavailable as e:
            pause, error = min(float(e.segundos), _AWAY_SECONDS), e.codigo
        except ModeloRechazado as e:
            pause, error = _REFUSED_SECONDS, e.codigo
        self._away_until[modelo] = time.monotonic() + pause
        _log.warning("busqueda sin significado", modelo=modelo, error=error)
        return None


class _Cerca:
    """One empresa's index and what it was made of. Its lock guards everything in it."""

    def __init__(self, empresa_id: int) -> None:
        self._empresa_id = empresa_id
        self.lock = threading.Lock()
        self._modelo: str | None = None
        self._index: VectorIndex | None = None
        self.size = 0
        self.bytes = 0

    def nearest(self, modelo: str, vector: Vector, n: int) -> list[tuple[int, float]]:
        """None of another model than `modelo`, should it have changed since."""
        if self._index is None or self._modelo != modelo:
            return []
        return self._index.nearest(vector, n)

    def catch_up(self, db: Database, abrir: AbrirIndice, fotos: Fotos) -> str:
        """The model whose vectors it now holds whole, "" when there is none."""
        with db.empresa(self._empresa_id) as session:
            row = session.get(Indexacion, self._empresa_id)
            if row is None or row.modelo_activo is None:
                self._modelo = self._index = None
                self.size = self.bytes = 0
                return ""
            modelo, version = row.modelo_activo, row.version
            foto = (row.foto_sha256, row.foto_version)
        if self._index is None or self._modelo != modelo:
            self._index, self._modelo = abrir(self._empresa_id, modelo), modelo
            self._develop(fotos, *foto)
        if self._index.version != version or not self.size:
            self._read(db, self._index, modelo, version)
        return modelo

    def _develop(self, fotos: Fotos, sha256: bytes | None, version: int | None) -> None:
        """Begin with the file, where it is the one that was kept."""
        if sha256 is None or version is None or self._index is None:
            return
        found = fotos.read(self._empresa_id, sha256)
        if found is not None:
            self._index.load(found, version=version)

    def _read(self, db: Database, index: VectorIndex, modelo: str, version: int) -> None:
        self._put_changed(db, index, modelo, version)
        with db.empresa(self._empresa_id) as session:
            held = count_vectors(session, empresa_id=self._empresa_id, modelo=modelo)
        if len(index) > held:  # productos were deleted, which leaves no version behind
            index.clear()
            self._put_changed(db, index, modelo, version)
        self.size = len(index)

    def _put_changed(self, db: Database, index: VectorIndex, modelo: str, version: int) -> None:
        at, last = index.version, 0
        rows: Sequence[tuple[int, int, bytes]] = ()
        while True:
            with db.empresa(self._empresa_id) as session:
                values = {"version": at, "producto_id": last if rows else 2**62, "n": _BATCH}
                ids = {"empresa_id": self._empresa_id, "modelo": modelo}
                rows = [tuple(r) for r in session.execute(_CHANGED, ids | values)]
            whole = len(rows) < _BATCH
            at, last = (rows[-1][0], rows[-1][1]) if rows else (at, 0)
            # Of the last version read there may be more: only then is it behind us.
            index.put(
                [id_ for _, id_, _ in rows],
                [datos for _, _, datos in rows],
                version=max(at, version) if whole else at - 1,
            )
            if rows:
                self.bytes = len(index) * len(rows[0][2])
            if whole:
                return

    def take_foto(self, db: Database, fotos: Fotos) -> None:
        """Write the file, then say in its row what it must hash to."""
        if self._index is None or not (content := self._index.dump()):
            return
        sha256 = fotos.write(self._empresa_id, content)
        if sha256 is None:
            return
        with db.empresa(self._empresa_id) as session:
            row = session.get(Indexacion, self._empresa_id, with_for_update=True)
            if row is None or row.modelo_activo != self._modelo:
                return
            row.foto_sha256, row.foto_version = sha256, self._index.version
        fotos.keep_only(self._empresa_id, sha256)


def count_vectors(session: Session, *, empresa_id: int, modelo: str) -> int:
    counted = select(func.count()).where(
        ProductoEmbedding.empresa_id == empresa_id, ProductoEmbedding.modelo == modelo
    )
    return session.scalars(counted).one()
