"""Stand-ins that hold state, one per Protocol of core/ports.py. No patching anywhere."""

import hashlib
from dataclasses import dataclass, field

from core.ports import Tarea


@dataclass
class ColaEnMemoria:
    """Bells as (tarea, ids), in the order they were rung."""

    timbres: list[tuple[Tarea, dict[str, int]]] = field(default_factory=list)

    def ring(self, tarea: Tarea, *, after: float = 0.0, **ids: int) -> None:
        self.timbres.append((tarea, ids))


@dataclass
class ClavesRapidas:
    """core.ports.Claves in microseconds; remembers what it was asked to verify against."""

    vistas: list[str | None] = field(default_factory=list)

    def hash(self, clave: str) -> str:
        sal = str(len(self.vistas))
        return f"{sal}${hashlib.sha256((sal + clave).encode()).hexdigest()}"

    def verify(self, clave: str, guardada: str | None) -> bool:
        self.vistas.append(guardada)
        if guardada is None:
            return False
        sal, _, resto = guardada.partition("$")
        return resto == hashlib.sha256((sal + clave).encode()).hexdigest()
