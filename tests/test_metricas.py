"""/metrics: what is counted by every process, what is computed when asked, who may read it."""

import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import redis
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI
from pydantic import SecretStr
from sqlalchemy import create_engine, text

from core.adapters.metricas import PREFIX, PrometheusMetricas, metricas
from core.adapters.sondeo import Sondeo
from core.db import Database
from core.ports import Metricas
from core.settings import Settings
from tests.acceso import Tienda, open_tienda
from tests.atrasos import figures, importing, waiting
from tests.fakes import MetricasEnMemoria
from tests.procesos import environment, procfile, running, send, worker


@pytest.fixture
def client(app: OpenAPI, settings: Settings) -> Iterator[FlaskClient]:
    """Every test looks with fresh eyes: no answer of an earlier one is served."""
    servicios = app.extensions["servicios"]
    redis.Redis.from_url(settings.redis_location).flushall()
    app.extensions["sondeo"] = Sondeo(servicios.db, settings)
    yield app.test_client()
    app.extensions.pop("sondeo")


@pytest.fixture
def tienda(app: OpenAPI) -> Tienda:
    return open_tienda(app)


def test_what_waits_is_computed_when_asked_and_throw_away_shops_do_not_count(
    app: OpenAPI, client: FlaskClient, settings: Settings, tienda: Tienda
) -> None:
    waiting(tienda, seconds=90)
    importing(tienda, seconds=5)
    efimera = open_tienda(app, "Examen")
    waiting(efimera, seconds=5000)
    importing(efimera, seconds=5000)
    owner = create_engine(settings.owner_url)
    with owner.begin() as connection:
        connection.execute(text(f"SET LOCAL app.empresa_id = '{efimera.empresa_id}'"))
        connection.execute(text("UPDATE empresa SET efimera = true"))
    owner.dispose()
    redis.Redis.from_url(settings.redis_location).rpush("agente:chat", "a", "b")

    answer = client.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    seen = figures(answer.text)
    assert 90 <= seen["agente_mensaje_sin_responder_segundos"] < 95
    assert seen["agente_chats_pendientes"] == 1
    assert seen["agente_entregas_en_curso{estado=incierta}"] == 1
    assert seen["agente_entregas_en_curso{estado=pendiente}"] == 0
    assert seen["agente_importaciones_abiertas{estado=en_cola}"] == 1
    assert seen["agente_cola_tareas{cola=chat}"] == 2
    assert seen["agente_cola_tareas{cola=envio}"] == 0
    assert seen["agente_up{componente=redis}"] == 1


def test_requests_are_counted_by_pattern_and_no_tenant_is_named(
    client: FlaskClient, tienda: Tienda
) -> None:
    name = "agente_http_peticiones_total{estado=202}{metodo=POST}{ruta=/chat/texto}"
    received = "agente_mensajes_recibidos_total{canal=web}"
    before = figures(client.get("/metrics").text)
    for _ in range(2):  # a redelivery is answered again and received once
        client.post(
            "/chat/texto",
            json={"chat_id": "chat-de-ana", "mensaje": "hola", "id_externo": "m-1"},
            headers=tienda.headers(),
        )
    client.get("/chat/historial/chat-de-ana", headers=tienda.headers())
    told = client.get("/metrics").text
    after = figures(told)
    assert after[name] == before.get(name, 0) + 2
    assert after[received] == before.get(received, 0) + 1
    assert "chat-de-ana" not in told
    assert "empresa=" not in told, "no label names a shop"


@pytest.mark.parametrize(
    ("entorno", "token", "headers", "address", "status"),
    [
        ("desarrollo", None, {}, "10.0.0.9", 200),
        ("produccion", None, {}, "127.0.0.1", 200),
        ("produccion", None, {}, "::1", 200),
        ("produccion", None, {}, "10.0.0.9", 403),
        ("produccion", None, {}, "", 403),
        ("produccion", None, {"X-Forwarded-For": "10.0.0.9"}, "127.0.0.1", 403),
        ("produccion", "s3creto", {}, "127.0.0.1", 401),
        ("produccion", "s3creto", {"Authorization": "Bearer otro"}, "127.0.0.1", 401),
        ("produccion", "s3creto", {"Authorization": "Bearer s3creto"}, "10.0.0.9", 200),
        ("desarrollo", "s3creto", {}, "127.0.0.1", 401),
    ],
)
def test_who_may_read_the_figures(
    app: OpenAPI,
    client: FlaskClient,
    entorno: str,
    token: str | None,
    headers: dict[str, str],
    address: str,
    status: int,
) -> None:
    servicios = app.extensions["servicios"]
    before = servicios.settings
    servicios.settings = before.model_copy(
        update={"entorno": entorno, "metrics_token": SecretStr(token) if token else None}
    )
    answer = client.get("/metrics", headers=headers, environ_overrides={"REMOTE_ADDR": address})
    servicios.settings = before
    assert answer.status_code == status, answer.text


