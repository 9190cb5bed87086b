"""Reading a chat back, and what a person of the shop does in it."""

import secrets
from dataclasses import dataclass

from sqlalchemy import Select, bindparam, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from core.bitacora import append_evento, audit
from core.errors import ClienteDeBaja, Conflict, NotFound
from core.mensajes.turnos import INTERRUMPIDA
from core.models import Chat, Evento, Mensaje


@dataclass(frozen=True)
class EventoVisto:
    n: int
    tipo: str
    ref_id: int


def find_chat(session: Session, *, empresa_id: int, chat_id: str) -> Chat:
    """The chat of that public name. Raises NotFound."""
    chat = session.scalar(
        select(Chat).where(Chat.empresa_id == empresa_id, Chat.chat_id == chat_id)
    )
    if chat is None:
        raise NotFound
    return chat


def open_chat(session: Session, *, empresa_id: int, canal_id: int) -> Chat:
    """A new chat of a web channel, under a name that nobody can guess."""
    chat = Chat(
        empresa_id=empresa_id, canal_id=canal_id, chat_id=f"web-{secrets.token_urlsafe(16)}"
    )
    session.add(chat)
    session.flush()
    return chat


def read_mensajes(
    session: Session, *, empresa_id: int, chat_pk: int, last: int | None = None
) -> list[Mensaje]:
    """The chat's messages in order: all of them, or the `last` ones."""
    query = select(Mensaje).where(Mensaje.empresa_id == empresa_id, Mensaje.chat_id == chat_pk)
    if last is None:
        return list(session.scalars(query.order_by(Mensaje.orden)))
    newest = session.scalars(query.order_by(Mensaje.orden.desc()).limit(last)).all()
    return list(reversed(newest))


def read_eventos(
    session: Session, *, empresa_id: int, chat_pk: int, after: int
) -> list[EventoVisto]:
    """What happened in the chat after event `after`, in order, 200 at most."""
    rows = session.execute(
        select(Evento.n, Evento.tipo, Evento.ref_id)
        .where(Evento.empresa_id == empresa_id, Evento.chat_id == chat_pk, Evento.n > after)
        .order_by(Evento.n)
        .limit(200)
    )
    return [EventoVisto(*row) for row in rows]


def find_respuesta(
    session: Session, *, empresa_id: int, mensaje_id: int
) -> tuple[Mensaje, Mensaje | None] | None:
    """(the message, the reply of its turn or None); None itself while it still waits."""
    mensaje = session.get(Mensaje, (empresa_id, mensaje_id), populate_existing=True)
    if mensaje is None or mensaje.estado == "pendiente":
        return None
    if mensaje.respuesta_id is None:
        return mensaje, None
    return mensaje, session.get(Mensaje, (empresa_id, mensaje.respuesta_id))


def chats_of(empresa_id: int, *, espera_humano: bool | None = None) -> Select[Chat]:
    """All chats of customers, to be paged by (actualizado_en, id)."""
    mine = select(Chat).where(Chat.empresa_id == empresa_id, ~Chat.equipo)
    return mine if espera_humano is None else mine.where(Chat.espera_humano.is_(espera_humano))


# When the chat goes back to the bot, counted from now; NULL, which is never, for 0 minutes. What is
# no number counts as not set (core.cuentas.ajustes); the default is the same.
DEVOLVER_EN = """
    now() + make_interval(mins => (
        SELECT nullif(CASE jsonb_typeof(e.ajustes -> 'minutos_silencio_persona') WHEN 'number'
            THEN (e.ajustes ->> 'minutos_silencio_persona')::numeric::int ELSE 120 END, 0)
        FROM empresa e WHERE e.id = :empresa_id))
"""
# The token moves, so the running turn cannot record; its messages are read in silence.
_TAKE_OVER = text(
    f"""
    UPDATE chat SET ia_activa = false, espera_humano = false, token = token + 1,
        lease_de = NULL, lease_hasta = NULL, turno_desde = now(),
        conversacion = conversacion || :interrumpida,
        tomado_en = CASE WHEN tomado_por = :actor THEN tomado_en ELSE now() END,
        tomado_por = :actor, devolver_en = {DEVOLVER_EN}
    WHERE empresa_id = :empresa_id AND id = :chat_id
    """
).bindparams(bindparam("interrumpida", type_=JSONB))
# The `error` of a reply that is fallida because it was withdrawn.
RETIRADA = "retirada"
# Not what tells of a sale, nor what has begun to leave.
_WITHDRAW = text(
    f"""
    UPDATE mensaje SET entrega = 'fallida', error = '{RETIRADA}', entrega_desde = now()
    WHERE empresa_id = :empresa_id AND chat_id = :chat_id AND remitente = 'bot'
      AND entrega IN ('pendiente', 'retenida') AND entrega_partes = 0 AND venta_id IS NULL
    """
)


