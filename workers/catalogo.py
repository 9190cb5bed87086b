"""Queue entry points for the catalogue. No decisions here: each task is one call."""

from typing import Any

import structlog
from celery.signals import worker_ready

from core.catalogo.barrido import free_catalogo
from core.catalogo.busqueda.indexar import embed_step as run_embed_step
from core.catalogo.importaciones.importar import import_step as run_step
from core.catalogo.importaciones.olvido import forget_cambios as run_forget
from core.db import DATABASE_DOWN
from core.ports import Tarea
from workers.app import celery, servicios, worker_name

_log = structlog.get_logger(__name__)


@celery.task(name=Tarea.IMPORT_STEP.value)
def import_step(empresa_id: int, importacion_id: int) -> None:
    """Idempotent: the importacion is leased, and goes on after the last line that it recorded."""
    s = servicios()
    paso = run_step(
        s.db,
        s.cola,
        s.settings,
        empresa_id=empresa_id,
        importacion_id=importacion_id,
        worker=worker_name(),
    )
    if paso.estado == "nada":
        return
    for resultado, n in paso.filas.items():
        s.metricas.filas_importadas(n, resultado=resultado)
    _log.info("importacion", estado=paso.estado, **paso.filas)


@celery.task(name=Tarea.FORGET_CAMBIOS.value)
def forget_cambios(empresa_id: int, importacion_id: int) -> None:
    """Idempotent: what is already gone stays so."""
    run_forget(servicios().db, empresa_id=empresa_id, importacion_id=importacion_id)


@celery.task(name=Tarea.EMBED_STEP.value)
def embed_step(empresa_id: int) -> None:
    """Idempotent: the empresa's vectors are leased, and go on where they were recorded to be."""
    s = servicios()
    significado = s.significado
    assert significado is not None  # workers have it
    paso = run_embed_step(
        s.db,
        s.cola,
        s.settings,
        s.embedder,
        empresa_id=empresa_id,
        worker=worker_name(),
        ready=lambda id_: significado.prepare(id_, desde=s.settings.indice_foto_desde),
    )
    if paso.estado != "nada":
        _log.info("vectores", estado=paso.estado, embebidos=paso.embebidos, error=paso.error)


@worker_ready.connect
def _free_what_died(**_: Any) -> None:
    """What an earlier process of our name was working on when it was killed is due again now."""
    try:
        free_catalogo(servicios().db, worker=worker_name())
    except DATABASE_DOWN:
        return  # the lease ends by itself
