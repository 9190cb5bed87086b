"""The Cola port over Celery. A background thread rings; nobody who calls ever touches Redis."""

import heapq
import threading
import time
from itertools import count
from typing import Any

from core.adapters.metricas import metricas
from core.ports import Tarea

# Bells waiting at once, in one process. Beyond it they are dropped and barrido rings instead.
_MAX_BELLS = 10_000
# After a failed publish, how long nobody tries again: a dead Redis costs one timeout a pause.
_BREAKER_SECONDS = 1.0

# Before every key in Redis, so that a shop may share its server; workers read it in celeryconfig.
KEY_PREFIX = "agente:"

_Key = tuple[Tarea, tuple[tuple[str, int], ...]]

QUEUES = {
    Tarea.ANSWER_CHAT: "chat",
    Tarea.ANSWER_CHAT_SOLO: "chat_solo",
    Tarea.DELIVER_MENSAJE: "envio",
    Tarea.CHECK_CANAL: "envio",
    # It waits for a provider, as they do.
    Tarea.FETCH_ARCHIVO: "envio",
    Tarea.DELIVER_AVISOS: "envio",
    Tarea.HAND_BACK: "envio",
    Tarea.IMPORT_STEP: "catalogo",
    Tarea.FORGET_CAMBIOS: "catalogo",
    # Nobody waits for it.
    Tarea.FORGET_TURNOS: "catalogo",
    Tarea.EMBED_STEP: "embeddings",
    Tarea.INDEX_DOCUMENTO: "embeddings",
    # Where index and model are at hand already.
    Tarea.ANSWER_BUSQUEDA: "chat",
    Tarea.SWEEP: "mantenimiento",
}


class CeleryCola:
    """Implements core.ports.Cola. Its thread starts with the first bell, after any fork."""

    def __init__(self, broker_url: str) -> None:
        self._broker_url = broker_url
        self._changed = threading.Condition()
        self._due: dict[_Key, float] = {}
        self._heap: list[tuple[float, int, _Key]] = []
        self._ticket = count()
        self._thread: threading.Thread | None = None
        self._closing = False
        self.dropped = 0

    def ring(self, tarea: Tarea, *, after: float = 0.0, **ids: int) -> None:
        key = (tarea, tuple(sorted(ids.items())))
        at = time.monotonic() + after
        with self._changed:
            if self._closing or (len(self._due) >= _MAX_BELLS and key not in self._due):
                self._drop(tarea)
                return
            self._due[key] = at
            heapq.heappush(self._heap, (at, next(self._ticket), key))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="campana", daemon=True)
                self._thread.start()
            self._changed.notify()

    def close(self, timeout: float = 2.0) -> None:
        """Ring what is due now and stop; what was for later is barrido's."""
        with self._changed:
            self._closing = True
            self._changed.notify()
            thread = self._thread
        if thread is not None:
            thread.join(timeout)

    def _run(self) -> None:
        celery = self._connect()
        open_again = 0.0
        while (key := self._next()) is not None:
            if time.monotonic() < open_again:
                self._drop(key[0])
            elif not self._publish(celery, key):
                self._drop(key[0])
                open_again = time.monotonic() + _BREAKER_SECONDS

    def _drop(self, tarea: Tarea) -> None:
        self.dropped += 1
        metricas().campana_perdida(tarea=tarea.value)

    def _next(self) -> _Key | None:
        """Wait for the earliest bell to come due; None when closing and nothing is due."""
        with self._changed:
            while True:
                wait = None
                if self._heap:
                    at, _, key = self._heap[0]
                    if self._due.get(key) != at:
                        heapq.heappop(self._heap)  # rung again since: a later entry stands for it
                        continue
                    wait = at - time.monotonic()
                    if wait <= 0:
                        heapq.heappop(self._heap)
                        del self._due[key]
                        return key
                if self._closing:
                    return None
                self._changed.wait(wait)

    def _publish(self, celery: Any, key: _Key) -> bool:
        tarea, ids = key
        try:
            celery.send_task(
                tarea.value, kwargs=dict(ids), queue=QUEUES[tarea], retry=False, ignore_result=True
            )
        except Exception:  # whatever it is, the thread must live: it is the only one that rings
            return False
        return True

    def _connect(self) -> Any:
        """A Celery application that only publishes, impatiently."""
        from celery import Celery

        celery = Celery("campana", broker=self._broker_url, set_as_current=False)
        celery.conf.update(
            task_serializer="json",
            broker_connection_timeout=1.0,
            broker_pool_limit=1,
            broker_transport_options={
                "global_keyprefix": KEY_PREFIX,
                "socket_timeout": 1.0,
                "socket_connect_timeout": 0.5,
                "retry_on_timeout": False,
            },
        )
        return celery
