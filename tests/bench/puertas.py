"""The room of the doors: customers at a steady pace by every door, against providers on sockets.

The product waits for the end of each burst as it does in a shop; what is told is the time beyond
that. BENCH_PUERTAS_SEGUNDOS is how long the pace is held.
"""

import os
import tempfile
import threading
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import count, pairwise
from pathlib import Path
from statistics import quantiles
from typing import Any

import psycopg

from core.settings import Settings
from tests.bench.fila import Fila, Sala
from tests.bench.medir import until
from tests.bench.puertas_de import (
    Mensajeria,
    Puerta,
    PuertaTelegram,
    PuertaWeb,
    PuertaWhatsApp,
)
from tests.chaos.tiendas import Linea
from tests.stack import Stack, free_ports
from tests.telegram.emulador import Emulador as Telegram
from tests.whatsapp.emulador import Emulador as WhatsApp

SECONDS = float(os.environ.get("BENCH_PUERTAS_SEGUNDOS", "60"))
POR_SEGUNDO = 5.0  # messages, by each door
# The floor: one message a second, by one door after the other.
_CALM_SECONDS = max(10.0, SECONDS / 2)
_SENDERS = 12
# Somebody of the shop writes to so many customers at once, twice each: more than a provider takes.
_OLEADA = 45
_DRAIN_SECONDS = 120.0
_RATES = ("most in 1 s", "least pause, s")


class Puertas:
    """`debe`: how many messages of ours each customer of a door must have seen by now."""

    def __init__(self, stack: Stack, puertas: list[Puerta], token: str) -> None:
        self.stack, self.puertas, self._token = stack, puertas, token
        self.settings = Settings(data_dir=stack.data_dir)
        self.debe: dict[str, Counter[int]] = {}
        self._chats = count(1)
        self._local = threading.local()

    def hold(self, seconds: float, *, each: float) -> dict[str, float]:
        """Every door gets a message of a new customer each `each` seconds, the doors in turn; of
        each door, the p95 in ms from the 2xx to the provider's call, beyond the burst window."""
        acks: dict[str, dict[int, float]] = {p.nombre: {} for p in self.puertas}
        start, step = time.monotonic(), each / len(self.puertas)
        pending: list[Future[None]] = []
        with ThreadPoolExecutor(_SENDERS) as pool:
            for n in range(round(seconds / step)):
                _wait_until(start + n * step)
                puerta = self.puertas[n % len(self.puertas)]
                pending.append(pool.submit(self._write, puerta, acks[puerta.nombre]))
            for done in pending:
                done.result()
        until(self.is_quiet, seconds=_DRAIN_SECONDS)
        return {p.nombre: self._p95_ms(p, acks[p.nombre]) for p in self.puertas}

    def _write(self, puerta: Puerta, acks: dict[int, float]) -> None:
        chat = next(self._chats)
        puerta.write(self._linea(), chat)
        acks[chat] = time.monotonic()
        self.debe.setdefault(puerta.nombre, Counter())[chat] += 1

    def _p95_ms(self, puerta: Puerta, acks: dict[int, float]) -> float:
        heard, window = puerta.heard(), self.settings.ventana_ms(puerta.nombre) / 1000
        waited = [max(0.0, heard[c][0] - acked - window) for c, acked in acks.items() if c in heard]
        return quantiles(waited, n=20)[-1] * 1000

    def insist(self) -> None:
        """The shop's own people write twice to many customers at once: more than a provider takes
        in a second, and in one chat."""
        with ThreadPoolExecutor(_SENDERS) as pool:
            for puerta in self.puertas:
                if isinstance(puerta, Mensajeria):
                    chats = list(self.debe[puerta.nombre])[-_OLEADA:]
                    list(pool.map(partial(self._insist, puerta), chats))
        until(self.is_quiet, seconds=_DRAIN_SECONDS)

    def _insist(self, puerta: Mensajeria, chat: int) -> None:
        path, linea = f"/chats/{puerta.chat_id(chat)}", self._linea()
        assert linea.post(f"{path}/tomar", {}).status == 200
        for texto in ("Ya miro en la bodega.", "Sí, hay."):
            got = linea.post(f"{path}/mensajes", {"mensaje": texto})
            assert got.status in (200, 201, 202), got
            self.debe[puerta.nombre][chat] += 1

    def _linea(self) -> Linea:
        """This thread's own connection, as somebody of the shop."""
        if not hasattr(self._local, "linea"):
            self._local.linea = Linea(self.stack.port, self._token, timeout=60.0)
        linea: Linea = self._local.linea
        return linea

    def lost_and_twice(self) -> tuple[int, int]:
        """How many of our messages nobody was shown, and how many were shown again."""
        lost, twice = Counter[int](), Counter[int]()
        for puerta in self.puertas:
            seen = Counter({chat: len(times) for chat, times in puerta.heard().items()})
            lost += self.debe[puerta.nombre] - seen
            twice += seen - self.debe[puerta.nombre]
        return lost.total(), twice.total()

    def is_quiet(self) -> bool:
        return not self.rows(
            "SELECT FROM chat WHERE pendientes > 0 UNION ALL SELECT FROM mensaje "
            "WHERE entrega IN ('pendiente', 'enviando', 'incierta') LIMIT 1"
        )

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        superuser = self.settings.owner_url.set(drivername="postgresql", username="postgres")
        with psycopg.connect(superuser.render_as_string(False)) as connection:
            return connection.execute(query).fetchall()


