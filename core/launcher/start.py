"""From nothing to `Listo` and back: one object that starts, watches and stops an installation."""

import errno
import json
import os
import resource
import select
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from core.adapters import tether
from core.adapters.embedded import Embedded
from core.launcher import servers
from core.launcher.lock import DataDirInUse, DataDirLock
from core.launcher.supervision import (
    FRONT,
    ROOT,
    SERVERS,
    WORKERS,
    Supervision,
    procfile_programs,
    server_programs,
)
from core.settings import Settings

READY_DIR = "listos"  # one file per worker with its pid, written when it takes tasks
METRICS_DIR = "metricas"
_PAUSE = 0.2
# How long a start may take before it is said what is missing, and the drain of a previous run.
_SLOW_SECONDS = 60.0
_PREVIOUS_DRAIN_SECONDS = 150.0


class Stopped(Exception):
    """Somebody asked to stop while waiting."""


class CannotStart(RuntimeError):
    """Its text is for the person who typed `make run`."""


class Launcher:
    def __init__(self, settings: Settings) -> None:
        data_dir = settings.data_dir.resolve()
        self._settings = settings.model_copy(update={"data_dir": data_dir})
        self._data_dir = data_dir
        self._lock = DataDirLock(data_dir)
        self._embedded = servers.embedded_names(settings)
        self._groups: list[str] = []
        self._asked_to_stop, self._ask_to_stop = os.pipe()
        self._supervision = Supervision(
            data_dir, [*server_programs(self._embedded), *procfile_programs()]
        )

    def request_stop(self) -> None:
        """Safe in a signal handler, as an Event is not; saying it again changes nothing."""
        os.write(self._ask_to_stop, b".")

    def run(self) -> None:
        """Start, stay until asked to stop, stop. Raises CannotStart, leaving nothing behind."""
        tether.adopt_orphans()
        try:
            self._take_data_dir()
            self._refuse_busy_ports()
            self._start()
            self._stay()
        except Stopped:
            pass
        finally:
            self._end()

    # --- before anything runs ----------------------------------------------------------------

    def _take_data_dir(self) -> None:
        deadline = time.monotonic() + _PREVIOUS_DRAIN_SECONDS
        while True:
            try:
                return self._lock.acquire(what=f"http://{self._address(self._settings.port)}")
            except DataDirInUse as e:
                if e.alive or time.monotonic() > deadline:
                    raise CannotStart(str(e)) from e
                # Its launcher was killed and its processes are draining: they are nearly over.
                self._pause(_PAUSE)

    def _refuse_busy_ports(self) -> None:
        s = self._settings
        if s.port == s.flower_port:
            raise CannotStart(f"PORT y FLOWER_PORT son el mismo: {s.port}. Elija dos.")
        for name, host, port in (
            ("PORT", s.host, s.port),
            ("FLOWER_PORT", s.flower_host, s.flower_port),
        ):
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            with socket.socket(family) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((host, port))
                except OSError as e:
                    why = "ya está ocupado" if e.errno == errno.EADDRINUSE else e.strerror
                    raise CannotStart(
                        f"{name}={port} {why}. Elija otro: {name}={port + 1} make run"
                    ) from e

    # --- start -------------------------------------------------------------------------------

    def _start(self) -> None:
        for folder in (READY_DIR, METRICS_DIR):
            shutil.rmtree(self._data_dir / folder, ignore_errors=True)
            (self._data_dir / folder).mkdir()
        if self._embedded:
            say(f"Preparando {' y '.join(self._embedded)} en {self._data_dir} …")
            Embedded(self._settings).prepare(
                postgres="postgres" in self._embedded, valkey="valkey" in self._embedded
            )
        self._start_supervision()
        self._start_groups(SERVERS)
        self._await_postgres()
        say("Poniendo la base de datos al día …")
        servers.migrate(self._settings)
        if not servers.await_redis(self._settings, seconds=15, pause=self._pause_watching):
            say("Aviso: Redis no responde. Se recibe igual; se contestará cuando vuelva.")
        say("Arrancando los procesos …")
        seeding = self._spawn_seed()
        self._start_groups(FRONT, WORKERS)
        self._await_seed(seeding)
        self._await_ready()
        self._announce()

    def _await_postgres(self) -> None:
        try:
            servers.await_postgres(self._settings, pause=self._pause_watching)
        except RuntimeError as e:
            raise CannotStart(f"{e}\n{self._supervision.last_words('postgres')}") from e

    def _start_supervision(self) -> None:
        self._supervision.start(environment=self._environment(), keep_open=self._lock.fd)
        while not self._supervision.answers():
            self._pause(0.05)

    def _start_groups(self, *groups: str) -> None:
        for group in groups:
            self._supervision.start_group(group)
            self._groups.append(group)

    def _spawn_seed(self) -> "subprocess.Popen[str]":
        """The demo shop, beside the processes' own start; nothing where there are shops."""
        return subprocess.Popen(
            [sys.executable, "-ISs", tether.__file__, "TERM"]
            + [sys.executable, "-m", "flask", "--app", "web", "semilla"],
            cwd=ROOT,
            env={**self._environment(), tether.PARENT: str(os.getpid())},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def _await_seed(self, seeding: "subprocess.Popen[str]") -> None:
        with seeding:
            while seeding.poll() is None:
                self._pause_watching(_PAUSE)
            said = seeding.stdout.read() if seeding.stdout else ""
        if seeding.returncode:
            raise CannotStart(f"no se pudo sembrar la tienda de demostración:\n{said[-2000:]}")

    def _environment(self) -> dict[str, str]:
        s = self._settings
        mine = {
            "DATA_DIR": str(self._data_dir),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
            "PYTHONUNBUFFERED": "1",
            "PROMETHEUS_MULTIPROC_DIR": str(self._data_dir / METRICS_DIR),
            "CHAT_HILOS": str(s.hilos_de_chat),
            "ENVIO_HILOS": str(s.envio_hilos),
        }
        # An open page is an open file: as many as the machine lets us have.
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        return {**os.environ, **mine}

    # --- is it there? ------------------------------------------------------------------------

    def _await_ready(self) -> None:
        started = time.monotonic()
        said = False
        while missing := self._missing():
            if not said and time.monotonic() - started > _SLOW_SECONDS:
                said = True
                say(f"Tarda más de lo normal. Falta: {', '.join(missing)}.")
                for name in missing:
                    say(self._supervision.last_words(name))
            self._pause_watching(_PAUSE)

    def _missing(self) -> list[str]:
        """What is still not there, by the name of its process."""
        pids = self._supervision.pids()
        workers = [p.name for p in self._supervision.programs if p.consumes]
        missing = [name for name in workers if self._ready_pid(name) != pids.get(name, 0)]
        if self._health() is None:
            missing.append("web")
        if not _listens(self._settings.flower_port):
            missing.append("flower")
        return missing

    def _ready_pid(self, name: str) -> int:
        try:
            return int((self._data_dir / READY_DIR / name).read_text())
        except (FileNotFoundError, ValueError):
            return -1

    def _health(self) -> dict[str, object] | None:
        """What /salud says, None unless it says 200."""
        try:
            with urllib.request.urlopen(f"{self._url()}salud", timeout=5) as answer:
                found: dict[str, object] = json.load(answer)
        except (OSError, ValueError):
            return None
        return found

    def _announce(self) -> None:
        url = self._url()
        say("Listo")
        say(f"  Chat web         {url}")
        say(f"  API              {url}docs")
        say(f"  Flower           http://127.0.0.1:{self._settings.flower_port}/")
        say(f"  Credenciales     {self._data_dir / 'credenciales.txt'}")
        say(f"  Registros        {self._supervision.logs}")
        for name, state in _degraded(self._health() or {}):
            say(f"Aviso: {name}: {state}")

    def _address(self, port: int) -> str:
        host = self._settings.host
        if host in ("0.0.0.0", "::"):
            host = "127.0.0.1"
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def _url(self) -> str:
        return f"http://{self._address(self._settings.port)}/"

    # --- stay, end ---------------------------------------------------------------------------

    def _stay(self) -> None:
        while True:
            self._pause_watching(1.0)

    def _pause_watching(self, seconds: float) -> None:
        """Watch the watchman: if supervisord dies, its children drain and a new one starts."""
        self._pause(seconds)
        tether.reap_orphans(besides=self._supervision.pid)
        if self._supervision.has_ended():
            say("El supervisor se ha caído; lo arranco de nuevo.")
            self._start_supervision()
            for group in self._groups:
                self._supervision.start_group(group)

    def _end(self) -> None:
        if not self._supervision.pid:
            return
        say("Deteniendo: primero los que trabajan, al final los servidores …")
        self._supervision.stop()
        self._supervision.wait()
        tether.end_orphans(patience=5.0)
        say("Detenido.")

    def _pause(self, seconds: float) -> None:
        if select.select([self._asked_to_stop], [], [], seconds)[0]:
            raise Stopped


def say(line: str) -> None:
    """To whoever started us, if they are still there to read it."""
    try:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
    except (BrokenPipeError, OSError):
        return


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _degraded(health: dict[str, object]) -> list[tuple[str, str]]:
    """The components that /salud does not call ok."""
    parts = health.get("componentes")
    if not isinstance(parts, dict):
        return []
    found = []
    for name, part in parts.items():
        state = part.get("estado") if isinstance(part, dict) else part
        if state not in ("ok", True):
            detail = part.get("detalle", state) if isinstance(part, dict) else state
            found.append((str(name), str(detail)))
    return found
