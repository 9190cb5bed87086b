"""Importaciones and vectors that are due and unclaimed: a bell was lost, or a worker died."""

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
_DUE_VECTORES = text(
    """
    SELECT e.id FROM empresa e LEFT JOIN indexacion i ON i.empresa_id = e.id
    WHERE NOT e.efimera AND e.catalogo_version > 0
      AND (i.lease_hasta IS NULL OR i.lease_hasta < clock_timestamp())
      AND (i.proximo_intento IS NULL OR i.proximo_intento < clock_timestamp()
           OR i.modelo IS DISTINCT FROM :modelo)
      AND (i.empresa_id IS NULL OR i.visto < e.catalogo_version
           OR i.modelo IS DISTINCT FROM :modelo
           OR EXISTS (SELECT 1 FROM importacion p
                      WHERE p.empresa_id = e.id AND p.estado = 'indexando'))
    ORDER BY e.id LIMIT 500
    """
)
_ABANDONED = [
    text(
        f"UPDATE {table} SET lease_hasta = NULL "
        "WHERE lease_de = :worker AND lease_hasta IS NOT NULL"
    )
    for table in ("importacion", "indexacion")
]


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


def ring_due_vectores(db: Database, cola: Cola, *, modelo: str | None) -> int:
    """Ring for every empresa that has not all its vectors by `modelo`; how many.

    Idempotent: a bell too many finds it leased or done.
    """
    with db.sistema() as session:
        due = session.scalars(_DUE_VECTORES, {"modelo": modelo}).all()
    for empresa_id in due:
        cola.ring(Tarea.EMBED_STEP, empresa_id=empresa_id)
    return len(due)


def free_catalogo(db: Database, *, worker: str) -> int:
    """Give back what an earlier process of this name held when it died; how many. Called once
    when the process starts."""
    with db.sistema() as session:
        freed: list[Any] = [session.execute(s, {"worker": worker}) for s in _ABANDONED]
        return sum(int(f.rowcount) for f in freed)
