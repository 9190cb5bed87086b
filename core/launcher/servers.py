"""PostgreSQL and Redis, ours or given: await them, migrate, borrow PostgreSQL for a command."""

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import psycopg
import redis
from alembic import command
from alembic.config import Config

from core.adapters import tether
from core.adapters.embedded import Embedded
from core.db import libpq_dsn
from core.launcher.lock import DataDirInUse, DataDirLock
from core.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
# Recovery after a kill -9 replays at most max_wal_size; a slow disk needs tens of seconds.
_PATIENCE = 180.0
_PAUSE = 0.1

Pause = Callable[[float], object]


def embedded_names(settings: Settings) -> list[str]:
    """The servers that nobody gave and that we bring."""
    names = []
    if settings.database_url is None:
        names.append("postgres")
    if settings.redis_url is None:
        names.append("valkey")
    return names


def await_postgres(settings: Settings, *, pause: Pause = time.sleep) -> None:
    """Return once the owner can connect. Raises RuntimeError after three minutes of silence."""
    dsn = libpq_dsn(settings.owner_url)
    last: Exception | None = None
    for _ in range(int(_PATIENCE / _PAUSE)):
        try:
            psycopg.connect(dsn, connect_timeout=5).close()
        except psycopg.OperationalError as e:
            last = e
            pause(_PAUSE)
        else:
            return
    raise RuntimeError(f"PostgreSQL no responde: {last}")


def await_redis(settings: Settings, *, seconds: float, pause: Pause = time.sleep) -> bool:
    """Whether Redis answered in time. The system starts without it, too, and says so."""
    with redis.Redis.from_url(
        settings.redis_location, socket_timeout=2, socket_connect_timeout=2
    ) as client:
        for _ in range(int(seconds / _PAUSE)):
            try:
                client.ping()
            except redis.RedisError:  # not there, or loading, or somebody else's port
                pause(_PAUSE)
            else:
                return True
    return False


def migrate(settings: Settings, revision: str = "head") -> None:
    """Bring the schema to `revision` as the owner. Idempotent; two at once take turns."""
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations").replace("%", "%%"))
    config.attributes["settings"] = settings
    command.upgrade(config, revision)


@contextmanager
def embedded_running(settings: Settings) -> Iterator[None]:
    """PostgreSQL, migrated, for the lifetime of a command: `flask --app web evaluar …`.

    Nothing is started where DATABASE_URL is given or the system runs. Several commands at once
    share the server of the first, which waits for the others before it stops it.
    """
    if settings.database_url is not None:
        migrate(settings)
        yield
        return
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with (settings.data_dir / "ordenes.lock").open("w") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        lock = DataDirLock(settings.data_dir)
        try:
            lock.acquire(what="una orden de consola")
        except DataDirInUse:
            await_postgres(settings)
            yield
            return
        try:
            with _own_postgres(settings, users):
                yield
        finally:
            lock.release()


@contextmanager
def _own_postgres(settings: Settings, users: TextIO) -> Iterator[None]:
    # Redis gets its address, though nobody listens: a bell that finds no one is no error.
    Embedded(settings).prepare()
    (settings.data_dir / "logs").mkdir(exist_ok=True)
    with (settings.data_dir / "logs" / "postgres.log").open("ab") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "core.adapters.embedded", "postgres"],
            cwd=ROOT,
            env={
                **os.environ,
                "DATA_DIR": str(settings.data_dir.resolve()),
                tether.PARENT: str(os.getpid()),
            },
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C is for the command, which stops it after itself
        )
    try:
        await_postgres(settings, pause=lambda seconds: _stay(server, seconds))
        migrate(settings)
        yield
    finally:
        fcntl.flock(users, fcntl.LOCK_EX)
        server.send_signal(signal.SIGINT)
        server.wait()


def _stay(server: subprocess.Popen[bytes], seconds: float) -> None:
    try:
        server.wait(seconds)
    except subprocess.TimeoutExpired:
        return
    raise RuntimeError("PostgreSQL no arrancó: vea logs/postgres.log en DATA_DIR")
