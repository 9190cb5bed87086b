"""Every counter and histogram of the system, in the one place where Prometheus is known.

With PROMETHEUS_MULTIPROC_DIR each process keeps its figures in a file there and any of them can
tell the sum; without it a process tells its own. Labels are kinds and states, never a tenant.
"""

import os
import socket
import threading
from collections.abc import Iterable
from pathlib import Path

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    disable_created_metrics,
    generate_latest,
    values,
)
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PREFIX = "agente_"
_HOST = socket.gethostname().replace("_", "-")
_TURN_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0)
_HTTP_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0)


class PrometheusMetricas:
    """Implements core.ports.Metricas. One per process: `metricas()`."""

    def __init__(self) -> None:
        # A sample more for each, which nobody reads.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        own = CollectorRegistry()
        self.registry = own
        self._mensajes = Counter(
            "agente_mensajes_recibidos", "Mensajes de clientes aceptados", ["canal"], registry=own
        )
        self._turnos = Counter(
            "agente_turnos", "Turnos por resultado y motor", ["resultado", "motor"], registry=own
        )
        self._turno_segundos = Histogram(
            "agente_turno_segundos",
            "De tomar el chat a registrar la respuesta",
            ["motor"],
            buckets=_TURN_SECONDS,
            registry=own,
        )
        self._entregas = Counter(
            "agente_entregas", "Intentos de entrega", ["canal", "resultado"], registry=own
        )
        self._filas = Counter(
            "agente_importacion_filas", "Filas de archivos importados", ["resultado"], registry=own
        )
        self._campanas = Counter(
            "agente_campanas_perdidas", "Avisos que no llegaron a Redis", ["tarea"], registry=own
        )
        self._llamadas = Counter(
            "agente_modelo_llamadas",
            "Preguntas a un modelo de lenguaje",
            ["paso", "resultado"],
            registry=own,
        )
        self._tokens = Counter(
            "agente_modelo_tokens", "Tokens de un modelo de lenguaje", ["sentido"], registry=own
        )
        self._peticiones = Counter(
            "agente_http_peticiones",
            "Peticiones HTTP por ruta",
            ["metodo", "ruta", "estado"],
            registry=own,
        )
        self._http_segundos = Histogram(
            "agente_http_segundos",
            "Hasta el comienzo de la respuesta HTTP",
            ["metodo", "ruta"],
            buckets=_HTTP_SECONDS,
            registry=own,
        )

    def mensaje_recibido(self, *, canal: str) -> None:
        self._mensajes.labels(canal).inc()

    def turno(self, *, resultado: str, motor: str, segundos: float) -> None:
        self._turnos.labels(resultado, motor).inc()
        if resultado == "respondido":
            self._turno_segundos.labels(motor).observe(segundos)

    def entrega(self, *, canal: str, resultado: str) -> None:
        self._entregas.labels(canal, resultado).inc()

    def filas_importadas(self, n: int, *, resultado: str) -> None:
        if n:
            self._filas.labels(resultado).inc(n)

    def campana_perdida(self, *, tarea: str) -> None:
        self._campanas.labels(tarea).inc()

    def llamada_modelo(
        self, *, paso: str, resultado: str, tokens_entrada: int, tokens_salida: int
    ) -> None:
        self._llamadas.labels(paso, resultado).inc()
        self._tokens.labels("entrada").inc(tokens_entrada)
        self._tokens.labels("salida").inc(tokens_salida)

    def peticion(self, *, metodo: str, ruta: str, estado: int, segundos: float) -> None:
        """`ruta` is the pattern of a route, never a path."""
        self._peticiones.labels(metodo, ruta, str(estado)).inc()
        self._http_segundos.labels(metodo, ruta).observe(segundos)


_only: PrometheusMetricas | None = None
_making = threading.Lock()


def metricas() -> PrometheusMetricas:
    """This process's own. Two would overwrite each other in the process's file."""
    global _only
    with _making:
        if _only is None:
            if folder := os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
                Path(folder).mkdir(parents=True, exist_ok=True)
                values.ValueClass = values.MultiProcessValue(_process)  # type: ignore[no-untyped-call]
            _only = PrometheusMetricas()
        return _only


def _process() -> str:
    """Names this process's files: containers that share the folder all have a process 7."""
    return f"{_HOST}-{os.getpid()}"


def render(*more: Collector) -> bytes:
    """The text that Prometheus reads: all processes' figures, then `more`, computed now."""
    registry = CollectorRegistry()
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    registry.register(_Folder(Path(folder)) if folder else _Registry(metricas().registry))
    for collector in more:
        registry.register(collector)
    return generate_latest(registry)


class _Folder(Collector):
    """Sums the files of all processes, dead ones included: a counter never goes back.

    Only ours: a Flower that inherits the variable would add its own figures, by worker name.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterable[Metric]:
        files = [
            str(path)
            for kind in ("counter", "histogram")
            for path in self._folder.glob(f"{kind}_*.db")
        ]
        merged: Iterable[Metric] = MultiProcessCollector.merge(files)  # type: ignore[no-untyped-call]
        return [metric for metric in merged if metric.name.startswith(PREFIX)]


class _Registry(Collector):
    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def collect(self) -> Iterable[Metric]:
        return self._registry.collect()
