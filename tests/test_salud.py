"""/salud and /metrics on real servers, well, frozen and gone: true, in words, and in time."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import redis
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr
from sqlalchemy import create_engine, text

from core.adapters.metricas import PREFIX, PrometheusMetricas, metricas
from core.adapters.sondeo import PLAZO_SEGUNDOS, Sondeo
from core.db import Database, make_engine
from core.ports import Metricas
from core.settings import Settings
from tests.acceso import Tienda, open_tienda
from tests.fakes import MetricasEnMemoria
from tests.procesos import environment, procfile, running, send, worker
from web.esquemas import SaludVista

BOUND_SECONDS = 2.0


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


@contextmanager
def frozen(*pids: int) -> Iterator[None]:
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def valkey_pid(settings: Settings) -> int:
    return int(redis.Redis.from_url(settings.redis_location).info("server")["process_id"])


def postgres_pids(settings: Settings) -> list[int]:
    """The postmaster and every backend, those that serve our own pools included."""
    pidfile = settings.data_dir / "postgres" / "postmaster.pid"
    postmaster = psutil.Process(int(pidfile.read_text().splitlines()[0]))
    return [postmaster.pid, *(child.pid for child in postmaster.children(recursive=True))]


def ask(client: FlaskClient, path: str) -> tuple[Any, float]:
    start = time.monotonic()
    answer = client.get(path)
    return answer, time.monotonic() - start


def figures(text_: str) -> dict[str, float]:
    """`name{label=value}` → value."""
    return {
        sample.name
        + "".join(f"{{{k}={v}}}" for k, v in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text_)
        for sample in family.samples
    }


def waiting(tienda: Tienda, settings: Settings, *, seconds: int) -> None:
    """An unanswered message and an undelivered reply, both `seconds` old."""
    chat = tienda.chat("espera")
    key = {"e": tienda.empresa_id, "c": chat, "k": tienda.creada.canal_id, "s": seconds}
    with tienda.db.empresa(tienda.empresa_id) as session:
        for orden, remitente, estado, entrega in (
            (1, "usuario", "pendiente", "ninguna"),
            (2, "bot", "procesado", "incierta"),
        ):
            session.execute(
                text(
                    "INSERT INTO mensaje (empresa_id, canal_id, chat_id, orden, remitente, estado,"
                    " entrega, entrega_desde, creado_en) VALUES (:e, :k, :c, :o, :r, :m, :n,"
                    " now() - make_interval(secs => :s), now() - make_interval(secs => :s))"
                ),
                {**key, "o": orden, "r": remitente, "m": estado, "n": entrega},
            )
        session.execute(
            text("UPDATE chat SET pendientes = 1, turno_desde = now() WHERE id = :c"), key
        )


def importing(tienda: Tienda, *, seconds: int) -> None:
    with tienda.db.empresa(tienda.empresa_id) as session:
        session.execute(
            text(
                "INSERT INTO importacion (empresa_id, nombre_archivo, modo, creada_en) VALUES "
                "(:e, 'x.csv', 'actualizar', now() - make_interval(secs => :s))"
            ),
            {"e": tienda.empresa_id, "s": seconds},
        )


# --- /salud ------------------------------------------------------------------------------------


def test_a_system_that_is_well_says_so(client: FlaskClient, tienda: Tienda) -> None:
    answer, _ = ask(client, "/salud")
    assert (answer.status_code, answer.json["estado"]) == (200, "ok")
    SaludVista.model_validate(answer.json)
    parts = answer.json["componentes"]
    assert {"postgres", "redis", "trabajadores", "entregas", "catalogo", "llm"} <= set(parts)
    assert all(p["estado"] == "ok" and p["detalle"] for p in parts.values())


def test_a_frozen_redis_degrades_and_is_told_in_time(
    client: FlaskClient, settings: Settings
) -> None:
    with frozen(valkey_pid(settings)):
        answer, took = ask(client, "/salud")
        scrape, scraped = ask(client, "/metrics")
    assert took < BOUND_SECONDS
    assert scraped < BOUND_SECONDS
    assert (answer.status_code, answer.json["estado"]) == (200, "degradado")
    assert "se guardan" in answer.json["componentes"]["redis"]["detalle"]
    seen = figures(scrape.text)
    assert (seen["agente_up{componente=redis}"], seen["agente_up{componente=postgres}"]) == (0, 1)
    assert not [name for name in seen if name.startswith("agente_cola_tareas")]


def test_a_redis_that_is_gone_degrades(app: OpenAPI, client: FlaskClient) -> None:
    servicios = app.extensions["servicios"]
    nowhere = servicios.settings.model_copy(
        update={"celery_broker_url": SecretStr("redis://127.0.0.1:1/0")}
    )
    app.extensions["sondeo"] = Sondeo(servicios.db, nowhere)
    answer, took = ask(client, "/salud")
    assert took < BOUND_SECONDS
    assert (answer.status_code, answer.json["estado"]) == (200, "degradado")


def test_a_frozen_postgresql_is_a_503_in_time_and_well_again_afterwards(
    app: OpenAPI, client: FlaskClient, settings: Settings, tienda: Tienda
) -> None:
    ask(client, "/salud")  # connections are open, as in a process that has been working
    app.extensions["sondeo"] = Sondeo(app.extensions["servicios"].db, settings)
    with frozen(*postgres_pids(settings)):
        answer, took = ask(client, "/salud")
        again, repeated = ask(client, "/salud")
        scrape, scraped = ask(client, "/metrics")
    assert max(took, repeated, scraped) < BOUND_SECONDS
    assert repeated < PLAZO_SEGUNDOS / 2, "who is known to be silent is not waited for again"
    assert [answer.status_code, again.status_code] == [503, 503]
    assert answer.mimetype == "application/problem+json"
    assert answer.json["codigo"] == "no_disponible_ahora"
    assert answer.json["estado"] == "caido"
    assert "no se pueden aceptar mensajes" in answer.json["componentes"]["postgres"]["detalle"]
    assert answer.headers["Retry-After"]
    seen = figures(scrape.text)
    assert (scrape.status_code, seen["agente_up{componente=postgres}"]) == (200, 0)
    assert "agente_chats_pendientes" not in seen
    end = time.monotonic() + 10
    while (healed := client.get("/salud")).status_code != 200 and time.monotonic() < end:
        time.sleep(0.1)
    assert healed.json["estado"] == "ok"


def test_a_postgresql_that_refuses_is_a_503_at_once(app: OpenAPI, client: FlaskClient) -> None:
    servicios = app.extensions["servicios"]
    gone = servicios.settings.app_url.set(port=1)
    db = Database(
        app=make_engine(gone, max_connections=1), sistema=make_engine(gone, max_connections=1)
    )
    app.extensions["sondeo"] = Sondeo(db, servicios.settings)
    answer, took = ask(client, "/salud")
    db.close()
    assert answer.status_code == 503
    assert took < BOUND_SECONDS


@pytest.mark.parametrize(
    ("component", "words"),
    [("trabajadores", "espera respuesta"), ("entregas", "sin entregar"), ("catalogo", "espera")],
)
def test_work_that_nobody_does_degrades_with_its_reason(
    client: FlaskClient, settings: Settings, tienda: Tienda, component: str, words: str
) -> None:
    waiting(tienda, settings, seconds=400)
    importing(tienda, seconds=400)
    answer, _ = ask(client, "/salud")
    assert (answer.status_code, answer.json["estado"]) == (200, "degradado")
    part = answer.json["componentes"][component]
    assert part["estado"] == "degradado"
    assert words in part["detalle"]
    assert "400 s" in part["detalle"] or "401 s" in part["detalle"]


def test_imports_that_wait_behind_one_that_advances_are_no_trouble(
    client: FlaskClient, tienda: Tienda
) -> None:
    for _ in range(2):
        importing(tienda, seconds=400)
    with tienda.db.empresa(tienda.empresa_id) as session:
        session.execute(
            text(
                "UPDATE importacion SET estado = 'procesando', filas_procesadas = 9, lease_hasta ="
                " now() + interval '9 s' WHERE id = (SELECT min(id) FROM importacion)"
            )
        )
    answer, _ = ask(client, "/salud")
    assert answer.json["componentes"]["catalogo"]["estado"] == "ok", answer.text


def test_a_maintenance_queue_that_piles_up_degrades(
    client: FlaskClient, settings: Settings
) -> None:
    redis.Redis.from_url(settings.redis_location).rpush("agente:mantenimiento", *["x"] * 31)
    answer, _ = ask(client, "/salud")
    assert answer.json["componentes"]["trabajadores"]["estado"] == "degradado"


def test_a_person_who_has_the_chat_is_no_late_worker(
    client: FlaskClient, settings: Settings, tienda: Tienda
) -> None:
    waiting(tienda, settings, seconds=400)
    with tienda.db.empresa(tienda.empresa_id) as session:
        session.execute(text("UPDATE chat SET ia_activa = false"))
        session.execute(text("UPDATE mensaje SET entrega = 'ninguna'"))
    answer, _ = ask(client, "/salud")
    assert answer.json["estado"] == "ok", answer.text


# --- /metrics ----------------------------------------------------------------------------------


def test_what_waits_is_computed_when_asked_and_throw_away_shops_do_not_count(
    app: OpenAPI, client: FlaskClient, settings: Settings, tienda: Tienda
) -> None:
    waiting(tienda, settings, seconds=90)
    importing(tienda, seconds=5)
    efimera = open_tienda(app, "Examen")
    waiting(efimera, settings, seconds=5000)
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
    assert "empresa" not in told


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
        counted.peticion(metodo="GET", ruta="/salud", estado=200, segundos=0.01)
    assert _cuentas(counted) == {
        ("mensajes_recibidos", "web"): 2,
        ("turnos", "offline", "respondido"): 2,
        ("turnos", "offline", "fallido"): 2,
        ("entregas", "telegram", "enviada"): 2,
        ("importacion_filas", "creados"): 6,
        ("campanas_perdidas", "mensajes.answer_chat"): 2,
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
    env = environment(settings, PROMETHEUS_MULTIPROC_DIR=str(tmp_path / "metricas"))
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
    assert seen[turnos] == 2
    assert seen["agente_turno_segundos_count{motor=offline}"] == 2
    assert seen["agente_http_peticiones_total{estado=404}{metodo=GET}{ruta=(ninguna)}"] == 8
    assert not [name for name in seen if not name.startswith(PREFIX)]