def most_in_a_second(moments: list[float]) -> int:
    """The most of `moments` that any one second holds."""
    moments = sorted(moments)
    return max((bisect_right(moments, m + 1.0) - n for n, m in enumerate(moments)), default=0)


def shortest_pause(by_chat: dict[int, list[float]]) -> float:
    """The shortest time between two messages in one chat, in seconds."""
    return min(b - a for times in by_chat.values() for a, b in pairwise(sorted(times)))


def _wait_until(moment: float) -> None:
    threading.Event().wait(max(0.0, moment - time.monotonic()))


@contextmanager
def _open() -> Iterator[Puertas]:
    with ExitStack() as cleanup:
        folder = Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="agente-bench-")))
        folder.chmod(0o711)
        telegram = cleanup.enter_context(Telegram())
        whatsapp = cleanup.enter_context(WhatsApp())
        port, flower_port = free_ports(2)
        environment = {
            "PUBLIC_URL": f"http://127.0.0.1:{port}",
            "TELEGRAM_API_URL": telegram.url,
            "WHATSAPP_API_URL": whatsapp.url,
            "ACCESS_TOKEN_MINUTOS": "600",
        }
        stack = Stack(folder / "data", port, flower_port, environment)
        stack.start()
        cleanup.callback(stack.stop)
        token = stack.login()
        puertas: list[Puerta] = [
            PuertaTelegram(stack, token, telegram),
            PuertaWhatsApp(stack, token, whatsapp),
        ]
        bench = Puertas(stack, puertas, token)
        puertas.append(PuertaWeb(token, bench.rows))
        bench.hold(3.0, each=1.0)  # warm
        yield bench
        assert (telegram.violaciones, whatsapp.violaciones) == ([], [])


def _pace(bench: Puertas) -> Iterator[Fila]:
    calm = bench.hold(_CALM_SECONDS, each=float(len(bench.puertas)))
    busy = bench.hold(SECONDS, each=1 / POR_SEGUNDO)
    for name, slow in busy.items():
        yield Fila(f"doors: {name} p95, ms", slow, calm[name], slow / max(calm[name], 1.0))
    bench.insist()
    lost, twice = bench.lost_and_twice()
    yield Fila("doors: answers lost", lost, techo=0)
    yield Fila("doors: answers sent twice", twice, techo=0)
    kept = True
    for puerta in bench.puertas:
        if isinstance(puerta, Mensajeria):
            most, pause = _rates(puerta)
            kept = kept and most <= puerta.por_segundo and pause >= puerta.pausa
            yield Fila(f"doors: {puerta.nombre} most in 1 s", most, techo=puerta.por_segundo)
            yield Fila(f"doors: {puerta.nombre} least pause, s", pause, suelo=puerta.pausa)
    assert (kept, lost, twice) == (True, 0, 0), "too fast, lost or doubled: see above"


def _rates(puerta: Mensajeria) -> tuple[int, float]:
    """The most that the provider got in any second, and the shortest pause in one chat."""
    by_chat = puerta.heard()
    most = most_in_a_second([m for times in by_chat.values() for m in times])
    return most, shortest_pause({c: t for c, t in by_chat.items() if len(t) > 1})


_ROWS = ["doors: answers lost", "doors: answers sent twice"]
_ROWS += [f"doors: {name} p95, ms" for name in ("telegram", "whatsapp", "web")]
_ROWS += [f"doors: {name} {what}" for name in ("telegram", "whatsapp") for what in _RATES]

SALA = Sala(dict.fromkeys(_ROWS, _pace), _open)
