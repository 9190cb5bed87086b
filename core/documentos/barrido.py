"""Documentos that are due and unclaimed: a bell was lost, a worker died, the model is another."""

from typing import Any

from sqlalchemy import text

from core.db import Database
from core.ports import Cola, Tarea

_DUE = text(
    """
    SELECT d.empresa_id, d.id FROM documento d JOIN empresa e ON e.id = d.empresa_id
    WHERE NOT e.efimera AND d.estado <> 'fallido'
      AND (d.estado = 'en_cola' OR d.modelo IS DISTINCT FROM cast(:modelo AS text))
      AND (d.lease_hasta IS NULL OR d.lease_hasta < clock_timestamp())
      AND (d.proximo_intento IS NULL OR d.proximo_intento < clock_timestamp())
      AND d.actualizado_en < clock_timestamp() - interval '1 second'
    ORDER BY d.empresa_id, d.id LIMIT 500
    """
)
_ABANDONED = text(
    "UPDATE documento SET lease_hasta = NULL WHERE lease_de = :worker AND lease_hasta IS NOT NULL"
)


def ring_due_documentos(db: Database, cola: Cola, *, modelo: str | None) -> int:
    """Ring for every documento that is not read, or has not its vectors by `modelo`; how many.

    Idempotent: a bell too many finds it leased or done.
    """
    with db.sistema() as session:
        due = session.execute(_DUE, {"modelo": modelo}).all()
    for row in due:
        cola.ring(Tarea.INDEX_DOCUMENTO, empresa_id=row.empresa_id, documento_id=row.id)
    return len(due)


def free_documentos(db: Database, *, worker: str) -> int:
    """Give back what an earlier process of this name held when it died; how many. Called once
    when the process starts."""
    with db.sistema() as session:
        freed: Any = session.execute(_ABANDONED, {"worker": worker})
        return int(freed.rowcount)
