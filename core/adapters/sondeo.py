"""Looks at PostgreSQL and the broker from outside, within a bounded time, whatever they do."""

import logging
import socket
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Generic, TypeVar
from urllib.parse import urlsplit

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from core.adapters.celery_queue import KEY_PREFIX, QUEUES
from core.db import DATABASE_DOWN, Database
from core.settings import Settings

T = TypeVar("T")

# How long anybody waits for a neighbour, and how long its answer serves others.
PLAZO_SEGUNDOS = 1.5
_FRESH_SECONDS = 1.0
_REDIS_SECONDS = 0.5


@dataclass(frozen=True)
class Atraso:
    """What waits in the rows, throw-away empresas left out. Ages in seconds, 0 when none waits.

    sin_responder: since the oldest message arrived that the seller owes an answer.
    entrega_vencida: since the oldest reply should have left.
    importacion_parada: since the first import of an empresa could have begun and did not, or its
    worker fell silent; the ones behind it wait by right.
    """

    sin_responder: float
    chats_pendientes: int
    entregas: Mapping[str, int]
    entrega_vencida: float
    importaciones: Mapping[str, int]
    importacion_parada: float
    # Empresas whose vectors wait for a model that does not answer.
    sin_modelo: int


@dataclass(frozen=True)
class Foto:
    """acepta: a message could be stored now. None: no answer in time. `colas` is empty for a
    broker that tells no depths."""

    acepta: bool
    atraso: Atraso | None
    colas: Mapping[str, int] | None


class Sondeo:
    """One per process. Any number of callers cost each neighbour one question a second."""

    def __init__(self, db: Database, settings: Settings) -> None:
        down = (SQLAlchemyError, *DATABASE_DOWN)
        self._store = _Question(lambda: _ask_store(db), down)
        self._atraso = _Question(lambda: _ask_atraso(db), down)
        # ValueError is redis' own word for a URL it cannot read.
        self._broker = _Question(lambda: _ask_broker(settings.broker_url), (OSError, ValueError))

    def look(self) -> Foto:
        """At most PLAZO_SEGUNDOS, all being asked at once."""
        for question in (self._store, self._atraso, self._broker):
            question.ask()
        until = time.monotonic() + PLAZO_SEGUNDOS
        return Foto(
            acepta=self._store.answer(until) is True,
            atraso=self._atraso.answer(until),
            colas=self._broker.answer(until),
        )


class _Question(Generic[T]):
    """Asked in a thread of its own, never twice at once: who hangs holds one thread."""

    def __init__(self, ask: Callable[[], T], down: tuple[type[Exception], ...]) -> None:
        self._ask = ask
        self._down = down
        self._lock = threading.Lock()
        self._asked = 0.0
        self._future: Future[T | None] | None = None

    def ask(self) -> None:
        with self._lock:
            if self._future is not None:
                fresh = time.monotonic() - self._asked < _FRESH_SECONDS
                if fresh or not self._future.done():
                    return
            self._asked = time.monotonic()
            future: Future[T | None] = Future()
            self._future = future
        threading.Thread(target=self._run, args=(future,), name="sondeo", daemon=True).start()

    def answer(self, until: float) -> T | None:
        """What came of it by `until` (monotonic); None for an outage, or for silence."""
        future = self._future
        if future is None:
            return None
        overdue = time.monotonic() - self._asked > PLAZO_SEGUNDOS
        try:
            return future.result(0 if overdue else max(0.0, until - time.monotonic()))
        except TimeoutError:
            return None

    def _run(self, future: "Future[T | None]") -> None:
        try:
            future.set_result(self._ask())
        except self._down as e:
            logging.getLogger(__name__).warning("sondeo sin respuesta", exc_info=e)
            future.set_result(None)
        except Exception as e:  # the waiter must hear of a bug, or it would call it silence
            future.set_exception(e)


