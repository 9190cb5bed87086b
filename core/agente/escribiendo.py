"""While a turn is thought, the customer sees that somebody writes."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from core.errors import AgenteError
from core.mensajes.turnos import TurnoTomado
from core.ports import AbrirCanal, Canal

# Telegram shows it for five seconds. A channel whose sign lasts longer may leave out repetitions.
_AGAIN_SECONDS = 4.0


@contextmanager
def escribiendo(canales: AbrirCanal, turno: TurnoTomado) -> Iterator[None]:
    """Show it at once and again until the turn ends; not where a person answers, nor in the web,
    whose pages hear of it otherwise. Costs the turn nothing and cannot fail it."""
    canal = _open(canales, turno)
    if canal is None:
        yield
        return
    ended = threading.Event()
    threading.Thread(
        target=_show, args=(canal, turno, ended), name="escribiendo", daemon=True
    ).start()
    try:
        yield
    finally:
        ended.set()


def _open(canales: AbrirCanal, turno: TurnoTomado) -> Canal | None:
    if not turno.ia_activa or not turno.externo or turno.cuenta.tipo == "web":
        return None
    try:
        return canales(turno.cuenta)
    except AgenteError:  # whoever delivers will say so
        return None


def _show(canal: Canal, turno: TurnoTomado, ended: threading.Event) -> None:
    id_externo = turno.mensajes[-1].id_externo if turno.mensajes else None
    while not ended.is_set():
        canal.show_escribiendo(turno.externo or "", id_externo)
        ended.wait(_AGAIN_SECONDS)
