"""A file on its way into the catalogue: stored whole with its request, applied in steps.

Every chunk commits its rows, its ledger, its errors and the place it came to together, so a step
killed anywhere is taken up by the next one and ends the same. A fencing token keeps a worker that
was thought dead from writing.
"""

import json
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, cast

from sqlalchemy import Result, TextClause, select, text
from sqlalchemy.orm import Session

from core.bitacora import audit
from core.catalogo.aplicar import apply_filas, deactivate, find_unnamed
from core.catalogo.barrido import ring_next
from core.catalogo.claves import Claves
from core.catalogo.filas import Lector, Tramo
from core.catalogo.libro import is_libro, to_csv
from core.catalogo.registro import ArchivoInvalido
from core.catalogo.reglas import Falla
from core.catalogo.tabla import Tabla, open_tabla
from core.db import DATABASE_DOWN, Database
from core.errors import LeaseLost
from core.models import Importacion
from core.ports import Cola, Tarea
from core.settings import Settings

# Renewed after each chunk, which takes a second or two, and every few seconds while a workbook is
# read, but for its table of texts: the largest takes two minutes on a busy machine. A process that
# died and restarts gives its leases back at once.
_LEASE_SEGUNDOS = 240.0
# Processes that died over this file without a chunk to show for it.
_INTENTOS = 5


Rechazo = tuple[int, Falla]


@dataclass(frozen=True, slots=True)
class Paso:
    """How a step ended: "nada" (not ours to do), "perdido" (another worker took it), "sigue", or
    the estado it left. filas: how many ended as creados, actualizados, …, in this step."""

    estado: str
    filas: dict[str, int] = field(default_factory=dict)


def create_importacion(
    session: Session,
    *,
    empresa_id: int,
    modo: str,
    nombre_archivo: str,
    contenido: bytes,
    actor: str,
    usuario_id: int | None,
) -> int:
    """Store the file to be imported; its id. Commit, then ring IMPORT_STEP."""
    row = Importacion(
        empresa_id=empresa_id,
        modo=modo,
        nombre_archivo=_plain_name(nombre_archivo),
        contenido=contenido,
        usuario_id=usuario_id,
    )
    session.add(row)
    session.flush()
    audit(
        session,
        empresa_id=empresa_id,
        accion="importacion.crear",
        actor=actor,
        objeto=f"importacion:{row.id}",
        modo=modo,
        bytes=len(contenido),
    )
    return row.id


def import_step(
    db: Database,
    cola: Cola,
    settings: Settings,
    *,
    empresa_id: int,
    importacion_id: int,
    worker: str,
) -> Paso:
    """Go on with one importacion for at most `importacion_paso_segundos`, then ring for the rest.

    Does nothing when it is finished, another worker has it, or an older one of the same empresa is
    still open: two files are applied in the order in which they came.
    """
    until = time.monotonic() + settings.importacion_paso_segundos
    ids = {"empresa_id": empresa_id, "importacion_id": importacion_id}
    with db.empresa(empresa_id) as session:
        taken = session.execute(_TAKE, ids | {"worker": worker, "lease": _LEASE_SEGUNDOS}).first()
    if taken is None:
        return Paso("nada")
    trabajo = _Trabajo(db, settings, empresa_id, importacion_id, taken, until)
    try:
        paso = trabajo.run()
    except LeaseLost:
        return Paso("perdido")
    except BaseException:
        trabajo.release()
        raise
    if paso.estado == "sigue":
        cola.ring(Tarea.IMPORT_STEP, empresa_id=empresa_id, importacion_id=importacion_id)
    else:
        ring_next(db, cola, empresa_id=empresa_id)
        cola.ring(Tarea.EMBED_STEP, empresa_id=empresa_id)
    return paso


_TAKE = text(
    """
    UPDATE importacion i
    SET lease_de = :worker, lease_hasta = clock_timestamp() + make_interval(secs => :lease),
        token = token + 1, intentos = intentos + 1,
        estado = CASE estado WHEN 'en_cola' THEN 'procesando' ELSE estado END
    WHERE empresa_id = :empresa_id AND id = :importacion_id
      AND estado IN ('en_cola', 'procesando')
      AND (lease_hasta IS NULL OR lease_hasta < clock_timestamp())
      AND NOT EXISTS (
          SELECT 1 FROM importacion a
          WHERE a.empresa_id = :empresa_id AND a.id < i.id
            AND a.estado IN ('en_cola', 'procesando'))
    RETURNING token, estado, cursor, modo, intentos, usuario_id, contenido,
              (SELECT moneda FROM empresa WHERE id = i.empresa_id) AS moneda
    """
)

