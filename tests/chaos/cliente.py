"""Sixty customers at once, who believe nothing but a 2xx and write every one of them down.

Each of them has one chat, buys more than there is, sends a fifth of everything twice and a tenth
of neighbours swapped, and insists with the same id until it is acknowledged.
"""

import http.client
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.libro import CHARLA, PEDIDO, SI, Acuse, Dicho, Fallo, Libro, VentaAcusada
from tests.chaos.puertas import Puerta, PuertaTelegram, PuertaWeb
from tests.chaos.tiendas import CATALOGO, Linea, Respuesta, Tienda
from tests.telegram.emulador import Emulador

DUPLICADOS, CRUZADOS, IMPACIENTES, COMPRAS = 0.2, 0.1, 0.2, 0.7
TELEGRAM = 5  # of a shop's chats
_CHARLA = ("Hola", "¿Tienen martillos?", "¿Cuánto cuesta la pala?", "¿Qué herramientas venden?")
_YES = ("Sí", "sí, dale", "Sí.")
# A customer whose message nobody acknowledges keeps trying this long after the load ends.
_INSIST_SECONDS = 60.0
_DOWN = (OSError, http.client.HTTPException)


@dataclass
class Ritmo:
    """When customers speak: each at its own pace, and all at once when a wave is called."""

    pausa: tuple[float, float] = (3.0, 9.0)
    fin: threading.Event = field(default_factory=threading.Event)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _waves: int = 0

    def wave(self) -> None:
        with self._changed:
            self._waves += 1
            self._changed.notify_all()

    def stop(self) -> None:
        self.fin.set()
        self.wave()

    def pause(self, rng: random.Random) -> None:
        """Return after this customer's own pause, or with the next wave."""
        with self._changed:
            before = self._waves
            self._changed.wait_for(lambda: self._waves != before, rng.uniform(*self.pausa))


