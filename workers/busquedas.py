"""Queue entry points for searches that the web asks for. No decisions here."""

import threading
from typing import Any

from celery.signals import worker_ready

from core.catalogo.busqueda.busquedas import answer_busqueda as answer
from core.errors import Unavailable
from core.ports import Tarea
from workers.app import celery, servicios, worker_name


@celery.task(name=Tarea.ANSWER_BUSQUEDA.value)
def answer_busqueda(empresa_id: int, busqueda_id: int) -> None:
    """Idempotent: a busqueda that is answered, or that nobody waits for any more, is left alone."""
    s = servicios()
    answer(s.db, s.buscador, empresa_id=empresa_id, busqueda_id=busqueda_id)


@worker_ready.connect
def _load_the_model(**_: Any) -> None:
    """Trying and loading the bundled model takes a second or two: not the first customer's."""
    if worker_name().startswith("chat@") and servicios().settings.embeddings_provider == "local":
        threading.Thread(target=_load, name="modelo", daemon=True).start()


def _load() -> None:
    embedder = servicios().embedder
    if embedder is None:
        return
    try:
        embedder.embed(["hola"], consulta=True)
    except Unavailable:
        return  # the search says so itself, when it needs it
