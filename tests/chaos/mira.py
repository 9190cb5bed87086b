"""Looking at work in flight, as superuser: who holds what at this very moment, what waits."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
import redis

from core.adapters.celery_queue import KEY_PREFIX, QUEUES
from tests.chaos.instalacion import Instalacion

_POLL_SECONDS = 0.02


@dataclass(frozen=True)
class Tomado:
    """A chat's row as it was leased: `token` names the very turn that was in flight."""

    empresa_id: int
    chat: int
    token: int
    lease_de: str


@dataclass(frozen=True)
class Trabajo:
    """A row of the catalogue's work as it was leased. `token` names the very step that was in
    flight, `lugar` how far it had come."""

    tabla: str
    empresa_id: int
    id: int
    token: int
    lugar: int


@dataclass
class Golpe:
    """One fault and what it hit: chats, work on a catalogue. Without either it proves nothing."""

    tomados: list[Tomado]
    trabajos: list[Trabajo] = field(default_factory=list)
    pendientes: list[int] = field(default_factory=list)  # mensajes unanswered at that moment
    abiertas: int = 0  # transactions of our processes open in PostgreSQL
    en_cola: int = 0  # bells waiting in Valkey
    en_vuelo: int = 0  # requests waiting for their answer
    fin: float = 0.0  # when the fault was over (monotonic)
    drenaje: float | None = None  # seconds from then until the last of `pendientes` was answered
    retomados: int = 0  # of both, how many were gone on with by a later turn
    nota: str = ""  # what else a person should read of it

    @property
    def vale(self) -> bool:
        return bool(self.tomados or self.trabajos)


class Mira:
    """Reads the rows of these shops; connects again whenever PostgreSQL was killed."""

    def __init__(self, instalacion: Instalacion, empresas: Sequence[int]) -> None:
        self._instalacion, self._empresas = instalacion, list(empresas)
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def rows(self, query: str, *args: Any) -> list[tuple[Any, ...]]:
        """Raises psycopg.OperationalError while PostgreSQL is away."""
        if self._connection is None or self._connection.broken:
            self._connection = psycopg.connect(self._instalacion.superuser, autocommit=True)
        return self._connection.execute(query, args).fetchall()

    def tomados(self, worker: str = "") -> list[Tomado]:
        """Leases that `worker` (or anyone) holds now."""
        found = self.rows(
            "SELECT empresa_id, id, token, lease_de FROM chat WHERE lease_hasta IS NOT NULL "
            "AND empresa_id = ANY(%s) AND lease_de LIKE %s",
            self._empresas,
            f"{worker}@%" if worker else "%",
        )
        return [Tomado(*row) for row in found]

    def pendientes(self) -> list[int]:
        return [
            id_
            for (id_,) in self.rows(
                "SELECT id FROM mensaje WHERE estado = 'pendiente' AND empresa_id = ANY(%s)",
                self._empresas,
            )
        ]

    def abiertas(self) -> int:
        return int(
            self.rows(
                "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'agente' "
                "AND xact_start IS NOT NULL"
            )[0][0]
        )

    def en_cola(self) -> int:
        """Bells in Valkey; 0 when it does not say."""
        try:
            with self._instalacion.redis() as client:
                return sum(int(client.llen(KEY_PREFIX + q)) for q in set(QUEUES.values()))
        except (redis.ConnectionError, redis.TimeoutError):
            return 0

    def look(self, tomados: list[Tomado], *, en_vuelo: int) -> Golpe:
        """Everything that is in flight beside the leases just seen."""
        return Golpe(
            tomados,
            pendientes=self.pendientes(),
            abiertas=self.abiertas(),
            en_cola=self.en_cola(),
            en_vuelo=en_vuelo,
        )

    def aim(
        self, worker: str, *, call: Callable[[], None], also: Callable[[], bool] = lambda: True
    ) -> list[Tomado]:
        """Call for a wave of messages and return the moment that leases are held; none in time is
        an empty list: whatever is done then proves nothing."""
        for _ in range(5):
            call()
            deadline = time.monotonic() + 4.0
            while time.monotonic() < deadline:
                if (found := self.tomados(worker)) and also():
                    return found
                time.sleep(_POLL_SECONDS)
        return []

    def still(self, tomados: list[Tomado]) -> list[Tomado]:
        """Those of `tomados` whose very turn still holds its lease: of a dead process, for sure."""
        now = set(self.tomados())
        return [t for t in tomados if t in now]

    def taken_again(self, tomados: list[Tomado]) -> int:
        tokens = dict(
            self.rows("SELECT id, token FROM chat WHERE empresa_id = ANY(%s)", self._empresas)
        )
        return sum(tokens.get(t.chat, 0) > t.token for t in tomados)

    def works_again(self, t: Trabajo) -> bool:
        """Whether a later step has taken it, or nothing was left to do."""
        key = {"importacion": "id", "indexacion": "empresa_id"}[t.tabla]
        query = f"SELECT token FROM {t.tabla} WHERE empresa_id = %s AND {key} = %s"
        return any(token > t.token for (token,) in self.rows(query, t.empresa_id, t.id))

    def unanswered(self, mensajes: list[int]) -> int:
        return int(
            self.rows(
                "SELECT count(*) FROM mensaje WHERE id = ANY(%s) AND estado = 'pendiente'", mensajes
            )[0][0]
        )

    def is_quiet(self) -> bool:
        """Nothing waits, nothing is leased, nothing is on its way out."""
        busy = self.rows(
            "SELECT count(*) FROM chat WHERE empresa_id = ANY(%s) "
            "AND (pendientes <> 0 OR lease_hasta IS NOT NULL)",
            self._empresas,
        )[0][0]
        out = self.rows(
            "SELECT count(*) FROM mensaje WHERE empresa_id = ANY(%s) AND (estado = 'pendiente' "
            "OR entrega IN ('pendiente', 'enviando', 'incierta'))",
            self._empresas,
        )[0][0]
        return not busy and not out


def await_true(what: Callable[[], bool], seconds: float, *, every: float = 0.2) -> float | None:
    """Seconds until `what` held, None when it did not in time. A database that is away is a no."""
    start = time.monotonic()
    while (passed := time.monotonic() - start) < seconds:
        try:
            if what():
                return passed
        except psycopg.OperationalError:
            pass
        time.sleep(every)
    return None
