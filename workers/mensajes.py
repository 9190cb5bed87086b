"""Queue entry points for messages. No decisions here: each task is one call."""

import structlog

from core.agente.motor import OFFLINE
from core.agente.turno import Desenlace
from core.mensajes.entregas import deliver_mensaje as deliver
from core.mensajes.olvido import forget_turnos as forget
from core.ports import Tarea
from workers.app import celery, servicios, vendedor

_log = structlog.get_logger(__name__)


@celery.task(name=Tarea.ANSWER_CHAT.value)
def answer_chat(empresa_id: int, chat_id: int) -> None:
    """Idempotent: a chat is leased before it is read, and what was answered waits no more."""
    _tell(vendedor().answer_chat(empresa_id=empresa_id, chat_id=chat_id))


@celery.task(name=Tarea.ANSWER_CHAT_SOLO.value)
def answer_chat_solo(empresa_id: int, chat_id: int) -> None:
    """Idempotent: as answer_chat; attempts are counted in the message's row before the work."""
    _tell(vendedor().answer_chat(empresa_id=empresa_id, chat_id=chat_id, solo=True))


@celery.task(name=Tarea.DELIVER_MENSAJE.value)
def deliver_mensaje(empresa_id: int, mensaje_id: int) -> None:
    """Idempotent: a reply that is leased, sent or not due is left alone."""
    s = servicios()
    ended = deliver(
        s.db, s.cola, s.settings, s.canales, empresa_id=empresa_id, mensaje_id=mensaje_id
    )
    if ended.canal is not None:
        s.metricas.entrega(canal=ended.canal, resultado=ended.desenlace.value)
    _log.info("entrega", estado=ended.desenlace.value, error=ended.error)


@celery.task(name=Tarea.FORGET_TURNOS.value)
def forget_turnos(empresa_id: int) -> None:
    """Idempotent: what is already gone stays so, and what is left is rung for again."""
    s = servicios()
    forget(s.db, s.settings, empresa_id=empresa_id)


def _tell(ended: Desenlace) -> None:
    if ended.estado != "nada":
        s = servicios()
        motor = ended.resultado.motor if ended.resultado else OFFLINE
        s.metricas.turno(resultado=ended.estado, motor=motor, segundos=ended.segundos)
    if ended.error is not None:
        _log.warning("turno", estado=ended.estado, exc_info=ended.error)
    elif ended.estado != "nada":
        acto = ended.resultado.acto if ended.resultado else None
        _log.info("turno", estado=ended.estado, acto=acto, ms=round(ended.segundos * 1000))
