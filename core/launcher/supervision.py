"""supervisord on our terms: who is started, in which order, how they stop, what is kept of them."""

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from xmlrpc.client import Fault, ProtocolError, ServerProxy

from honcho.environ import parse_procfile
from supervisor.xmlrpc import SupervisorTransport

from core.adapters import tether

ROOT = Path(__file__).resolve().parents[2]

# Started in this order, stopped in the reverse: workers first, then the web, the servers last.
SERVERS, FRONT, WORKERS = "servidores", "frente", "trabajo"
_FRONT = {"web", "flower"}
# Seconds between the stop signal and SIGKILL: above a turn's lease and gunicorn's graceful_timeout.
# Flower keeps nothing and sometimes waits half a minute for an answer that nobody will give.
_PATIENCE = {"flower": 5, "beat": 10}
# A unix socket's path may have 107 bytes, and supervisord appends its pid for a moment.
_MAX_SOCKET_PATH = 90

_HEAD = """\
[supervisord]
nodaemon = true
silent = true
directory = {root}
logfile = {logs}/supervisord.log
logfile_maxbytes = 1MB
logfile_backups = 2
pidfile = {data_dir}/supervisord.pid
childlogdir = {logs}
{user}

[unix_http_server]
file = {socket}
chmod = 0600

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface

[supervisorctl]
serverurl = unix://{socket}
"""

# startsecs 0: whatever ends is started again at once and for ever; with more, supervisord waits
# longer after each quick failure, and a database that was away for an hour would cost minutes.
_PROGRAM = """
[program:{name}]
command = {command}
autostart = false
autorestart = true
startsecs = 0
stopsignal = {stop}
stopwaitsecs = {patience}
killasgroup = true
redirect_stderr = true
stdout_logfile = {logs}/{name}.log
stdout_logfile_maxbytes = 5MB
stdout_logfile_backups = 3
"""

_GROUP = """
[group:{name}]
programs = {programs}
priority = {priority}
"""


@dataclass(frozen=True)
class Program:
    """`patience`: seconds between the signal `stop` and SIGKILL."""

    name: str
    group: str
    argv: tuple[str, ...]
    stop: str = "TERM"
    patience: int = 45

    @property
    def consumes(self) -> bool:
        """Whether it is a worker, which says in DATA_DIR/listos when it takes tasks."""
        return " worker " in self.argv[-1]


def server_programs(names: Iterable[str]) -> list[Program]:
    stop = {"postgres": "INT", "valkey": "TERM"}
    return [
        Program(
            name,
            SERVERS,
            (sys.executable, "-m", "core.adapters.embedded", name),
            stop=stop[name],
            patience=60,
        )
        for name in names
    ]


def procfile_programs() -> list[Program]:
    """The Procfile's processes, each run by a shell (as honcho would) and tethered."""
    processes = parse_procfile((ROOT / "Procfile").read_text()).processes
    return [
        Program(
            name,
            FRONT if name in _FRONT else WORKERS,
            (sys.executable, "-ISs", tether.__file__, "TERM", "sh", "-c", f"exec {command}"),
            patience=_PATIENCE.get(name, 45),
        )
        for name, command in processes.items()
    ]


class Supervision:
    """One supervisord, child of this process and no longer-lived than it."""

    def __init__(self, data_dir: Path, programs: list[Program]) -> None:
        self.programs = programs
        self.logs = data_dir / "logs"
        self._data_dir = data_dir
        self._conf = data_dir / "supervisord.conf"
        self._socket = _socket_path(data_dir)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *, environment: dict[str, str], keep_open: int) -> None:
        """Start supervisord with nothing under it yet. `keep_open` is a descriptor it inherits."""
        self.logs.mkdir(parents=True, exist_ok=True)
        self._conf.write_text(self.render())
        with (self.logs / "supervisord.err").open("wb") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-ISs", tether.__file__, "TERM"]
                + [sys.executable, "-m", "supervisor.supervisord", "-n", "-c", str(self._conf)],
                cwd=ROOT,
                env={**environment, tether.PARENT: str(os.getpid())},
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
                pass_fds=(keep_open,),
                start_new_session=True,  # Ctrl-C is for us alone: the order of stopping is ours
            )

    def answers(self) -> bool:
        """Whether supervisord takes orders. Raises RuntimeError when it has ended."""
        if self.has_ended():
            raise RuntimeError((self.logs / "supervisord.err").read_text()[-2000:])
        try:
            with self._rpc() as rpc:
                rpc.supervisor.getState()
        except (OSError, ProtocolError):
            return False
        return True

    def has_ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def start_group(self, group: str) -> None:
        if any(program.group == group for program in self.programs):
            with self._rpc() as rpc:
                rpc.supervisor.startProcessGroup(group, False)

    def pids(self) -> dict[str, int]:
        """Name → pid of what runs now; what is between two lives has none."""
        try:
            with self._rpc() as rpc:
                infos = rpc.supervisor.getAllProcessInfo()
        except (OSError, ProtocolError, Fault):
            return {}
        assert isinstance(infos, list)
        return {info["name"]: info["pid"] for info in infos if info["pid"]}

    def stop(self) -> None:
        """Ask supervisord to end, its children in their order. Returns at once."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def wait(self) -> None:
        """Until supervisord and all under it have ended, or could long have."""
        if self._process is None:
            return
        try:
            self._process.wait(sum(p.patience for p in self.programs))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    def last_words(self, name: str, lines: int = 5) -> str:
        try:
            text = (self.logs / f"{name}.log").read_text(errors="replace")
        except FileNotFoundError:
            return ""
        return "\n".join(text.splitlines()[-lines:])

    def _rpc(self) -> ServerProxy:
        transport = SupervisorTransport(None, None, f"unix://{self._socket}")
        return ServerProxy("http://localhost", transport=transport)

    def render(self) -> str:
        """supervisord.conf."""
        where = {
            "root": _escaped(str(ROOT)),
            "data_dir": _escaped(str(self._data_dir)),
            "logs": _escaped(str(self.logs)),
            "socket": _escaped(str(self._socket)),
            "user": "user = root" if os.geteuid() == 0 else "",
        }
        parts = [_HEAD.format(**where)]
        for p in self.programs:
            command = _escaped(shlex.join(p.argv))
            parts.append(
                _PROGRAM.format(
                    name=p.name,
                    command=command,
                    stop=p.stop,
                    patience=p.patience,
                    logs=where["logs"],
                )
            )
        for priority, group in enumerate((SERVERS, FRONT, WORKERS), start=1):
            names = [p.name for p in self.programs if p.group == group]
            if names:
                programs = ",".join(names)
                parts.append(_GROUP.format(name=group, programs=programs, priority=priority))
        return "".join(parts)


def _escaped(text: str) -> str:
    return text.replace("%", "%%")


def _socket_path(data_dir: Path) -> Path:
    path = data_dir / "supervisor.sock"
    if len(os.fsencode(path)) <= _MAX_SOCKET_PATH:
        return path
    return Path(tempfile.mkdtemp(prefix="agente-")) / "supervisor.sock"
