"""The sweep that beat rings every two seconds: nothing that is due stays unclaimed."""

from core.archivos.traer import ring_due_archivos
from core.catalogo.barrido import ring_due_importaciones, ring_due_vectores
from core.catalogo.importaciones.olvido import ring_expired_cambios
from core.documentos.barrido import ring_due_documentos
from core.mensajes.barrido import ring_due_canales, ring_due_chats, ring_due_entregas
from core.mensajes.equipo.entregar import ring_due_avisos
from core.mensajes.equipo.silencio import ring_silent_chats
from core.mensajes.olvido import ring_old_turnos
from core.ports import Tarea
from workers.app import celery, servicios


@celery.task(name=Tarea.SWEEP.value, send_events=False)
def sweep() -> None:
    """Idempotent: it only rings bells, and a bell too many finds nothing to do."""
    s = servicios()
    ring_due_chats(s.db, s.cola, s.settings)
    ring_due_entregas(s.db, s.cola, s.settings)
    ring_due_avisos(s.db, s.cola, s.settings)
    ring_silent_chats(s.db, s.cola)
    ring_due_importaciones(s.db, s.cola)
    ring_expired_cambios(s.db, s.cola)
    ring_old_turnos(s.db, s.cola, s.settings)
    embedder = s.embedder
    modelo = embedder.modelo if embedder else None
    ring_due_vectores(s.db, s.cola, modelo=modelo)
    ring_due_documentos(s.db, s.cola, modelo=modelo)
    ring_due_canales(s.db, s.cola)
    ring_due_archivos(s.db, s.cola)
