"""Python runs this at the start of every process whose PYTHONPATH leads here: those of the
installation that chaos started, and no others. The product knows nothing of it.

CHAOS_PLAN names a JSON file, read once per process: turns that take time (so that there is work
in flight to hit), a text that kills whoever reads it, and one safeguard taken away.
"""

import hashlib
import importlib.abc
import importlib.machinery
import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

Wound = Callable[[ModuleType, dict[str, Any]], None]


def _swap(module: ModuleType, statement: str, old: str, new: str) -> None:
    """Change the SQL of a module's statement. Not finding the old words is an error: a mutation
    that changes nothing would prove nothing."""
    before = getattr(module, statement)
    if old not in before.text:
        raise RuntimeError(f"chaos: {module.__name__}.{statement} no longer says {old!r}")
    before.text = before.text.replace(old, new)


def slow_and_poisonous(module: ModuleType, plan: dict[str, Any]) -> None:
    """Thinking takes a while, outside any transaction; the poison kills the one who thinks."""
    respond = module.respond

    def think(*args: Any, **kwargs: Any) -> Any:
        if plan.get("veneno") and plan["veneno"] in repr(args):
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(random.uniform(*plan.get("pensar", (0, 0))))
        return respond(*args, **kwargs)

    module.respond = think  # type: ignore[attr-defined]


def slow_commit(module: ModuleType, plan: dict[str, Any]) -> None:
    """Everything is written and nothing committed yet: the worst moment to die."""
    finish = module.finish_turno

    def finish_slowly(*args: Any, **kwargs: Any) -> Any:
        done = finish(*args, **kwargs)
        time.sleep(random.uniform(*plan.get("registrar", (0, 0))))
        return done

    module.finish_turno = finish_slowly  # type: ignore[attr-defined]


def without_fence(module: ModuleType, plan: dict[str, Any]) -> None:
    if plan.get("mutacion") == "sin_valla":
        _swap(module, "_FINISH", "AND token = :token", "AND (token = :token OR true)")


def without_stock_condition(module: ModuleType, plan: dict[str, Any]) -> None:
    """In both of its forms: in the UPDATE, and in the look under the row's lock."""
    if plan.get("mutacion") != "sin_stock":
        return
    _swap(module, "_TAKE", "AND stock >= :cantidad", "AND (stock >= :cantidad OR true)")
    check, short = module._check, module.StockInsuficiente

    def look_away(*args: Any) -> None:
        try:
            check(*args)
        except short:
            return

    module._check = look_away  # type: ignore[attr-defined]


def without_sweep(module: ModuleType, plan: dict[str, Any]) -> None:
    if plan.get("mutacion") == "sin_barrido":
        module.ring_due_chats = lambda *_, **__: 0  # type: ignore[attr-defined]


def short_import_lease(module: ModuleType, plan: dict[str, Any]) -> None:
    """So that outliving it takes seconds. Whoever imports the number by name comes later."""
    module.LEASE_SEGUNDOS = plan.get("importar_lease", module.LEASE_SEGUNDOS)  # type: ignore[attr-defined]
    if plan.get("mutacion") == "importar_sin_valla":
        for statement in ("_PROGRESS", "_END"):
            _swap(module, statement, "AND token = :token", "AND (token = :token OR true)")
    if plan.get("mutacion") == "importar_cursor_aparte":
        _swap(module, "_PROGRESS", "cursor = greatest(cursor, :cursor)", "cursor = cursor")


def slow_import(module: ModuleType, plan: dict[str, Any]) -> None:
    """A chunk takes a while, before its transaction and when all of it is written."""
    pause = plan.get("importar", (0, 0))
    if plan.get("mutacion") == "importar_cursor_aparte":
        _advance_apart(module, pause)
    archivo = module._Archivo
    apply = archivo._apply_tramo

    def apply_slowly(self: Any, session: Any, tramo: Any, *, total: int) -> None:
        time.sleep(random.uniform(*pause))  # the session has said nothing yet
        apply(self, session, tramo, total=total)
        time.sleep(random.uniform(*pause))

    archivo._apply_tramo = apply_slowly


def _advance_apart(module: ModuleType, pause: Sequence[float]) -> None:
    """The rows in one transaction, the line that they reach in the next."""
    from sqlalchemy import event

    reached = module.text(  # type: ignore[attr-defined]
        "UPDATE importacion SET cursor = :cursor WHERE empresa_id = :empresa_id AND id = :id"
    )
    archivo = module._Archivo
    apply = archivo._apply_tramo

    def apply_and_reach(self: Any, session: Any, tramo: Any, *, total: int) -> None:
        def reach(_: Any) -> None:
            time.sleep(4 * random.uniform(*pause))
            with self._db.empresa(self._empresa_id) as another:
                ids = {"empresa_id": self._empresa_id, "id": self._importacion_id}
                another.execute(reached, ids | {"cursor": tramo.hasta})

        apply(self, session, tramo, total=total)
        event.listen(session, "after_commit", reach, once=True)

    archivo._apply_tramo = apply_and_reach


def told_embeddings(module: ModuleType, plan: dict[str, Any]) -> None:
    """Every text that the model is asked to keep is written down before it is asked."""
    embed = module.LocalEmbedder.embed

    def embed_and_tell(self: Any, textos: Sequence[str], *, consulta: bool = False) -> Any:
        if plan.get("embebidos") and not consulta:
            lines = [f"{hashlib.sha256(t.encode()).hexdigest()} {os.getpid()}\n" for t in textos]
            with open(plan["embebidos"], "a") as file:
                file.write("".join(lines))
        return embed(self, textos, consulta=consulta)

    module.LocalEmbedder.embed = embed_and_tell


def other_acks(module: ModuleType, plan: dict[str, Any]) -> None:
    if plan.get("ack_emulation") is not None:
        module.broker_transport_options["ack_emulation"] = plan["ack_emulation"]


WOUNDS: dict[str, Wound] = {
    "core.agente.vendedor": slow_and_poisonous,
    "core.agente.registrar": slow_commit,
    "core.mensajes.cierre": without_fence,
    "core.mensajes.barrido": without_sweep,
    "core.ventas": without_stock_condition,
    "core.catalogo.importaciones.trabajo": short_import_lease,
    "core.catalogo.importaciones.importar": slow_import,
    "core.adapters.embeddings_local": told_embeddings,
    "celeryconfig": other_acks,
}


class _Wounder(importlib.abc.MetaPathFinder):
    """Lets a module load as it is and then wounds it."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self._plan = plan

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        wound = WOUNDS.get(fullname)
        if wound is None:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is None or spec.loader is None:
            return None
        load = spec.loader.exec_module

        def load_and_wound(module: ModuleType) -> None:
            load(module)
            wound(module, self._plan)

        spec.loader.exec_module = load_and_wound  # type: ignore[method-assign]
        return spec


if path := os.environ.get("CHAOS_PLAN"):
    with open(path) as file:
        sys.meta_path.insert(0, _Wounder(json.load(file)))
