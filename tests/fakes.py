"""Stand-ins that hold state, one per Protocol of core/ports.py. No patching anywhere."""

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from core.errors import CredencialesIlegibles
from core.ports import CuentaCanal, Entrante, Tarea


@dataclass
class ColaEnMemoria:
    """Bells as (tarea, ids), in the order they were rung."""

    timbres: list[tuple[Tarea, dict[str, int]]] = field(default_factory=list)

    def ring(self, tarea: Tarea, *, after: float = 0.0, **ids: int) -> None:
        self.timbres.append((tarea, ids))

    def close(self, timeout: float = 2.0) -> None:
        """Nothing waits here."""


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


@dataclass
class CanalDePapel:
    """core.ports.Canal on a list. `fallas` holds what the next sends raise, None for nothing;
    with `acepta_antes` a failing send is on the list all the same, as when an answer is lost."""

    enviados: list[tuple[str, str]] = field(default_factory=list)
    fallas: list[Exception | None] = field(default_factory=list)
    acepta_antes: bool = False
    max_caracteres: int = 4096
    webhook: str | None = None

    def abrir(self, cuenta: CuentaCanal) -> "CanalDePapel":
        """core.ports.AbrirCanal: every row's adapter is this one."""
        return self

    def parse(self, crudo: dict[str, Any]) -> Entrante | None:
        texto = crudo.get("texto")
        return Entrante(texto) if isinstance(texto, str) else None

    def send(self, externo: str, texto: str) -> str:
        falla = self.fallas.pop(0) if self.fallas else None
        if falla is None or self.acepta_antes:
            self.enviados.append((externo, texto))
        if falla is not None:
            raise falla
        return f"papel:{len(self.enviados)}"

    def check(self, *, webhook_url: str | None) -> str:
        falla = self.fallas.pop(0) if self.fallas else None
        if falla is not None:
            raise falla
        self.webhook = webhook_url
        return "papel"


@dataclass
class CifradoDePapel:
    """core.ports.Cifrado as an envelope with a number; the letters stay here."""

    cartas: dict[bytes, tuple[int, str, dict[str, Any]]] = field(default_factory=dict)

    def encrypt(self, datos: dict[str, Any], *, empresa_id: int, clave: str) -> bytes:
        sobre = b"sobre %d" % len(self.cartas)
        self.cartas[sobre] = (empresa_id, clave, dict(datos))
        return sobre

    def decrypt(self, cifrado: bytes, *, empresa_id: int, clave: str) -> dict[str, Any]:
        de, para, datos = self.cartas.get(cifrado, (0, "", {}))
        if (de, para) != (empresa_id, clave):
            raise CredencialesIlegibles("Las credenciales no se pueden leer.")
        return datos


@dataclass
class MetricasEnMemoria:
    """core.ports.Metricas in a Counter: (what, its labels in alphabetical order) → how often."""

    cuentas: Counter[tuple[str, ...]] = field(default_factory=Counter)

    def mensaje_recibido(self, *, canal: str) -> None:
        self.cuentas["mensajes_recibidos", canal] += 1

    def turno(self, *, resultado: str, motor: str, segundos: float) -> None:
        self.cuentas["turnos", motor, resultado] += 1

    def entrega(self, *, canal: str, resultado: str) -> None:
        self.cuentas["entregas", canal, resultado] += 1

    def filas_importadas(self, n: int, *, resultado: str) -> None:
        if n:
            self.cuentas["importacion_filas", resultado] += n

    def campana_perdida(self, *, tarea: str) -> None:
        self.cuentas["campanas_perdidas", tarea] += 1

    def peticion(self, *, metodo: str, ruta: str, estado: int, segundos: float) -> None:
        self.cuentas["http_peticiones", str(estado), metodo, ruta] += 1
