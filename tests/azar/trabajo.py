"""What the chat workers do with what waits, in this process."""

from sqlalchemy import text

from core.wiring import Servicios
from tests.vendedores import vendedor_de

_WAITING = text("SELECT id, solo FROM chat WHERE empresa_id = :e AND pendientes > 0 ORDER BY id")
_DUE = text("UPDATE chat SET turno_desde = now() - interval '1 second' WHERE empresa_id = :e")
_TURNS = 40  # of one chat: each bad message takes at most five, alone


def work_off(servicios: Servicios, empresa_id: int) -> None:
    """Turn after turn, every wait being over, until nothing waits. Raises AssertionError when
    something always does."""
    seller = vendedor_de(servicios)
    for _ in range(_TURNS):
        with servicios.db.empresa(empresa_id) as session:
            session.execute(_DUE, {"e": empresa_id})
            waiting = session.execute(_WAITING, {"e": empresa_id}).all()
        if not waiting:
            return
        for chat_id, solo in waiting:
            seller.answer_chat(empresa_id=empresa_id, chat_id=chat_id, solo=solo)
    raise AssertionError(f"chats that never end: {[c for c, _ in waiting]}")
