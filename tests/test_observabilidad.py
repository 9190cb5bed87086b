"""Logs of every process: JSON, ids bound, and no customer's word or secret whatever goes wrong."""

import json
import logging
import socket
import sys
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import redis
import structlog
from flask_openapi3 import OpenAPI

from core.adapters import observabilidad
from core.adapters.tachar import Scrubber
from core.db import Database
from core.settings import Settings
from tests.acceso import Tienda, open_tienda
from tests.fakes import ClavesRapidas, ColaEnMemoria
from tests.procesos import environment, procfile, running, send, worker
from tests.stack import eventually
from tests.tropiezos import API, BOT, CLAVE, FALLAS, JWT, TEXTO, TODOS
from web.app import create_app
from web.auth import publica


@pytest.fixture
def logged(settings: Settings) -> Iterator[None]:
    """This process logs as the web does, and afterwards as it did before."""
    hooks = sys.excepthook, threading.excepthook
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    observabilidad.configure_logging(settings, "web")
    yield
    observabilidad.clear()
    sys.excepthook, threading.excepthook = hooks
    root.handlers, root.level = before, level
    logging.captureWarnings(False)
    structlog.reset_defaults()


@pytest.fixture
def app(settings: Settings, db: Database, logged: None) -> Iterator[OpenAPI]:
    """An application of its own, with a route for each way to fail."""
    app = create_app(settings)
    servicios = app.extensions["servicios"]
    servicios.cola, servicios.claves = ColaEnMemoria(), ClavesRapidas()

    @publica
    def falla(clave: str) -> dict[str, str]:
        FALLAS[clave](servicios.db)
        return {}

    app.add_url_rule("/falla/<clave>", view_func=falla)
    yield app
    servicios.db.close()


@pytest.fixture
def tienda(app: OpenAPI) -> Tienda:
    return open_tienda(app)


