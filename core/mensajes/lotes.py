"""Intake of many messages at once, as a provider's one POST brings them: all of them or none.

What is stored already is known by its key, so a POST that comes again stores only what is new.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, text
from sqlalchemy.orm import Session

from core.db import DATABASE_DOWN, Database
from core.errors import Unavailable
from core.mensajes.identidad import ChatDe, Persona, find_person, open_person
from core.mensajes.recibir import STORE, Destino, Recibido, values_of
from core.mensajes.retenidas import release_retenidas
from core.models import Mensaje
from core.ports import Cola, Tarea
from core.settings import Settings

_LOST = "Los mensajes no se pudieron guardar; vuelve a enviarlos."
# A chat may be erased between finding and locking it; then it is opened again.
_TRIES = 3


@dataclass(frozen=True)
class Llegada:
    """A message as it came in. `momento`, `orden`: when it was written, by the provider's clock,
    and its place among those that wait in its chat."""

    persona: Persona
    id_externo: str
    crudo: dict[str, Any]
    momento: datetime | None = None
    orden: int = 0


@dataclass(frozen=True)
class _Guardado:
    recibidos: list[Recibido]
    # Chats to answer with the seconds until then, and replies that may leave at last.
    chats: dict[int, float]
    salidas: list[int]


def receive_lote(
    db: Database,
    cola: Cola,
    settings: Settings,
    *,
    empresa_id: int,
    canal_id: int,
    llegadas: Sequence[Llegada],
) -> list[Recibido]:
    """Store every message that is not there yet, in one transaction, and ring for their chats;
    when this returns they are committed. One Recibido each, in the order given.

    Chats are locked by their ids' order, so two POSTs at once cannot wait for each other. Raises
    Unavailable when the database could not say that all are stored; they may then be sent again.
    """
    if not llegadas:
        return []
    try:
        kept = _keep(db, settings, empresa_id, canal_id, llegadas)
    except DATABASE_DOWN:
        # The COMMIT may have happened: the keys tell.
        return _find_all(db, empresa_id, canal_id, llegadas)
    for chat_id, espera in kept.chats.items():
        cola.ring(Tarea.ANSWER_CHAT, after=espera, empresa_id=empresa_id, chat_id=chat_id)
    for mensaje_id in kept.salidas:
        cola.ring(Tarea.DELIVER_MENSAJE, empresa_id=empresa_id, mensaje_id=mensaje_id)
    return kept.recibidos


def _keep(
    db: Database, settings: Settings, empresa_id: int, canal_id: int, llegadas: Sequence[Llegada]
) -> _Guardado:
    for _ in range(_TRIES):
        chats = find_chats(db, empresa_id, canal_id, [x.persona for x in llegadas])
        with db.empresa(empresa_id) as session:
            if not lock_chats(session, empresa_id, [c.id for c in chats.values()]):
                continue
            return _store_all(session, settings, empresa_id, canal_id, llegadas, chats)
    raise Unavailable(_LOST)


def find_chats(
    db: Database, empresa_id: int, canal_id: int, personas: Sequence[Persona]
) -> dict[Persona, ChatDe]:
    """Everybody's chat, opened where there is none. Who is not new costs one query."""
    key = {"empresa_id": empresa_id, "canal_id": canal_id}
    with db.empresa(empresa_id) as session:
        found = {p: find_person(session, **key, persona=p) for p in dict.fromkeys(personas)}
    return {p: c or open_person(db, **key, persona=p) for p, c in found.items()}


def lock_chats(session: Session, empresa_id: int, ids: Sequence[int]) -> bool:
    """Whether all of them are still there; held until the transaction ends."""
    held = session.execute(
        text(
            "SELECT id FROM chat WHERE empresa_id = :empresa_id AND id = ANY(:ids) "
            "ORDER BY id FOR UPDATE"
        ),
        {"empresa_id": empresa_id, "ids": list(set(ids))},
    ).all()
    return len(held) == len(set(ids))