_ATRASO = text(
    """
    SELECT
        coalesce((SELECT extract(epoch FROM clock_timestamp() - min(m.creado_en))
            FROM mensaje m
            JOIN chat c ON c.empresa_id = m.empresa_id AND c.id = m.chat_id AND c.ia_activa
            JOIN empresa e ON e.id = m.empresa_id AND NOT e.efimera
            WHERE m.estado = 'pendiente'), 0) AS sin_responder,
        (SELECT count(*) FROM chat c JOIN empresa e ON e.id = c.empresa_id AND NOT e.efimera
            WHERE c.pendientes > 0 AND c.ia_activa) AS chats_pendientes
    """
)
_ENTREGAS = text(
    """
    SELECT m.entrega, count(*) AS n,
        extract(epoch FROM clock_timestamp() - min(m.entrega_desde)) AS vencida
    FROM mensaje m JOIN empresa e ON e.id = m.empresa_id AND NOT e.efimera
    WHERE m.entrega IN ('pendiente', 'enviando', 'incierta') GROUP BY m.entrega
    """
)
_IMPORTACIONES = text(
    """
    SELECT i.estado, count(*) AS n, extract(epoch FROM clock_timestamp() - min(
        CASE WHEN i.lease_hasta < clock_timestamp() THEN i.lease_hasta
             WHEN i.lease_hasta IS NULL AND i.filas_procesadas = 0 THEN i.creada_en END)
        FILTER (WHERE NOT EXISTS (
            SELECT FROM importacion a WHERE a.empresa_id = i.empresa_id AND a.id < i.id
                AND a.estado IN ('en_cola', 'procesando')) AND i.estado <> 'indexando')) AS parada
    FROM importacion i JOIN empresa e ON e.id = i.empresa_id AND NOT e.efimera
    WHERE i.estado IN ('en_cola', 'procesando', 'indexando') GROUP BY i.estado
    """
)

_SIN_MODELO = text(
    """
    SELECT count(*) FROM indexacion i JOIN empresa e ON e.id = i.empresa_id AND NOT e.efimera
    WHERE i.proximo_intento > clock_timestamp()
    """
)


def _ask_store(db: Database) -> bool:
    """As the role that stores messages, from the pool that they wait for."""
    with db.app_engine.connect() as connection:
        connection.execute(text("SELECT FROM mensaje LIMIT 1"))
    return True


def _ask_atraso(db: Database) -> Atraso:
    with db.sistema() as session:
        session.execute(text("SET LOCAL statement_timeout = '2s'"))
        pending = session.execute(_ATRASO).one()
        entregas = session.execute(_ENTREGAS).all()
        importaciones = session.execute(_IMPORTACIONES).all()
        sin_modelo = session.scalars(_SIN_MODELO).one()
    return Atraso(
        sin_responder=float(pending.sin_responder),
        chats_pendientes=pending.chats_pendientes,
        entregas={row.entrega: row.n for row in entregas},
        entrega_vencida=_oldest([row.vencida for row in entregas]),
        importaciones={row.estado: row.n for row in importaciones},
        importacion_parada=_oldest([row.parada for row in importaciones]),
        sin_modelo=sin_modelo,
    )


def _oldest(ages: list[float | None]) -> float:
    return max([0.0, *(float(age) for age in ages if age is not None)])


def _ask_broker(url: str) -> dict[str, int]:
    """Depth of each queue; empty for a broker that is no Redis, which is only knocked at."""
    where = urlsplit(url)
    if where.scheme not in ("redis", "rediss", "unix"):
        address = (where.hostname or "localhost", where.port or 5672)
        socket.create_connection(address, timeout=_REDIS_SECONDS).close()
        return {}
    from redis import Redis, RedisError
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    with Redis.from_url(
        url,
        socket_timeout=_REDIS_SECONDS,
        socket_connect_timeout=_REDIS_SECONDS,
        retry=Retry(NoBackoff(), 0),
    ) as redis:
        queues = sorted(set(QUEUES.values()))
        pipe = redis.pipeline(transaction=False)
        for queue in queues:
            pipe.llen(KEY_PREFIX + queue)
        try:
            return dict(zip(queues, pipe.execute(), strict=True))
        except RedisError as e:
            raise ConnectionError("redis") from e
