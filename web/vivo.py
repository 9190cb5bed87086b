"""Live pages: an answer that stays open, woken by this process's Oyente, for as long as its caller
may look."""

import time
from collections.abc import Callable, Iterator
from typing import Any

from flask import Response, json, stream_with_context

from core.cuentas import find_sesion
from web import datos
from web.auth import Identidad
from web.datos import servicios
from web.oyente import FIN, Aviso, oyente

# A waiter whose notice was lost looks for itself this often; also the stream's heartbeat.
LOOK_SECONDS = 5.0

Novedades = Callable[[str], tuple[str, bool]]
"""What a notice ("mensaje" after silence too) means to the page, as stream text, "" for nothing
new; and whether that was the last."""


def event(name: str, data: dict[str, Any], *, id_: int | None = None) -> str:
    head = f"id: {id_}\n" if id_ is not None else ""
    return f"{head}event: {name}\ndata: {json.dumps(data)}\n\n"


def follow(who: Identidad, tema: str, novedades: Novedades) -> Response:
    """text/event-stream of what `novedades` tells, at once and then whenever something happens to
    `tema`; a comment line when nothing does. Ends when `who` may no longer look. Raises Unavailable
    when too many already do. Gives back the request's connection: `novedades` opens its own."""
    datos.release()
    waiting = oyente().waiting(who.empresa_id, tema)
    aviso = waiting.__enter__()  # before the answer begins, so that "too many" is still a 503

    def stream() -> Iterator[str]:
        try:
            yield from _pieces(who, aviso, novedades)
        finally:
            waiting.__exit__(None, None, None)

    answer = Response(stream_with_context(stream()), mimetype="text/event-stream")
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Accel-Buffering"] = "no"
    return answer


def _pieces(who: Identidad, aviso: Aviso, novedades: Novedades) -> Iterator[str]:
    notice: str | None = "mensaje"
    checked = time.monotonic()
    while True:
        news, last = novedades(notice or "mensaje")
        yield news or ": sigo aquí\n\n"
        if last:
            return
        notice = aviso.wait(LOOK_SECONDS)
        if notice == FIN:
            return
        if notice is None or time.monotonic() - checked > LOOK_SECONDS:
            if not _still_valid(who):
                return
            checked = time.monotonic()


def _still_valid(who: Identidad) -> bool:
    """Revoking acts on an open stream too, at its next heartbeat."""
    with servicios().db.empresa(who.empresa_id) as session:
        return find_sesion(session, empresa_id=who.empresa_id, sesion_id=who.sesion_id) is not None
