"""Flower as the Procfile starts it: workers and finished tasks, for who has the password only."""

import ast
import json
from collections.abc import Iterator
from itertools import count
from typing import Any

import httpx
import pytest
import redis

from core.adapters.celery_queue import CeleryCola
from core.ports import Tarea
from core.settings import Settings
from tests.procesos import Proceso, environment, procfile, running
from tests.stack import eventually


@pytest.fixture(scope="module")
def flower(settings: Settings) -> Iterator[httpx.Client]:
    """A client of Flower beside one chat worker; its `base_url` answers, its auth is right."""
    redis.Redis.from_url(settings.redis_location).flushall()
    env = environment(settings)
    auth = (settings.flower_user, settings.secret("flower_password"))
    with running(procfile("chat"), env) as worker, running(procfile("flower"), env) as process:
        worker.await_line(lambda line: "ready" in line)
        with httpx.Client(
            base_url=f"http://127.0.0.1:{env['FLOWER_PORT']}", auth=auth, timeout=20
        ) as client:
            assert eventually(lambda: _answers(client), seconds=60), process.lines
            yield client
    _check_silent(settings, process)
    _check_silent(settings, worker)
    assert {json.loads(line)["proceso"] for line in process.lines} == {"flower"}


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/healthcheck").status_code == 200
    except httpx.ConnectError:
        return False


def _check_silent(settings: Settings, process: Proceso) -> None:
    text = "\n".join(process.lines)
    assert settings.secret("flower_password") not in text
    assert settings.secret_kept("postgres_password") not in text


def _finished(flower: httpx.Client, cola: CeleryCola) -> dict[str, Any] | None:
    """A finished task, ringing for another one at each look: events are switched on by Flower
    within five seconds of its start."""
    cola.ring(Tarea.ANSWER_CHAT, empresa_id=1, chat_id=next(_N))
    tasks: dict[str, dict[str, Any]] = flower.get("/api/tasks", params={"limit": 50}).json()
    return next((t for t in tasks.values() if t["state"] == "SUCCESS"), None)


_N = count(7)


def test_without_the_password_it_tells_nothing(flower: httpx.Client) -> None:
    for path in ("/api/workers", "/api/tasks", "/", "/workers", "/tasks", "/broker"):
        for auth in (None, ("admin", "no"), ("", "")):
            answer = httpx.get(f"{flower.base_url}{path}", auth=auth)
            assert answer.status_code == 401, path


def test_it_listens_on_loopback_only(flower: httpx.Client) -> None:
    assert flower.base_url.port is not None
    listening = [
        line.split()[1]
        for name in ("tcp", "tcp6")
        for line in open_sockets(name)
        if line.split()[3] == "0A" and line.split()[1].endswith(f":{flower.base_url.port:04X}")
    ]
    assert listening == [f"0100007F:{flower.base_url.port:04X}"]


def open_sockets(name: str) -> list[str]:
    with open(f"/proc/net/{name}") as table:
        return table.read().splitlines()[1:]


def test_a_worker_is_seen_under_its_own_name(flower: httpx.Client) -> None:
    def seen() -> dict[str, Any]:
        found: dict[str, Any] = flower.get("/api/workers", params={"refresh": "1"}).json()
        return found

    workers = eventually(seen, seconds=30)
    name = next(iter(workers))
    assert name.startswith("chat@")
    assert [q["name"] for q in workers[name]["active_queues"]] == ["chat"]


def test_a_finished_task_has_a_readable_name_and_ids_for_arguments(
    flower: httpx.Client, settings: Settings
) -> None:
    cola = CeleryCola(settings.broker_url)
    try:
        task = eventually(lambda: _finished(flower, cola), seconds=30)
    finally:
        cola.close()
    assert task is not None
    assert task["name"] == "mensajes.answer_chat"
    assert task["worker"].startswith("chat@")
    assert task["args"] == "()"
    ids = ast.literal_eval(task["kwargs"])
    assert set(ids) == {"empresa_id", "chat_id"}
    assert all(isinstance(value, int) for value in ids.values())


def test_no_answer_of_it_holds_a_password(flower: httpx.Client, settings: Settings) -> None:
    for path in ("/api/workers?refresh=1", "/api/tasks", "/broker", "/workers", "/metrics"):
        text = flower.get(path).text
        for secret in (
            settings.secret("flower_password"),
            settings.secret_kept("postgres_password"),
            settings.secret("jwt_secret_key"),
        ):
            assert secret not in text, path
