"""The real web and the real chat worker as processes, over the test session's servers."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from core.settings import Settings
from tests.conftest import ROOT, process_wait

_BIN = Path(sys.executable).parent
_WORKER = (
    "worker -n chat@prueba -Q chat,chat_solo -P threads -c 2 --without-gossip --without-mingle"
)


class Sistema:
    """One web with its worker. The web can be killed and started again on the same port."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port: int = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"
        self._worker = self._spawn(
            "celery", "-q", "-A", "workers.app:celery", *_WORKER.split(), log="celery"
        )
        self.start_web()

    def start_web(self) -> None:
        self._web = self._spawn(
            "gunicorn", "--config", "web/gunicorn.py", "web.app:create_app()", log="gunicorn"
        )
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self._port)) == 0:
                    # The port opens before the application is loaded, which may take long.
                    with urlopen(f"{self.url}/static/tienda.svg", timeout=60):
                        return
            process_wait(self._web, 0.1)
            assert self._web.poll() is None, self._log("gunicorn").read_text()
        raise AssertionError("the web did not answer")

    def kill_web(self) -> None:
        """kill -9, master and workers at once."""
        os.killpg(self._web.pid, signal.SIGKILL)
        self._web.wait(30)

    def stop(self) -> None:
        for process in (self._web, self._worker):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in (self._web, self._worker):
            process.wait(60)

    def _spawn(self, program: str, *args: str, log: str) -> subprocess.Popen[bytes]:
        env = os.environ | {
            "DATA_DIR": str(self._settings.data_dir),
            "PORT": str(self._port),
            "WEB_PROCESOS": "1",
        }
        with self._log(log).open("ab") as output:
            return subprocess.Popen(
                [str(_BIN / program), *args],
                cwd=ROOT,
                env=env,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def _log(self, name: str) -> Path:
        return self._settings.data_dir / f"pagina-{name}.log"


@contextmanager
def running(settings: Settings) -> Iterator[Sistema]:
    sistema = Sistema(settings)
    try:
        yield sistema
    finally:
        sistema.stop()
