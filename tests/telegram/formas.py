"""Shapes of the Bot API: what a keyboard must be, a message and a file as Telegram describes them.

Written after its published examples; python-telegram-bot reads all of them (test_formas.py).
"""

import json
import time
from dataclasses import dataclass
from typing import Any


class Malformado(Exception):
    """No client should send this."""


@dataclass(frozen=True)
class Archivo:
    """A file that a customer sent. `tamano`: what Telegram says of it, which may be a lie; `ruta`
    begins with a slash where the Bot API is a server in --local mode."""

    ruta: str
    contenido: bytes
    tamano: int | None = None

    def as_json(self, file_id: str) -> dict[str, Any]:
        size = {"file_size": self.tamano} if self.tamano is not None else {}
        return {"file_id": file_id, "file_unique_id": "AQADu", **size, "file_path": self.ruta}


def read_keyboard(texto: str) -> dict[str, Any]:
    """An InlineKeyboardMarkup of callback buttons, as strictly as Telegram or stricter."""
    try:
        markup = json.loads(texto)
        [(name, rows)] = markup.items()
        buttons = [b for row in rows for b in row]
    except (ValueError, AttributeError, TypeError) as e:
        raise Malformado("reply_markup is no keyboard") from e
    if name != "inline_keyboard" or not all(isinstance(r, list) and r for r in rows):
        raise Malformado("a keyboard is rows of buttons")
    if not 0 < len(buttons) <= 100:
        raise Malformado("a keyboard of no button, or of too many")
    for button in buttons:
        _check_button(button)
    if len({b["callback_data"] for b in buttons}) < len(buttons):
        raise Malformado("two buttons that say the same")
    return dict(markup)


def _check_button(button: dict[str, Any]) -> None:
    if set(button) != {"text", "callback_data"}:
        raise Malformado("a button is a text and its callback_data")
    if not button["text"].strip() or len(button["text"]) > 64:
        raise Malformado("a button that shows nothing, or too much")
    if not 0 < len(button["callback_data"].encode()) <= 64:
        raise Malformado("callback_data is 1 to 64 bytes")


def shown(
    chat: int, message_id: int, texto: str, keyboard: dict[str, Any] | None
) -> dict[str, Any]:
    """A message of the bot's."""
    return {
        "message_id": message_id,
        "from": {"id": 1, "is_bot": True, "first_name": "Tienda", "username": "tienda_bot"},
        "chat": {"id": chat, "first_name": "Ana", "last_name": "Paz", "type": "private"},
        "date": int(time.time()),
        "text": texto,
        **({} if keyboard is None else {"reply_markup": keyboard}),
    }
