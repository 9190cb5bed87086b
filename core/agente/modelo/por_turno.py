"""A ConModelo for each turn: its deadline, its chat, its memory and its empresa's purse."""

from dataclasses import dataclass

from core.agente.modelo.cuaderno import CuadernoDeTurno, Tarifa, tope_de
from core.agente.modelo.indicaciones import indicaciones
from core.agente.modelo.motor import ConModelo, Limites
from core.agente.motor import Motor
from core.db import Database
from core.mensajes.charla import Charla, read_charla
from core.mensajes.turnos import TurnoTomado
from core.ports import Metricas, Modelo
from core.settings import Settings

# Of the turn's seconds, what stays for deciding, verifying and recording.
_RESERVA_SEGUNDOS = 2.0


def tarifa_de(settings: Settings) -> Tarifa:
    return Tarifa(settings.llm_precio_entrada, settings.llm_precio_salida)


def cuaderno_de(
    db: Database, settings: Settings, turno: TurnoTomado, *, mensaje_id: int
) -> CuadernoDeTurno:
    """The memory of what models answered about one mensaje, and its empresa's purse."""
    return CuadernoDeTurno(
        db,
        empresa_id=turno.empresa_id,
        chat_id=turno.chat_id,
        mensaje_id=mensaje_id,
        tope=tope_de(turno.visto.tienda.ajustes, settings.llm_tope_mensual),
        en_moneda=tarifa_de(settings).conocida,
    )


@dataclass(frozen=True)
class PorTurno:
    """What core.agente.turno.Vendedor calls `motor`, where there is a model."""

    modelo: Modelo
    db: Database
    settings: Settings
    metricas: Metricas | None = None

    def __call__(self, turno: TurnoTomado) -> Motor | None:
        s = self.settings

        def charla() -> Charla:
            return read_charla(self.db, turno, ultimos=int(indicaciones()["ultimos"]))

        return ConModelo(
            self.modelo,
            cuaderno=cuaderno_de(self.db, s, turno, mensaje_id=turno.mensajes[-1].id),
            charla=charla,
            limites=Limites(
                fin=turno.tomado + s.turno_segundos - _RESERVA_SEGUNDOS,
                segundos=s.llm_segundos,
                redactar=s.llm_redactar,
            ),
            tarifa=tarifa_de(s),
            metricas=self.metricas,
        )
