"""Connections, and the two ways to hold a transaction: as one empresa, or as the system.

`empresa()` sets `app.empresa_id` for each transaction and row level security does the rest.
`sistema()` sees the ids, states and times of all empresas and none of their text.
"""

import select
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import OperationalError as DriverDown
from psycopg.conninfo import make_conninfo
from psycopg_pool import ConnectionPool, PoolTimeout
from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event
from sqlalchemy.dialects.postgresql.psycopg import _log_notices
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, SessionTransaction

from core.errors import Unavailable

EMPRESA = "empresa_id"  # key in Session.info
_SET_EMPRESA = "SELECT set_config('app.empresa_id', %s, true)"

# How a lost or absent server shows itself: at connect, at the pool, in the middle of a statement.
DATABASE_DOWN = (OperationalError, DriverDown, PoolTimeout)


@event.listens_for(Session, "after_begin")
def _enter_empresa(session: Session, _: SessionTransaction, connection: Connection) -> None:
    """Every transaction of a tenant session, the second and third included, knows its empresa."""
    empresa_id = session.info.get(EMPRESA)
    if empresa_id is not None:
        # The driver itself: a third of what an empty transaction costs through the layers above.
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.execute(_SET_EMPRESA, (str(empresa_id),))


def _alive(connection: psycopg.Connection[Any]) -> bool:
    """An idle connection has nothing to read unless its server is gone: only then ask it. A
    question each time would be a tenth of a request."""
    idle = select.poll()
    idle.register(connection.fileno(), select.POLLIN | select.POLLHUP)
    if not idle.poll(0):
        return True
    try:
        ConnectionPool.check_connection(connection)
    except psycopg.Error:
        return False
    return True


def libpq_dsn(url: URL) -> str:
    """`url` in libpq's own words: as a URL, a password with a space in it would be refused."""
    named = url.translate_connect_args(username="user", database="dbname")
    return make_conninfo("", **named, **{k: str(v) for k, v in url.query.items()})


def make_pool(url: URL, *, max_connections: int) -> ConnectionPool:
    """psycopg's own pool. It replaces what died; a wait for a connection ends after five seconds
    in PoolTimeout, so a dead PostgreSQL answers 503 instead of hanging.
    """
    return ConnectionPool(
        libpq_dsn(url),
        min_size=0,
        max_size=max_connections,
        timeout=5.0,
        max_idle=120.0,
        reconnect_timeout=5.0,
        num_workers=2,
        open=False,
        close_returns=True,
        kwargs={
            "connect_timeout": 5,
            "application_name": "agente",
            # A server that vanished without a word is noticed in seconds, not in hours.
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 3,
            "tcp_user_timeout": 10_000,
            # A forgotten transaction or a lock queue must not hold a shop for ever.
            "options": "-c idle_in_transaction_session_timeout=30s -c lock_timeout=5s",
        },
    )


def engine_options(pool: ConnectionPool) -> dict[str, Any]:
    """Arguments for create_engine on top of `pool`, which opens at its first use: its threads
    must not be started before a server forks."""

    def lend() -> Any:
        if pool.closed:
            pool.open()
        # Not the pool's own check, which pauses longer after each dead one: when a server dies,
        # all that are idle are dead.
        while not _alive(connection := pool.getconn()):
            pool.putconn(connection)  # it discards and replaces what is broken
        return connection

    def give_back(connection: Any, _: Any) -> None:
        """psycopg's close() forgets a connection that broke while lent, and the pool would count
        it as lent for ever: after a few deaths of PostgreSQL nothing would be left to lend."""
        # SQLAlchemy takes every loan for a new connection and would add one more each time.
        connection.remove_notice_handler(_log_notices)
        if connection.closed:
            pool.putconn(connection)

    return {
        "creator": lend,
        "poolclass": NullPool,
        "pool_events": [(give_back, "close")],
        "use_native_hstore": False,
        "hide_parameters": True,  # an error's text must not carry a message's
    }


def make_engine(url: URL, *, max_connections: int) -> Engine:
    """An engine whose `dispose()` closes its pool too."""
    pool = make_pool(url, max_connections=max_connections)
    engine = create_engine("postgresql+psycopg://", **engine_options(pool))
    event.listen(engine, "engine_disposed", lambda _: pool.close())
    return engine


class Database:
    """The two engines of a process. Holds no connection until one is needed."""

    def __init__(self, *, app: Engine, sistema: Engine) -> None:
        self.app_engine = app
        self.sistema_engine = sistema

    def close(self) -> None:
        self.app_engine.dispose()
        self.sistema_engine.dispose()

    @contextmanager
    def empresa(self, empresa_id: int) -> Iterator[Session]:
        """A session that commits on a clean exit and rolls back on any exception."""
        with Session(self.app_engine, info={EMPRESA: empresa_id}) as session, session.begin():
            yield session

    @contextmanager
    def sistema(self) -> Iterator[Session]:
        """Like `empresa`, across all of them, for what the columns' grants allow."""
        with Session(self.sistema_engine) as session, session.begin():
            yield session


@contextmanager
def translating_outage(what: str) -> Iterator[None]:
    """Turn a lost database into Unavailable, which callers may retry."""
    try:
        yield
    except DATABASE_DOWN as e:
        raise Unavailable(what) from e