# The fence: whoever took the row after us has another token.
_PROGRESS = text(
    """
    UPDATE importacion
    SET lease_hasta = clock_timestamp() + make_interval(secs => :lease), estado = :estado,
        intentos = CASE WHEN :cursor > 0 OR :desactivados > 0 THEN 0 ELSE intentos END,
        cursor = greatest(cursor, :cursor), filas_total = :total,
        filas_procesadas = filas_procesadas + :creados + :actualizados + :sin_cambios + :con_error,
        creados = creados + :creados, actualizados = actualizados + :actualizados,
        sin_cambios = sin_cambios + :sin_cambios, con_error = con_error + :con_error,
        desactivados = desactivados + :desactivados
    WHERE empresa_id = :empresa_id AND id = :importacion_id AND token = :token
    """
)
# A workbook gives way to what it says.
_KEEP = text(
    """
    UPDATE importacion
    SET lease_hasta = clock_timestamp() + make_interval(secs => :lease),
        contenido = coalesce(cast(:contenido AS bytea), contenido)
    WHERE empresa_id = :empresa_id AND id = :importacion_id AND token = :token
    """
)
# `indexando` is completed by who gives the vectors (core.catalogo.indexar).
_END = text(
    """
    UPDATE importacion
    SET estado = :estado, error = cast(:error AS jsonb), contenido = NULL, lease_hasta = NULL,
        version_hasta = (SELECT catalogo_version FROM empresa WHERE id = :empresa_id),
        terminada_en = CASE WHEN :estado <> 'indexando' THEN clock_timestamp() END
    WHERE empresa_id = :empresa_id AND id = :importacion_id AND token = :token
    RETURNING creados, actualizados, sin_cambios, desactivados, con_error
    """
)
_PAUSE = text(
    """
    UPDATE importacion SET lease_hasta = NULL
    WHERE empresa_id = :empresa_id AND id = :importacion_id AND token = :token
    """
)
_FILAS = ("creados", "actualizados", "sin_cambios", "con_error", "desactivados")
_WRITE_FALLAS = text(
    """
    INSERT INTO importacion_fila (empresa_id, importacion_id, fila, n, columna, codigo, mensaje)
    SELECT :empresa_id, :importacion_id, f.fila, row_number() OVER (PARTITION BY f.fila ORDER BY n),
           f.columna, f.codigo, f.mensaje
    FROM unnest(cast(:filas AS bigint[]), cast(:columnas AS text[]), cast(:codigos AS text[]),
                cast(:mensajes AS text[])) WITH ORDINALITY AS f (fila, columna, codigo, mensaje, n)
    """
)


