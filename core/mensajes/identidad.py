"""Which chat is whose, where a provider knows a person by two ids that come and go.

`chat.externo` is the id that we send to, `chat.alias` the other one. On WhatsApp they are the
telephone and the business-scoped user id; whoever shows their telephone is written to there. The
user id is the person: a telephone may be given to somebody else, who must not find the chat.
"""

from dataclasses import dataclass

from sqlalchemy import TextClause, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.db import Database
from core.mensajes.recibir import CHAT_ID_MAX
from core.models import Chat


@dataclass(frozen=True)
class Persona:
    """At least one of the two is there."""

    telefono: str | None = None
    usuario: str | None = None

    def __bool__(self) -> bool:
        return bool(self.telefono or self.usuario)

    @property
    def ids(self) -> list[str]:
        return [x for x in (self.telefono, self.usuario) if x]


@dataclass(frozen=True)
class ChatDe:
    """A person's chat as its row is. `chat_id` is its public name."""

    id: int
    chat_id: str
    externo: str | None
    alias: str | None


_FIND = text(
    """
    SELECT id, chat_id, externo, alias FROM chat
    WHERE empresa_id = :empresa_id AND canal_id = :canal_id
      AND (externo = ANY(:ids) OR alias = ANY(:ids))
    """
)
# For whoever changes them: in the order in which an intake locks its chats.
_HOLD = text(f"{_FIND.text} ORDER BY id FOR UPDATE")
# One at a time per canal, and only for people who are new or have changed.
_ALONE = text("SELECT pg_advisory_xact_lock(hashtextextended('identidad', :canal_id))")


def find_person(
    session: Session, *, empresa_id: int, canal_id: int, persona: Persona
) -> ChatDe | None:
    """The person's chat; None when there is none, or when it does not know all of their ids yet."""
    found = _candidates(session, empresa_id, canal_id, persona)
    chosen = _choose(found, persona)
    return chosen if chosen is not None and _knows(chosen, persona) else None


def seek_person(
    session: Session, *, empresa_id: int, canal_id: int, persona: Persona
) -> ChatDe | None:
    """The chat by any of the person's ids."""
    return _choose(_candidates(session, empresa_id, canal_id, persona), persona)


def open_person(db: Database, *, empresa_id: int, canal_id: int, persona: Persona) -> ChatDe:
    """The person's chat, opened or told their other id where needed. Repeating it changes nothing.

    A chat that was opened by one id before both were known to be one person's keeps what was said
    in it; from now on they are found in the other.
    """
    key = {"empresa_id": empresa_id, "canal_id": canal_id}
    with db.empresa(empresa_id) as session:
        session.execute(_ALONE, {"canal_id": canal_id})
        found = _candidates(session, empresa_id, canal_id, persona, _HOLD)
        chosen = _choose(found, persona)
        if chosen is not None and _knows(chosen, persona):
            return chosen
        _free_telefono(session, empresa_id, found, chosen, persona)
        if chosen is None:
            _open(session, **key, persona=persona)
        else:
            _rename(session, empresa_id, chosen, persona)
        chosen = _choose(_candidates(session, empresa_id, canal_id, persona), persona)
        assert chosen is not None
        return chosen


def move_person(
    db: Database, *, empresa_id: int, canal_id: int, viejo: Persona, nuevo: Persona
) -> None:
    """The provider says that `viejo` is `nuevo` by now: the same chat goes on. Nothing happens
    where nobody is known by the old ids, or somebody already by the new."""
    with db.empresa(empresa_id) as session:
        session.execute(_ALONE, {"canal_id": canal_id})
        chosen = _choose(_candidates(session, empresa_id, canal_id, viejo, _HOLD), viejo)
        if chosen is None or not nuevo:
            return
        others = _candidates(session, empresa_id, canal_id, nuevo)
        if any(o.id != chosen.id for o in others):
            return
        telefono = nuevo.telefono or (None if nuevo.usuario else chosen.externo)
        _rename(session, empresa_id, chosen, Persona(telefono, nuevo.usuario))


def _candidates(
    session: Session,
    empresa_id: int,
    canal_id: int,
    persona: Persona,
    find: TextClause = _FIND,
) -> list[ChatDe]:
    values = {"empresa_id": empresa_id, "canal_id": canal_id, "ids": persona.ids}
    return [ChatDe(*row) for row in session.execute(find, values)]


