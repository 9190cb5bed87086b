"""The faults. Each aims at work in flight, strikes, and tells what it hit."""

import http.client
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import psycopg

from tests.chaos.cliente import Carga, Cliente
from tests.chaos.instalacion import LEASE_SECONDS, Instalacion
from tests.chaos.libro import CHARLA, VENENO
from tests.chaos.mira import Golpe, Mira, Tomado, await_true
from tests.chaos.tiendas import Linea

TEXTO_VENENO = "palabra envenenada"
_FREEZE_SECONDS = 20.0
NO_WORK = Golpe([])


@dataclass
class Campo:
    """Where a fault is played: the installation, its customers, and eyes on the rows."""

    instalacion: Instalacion
    carga: Carga
    mira: Mira
    obra: Any = None  # what goes on beside the customers, where a fault is meant for that
    envenenados: int = 0

    def next_victim(self) -> Cliente:
        """Another customer each time: what a poisoned chat still holds is read by other hands."""
        self.envenenados += 1
        return self.carga.clientes[self.envenenados]

    def strike(self, name: str, how: signal.Signals, *, worker: str = "") -> Golpe:
        """Send `how` to every process of `name` while leases of `worker` are held."""
        pids = self.instalacion.family(name)
        tomados = self.mira.aim(worker, call=self.carga.ritmo.wave)
        if not tomados or not pids:
            return NO_WORK
        self.instalacion.signal(pids, how)
        return self.mira.look(tomados, en_vuelo=self.carga.en_vuelo)


Falla: TypeAlias = Callable[[Campo], Golpe]


def kill_chat_worker(campo: Campo) -> Golpe:
    golpe = campo.strike("chat", signal.SIGKILL, worker="chat")
    golpe.tomados = campo.mira.still(golpe.tomados)
    golpe.fin = time.monotonic()
    return golpe


def freeze_chat_worker(campo: Campo) -> Golpe:
    """SIGSTOP until others have answered its chats; then their customers write once more and the
    zombie wakes up, with a turn in its hands that is no longer its own."""
    golpe = campo.strike("chat", signal.SIGSTOP, worker="chat")
    pids = campo.instalacion.family("chat")
    try:
        golpe.tomados = campo.mira.still(golpe.tomados)
        if not golpe.tomados:
            return NO_WORK
        n = len(golpe.tomados)
        await_true(lambda: campo.mira.taken_again(golpe.tomados) == n, LEASE_SECONDS + 30)
        await_true(lambda: not campo.mira.still(golpe.tomados), LEASE_SECONDS)
        _write_again(campo, golpe.tomados)
    finally:
        campo.instalacion.signal(pids, signal.SIGCONT)
    golpe.fin = time.monotonic()
    return golpe


def _write_again(campo: Campo, tomados: list[Tomado]) -> None:
    rows = campo.mira.rows(
        "SELECT empresa_id, chat_id FROM chat WHERE id = ANY(%s)", [t.chat for t in tomados]
    )
    for cliente in campo.carga.clientes:
        if (cliente.empresa_id, cliente.chat_id) in rows:
            cliente.speak_now("¿Sigues ahí?", CHARLA)


def kill_web(campo: Campo) -> Golpe:
    """Master and workers, while requests wait for their answer and bells wait in their memory."""
    pids = campo.instalacion.family("web")
    tomados = campo.mira.aim(
        "", call=campo.carga.ritmo.wave, also=lambda: campo.carga.en_vuelo >= 3
    )
    if not tomados:
        return NO_WORK
    en_vuelo = campo.carga.en_vuelo
    campo.instalacion.signal(pids, signal.SIGKILL)
    golpe = campo.mira.look(tomados, en_vuelo=en_vuelo)
    golpe.fin = time.monotonic()
    return golpe


def flush_valkey(campo: Campo) -> Golpe:
    """FLUSHALL, while bells are queued there."""
    tomados = campo.mira.aim(
        "", call=campo.carga.ritmo.wave, also=lambda: campo.mira.en_cola() >= 3
    )
    if not tomados:
        return NO_WORK
    golpe = campo.mira.look(tomados, en_vuelo=campo.carga.en_vuelo)
    with campo.instalacion.redis() as client:
        client.flushall()
    golpe.fin = time.monotonic()
    return golpe


def kill_valkey(campo: Campo) -> Golpe:
    golpe = campo.strike("valkey", signal.SIGKILL)
    golpe.fin = time.monotonic()
    return golpe


def freeze_valkey(campo: Campo) -> Golpe:
    """SIGSTOP for twenty seconds: a broker that neither answers nor refuses."""
    golpe = campo.strike("valkey", signal.SIGSTOP)
    try:
        time.sleep(_FREEZE_SECONDS if golpe.vale else 0)
        # What came meanwhile was stored and waits for a bell: it is part of what must drain.
        golpe.pendientes = campo.mira.pendientes()
    finally:
        campo.instalacion.signal(campo.instalacion.family("valkey"), signal.SIGCONT)
    golpe.fin = time.monotonic()
    return golpe


def kill_postgres(campo: Campo) -> Golpe:
    """Postmaster and every backend at once."""
    if not campo.mira.aim("chat", call=campo.carga.ritmo.wave):
        return NO_WORK
    pids = campo.instalacion.family("postgres")
    golpe = campo.mira.look(campo.mira.tomados("chat"), en_vuelo=campo.carga.en_vuelo)
    campo.instalacion.signal(pids, signal.SIGKILL)
    campo.mira.close()
    golpe.fin = time.monotonic()
    return golpe


def poison(campo: Campo) -> Golpe:
    """A message that kills whoever reads it, beside others in the same worker."""
    pid = campo.instalacion.pid("chat")
    cliente = campo.next_victim()
    tomados = campo.mira.aim("chat", call=campo.carga.ritmo.wave)
    if not tomados or pid is None:
        return NO_WORK
    cliente.speak_now(f"una {TEXTO_VENENO}", VENENO)
    campo.carga.ritmo.wave()
    if await_true(lambda: not _lives(pid), 30, every=0.02) is None:
        return NO_WORK
    golpe = campo.mira.look(campo.mira.tomados("chat"), en_vuelo=campo.carga.en_vuelo)
    golpe.fin = time.monotonic()
    return golpe


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def nothing(campo: Campo) -> Golpe:
    """No fault: what the same load costs in peace."""
    tomados = campo.mira.aim("chat", call=campo.carga.ritmo.wave)
    golpe = campo.mira.look(tomados, en_vuelo=campo.carga.en_vuelo)
    golpe.fin = time.monotonic()
    return golpe


def is_whole(instalacion: Instalacion) -> bool:
    """Every process is back: PostgreSQL answers, workers take tasks, the web says so."""
    try:
        instalacion.sql("SELECT 1")
    except psycopg.OperationalError:
        return False
    workers = ("chat", "chat_solo", "envio", "catalogo", "embeddings", "mantenimiento")
    if not all(instalacion.is_ready(w) for w in workers):
        return False
    linea = Linea(instalacion.port, "", timeout=3.0)
    try:
        return linea.get("/salud").status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        linea.close()
