"""A file on its way into the catalogue: stored whole with its request, applied in steps.

Every chunk commits its rows, its ledger, its errors and the place it came to together, so a step
killed anywhere is taken up by the next one and ends the same. A fencing token keeps a worker that
was thought dead from writing.
"""

import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import PurePath

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from core.bitacora import audit
from core.catalogo.archivos.claves import Claves
from core.catalogo.archivos.filas import Fila, Lector, Tramo
from core.catalogo.archivos.libro import is_libro, to_csv
from core.catalogo.archivos.registro import ArchivoInvalido
from core.catalogo.archivos.tabla import Tabla, open_tabla
from core.catalogo.barrido import ring_next
from core.catalogo.importaciones.aplicar import (
    Aplicado,
    apply_filas,
    deactivate,
    find_unnamed,
    preview_deactivation,
    preview_filas,
)
from core.catalogo.importaciones.cambios import Negado
from core.catalogo.importaciones.repeticion import Repeticion
from core.catalogo.importaciones.trabajo import INTENTOS, LEASE_SEGUNDOS, Paso, Trabajo
from core.db import Database
from core.errors import LeaseLost
from core.models import Empresa, Importacion
from core.ports import Cola, Tarea
from core.settings import Settings


def create_importacion(
    session: Session,
    *,
    empresa_id: int,
    modo: str,
    nombre_archivo: str,
    contenido: bytes,
    actor: str,
    usuario_id: int | None,
    simulada: bool = False,
) -> int:
    """Store the file to be imported, or only previewed when `simulada`; its id. Commit, then ring
    IMPORT_STEP."""
    row = Importacion(
        empresa_id=empresa_id,
        modo=modo,
        simulada=simulada,
        nombre_archivo=_plain_name(nombre_archivo),
        contenido=contenido,
        usuario_id=usuario_id,
    )
    if simulada:
        version = select(Empresa.catalogo_version).where(Empresa.id == empresa_id)
        row.version_hasta = session.scalar(version)
    session.add(row)
    session.flush()
    if simulada:
        return row.id  # it does nothing that anybody could ask about later
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
        taken = session.execute(_TAKE, ids | {"worker": worker, "lease": LEASE_SEGUNDOS}).first()
    if taken is None:
        return Paso("nada")
    kind: type[Trabajo] = _Archivo if taken.origen_id is None else Repeticion
    trabajo = kind(db, settings, empresa_id, importacion_id, taken, until)
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
    RETURNING token, estado, cursor, modo, simulada, origen_id, intentos, usuario_id, contenido,
              (SELECT moneda FROM empresa WHERE id = i.empresa_id) AS moneda
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


class _Archivo(Trabajo):
    """The rows of a file, applied or only previewed."""

    def run(self) -> Paso:
        if self._taken.intentos > INTENTOS:
            return self._end("fallida", "interno", "El archivo no se pudo procesar.")
        try:
            tabla = open_tabla(self._as_csv(), self._settings)
        except ArchivoInvalido as e:
            return self._end("fallida", e.codigo, str(e))
        if tabla.total:
            return self._apply(tabla)
        return self._end("fallida", "sin_filas", "El archivo no tiene filas.")

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
        done = self._make(session, tramo.filas)
        negados = [Negado(fila, fila, falla) for fila, falla in tramo.fallas]
        refused = self._write_negados(session, negados + done.fallas)
        self._record(
            session,
            total=total,
            cursor=tramo.hasta,
            filas=len(tramo.filas) - len(done.fallas) + refused,
            con_error=refused,
            **asdict(done.hecho),
        )

    def _make(self, session: Session, filas: list[Fila]) -> Aplicado:
        if self._taken.simulada:
            return preview_filas(session, filas, **self._ids)
        return apply_filas(session, filas, **self._ids, usuario_id=self._taken.usuario_id)

    def _deactivate(self, claves: Claves, *, total: int) -> bool:
        """What the file does not name is no longer sold; False when time ran out before the end."""
        with self._db.empresa(self._empresa_id) as session:
            ids = find_unnamed(session, **self._ids, nombrados=claves.named())
        size = self._settings.importacion_paso_filas
        for start in range(0, len(ids), size):
            with self._db.empresa(self._empresa_id) as session:
                gone = self._make_gone(session, ids[start : start + size])
                self._record(session, total=total, desactivados=gone)
            if time.monotonic() > self._until and start + size < len(ids):
                return False
        return True

    def _make_gone(self, session: Session, ids: Sequence[int]) -> int:
        if self._taken.simulada:
            return preview_deactivation(session, ids, **self._ids)
        return deactivate(session, ids, **self._ids, usuario_id=self._taken.usuario_id)

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


def _plain_name(name: str) -> str:
    """The last part of what the browser called it, printable and short."""
    last = PurePath(name.replace("\\", "/")).name
    return "".join(c for c in last if c.isprintable())[:200] or "archivo"
