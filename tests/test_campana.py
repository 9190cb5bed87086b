"""The bell over real Valkey: heard when it is up, harmless when it is frozen or gone."""

import os
import re
import signal
import threading
import time
from collections.abc import Iterator

import pytest
import redis

from core.adapters.celery_queue import QUEUES, CeleryCola
from core.launcher.supervision import procfile_programs
from core.ports import Tarea
from core.settings import Settings

QUEUE = "agente:chat"


def test_every_bell_is_rung_where_a_worker_listens() -> None:
    """One without a queue is lost without a word, and barrido's for the same row with it."""
    commands = [p.argv[-1] for p in procfile_programs()]
    heard = {found[1] for c in commands if (found := re.search(r" -Q (\w+)", c))}
    assert set(QUEUES) == set(Tarea)
    assert set(QUEUES.values()) == heard


@pytest.fixture
def cola(settings: Settings) -> Iterator[CeleryCola]:
    redis.Redis.from_url(settings.redis_location).flushall()
    cola = CeleryCola(settings.redis_location)
    yield cola
    cola.close()


@pytest.fixture
def valkey_pid(settings: Settings) -> int:
    return int(redis.Redis.from_url(settings.redis_location).info("server")["process_id"])


def heard(settings: Settings, n: int) -> int:
    """How many bells are in the queue, waiting until there are `n` or ten seconds are over."""
    client = redis.Redis.from_url(settings.redis_location)
    end = time.monotonic() + 10
    while client.llen(QUEUE) < n and time.monotonic() < end:
        client.blpop(["nothing"], timeout=0.05)
    return int(client.llen(QUEUE))


def test_a_bell_reaches_its_queue_with_ids_only(settings: Settings, cola: CeleryCola) -> None:
    cola.ring(Tarea.ANSWER_CHAT, empresa_id=1, chat_id=2)
    assert heard(settings, 1) == 1
    body = redis.Redis.from_url(settings.redis_location).lrange(QUEUE, 0, 0)[0]
    assert b"mensajes.answer_chat" in body


def test_a_burst_of_rings_is_one_bell(settings: Settings, cola: CeleryCola) -> None:
    for _ in range(5):
        cola.ring(Tarea.ANSWER_CHAT, after=0.2, empresa_id=1, chat_id=2)
    cola.ring(Tarea.ANSWER_CHAT, after=0.4, empresa_id=1, chat_id=3)
    assert heard(settings, 2) == 2


def test_a_frozen_broker_costs_the_caller_nothing(
    settings: Settings, cola: CeleryCola, valkey_pid: int
) -> None:
    cola.ring(Tarea.ANSWER_CHAT, empresa_id=1, chat_id=0)
    assert heard(settings, 1) == 1
    os.kill(valkey_pid, signal.SIGSTOP)
    try:
        start = time.thread_time()
        for n in range(1000):
            cola.ring(Tarea.ANSWER_CHAT, empresa_id=1, chat_id=n + 1)
        # The calling thread only ever puts bells on a heap, whatever the broker does.
        assert time.thread_time() - start < 1
        end = time.monotonic() + 30
        while cola.dropped == 0 and time.monotonic() < end:  # until the publisher's own timeout
            time.sleep(0.01)
        assert cola.dropped
    finally:
        os.kill(valkey_pid, signal.SIGCONT)
    end = time.monotonic() + 10
    while time.monotonic() < end:
        cola.ring(Tarea.DELIVER_MENSAJE, empresa_id=1, mensaje_id=int(time.monotonic() * 1000))
        if redis.Redis.from_url(settings.redis_location).llen("agente:envio"):
            break
        time.sleep(0.05)
    assert redis.Redis.from_url(settings.redis_location).llen("agente:envio"), (
        "the bell works again"
    )


def test_an_absent_broker_never_raises() -> None:
    cola = CeleryCola("redis://127.0.0.1:1/0")
    cola.ring(Tarea.ANSWER_CHAT, empresa_id=1, chat_id=1)
    end = time.monotonic() + 10
    while cola.dropped == 0 and time.monotonic() < end:
        time.sleep(0.01)
    assert cola.dropped == 1
    cola.close()


def test_nothing_that_a_publish_raises_ends_the_bell(
    settings: Settings, cola: CeleryCola, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.adapters.celery_queue._BREAKER_SECONDS", 0.0)
    raised = threading.Event()

    class Raro:
        """A Celery whose first publish fails in a way that nobody foresaw."""

        def send_task(self, *_: object, **__: object) -> None:
            raised.set()
            raise ValueError("raro")

    cola._connect = Raro  # type: ignore[method-assign]
    cola.ring(Tarea.ANSWER_CHAT, empresa_id=1, chat_id=1)
    assert raised.wait(5)
    raised.clear()
    cola.ring(Tarea.ANSWER_CHAT, empresa_id=1, chat_id=2)
    assert raised.wait(5)
