"""Queue entry points for the shop's own people. No decisions here: each task is one call."""

import structlog

from core.mensajes.equipo.entregar import deliver_avisos as deliver
from core.mensajes.equipo.silencio import hand_back_silent
from core.ports import Tarea
from workers.app import celery, servicios

_log = structlog.get_logger(__name__)


@celery.task(name=Tarea.DELIVER_AVISOS.value)
def deliver_avisos(empresa_id: int, destinatario_id: int) -> None:
    """Idempotent: what is leased, delivered or not due is left alone."""
    s = servicios()
    ended = deliver(
        s.db,
        s.cola,
        s.settings,
        s.correo,
        empresa_id=empresa_id,
        destinatario_id=destinatario_id,
    )
    if ended.estado in ("enviada", "espera", "incierta", "fallida"):
        s.metricas.entrega(canal="email", resultado=ended.estado)
    _log.info("aviso", estado=ended.estado, error=ended.error)


@celery.task(name=Tarea.HAND_BACK.value)
def hand_back(empresa_id: int, chat_id: int) -> None:
    """Idempotent: a chat that the bot has, or whose person wrote meanwhile, is left alone."""
    s = servicios()
    hand_back_silent(s.db, s.cola, empresa_id=empresa_id, chat_id=chat_id)
