"""Queue entry points for canales. No decisions here: each task is one call."""

import structlog

from core.mensajes.canales import check_canal as check
from core.ports import Tarea
from workers.app import celery, servicios

_log = structlog.get_logger(__name__)


@celery.task(name=Tarea.CHECK_CANAL.value)
def check_canal(empresa_id: int, canal_id: int) -> None:
    """Idempotent: only a canal that is `verificando` is checked, and asking twice is harmless."""
    s = servicios()
    estado = check(s.db, s.settings, s.canales, empresa_id=empresa_id, canal_id=canal_id)
    if estado is not None:
        _log.info("canal", estado=estado)
