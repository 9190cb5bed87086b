"""Python runs this at the start of every process whose PYTHONPATH leads here: those of the
installation that chaos started, and no others. The product knows nothing of it.

CHAOS_PLAN names a JSON file, read once per process: turns that take time (so that there is work
in flight to hit), a text that kills whoever reads it, and one safeguard taken away.
"""

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


def other_acks(module: ModuleType, plan: dict[str, Any]) -> None:
    if plan.get("ack_emulation") is not None:
        module.broker_transport_options["ack_emulation"] = plan["ack_emulation"]


WOUNDS: dict[str, Wound] = {
    "core.agente.vendedor": slow_and_poisonous,
    "core.agente.registrar": slow_commit,
    "core.mensajes.cierre": without_fence,
    "core.mensajes.barrido": without_sweep,
    "core.ventas": without_stock_condition,
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
