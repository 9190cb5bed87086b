"""Alembic's entry: migrates as the owner, then gives the two roles the passwords in force."""

from alembic import context
from sqlalchemy import URL, Connection, create_engine, text

from core.adapters.pgvector_index import ensure_schema
from core.models import Base
from core.settings import Settings


def _settings() -> Settings:
    given: Settings | None = context.config.attributes.get("settings")
    return given or Settings()


def _set_passwords(connection: Connection, urls: list[URL]) -> None:
    """CREATE ROLE is the first migration's; the password may change with every start."""
    for url in urls:
        exists = connection.scalar(
            text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": url.username}
        )
        if exists and url.password:
            # Utility statements take no parameters: PostgreSQL quotes the literal itself.
            connection.execute(
                text("SELECT set_config('agente.password', :password, true)"),
                {"password": str(url.password)},
            )
            connection.execute(
                text(
                    "DO $$ BEGIN EXECUTE format('ALTER ROLE %I PASSWORD %L', "
                    f"'{url.username}', current_setting('agente.password')); END $$"
                )
            )


def run() -> None:
    settings = _settings()
    urls = [settings.app_url, settings.sistema_url]
    context.config.attributes["roles"] = tuple(str(url.username) for url in urls)
    owner = settings.owner_url.set(drivername="postgresql+psycopg")
    engine = create_engine(owner, hide_parameters=True)
    with engine.connect() as connection:
        # Two starts at once take turns; the lock goes with the connection.
        connection.execute(text("SELECT pg_advisory_lock(hashtext('agente.migraciones'))"))
        connection.commit()
        context.configure(
            connection=connection, target_metadata=Base.metadata, compare_server_default=False
        )
        with context.begin_transaction():
            context.run_migrations()
        with connection.begin():
            _set_passwords(connection, urls)
            if settings.indice_vectores == "pgvector":
                ensure_schema(connection, app_role=str(settings.app_url.username))
    engine.dispose()


run()
