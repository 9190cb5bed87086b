"""A documento is read: its bytes become pasajes, the pasajes get vectors. One leased job.

It answers by its words as soon as it is read, and by meaning once a model has seen it; a model
that is away delays nothing but that. All that is written is written under the lease's token, so
that a worker that was thought dead, or that reads what was replaced meanwhile, writes nothing.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from core.catalogo.busqueda.vectores import hash_de, keep_vectors, known_hashes, make_vectors
from core.db import DATABASE_DOWN, Database
from core.documentos.documentos import bump_version
from core.documentos.lectura import read_trozos
from core.documentos.secciones import DocumentoIlegible, LeerPdf
from core.documentos.trozos import Trozo
from core.errors import LeaseLost, ModeloRechazado, Unavailable
from core.ports import Cola, Embedder, Tarea
from core.settings import Settings

_LEASE_SEGUNDOS = 120.0  # a PDF, or one call of a model that answers late, and a margin
_INTENTOS = 3  # processes that died over it before it is called unreadable
_REFUSED_SECONDS = 300.0  # a person must mend it: no use in asking again at once
_TEXTO_MAX = 700  # characters; the bundled model reads 512 tokens, and the heading is said first


@dataclass(frozen=True)
class Paso:
    """How it ended: "nada" (not ours to do), "perdido", "fallido", "sigue", "listo", or "espera":
    the model does not answer."""

    estado: str
    pasajes: int = 0
    error: str = ""


@dataclass(frozen=True)
class Lectores:
    """Who reads what a documento is made of. embedder None: it is found by its words alone."""

    leer_pdf: LeerPdf
    embedder: Embedder | None = None


def texto_de(titulo: str, texto: str) -> str:
    """What a pasaje means: its heading, and what stands under it."""
    encabezado = titulo.rpartition(" › ")[2]
    return (f"{encabezado}. {texto}" if encabezado else texto)[:_TEXTO_MAX]


def index_documento(
    db: Database,
    cola: Cola,
    settings: Settings,
    lectores: Lectores,
    *,
    empresa_id: int,
    documento_id: int,
    worker: str,
) -> Paso:
    """Read the documento if it is new, then get its vectors, for `embeddings_paso_segundos` at
    most. Does nothing when all is done, or another worker is at it."""
    until = time.monotonic() + settings.embeddings_paso_segundos
    modelo = lectores.embedder.modelo if lectores.embedder else None
    key = {"empresa_id": empresa_id, "id": documento_id}
    with db.empresa(empresa_id) as session:
        values = key | {"worker": worker, "modelo": modelo, "lease": _LEASE_SEGUNDOS}
        taken = session.execute(_TAKE, values).first()
    if taken is None:
        return Paso("nada")
    trabajo = _Trabajo(db, settings, lectores, key, taken, until)
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
        cola.ring(Tarea.INDEX_DOCUMENTO, empresa_id=empresa_id, documento_id=documento_id)
    return paso


_TAKE = text(
    """
    UPDATE documento
    SET lease_de = :worker, lease_hasta = clock_timestamp() + make_interval(secs => :lease),
        token = token + 1, intentos = intentos + 1
    WHERE empresa_id = :empresa_id AND id = :id
      AND (lease_hasta IS NULL OR lease_hasta < clock_timestamp())
      AND (proximo_intento IS NULL OR proximo_intento < clock_timestamp())
      AND (estado = 'en_cola'
           OR estado = 'listo' AND modelo IS DISTINCT FROM cast(:modelo AS text))
    RETURNING token, intentos, estado, formato,
        CASE WHEN estado = 'en_cola' THEN contenido END AS contenido
    """
)
_MINE = "WHERE empresa_id = :empresa_id AND id = :id AND token = :token"
_RENEW = text(
    f"UPDATE documento SET lease_hasta = clock_timestamp() + make_interval(secs => :lease) {_MINE}"
)
_READ = text(
    f"""
    UPDATE documento SET estado = 'listo', error = NULL, modelo = NULL, intentos = 0,
        lease_hasta = clock_timestamp() + make_interval(secs => :lease)
    {_MINE}
    """
)
_FORGET = text("DELETE FROM pasaje WHERE empresa_id = :empresa_id AND documento_id = :id")
_WRITE = text(
    """
    INSERT INTO pasaje (empresa_id, documento_id, orden, titulo, texto, hash)
    SELECT :empresa_id, :id, orden, titulo, texto, hash
    FROM unnest(cast(:titulos AS text[]), cast(:textos AS text[]), cast(:hashes AS bytea[]))
         WITH ORDINALITY AS n (titulo, texto, hash, orden)
    """
)
_REFUSE = text(
    f"""
    UPDATE documento SET estado = 'fallido', error = cast(:error AS jsonb), lease_hasta = NULL
    {_MINE}
    """
)
_PASAJES = text(
    "SELECT titulo, texto, hash FROM pasaje WHERE empresa_id = :empresa_id AND documento_id = :id"
)
_END = text(
    f"""
    UPDATE documento SET modelo = cast(:modelo AS text), lease_hasta = NULL, intentos = 0,
        proximo_intento = NULL {_MINE}
    """
)
_PAUSE = text(
    f"""
    UPDATE documento SET lease_hasta = NULL, intentos = 0,
        proximo_intento = clock_timestamp() + make_interval(secs => :segundos) {_MINE}
    """
)
_RELEASE = text(f"UPDATE documento SET lease_hasta = NULL {_MINE}")


class _Trabajo:
    """One step over one leased documento."""

    def __init__(
        self,
        db: Database,
        settings: Settings,
        lectores: Lectores,
        key: dict[str, int],
        taken: Any,
        until: float,
    ) -> None:
        self._db = db
        self._settings = settings
        self._lectores = lectores
        self._empresa_id = key["empresa_id"]
        self._key = key | {"token": taken.token}
        self._taken = taken
        self._until = until

    def run(self) -> Paso:
        if self._taken.estado == "en_cola":
            try:
                self._write(self._read())
            except DocumentoIlegible as e:
                return self._refuse(e)
        return self._embed()

    def _read(self) -> list[Trozo]:
        if self._taken.intentos > _INTENTOS:
            raise DocumentoIlegible("ilegible", "El documento no se puede leer.")
        return read_trozos(
            self._taken.formato,
            bytes(self._taken.contenido),
            self._lectores.leer_pdf,
            max_=self._settings.documento_max_pasajes,
        )

    def _write(self, trozos: Sequence[Trozo]) -> None:
        """The old pasajes go and the new ones come at once."""
        values = {
            "titulos": [t.titulo for t in trozos],
            "textos": [t.texto for t in trozos],
            "hashes": [hash_de(texto_de(t.titulo, t.texto)) for t in trozos],
        }
        with self._db.empresa(self._empresa_id) as session:
            self._fenced(session, _READ)
            session.execute(_FORGET, self._key)
            session.execute(_WRITE, self._key | values)
            bump_version(session, empresa_id=self._empresa_id)

    def _refuse(self, why: DocumentoIlegible) -> Paso:
        error = json.dumps({"codigo": why.codigo, "mensaje": str(why)})
        with self._db.empresa(self._empresa_id) as session:
            self._fenced(session, _REFUSE, error=error)
        return Paso("fallido", error=why.codigo)

    def _embed(self) -> Paso:
        embedder = self._lectores.embedder
        with self._db.empresa(self._empresa_id) as session:
            rows = session.execute(_PASAJES, self._key).all()
            texts = {bytes(r.hash): texto_de(r.titulo, r.texto) for r in rows}
            if embedder is not None:
                known = known_hashes(session, modelo=embedder.modelo, hashes=texts)
        if embedder is not None:
            missing = [h for h in texts if h not in known]
            for start in range(0, len(missing), embedder.lote):
                if time.monotonic() > self._until:
                    self._execute(_PAUSE, segundos=0)
                    return Paso("sigue", len(rows))
                some = {h: texts[h] for h in missing[start : start + embedder.lote]}
                self._keep(embedder, some)
        with self._db.empresa(self._empresa_id) as session:
            self._fenced(session, _END, modelo=embedder.modelo if embedder else None)
            bump_version(session, empresa_id=self._empresa_id)
        return Paso("listo", len(rows))

    def _keep(self, embedder: Embedder, some: dict[bytes, str]) -> None:
        vectors = make_vectors(embedder, some)
        with self._db.empresa(self._empresa_id) as session:
            self._fenced(session, _RENEW)
            keep_vectors(session, modelo=embedder.modelo, vectors=vectors)

    def wait(self, segundos: float, error: str) -> Paso:
        """The model is away: by its words it answers all the same, and nothing counts against
        it."""
        self._execute(_PAUSE, segundos=segundos)
        return Paso("espera", error=error)

    def release(self) -> None:
        """Give the lease back after an error; it counts as a try."""
        try:
            self._execute(_RELEASE)
        except DATABASE_DOWN:
            return

    def _execute(self, statement: TextClause, **values: object) -> None:
        with self._db.empresa(self._empresa_id) as session:
            session.execute(statement, self._key | values)

    def _fenced(self, session: Session, statement: TextClause, **values: object) -> None:
        """Write our row, or roll everything back: whoever took it after us has another token."""
        done: Any = session.execute(statement, self._key | {"lease": _LEASE_SEGUNDOS} | values)
        if done.rowcount != 1:
            raise LeaseLost
