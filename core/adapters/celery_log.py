"""Celery's processes in our logs: one line per task, its ids bound while it runs."""

import logging
import sys
import threading
import time
from typing import Any

import structlog

from core.adapters import observabilidad
from core.ports import Tarea
from core.settings import Settings

# Every two seconds for ever: worth a line only when it fails.
_ROUTINE = frozenset({Tarea.SWEEP.value})

log = structlog.stdlib.get_logger(__name__)
_task = threading.local()


def observe_tareas() -> None:
    """Connect to Celery's signals. Call once, where the Celery application is made."""
    from celery import signals

    signals.celeryd_init.connect(_configure, weak=False)  # before a worker's first warning
    signals.setup_logging.connect(_configure, weak=False)
    signals.task_prerun.connect(_begin, weak=False)
    signals.task_postrun.connect(_end, weak=False)


def _configure(**_: Any) -> None:
    """With a receiver on this signal, Celery leaves all logging to us."""
    observabilidad.configure_logging(Settings(), _proceso(sys.argv))


def _proceso(argv: list[str]) -> str:
    """What the Procfile calls this process: a worker's node name before the @, else the command."""
    for flag, value in zip(argv, argv[1:], strict=False):
        if flag in ("-n", "--hostname"):
            return value.partition("@")[0]
    return next((word for word in ("beat", "flower", "worker") if word in argv), "celery")


def _begin(task_id: str, task: Any, kwargs: dict[str, Any], **_: Any) -> None:
    observabilidad.clear()
    _task.since = time.perf_counter()
    ids = {name: value for name, value in (kwargs or {}).items() if isinstance(value, int)}
    observabilidad.bind(tarea=task.name, tarea_id=task_id, **ids)


def _end(task: Any, state: str | None = None, **_: Any) -> None:
    routine = task.name in _ROUTINE and state == "SUCCESS"
    since = getattr(_task, "since", time.perf_counter())
    log.log(
        logging.DEBUG if routine else logging.INFO,
        "tarea",
        estado=state,
        ms=round((time.perf_counter() - since) * 1000, 1),
    )
    observabilidad.clear()
