"""What a body says of its own ids, read without the product: what must be stored, what may be."""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

_BIGINT = 2**63


@dataclass(frozen=True)
class Leido:
    """`debe`: ids of whole messages, which a 2xx has promised to keep. `puede`: any that a row may
    bear because of this body."""

    debe: frozenset[str] = frozenset()
    puede: frozenset[str] = frozenset()


Lector = Callable[[bytes], Leido]


def _tree(datos: bytes) -> Any:
    """None for what is no JSON to a patient reader."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)
    try:
        return _clean(json.loads(datos))
    except (ValueError, RecursionError):
        return None
    finally:
        sys.setrecursionlimit(limit)


def _clean(text: Any) -> Any:
    """As PostgreSQL can hold it."""
    match text:
        case str():
            return text.replace("\0", "").encode("utf-8", "replace").decode()
        case dict():
            return {_clean(k): _clean(v) for k, v in text.items()}
        case list():
            return [_clean(v) for v in text]
    return text


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < _BIGINT


def read_telegram(datos: bytes) -> Leido:
    tree = _tree(datos)
    if not isinstance(tree, dict) or not _is_int(tree.get("update_id")):
        return Leido()
    said = [tree[k] for k in ("message", "edited_message") if isinstance(tree.get(k), dict)]
    chats = [m["chat"].get("id") for m in said if isinstance(m.get("chat"), dict)]
    ids = frozenset({str(tree["update_id"])})
    whole = tree["update_id"] >= 0 and len(chats) == len(said) == 1 and _is_int(chats[0])
    return Leido(ids if whole else frozenset(), ids)


def _ids(tree: Any) -> Iterator[str]:
    """Everything that is called `id` and is a text, however deep."""
    pending = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            if isinstance(node.get("id"), str):
                yield node["id"]
            pending.extend(node.values())
        elif isinstance(node, list):
            pending.extend(node)
