"""Queue entry points for what a shop knows beside its productos. No decisions here."""

from typing import Any

import structlog
from celery.signals import worker_ready

from core.db import DATABASE_DOWN
from core.documentos.barrido import free_documentos
from core.documentos.indexar import index_documento as run_index
from core.ports import Tarea
from workers.app import celery, servicios, worker_name

_log = structlog.get_logger(__name__)


@celery.task(name=Tarea.INDEX_DOCUMENTO.value)
def index_documento(empresa_id: int, documento_id: int) -> None:
    """Idempotent: the documento is leased, and one that is read and has its vectors is left
    alone."""
    s = servicios()
    paso = run_index(
        s.db,
        s.cola,
        s.settings,
        s.lectores,
        empresa_id=empresa_id,
        documento_id=documento_id,
        worker=worker_name(),
    )
    if paso.estado != "nada":
        _log.info("documento", estado=paso.estado, pasajes=paso.pasajes, error=paso.error)


@worker_ready.connect
def _free_what_died(**_: Any) -> None:
    """What an earlier process of our name was reading when it was killed is due again now."""
    try:
        free_documentos(servicios().db, worker=worker_name())
    except DATABASE_DOWN:
        return  # the lease ends by itself
