"""Vectors for a catalogue, in steps: what changed since the last one, in the order of its version.

A vector is a pure function of model and text, kept once for all empresas: the same file again, or
in another shop, embeds nothing. A step holds a lease with a fencing token; vectors are committed
as they come, and which producto has which together with the place that was reached, so that a step
killed anywhere is taken up by the next. Another model is embedded beside the old one, whose
vectors serve until the new ones are whole.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, TextClause, text
from sqlalchemy.orm import Session

from core.bitacora import CANAL_EVENTOS
from core.catalogo.busqueda.vectores import (
    hash_de,
    keep_vectors,
    known_hashes,
    make_vectors,
)
from core.db import DATABASE_DOWN, Database
from core.errors import LeaseLost, ModeloRechazado, Unavailable
from core.models import Importacion, Indexacion
from core.ports import Cola, Embedder, Tarea, Vector
from core.settings import Settings

_LEASE_SEGUNDOS = 60.0  # one call of a model that answers late, and a margin
_INTENTOS = 3  # processes that died over one place before it is passed one producto at a time
_REFUSED_SECONDS = 300.0  # a person must mend it: no use in asking again at once
_TEXTO_MAX = 700  # characters; the bundled model reads 512 tokens, and a name is said first


@dataclass(frozen=True)
class Paso:
    """How a step ended: "nada" (not ours to do), "perdido", "sigue", "al_dia" or "espera" (the
    model does not answer). embebidos: texts that the model was asked for."""

    estado: str
    embebidos: int = 0
    error: str = ""


def texto_de(row: Any) -> str:
    """What a producto means: its name, and what tells it from others of that name."""
    parts = (row.nombre, row.marca, row.categoria, row.descripcion)
    return ". ".join(p for p in parts if p)[:_TEXTO_MAX]


def embed_step(
    db: Database,
    cola: Cola,
    settings: Settings,
    embedder: Embedder | None,
    *,
    empresa_id: int,
    worker: str,
    ready: Callable[[int], None] = lambda _: None,
) -> Paso:
    """Go on with one empresa's vectors for at most `embeddings_paso_segundos`, then ring for the
    rest. `embedder` None: this installation searches by words alone, and nothing waits for it.
    `ready` is called with the empresa once all of it can be found.

    Does nothing when all is done or another worker is at it.
    """
    until = time.monotonic() + settings.embeddings_paso_segundos
    modelo = embedder.modelo if embedder else None
    values = {"empresa_id": empresa_id, "modelo": modelo, "worker": worker}
    with db.empresa(empresa_id) as session:
        session.execute(_OPEN, {"empresa_id": empresa_id})
        taken = session.execute(_TAKE, values | {"lease": _LEASE_SEGUNDOS}).first()
    if taken is None:
        return Paso("nada")
    trabajo = _Trabajo(db, settings, embedder, empresa_id, taken, until)
    try:
        paso = trabajo.run()
    except LeaseLost:
        return Paso("perdido")
    except Unavailable as e:
        return trabajo.wait(e.segundos, str(e))
    except ModeloRechazado as e:
        return trabajo.wait(_REFUSED_SECONDS, str(e))
    except BaseException:
        trabajo.release()
        raise
    if paso.estado == "sigue":
        cola.ring(Tarea.EMBED_STEP, empresa_id=empresa_id)
    elif paso.estado == "al_dia":
        ready(empresa_id)
    return paso


_OPEN = text("INSERT INTO indexacion (empresa_id) VALUES (:empresa_id) ON CONFLICT DO NOTHING")
# Another model begins at the beginning.
_TAKE = text(
    """
    UPDATE indexacion i
    SET lease_de = :worker, lease_hasta = clock_timestamp() + make_interval(secs => :lease),
        token = token + 1, intentos = intentos + 1, modelo = :modelo,
        cursor_version = CASE WHEN i.modelo IS NOT DISTINCT FROM :modelo THEN cursor_version
                              ELSE -1 END,
        cursor_id = CASE WHEN i.modelo IS NOT DISTINCT FROM :modelo THEN cursor_id ELSE 0 END,
        visto = CASE WHEN i.modelo IS NOT DISTINCT FROM :modelo THEN visto ELSE 0 END
    FROM empresa e
    WHERE i.empresa_id = :empresa_id AND e.id = i.empresa_id
      AND (lease_hasta IS NULL OR lease_hasta < clock_timestamp())
      AND (proximo_intento IS NULL OR proximo_intento < clock_timestamp()
           OR i.modelo IS DISTINCT FROM :modelo)
      AND (i.modelo IS DISTINCT FROM :modelo OR i.visto < e.catalogo_version
           OR EXISTS (SELECT 1 FROM importacion p
                      WHERE p.empresa_id = :empresa_id AND p.estado = 'indexando'))
    RETURNING token, intentos, cursor_version, cursor_id, e.catalogo_version AS hasta
    """
)
_NEXT = text(
    """
    SELECT id, version, activo, nombre, marca, categoria, descripcion FROM producto
    WHERE empresa_id = :empresa_id AND (version, id) > (:version, :id) AND version <= :hasta
    ORDER BY version, id LIMIT :n
    """
)
_MINE = "WHERE empresa_id = :empresa_id AND token = :token"
_RENEW = text(
    f"""
    UPDATE indexacion SET lease_hasta = clock_timestamp() + make_interval(secs => :lease) {_MINE}
    """
)
# The row's lock is held to the end: versions become visible in their order.
_ADVANCE = text(
    f"""
    UPDATE indexacion
    SET version = version + 1, cursor_version = :version, cursor_id = :id, error = NULL,
        proximo_intento = NULL, intentos = CASE WHEN :skipped THEN intentos ELSE 0 END,
        lease_hasta = clock_timestamp() + make_interval(secs => :lease)
    {_MINE} RETURNING version
    """
)
_GIVE = text(
    """
    INSERT INTO producto_embedding (empresa_id, modelo, producto_id, hash, version)
    SELECT :empresa_id, :modelo, p.id, n.hash, :version
    FROM unnest(cast(:ids AS bigint[]), cast(:hashes AS bytea[])) AS n (id, hash)
    JOIN producto p ON p.empresa_id = :empresa_id AND p.id = n.id
    ON CONFLICT (empresa_id, modelo, producto_id) DO UPDATE
    SET hash = excluded.hash, version = excluded.version
    WHERE producto_embedding.hash <> excluded.hash
    """
)
# All of it serves from now on; what waited for it is complete, and the model before is over.
_END = text(
    f"""
    WITH i AS (
        UPDATE indexacion
        SET visto = :hasta, version = version + 1, lease_hasta = NULL, intentos = 0, error = NULL,
            proximo_intento = NULL,
            foto_sha256 = CASE WHEN modelo_activo = modelo THEN foto_sha256 END,
            modelo_activo = modelo
        {_MINE} RETURNING modelo_activo
    ), gone AS (
        DELETE FROM producto_embedding p USING i
        WHERE p.empresa_id = :empresa_id AND p.modelo <> i.modelo_activo
    ), done AS (
        UPDATE importacion p
        SET estado = 'completada', indexados = creados + actualizados + sin_cambios,
            terminada_en = clock_timestamp()
        FROM i WHERE p.empresa_id = :empresa_id AND p.estado = 'indexando'
          AND p.version_hasta <= :hasta
        RETURNING p.id
    ), told AS (
        SELECT pg_notify(:canal, :empresa_id || '\\:i' || id) FROM done
    )
    SELECT (SELECT count(*) FROM i) AS mine, (SELECT count(*) FROM told)
    """
)
_RELEASE = text(f"UPDATE indexacion SET lease_hasta = NULL {_MINE}")
_PAUSE = text(
    f"""
    UPDATE indexacion SET lease_hasta = NULL, error = :error, intentos = 0,
        proximo_intento = clock_timestamp() + make_interval(secs => :segundos)
    {_MINE}
    """
)
_Producto = Row[Any]


_WAITING = text(
    """
    SELECT count(*) FROM producto p LEFT JOIN indexacion i ON i.empresa_id = p.empresa_id
    WHERE p.empresa_id = :empresa_id AND p.activo AND p.version <= :hasta
      AND (p.version, p.id) > (coalesce(i.cursor_version, -1), coalesce(i.cursor_id, 0))
    """
)


def read_espera(session: Session, importacion: Importacion) -> str | None:
    """Why an importacion cannot be found by meaning yet, where the model is what it waits for."""
    if importacion.estado != "indexando":
        return None
    row = session.get(Indexacion, importacion.empresa_id)
    return row.error if row is not None else None


def count_indexados(session: Session, importacion: Importacion) -> int:
    """How many productos of an importacion can be found by meaning by now."""
    if importacion.estado != "indexando":
        return importacion.indexados
    values = {"empresa_id": importacion.empresa_id, "hasta": importacion.version_hasta}
    valid = importacion.creados + importacion.actualizados + importacion.sin_cambios
    return max(0, valid - (session.scalar(_WAITING, values) or 0))


class _Trabajo:
    """One step over one leased empresa."""

    def __init__(
        self,
        db: Database,
        settings: Settings,
        embedder: Embedder | None,
        empresa_id: int,
        taken: Any,
        until: float,
    ) -> None:
        self._db = db
        self._settings = settings
        self._embedder = embedder
        self._empresa_id = empresa_id
        self._taken = taken
        self._until = until
        self._at = (taken.cursor_version, taken.cursor_id)
        self._embedded = 0
        self._kept: set[bytes] = set()  # hashes that were embedded in this step

    def run(self) -> Paso:
        embedder = self._embedder
        while embedder is not None:
            rows = self._next()
            if not rows:
                break
            if self._taken.intentos > _INTENTOS:
                self._advance(rows, {}, skipped=True)  # before: what kills its process is passed
            vectors = self._embed(embedder, rows)
            if vectors is None:
                return self._pause()
            self._advance(rows, vectors)
            if time.monotonic() > self._until:
                return self._pause()
        self._end()
        return Paso("al_dia", self._embedded)

    def wait(self, segundos: float, error: str) -> Paso:
        """The model is away: what is there stays, and nothing counts against it."""
        self._execute(_PAUSE, segundos=segundos, error=error)
        return Paso("espera", self._embedded, error)

    def release(self) -> None:
        """Give the lease back after an error, so that the next try need not wait for its end. It
        counts as a try: what fails again and again is passed."""
        try:
            self._execute(_RELEASE)
        except DATABASE_DOWN:
            return

    def _next(self) -> Sequence[_Producto]:
        careful = self._taken.intentos > _INTENTOS
        values = {"version": self._at[0], "id": self._at[1], "hasta": self._taken.hasta}
        values["n"] = 1 if careful else self._settings.embeddings_paso_filas
        with self._db.empresa(self._empresa_id) as session:
            return session.execute(_NEXT, values | {"empresa_id": self._empresa_id}).all()

    def _embed(self, embedder: Embedder, rows: Sequence[_Producto]) -> dict[int, bytes] | None:
        """producto id → hash of its text, all of them embedded; None when time ran out before.
        What is not sold is not embedded: it returns with a version of its own."""
        texts = {row.id: texto_de(row) for row in rows if row.activo}
        hashes = {id_: hash_de(t) for id_, t in texts.items()}
        with self._db.empresa(self._empresa_id) as session:
            wanted = set(hashes.values())
            known = known_hashes(session, modelo=embedder.modelo, hashes=wanted)
        missing = {hashes[id_]: t for id_, t in texts.items() if hashes[id_] not in known}
        batch = list(missing)
        for start in range(0, len(batch), embedder.lote):
            if time.monotonic() > self._until:
                return None
            some = batch[start : start + embedder.lote]
            self._keep(embedder.modelo, make_vectors(embedder, {h: missing[h] for h in some}))
        refused = {h for h in batch if h not in self._kept}
        return {id_: h for id_, h in hashes.items() if h not in refused}

    def _keep(self, modelo: str, vectors: dict[bytes, Vector]) -> None:
        self._embedded += len(vectors)
        self._kept.update(vectors)
        with self._db.empresa(self._empresa_id) as session:
            self._fenced(session, _RENEW)
            keep_vectors(session, modelo=modelo, vectors=vectors)

    def _advance(
        self, rows: Sequence[_Producto], hashes: dict[int, bytes], *, skipped: bool = False
    ) -> None:
        last = rows[-1]
        with self._db.empresa(self._empresa_id) as session:
            values = {"version": last.version, "id": last.id, "skipped": skipped}
            version = self._fenced(session, _ADVANCE, **values).scalar_one()
            if hashes and self._embedder is not None:
                given = {"ids": list(hashes), "hashes": list(hashes.values()), "version": version}
                ids = {"empresa_id": self._empresa_id, "modelo": self._embedder.modelo}
                session.execute(_GIVE, ids | given)
            self._tell(session)
        self._at = (last.version, last.id)

    def _tell(self, session: Session) -> None:
        """Pages that follow an importacion look again."""
        session.execute(_TELL, {"empresa_id": self._empresa_id, "canal": CANAL_EVENTOS})

    def _end(self) -> None:
        with self._db.empresa(self._empresa_id) as session:
            values = {"hasta": self._taken.hasta, "canal": CANAL_EVENTOS}
            if not self._fenced(session, _END, check=False, **values).scalar_one():
                raise LeaseLost

    def _pause(self) -> Paso:
        self._execute(_PAUSE, segundos=0, error=None)
        return Paso("sigue", self._embedded)

    def _execute(self, statement: TextClause, **values: object) -> None:
        with self._db.empresa(self._empresa_id) as session:
            session.execute(statement, self._key() | values)

    def _fenced(
        self, session: Session, statement: TextClause, *, check: bool = True, **values: object
    ) -> Any:
        """Write our row, or roll everything back: whoever took it after us has another token."""
        done: Any = session.execute(statement, self._key() | {"lease": _LEASE_SEGUNDOS} | values)
        if check and done.rowcount != 1:
            raise LeaseLost
        return done

    def _key(self) -> dict[str, object]:
        return {"empresa_id": self._empresa_id, "token": self._taken.token}


_TELL = text(
    """
    SELECT pg_notify(:canal, :empresa_id || '\\:i' || id) FROM importacion
    WHERE empresa_id = :empresa_id AND estado = 'indexando'
    """
)
