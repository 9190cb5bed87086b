"""The launcher's parts, each by itself; tests/test_stack.py has the whole."""

import configparser
import os
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

import bootstrap
from core.adapters import tether
from core.adapters.disguise import AsNobody, AsNobodyWithKeys, Disguise, find_disguise
from core.db import libpq_dsn
from core.launcher.lock import DataDirInUse, DataDirLock
from core.launcher.servers import embedded_running
from core.launcher.supervision import Supervision, procfile_programs, server_programs
from core.settings import Settings
from tests.stack import ROOT, Stack, clean_environment, eventually, free_ports


@pytest.fixture
def fresh() -> Iterator[Settings]:
    """A DATA_DIR that nobody has used, where PostgreSQL's own user can reach it."""
    with tempfile.TemporaryDirectory(prefix="agente-orden-") as folder:
        os.chmod(folder, 0o711)
        yield Settings(data_dir=Path(folder) / "datos", _env_file=None)  # type: ignore[call-arg]


# --- one installation at a time -------------------------------------------------------------------


def test_a_data_dir_has_one_holder_and_says_who(tmp_path: Path) -> None:
    first, second = DataDirLock(tmp_path), DataDirLock(tmp_path)
    first.acquire(what="http://127.0.0.1:8000")
    with pytest.raises(DataDirInUse, match=r"http://127.0.0.1:8000 \(proceso ") as refused:
        second.acquire(what="otro")
    assert refused.value.alive
    first.release()
    second.acquire(what="otro")
    second.release()


# --- tethers --------------------------------------------------------------------------------------


