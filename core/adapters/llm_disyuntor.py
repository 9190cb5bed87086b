"""A breaker: a provider that keeps failing is left alone for a while, and then tried by one."""

import threading
import time
from collections.abc import Callable

import structlog

from core.errors import Unavailable

_log = structlog.get_logger(__name__)

# So many failures in a row are no accident; so long a pause costs a shop no more than a few turns
# worded by rules.
_FALLAS = 5
_PAUSA_SEGUNDOS = 30.0


class Disyuntor:
    """Shared by all threads that ask one provider. Cerrado: all may ask. Abierto: none, until the
    pause is over. Then one is let through, and closes it or opens it again."""

    def __init__(
        self,
        nombre: str,
        *,
        fallas: int = _FALLAS,
        pausa: float = _PAUSA_SEGUNDOS,
        reloj: Callable[[], float] = time.monotonic,
    ) -> None:
        self._nombre = nombre
        self._max, self._pausa, self._reloj = fallas, pausa, reloj
        self._lock = threading.Lock()
        self._seguidas = 0
        self._hasta = 0.0  # while abierto: when the next one may try

    def enter(self) -> None:
        """Raises Unavailable while it is open. Who gets through says how it ended."""
        with self._lock:
            if self._seguidas < self._max:
                return
            now = self._reloj()
            if now < self._hasta:
                wait = max(1, round(self._hasta - now))
                raise Unavailable("El modelo falla y se le deja en paz un rato.", segundos=wait)
            self._hasta = now + self._pausa  # ours is the try; should we die, another follows

    def succeeded(self) -> None:
        with self._lock:
            was_open, self._seguidas = self._seguidas >= self._max, 0
        if was_open:
            _log.info("modelo", proveedor=self._nombre, estado="responde")

    def failed(self, *, grave: bool = False) -> None:
        """`grave`: it will fail again until a person does something, so it is open at once."""
        with self._lock:
            before = self._seguidas
            self._seguidas = max(before + 1, self._max if grave else 0)
            opened = self._seguidas >= self._max
            if opened:
                self._hasta = self._reloj() + self._pausa
        if opened and before < self._max:
            _log.warning("modelo", proveedor=self._nombre, estado="en pausa", segundos=self._pausa)