class Carga:
    """The load of one experiment. Threads of this process; `en_vuelo` is what waits for a 2xx."""

    def __init__(
        self,
        port: int,
        tiendas: list[Tienda],
        libro: Libro,
        telegram: Emulador,
        *,
        chats: int = 20,
        pausa: tuple[float, float] = (3.0, 9.0),
        semilla: int = 1,
    ) -> None:
        self.port, self.libro, self.ritmo = port, libro, Ritmo(pausa)
        self._lock = threading.Lock()
        self._open = 0
        self._twins = ThreadPoolExecutor(8, thread_name_prefix="gemelo")
        self.clientes = [
            Cliente(self, t, _door(t, telegram, n), random.Random(f"{semilla}-{i}-{n}"))
            for i, t in enumerate(tiendas)
            for n in range(chats)
        ]
        runs: list[Callable[[], None]] = [c.run for c in self.clientes]
        runs += [Mostrador(self, t, random.Random(f"{semilla}-{t}")).run for t in tiendas]
        self._threads = [threading.Thread(target=run, daemon=True) for run in runs]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Nobody says anything new; return when all that was begun is acknowledged or given up."""
        self.ritmo.stop()
        for thread in self._threads:
            thread.join(_INSIST_SECONDS + 30)
        self._twins.shutdown()

    @property
    def en_vuelo(self) -> int:
        return self._open

    def aside(self, run: Callable[[], object]) -> None:
        self._twins.submit(run)

    def ask(self, que: str, empresa_id: int, send: Callable[[], Respuesta]) -> Respuesta | None:
        """The answer when it is a 2xx; else it is written down as a failure."""
        start = time.monotonic()
        with self._lock:
            self._open += 1
        try:
            answer = send()
            why = str(answer.status)
        except _DOWN as e:
            answer, why = Respuesta(0, {}), type(e).__name__
        finally:
            with self._lock:
                self._open -= 1
        if 200 <= answer.status < 300:
            return answer
        now = time.monotonic()
        self.libro.write(Fallo(empresa_id, que, why, now, now - start))
        return answer if answer.status == 409 else None


def _door(tienda: Tienda, telegram: Emulador, n: int) -> Puerta:
    """The last ones of a shop write by Telegram."""
    if n >= 20 - TELEGRAM:
        return PuertaTelegram(tienda, telegram, 1000 + n)
    return PuertaWeb(f"c{tienda.empresa_id}-{n}")


class Cliente:
    """One customer in one chat."""

    def __init__(self, carga: Carga, tienda: Tienda, puerta: Puerta, rng: random.Random) -> None:
        self._carga, self._tienda, self._puerta, self._rng = carga, tienda, puerta, rng
        self._linea = Linea(carga.port, tienda.token)

    @property
    def empresa_id(self) -> int:
        return self._tienda.empresa_id

    @property
    def chat_id(self) -> str:
        return self._puerta.chat_id

    def run(self) -> None:
        fin = self._carga.ritmo.fin
        self._pause()
        while not fin.is_set():
            if self._rng.random() < COMPRAS:
                self._buy()
            else:
                self._say(self._rng.choice(_CHARLA), CHARLA)
                self._pause()
        self._linea.close()

    def _buy(self) -> None:
        n = self._rng.randint(1, 3)
        sku, nombre, plural, _ = self._rng.choice(CATALOGO)
        order = f"Quiero {n} {plural if n > 1 else nombre.lower()}"
        if self._rng.random() < CRUZADOS:
            # Neighbours swapped on their way: what was written first arrives second.
            late = self._puerta.next_id()
            offered = self._say(order, PEDIDO, cantidad=n, esperar=True)
            self._say("Hola, buenas", CHARLA, id_externo=late)
        elif self._rng.random() < IMPACIENTES:
            self._say(order, PEDIDO, cantidad=n)
            self._say(self._rng.choice(_YES), SI)
            return self._pause()
        else:
            offered = self._say(order, PEDIDO, cantidad=n, esperar=True)
        self._pause()
        if offered.get("estado_venta") == "oferta":
            self._say(self._rng.choice(_YES), SI, esperar=True)
            self._pause()

    def _pause(self) -> None:
        self._carga.ritmo.pause(self._rng)

    def _say(
        self,
        texto: str,
        acto: str,
        *,
        cantidad: int = 0,
        esperar: bool = False,
        id_externo: str | None = None,
    ) -> dict[str, Any]:
        """Send until it is acknowledged; the answer, with `esperar` also the shop's words."""
        externo = id_externo or self._puerta.next_id()
        self._carga.libro.write(
            Dicho(self.empresa_id, self.chat_id, externo, acto, time.monotonic(), cantidad)
        )
        twice = self._rng.random()
        if twice < DUPLICADOS / 2:  # at the same moment, on another connection
            linea = Linea(self._carga.port, self._tienda.token)
            self._carga.aside(lambda: self._send(linea, externo, texto, vez=2))
        answer = self._insist(externo, texto, esperar)
        if DUPLICADOS / 2 <= twice < DUPLICADOS and answer:
            self._send(self._linea, externo, texto, vez=2)
        return answer

    def speak_now(self, texto: str, acto: str) -> None:
        """One more message on a connection of its own, whatever this customer is doing."""
        externo = self._puerta.next_id()
        self._carga.libro.write(
            Dicho(self.empresa_id, self.chat_id, externo, acto, time.monotonic())
        )
        linea = Linea(self._carga.port, self._tienda.token)
        self._send(linea, externo, texto)
        linea.close()

    def _insist(self, externo: str, texto: str, esperar: bool) -> dict[str, Any]:
        """With `esperar`, an app that got no words in time asks again, with the same id."""
        deadline = time.monotonic() + _INSIST_SECONDS
        asked = 0
        while time.monotonic() < deadline:
            asked += 1
            got = self._send(self._linea, externo, texto, esperar=esperar, vez=asked)
            if got is None:
                asked -= 1
                time.sleep(self._rng.uniform(0.3, 0.9))  # a person's pause before trying again
            elif not esperar or got.status == 200 or asked > 3 or self._carga.ritmo.fin.is_set():
                return got.cuerpo
        return {}

    def _send(
        self, linea: Linea, externo: str, texto: str, *, esperar: bool = False, vez: int = 1
    ) -> Respuesta | None:
        start = time.monotonic()
        que = "espera" if esperar else "texto"
        got = self._carga.ask(
            que,
            self.empresa_id,
            lambda: self._puerta.send(linea, externo, texto, esperar=esperar),
        )
        if got is None or got.status not in (200, 202):
            return None
        now = time.monotonic()
        seconds = 0.0 if esperar else now - start
        id_ = got.cuerpo.get("mensaje_id")
        self._carga.libro.write(
            Acuse(self.empresa_id, self.chat_id, externo, id_, now, seconds, vez)
        )
        return got


class Mostrador:
    """Somebody of the shop who sells over the counter, with an Idempotency-Key each."""

    def __init__(self, carga: Carga, tienda: Tienda, rng: random.Random) -> None:
        self._carga, self._tienda, self._rng = carga, tienda, rng
        self._linea = Linea(carga.port, tienda.token)

    def run(self) -> None:
        n = 0
        while not self._carga.ritmo.fin.is_set():
            self._carga.ritmo.pause(self._rng)
            n += 1
            self._sell(f"m{self._tienda.empresa_id}-{n}", self._rng.choice(CATALOGO)[0])
        self._linea.close()

    def _sell(self, clave: str, sku: str) -> None:
        e = self._tienda.empresa_id
        self._carga.libro.write(Dicho(e, "", clave, PEDIDO, time.monotonic(), 1))
        if self._rng.random() < DUPLICADOS:
            linea = Linea(self._carga.port, self._tienda.token)
            self._carga.aside(lambda: self._record(linea, clave, sku, vez=2))
        deadline = time.monotonic() + _INSIST_SECONDS
        while not self._record(self._linea, clave, sku) and time.monotonic() < deadline:
            time.sleep(self._rng.uniform(0.3, 0.9))

    def _record(self, linea: Linea, clave: str, sku: str, *, vez: int = 1) -> bool:
        """Whether the shop said yes or no; neither is asked again."""
        e = self._tienda.empresa_id
        body = {"lineas": [{"sku": sku, "cantidad": 1}]}
        got = self._carga.ask(
            "venta", e, lambda: linea.post("/ventas/", body, **{"Idempotency-Key": clave})
        )
        if got is None:
            return False
        if got.status == 201:
            self._carga.libro.write(VentaAcusada(e, clave, got.cuerpo["id"], time.monotonic(), vez))
        return True
