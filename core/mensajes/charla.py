"""What was said in a chat before its waiting messages: for whoever needs more than the memory."""

from dataclasses import dataclass

from sqlalchemy import text

from core.db import Database
from core.mensajes.turnos import TurnoTomado

# A reply may list many things; its beginning tells what it was about.
_TEXTO_MAX = 400
_TURNOS_MAX = 200


@dataclass(frozen=True)
class Dicho:
    remitente: str
    texto: str


@dataclass(frozen=True)
class TurnoPasado:
    """What an answered turn was understood as; productos: the things it named."""

    acto: str
    productos: tuple[str, ...] = ()


@dataclass(frozen=True)
class Charla:
    """ultimos: the last messages, oldest first. antes: the turns before those, as far as their
    records are kept, oldest first."""

    ultimos: tuple[Dicho, ...] = ()
    antes: tuple[TurnoPasado, ...] = ()


_ULTIMOS = text(
    """
    SELECT orden, remitente, left(dicho, :largo) AS texto
    FROM (SELECT *, CASE WHEN texto = '' AND tipo = 'audio' THEN coalesce(transcripcion, '')
                    ELSE texto END AS dicho FROM mensaje) m
    WHERE empresa_id = :empresa_id AND chat_id = :chat_id AND estado <> 'pendiente'
      AND dicho <> ''
    ORDER BY orden DESC LIMIT :n
    """
)
_ANTES = text(
    """
    SELECT t.acto, jsonb_path_query_array(t.registro, '$.turno.items[*].producto') AS productos
    FROM turno t JOIN mensaje m ON m.empresa_id = t.empresa_id AND m.id = t.respuesta_id
    WHERE t.empresa_id = :empresa_id AND t.chat_id = :chat_id AND m.orden < :desde
    ORDER BY t.id DESC LIMIT :n
    """
)


def read_charla(db: Database, turno: TurnoTomado, *, ultimos: int) -> Charla:
    """The chat behind `turno`, in one short transaction; none where nobody has answered yet."""
    if turno.visto.ultima_respuesta is None:
        return Charla()
    ids = {"empresa_id": turno.empresa_id, "chat_id": turno.chat_id}
    with db.empresa(turno.empresa_id) as session:
        last = session.execute(_ULTIMOS, {**ids, "n": ultimos, "largo": _TEXTO_MAX}).all()
        # Of a chat that is seen whole there is nothing to sum up.
        seen = last[-1].orden if len(last) == ultimos else 0
        older = (
            session.execute(_ANTES, {**ids, "desde": seen, "n": _TURNOS_MAX}).all() if seen else []
        )
    return Charla(
        tuple(Dicho(m.remitente, m.texto) for m in reversed(last)),
        tuple(
            TurnoPasado(t.acto, tuple(p for p in t.productos if isinstance(p, str)))
            for t in reversed(older)
        ),
    )
