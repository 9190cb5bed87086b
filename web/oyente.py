"""One LISTEN connection per process wakes everyone who waits; who woke reads PostgreSQL again."""

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue

import psycopg
from flask import current_app
from sqlalchemy import URL

from core.bitacora import CANAL_EVENTOS
from core.db import libpq_dsn
from core.errors import Unavailable
from web.datos import servicios

# After a lost connection everybody is woken and reads for themselves; then we try again.
_RECONNECT_SECONDS = 1.0
_BUSY_RETRY_SECONDS = 5


FIN = "fin"


class Aviso:
    """One waiter's mailbox: "mensaje" when rows changed, "escribiendo" while a turn runs, FIN
    when this process is stopping."""

    def __init__(self) -> None:
        self._box: SimpleQueue[str] = SimpleQueue()

    def put(self, kind: str) -> None:
        self._box.put(kind)

    def wait(self, timeout: float) -> str | None:
        """The next notice, or None after `timeout` seconds of silence; none are left when < 0."""
        try:
            return self._box.get(timeout=max(0.0, timeout))
        except Empty:
            return None


class Oyente:
    """Starts its thread with the first waiter, after any fork. `limit`: waiters at once."""

    def __init__(self, url: URL, *, limit: int) -> None:
        self._dsn = libpq_dsn(url)
        self._limit = limit
        self._lock = threading.Lock()
        self._waiters: dict[tuple[int, str], set[Aviso]] = defaultdict(set)
        self._count = 0
        self._thread: threading.Thread | None = None
        self._ready = threading.Event()
        self._closing = False

    @contextmanager
    def waiting(self, empresa_id: int, tema: str) -> Iterator[Aviso]:
        """A mailbox for one `tema` of an empresa (core.bitacora.CANAL_EVENTOS). Raises Unavailable
        when too many already wait here: live connections must leave room for webhooks."""
        aviso, key = Aviso(), (empresa_id, tema)
        with self._lock:
            if self._closing or self._count >= self._limit:
                raise Unavailable(
                    "Demasiadas conexiones vivas; inténtalo enseguida.",
                    segundos=_BUSY_RETRY_SECONDS,
                )
            self._count += 1
            self._waiters[key].add(aviso)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="oyente", daemon=True)
                self._thread.start()
        self._ready.wait(2.0)
        try:
            yield aviso
        finally:
            with self._lock:
                self._count -= 1
                self._waiters[key].discard(aviso)
                if not self._waiters[key]:
                    del self._waiters[key]

    def close(self) -> None:
        """Send everybody away, for good: a live page comes back to the process that follows."""
        with self._lock:
            self._closing = True
        self._wake_all(FIN)

    def _run(self) -> None:
        pause = threading.Event()
        while True:
            try:
                with psycopg.connect(self._dsn, autocommit=True, connect_timeout=5) as connection:
                    connection.execute(f"LISTEN {CANAL_EVENTOS}")
                    self._ready.set()
                    self._wake_all()
                    for notice in connection.notifies():
                        self._tell(notice.payload)
            except psycopg.OperationalError:
                self._wake_all()
                pause.wait(_RECONNECT_SECONDS)

    def _tell(self, payload: str) -> None:
        empresa, tema, *kind = payload.split(":")
        with self._lock:
            waiters = list(self._waiters.get((int(empresa), tema), ()))
        for aviso in waiters:
            aviso.put(kind[0] if kind else "mensaje")

    def _wake_all(self, kind: str = "mensaje") -> None:
        with self._lock:
            waiters = [aviso for group in self._waiters.values() for aviso in group]
        for aviso in waiters:
            aviso.put(kind)


def oyente() -> Oyente:
    """This process's, made when somebody first waits."""
    found: Oyente | None = current_app.extensions.get("oyente")
    if found is None:
        s = servicios().settings
        found = current_app.extensions.setdefault(
            "oyente", Oyente(s.sistema_url, limit=s.conexiones_vivas_max)
        )
    return found
