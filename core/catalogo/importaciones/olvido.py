"""The changes of importaciones, once they have been kept long enough."""

from typing import Any

from sqlalchemy import text

from core.db import Database
from core.ports import Cola, Tarea

_EXPIRED = text(
    """
    SELECT i.empresa_id, i.id FROM importacion i JOIN empresa e ON e.id = i.empresa_id
    WHERE NOT e.efimera AND i.cambios_hasta < clock_timestamp()
    ORDER BY i.cambios_hasta LIMIT 100
    """
)
# The importacion's own row first, as who asks to apply or undo it locks it: none comes between.
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