def lines(capfd: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """What was logged so far, each line checked to be JSON and silent about every canary."""
    out, err = capfd.readouterr()
    assert out == ""
    return checked(err.splitlines())


def checked(written: list[str]) -> list[dict[str, Any]]:
    for line in written:
        found = [c for c in TODOS if c in line or json.dumps(c)[1:-1] in line]
        assert not found, line
    return [parsed(line) for line in written]


def parsed(line: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(line)
    except ValueError as e:
        raise AssertionError("no JSON: " + repr(line)) from e
    return found


def of(events: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return [e for e in events if e["event"] == name]


def test_a_request_is_one_line_with_its_route_and_never_its_path(
    app: OpenAPI, tienda: Tienda, capfd: pytest.CaptureFixture[str]
) -> None:
    client = app.test_client()
    capfd.readouterr()
    sent = client.post(
        "/chat/texto",
        json={"chat_id": "canario-chat", "mensaje": TEXTO},
        headers={**tienda.headers(), "X-Request-ID": "peticion-de-prueba-1"},
    )
    assert sent.status_code == 202, sent.text
    client.get("/chat/historial/canario-chat?limite=5", headers=tienda.headers())
    client.post("/auth/login", json={"email": "canario@x.test", "password": CLAVE})
    client.post(f"/webhooks/telegram/{BOT}", json={"texto": TEXTO})
    client.get("/auth/yo", headers={"Authorization": f"Bearer {JWT}"})
    client.open("/chats/", method="CANARIO")

    seen = of(lines(capfd), "petición")
    assert [(e["metodo"], e["estado"]) for e in seen[:2]] == [("POST", 202), ("GET", 200)]
    assert seen[0]["ruta"] == "/chat/texto"
    assert seen[1]["ruta"].startswith("/chat/historial/<")
    assert seen[0]["peticion_id"] == sent.headers["X-Request-ID"] == "peticion-de-prueba-1"
    assert seen[0]["empresa_id"] == tienda.empresa_id
    assert all(e["ms"] >= 0 and e["proceso"] == "web" for e in seen)
    assert "empresa_id" not in seen[2], "what one request bound is forgotten by the next"
    assert seen[-1]["metodo"] == "OTRO"


@pytest.mark.parametrize("clave", FALLAS)
def test_a_route_that_fails_tells_where_and_not_with_what(
    app: OpenAPI, clave: str, capfd: pytest.CaptureFixture[str]
) -> None:
    capfd.readouterr()
    answer = app.test_client().get(f"/falla/{clave}?q=canario")
    events = lines(capfd)
    assert not [c for c in TODOS if c in answer.text]
    ended = of(events, "petición")[0]
    assert ended["ruta"] == "/falla/<clave>"
    others = [e for e in events if e["event"] != "petición"]
    if answer.status_code == 500:
        assert others[0]["event"] == "excepción sin atender"
        assert others[0]["peticion_id"] == ended["peticion_id"]
        assert any("tests/tropiezos.py" in p for p in others[0]["error"][0]["donde"])
    assert others or answer.status_code < 500, "what fails is told"


def test_a_database_error_keeps_its_names(
    app: OpenAPI, settings: Settings, capfd: pytest.CaptureFixture[str]
) -> None:
    capfd.readouterr()
    app.test_client().get("/falla/restriccion")
    error = of(lines(capfd), "excepción sin atender")[0]["error"][0]
    assert (error["sqlstate"], error["tabla"]) == ("23514", "producto")
    assert error["restriccion"] == "ck_producto_precio"
    server = (settings.data_dir / "postgres.log").read_text()
    assert "ready to accept connections" in server
    assert not [c for c in TODOS if c in server], "nor does PostgreSQL's own log quote the row"


def test_an_error_of_a_neighbour_keeps_its_reason(
    app: OpenAPI, capfd: pytest.CaptureFixture[str]
) -> None:
    capfd.readouterr()
    observabilidad.bind(chat_id=7, tarea_id="t-1", nada=None)
    try:
        FALLAS["proveedor"](app.extensions["servicios"].db)
    except Exception:
        logging.getLogger("prueba").exception("no salió")
    told = of(lines(capfd), "no salió")[0]
    assert (told["chat_id"], told["tarea_id"]) == (7, "t-1")
    assert "nada" not in told
    assert [e["tipo"] for e in told["error"]] == ["core.errors.Unavailable", "httpx.ConnectError"]
    assert (
        told["error"][1]["motivo"] == "cannot reach https://api.telegram.org/bot***/sendMessage?***"
    )


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (f"bot{BOT}/getMe", "bot***/getMe"),
        (f"Authorization: Bearer {JWT}", "Authorization: Bearer ***"),
        (f"redis://:{CLAVE}@host:6379/0", "redis://***@host:6379/0"),
        ("postgresql+psycopg://u:p%40ss@h/db falló", "postgresql+psycopg://***@h/db falló"),
        (f"jwt {JWT} fin", "jwt *** fin"),
        (f"'api_key': '{API}'", "'api_key': '***'"),
        ("POST /webhooks/telegram/AbC-123 falló", "POST /webhooks/telegram/*** falló"),
        ("GET /chats?cursor=eyJh&limite=3 200", "GET /chats?*** 200"),
        ("EAAGm0PX4ZCpsBAKZCZBx1y2z3w4v5u6t7s8r9q0p1o2n3m4", "***"),
        ("chat@host-1 listo en 3 s, 12:30:45", "chat@host-1 listo en 3 s, 12:30:45"),
        ("core/ventas.py:33 record_venta", "core/ventas.py:33 record_venta"),
    ],
)
def test_what_looks_like_a_secret_is_struck_out(settings: Settings, said: str, kept: str) -> None:
    assert Scrubber(settings).text(said) == kept


def test_this_installations_own_secrets_are_known_by_heart(settings: Settings) -> None:
    scrubber = Scrubber(settings.model_copy(update={"admin_password": None}))
    for name in ("jwt_secret_key", "secrets_key", "admin_password", "flower_password"):
        secret = settings.secret_kept(name)
        assert secret not in scrubber.text(f"veo {secret} aquí")
    assert str(settings.app_url.password) not in scrubber.text(f"x {settings.app_url.password} y")


# --- real processes ----------------------------------------------------------------------------


def test_a_worker_binds_ids_and_tells_no_words(settings: Settings, db: Database) -> None:
    redis.Redis.from_url(settings.redis_location).flushall()
    for n in range(len(FALLAS)):
        send("prueba.falla", settings, task_id=f"tarea-{n}", empresa_id=1, chat_id=40 + n, n=n)
    with running(worker("mantenimiento"), environment(settings)) as process:
        for n in range(len(FALLAS)):
            process.await_line(lambda line, n=n: f'"tarea-{n}"' in line and '"estado"' in line)

    # Celery's farewell goes to stdout past all logging.
    events = checked([line for line in process.lines if line and not line.startswith("worker: ")])
    ended = of(events, "tarea")
    assert [e["chat_id"] for e in ended] == [40 + n for n in range(len(FALLAS))]
    assert {e["estado"] for e in ended} == {"FAILURE", "SUCCESS"}
    assert {(e["proceso"], e["empresa_id"], e["tarea"]) for e in ended} == {
        ("mantenimiento", 1, "prueba.falla")
    }
    failed = [e for e in events if e["logger"] == "celery.app.trace"]
    assert len(failed) == sum(e["estado"] == "FAILURE" for e in ended)
    assert all(e["error"][0]["donde"] and e["tarea_id"] for e in failed)
    ready = next(e for e in events if "ready" in e["event"])
    assert "tarea_id" not in ready


def test_gunicorn_and_its_workers_speak_json_from_the_first_line(
    settings: Settings, db: Database
) -> None:
    env = environment(settings)
    base = f"http://127.0.0.1:{env['PORT']}"
    with running(procfile("web"), env) as web:
        web.await_line(lambda line: "Booting worker" in line)
        transport = httpx.HTTPTransport(retries=20)
        with httpx.Client(base_url=base, timeout=20, transport=transport) as client:
            assert client.get("/salud").status_code == 200
            for path in (f"/webhooks/telegram/{BOT}", f"/nada/{JWT}?token={API}"):
                client.post(path, json={"message": {"text": TEXTO}})
            client.post(
                "/auth/registro",
                json={"empresa": "Tienda", "email": "a@b.test", "password": CLAVE},
            )
            client.get("/auth/yo", headers={"Authorization": f"Bearer {JWT}"})
        with socket.create_connection(("127.0.0.1", int(env["PORT"]))) as broken:
            broken.sendall(f"GET /{TEXTO.replace(' ', '-')} canario\r\n\r\n".encode())
            broken.recv(1000)
    events = checked(web.lines)
    assert {e["proceso"] for e in events} == {"web"}
    assert len({e["pid"] for e in events}) > 1, "master and workers alike"
    assert {e["ruta"] for e in of(events, "petición")} >= {"/auth/registro", "(ninguna)"}


def test_beat_speaks_json_and_rings_the_sweep(settings: Settings, db: Database) -> None:
    client = redis.Redis.from_url(settings.redis_location)
    client.flushall()
    with running(procfile("beat"), environment(settings)) as beat:
        assert eventually(lambda: client.llen("agente:mantenimiento"), seconds=60), beat.lines
    assert {e["proceso"] for e in checked(beat.lines)} <= {"beat"}


def test_a_refused_start_strikes_out_what_a_server_quotes(settings: Settings) -> None:
    secret = settings.secret_kept("postgres_password")
    said = Scrubber(settings).text(f"initdb failed: ALTER ROLE x PASSWORD '{secret}'")
    assert secret not in said
