"""A Celery application whose only task does nothing, with the product's own settings."""

import os
import sys
import threading
import time

from celery import Celery
from kombu import Queue  # type: ignore[attr-defined]

celery = Celery("nada")
celery.config_from_object("celeryconfig")
celery.conf.task_queues = [Queue("nada")]  # type: ignore[no-untyped-call]
celery.conf.task_default_queue = "nada"
celery.conf.beat_schedule = {}

_lock = threading.Lock()
_done = 0
_start = 0.0


@celery.task(name="nada")  # type: ignore[untyped-decorator]
def nada(total: int) -> None:
    """Says when the last of `total` has run, and how long they took since the first."""
    global _done, _start
    with _lock:
        if _done == 0:
            _start = time.monotonic()
        _done += 1
        if _done == total:
            sys.stdout.write(f"NADA {time.monotonic() - _start:.3f}\n")
            sys.stdout.flush()
            os._exit(0)
