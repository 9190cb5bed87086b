"""A Celery application with our logging and tasks that fail; workers.app is the real one."""

from celery import Celery

from core.adapters.celery_log import observe_tareas
from core.adapters.metricas import metricas
from core.settings import Settings
from core.wiring import build_database
from tests.tropiezos import FALLAS

celery = Celery("prueba")
celery.config_from_object("celeryconfig")
observe_tareas()


@celery.task(name="prueba.falla")
def falla(empresa_id: int, chat_id: int, n: int) -> None:
    """Idempotent: it changes nothing. `n` counts through FALLAS."""
    db = build_database(Settings(), max_connections=2)
    try:
        list(FALLAS.values())[n](db)
    finally:
        db.close()


@celery.task(name="prueba.turno")
def turno() -> None:
    """Counts a turn, each time."""
    metricas().turno(resultado="respondido", motor="offline", segundos=0.2)