def _store_all(
    session: Session,
    settings: Settings,
    empresa_id: int,
    canal_id: int,
    llegadas: Sequence[Llegada],
    chats: dict[Persona, ChatDe],
) -> _Guardado:
    """Under the locks of all the chats nobody else can store any of it meanwhile."""
    known = _known(session, empresa_id, [c.id for c in chats.values()], llegadas)
    kept = _Guardado([], {}, [])
    for llegada in llegadas:
        chat = chats[llegada.persona]
        there = known.get((chat.id, llegada.id_externo))
        if there is not None:
            kept.recibidos.append(there)
            continue
        row = session.execute(
            STORE,
            values_of(
                settings,
                empresa_id=empresa_id,
                destino=Destino(chat_id=chat.chat_id),
                crudo=llegada.crudo,
                id_externo=llegada.id_externo,
                orden_externo=llegada.orden,
                escrito_en=llegada.momento,
            ),
        ).one()
        new = Recibido(row.mensaje_id, chat.id, chat.chat_id, row.ia_activa, nuevo=True)
        kept.recibidos.append(new)
        # The same message twice in one POST is one.
        known[chat.id, llegada.id_externo] = _again(new)
        kept.chats[chat.id] = float(row.espera)
    if kept.chats:
        free = release_retenidas(session, empresa_id=empresa_id, chats=list(kept.chats))
        kept.salidas.extend(free)
    return kept


def _again(found: Recibido) -> Recibido:
    return Recibido(found.mensaje_id, found.chat_pk, found.chat_id, found.ia_activa, nuevo=False)


_KNOWN = text(
    """
    SELECT m.id, m.id_externo, c.id AS chat_pk, c.chat_id, c.ia_activa
    FROM mensaje m JOIN chat c ON c.empresa_id = m.empresa_id AND c.id = m.chat_id
    WHERE m.empresa_id = :empresa_id AND m.chat_id = ANY(:chats)
      AND m.canal_id = c.canal_id AND m.id_externo = ANY(:ids)
    """
)


def _known(
    session: Session, empresa_id: int, chats: Sequence[int], llegadas: Sequence[Llegada]
) -> dict[tuple[int, str], Recibido]:
    values = {
        "empresa_id": empresa_id,
        "chats": list(chats),
        "ids": [x.id_externo for x in llegadas],
    }

    def seen(row: Row[Any]) -> Recibido:
        return Recibido(row.id, row.chat_pk, row.chat_id, row.ia_activa, nuevo=False)

    rows = session.execute(_KNOWN, values).all()
    return {(row.chat_pk, row.id_externo): seen(row) for row in rows}


def _find_all(
    db: Database, empresa_id: int, canal_id: int, llegadas: Sequence[Llegada]
) -> list[Recibido]:
    """All of them by their keys. Raises Unavailable when one is not there: then none was stored."""
    try:
        with db.empresa(empresa_id) as session:
            key = {"empresa_id": empresa_id, "canal_id": canal_id}
            chats = [find_person(session, **key, persona=x.persona) for x in llegadas]
            known = _known(session, empresa_id, [c.id for c in chats if c], llegadas)
    except DATABASE_DOWN as e:
        raise Unavailable(_LOST) from e
    found = [
        known.get((c.id, x.id_externo)) if c else None for c, x in zip(chats, llegadas, strict=True)
    ]
    if any(f is None for f in found):
        raise Unavailable(_LOST)
    return [f for f in found if f is not None]


def is_known(session: Session, *, empresa_id: int, chat_id: int, id_proveedor: str) -> bool:
    """Whether the provider's id is of a message that this chat has, theirs or ours."""
    found = session.scalar(
        select(Mensaje.id)
        .where(
            Mensaje.empresa_id == empresa_id,
            Mensaje.chat_id == chat_id,
            (Mensaje.id_externo == id_proveedor) | (Mensaje.id_proveedor == id_proveedor),
        )
        .limit(1)
    )
    return found is not None
