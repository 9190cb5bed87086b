"""Forgetting: a customer's whole chat when it is asked for, records of turns when they are old."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select, text, update
from sqlalchemy.orm import Session

from core.bitacora import audit
from core.db import Database
from core.errors import NotFound
from core.models import Archivo, Base, Chat, Cliente, Mensaje, TurnoRegistrado, Venta
from core.ports import Cola, Tarea
from core.settings import Settings

# Rows that one transaction deletes: some tens of milliseconds.
_LOTE = 1000
# At most so many bells a sweep; the next one is two seconds away.
_LIMIT = 100


@dataclass(frozen=True)
class Borrado:
    """How many rows went, by table; ventas: sales that stay in the books without their customer."""

    eliminados: dict[str, int]
    ventas: int


def erase_chat(session: Session, *, empresa_id: int, chat_id: str, actor: str) -> Borrado:
    """Erase a chat and its customer for good: messages, memory, turn records, tokens, data.

    Its sales keep lines and totals, without chat and customer. A turn that is thinking meanwhile
    records nothing: it finds its chat gone. What arrives later begins a new chat. Raises NotFound.
    """
    # The chat before everything else, as everybody locks: what is being recorded ends first.
    chat = session.execute(
        select(Chat.id, Chat.cliente_id)
        .where(Chat.empresa_id == empresa_id, Chat.chat_id == chat_id)
        .with_for_update()
    ).one_or_none()
    if chat is None:
        raise NotFound
    ventas: Any = session.execute(
        update(Venta)
        .where(Venta.empresa_id == empresa_id, Venta.chat_id == chat.id)
        # The huella was made of what the request said of the customer.
        .values(chat_id=None, cliente={}, huella=None)
        .execution_options(synchronize_session=False)
    )
    eliminados = {}
    # Live events and the tokens of the widget go with the chat.
    for table, column in (
        *((TurnoRegistrado, "chat_id"), (Archivo, "chat_id"), (Mensaje, "chat_id")),
        (Chat, "id"),
    ):
        eliminados[table.__tablename__] = _delete(session, table, column, empresa_id, chat.id)
    eliminados["cliente"] = _delete_cliente(session, empresa_id, chat.cliente_id)
    audit(
        session,
        empresa_id=empresa_id,
        accion="chat.borrar",
        actor=actor,
        objeto=f"chat:{chat.id}",
        eliminados=eliminados,
        ventas_anonimas=ventas.rowcount,
    )
    return Borrado(eliminados, ventas.rowcount)


def _delete(session: Session, table: type[Base], column: str, empresa_id: int, id_: int) -> int:
    of = table.__table__.c
    done: Any = session.execute(
        delete(table)
        .where(of.empresa_id == empresa_id, of[column] == id_)
        .execution_options(synchronize_session=False)
    )
    return int(done.rowcount)


def _delete_cliente(session: Session, empresa_id: int, cliente_id: int | None) -> int:
    """The person too, unless another of their chats is still there."""
    if cliente_id is None:
        return 0
    another = select(Chat.id).where(Chat.empresa_id == empresa_id, Chat.cliente_id == cliente_id)
    if session.scalar(another.limit(1)) is not None:
        return 0
    return _delete(session, Cliente, "id", empresa_id, cliente_id)


# --- what is old -------------------------------------------------------------------------------

# now(), which an index can be searched for; the sistema role sees times, never a record.
_OLD = text(
    """
    SELECT DISTINCT old.empresa_id FROM (
        (SELECT empresa_id FROM turno WHERE creado_en < now() - make_interval(days => :dias)
        ORDER BY creado_en LIMIT 1000)
        UNION ALL
        (SELECT empresa_id FROM respuesta_modelo
        WHERE creado_en < now() - make_interval(days => :dias) ORDER BY creado_en LIMIT 1000)
    ) old JOIN empresa e ON e.id = old.empresa_id WHERE NOT e.efimera LIMIT :limit
    """
)
_FORGET = text(
    """
    DELETE FROM turno WHERE empresa_id = :empresa_id AND id IN (
        SELECT id FROM turno
        WHERE empresa_id = :empresa_id AND creado_en < now() - make_interval(days => :dias)
        ORDER BY creado_en LIMIT :lote
    )
    """
)

# What a model answered is of use until its turn is recorded, and tells why as long as that does.
_FORGET_ANSWERS = text(
    """
    DELETE FROM respuesta_modelo WHERE empresa_id = :empresa_id AND ctid = ANY(ARRAY(
        SELECT ctid FROM respuesta_modelo
        WHERE empresa_id = :empresa_id AND creado_en < now() - make_interval(days => :dias)
        ORDER BY creado_en LIMIT :lote
    ))
    """
)


def ring_old_turnos(db: Database, cola: Cola, settings: Settings) -> int:
    """Ring for every empresa with records of turns older than `turno_registro_dias`; how many.

    Idempotent: a bell too many finds nothing to forget.
    """
    values = {"dias": settings.turno_registro_dias, "limit": _LIMIT}
    with db.sistema() as session:
        old = session.scalars(_OLD, values).all()
    for empresa_id in old:
        cola.ring(Tarea.FORGET_TURNOS, empresa_id=empresa_id)
    return len(old)


def forget_turnos(db: Database, settings: Settings, *, empresa_id: int, lote: int = _LOTE) -> int:
    """Delete at most `lote` of an empresa's records of turns that were kept long enough, the oldest
    first, and as many answers of a model; how many records. What is left is rung for again. Saying
    it twice changes nothing more."""
    values = {"empresa_id": empresa_id, "dias": settings.turno_registro_dias, "lote": lote}
    with db.empresa(empresa_id) as session:
        session.execute(_FORGET_ANSWERS, values)
        done: Any = session.execute(_FORGET, values)
        return int(done.rowcount)
