"""Connections that outlive their server: found before they are lent, not by a customer."""

import psycopg
from sqlalchemy import text

from core.db import Database
from core.settings import Settings


def test_a_restarted_server_costs_no_transaction(settings: Settings, db: Database) -> None:
    with db.sistema() as session:
        before = session.scalar(text("SELECT pg_backend_pid()"))
    superuser = settings.owner_url.set(drivername="postgresql", username="postgres")
    with psycopg.connect(superuser.render_as_string(False), autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE application_name = 'agente'"
        )
    for _ in range(5):
        with db.sistema() as session:
            assert session.scalar(text("SELECT pg_backend_pid()")) != before