def take_over(session: Session, *, empresa_id: int, chat_id: str, actor: str) -> Chat:
    """A person has the chat from now on; a turn that is not yet recorded is cancelled, and a reply
    that has not begun to leave is withdrawn, unless it tells of a sale.

    What waits unanswered is the person's to read, and a yes after this is no answer to what the
    bot had offered. Repeating it changes nothing more.
    """
    chat = find_chat(session, empresa_id=empresa_id, chat_id=chat_id)
    key = {"empresa_id": empresa_id, "chat_id": chat.id}
    session.execute(_TAKE_OVER, {**key, "actor": actor, "interrumpida": INTERRUMPIDA})
    session.execute(_WITHDRAW, key)
    audit(
        session, empresa_id=empresa_id, accion="chat.tomar", actor=actor, objeto=f"chat:{chat.id}"
    )
    session.refresh(chat)
    return chat


def hand_back(session: Session, *, empresa_id: int, chat_id: str, actor: str) -> Chat:
    """The bot answers again, from the next message on: who hands back has read what is there."""
    chat = find_chat(session, empresa_id=empresa_id, chat_id=chat_id)
    chat.ia_activa = True
    chat.resumen = chat.tomado_por = chat.tomado_en = chat.devolver_en = None
    audit(
        session,
        empresa_id=empresa_id,
        accion="chat.devolver",
        actor=actor,
        objeto=f"chat:{chat.id}",
    )
    session.flush()
    return chat


_WRITE = text(
    f"""
    WITH c AS (
        UPDATE chat SET ultimo_orden = ultimo_orden + 1, actualizado_en = now(),
            devolver_en = {DEVOLVER_EN}
        WHERE empresa_id = :empresa_id AND id = :chat_id
        RETURNING id, canal_id, ultimo_orden, estado_venta
    )
    INSERT INTO mensaje (empresa_id, canal_id, chat_id, orden, remitente, texto, estado_venta,
        usuario_id, entrega, entrega_desde)
    SELECT :empresa_id, c.canal_id, c.id, ultimo_orden, 'agente', :texto, estado_venta,
        :usuario_id, CASE canal.tipo WHEN 'web' THEN 'enviada' ELSE 'pendiente' END,
        CASE canal.tipo WHEN 'web' THEN NULL ELSE now() END
    FROM c JOIN canal ON canal.empresa_id = :empresa_id AND canal.id = c.canal_id
    RETURNING id, entrega
    """
)


def write_as_person(
    session: Session, *, empresa_id: int, chat_id: str, texto: str, usuario_id: int | None
) -> tuple[Chat, int, bool]:
    """A person's own message to the customer: (chat, mensaje id, whether it must be sent).

    Raises Conflict while the bot has the chat: two voices at once confuse the customer;
    ClienteDeBaja when they asked for no more messages.
    """
    chat = find_chat(session, empresa_id=empresa_id, chat_id=chat_id)
    if chat.ia_activa:
        raise Conflict("Toma el chat antes de escribir en él.")
    if chat.baja:
        raise ClienteDeBaja("El cliente pidió que no le escribamos, y no ha vuelto a preguntar.")
    row = session.execute(
        _WRITE,
        {
            "empresa_id": empresa_id,
            "chat_id": chat.id,
            "texto": texto,
            "usuario_id": usuario_id,
        },
    ).one()
    append_evento(session, empresa_id=empresa_id, chat_id=chat.id, tipo="mensaje", ref_id=row.id)
    return chat, row.id, row.entrega == "pendiente"
