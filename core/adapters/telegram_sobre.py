"""The ids of Telegram's updates, for whoever stores them. The web reads no more than this.

Only private chats are ours: a bot in a group would answer everybody's every word.
"""

import math
import re
from dataclasses import dataclass
from typing import Any

# What we ask Telegram for.
UPDATES = ("message", "edited_message", "callback_query", "my_chat_member")

_BIGINT = 2**63
_QUERY_ID = re.compile(r"[\w-]{1,64}", re.ASCII)
# What the customer's being with the bot means: whether the chat is closed to us.
_MEMBERSHIP = {"kicked": True, "member": False}


@dataclass(frozen=True)
class Sobre:
    """The envelope of an update: who it is from and what makes it itself.

    Telegram numbers the updates of a bot in order, edits included, and repeats a number only
    when it repeats the update. `pulsacion`: the press of a button, which Telegram wants confirmed.
    `cerrado`: no message, but the news that the customer left (True) or is back (False).
    """

    update_id: int
    chat: str
    pulsacion: str | None = None
    cerrado: bool | None = None

    @property
    def id_externo(self) -> str:
        return str(self.update_id)


def read_sobre(crudo: object) -> Sobre | None:
    """The ids of an update that a person caused in a chat of their own; None for every other."""
    pulsacion: str | None = None
    cerrado: bool | None = None
    match crudo:
        case {"update_id": int(n), "message": {"chat": {"id": int(chat)} as where}}:
            pass
        case {"edited_message": {"location": _}}:
            return None  # a place that moves is told every few seconds, for hours
        case {"update_id": int(n), "edited_message": {"chat": {"id": int(chat)} as where}}:
            pass
        case {
            "update_id": int(n),
            "callback_query": {
                "id": str(pulsacion),
                "message": {"chat": {"id": int(chat)} as where},
            },
        }:
            pass
        case {
            "update_id": int(n),
            "my_chat_member": {
                "chat": {"id": int(chat)} as where,
                "new_chat_member": {"status": str(status)},
            },
        } if status in _MEMBERSHIP:
            cerrado = _MEMBERSHIP[status]
        case _:
            return None
    if not _ours(n, chat, where):
        return None
    if pulsacion is not None and not _QUERY_ID.fullmatch(pulsacion):
        pulsacion = None  # it goes back to Telegram as it came
    return Sobre(n, str(chat), pulsacion, cerrado)


def _ours(update_id: int, chat: int, where: dict[str, Any]) -> bool:
    """Of a private chat, with numbers that a row can hold."""
    numbers = type(update_id) is int and type(chat) is int  # True is an int too
    fits = numbers and 0 <= update_id < _BIGINT and abs(chat) < _BIGINT
    return fits and where.get("type", "private") == "private"


def storable(crudo: Any) -> Any:
    """A copy without what PostgreSQL's jsonb cannot hold: NUL, half a surrogate pair, infinity.

    Refusing such an update would have Telegram repeat it for ever. Raises RecursionError for
    one that is nested beyond reason.
    """
    match crudo:
        case str():
            return crudo.replace("\0", "").encode("utf-8", "replace").decode()
        case float():
            return crudo if math.isfinite(crudo) else None
        case dict():
            return {storable(k): storable(v) for k, v in crudo.items()}
        case list():
            return [storable(v) for v in crudo]
    return crudo
