"""What is due and unclaimed, by state: the rows whose bell was lost, whose worker died."""

from sqlalchemy import text

from core.db import Database
from core.mensajes.canales import due_canales
from core.mensajes.entregas import due_entregas
from core.ports import Cola, Tarea
from core.settings import Settings

# At most so many bells a sweep; the next one is two seconds away.
_LIMIT = 500

# A lease that ended without being given back: its process died or froze. The chat reruns alone.
# A row that somebody holds waits for the next sweep: the other chats are not to wait for it.
_EXPIRED = text(
    """
    UPDATE chat SET solo = true, lease_hasta = NULL
    FROM (
        SELECT empresa_id, id FROM chat WHERE lease_hasta < clock_timestamp()
        FOR UPDATE SKIP LOCKED
    ) expired
    WHERE chat.empresa_id = expired.empresa_id AND chat.id = expired.id
    """
)

_DUE = text(
    """
    UPDATE chat SET timbre_en = clock_timestamp()
    FROM (
        SELECT c.empresa_id, c.id FROM chat c JOIN empresa e ON e.id = c.empresa_id
        WHERE c.pendientes > 0 AND c.turno_desde < clock_timestamp() - interval '1 second'
          AND c.lease_hasta IS NULL AND NOT e.efimera
          AND (c.timbre_en IS NULL
               OR c.timbre_en < clock_timestamp() - make_interval(secs => :rering))
        ORDER BY c.turno_desde LIMIT :limit FOR UPDATE OF c SKIP LOCKED
    ) due
    WHERE chat.empresa_id = due.empresa_id AND chat.id = due.id
    RETURNING chat.empresa_id, chat.id, chat.solo
    """
)

_ABANDONED = text(
    """
    UPDATE chat SET solo = true, lease_hasta = NULL
    WHERE lease_de = :worker AND lease_hasta IS NOT NULL
    """
)


def ring_due_chats(db: Database, cola: Cola, settings: Settings) -> int:
    """Ring for every chat that should be worked on and is not; how many.

    Idempotent: a bell too many finds its chat leased or empty. Two sweeps at once are harmless.
    """
    with db.sistema() as session:
        session.execute(_EXPIRED)
        due = session.execute(_DUE, {"rering": settings.rering_segundos, "limit": _LIMIT}).all()
    for row in due:
        tarea = Tarea.ANSWER_CHAT_SOLO if row.solo else Tarea.ANSWER_CHAT
        cola.ring(tarea, empresa_id=row.empresa_id, chat_id=row.id)
    return len(due)


def ring_due_entregas(db: Database, cola: Cola, settings: Settings) -> int:
    """Ring for every reply that should be on its way and is not; how many. Idempotent."""
    with db.sistema() as session:
        due = due_entregas(session, rering_segundos=settings.rering_segundos)
    for empresa_id, mensaje_id in due:
        cola.ring(Tarea.DELIVER_MENSAJE, empresa_id=empresa_id, mensaje_id=mensaje_id)
    return len(due)


def ring_due_canales(db: Database, cola: Cola) -> int:
    """Ring for every canal that waits to be checked with its provider; how many. Idempotent."""
    with db.sistema() as session:
        due = due_canales(session)
    for empresa_id, canal_id in due:
        cola.ring(Tarea.CHECK_CANAL, empresa_id=empresa_id, canal_id=canal_id)
    return len(due)


def free_leases(db: Database, *, worker: str) -> int:
    """Give back what an earlier process of this name held when it died; how many chats.

    Called once when the process starts, so that recovery takes a restart, not a lease. Should
    two processes ever share a name, fencing tokens keep their work apart.
    """
    with db.sistema() as session:
        freed = session.execute(_ABANDONED, {"worker": worker})
        return int(freed.rowcount)  # type: ignore[attr-defined]
