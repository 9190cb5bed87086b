"""Real PostgreSQL and Valkey for every test: one cluster a session, emptied before each test."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis
from alembic import command
from alembic.config import Config
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI
from sqlalchemy import create_engine, text

from core.adapters.embedded import Embedded
from core.db import Database, make_engine
from core.models import Base
from core.settings import Settings
from core.wiring import Servicios
from tests.fakes import ClavesRapidas, ColaEnMemoria
from tests.stack import stack

__all__ = ["stack"]  # a fixture: pytest finds it here
from web import create_app

ROOT = Path(__file__).parent.parent


def start_server(settings: Settings, which: str) -> subprocess.Popen[bytes]:
    """The embedded server `which` as a child, once it accepts connections on its port."""
    with (settings.data_dir / f"{which}.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "core.adapters.embedded", which],
            cwd=ROOT,
            env={**os.environ, "DATA_DIR": str(settings.data_dir)},
            stdout=log,
            stderr=log,
        )
    _await_answer(settings, which, process)
    return process


def _await_answer(settings: Settings, which: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        assert process.poll() is None, (settings.data_dir / f"{which}.log").read_text()
        try:
            if which == "postgres":
                psycopg.connect(
                    settings.owner_url.set(drivername="postgresql").render_as_string(False)
                ).close()
            else:
                redis.Redis.from_url(settings.redis_location).ping()
            return
        except (TimeoutError, psycopg.OperationalError, redis.ConnectionError):
            process_wait(process, 0.1)
    raise AssertionError(f"{which} did not answer")


def process_wait(process: subprocess.Popen[bytes], seconds: float) -> None:
    """Wait for the process to end, at most `seconds`: an event, not a sleep."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return


def alembic_config(settings: Settings) -> Config:
    config = Config(str(ROOT / "alembic.ini"))
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.attributes["settings"] = settings
    return config


def migrate(settings: Settings) -> None:
    command.upgrade(alembic_config(settings), "head")


@pytest.fixture(scope="session")
def settings() -> Iterator[Settings]:
    """A DATA_DIR of its own with both servers up and the schema migrated."""
    with tempfile.TemporaryDirectory(prefix="agente-test-") as folder:
        os.chmod(folder, 0o711)  # PostgreSQL's own user must reach its data when we are root
        settings = Settings(data_dir=Path(folder) / "data", _env_file=None)  # type: ignore[call-arg]
        Embedded(settings, fsync=False).prepare()
        servers = [(start_server(settings, w), s) for w, s in _SERVERS]
        migrate(settings)
        yield settings
        for process, stop in servers:
            process.send_signal(stop)
        for process, _ in servers:
            process.wait(30)


_SERVERS = [("postgres", signal.SIGINT), ("valkey", signal.SIGTERM)]


@pytest.fixture(scope="session")
def _engines(settings: Settings) -> Iterator[Database]:
    database = Database(
        app=make_engine(settings.app_url, max_connections=20),
        sistema=make_engine(settings.sistema_url, max_connections=5),
    )
    yield database
    database.close()


@pytest.fixture
def db(settings: Settings, _engines: Database) -> Database:
    """The database as the processes see it (never as its owner), with no row in it."""
    owner = create_engine(settings.owner_url)
    with owner.begin() as connection:
        tables = ", ".join(Base.metadata.tables)
        connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))
    owner.dispose()
    return _engines


@pytest.fixture(scope="session")
def _app(settings: Settings) -> Iterator[OpenAPI]:
    app = create_app(settings)
    yield app
    app.extensions["servicios"].db.close()


@pytest.fixture
def app(_app: OpenAPI, db: Database) -> OpenAPI:
    """The web over an empty database, with bells in memory and passwords that cost nothing."""
    servicios: Servicios = _app.extensions["servicios"]
    servicios.cola = ColaEnMemoria()
    servicios.claves = ClavesRapidas()
    # What it keeps at hand is of rows that are gone.
    servicios.__dict__.pop("biblioteca", None)
    return _app


@pytest.fixture
def client(app: OpenAPI) -> FlaskClient:
    return app.test_client()
