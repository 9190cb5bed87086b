"""An installation of our own, as `make run` starts it, in a throw-away DATA_DIR.

Whatever is killed here is a process that this object's launcher started, by its number.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import psycopg
import redis
from sqlalchemy.engine import make_url

from core.launcher.start import READY_DIR
from core.launcher.supervision import Supervision
from core.settings import EMBEDDED_FILE, Settings
from tests.chaos.proveedores import TelegramQueCorta, WhatsAppQueCorta

ROOT = Path(__file__).resolve().parents[2]
_START_SECONDS = 240.0
_STOP_SECONDS = 180.0

# A shorter lease than a shop's, so that outliving one takes seconds; few slots, so that bells
# queue; tokens that outlive the run.
ENVIRONMENT = {
    "TURNO_SEGUNDOS": "4",
    "TURNO_MARGEN_SEGUNDOS": "2",
    "CHAT_HILOS": "4",
    "ACCESS_TOKEN_MINUTOS": "600",
    "ENTORNO": "desarrollo",
    "REGISTRO_ABIERTO": "true",
    "LLM_PROVIDER": "offline",
    # Small chunks, so that a file of thousands of rows can be hit many times; steps that are
    # shorter than twice the lease above, or their worker's watchdog would end it.
    "IMPORTACION_PASO_FILAS": "50",
    "IMPORTACION_PASO_SEGUNDOS": "3",
    "EMBEDDINGS_PASO_FILAS": "32",
    "EMBEDDINGS_PASO_SEGUNDOS": "5",
    "INDICE_FOTO_DESDE": "40",
}
LEASE_SECONDS = 6.0

# How long a turn thinks, and how long it holds its transaction before the commit, in seconds; the
# same of a chunk of an import, before its transaction and in it, and its lease.
CALM: dict[str, Any] = {
    "pensar": [0.1, 0.6],
    "registrar": [0.0, 0.15],
    "importar": [0.0, 0.1],
    "importar_lease": 2.0,
}


class NotStarted(RuntimeError):
    """`make run` did not come to Listo; the text is what it said."""


def refuse_other_peoples_servers() -> None:
    """Raises NotStarted where the environment or .env names servers: chaos would break those."""
    s = Settings()
    if any((s.database_url, s.redis_url, s.celery_broker_url)):
        raise NotStarted("quite DATABASE_URL, REDIS_URL y CELERY_BROKER_URL: aquí todo se rompe")


class Instalacion:
    def __init__(self, plan: dict[str, Any]) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="agente-caos-"))
        self._folder.chmod(0o711)  # PostgreSQL's own user must reach its data when we are root
        self.data_dir = self._folder / "datos"
        self._plan = self._folder / "plan.json"
        self.write_plan(plan)
        self.port, flower = _free_ports(2)
        self.telegram, self.whatsapp = TelegramQueCorta(), WhatsAppQueCorta()
        self.environment = {
            **os.environ,
            **ENVIRONMENT,
            "DATA_DIR": str(self.data_dir),
            "PORT": str(self.port),
            "FLOWER_PORT": str(flower),
            "PUBLIC_URL": f"http://127.0.0.1:{self.port}",
            "TELEGRAM_API_URL": self.telegram.url,
            "WHATSAPP_API_URL": self.whatsapp.url,
            "CHAOS_PLAN": str(self._plan),
            "PYTHONPATH": str(Path(__file__).parent / "gancho"),
        }
        self._supervision = Supervision(self.data_dir, [])
        self._launcher: subprocess.Popen[str] | None = None
        self._said: list[str] = []

    # --- life --------------------------------------------------------------------------------

    def start(self) -> None:
        """Return at Listo. Raises NotStarted with what was said instead."""
        self.telegram.__enter__()
        self.whatsapp.__enter__()
        self._launcher = subprocess.Popen(
            [sys.executable, "-m", "core.launcher", "--tethered"],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        ready = threading.Event()
        threading.Thread(target=self._listen, args=(self._launcher, ready), daemon=True).start()
        if not ready.wait(_START_SECONDS) or self._launcher.poll() is not None:
            self.stop()
            raise NotStarted("\n".join(self._said[-40:]))

    def _listen(self, launcher: "subprocess.Popen[str]", ready: threading.Event) -> None:
        assert launcher.stdout is not None
        for line in launcher.stdout:
            self._said.append(line.rstrip())
            if line.startswith("Listo"):
                ready.set()
        ready.set()  # it ended: `start` looks whether it lives

    def stop(self) -> None:
        if self._launcher is not None and self._launcher.poll() is None:
            self._launcher.send_signal(signal.SIGTERM)
            self._launcher.wait(_STOP_SECONDS)
        for proveedor in (self.telegram, self.whatsapp):
            if not proveedor.cerrado.is_set():
                proveedor.__exit__()

    def remove(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def write_plan(self, plan: dict[str, Any]) -> None:
        """For the processes that start from now on."""
        self._plan.write_text(json.dumps({"embebidos": str(self.embebidos), **plan}))

    @property
    def embebidos(self) -> Path:
        """One line for every text that a model was asked for: which, and by whom."""
        return self._folder / "embebidos.txt"

    @property
    def folder(self) -> Path:
        return self._folder

    # --- neighbours --------------------------------------------------------------------------

    @property
    def superuser(self) -> str:
        return self._conninfo("postgres")

    def _conninfo(self, user: str, password: str | None = None) -> str:
        url = make_url(self._where()["database_url"]).set(drivername="postgresql", username=user)
        if password is not None:
            url = url.set(password=password)
        return url.render_as_string(hide_password=False) + "?connect_timeout=3"

    @property
    def app_role(self) -> str:
        """The role of ordinary work, under row level security."""
        url = self.settings().app_url
        return self._conninfo(str(url.username), str(url.password))

    def settings(self) -> Settings:
        return Settings(data_dir=self.data_dir, _env_file=None)

    def sql(self, query: str, *args: Any) -> list[tuple[Any, ...]]:
        """As superuser, in a transaction of its own. Raises psycopg.OperationalError."""
        with psycopg.connect(self.superuser) as connection:
            cursor = connection.execute(query, args or None)
            return cursor.fetchall() if cursor.description else []

    def redis(self) -> "redis.Redis":
        return redis.Redis.from_url(self._where()["redis_url"], socket_timeout=2)

    def _where(self) -> dict[str, str]:
        found: dict[str, str] = json.loads((self.data_dir / EMBEDDED_FILE).read_text())
        return found

    # --- processes ---------------------------------------------------------------------------

    def pid(self, name: str) -> int | None:
        return self._supervision.pids().get(name)

    def is_ready(self, worker: str) -> bool:
        """Whether the worker that runs now takes tasks."""
        try:
            ready = int((self.data_dir / READY_DIR / worker).read_text())
        except (FileNotFoundError, ValueError):
            return False
        return ready == self.pid(worker)

    def family(self, name: str) -> list[int]:
        """The process of that name and all of its descendants, eldest first."""
        pid = self.pid(name)
        if pid is None:
            return []
        assert self._launcher is not None
        parents = _parents()
        found = [pid]
        for one in found:
            found.extend(child for child, parent in parents.items() if parent == one)
        assert self._launcher.pid in _ancestors(pid, parents), "not one of ours"
        return found

    def signal(self, pids: Iterable[int], what: signal.Signals) -> None:
        for pid in pids:
            try:
                os.kill(pid, what)
            except ProcessLookupError:
                continue  # it went with its parent

    def restart(self, names: Iterable[str]) -> None:
        """Kill these programs; the supervisor starts them again, with the plan as it is now."""
        for name in names:
            self.signal(self.family(name), signal.SIGKILL)

    def log(self, name: str) -> str:
        path = self.data_dir / "logs" / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""


def _parents() -> dict[int, int]:
    """pid → its parent's, of every process there is."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            stat = (entry / "stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        found[int(entry.name)] = int(stat.rpartition(")")[2].split()[1])
    return found


def _ancestors(pid: int, parents: dict[int, int]) -> list[int]:
    found = []
    while pid in parents:
        pid = parents[pid]
        found.append(pid)
    return found


def _free_ports(n: int) -> list[int]:
    probes = [socket.socket() for _ in range(n)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports
