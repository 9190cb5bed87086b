"""The other way round: take one safeguard away, and some promise must be seen to break.

By wiring (tests/chaos/gancho) or DDL, in a throw-away installation that is emptied in between.
A safeguard whose absence nobody notices is not tested.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tests.chaos import fallas, importaciones
from tests.chaos.experimentos import WHOLE_SECONDS, Experimento, Informe, run_experimento
from tests.chaos.importaciones import ImportacionEnObra, RelevoEnObra
from tests.chaos.instalacion import CALM, Instalacion
from tests.chaos.mira import await_true

_QUIET_SECONDS = 20.0  # what is stuck for ever is stuck for longer than this
_WOUNDED = ("web", "chat", "chat_solo", "catalogo", "mantenimiento")
_CLEAN = """DO $$ DECLARE t text; BEGIN FOR t IN SELECT tablename FROM pg_tables
    WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
    EXECUTE format('TRUNCATE %I CASCADE', t); END LOOP; END $$"""
_EACH_TABLE = """DO $$ DECLARE t text; BEGIN FOR t IN SELECT tablename FROM pg_tables
    WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
    EXECUTE format('ALTER TABLE %I {} ROW LEVEL SECURITY', t); END LOOP; END $$"""

# Every sale gets a key of its own: the unique index is there and never says no.
_BLUNT_KEY = """
    CREATE FUNCTION caos_clave() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN NEW.clave := NEW.clave || '#' || gen_random_uuid(); RETURN NEW; END $$;
    CREATE TRIGGER caos_clave BEFORE INSERT ON venta FOR EACH ROW EXECUTE FUNCTION caos_clave()
"""
_SHARP_KEY = "DROP TRIGGER caos_clave ON venta; DROP FUNCTION caos_clave()"
_MESSAGE_KEY = "uq_mensaje_empresa_id_canal_id_chat_id_id_externo"


@dataclass(frozen=True)
class Mutacion:
    """`se_nota`: the rules of which at least one must be broken; any other proves nothing."""

    nombre: str
    experimento: Experimento
    se_nota: frozenset[str]
    plan: dict[str, Any] = field(default_factory=dict)
    ddl: str = ""
    deshacer: str = ""


_PEACE = Experimento("en paz", fallas.nothing, 1)
_ZOMBIE = Experimento("zombi", fallas.freeze_chat_worker, 1)
_KILL = Experimento("kill -9", fallas.kill_chat_worker, 1)
_KILLED_IMPORT = Experimento(
    "importación muerta",
    importaciones.kill_catalogo_worker,
    8,
    obra=partial(ImportacionEnObra, veces=8),
)
_ZOMBIE_IMPORT = Experimento(
    "importación con relevo",
    importaciones.freeze_catalogo_worker,
    1,
    obra=partial(RelevoEnObra, veces=1),
)

MUTACIONES = (
    Mutacion(
        "sin la valla (token)",
        _ZOMBIE,
        frozenset({"una respuesta", "contadores", "todo terminado"}),
        plan={"mutacion": "sin_valla"},
    ),
    Mutacion(
        "sin la clave del mensaje",
        _PEACE,
        frozenset({"un mensaje, una fila"}),
        ddl=f"ALTER TABLE mensaje DROP CONSTRAINT {_MESSAGE_KEY}",
        deshacer=f"ALTER TABLE mensaje ADD CONSTRAINT {_MESSAGE_KEY} "
        "UNIQUE (empresa_id, canal_id, chat_id, id_externo)",
    ),
    Mutacion(
        "sin la clave de la venta",
        _PEACE,
        frozenset({"ventas por HTTP", "una oferta, una venta"}),
        ddl=_BLUNT_KEY,
        deshacer=_SHARP_KEY,
    ),
    Mutacion(
        "sin stock >= n (ni CHECK, ni mirada)",
        _PEACE,
        frozenset({"stock = Σ movimientos", "nada de más vendido"}),
        plan={"mutacion": "sin_stock"},
        ddl="ALTER TABLE producto DROP CONSTRAINT ck_producto_stock",
        deshacer="ALTER TABLE producto ADD CONSTRAINT ck_producto_stock CHECK (stock >= 0)",
    ),
    Mutacion(
        "sin barrido",
        _KILL,
        frozenset({"todo terminado"}),
        plan={"mutacion": "sin_barrido"},
    ),
    Mutacion(
        "sin row level security",
        _PEACE,
        frozenset({"aislamiento"}),
        ddl=_EACH_TABLE.format("DISABLE"),
        deshacer=_EACH_TABLE.format("ENABLE"),
    ),
    Mutacion(
        "importación sin la valla (token)",
        _ZOMBIE_IMPORT,
        frozenset({"importación = la entera"}),
        plan={"mutacion": "importar_sin_valla"},
    ),
    Mutacion(
        "importación con el cursor en otra transacción",
        _KILLED_IMPORT,
        frozenset({"importación = la entera"}),
        plan={"mutacion": "importar_cursor_aparte"},
    ),
)


@dataclass(frozen=True)
class Hallado:
    """What a mutation broke. `notada`: one of the promises that hang on that safeguard."""

    mutacion: Mutacion
    informe: Informe

    @property
    def rotas(self) -> list[str]:
        return sorted({f.regla for f in self.informe.faltas})

    @property
    def notada(self) -> bool:
        return bool(self.mutacion.se_nota & set(self.rotas))


def run_mutacion(
    instalacion: Instalacion, mutacion: Mutacion, say: Callable[[str], None]
) -> Hallado:
    """Empty the installation, wound it, play the experiment, heal it."""
    instalacion.sql(_CLEAN)
    if mutacion.ddl:
        instalacion.sql(mutacion.ddl)
    instalacion.write_plan({**CALM, **mutacion.plan})
    instalacion.restart(_WOUNDED)
    await_true(lambda: fallas.is_whole(instalacion), WHOLE_SECONDS)
    informe = run_experimento(instalacion, mutacion.experimento, say, quiet_seconds=_QUIET_SECONDS)
    instalacion.sql(_CLEAN)
    if mutacion.deshacer:
        instalacion.sql(mutacion.deshacer)
    return Hallado(mutacion, informe)
