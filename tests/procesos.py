"""Processes of the product under a test's hand: what they say, line by line, and their end."""

import json
import os
import queue
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from celery import Celery
from honcho.environ import parse_procfile

from core.adapters.celery_queue import KEY_PREFIX
from core.settings import Settings
from tests.stack import clean_environment, free_ports

ROOT = Path(__file__).parent.parent


class Proceso:
    """`lines`: everything it has written to stdout and stderr so far."""

    def __init__(self, command: str, env: dict[str, str]) -> None:
        self.lines: list[str] = []
        self._news: queue.Queue[str] = queue.Queue()
        bin_ = Path(sys.executable).parent
        self._process = subprocess.Popen(
            ["sh", "-c", f"exec {command}"],
            cwd=ROOT,
            env={**clean_environment(), "PATH": f"{bin_}{os.pathsep}{os.environ['PATH']}", **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(line.rstrip("\n"))
            self._news.put(line)

    def await_line(self, wanted: Callable[[str], bool], seconds: float = 60) -> str:
        """The first line, from now on, that is `wanted`; fails with all of them otherwise."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            try:
                line = self._news.get(timeout=min(left, 0.5))
            except queue.Empty:
                if self._process.poll() is not None and not self._reader.is_alive():
                    break
                continue
            if wanted(line):
                return line
        raise AssertionError("\n".join(self.lines[-40:]))

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(10)

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(45)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise
        finally:
            self._reader.join(5)
            assert self._process.stdout is not None
            self._process.stdout.close()

    def events(self) -> list[dict[str, Any]]:
        """Its lines as JSON; fails on a line that is none."""
        return [json.loads(line) for line in self.lines]


@contextmanager
def running(command: str, env: dict[str, str]) -> Iterator[Proceso]:
    """A process for the length of a `with` block; it has ended afterwards, its lines are there."""
    process = Proceso(command, env)
    try:
        yield process
    finally:
        process.stop()


def procfile(name: str) -> str:
    """The Procfile's own command line."""
    command = parse_procfile((ROOT / "Procfile").read_text()).processes[name]
    assert shlex.split(command)
    return str(command)


def worker(name: str, app: str = "tests.tareas:celery") -> str:
    """The Procfile's worker `name`, for the tasks of another application."""
    return procfile(name).replace("workers.app:celery", app)


def environment(settings: Settings, **more: str) -> dict[str, str]:
    """An installation's, over a test's own servers and at free ports."""
    port, flower_port = free_ports(2)
    mine = {"DATA_DIR": settings.data_dir, "PORT": port, "FLOWER_PORT": flower_port}
    return {name: str(value) for name, value in mine.items()} | more


def send(name: str, settings: Settings, *, task_id: str, **ids: int) -> None:
    """Put one task into the queue of a `worker("mantenimiento")`."""
    publisher = Celery("prueba", broker=settings.broker_url, set_as_current=False)
    publisher.conf.broker_transport_options = {"global_keyprefix": KEY_PREFIX}
    publisher.send_task(name, kwargs=ids, queue="mantenimiento", task_id=task_id)
    publisher.close()
