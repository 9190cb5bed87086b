"""/salud and /metrics on real servers, well, frozen and gone: true, in words, and in time."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil
import pytest
import redis
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI
from pydantic import SecretStr
from sqlalchemy import text

from core.adapters.sondeo import PLAZO_SEGUNDOS, Sondeo
from core.db import Database, make_engine
from core.settings import Settings
from tests.acceso import Tienda, open_tienda
from tests.atrasos import figures, importing, waiting
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


def test_a_system_that_is_well_says_so(client: FlaskClient, tienda: Tienda) -> None:
    answer, _ = ask(client, "/salud")
    assert (answer.status_code, answer.json["estado"]) == (200, "ok")
    SaludVista.model_validate(answer.json)
    parts = answer.json["componentes"]
    assert {"postgres", "redis", "trabajadores", "entregas", "catalogo", "busqueda", "llm"} <= set(
        parts
    )
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
    waiting(tienda, seconds=400)
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
    waiting(tienda, seconds=400)
    with tienda.db.empresa(tienda.empresa_id) as session:
        session.execute(text("UPDATE chat SET ia_activa = false"))
        session.execute(text("UPDATE mensaje SET entrega = 'ninguna'"))
    answer, _ = ask(client, "/salud")
    assert answer.json["estado"] == "ok", answer.text
