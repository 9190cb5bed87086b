"""The schema on real PostgreSQL: both directions, the roles, and no drift from the models."""

from collections.abc import Iterator

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from pydantic import SecretStr
from sqlalchemy import create_engine, inspect, text

from core.db import Database
from core.models import Base
from core.settings import Settings
from tests.conftest import alembic_config, migrate
from tests.plantas import SHARED


@pytest.fixture
def vacia(settings: Settings) -> Iterator[Settings]:
    """A second, empty database of the same owner, as a separate installation would have."""
    name = "ida_y_vuelta"
    superuser = create_engine(
        settings.owner_url.set(username="postgres", database="postgres"),
        isolation_level="AUTOCOMMIT",
    )
    with superuser.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} OWNER {settings.owner_url.username}"))
    url = settings.owner_url.set(database=name).render_as_string(hide_password=False)
    yield settings.model_copy(update={"database_url": SecretStr(url)})
    with superuser.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    superuser.dispose()


def _tables(settings: Settings) -> set[str]:
    engine = create_engine(settings.owner_url)
    try:
        return set(inspect(engine).get_table_names()) - {"alembic_version"}
    finally:
        engine.dispose()


def test_migrations_go_up_down_and_up_again(vacia: Settings, settings: Settings) -> None:
    migrate(vacia)
    assert _tables(vacia) == set(Base.metadata.tables)
    command.downgrade(alembic_config(vacia), "base")
    assert _tables(vacia) == set()
    migrate(vacia)
    assert _tables(vacia) == set(Base.metadata.tables)
    # The roles outlive a downgrade: the other installation still works with them.
    for url in (settings.app_url, settings.sistema_url):
        engine = create_engine(url)
        with engine.connect() as connection:
            assert connection.scalar(text("SELECT 1")) == 1
        engine.dispose()


def test_models_and_migrations_say_the_same(settings: Settings) -> None:
    engine = create_engine(settings.owner_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()


def test_processes_connect_as_roles_that_row_security_binds(db: Database) -> None:
    for engine in (db.app_engine, db.sistema_engine):
        with engine.connect() as connection:
            row = connection.execute(
                text(
                    "SELECT rolsuper, rolbypassrls, "
                    "exists (SELECT FROM pg_tables WHERE tableowner = current_user) AS owner "
                    "FROM pg_roles WHERE rolname = current_user"
                )
            ).one()
            assert (row.rolsuper, row.rolbypassrls, row.owner) == (False, False, False)


def test_every_table_is_forced_and_keyed_by_empresa(settings: Settings) -> None:
    engine = create_engine(settings.owner_url)
    with engine.connect() as connection:
        tables = connection.execute(
            text(
                "SELECT relname, relrowsecurity, relforcerowsecurity, "
                "(SELECT count(*) FROM pg_policy WHERE polrelid = c.oid) AS policies, "
                "exists (SELECT FROM pg_attribute WHERE attrelid = c.oid "
                "        AND attname = 'empresa_id' AND attnotnull) AS keyed "
                "FROM pg_class c WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace "
                "AND relname <> 'alembic_version'"
            )
        ).all()
    engine.dispose()
    assert {t.relname for t in tables} == set(Base.metadata.tables)
    for table in tables:
        if table.relname in SHARED:
            continue
        assert table.relrowsecurity, table
        assert table.relforcerowsecurity, table
        assert table.policies, table
        assert table.keyed or table.relname == "empresa", table


def test_no_foreign_key_can_leave_the_empresa(settings: Settings) -> None:
    for table in Base.metadata.tables.values():
        for key in table.foreign_key_constraints:
            if key.referred_table.name != "empresa":
                assert list(key.column_keys)[0] == "empresa_id", (table.name, key.column_keys)
