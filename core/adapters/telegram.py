"""The Canal over Telegram's Bot API; telegram_leer reads its updates, telegram_sobre just the ids.
No other room knows its JSON.

The vendor (python-telegram-bot) is imported by whoever sends or parses, never by the web.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from core.adapters.telegram_sobre import UPDATES
from core.errors import AgenteError, CredencialesRechazadas, EnvioRechazado, TooLarge
from core.ports import Entrante, Medio, Plantilla, Tecla

if TYPE_CHECKING:
    from core.adapters.telegram_api import BotApi

Credenciales = Callable[[], Mapping[str, Any]]


class Telegram:
    """Implements core.ports.Canal for one bot. `credenciales` are opened when it speaks, so that
    what a customer wrote can be read even when they cannot be."""

    max_caracteres = 4096

    def __init__(self, credenciales: Credenciales, *, api_url: str, segundos: float) -> None:
        self._credenciales = credenciales
        self._api_url = api_url.rstrip("/")
        self._segundos = segundos

    def parse(self, crudo: dict[str, Any]) -> Entrante | None:
        """What a person said. None for what no person said (a bot's message, a service notice) and
        for everything in a group.

        An edit has tipo "edicion"; what is no text has the kind of its attachment, with its
        caption; a place and a telephone are words; what cannot be read at all is "otro".
        """
        _quiet()
        from core.adapters.telegram_leer import read_entrante

        return read_entrante(crudo)

    def send(
        self,
        externo: str,
        texto: str,
        teclas: Sequence[Tecla] = (),
        *,
        referencia: str = "",
        plantilla: Plantilla | None = None,
    ) -> str:
        api, token, _ = self._open()
        message_id = api.send(token, externo, texto, teclas, segundos=self._segundos)
        return f"{externo}:{message_id}"

    def show_escribiendo(self, externo: str, id_externo: str | None) -> None:
        try:
            api, token, _ = self._open()
        except AgenteError:  # whoever sends will say so
            return
        api.start_typing(token, externo)

    def confirm_pulsacion(self, pulsacion: str) -> None:
        """Have the customer's button stop turning. Returns at once and never raises: nothing
        depends on it, and Telegram forgets the press within a minute anyway."""
        try:
            api, token, _ = self._open()
        except AgenteError:
            return
        api.start_confirm(token, pulsacion)

    def fetch(self, medio: Medio, *, max_bytes: int, segundos: float) -> bytes:
        """Telegram itself gives files of up to 20 MB. A Bot API server of one's own must serve
        them over HTTP: one in `--local` mode names paths of its own disk, and is refused."""
        if medio.bytes is not None and medio.bytes > max_bytes:
            raise TooLarge("El archivo es demasiado grande.")
        api, token, _ = self._open()
        return api.fetch(token, medio.id, max_bytes=max_bytes, segundos=segundos)

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
        from core.adapters.telegram_api import PUERTAS

        credenciales = self._credenciales()
        token = str(credenciales.get("token") or "")
        number, colon, key = token.partition(":")
        # It becomes part of a path: nothing that could lead elsewhere.
        if not (colon and number.isdecimal() and key.replace("-", "").replace("_", "").isalnum()):
            raise CredencialesRechazadas("El token no tiene la forma de los de Telegram.")
        return PUERTAS.at(self._api_url), token, str(credenciales.get("secreto") or "")


def _quiet() -> None:
    """These libraries log whole URLs, with the token in them, and bodies that did not parse."""
    logging.getLogger("telegram").setLevel(logging.CRITICAL + 1)
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
