"""A counter whose seller has a model at hand."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar

from core.agente.modelo.cuaderno import Cuaderno, Tarifa
from core.agente.modelo.motor import ConModelo, Limites
from core.agente.vendedor import respond
from core.mensajes.charla import Charla
from core.ports import Metricas, Modelo, Resultado
from tests.agente.mostrador import Mostrador
from tests.fakes import CuadernoDePapel, MetricasEnMemoria, ModeloDePapel

TARIFA = Tarifa(Decimal(2), Decimal(8))


@dataclass
class MostradorConModelo(Mostrador):
    """`llamadas` holds how many calls each turn made."""

    modelo: Modelo = field(default_factory=ModeloDePapel)
    cuaderno: Cuaderno = field(default_factory=CuadernoDePapel)
    charla: Charla = field(default_factory=Charla)
    redactar: bool = True
    segundos: float = 20.0
    pregunta_segundos: float = 5.0
    metricas: Metricas = field(default_factory=MetricasEnMemoria)
    llamadas: list[int] = field(default_factory=list)
    Motor: ClassVar[type[ConModelo]] = ConModelo

    def dice(self, *textos: str) -> Resultado:
        motor = self.Motor(
            self.modelo,
            cuaderno=self.cuaderno,
            charla=lambda: self.charla,
            limites=Limites(
                time.monotonic() + self.segundos, self.pregunta_segundos, self.redactar
            ),
            tarifa=TARIFA,
            metricas=self.metricas,
        )
        resultado = respond(self.fuentes, self.visto, textos, motor)
        self.llamadas.append(len(motor.llamadas))
        self._record(resultado)
        return resultado


def leido(acto: str, *items: dict[str, Any], **otros: Any) -> dict[str, Any]:
    """What a model says that a message means."""
    return {
        "acto": acto,
        "items": [cosa(**i) for i in items],
        "opciones": [],
        "datos_cliente": datos(),
        "tema": None,
        "condicional": False,
        "aplaza": False,
        "ajeno": False,
        **otros,
    }


def cosa(
    producto: str | None = None,
    cantidad: float | None = None,
    unidad: str | None = None,
    cambio: str = "fijar",
    viejo: str | None = None,
) -> dict[str, Any]:
    return {
        "producto": producto,
        "cantidad": cantidad,
        "unidad": unidad,
        "cambio": cambio,
        "viejo": viejo,
    }


def datos(**dichos: str) -> dict[str, str | None]:
    fields: Sequence[str] = ("nombre", "telefono", "documento", "direccion", "email")
    return {f: dichos.get(f) for f in fields}
