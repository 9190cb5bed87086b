"""What happens at the shop's own phone: the owner answers there, and a customer's wishes there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, text, update
from sqlalchemy.orm import Session

from core.bitacora import append_evento
from core.db import Database
from core.errors import Unavailable
from core.mensajes.historial import DEVOLVER_EN, take_over
from core.mensajes.identidad import ChatDe, Persona, seek_person
from core.mensajes.lotes import find_chats, is_known, lock_chats
from core.models import Chat

# Who took the chat, in the audit trail.
ACTOR = "telefono"


@dataclass(frozen=True)
class Eco:
    """A message that a person of the shop sent to `persona` from the provider's own app."""

    persona: Persona
    id_externo: str
    tipo: str
    texto: str
    orden: int = 0


@dataclass(frozen=True)
class Preferencia:
    """baja: wants no messages that the shop begins; else wants them again. momento: when they said
    so, by the provider's clock."""

    persona: Persona
    baja: bool
    momento: datetime | None = None


_WRITE = text(
    f"""
    WITH c AS (
        UPDATE chat SET ultimo_orden = ultimo_orden + 1, actualizado_en = now(),
            devolver_en = {DEVOLVER_EN}
        WHERE empresa_id = :empresa_id AND id = :chat_id
        RETURNING id, canal_id, ultimo_orden, estado_venta
    )
    INSERT INTO mensaje (empresa_id, canal_id, chat_id, orden, remitente, tipo, texto, estado_venta,
        entrega, entrega_desde, id_externo, orden_externo, id_proveedor)
    SELECT :empresa_id, canal_id, id, ultimo_orden, 'agente', :tipo, :texto, estado_venta,
        'enviada', now(), :wamid, :orden, :wamid
    FROM c RETURNING id
    """
)


def receive_ecos(db: Database, *, empresa_id: int, canal_id: int, ecos: Sequence[Eco]) -> int:
    """Store what the owner wrote, each once, and give them the chat, as if they had taken it; how
    many were new. What we sent ourselves is no echo. Raises Unavailable like an intake."""
    if not ecos:
        return 0
    chats = find_chats(db, empresa_id, canal_id, [e.persona for e in ecos])
    with db.empresa(empresa_id) as session:
        if not lock_chats(session, empresa_id, [c.id for c in chats.values()]):
            raise Unavailable("Un chat se borró entretanto; vuelve a enviarlo.")
        return sum(_keep(session, empresa_id, chats[eco.persona], eco) for eco in ecos)


def _keep(session: Session, empresa_id: int, chat: ChatDe, eco: Eco) -> bool:
    key = {"empresa_id": empresa_id, "chat_id": chat.id}
    if is_known(session, **key, id_proveedor=eco.id_externo):
        return False
    if session.scalar(
        text("SELECT ia_activa FROM chat WHERE empresa_id = :empresa_id AND id = :chat_id"), key
    ):
        take_over(session, empresa_id=empresa_id, chat_id=chat.chat_id, actor=ACTOR)
    said = {"tipo": eco.tipo, "texto": eco.texto, "wamid": eco.id_externo, "orden": eco.orden}
    mensaje_id = session.scalars(_WRITE, {**key, **said}).one()
    append_evento(session, **key, tipo="mensaje", ref_id=mensaje_id)
    return True


def keep_preferencias(
    db: Database, *, empresa_id: int, canal_id: int, preferencias: Sequence[Preferencia]
) -> None:
    """The last word of each counts, whatever comes late or again. Of somebody who never wrote there
    is nothing to keep."""
    with db.empresa(empresa_id) as session:
        for p in preferencias:
            chat = seek_person(session, empresa_id=empresa_id, canal_id=canal_id, persona=p.persona)
            if chat is not None:
                momento = func.coalesce(p.momento, func.now())
                session.execute(
                    update(Chat)
                    .where(
                        Chat.empresa_id == empresa_id,
                        Chat.id == chat.id,
                        func.coalesce(Chat.preferencia_en < momento, True),
                    )
                    .values(baja=p.baja, preferencia_en=momento)
                    .execution_options(synchronize_session=False)
                )