def _choose(found: list[ChatDe], persona: Persona) -> ChatDe | None:
    """By the user id first; by the telephone where its chat has no other user id."""
    usuario, telefono = persona.usuario, persona.telefono
    if usuario:
        for of_them in (
            [c for c in found if c.alias == usuario],
            [c for c in found if c.externo == telefono and c.alias is None] if telefono else [],
            [c for c in found if c.externo == usuario],
        ):
            if of_them:
                return of_them[0]
        return None
    return next((c for c in found if c.externo == telefono), None)


def _knows(chat: ChatDe, persona: Persona) -> bool:
    known = {chat.externo, chat.alias}
    return all(x in known for x in persona.ids)


def _free_telefono(
    session: Session,
    empresa_id: int,
    found: list[ChatDe],
    chosen: ChatDe | None,
    persona: Persona,
) -> None:
    """Somebody else had this telephone before: they are written to by their user id."""
    for chat in found:
        theirs = chat.externo == persona.telefono and chat.alias not in (None, persona.usuario)
        if theirs and (chosen is None or chat.id != chosen.id):
            _rename(session, empresa_id, chat, Persona(None, chat.alias))


def _open(session: Session, *, empresa_id: int, canal_id: int, persona: Persona) -> None:
    externo = persona.telefono or persona.usuario
    alias = persona.usuario if persona.telefono else None
    values = {"empresa_id": empresa_id, "canal_id": canal_id, "externo": externo, "alias": alias}
    for n in range(100):
        # Another's chat may have had that name, of a person who has another telephone by now.
        again = f"-{n}" if n else ""
        public = f"{canal_id}-{externo}"[: CHAT_ID_MAX - len(again)] + again
        opened = session.scalar(
            insert(Chat)
            .values(**values, chat_id=public)
            .on_conflict_do_nothing()
            .returning(Chat.id)
        )
        if opened is not None:
            return
    raise AssertionError("a hundred chats of one name")


# Another chat of the same person's has that id: it is left the other one where that is free, else
# none, for it is nobody's address any more.
_MAKE_ROOM = text(
    """
    UPDATE chat c SET externo = CASE WHEN EXISTS (
        SELECT FROM chat o WHERE o.empresa_id = c.empresa_id AND o.canal_id = c.canal_id
          AND o.externo = :otro) THEN NULL ELSE :otro END
    FROM chat m
    WHERE m.empresa_id = :empresa_id AND m.id = :id AND c.empresa_id = m.empresa_id
      AND c.canal_id = m.canal_id AND c.externo = :externo AND c.id <> m.id
    """
)
# What a person of the shop may do goes with them; whoever has their old number by now is nobody.
# Linked by both already, they are told by the one.
_FOLLOW = text(
    """
    UPDATE destinatario d SET externo = x.externo,
        estado = CASE WHEN x.externo IS NULL THEN 'enlazando' ELSE d.estado END,
        enlazado_en = CASE WHEN x.externo IS NULL THEN NULL ELSE d.enlazado_en END
    FROM chat m, LATERAL (SELECT CASE WHEN NOT EXISTS (
        SELECT FROM destinatario o WHERE o.empresa_id = m.empresa_id
          AND o.canal_id = m.canal_id AND o.externo = :externo) THEN :externo END AS externo) x
    WHERE m.empresa_id = :empresa_id AND m.id = :id AND d.empresa_id = m.empresa_id
      AND d.canal_id = m.canal_id AND d.externo = :antes
    """
)


def _rename(session: Session, empresa_id: int, chat: ChatDe, persona: Persona) -> None:
    """Write to them by `persona` from now on. Nobody is left where they are not any more."""
    externo = persona.telefono or persona.usuario
    alias = persona.usuario if persona.telefono else None
    if externo != chat.externo:
        there = {"empresa_id": empresa_id, "id": chat.id, "externo": externo}
        session.execute(_MAKE_ROOM, {**there, "otro": alias})
        session.execute(_FOLLOW, {**there, "antes": chat.externo})
    session.execute(
        update(Chat)
        .where(Chat.empresa_id == empresa_id, Chat.id == chat.id)
        .values(externo=externo, alias=alias)
        .execution_options(synchronize_session=False)
    )