def test_a_tethered_process_ends_with_the_one_that_started_it() -> None:
    parent = (
        "import subprocess, sys; p = subprocess.Popen(sys.argv[1:]); print(p.pid, flush=True);"
        "p.wait()"
    )
    child = [sys.executable, "-ISs", tether.__file__, "TERM", "sleep", "600"]
    with subprocess.Popen(
        [sys.executable, "-c", parent, *child], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        assert eventually(lambda: _command(pid) == "sleep")
        process.kill()
    assert eventually(lambda: _command(pid) == "")


def test_a_tethered_process_does_not_start_when_its_parent_is_already_gone() -> None:
    done = subprocess.run(
        [sys.executable, "-ISs", tether.__file__, "TERM", "echo", "started"],
        env={**os.environ, tether.PARENT: "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert done.stdout == ""


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except FileNotFoundError:
        return ""


# --- as whom PostgreSQL runs ----------------------------------------------------------------------


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs a disguise")
def test_root_wears_the_plainest_disguise_that_reaches_everything(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o711)
        assert type(find_disguise("/bin/ls", Path(folder))) is AsNobody
    with tempfile.TemporaryDirectory() as closed:  # 0700
        (Path(closed) / "datos").mkdir()
        assert type(find_disguise("/bin/ls", Path(closed) / "datos")) is AsNobodyWithKeys


@pytest.mark.skipif(os.geteuid() == 0, reason="root needs one")
def test_who_is_not_root_needs_no_disguise(tmp_path: Path) -> None:
    assert type(find_disguise("/bin/ls", tmp_path)) is Disguise


# --- supervisord's file ---------------------------------------------------------------------------


def test_a_path_with_blanks_and_percent_signs_is_written_as_supervisord_reads_it(
    tmp_path: Path,
) -> None:
    data_dir = tmp_path / "mi tienda 100%"
    programs = [*server_programs(["postgres", "valkey"]), *procfile_programs()]
    conf = configparser.RawConfigParser(inline_comment_prefixes=(";", "#"))
    conf.read_string(Supervision(data_dir, programs).render())
    assert conf["supervisord"]["logfile"] % {} == f"{data_dir}/logs/supervisord.log"
    assert shlex.split(conf["program:chat"]["command"] % {})[-1].startswith("exec celery")
    assert conf["program:postgres"]["stopsignal"] == "INT"


def test_workers_stop_first_and_servers_last(tmp_path: Path) -> None:
    programs = [*server_programs(["postgres", "valkey"]), *procfile_programs()]
    conf = configparser.RawConfigParser()
    conf.read_string(Supervision(tmp_path, programs).render())
    order = sorted(
        (name for name in conf.sections() if name.startswith("group:")),
        key=lambda name: -conf[name].getint("priority"),
    )
    assert order == ["group:trabajo", "group:frente", "group:servidores"]
    assert set(conf["group:frente"]["programs"].split(",")) == {"web", "flower"}


def test_a_very_long_data_dir_gets_its_socket_elsewhere(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["una-carpeta-muy-larga"] * 5)
    conf = configparser.RawConfigParser()
    conf.read_string(Supervision(deep, []).render())
    socket = conf["unix_http_server"]["file"]
    assert len(socket) < 100
    Path(socket).parent.rmdir()


# --- PostgreSQL for one command -------------------------------------------------------------------


def test_a_command_gets_a_migrated_postgresql_that_ends_with_it(fresh: Settings) -> None:
    with embedded_running(fresh), psycopg.connect(libpq_dsn(fresh.app_url)) as connection:
        assert connection.execute("SELECT count(*) FROM empresa").fetchone() == (0,)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(libpq_dsn(fresh.app_url))


def test_a_second_command_uses_the_server_of_the_first_and_keeps_it_alive(fresh: Settings) -> None:
    second = (
        "from core.launcher.servers import embedded_running; from core.settings import Settings;"
        "import sys, psycopg; from core.db import libpq_dsn; s = Settings()\n"
        "with embedded_running(s):\n"
        "    print('dentro', flush=True); sys.stdin.read()\n"
        "    psycopg.connect(libpq_dsn(s.app_url)).execute('SELECT 1'); print('sigue')"
    )
    with embedded_running(fresh):
        other = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", second],
            cwd=ROOT,
            env=clean_environment() | {"DATA_DIR": str(fresh.data_dir)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert other.stdout is not None
        assert other.stdout.readline() == "dentro\n"
        # Told to end only now, it still has its server while this block tries to leave.
        assert other.stdin is not None
        other.stdin.close()
    assert other.stdout.read() == "sigue\n"
    other.stdout.close()
    assert other.wait(30) == 0


# --- odds and ends --------------------------------------------------------------------------------


def test_one_process_of_the_procfile_is_chosen_by_name() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "core.launcher.one", "nada"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "web|chat|" in done.stderr


def test_uv_is_told_what_pip_is_configured_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://paquetes.ejemplo/simple")
    monkeypatch.setenv("PIP_FIND_LINKS", "/ruedas /otras")
    monkeypatch.delenv("UV_DEFAULT_INDEX", raising=False)
    monkeypatch.delenv("UV_FIND_LINKS", raising=False)
    told = bootstrap.uv_settings()
    assert told["UV_DEFAULT_INDEX"] == "https://paquetes.ejemplo/simple"
    assert told["UV_FIND_LINKS"] == "/ruedas,/otras"


def test_what_uv_is_told_already_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://paquetes.ejemplo/simple")
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://otro.ejemplo/simple")
    assert "UV_DEFAULT_INDEX" not in bootstrap.uv_settings()


def test_interrupting_a_start_leaves_nothing(fresh: Settings) -> None:
    port, flower_port = free_ports(2)
    where = {"DATA_DIR": str(fresh.data_dir), "PORT": str(port), "FLOWER_PORT": str(flower_port)}
    process = subprocess.Popen(
        [sys.executable, "-m", "core.launcher"],
        cwd=ROOT,
        env=clean_environment() | where,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        said = process.stdout.read()
    assert process.returncode == 0, said
    assert "Listo" not in said
    assert Stack(fresh.data_dir, port, flower_port).left_running() == []
