"""The changes of an earlier importacion carried out as its preview showed them, or taken back."""

import time
from dataclasses import asdict

from sqlalchemy import text
from sqlalchemy.orm import Session

from core.catalogo.importaciones.cambios import SIN_FILA, Negado, carry_out
from core.catalogo.importaciones.encargos import DESHACER
from core.catalogo.importaciones.origen import MOVIDO, Tramo, next_tramo, stage_tramo
from core.catalogo.importaciones.trabajo import INTENTOS, Paso, Trabajo
from core.catalogo.productos import next_version
from core.catalogo.reglas import Falla

# The cursor once what the preview never saw was told, after every change.
_TOLD = 1 << 62

_TOTAL = text(
    """
    SELECT CASE WHEN :deshacer
        THEN (SELECT count(*) FROM importacion_cambio WHERE empresa_id = :empresa_id
                AND importacion_id = :origen_id AND accion NOT IN ('error', 'sin_cambios'))
        ELSE (SELECT filas_total FROM importacion WHERE empresa_id = :empresa_id
                AND id = :origen_id) END
    """
)
# Lines that the preview already refused are refused in the same words.
_COPY_FALLAS = text(
    """
    WITH malas AS (
        INSERT INTO importacion_cambio (empresa_id, importacion_id, n, fila, accion)
        SELECT empresa_id, :importacion_id, n, fila, accion FROM importacion_cambio
        WHERE empresa_id = :empresa_id AND importacion_id = :origen_id AND accion = 'error'
          AND n > :desde AND n <= :hasta
        RETURNING fila
    ), copiadas AS (
        INSERT INTO importacion_fila
            (empresa_id, importacion_id, fila, n, columna, codigo, mensaje)
        SELECT f.empresa_id, :importacion_id, f.fila, f.n, f.columna, f.codigo, f.mensaje
        FROM importacion_fila f JOIN malas ON malas.fila = f.fila
        WHERE f.empresa_id = :empresa_id AND f.importacion_id = :origen_id
    )
    SELECT count(*) FROM malas
    """
)
# On sale now, not among what the preview saw or made, and new or changed since it was asked for.
_UNSEEN = text(
    """
    SELECT p.id, p.nombre FROM producto p
    WHERE p.empresa_id = :empresa_id AND p.activo
      AND p.version > (SELECT version_hasta FROM importacion
                       WHERE empresa_id = :empresa_id AND id = :origen_id)
      AND NOT EXISTS (
          SELECT FROM importacion_cambio c WHERE c.empresa_id = :empresa_id
            AND c.importacion_id IN (:origen_id, :importacion_id) AND c.producto_id = p.id)
      AND NOT EXISTS (
          SELECT FROM importacion_cambio c WHERE c.empresa_id = :empresa_id
            AND c.importacion_id = :origen_id AND c.clave = p.clave)
    ORDER BY p.id
    """
)


class Repeticion(Trabajo):
    """The origin's changes, in their order and in chunks, from where the last step came to."""

    def run(self) -> Paso:
        if self._taken.intentos > INTENTOS:
            return self._end("fallida", "interno", "La importación no se pudo procesar.")
        cursor, total = self._taken.cursor, self._count()
        while (tramo := self._next(cursor)) is not None:
            with self._db.empresa(self._empresa_id) as session:
                self._carry(session, tramo, total)
            cursor = tramo.hasta
            if time.monotonic() > self._until:
                return self._pause()
        if self._taken.modo == "reemplazar" and cursor < _TOLD:
            with self._db.empresa(self._empresa_id) as session:
                self._tell_unseen(session, total)
        return self._end("indexando")

    @property
    def _deshacer(self) -> bool:
        return bool(self._taken.modo == DESHACER)

    @property
    def _from(self) -> dict[str, int]:
        return {"empresa_id": self._empresa_id, "origen_id": self._taken.origen_id}

    def _count(self) -> int:
        with self._db.empresa(self._empresa_id) as session:
            total = session.scalars(_TOTAL, self._from | {"deshacer": self._deshacer}).one()
            self._record(session, total=total)
        return int(total)

    def _next(self, cursor: int) -> Tramo | None:
        size = self._settings.importacion_paso_filas
        with self._db.empresa(self._empresa_id) as session:
            return next_tramo(
                session, **self._from, desde=cursor, deshacer=self._deshacer, size=size
            )

    def _carry(self, session: Session, tramo: Tramo, total: int) -> None:
        version, moneda = next_version(session, empresa_id=self._empresa_id)
        negados = stage_tramo(
            session,
            tramo,
            **self._ids,
            origen_id=self._taken.origen_id,
            deshacer=self._deshacer,
        )
        reported = {negado.n for negado in negados}
        hecho = carry_out(
            session,
            **self._ids,
            usuario_id=self._taken.usuario_id,
            version=version,
            moneda=moneda,
            besides=reported,
        )
        refused = self._write_negados(session, negados)
        if not self._deshacer:
            range_ = {"desde": tramo.desde, "hasta": tramo.hasta}
            copied = session.scalars(_COPY_FALLAS, self._ids | self._from | range_).one()
            refused += copied
        self._record(
            session,
            total=total,
            cursor=tramo.hasta,
            filas=tramo.filas if self._deshacer else tramo.lineas,
            con_error=refused,
            **asdict(hecho),
        )

    def _tell_unseen(self, session: Session, total: int) -> None:
        """The file would have taken these out of sale; nobody was shown so, and they stay."""
        unseen = session.execute(_UNSEEN, self._ids | self._from).all()
        mensaje = "«{}» es nuevo o cambió desde la simulación y el archivo no lo nombra: se deja."
        negados = [
            Negado(SIN_FILA + p.id, None, Falla(None, MOVIDO, mensaje.format(p.nombre)), p.id)
            for p in unseen
        ]
        refused = self._write_negados(session, negados)
        self._record(session, total=total, cursor=_TOLD, con_error=refused)
