"""Queue entry points for photos and recordings. No decisions here: each task is one call."""

import structlog

from core.ports import Tarea
from workers.app import celery, servicios

_log = structlog.get_logger(__name__)


@celery.task(name=Tarea.FETCH_ARCHIVO.value)
def fetch_archivo(empresa_id: int, archivo_id: int) -> None:
    """Idempotent: its row is claimed before the work, and what is settled is left alone."""
    estado = servicios().traedor.fetch_archivo(empresa_id=empresa_id, archivo_id=archivo_id)
    if estado != "nada":
        _log.info("archivo", estado=estado)
