"""Connections that outlive their server: found before they are lent, not by a customer."""

from contextlib import ExitStack

import psycopg
from sqlalchemy import text

from core.db import Database
from core.settings import Settings


def test_a_restarted_server_costs_no_transaction(settings: Settings, db: Database) -> None:
    with ExitStack() as lent:
        for _ in range(5):  # as many idle connections as the role has room for
            session = lent.enter_context(db.sistema())
            session.execute(text("SELECT 1"))
    superuser = settings.owner_url.set(drivername="postgresql", username="postgres")
    with psycopg.connect(superuser.render_as_string(False), autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE application_name = 'agente'"
        )
    with db.sistema() as session:
        assert session.scalar(text("SELECT 1")) == 1


def test_a_connection_is_lent_a_thousand_times_as_the_first(db: Database) -> None:
    handlers = set()
    for _ in range(20):
        with db.sistema() as session:
            connection = session.connection().connection.driver_connection
            assert connection is not None
            handlers.add(len(connection._notice_handlers))
    assert handlers == {1}
