"""The whole product as `make run` starts it, on free ports and a DATA_DIR of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from core.launcher.supervision import Supervision, procfile_programs, server_programs

ROOT = Path(__file__).resolve().parent.parent
ADMIN_EMAIL, ADMIN_PASSWORD = "ana@demo.local", "clave-de-prueba-1"
START_SECONDS, STOP_SECONDS = 300.0, 150.0  # on a machine that does other things, too


@dataclass
class Answer:
    status: int
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass
class Stack:
    """`start` and `stop` may alternate; the data stays until the end of the session."""

    data_dir: Path
    port: int
    flower_port: int
    environment: dict[str, str] = field(default_factory=dict)
    output_name: str = "salida"
    command: tuple[str, ...] = (sys.executable, "-m", "core.launcher")
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def flower_url(self) -> str:
        return f"http://127.0.0.1:{self.flower_port}"

    def spawn(self) -> "subprocess.Popen[bytes]":
        mine = {
            "DATA_DIR": str(self.data_dir),
            "PORT": str(self.port),
            "FLOWER_PORT": str(self.flower_port),
            "ADMIN_EMAIL": ADMIN_EMAIL,
            "ADMIN_PASSWORD": ADMIN_PASSWORD,
        }
        with self._output_file.open("wb") as output:
            return subprocess.Popen(
                self.command,
                cwd=ROOT,
                env=clean_environment() | mine | self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        """What the last start has printed so far."""
        return self._output_file.read_text()

    @property
    def _output_file(self) -> Path:
        return self.data_dir.with_name(f"{self.data_dir.name}.{self.output_name}")

    def start(self) -> None:
        """Return at `Listo` and the lines that follow it."""
        self.process = process = self.spawn()
        eventually(
            lambda: "Registros" in self.output or process.poll() is not None, seconds=START_SECONDS
        )
        if "Registros" not in self.output:
            self.kill()
            raise AssertionError(f"no Listo:\n{self.output}\n{self.tails()}")

    def refuse(self) -> str:
        """What a start says that must not succeed."""
        assert self.spawn().wait(30) != 0, self.output
        return self.output

    def stop(self) -> int:
        """SIGTERM, as Ctrl-C or an init system would; returns the exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_SECONDS)

    def kill(self) -> None:
        """SIGKILL to the launcher alone; what it had started must notice by itself."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def pids(self) -> dict[str, int]:
        """Name in the Procfile (or `postgres`, `valkey`) → pid, of what runs now."""
        programs = [*server_programs(["postgres", "valkey"]), *procfile_programs()]
        return Supervision(self.data_dir, programs).pids()

    def left_running(self) -> list[str]:
        """Command lines of every process whose environment names this DATA_DIR."""
        mark = f"DATA_DIR={self.data_dir}".encode()
        found = []
        for folder in Path("/proc").iterdir():
            if not folder.name.isdecimal():
                continue
            try:
                if mark in (folder / "environ").read_bytes().split(b"\0"):
                    found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
            except OSError:
                continue
        return [line for line in found if line]

    def tails(self) -> str:
        logs = sorted((self.data_dir / "logs").glob("*.log"))
        return "\n".join(f"== {p.name}\n{p.read_text(errors='replace')[-1500:]}" for p in logs)

    # --- HTTP --------------------------------------------------------------------------------

    def get(self, path: str, *, token: str | None = None) -> Answer:
        return self.request("GET", path, token=token)

    def post(self, path: str, body: object, *, token: str | None = None) -> Answer:
        return self.request("POST", path, body=json.dumps(body).encode(), token=token)

    def request(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        token: str | None = None,
        content_type: str = "application/json",
    ) -> Answer:
        request = urllib.request.Request(self.url + path, data=body, method=method)
        request.add_header("Content-Type", content_type)
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request, timeout=40) as answer:
                return Answer(answer.status, answer.read().decode())
        except urllib.error.HTTPError as e:
            with e:
                return Answer(e.code, e.read().decode())

    def upload(self, path: str, *, name: str, content: bytes, token: str) -> Answer:
        edge = "----agente"
        body = (
            f"--{edge}\r\nContent-Disposition: form-data; "
            f'name="archivo"; filename="{name}"\r\nContent-Type: text/csv\r\n\r\n'
        ).encode()
        body += content + f"\r\n--{edge}--\r\n".encode()
        return self.request(
            "POST",
            path,
            body=body,
            token=token,
            content_type=f"multipart/form-data; boundary={edge}",
        )

    def login(self) -> str:
        """The demo admin's access token."""
        answer = self.post("/auth/login", {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD})
        assert answer.status == 200, answer.text
        return str(answer.json["access_token"])


def eventually(check: Callable[[], Any], *, seconds: float = 20.0) -> Any:
    """The first truthy value of `check`; the last value when time is up."""
    end = time.monotonic() + seconds
    while not (value := check()) and time.monotonic() < end:
        threading.Event().wait(0.1)
    return value


def clean_environment() -> dict[str, str]:
    """This process's, without what an installation of the developer's would say."""
    ours = {"DATABASE_URL", "DATABASE_APP_URL", "DATABASE_SISTEMA_URL", "REDIS_URL", "ENTORNO"}
    ours |= {"CELERY_BROKER_URL", "PUBLIC_URL", "TETHER_PARENT", "PROMETHEUS_MULTIPROC_DIR"}
    return {name: value for name, value in os.environ.items() if name not in ours}


def free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Started once; a test that stops or breaks it leaves it running again."""
    with tempfile.TemporaryDirectory(prefix="agente-pila-", ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o711)  # PostgreSQL's own user must reach its data when we are root
        port, flower_port = free_ports(2)
        stack = Stack(Path(folder) / "datos", port, flower_port)
        stack.start()
        try:
            yield stack
        finally:
            if stack.process is not None and stack.process.poll() is None:
                stack.stop()
