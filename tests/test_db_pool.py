"""The pool survives the death of what it lent, however often PostgreSQL is killed."""

from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from core.db import Database, make_engine
from core.settings import Settings

_ROOM = 2


@pytest.fixture
def small(settings: Settings) -> Iterator[Database]:
    """A process with room for two connections a role."""
    database = Database(
        app=make_engine(settings.app_url, max_connections=_ROOM),
        sistema=make_engine(settings.sistema_url, max_connections=_ROOM),
    )
    yield database
    database.close()


def kill(settings: Settings, backend: int) -> None:
    url = settings.owner_url.set(drivername="postgresql", username="postgres")
    with psycopg.connect(url.render_as_string(hide_password=False)) as superuser:
        superuser.execute("SELECT pg_terminate_backend(%s, 5000)", (backend,))


def die_in_use(settings: Settings, db: Database) -> None:
    with db.empresa(1) as session:
        kill(settings, session.scalar(text("SELECT pg_backend_pid()")) or 0)
        session.execute(text("SELECT 1"))


def die_before_commit(settings: Settings, db: Database) -> None:
    with db.sistema() as session:
        kill(settings, session.scalar(text("SELECT pg_backend_pid()")) or 0)


def test_connections_that_die_in_use_do_not_use_up_the_pool(
    settings: Settings, small: Database
) -> None:
    for _ in range(_ROOM + 2):
        with pytest.raises(OperationalError):
            die_in_use(settings, small)
    with small.empresa(1) as session:
        assert session.scalar(text("SELECT 1")) == 1


def test_connections_that_die_before_their_commit_do_not_use_up_the_pool(
    settings: Settings, small: Database
) -> None:
    for _ in range(_ROOM + 2):
        with pytest.raises(OperationalError):
            die_before_commit(settings, small)
    with small.sistema() as session:
        assert session.scalar(text("SELECT 1")) == 1
