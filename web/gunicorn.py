"""gunicorn's settings, each with its reason (docs/adr/0004)."""

import os
import signal
import threading
from typing import Any

from core.adapters import tether
from core.settings import Settings

_settings = Settings()

_host = f"[{_settings.host}]" if ":" in _settings.host else _settings.host
bind = f"{_host}:{_settings.port}"
workers = _settings.web_procesos
# Threads: a password's hash, a large upload or a slow query holds up nobody else, as it would in
# an event loop. Live pages and ?esperar hold one for minutes each, but never more than
# conexiones_vivas_max: the rest is the room that webhooks keep.
worker_class = "gthread"
threads = _settings.conexiones_vivas_max + 64
# Idle keep-alive connections wait in the poller, without a thread.
worker_connections = threads + 1000
backlog = 2048
# SIGTERM: what is being answered may finish. Live pages are told to come back (web/oyente.py).
graceful_timeout = 30
timeout = 60
keepalive = 5
# A request line and headers of ours are small; the rest is somebody trying something.
limit_request_line = 4094
limit_request_fields = 64
accesslog = None
errorlog = "-"
logger_class = "core.adapters.gunicorn_log.GunicornLog"
control_socket_disable = True


def post_fork(server: Any, worker: Any) -> None:
    """A killed master's children must free the port at once for the master that follows."""
    tether.die_with_parent(signal.SIGKILL)


def post_worker_init(worker: Any) -> None:
    """At SIGTERM live pages are sent away, so that only answers under way are waited for."""
    stop = worker.handle_exit
    told, tell = os.pipe()
    threading.Thread(target=_send_away, args=(worker.wsgi, told), daemon=True).start()

    def stop_gently(number: int, frame: Any) -> None:
        # Only a byte: what the signal interrupts may be holding any lock that more would need.
        os.write(tell, b".")
        stop(number, frame)

    signal.signal(signal.SIGTERM, stop_gently)


def worker_exit(server: Any, worker: Any) -> None:
    """Ring the last bells and give the connections back."""
    if worker.wsgi is not None:
        servicios = worker.wsgi.extensions["servicios"]
        servicios.cola.close()
        servicios.db.close()


def _send_away(app: Any, told: int) -> None:
    os.read(told, 1)
    oyente = app.extensions.get("oyente")
    if oyente is not None:
        oyente.close()
