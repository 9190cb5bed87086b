"""The room of messages: the running product beside a bare web and a bare worker."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from statistics import median

import psycopg

from core.adapters.celery_queue import CeleryCola
from core.mensajes.recibir import Destino, receive_mensaje
from core.ports import Tarea
from core.settings import Settings
from core.wiring import build_database
from tests.bench import desde_fuera
from tests.bench.fila import Fila, Sala
from tests.bench.medir import cpu_seconds, in_turn, paused, requests_per_second, until
from tests.fakes import ColaEnMemoria
from tests.stack import Stack, clean_environment, free_ports

ROUNDS, SECONDS, CLIENTS = 3, 4.0, 16
MESSAGES = 300
NOOPS = 2000
_run = count(1)


class Mensajes:
    """The running product, its twins, and one shop to write to."""

    def __init__(self, stack: Stack, twin_port: int) -> None:
        self.stack = stack
        self.twin_port = twin_port
        self.twin_pids: list[int] = []
        self.settings = Settings(data_dir=stack.data_dir, ventana_rafaga_ms=0)
        self.db = build_database(self.settings, max_connections=8)
        self.cola = CeleryCola(self.settings.broker_url)
        shop = stack.post(
            "/auth/registro",
            {"empresa": "Banco", "email": "banco@demo.local", "password": "clave-del-banco-1"},
        ).json
        self.token = str(shop["access_token"])
        self.headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        self.empresa_id = int(shop["empresa"]["id"])
        self.owner = self.settings.owner_url.set(drivername="postgresql").render_as_string(False)

    def intake(self) -> float:
        run = next(_run)
        return requests_per_second(
            self.stack.port,
            "/chat/texto",
            lambda client, n: {"chat_id": f"b{run}-{client}-{n % 4}", "mensaje": "hola"},
            self.headers,
            clients=CLIENTS,
            seconds=SECONDS,
        )

    def bare_intake(self) -> float:
        return requests_per_second(
            self.twin_port,
            "/gemelo",
            lambda client, n: {"chat_id": f"b{client}", "mensaje": "hola"},
            {"Content-Type": "application/json"},
            clients=CLIENTS,
            seconds=SECONDS,
        )

    def answered(self) -> float:
        """Messages a second through the real chat worker, all waiting when the bells are rung."""
        run, silent = next(_run), ColaEnMemoria()
        chats = [
            receive_mensaje(
                self.db,
                silent,
                self.settings,
                empresa_id=self.empresa_id,
                destino=Destino(chat_id=f"m{run}-{n}"),
                texto="hola",
            ).chat_pk
            for n in range(MESSAGES)
        ]
        for chat_id in chats:
            self.cola.ring(Tarea.ANSWER_CHAT, empresa_id=self.empresa_id, chat_id=chat_id)
        return MESSAGES / until(lambda: self._count("chat WHERE pendientes > 0") == 0)

    def bare_answered(self) -> float:
        with psycopg.connect(self.owner) as connection:
            connection.execute("TRUNCATE gemelo.mensaje RESTART IDENTITY")
            connection.execute(
                "INSERT INTO gemelo.mensaje (texto) SELECT 'hola' FROM generate_series(1, %s)",
                (MESSAGES,),
            )
        desde_fuera.ring(self.settings.broker_url, "gemelo.trabajo", MESSAGES)
        return MESSAGES / until(
            lambda: self._count("gemelo.mensaje WHERE estado <> 'enviado'") == 0
        )

    def noop(self) -> float:
        """Empty tasks a second; the last bell writes a row that tells when all were done."""
        with psycopg.connect(self.owner) as connection:
            connection.execute("UPDATE gemelo.mensaje SET estado = 'pendiente' WHERE id = 1")
        desde_fuera.ring(self.settings.broker_url, "gemelo.nada", NOOPS)
        desde_fuera.ring(self.settings.broker_url, "gemelo.entrega", 1)
        return NOOPS / until(
            lambda: self._count("gemelo.mensaje WHERE id = 1 AND estado <> 'enviado'") == 0
        )

    def idle_turn_ms(self) -> float:
        """What an answer takes on an idle system, beyond the burst window (here 0)."""
        times = []
        for n in range(20):
            start = time.monotonic()
            answer = self.stack.post(
                "/chat/texto?esperar=20",
                {"chat_id": f"i{n}", "mensaje": "hola"},
                token=self.token,
            )
            assert answer.status == 200, answer.text
            times.append(time.monotonic() - start)
        return median(times) * 1000

    def drain(self) -> None:
        until(lambda: self._count("chat WHERE pendientes > 0") == 0)

    def _count(self, what: str) -> int:
        superuser = self.settings.owner_url.set(drivername="postgresql", username="postgres")
        with psycopg.connect(superuser.render_as_string(False)) as connection:
            row = connection.execute(f"SELECT count(*) FROM {what}").fetchone()
        return int(row[0]) if row else 0


@contextmanager
def twins(settings: Settings, port: int) -> Iterator[list[int]]:
    """The bare web and worker with the product's own servers, pools and worker kinds."""
    owner = settings.owner_url.set(drivername="postgresql").render_as_string(False)
    with psycopg.connect(owner) as connection:
        connection.execute(desde_fuera.SCHEMA)
    environment = clean_environment() | {
        "DATA_DIR": str(settings.data_dir),
        "GEMELO_URL": owner,
        "PORT": str(port),
    }
    commands = [
        [
            "gunicorn",
            "-k",
            "gthread",
            "--threads",
            "64",
            "-w",
            "2",
            "-b",
            f"127.0.0.1:{port}",
            "tests.bench.gemelo:app",
        ],
        [
            "celery",
            "-q",
            "-A",
            "tests.bench.gemelo:celery",
            "worker",
            "-n",
            "gemelo@%h",
            "-Q",
            "gemelo",
            "-P",
            "threads",
            "-c",
            "16",
            "--without-gossip",
            "--without-mingle",
        ],
    ]
    bin_dir = Path(sys.executable).parent
    with (settings.data_dir / "gemelos.log").open("wb") as log:
        processes = [
            subprocess.Popen(
                [sys.executable, str(bin_dir / c[0]), *c[1:]],
                env=environment,
                stdout=log,
                stderr=log,
            )
            for c in commands
        ]
    try:
        yield [p.pid for p in processes]
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(60)


