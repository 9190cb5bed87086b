"""Telegram's updates and the Canal over its Bot API. No other room knows its JSON.

The vendor (python-telegram-bot) is imported by whoever sends or parses, never by the web, which
reads of an update just the ids.
"""

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.errors import CredencialesRechazadas, EnvioRechazado
from core.ports import Entrante, Medio, Tecla

if TYPE_CHECKING:
    from telegram import Message

    from core.adapters.telegram_api import BotApi

# What we ask Telegram for, and where such an update carries its message.
UPDATES = ("message", "edited_message")
_BIGINT = 2**63

Credenciales = Callable[[], Mapping[str, Any]]


@dataclass(frozen=True)
class Sobre:
    """The envelope of an update: who it is from and what makes it itself.

    Telegram numbers the updates of a bot in order, edits included, and repeats a number only
    when it repeats the update.
    """

    update_id: int
    chat: str

    @property
    def id_externo(self) -> str:
        return str(self.update_id)


def read_sobre(crudo: object) -> Sobre | None:
    """The ids of an update that carries a message; None for every other."""
    match crudo:
        case {"update_id": int(n), "message": {"chat": {"id": int(chat)}}}:
            pass
        case {"update_id": int(n), "edited_message": {"chat": {"id": int(chat)}}}:
            pass
        case _:
            return None
    fits = 0 <= n < _BIGINT and abs(chat) < _BIGINT
    return Sobre(n, str(chat)) if fits else None


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


class Telegram:
    """Implements core.ports.Canal for one bot. `credenciales` are opened when it speaks, so that
    what a customer wrote can be read even when they cannot be."""

    max_caracteres = 4096

    def __init__(self, credenciales: Credenciales, *, api_url: str, segundos: float) -> None:
        self._credenciales = credenciales
        self._api_url = api_url.rstrip("/")
        self._segundos = segundos

    def parse(self, crudo: dict[str, Any]) -> Entrante | None:
        """What a person said. None for what no person said: a bot's message, a service notice.

        An edit has tipo "edicion"; what is no text has the kind of its attachment, with its
        caption; what cannot be read at all is "otro".
        """
        _quiet()
        from telegram import Update

        try:
            update = Update.de_json(crudo, None)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            return Entrante("", tipo="otro")
        message = update.message or update.edited_message
        if message is None or (message.from_user is not None and message.from_user.is_bot):
            return None
        tipo = _tipo(message)
        if tipo is None:
            return None
        if update.edited_message is not None:
            tipo = "edicion"
        texto = _spoken(message.text or message.caption or "")
        nombre = message.from_user.full_name if message.from_user is not None else None
        return Entrante(texto, tipo=tipo, nombre=nombre)

    def send(self, externo: str, texto: str, teclas: Sequence[Tecla] = ()) -> str:
        api, token, _ = self._open()
        message_id = api.send(token, externo, texto, segundos=self._segundos)
        return f"{externo}:{message_id}"

    def show_escribiendo(self, externo: str, id_externo: str | None) -> None:
        return

    def fetch(self, medio: Medio, *, max_bytes: int, segundos: float) -> bytes:
        raise EnvioRechazado("Telegram no da este archivo.")

    def check(self, *, webhook_url: str | None) -> str:
        api, token, secreto = self._open()
        nombre = api.who(token, segundos=self._segundos)
        if webhook_url is None:
            api.remove_webhook(token, segundos=self._segundos)
            return f"@{nombre}, por consulta periódica."
        if not secreto:
            raise EnvioRechazado("Al canal le falta el secreto de su webhook.")
        api.set_webhook(
            token, webhook_url, secreto=secreto, updates=UPDATES, segundos=self._segundos
        )
        return f"@{nombre}, por webhook."

    def claim(self) -> "Future[bool]":
        """Take the bot's updates back from whatever webhook they went to. None is dropped."""
        api, token, _ = self._open()
        return api.start_remove_webhook(token, segundos=self._segundos)

    def updates(self, desde: int, *, segundos: int) -> "Future[list[dict[str, Any]]]":
        """Raw updates from number `desde` on, waiting up to `segundos` for the first.

        Asking for `desde` tells Telegram that all before it are safe with us. The future raises
        CanalOcupado when somebody else reads this bot, else as `send` does.
        """
        api, token, _ = self._open()
        return api.updates(
            token, desde, updates=UPDATES, segundos=segundos, plazo=segundos + self._segundos
        )

    def _open(self) -> tuple["BotApi", str, str]:
        """The API, and the bot's token and secret. Raises CredencialesIlegibles or
        CredencialesRechazadas."""
        _quiet()
        from core.adapters.telegram_api import bot_api

        credenciales = self._credenciales()
        token = str(credenciales.get("token") or "")
        number, colon, key = token.partition(":")
        # It becomes part of a path: nothing that could lead elsewhere.
        if not (colon and number.isdecimal() and key.replace("-", "").replace("_", "").isalnum()):
            raise CredencialesRechazadas("El token no tiene la forma de los de Telegram.")
        return bot_api(self._api_url), token, str(credenciales.get("secreto") or "")


def _quiet() -> None:
    """These libraries log whole URLs, with the token in them, and bodies that did not parse."""
    logging.getLogger("telegram").setLevel(logging.CRITICAL + 1)
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)


_TIPOS = {
    "photo": "imagen",
    "voice": "audio",
    "audio": "audio",
    "video": "video",
    "video_note": "video",
    "animation": "video",
    "document": "documento",
    "sticker": "sticker",
    "location": "ubicacion",
    "venue": "ubicacion",
    "contact": "contacto",
}


def _tipo(message: "Message") -> str | None:
    if message.text:
        return "texto"
    kinds = (tipo for field, tipo in _TIPOS.items() if getattr(message, field, None))
    # A poll, a die or a game is somebody's, but nothing we read; the rest are service notices.
    other = "otro" if message.effective_attachment is not None or message.caption else None
    return next(kinds, other)


def _spoken(texto: str) -> str:
    """`/start` is the button that opens a chat: the customer said hello, in Telegram's words."""
    return "Hola" if texto.split("@")[0].split()[:1] == ["/start"] else texto