@pytest.fixture(params=[MetricasEnMemoria, PrometheusMetricas])
def counted(request: pytest.FixtureRequest) -> Metricas:
    made: Metricas = request.param()
    return made


def test_every_kind_of_figure_can_be_counted(counted: Metricas) -> None:
    for _ in range(2):
        counted.mensaje_recibido(canal="web")
        counted.turno(resultado="respondido", motor="offline", segundos=0.2)
        counted.turno(resultado="fallido", motor="offline", segundos=3)
        counted.entrega(canal="telegram", resultado="enviada")
        counted.filas_importadas(3, resultado="creados")
        counted.filas_importadas(0, resultado="con_error")
        counted.campana_perdida(tarea="mensajes.answer_chat")
        counted.llamada_modelo(
            paso="leer", resultado="respondida", tokens_entrada=100, tokens_salida=10
        )
        counted.peticion(metodo="GET", ruta="/salud", estado=200, segundos=0.01)
    assert _cuentas(counted) == {
        ("mensajes_recibidos", "web"): 2,
        ("turnos", "offline", "respondido"): 2,
        ("turnos", "offline", "fallido"): 2,
        ("entregas", "telegram", "enviada"): 2,
        ("importacion_filas", "creados"): 6,
        ("campanas_perdidas", "mensajes.answer_chat"): 2,
        ("modelo_llamadas", "leer", "respondida"): 2,
        ("modelo_tokens", "entrada"): 200,
        ("modelo_tokens", "salida"): 20,
        ("http_peticiones", "200", "GET", "/salud"): 2,
    }


def _cuentas(counted: Metricas) -> dict[tuple[str, ...], float]:
    """Of fake and real alike: (name, its labels' values in order) → count."""
    if isinstance(counted, MetricasEnMemoria):
        return dict(counted.cuentas)
    assert isinstance(counted, PrometheusMetricas)
    return {
        (family.name.removeprefix(PREFIX), *(s.labels[k] for k in sorted(s.labels))): s.value
        for family in counted.registry.collect()
        for s in family.samples
        if s.name.endswith("_total")
    }


def test_one_process_has_one_set_of_figures() -> None:
    assert metricas() is metricas()


def test_the_figures_of_all_processes_are_one_sum_and_the_dead_ones_stay_in_it(
    settings: Settings, db: Database, tmp_path: Path
) -> None:
    redis.Redis.from_url(settings.redis_location).flushall()
    folder = tmp_path / "metricas"
    env = environment(settings, PROMETHEUS_MULTIPROC_DIR=str(folder))
    turnos = "agente_turnos_total{motor=offline}{resultado=respondido}"
    base = f"http://127.0.0.1:{env['PORT']}"
    with running(procfile("web"), env) as web, running(worker("mantenimiento"), env) as first:
        send("prueba.turno", settings, task_id="t-1")
        first.await_line(lambda line: '"t-1"' in line)
        first.kill()
        with running(worker("mantenimiento"), env) as second:
            send("prueba.turno", settings, task_id="t-2")
            second.await_line(lambda line: '"t-2"' in line)
            web.await_line(lambda line: "Booting worker" in line)
            with httpx.Client(transport=httpx.HTTPTransport(retries=20), timeout=20) as client:
                for _ in range(8):  # a connection each, so that both web processes have some
                    client.get(f"{base}/nada", headers={"Connection": "close"})
                seen = figures(client.get(f"{base}/metrics").text)
    hosts = {path.name.split("_")[1].rpartition("-")[0] for path in folder.iterdir()}
    assert hosts == {socket.gethostname().replace("_", "-")}, "containers may share the folder"
    assert seen[turnos] == 2
    assert seen["agente_turno_segundos_count{motor=offline}"] == 2
    assert seen["agente_http_peticiones_total{estado=404}{metodo=GET}{ruta=(ninguna)}"] == 8
    assert not [name for name in seen if not name.startswith(PREFIX)]
