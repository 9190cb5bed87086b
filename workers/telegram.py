"""`python -m workers.telegram`: one process asks Telegram for the messages of every bot.

Where PUBLIC_URL is set Telegram calls us instead, and this process only sees to it that every
bot knows the address. It may be killed at any moment: what was not committed is asked for again.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import structlog

from core.adapters.observabilidad import configure_logging
from core.adapters.telegram import Telegram
from core.adapters.telegram_entrada import Entrada
from core.adapters.telegram_sobre import storable
from core.db import DATABASE_DOWN
from core.errors import AgenteError, CanalOcupado, Conflict, Unavailable
from core.mensajes.canales import (
    Lectura,
    active_canales,
    advance_cursor,
    break_canal,
    check_canal,
    read_lectura,
)
from core.models import TipoCanal
from core.settings import Settings
from core.wiring import Servicios, build_servicios

T = TypeVar("T")
Clave = tuple[int, int]  # (empresa_id, canal_id)

# How soon a new canal is heard and a removed one is left.
_LOOK_SECONDS = 2.0
_PAUSE_SECONDS = (1.0, 2.0, 5.0, 10.0)
# A program that was just replaced loses its last poll: once is nothing, again and again is a rival.
_CONFLICTS = 5
_THREADS = 8

_TIPO = TipoCanal.TELEGRAM.value
_log = structlog.stdlib.get_logger(__name__)


class Sondeo:
    """Follows every active telegram canal. What blocks (rows, `check`) runs on its threads."""

    def __init__(self, servicios: Servicios, *, pausas: tuple[float, ...] = _PAUSE_SECONDS) -> None:
        """`pausas`: seconds after the first, second, … trouble in a row, then the last of them."""
        self._s = servicios
        self._pausas = pausas
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="sondeo")
        self._tasks: dict[Clave, asyncio.Task[None]] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`; what is being stored then is finished first."""
        try:
            while not stop.is_set():
                await self._look()
                await _wait(stop, _LOOK_SECONDS)
        finally:
            await self._leave(set(self._tasks))
            self._threads.shutdown()

    async def _look(self) -> None:
        """Start what is new or ended, leave what is gone. Without a database all stays as it is."""
        try:
            active = await self._thread(active_canales, self._s.db, tipo=_TIPO)
        except DATABASE_DOWN:
            return
        await self._leave(self._tasks.keys() - active)
        polling = not self._s.settings.public_url
        for clave in active:
            task = self._tasks.get(clave)
            if task is not None and task.done():
                _tell(clave, task)
            if task is None or (task.done() and (polling or task.exception())):
                work = self._follow(clave) if polling else self._register(clave)
                _log.info("siguiendo canal", empresa_id=clave[0], canal_id=clave[1])
                self._tasks[clave] = asyncio.create_task(work)

    async def _leave(self, gone: set[Clave]) -> None:
        tasks = [self._tasks.pop(clave) for clave in gone]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _register(self, clave: Clave) -> None:
        """Have the bot's provider call this installation's present address."""
        empresa_id, canal_id = clave
        s = self._s

        async def once() -> bool:
            estado = await self._thread(
                check_canal,
                *(s.db, s.settings, s.canales),
                empresa_id=empresa_id,
                canal_id=canal_id,
                renovar=True,
            )
            return estado != "verificando"

        await self._until(once)

    async def _follow(self, clave: Clave) -> None:
        """Ask, store, ask again, until the canal is no longer active."""
        claimed, conflicts, troubles = False, 0, 0
        lectura: Lectura | None = None
        while True:
            try:
                if (lectura := await self._read(clave)) is None:
                    return
                canal = self._s.telegram(lectura.cuenta)
                if not claimed:
                    # An address that this bot once had may still be registered.
                    await asyncio.wrap_future(canal.claim())
                    claimed = True
                await self._step(lectura, canal)
                conflicts = troubles = 0
            except CanalOcupado as e:
                claimed, conflicts = False, conflicts + 1
                if conflicts >= _CONFLICTS:
                    return await self._break(lectura, e)
                await asyncio.sleep(self._pause(conflicts - 1))
            except Conflict as e:  # a token that is none, credentials that do not open
                return await self._break(lectura, e)
            except (Unavailable, *DATABASE_DOWN) as e:
                wait = max(self._pause(troubles), e.segundos if isinstance(e, Unavailable) else 0)
                troubles += 1
                await asyncio.sleep(wait)

    async def _read(self, clave: Clave) -> Lectura | None:
        empresa_id, canal_id = clave
        return await self._thread(
            read_lectura, self._s.db, empresa_id=empresa_id, canal_id=canal_id
        )

    async def _step(self, lectura: Lectura, canal: Telegram) -> None:
        """One question. The cursor moves only after everything before it is committed."""
        segundos = self._s.settings.sondeo_segundos
        asked = await self._thread(canal.updates, lectura.cursor, segundos=segundos)
        updates = await asyncio.wrap_future(asked)
        if updates:
            # Shielded: a stop waits for the rows, and the cursor follows them.
            await asyncio.shield(self._thread(self._store, lectura, updates))

    def _store(self, lectura: Lectura, updates: list[dict[str, Any]]) -> None:
        cuenta = lectura.cuenta
        for update in updates:
            try:
                self._receive(lectura, update)
            except Unavailable:
                raise
            except (AgenteError, RecursionError) as e:
                # It would be refused for ever, and everybody's messages behind it.
                _log.error("update sin guardar", canal_id=cuenta.id, error=type(e).__name__)
        numbers = [u["update_id"] for u in updates if isinstance(u.get("update_id"), int)]
        if numbers:
            advance_cursor(self._s.db, cuenta, cursor=max(numbers) + 1)

    def _receive(self, lectura: Lectura, update: dict[str, Any]) -> None:
        s, cuenta = self._s, lectura.cuenta
        entrada = Entrada(s.db, s.cola, s.settings, s.metricas)
        pulsacion = entrada.receive_update(
            storable(update), empresa_id=cuenta.empresa_id, canal_id=cuenta.id
        )
        if pulsacion is not None:
            s.telegram(cuenta).confirm_pulsacion(pulsacion)

    async def _break(self, lectura: Lectura | None, error: Conflict) -> None:
        assert lectura is not None  # nobody else raises it
        cuenta, detalle = lectura.cuenta, str(error)

        async def once() -> bool:
            await self._thread(break_canal, self._s.db, cuenta, detalle=detalle)
            return True

        _log.warning("canal con error", empresa_id=cuenta.empresa_id, canal_id=cuenta.id)
        await self._until(once)

    async def _until(self, once: Callable[[], Awaitable[bool]]) -> None:
        """`once` until it is True, however often the database or the provider is away."""
        troubles = 0
        while True:
            try:
                if await once():
                    return
            except (Unavailable, *DATABASE_DOWN):
                pass
            await asyncio.sleep(self._pause(troubles))
            troubles += 1

    def _pause(self, times: int) -> float:
        return self._pausas[min(times, len(self._pausas) - 1)]

    def _thread(self, work: Callable[..., T], *args: Any, **how: Any) -> "asyncio.Future[T]":
        loop = asyncio.get_running_loop()
        return loop.run_in_executor(self._threads, lambda: work(*args, **how))


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return


def _tell(clave: Clave, task: "asyncio.Task[None]") -> None:
    error = None if task.cancelled() else task.exception()
    if error is not None:
        _log.error("canal interrumpido", empresa_id=clave[0], canal_id=clave[1], exc_info=error)


async def main(settings: Settings) -> None:
    servicios = build_servicios(settings, max_connections=_THREADS)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await Sondeo(servicios).run(stop)
    servicios.db.close()


if __name__ == "__main__":
    _settings = Settings()
    configure_logging(_settings, "telegram")
    asyncio.run(main(_settings))