class _Trabajo:
    """One step over one leased importacion."""

    def __init__(
        self,
        db: Database,
        settings: Settings,
        empresa_id: int,
        importacion_id: int,
        taken: Any,
        until: float,
    ) -> None:
        self._db = db
        self._settings = settings
        self._empresa_id = empresa_id
        self._importacion_id = importacion_id
        self._taken = taken
        self._until = until
        self._filas: Counter[str] = Counter()

    def run(self) -> Paso:
        if self._taken.intentos > _INTENTOS:
            return self._end("fallida", "interno", "El archivo no se pudo procesar.")
        try:
            tabla = open_tabla(self._as_csv(), self._settings)
        except ArchivoInvalido as e:
            return self._end("fallida", e.codigo, str(e))
        if tabla.total:
            return self._apply(tabla)
        return self._end("fallida", "sin_filas", "El archivo no tiene filas.")

    def release(self) -> None:
        """Give the lease back after an error, so that the next try need not wait for its end."""
        try:
            self._pause()
        except DATABASE_DOWN:
            return

    def _as_csv(self) -> bytes:
        """The file; a workbook is read once, however many steps follow."""
        contenido: bytes = self._taken.contenido
        if is_libro(contenido):
            contenido = to_csv(contenido, self._settings, tick=self._keep)
            self._keep(contenido)
        return contenido

    def _apply(self, tabla: Tabla) -> Paso:
        total = tabla.total
        with self._db.empresa(self._empresa_id) as session:
            self._record(session, total=total)
        lector = Lector(tabla, moneda=self._taken.moneda)
        size = self._settings.importacion_paso_filas
        for tramo in lector.tramos(size, desde=self._taken.cursor):
            with self._db.empresa(self._empresa_id) as session:
                self._apply_tramo(session, tramo, total=total)
            if time.monotonic() > self._until:
                return self._pause()
        if not self._any_valid():
            detalle = "Ninguna fila se pudo leer; el catálogo sigue como estaba."
            return self._end("fallida", "sin_filas_validas", detalle)
        if self._taken.modo == "reemplazar" and not self._deactivate(lector.claves, total=total):
            return self._pause()
        return self._end("indexando")

    def _apply_tramo(self, session: Session, tramo: Tramo, *, total: int) -> None:
        done = apply_filas(
            session,
            tramo.filas,
            empresa_id=self._empresa_id,
            importacion_id=self._importacion_id,
            usuario_id=self._taken.usuario_id,
        )
        refused = self._write_fallas(session, tramo.fallas + done.fallas)
        self._record(
            session,
            total=total,
            cursor=tramo.hasta,
            creados=done.creados,
            actualizados=done.actualizados,
            sin_cambios=done.sin_cambios,
            con_error=refused,
        )

    def _write_fallas(self, session: Session, fallas: list[Rechazo]) -> int:
        """Keep every error; how many lines they are of."""
        session.execute(
            _WRITE_FALLAS,
            {
                "empresa_id": self._empresa_id,
                "importacion_id": self._importacion_id,
                "filas": [fila for fila, _ in fallas],
                "columnas": [falla.columna for _, falla in fallas],
                "codigos": [falla.codigo for _, falla in fallas],
                "mensajes": [falla.mensaje for _, falla in fallas],
            },
        )
        return len({fila for fila, _ in fallas})

    def _deactivate(self, claves: Claves, *, total: int) -> bool:
        """What the file does not name is no longer sold; False when time ran out before the end."""
        with self._db.empresa(self._empresa_id) as session:
            ids = find_unnamed(
                session,
                empresa_id=self._empresa_id,
                claves=claves.all(),
                sueltas=claves.loose(),
            )
        size = self._settings.importacion_paso_filas
        for start in range(0, len(ids), size):
            with self._db.empresa(self._empresa_id) as session:
                chunk = ids[start : start + size]
                gone = deactivate(session, chunk, empresa_id=self._empresa_id)
                self._record(session, total=total, desactivados=gone)
            if time.monotonic() > self._until and start + size < len(ids):
                return False
        return True

    # --- the importacion's own row ---------------------------------------------------------------

    def _record(
        self, session: Session, *, total: int, estado: str = "procesando", **counts: int
    ) -> None:
        values = dict.fromkeys(("cursor", *_FILAS), 0) | counts
        self._fenced(session, _PROGRESS, total=total, estado=estado, **values)
        self._filas.update({name: values[name] for name in _FILAS})

    def _keep(self, contenido: bytes | None = None) -> None:
        """The lease; and what is to be read from now on instead of the file."""
        with self._db.empresa(self._empresa_id) as session:
            self._fenced(session, _KEEP, contenido=contenido)

    def _any_valid(self) -> bool:
        with self._db.empresa(self._empresa_id) as session:
            found = session.scalar(
                select(Importacion.creados + Importacion.actualizados + Importacion.sin_cambios)
                .where(Importacion.empresa_id == self._empresa_id)
                .where(Importacion.id == self._importacion_id)
            )
        return bool(found)

    def _pause(self) -> Paso:
        with self._db.empresa(self._empresa_id) as session:
            session.execute(_PAUSE, self._key())
        return Paso("sigue", dict(self._filas))

    def _end(self, estado: str, codigo: str = "", detalle: str = "") -> Paso:
        error = json.dumps({"codigo": codigo, "mensaje": detalle}) if codigo else None
        with self._db.empresa(self._empresa_id) as session:
            counts = self._fenced(session, _END, estado=estado, error=error).one()._asdict()
            audit(
                session,
                empresa_id=self._empresa_id,
                accion="importacion.terminar",
                actor="sistema",
                objeto=f"importacion:{self._importacion_id}",
                estado=estado,
                error=codigo or None,
                **counts,
            )
        return Paso(estado, dict(self._filas))

    def _fenced(self, session: Session, statement: TextClause, **values: object) -> Result[Any]:
        """Write our row, or roll everything back: whoever took it after us has another token."""
        done: Any = session.execute(statement, self._key() | values | {"lease": _LEASE_SEGUNDOS})
        if done.rowcount != 1:
            raise LeaseLost
        return cast(Result[Any], done)

    def _key(self) -> dict[str, object]:
        return {
            "empresa_id": self._empresa_id,
            "importacion_id": self._importacion_id,
            "token": self._taken.token,
        }


def _plain_name(name: str) -> str:
    """The last part of what the browser called it, printable and short."""
    last = PurePath(name.replace("\\", "/")).name
    return "".join(c for c in last if c.isprintable())[:200] or "archivo"
