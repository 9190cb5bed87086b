"""Replies that a provider takes only once the customer has written again: held, then let go."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

from core.mensajes.salida import VENTANA

# The token moves: what the provider still has to say of an earlier try is about nothing any more.
# Rows are locked in the order of their ids, as by the news of them.
_RELEASE = text(
    f"""
    WITH h AS (
        SELECT m.id FROM mensaje m
        JOIN chat c ON c.empresa_id = m.empresa_id AND c.id = m.chat_id
        WHERE m.empresa_id = :empresa_id AND m.chat_id = ANY(:chats) AND m.entrega = 'retenida'
          AND c.escrito_en > now() - interval '{VENTANA}'
        ORDER BY m.id FOR UPDATE OF m
    ), r AS (
        UPDATE mensaje SET entrega = 'pendiente', entrega_desde = now(), timbre_en = NULL,
            error = NULL, entrega_intentos = 0, entrega_token = entrega_token + 1
        WHERE empresa_id = :empresa_id AND id IN (SELECT id FROM h) AND entrega = 'retenida'
        RETURNING id, chat_id, orden
    )
    SELECT DISTINCT ON (chat_id) id FROM r ORDER BY chat_id, orden
    """
)


def release_retenidas(session: Session, *, empresa_id: int, chats: Sequence[int]) -> list[int]:
    """The customers of `chats` wrote: what was held back for them leaves, in order, before any
    answer, unless what they wrote is old and came late. Returns the first of each chat, to be rung
    for after the commit. The chats are locked.
    """
    values = {"empresa_id": empresa_id, "chats": list(chats)}
    return list(session.scalars(_RELEASE, values))
