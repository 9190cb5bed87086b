"""Try another wording on what was really said: the same decisions, worded anew; nothing is kept."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pydantic import ValidationError

from core.agente.estado import Memoria
from core.agente.permitir import ids_de, permitir
from core.agente.plantillas import RESPUESTAS
from core.agente.redactar import redactar
from core.agente.registro import Registro
from core.agente.textos import textos_de
from core.agente.verificar import verificar
from core.models import TurnoRegistrado
from core.ports import ChatVisto, Tienda


@dataclass(frozen=True)
class Ensayo:
    """antes: as it is worded now; despues: as it would be. rechazado: the verifier would not let
    that out, and the customer would read the plain sentence instead."""

    turno_id: int
    antes: str
    despues: str
    rechazado: bool

    @property
    def cambia(self) -> bool:
        return self.antes != self.despues


def rehearse(turnos: Sequence[TurnoRegistrado], tienda: Tienda, contenido: str) -> Iterator[Ensayo]:
    """Each of `turnos` that can still be worded, with `contenido` in place of the shop's own
    `respuestas`. `tienda` is as it is now, its prompts in force included."""
    otra = replace(tienda, propios={**tienda.propios, RESPUESTAS: contenido})
    for turno in turnos:
        try:
            registro = Registro.from_json(turno.registro)
        except ValidationError:  # of a release that we no longer read
            continue
        if all(h.clave in textos_de(tienda).plantillas for h in registro.decision.hechos):
            yield _one(turno.id, registro, tienda, otra)


def _one(turno_id: int, registro: Registro, tienda: Tienda, otra: Tienda) -> Ensayo:
    antes = redactar(registro.decision, replace(registro.chat, tienda=tienda))
    chat = replace(registro.chat, tienda=otra)
    despues = redactar(registro.decision, chat)
    return Ensayo(turno_id, antes, despues, not _is_true(despues, registro, chat))


def _is_true(despues: str, registro: Registro, chat: ChatVisto) -> bool:
    """By the rows as they were then."""
    spoken = set(ids_de(registro.decision))
    filas = {p.id: p for p in registro.productos if p.id in spoken}
    memoria = Memoria.from_json(registro.chat.memoria)
    dicho = registro.turno.texto
    seen, quoted = registro.productos, registro.pasajes
    facts = permitir(registro.decision, memoria, chat, filas, dicho, seen, quoted)
    return verificar(despues, facts)
