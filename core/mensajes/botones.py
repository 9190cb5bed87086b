"""What a pressed button says: it answers the reply that it is under, never one that came later."""

import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from core.db import Database
from core.mensajes.turnos import TurnoTomado
from core.ports import Entrante

# Asks how things stand: what is said in place of a button that means nothing any more.
QUE_HAY = "¿cómo va mi pedido?"


@dataclass(frozen=True)
class Pulsado:
    """texto: what the button showed; palabras: what the seller reads."""

    texto: str
    palabras: str


_NINGUNO = Pulsado("", QUE_HAY)
_ID = re.compile(r"([1-9]\d{0,17}):(\d{1,2})")

_PRESSED = text(
    """
    SELECT m.botones -> cast(:i AS int) AS boton, NOT EXISTS (
        SELECT FROM mensaje d WHERE d.empresa_id = m.empresa_id AND d.chat_id = m.chat_id
          AND d.orden > m.orden AND d.remitente <> 'usuario') AS vigente
    FROM mensaje m
    WHERE m.empresa_id = :empresa_id AND m.chat_id = :chat_id AND m.id = :id
    """
)


def crudo_de(texto: str, boton: str) -> dict[str, Any]:
    """What is kept of a button pressed on our own page: `texto` is what it showed."""
    return {"pulsado": {"texto": texto, "boton": boton}}


def entrante_de(crudo: dict[str, Any]) -> Entrante | None:
    """What `crudo_de` kept; None for an update of a provider's."""
    kept = crudo.get("pulsado")
    return Entrante(kept["texto"], boton=kept["boton"]) if kept else None


def read_pulsado(db: Database, turno: TurnoTomado, boton: str) -> Pulsado:
    """What pressing `boton` (a core.ports.Tecla's id) stands for in this chat now.

    Once anybody of the shop has said something since, an old yes must not confirm a newer offer,
    nor an old number choose from a newer list; and what a button that this chat has not (any more)
    shows is nobody's word.
    """
    found = _ID.fullmatch(boton)
    if found is None:
        return _NINGUNO
    key = {"empresa_id": turno.empresa_id, "chat_id": turno.chat_id}
    with db.empresa(turno.empresa_id) as session:
        row = session.execute(
            _PRESSED, {**key, "id": int(found[1]), "i": int(found[2])}
        ).one_or_none()
    if row is None or row.boton is None:
        return _NINGUNO
    return Pulsado(row.boton["texto"], row.boton["valor" if row.vigente else "despues"])
