"""A person took a chat and fell silent: the bot has it again, and answers what nobody did."""

from sqlalchemy import text

from core.bitacora import audit
from core.db import Database
from core.mensajes.equipo.avisos import Suceso, Timbres, tell
from core.mensajes.equipo.palabras import asunto, di, nombre_de
from core.ports import Cola, Tarea

_LIMIT = 200

_DUE = text(
    """
    SELECT c.empresa_id, c.id FROM chat c JOIN empresa e ON e.id = c.empresa_id
    WHERE c.devolver_en < now() AND NOT e.efimera ORDER BY c.devolver_en LIMIT :limit
    """
)
# Somebody may have set the shop to "never" since, or written a moment ago. Who is told no more does
# not come back: their chats do not wait for them.
_HOLD = text(
    """
    SELECT c.id, c.chat_id, c.tomado_por, c.token, c.ia_activa, c.equipo, cl.nombre,
        coalesce(e.ajustes -> 'minutos_silencio_persona' = '0', false)
        AND NOT (c.tomado_por LIKE 'destinatario:%' AND NOT EXISTS (
            SELECT FROM destinatario d WHERE d.empresa_id = c.empresa_id
              AND 'destinatario:' || d.id = c.tomado_por)) AS nunca
    FROM chat c JOIN empresa e ON e.id = c.empresa_id
    LEFT JOIN cliente cl ON cl.empresa_id = c.empresa_id AND cl.id = c.cliente_id
    WHERE c.empresa_id = :empresa_id AND c.id = :chat_id AND c.devolver_en <= clock_timestamp()
    FOR UPDATE OF c
    """
)
_NEVER = text("UPDATE chat SET devolver_en = NULL WHERE empresa_id = :empresa_id AND id = :chat_id")
# What came after the last word of anybody of the shop; a reply that was withdrawn is no word.
_UNANSWERED = text(
    """
    UPDATE mensaje SET estado = 'pendiente', respuesta_id = NULL
    WHERE empresa_id = :empresa_id AND chat_id = :chat_id AND remitente = 'usuario'
      AND estado = 'procesado' AND orden > (
        SELECT coalesce(max(orden), 0) FROM mensaje d
        WHERE d.empresa_id = :empresa_id AND d.chat_id = :chat_id AND d.remitente <> 'usuario'
          AND d.error IS DISTINCT FROM 'retirada')
    """
)
_BACK = text(
    """
    UPDATE chat SET ia_activa = true, resumen = NULL,
        tomado_por = NULL, tomado_en = NULL, devolver_en = NULL,
        token = token + 1, lease_de = NULL, lease_hasta = NULL,
        pendientes = pendientes + :n, turno_desde = now(), rafaga_hasta = now()
    WHERE empresa_id = :empresa_id AND id = :chat_id
    RETURNING pendientes
    """
)


def ring_silent_chats(db: Database, cola: Cola) -> int:
    """Ring for every chat whose person has been silent for too long; how many. Idempotent."""
    with db.sistema() as session:
        due = session.execute(_DUE, {"limit": _LIMIT}).all()
    for row in due:
        cola.ring(Tarea.HAND_BACK, empresa_id=row.empresa_id, chat_id=row.id)
    return len(due)


def hand_back_silent(db: Database, cola: Cola, *, empresa_id: int, chat_id: int) -> bool:
    """Give the chat back to the bot, which then answers whatever the customer wrote since anybody
    last answered; False when it is not (any more) time for that. Repeating it changes nothing.
    """
    key = {"empresa_id": empresa_id, "chat_id": chat_id}
    with db.empresa(empresa_id) as session:
        row = session.execute(_HOLD, key).one_or_none()
        if row is None:
            return False
        if row.nunca or row.ia_activa:
            session.execute(_NEVER, key)
            return False
        waiting = 0
        if not row.equipo:  # what the shop's own people wrote has been done, if silently
            waiting = session.execute(_UNANSWERED, key).rowcount  # type: ignore[attr-defined]
        waiting = session.execute(_BACK, {**key, "n": waiting}).scalar_one()
        audit(
            session,
            empresa_id=empresa_id,
            accion="chat.devolver",
            actor="sistema",
            objeto=f"chat:{chat_id}",
            motivo="silencio",
        )
        told: Timbres = ()
        kind, _, number = (row.tomado_por or "").partition(":")
        if kind == "destinatario":
            nombre = nombre_de({"nombre": row.nombre})
            suceso = Suceso(
                clave=f"devuelto:{chat_id}:{row.token}",
                asunto=asunto("devuelto", nombre=nombre),
                texto=di("devuelto", nombre=nombre),
                chat_id=chat_id,
                publico=row.chat_id,
            )
            told = tell(session, suceso, empresa_id=empresa_id, solo=int(number))
    for tarea, ids in told:
        cola.ring(tarea, **ids)
    if waiting:
        cola.ring(Tarea.ANSWER_CHAT, empresa_id=empresa_id, chat_id=chat_id)
    return True
