"""Importaciones that are due and unclaimed, because their bell was lost or their worker died, and
those whose changes have been kept long enough."""

from typing import Any

from sqlalchemy import text

from core.db import Database
from core.ports import Cola, Tarea

# An importacion that is `indexando` waits for vectors only: the next file need not wait for it.
_OPEN = "estado IN ('en_cola', 'procesando')"
_NEXT = text(f"SELECT min(id) FROM importacion WHERE empresa_id = :empresa_id AND {_OPEN}")
# The oldest open one of each empresa, unless somebody holds it.
_DUE = text(
    f"""
    SELECT i.empresa_id, i.id FROM importacion i
    JOIN (SELECT empresa_id, min(id) AS id FROM importacion WHERE {_OPEN} GROUP BY empresa_id) o
      USING (empresa_id, id)
    JOIN empresa e ON e.id = i.empresa_id
    WHERE NOT e.efimera AND (lease_hasta IS NULL OR lease_hasta < clock_timestamp())
      AND i.creada_en < clock_timestamp() - interval '1 second'
    ORDER BY i.empresa_id LIMIT 500
    """
)
_EXPIRED = text(
    """
    SELECT i.empresa_id, i.id FROM importacion i JOIN empresa e ON e.id = i.empresa_id
    WHERE NOT e.efimera AND i.cambios_hasta < clock_timestamp()
    ORDER BY i.cambios_hasta LIMIT 100
    """
)
# The origin's row first, as who asks for a follower locks it: none comes between.
_FORGET = text(
    """
    UPDATE importacion i SET cambios_hasta = NULL
    WHERE empresa_id = :empresa_id AND id = :importacion_id AND cambios_hasta < clock_timestamp()
      AND NOT EXISTS (
          SELECT 1 FROM importacion s
          WHERE s.empresa_id = :empresa_id AND s.origen_id = i.id
            AND s.estado IN ('en_cola', 'procesando'))
    """
)
_FORGET_CAMBIOS = text(
    """
    DELETE FROM importacion_cambio
    WHERE empresa_id = :empresa_id AND importacion_id = :importacion_id
    """
)
_ABANDONED = text(
    """
    UPDATE importacion SET lease_hasta = NULL
    WHERE lease_de = :worker AND lease_hasta IS NOT NULL
    """
)


def ring_next(db: Database, cola: Cola, *, empresa_id: int) -> None:
    """One importacion of this empresa has ended: the next one need not wait for the sweep."""
    with db.empresa(empresa_id) as session:
        waiting = session.scalar(_NEXT, {"empresa_id": empresa_id})
    if waiting is not None:
        cola.ring(Tarea.IMPORT_STEP, empresa_id=empresa_id, importacion_id=waiting)


def ring_due_importaciones(db: Database, cola: Cola) -> int:
    """Ring for every importacion that should be worked on and is not; how many.

    Idempotent: a bell too many finds it leased or finished.
    """
    with db.sistema() as session:
        due = session.execute(_DUE).all()
    for row in due:
        cola.ring(Tarea.IMPORT_STEP, empresa_id=row.empresa_id, importacion_id=row.id)
    return len(due)


def ring_expired_cambios(db: Database, cola: Cola) -> int:
    """Ring for every importacion whose changes need not be kept any longer; how many."""
    with db.sistema() as session:
        expired = session.execute(_EXPIRED).all()
    for row in expired:
        cola.ring(Tarea.FORGET_CAMBIOS, empresa_id=row.empresa_id, importacion_id=row.id)
    return len(expired)


def forget_cambios(db: Database, *, empresa_id: int, importacion_id: int) -> bool:
    """Delete the changes of an importacion if their time is over, and nobody is applying or undoing
    them; its counts and errors stay. Saying it twice changes nothing."""
    ids = {"empresa_id": empresa_id, "importacion_id": importacion_id}
    with db.empresa(empresa_id) as session:
        done: Any = session.execute(_FORGET, ids)
        if done.rowcount:
            session.execute(_FORGET_CAMBIOS, ids)
        return bool(done.rowcount)


def free_importaciones(db: Database, *, worker: str) -> int:
    """Give back what an earlier process of this name held when it died; how many. Called once
    when the process starts."""
    with db.sistema() as session:
        freed: Any = session.execute(_ABANDONED, {"worker": worker})
        return int(freed.rowcount)
