"""Queue entry points for searches that the web asks for. No decisions here."""

from core.catalogo.busquedas import answer_busqueda as answer
from core.ports import Tarea
from workers.app import celery, servicios


@celery.task(name=Tarea.ANSWER_BUSQUEDA.value)
def answer_busqueda(empresa_id: int, busqueda_id: int) -> None:
    """Idempotent: a busqueda that is answered, or that nobody waits for any more, is left alone."""
    s = servicios()
    answer(s.db, s.buscador, empresa_id=empresa_id, busqueda_id=busqueda_id)
