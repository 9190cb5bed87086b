"""Figures that are computed when Prometheus asks: what waits in the rows and in the queues."""

from collections.abc import Iterable, Mapping

from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.registry import Collector

from core.adapters.sondeo import Foto
from core.models import Entrega

_ON_THE_WAY = (Entrega.PENDIENTE, Entrega.ENVIANDO, Entrega.INCIERTA)
_IMPORT_STATES = ("en_cola", "procesando", "indexando")


class Medidas(Collector):
    """A neighbour that did not answer is `agente_up 0`, and its figures are left out: a stale
    number would look like good news."""

    def __init__(self, foto: Foto) -> None:
        self._foto = foto

    def collect(self) -> Iterable[GaugeMetricFamily]:
        foto = self._foto
        yield _family(
            "agente_up",
            "1 si el vecino contestó a tiempo",
            "componente",
            {"postgres": int(foto.acepta), "redis": int(foto.colas is not None)},
        )
        if foto.colas is not None:
            yield _family("agente_cola_tareas", "Tareas en cada cola", "cola", foto.colas)
        if foto.atraso is None:
            return
        yield GaugeMetricFamily(
            "agente_mensaje_sin_responder_segundos",
            "Edad del mensaje más antiguo que espera respuesta",
            value=foto.atraso.sin_responder,
        )
        yield GaugeMetricFamily(
            "agente_chats_pendientes",
            "Chats con mensajes sin responder",
            value=foto.atraso.chats_pendientes,
        )
        yield _family(
            "agente_entregas_en_curso",
            "Respuestas que aún no se sabe entregadas",
            "estado",
            {state.value: foto.atraso.entregas.get(state.value, 0) for state in _ON_THE_WAY},
        )
        yield _family(
            "agente_importaciones_abiertas",
            "Importaciones sin terminar",
            "estado",
            {state: foto.atraso.importaciones.get(state, 0) for state in _IMPORT_STATES},
        )


def _family(name: str, told: str, label: str, values: Mapping[str, int]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, told, labels=[label])
    for value, n in values.items():
        family.add_metric([value], n)
    return family
