"""What a body says of its own ids, read without the product: what must be stored, what may be."""

import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.azar.muestras import NUMERO

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
    ids = frozenset({str(tree["update_id"])})
    whole = len(said) == 1 and tree["update_id"] >= 0 and _is_private(said[0].get("chat"))
    # A place that moves is told every few seconds, for hours: nobody promises to keep that.
    moves = "edited_message" in tree and "location" in said[0] if said else False
    return Leido(ids if whole and not moves else frozenset(), ids)


def _is_private(chat: Any) -> bool:
    return isinstance(chat, dict) and _is_int(chat.get("id")) and chat.get("type") == "private"


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


def read_whatsapp(datos: bytes) -> Leido:
    tree = _tree(datos)
    messages = (m for value in _values(tree) for m in _dicts(value.get("messages")))
    return Leido(frozenset(m["id"] for m in messages if _is_said(m)), frozenset(_ids(tree)))


def _values(tree: Any) -> Iterator[dict[str, Any]]:
    """What a POST tells of the shop's own number."""
    if not isinstance(tree, dict) or tree.get("object") != "whatsapp_business_account":
        return
    for entry in _dicts(tree.get("entry")):
        for change in _dicts(entry.get("changes")):
            value = change.get("value")
            if change.get("field") == "messages" and isinstance(value, dict):
                metadata = value.get("metadata")
                if isinstance(metadata, dict) and metadata.get("phone_number_id") == NUMERO:
                    yield value


def _is_said(message: dict[str, Any]) -> bool:
    """Whether it is somebody's message, whatever is in it."""
    id_, sender = message.get("id"), message.get("from")
    return (
        isinstance(id_, str)
        and 0 < len(id_) <= 200
        and isinstance(sender, str)
        and re.fullmatch("[0-9]{8,15}", sender) is not None
        and message.get("type") != "system"
        and not message.get("group_id")
    )


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [x for x in value if isinstance(x, dict)] if isinstance(value, list) else []
