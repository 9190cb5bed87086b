"""The load client's own ledger: on disk before it matters, and never read from the database.

One JSON line per fact: what a customer was about to say (`Dicho`), what the shop acknowledged
(`Acuse`, `VentaAcusada`) and what it refused or did not answer (`Fallo`).
"""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TypeAlias

PEDIDO, SI, CHARLA, VENENO = "pedido", "si", "charla", "veneno"


@dataclass(frozen=True)
class Dicho:
    """A customer is about to send this for the first time, at `enviado` (monotonic seconds)."""

    empresa_id: int
    chat_id: str
    id_externo: str
    acto: str
    enviado: float
    cantidad: int = 0


@dataclass(frozen=True)
class Acuse:
    """A 2xx came back. `vez` counts what was acknowledged of the same id: a duplicate has 2."""

    empresa_id: int
    chat_id: str
    id_externo: str
    mensaje_id: int | None
    acusado: float
    segundos: float
    vez: int = 1


@dataclass(frozen=True)
class VentaAcusada:
    """POST /ventas/ answered 201 to this Idempotency-Key."""

    empresa_id: int
    clave: str
    venta_id: int
    acusado: float
    vez: int = 1


@dataclass(frozen=True)
class Fallo:
    """No 2xx: a status, or the name of what was raised. Nothing was promised."""

    empresa_id: int
    que: str
    razon: str
    cuando: float
    segundos: float


Linea: TypeAlias = Dicho | Acuse | VentaAcusada | Fallo
_KINDS = {kind.__name__: kind for kind in (Dicho, Acuse, VentaAcusada, Fallo)}


@dataclass
class Cuentas:
    """A ledger read back."""

    dichos: list[Dicho] = field(default_factory=list)
    acuses: list[Acuse] = field(default_factory=list)
    ventas: list[VentaAcusada] = field(default_factory=list)
    fallos: list[Fallo] = field(default_factory=list)

    @property
    def acusados(self) -> int:
        return len({(a.empresa_id, a.chat_id, a.id_externo) for a in self.acuses})

    @property
    def duplicados(self) -> int:
        return sum(a.vez > 1 for a in self.acuses) + sum(v.vez > 1 for v in self.ventas)


class Libro:
    """Appends by one write() a line, so threads do not tear each other's."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write(self, linea: Linea) -> None:
        text = json.dumps({"es": type(linea).__name__, **asdict(linea)}, ensure_ascii=False)
        os.write(self._fd, f"{text}\n".encode())

    def close(self) -> None:
        os.close(self._fd)

    def read(self) -> Cuentas:
        """What is on the disk, not what is remembered."""
        found: dict[str, list[Linea]] = {name: [] for name in _KINDS}
        for line in self._path.read_text().splitlines():
            values = json.loads(line)
            name = values.pop("es")
            found[name].append(_KINDS[name](**values))
        return Cuentas(*found.values())  # type: ignore[arg-type]  # in the order of _KINDS
