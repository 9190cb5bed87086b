"""Deciding recorded turns again by the rules of today, and what would be otherwise."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from pydantic import ValidationError
from sqlalchemy import select

from core.agente.hechos import Decision
from core.agente.redactar import redactar
from core.agente.registro import OtraPregunta, Registro, replay
from core.db import Database
from core.models import Chat, TurnoRegistrado

# Records read at once: a few hundred kilobytes.
_LOTE = 200
_NADA = "nada"


@dataclass(frozen=True)
class Guardado:
    """A turn's record as it is kept."""

    id: int
    chat_id: str
    creado_en: datetime
    regla: str
    registro: Mapping[str, Any]


@dataclass(frozen=True)
class Repetido:
    """How a recorded turn would be decided today. regla None: it could not be decided again, and
    `diferencias` says why; else they are "what: then → now". diria: the words of today's decision,
    where they are others."""

    regla: str | None
    diferencias: tuple[str, ...] = ()
    diria: str | None = None

    @property
    def igual(self) -> bool:
        return not self.diferencias


def repeat_turno(kept: Mapping[str, Any]) -> Repetido:
    """Decide again from what was understood and seen then. Needs nothing but the record."""
    try:
        registro = Registro.from_json(dict(kept))
    except ValidationError:
        return Repetido(None, ("el registro es de otra versión y no se puede leer",))
    try:
        now = replay(registro)
    except OtraPregunta as e:
        return Repetido(None, (f"las reglas buscan ahora otra cosa: «{e}»",))
    words = redactar(now, registro.chat) if now != registro.decision else None
    return Repetido(
        now.regla,
        tuple(_differences(registro.decision, now)),
        words if words != registro.respuesta else None,
    )


def read_turnos(
    db: Database, *, empresa_id: int, chat_id: str | None = None, turno_id: int | None = None
) -> Iterator[Guardado]:
    """An empresa's records, the latest first: all, of one chat, or one. Read in pieces, and no
    transaction is open while a piece is looked at."""
    below: int | None = None
    while True:
        piece = _read_piece(db, empresa_id, chat_id, turno_id, below)
        yield from piece
        if len(piece) < _LOTE:
            return
        below = piece[-1].id


def _read_piece(
    db: Database, empresa_id: int, chat_id: str | None, turno_id: int | None, below: int | None
) -> Sequence[Guardado]:
    t = TurnoRegistrado
    query = (
        select(t.id, Chat.chat_id, t.creado_en, t.regla, t.registro)
        .join(Chat, (Chat.empresa_id == t.empresa_id) & (Chat.id == t.chat_id))
        .where(t.empresa_id == empresa_id)
    )
    if chat_id is not None:
        query = query.where(Chat.chat_id == chat_id)
    if turno_id is not None:
        query = query.where(t.id == turno_id)
    if below is not None:
        query = query.where(t.id < below)
    with db.empresa(empresa_id) as session:
        rows = session.execute(query.order_by(t.id.desc()).limit(_LOTE)).all()
    return [Guardado(*row) for row in rows]


def _differences(then: Decision, now: Decision) -> Iterator[str]:
    """Empty when the two are equal, and only then: what is compared is values, not their text."""
    if then == now:
        return
    before, after = dict(_leaves(asdict(then))), dict(_leaves(asdict(now)))
    paths = [p for p in dict.fromkeys((*before, *after)) if before.get(p) != after.get(p)]
    for path in paths:
        a, b = _shown(before.get(path, _NADA)), _shown(after.get(path, _NADA))
        yield f"{path}: {a} → {b}"
    if not paths:  # something empty of another kind
        yield "la decisión: otra, aunque diga lo mismo"


def _leaves(tree: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """(path, value) of everything that is neither a container nor empty."""
    if isinstance(tree, Mapping):
        for name, value in tree.items():
            yield from _leaves(value, f"{path}.{name}" if path else str(name))
    elif isinstance(tree, list | tuple):
        for n, value in enumerate(tree):
            yield from _leaves(value, f"{path}[{n}]")
    elif tree is not None:
        yield path, tree


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "sí" if value else "no"
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)