@contextmanager
def _open() -> Iterator[Mensajes]:
    with ExitStack() as cleanup:
        folder = Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="agente-bench-")))
        folder.chmod(0o711)
        port, flower_port, twin_port = free_ports(3)
        stack = Stack(folder / "data", port, flower_port, {"VENTANA_RAFAGA_MS": "0"})
        stack.start()
        cleanup.callback(stack.stop)
        bench = Mensajes(stack, twin_port)
        bench.twin_pids = cleanup.enter_context(twins(bench.settings, twin_port))
        until(lambda: desde_fuera.answers(twin_port), seconds=30)
        bench.answered(), bench.bare_answered(), bench.noop()  # warm
        yield bench


def _intake(bench: Mensajes) -> Iterator[Fila]:
    pids = bench.stack.pids()
    # Intake by itself: on two cores the workers' own work would be measured with it.
    with paused([pids["chat"], pids["mantenimiento"], bench.twin_pids[1]]):
        found = in_turn(bench.intake, bench.bare_intake, rounds=ROUNDS)
        yield Fila("intake, accepted/s", *found, suelo=0.6)
    bench.drain()


def _intake_while_answered(bench: Mensajes) -> Iterator[Fila]:
    found = in_turn(bench.intake, bench.bare_intake, rounds=1)
    yield Fila("the same while all is answered/s", *found)
    bench.drain()


def _answered(bench: Mensajes) -> Iterator[Fila]:
    chat, twin = [bench.stack.pids()["chat"]], [bench.twin_pids[1]]
    before, bare_before = cpu_seconds(chat), cpu_seconds(twin)
    found = in_turn(bench.answered, bench.bare_answered, rounds=ROUNDS)
    yield Fila("messages answered/s", *found, suelo=0.5)
    n = MESSAGES * ROUNDS
    cpu = (cpu_seconds(chat) - before) / n * 1000
    bare_cpu = (cpu_seconds(twin) - bare_before) / n * 1000
    yield Fila("worker CPU per message, ms", cpu, bare_cpu, cpu / bare_cpu)


def _noop(bench: Mensajes) -> Iterator[Fila]:
    yield Fila("Celery no-op/s", gemelo=bench.noop())


def _idle(bench: Mensajes) -> Iterator[Fila]:
    yield Fila("idle turn beyond the window, ms", bench.idle_turn_ms())


SALA = Sala(
    {
        "intake, accepted/s": _intake,
        "the same while all is answered/s": _intake_while_answered,
        "messages answered/s": _answered,
        "worker CPU per message, ms": _answered,
        "Celery no-op/s": _noop,
        "idle turn beyond the window, ms": _idle,
    },
    _open,
)
