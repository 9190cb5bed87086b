"""Who reads a turn and who words it: the offline rooms, or a model between the same walls.

A Motor never decides and never sells. It is built for one turn, so it may keep what it spent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from core.agente.comprension import Contexto, Turno
from core.agente.entender import entender
from core.agente.hechos import Decision
from core.agente.redactar import redactar
from core.ports import ChatVisto, Fuentes

OFFLINE = "offline"


@dataclass(frozen=True)
class Llamada:
    """One answer of a model: which step asked, how long it took, what it cost. `recordada`: it was
    given before, for the same message, and cost nothing now."""

    paso: str
    modelo: str
    ms: int
    tokens_entrada: int = 0
    tokens_salida: int = 0
    costo: Decimal = Decimal(0)
    recordada: bool = False


class Motor(Protocol):
    """`lector` and `redactor` name who did it, once it is done: OFFLINE or a model."""

    lector: str
    redactor: str
    llamadas: tuple[Llamada, ...]

    def leer(
        self, textos: Sequence[str], contexto: Contexto, chat: ChatVisto, fuentes: Fuentes
    ) -> Turno:
        """What the burst means. Never raises for a model's sake: the offline reading stands in."""
        ...

    def redactar(self, decision: Decision, chat: ChatVisto) -> str:
        """A draft of the reply; the verifier has the last word on it. Never raises either."""
        ...


class Offline:
    """A Motor without a model: grammar and templates. Instant, and the same every time."""

    lector = redactor = OFFLINE
    llamadas: tuple[Llamada, ...] = ()

    def leer(
        self, textos: Sequence[str], contexto: Contexto, chat: ChatVisto, fuentes: Fuentes
    ) -> Turno:
        return entender(textos, contexto)

    def redactar(self, decision: Decision, chat: ChatVisto) -> str:
        return redactar(decision, chat)
