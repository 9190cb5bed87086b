"""The Celery application, this process's services, and a watchdog over its slots."""

import os
import threading
import time
from functools import lru_cache
from typing import Any

from celery import Celery
from celery.signals import celeryd_init, task_postrun, task_prerun, worker_ready, worker_shutdown

from core.adapters.celery_log import observe_tareas
from core.agente.turno import Vendedor
from core.db import DATABASE_DOWN
from core.mensajes.barrido import free_leases
from core.settings import Settings
from core.wiring import Servicios, build_servicios

celery = Celery(
    "agente",
    include=[
        "workers.mensajes",
        "workers.catalogo",
        "workers.busquedas",
        "workers.documentos",
        "workers.canales",
        "workers.equipo",
        "workers.archivos",
        "workers.barrido",
    ],
)
celery.config_from_object("celeryconfig")
observe_tareas()

_node = "worker@localhost"
_OCUPADOS_MAX = 16  # threads of one process that are in a transaction at once


@lru_cache(maxsize=1)
def servicios() -> Servicios:
    """Built at the first task, so after any fork."""
    settings = Settings()
    # Threads that wait for a model hold no connection: more of them need no more of these.
    busy = min(max(settings.hilos_de_chat, 10), _OCUPADOS_MAX)
    return build_servicios(settings, max_connections=busy + 4)


@lru_cache(maxsize=1)
def vendedor() -> Vendedor:
    s = servicios()
    return Vendedor(
        db=s.db,
        cola=s.cola,
        settings=s.settings,
        canales=s.canales,
        buscador=s.buscador,
        worker=_node,
        documentos=s.biblioteca.de,
        motor=s.motor,
        oido=s.oido,
    )


def worker_name() -> str:
    """This process among all that lease rows: the same after a restart."""
    return _node


@celeryd_init.connect
def _remember_name(sender: str, **_: Any) -> None:
    global _node
    _node = sender


@worker_ready.connect
def _free_what_died(**_: Any) -> None:
    """What an earlier process of our name held when it was killed is due again now."""
    try:
        free_leases(servicios().db, worker=_node)
    except DATABASE_DOWN:
        return  # the leases end by themselves
    threading.Thread(target=_watch_slots, name="vigilante", daemon=True).start()


@worker_ready.connect
def _say_ready(**_: Any) -> None:
    """For the launcher and for health checks: the process of this name takes tasks now."""
    folder = Settings().data_dir / "listos"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _node.partition("@")[0]).write_text(str(os.getpid()))


@worker_shutdown.connect
def _ring_the_last_bells(**_: Any) -> None:
    if servicios.cache_info().currsize:
        servicios().cola.close()


# --- watchdog: the threads pool enforces no time limit ----------------------------------------

_running: dict[str, float] = {}


@task_prerun.connect
def _started(task_id: str, **_: Any) -> None:
    _running[task_id] = time.monotonic()


@task_postrun.connect
def _ended(task_id: str, **_: Any) -> None:
    _running.pop(task_id, None)


def _watch_slots() -> None:
    """End the process when a slot has overrun a turn's lease twice: the supervisor starts it
    again and its rows are rerun. A thread that hangs in C could not be ended otherwise."""
    limit = 2 * Settings().lease_segundos
    while True:
        time.sleep(limit / 10)
        now = time.monotonic()
        if any(now - since > limit for since in list(_running.values())):
            os._exit(70)
