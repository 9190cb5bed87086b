"""A step over one leased importacion, whatever it does: its row, written under a fencing token so
that a worker that was thought dead writes nothing, and told to who watches."""

import json
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from sqlalchemy import Result, TextClause, text
from sqlalchemy.orm import Session

from core.bitacora import audit, notify
from core.catalogo.importaciones.cambios import Negado, lost_if_gone
from core.db import DATABASE_DOWN, Database
from core.errors import LeaseLost
from core.settings import Settings

# Renewed after each chunk, which takes a second or two, and every few seconds while a workbook is
# read, but for its table of texts: the largest takes two minutes on a busy machine. A process that
# died and restarts gives its leases back at once.
LEASE_SEGUNDOS = 240.0
# Processes that died over one importacion without a chunk to show for it.
INTENTOS = 5


@dataclass(frozen=True, slots=True)
class Paso:
    """How a step ended: "nada" (not ours to do), "perdido" (another worker took it), "sigue", or
    the estado it left. filas: how many ended as creados, actualizados, …, in this step; of a
    simulada none did."""

    estado: str
    filas: dict[str, int] = field(default_factory=dict)


# The fence: whoever took the row after us has another token.
_PROGRESS = text(
    """
    UPDATE importacion
    SET lease_hasta = clock_timestamp() + make_interval(secs => :lease), estado = :estado,
        intentos = CASE WHEN :cursor > 0 OR :desactivados > 0 THEN 0 ELSE intentos END,
        cursor = greatest(cursor, :cursor), filas_total = :total,
        filas_procesadas = filas_procesadas + :filas,
        creados = creados + :creados, actualizados = actualizados + :actualizados,
        sin_cambios = sin_cambios + :sin_cambios, con_error = con_error + :con_error,
        desactivados = desactivados + :desactivados
    WHERE empresa_id = :empresa_id AND id = :importacion_id AND token = :token
    """
)
# `indexando` is completed by who gives the vectors (core.catalogo.busqueda.indexar).
_END = text(
    """
    UPDATE importacion
    SET estado = :estado, error = cast(:error AS jsonb), contenido = NULL, lease_hasta = NULL,
        version_hasta = CASE WHEN simulada THEN version_hasta ELSE
            (SELECT catalogo_version FROM empresa WHERE id = :empresa_id) END,
        cambios_hasta = clock_timestamp() + make_interval(hours => :horas),
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
# Of what no line names, the producto tells one error from another: 16 columns are more than it has.
_WRITE_NEGADOS = text(
    """
    WITH f AS (
        SELECT * FROM unnest(cast(:ns AS bigint[]), cast(:filas AS bigint[]),
                             cast(:productos AS bigint[]), cast(:columnas AS text[]),
                             cast(:codigos AS text[]), cast(:mensajes AS text[]))
                      WITH ORDINALITY AS f (n, fila, producto_id, columna, codigo, mensaje, orden)
    ), anotado AS (
        INSERT INTO importacion_cambio (empresa_id, importacion_id, n, fila, producto_id, accion)
        SELECT DISTINCT ON (n) :empresa_id, :importacion_id, n, fila, producto_id, 'error' FROM f
        ORDER BY n, orden
        ON CONFLICT DO NOTHING
    )
    INSERT INTO importacion_fila (empresa_id, importacion_id, fila, n, columna, codigo, mensaje)
    SELECT :empresa_id, :importacion_id, coalesce(fila, 0),
           CASE WHEN fila IS NULL THEN producto_id * 16 ELSE 0 END
               + row_number() OVER (PARTITION BY n ORDER BY orden),
           columna, codigo, mensaje
    FROM f
    """
)


class Trabajo(ABC):
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

    @abstractmethod
    def run(self) -> Paso:
        """Go on until it ends or time is over. Raises LeaseLost."""

    def release(self) -> None:
        """Give the lease back after an error, so that the next try need not wait for its end."""
        try:
            self._pause()
        except DATABASE_DOWN:
            return

    def _write_negados(self, session: Session, negados: Sequence[Negado]) -> int:
        """Keep every error; how many lines they are of."""
        values = self._ids | {
            "ns": [r.n for r in negados],
            "filas": [r.fila for r in negados],
            "productos": [r.producto_id for r in negados],
            "columnas": [r.falla.columna for r in negados],
            "codigos": [r.falla.codigo for r in negados],
            "mensajes": [r.falla.mensaje for r in negados],
        }
        with lost_if_gone():
            session.execute(_WRITE_NEGADOS, values)
        return len({r.n for r in negados})

    def _record(
        self,
        session: Session,
        *,
        total: int,
        filas: int = 0,
        estado: str = "procesando",
        **counts: int,
    ) -> None:
        """`filas` of `total` more are behind us."""
        values = dict.fromkeys(("cursor", *_FILAS), 0) | counts
        self._fenced(session, _PROGRESS, total=total, filas=filas, estado=estado, **values)
        if not self._taken.simulada:
            self._filas.update({name: values[name] for name in _FILAS})

    def _pause(self) -> Paso:
        with self._db.empresa(self._empresa_id) as session:
            session.execute(_PAUSE, self._key())
        return Paso("sigue", dict(self._filas))

    def _end(self, estado: str, codigo: str = "", detalle: str = "") -> Paso:
        error = json.dumps({"codigo": codigo, "mensaje": detalle}) if codigo else None
        simulada = self._taken.simulada
        if simulada and not codigo:
            estado = "completada"  # nothing of it is to be found
        kept = self._settings.importacion_vista_horas
        if not simulada:
            kept = self._settings.importacion_cambios_dias * 24
        with self._db.empresa(self._empresa_id) as session:
            ended = self._fenced(session, _END, estado=estado, error=error, horas=kept)
            if not simulada:
                audit(
                    session,
                    empresa_id=self._empresa_id,
                    accion="importacion.terminar",
                    actor="sistema",
                    objeto=f"importacion:{self._importacion_id}",
                    estado=estado,
                    error=codigo or None,
                    **ended.one()._asdict(),
                )
        return Paso(estado, dict(self._filas))

    def _fenced(self, session: Session, statement: TextClause, **values: object) -> Result[Any]:
        """Write our row, or roll everything back: whoever took it after us has another token."""
        done: Any = session.execute(statement, self._key() | values | {"lease": LEASE_SEGUNDOS})
        if done.rowcount != 1:
            raise LeaseLost
        notify(session, empresa_id=self._empresa_id, tema=f"i{self._importacion_id}")
        return cast(Result[Any], done)

    @property
    def _ids(self) -> dict[str, int]:
        return {"empresa_id": self._empresa_id, "importacion_id": self._importacion_id}

    def _key(self) -> dict[str, object]:
        return self._ids | {"token": self._taken.token}
