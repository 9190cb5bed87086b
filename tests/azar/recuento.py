"""What was answered to each body, against the rows: stored or refused, never both."""

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.azar.lectura import Leido
from tests.azar.mutar import Cuerpo


@dataclass
class Recuento:
    """Of one canal. Filled by several threads."""

    estados: Counter[int] = field(default_factory=Counter)
    raros: list[tuple[int, bytes]] = field(default_factory=list)
    debe: set[str] = field(default_factory=set)
    puede: set[str] = field(default_factory=set)
    negados: set[str] = field(default_factory=set)
    enteros: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, cuerpo: Cuerpo, leido: Leido, estado: int) -> None:
        """`estado`: the status of the answer, 0 when none came."""
        with self._lock:
            self.estados[estado] += 1
            if 200 <= estado < 300:
                self.debe |= leido.debe
                self.puede |= leido.puede
                if cuerpo.entero:
                    self.enteros |= leido.debe
            elif 400 <= estado < 500:
                self.negados |= leido.puede
            else:
                self.raros.append((estado, cuerpo.datos[:300]))

    def faltas(self, guardados: set[str]) -> Iterator[str]:
        """Every broken promise, `guardados` being the ids of the canal's rows."""
        for estado, datos in self.raros:
            yield f"contestó {estado} a {datos!r}"
        for what, ids in (
            ("aceptado y no está", self.debe - guardados),
            ("negado y está", (self.negados - self.puede) & guardados),
            ("está y nadie lo mandó", guardados - self.puede),
        ):
            yield from (f"{what}: {id_}" for id_ in sorted(ids))
