"""ENTORNO=produccion by hand, as docker-compose.yml does it; the owner only migrates."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from core.adapters.embedded import Embedded
from core.db import libpq_dsn
from core.settings import Settings
from tests.conftest import start_server
from tests.stack import (
    ADMIN_EMAIL,
    ADMIN_PASSWORD,
    ROOT,
    Stack,
    clean_environment,
    eventually,
    free_ports,
)

_OWNER, _OWNER_PASSWORD = "duena", "clave de la dueña: 100%"


@dataclass
class Cluster:
    """Servers that somebody else runs: only their URLs are known to the product."""

    settings: Settings

    def superuser(self, database: str = "postgres") -> "psycopg.Connection[tuple[object, ...]]":
        url = self.settings.owner_url.set(
            drivername="postgresql", username="postgres", database=database
        )
        return psycopg.connect(libpq_dsn(url), autocommit=True)

    def url(self, user: str, password: str) -> str:
        made = self.settings.owner_url.set(username=user, password=password, database="tienda")
        return made.render_as_string(hide_password=False)


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with tempfile.TemporaryDirectory(prefix="agente-ajeno-") as folder:
        os.chmod(folder, 0o711)
        settings = Settings(data_dir=Path(folder) / "datos", _env_file=None)  # type: ignore[call-arg]
        Embedded(settings, fsync=False).prepare()
        postgres, valkey = (start_server(settings, which) for which in ("postgres", "valkey"))
        found = Cluster(settings)
        with found.superuser() as connection:
            connection.execute(
                f"CREATE ROLE {_OWNER} LOGIN NOSUPERUSER NOBYPASSRLS CREATEROLE "
                f"PASSWORD '{_OWNER_PASSWORD}'"
            )
            connection.execute(f"CREATE DATABASE tienda OWNER {_OWNER}")
        yield found
        postgres.send_signal(signal.SIGINT)
        valkey.send_signal(signal.SIGTERM)
        postgres.wait(30)
        valkey.wait(30)


class Production:
    """The containers of docker-compose.yml, as processes."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        port, flower_port = free_ports(2)
        self.stack = Stack(folder / "datos", port, flower_port)
        self._running: list[subprocess.Popen[bytes]] = []
        self._log = folder / "registro"
        self.environment = clean_environment() | {
            "ENTORNO": "produccion",
            "DATA_DIR": str(folder / "datos"),
            "PORT": str(port),
            "FLOWER_PORT": str(flower_port),
            "DATABASE_APP_URL": cluster.url(f"{_OWNER}_app", "una / clave"),
            "DATABASE_SISTEMA_URL": cluster.url(f"{_OWNER}_sistema", "otra @ clave"),
            "REDIS_URL": cluster.settings.redis_location,
            "ADMIN_EMAIL": ADMIN_EMAIL,
            "ADMIN_PASSWORD": ADMIN_PASSWORD,
            "JWT_SECRET_KEY": "j" * 48,
            "SECRETS_KEY": "s" * 32,
            "FLOWER_PASSWORD": "f" * 16,
            "WEB_PROCESOS": "1",
        }

    def migrate(self, database_url: str) -> None:
        """What the service `migracion` does."""
        environment = self.environment | {"DATABASE_URL": database_url}
        for command in (["alembic", "upgrade", "head"], ["flask", "--app", "web", "semilla"]):
            subprocess.run([sys.executable, "-m", *command], cwd=ROOT, env=environment, check=True)

    def start(self, *names: str) -> None:
        for name in names:
            with self._log.open("ab") as log:
                self._running.append(
                    subprocess.Popen(
                        [sys.executable, "-m", "core.launcher.one", name],
                        env=self.environment,
                        cwd=ROOT,
                        stdout=log,
                        stderr=log,
                    )
                )
        assert eventually(self._answers, seconds=180), self._log.read_text()[-4000:]

    def stop(self) -> list[int]:
        """SIGTERM to each, and how each ended."""
        for process in self._running:
            process.terminate()
        return [process.wait(60) for process in self._running]

    def kill(self) -> None:
        for process in self._running:
            process.kill()
            process.wait()

    def _answers(self) -> bool:
        try:
            return self.stack.get("/salud").status == 200
        except OSError:
            return False


@pytest.fixture
def production(cluster: Cluster, tmp_path: Path) -> Iterator[Production]:
    production = Production(cluster, tmp_path)
    yield production
    production.kill()


def test_production_runs_on_given_servers_and_only_the_migration_knows_their_owner(
    cluster: Cluster, production: Production
) -> None:
    production.migrate(cluster.url(_OWNER, _OWNER_PASSWORD))
    with cluster.superuser() as connection:
        roles = connection.execute(
            "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole FROM pg_roles "
            "WHERE rolname LIKE 'duena\\_%' ORDER BY 1"
        ).fetchall()
    assert roles == [("duena_app", False, False, False), ("duena_sistema", False, False, False)]

    production.start("web", "chat", "mantenimiento", "beat")
    stack = production.stack
    nueva = {"empresa": "Otra", "email": "otra@demo.local", "password": "clave-de-prueba-2"}
    assert stack.post("/auth/registro", nueva).status == 403
    token = stack.login()
    answer = stack.post(
        "/chat/texto?esperar=30", {"chat_id": "c-1", "mensaje": "Hola"}, token=token
    )
    assert answer.status == 200, answer.text
    assert answer.json["respuesta"]

    assert set(production.stop()) == {0}
