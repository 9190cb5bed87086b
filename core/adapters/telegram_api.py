"""The calls of the Bot API that we make, over python-telegram-bot, and our names for its errors.

One connection pool per process serves every bot. A token is part of each URL, so nothing of the
vendor's exceptions survives: neither their text nor the exceptions themselves.
"""

import asyncio
import math
import os
import ssl
import time
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future
from functools import lru_cache
from typing import Any, TypeVar

# Else RetryAfter warns that one day its seconds will be a timedelta.
os.environ.setdefault("PTB_TIMEDELTA", "1")

import httpx
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup
from telegram.constants import ChatAction
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
)
from telegram.request import HTTPXRequest

from core.adapters.bucle import Puertas, bucle
from core.adapters.telegram_archivos import Archivos
from core.errors import (
    AgenteError,
    CanalOcupado,
    ChatCerrado,
    CredencialesRechazadas,
    EnvioIncierto,
    EnvioLimitado,
    EnvioRechazado,
    TooLarge,
    Unavailable,
)
from core.ports import Tecla

T = TypeVar("T")

_CONNECT_SECONDS = 5.0
# Idle connections are given up before Telegram closes them: a request on one that is closing
# ends without an answer, and nobody could say whether it was heard.
_KEEPALIVE_SECONDS = 15.0
_MAX_SENDING = 64
_MAX_POLLING = 1024
# Signs that somebody writes or that a press was heard: few connections, so that a Telegram that
# hangs keeps none of the replies from leaving.
_MAX_SIGNS = 8
_SIGN_SECONDS = 3.0
# What Telegram takes below one message, and in one button (bytes); longer labels it shows cut.
_TECLAS_MAX = 100
_DATA_MAX_BYTES = 64
_LABEL_MAX = 60

# The request never left this machine.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


class BotApi:
    """Every method blocks its thread for at most `segundos` and raises only our own errors."""

    def __init__(self, url: str) -> None:
        self._url = f"{url}/bot"
        self._sending = _client(_MAX_SENDING)
        self._polling = _client(_MAX_POLLING)
        self._signing = _client(_MAX_SIGNS)
        self._archivos = Archivos(url, _tls())
        # By token: until when (monotonic) Telegram wants no signs.
        self._quiet: dict[str, float] = {}

    def who(self, token: str, *, segundos: float) -> str:
        """The bot's username."""
        me = self._run(token, self._bot(token).get_me(), segundos)
        return me.username or me.first_name

    def send(
        self, token: str, chat: str, texto: str, teclas: Sequence[Tecla] = (), *, segundos: float
    ) -> int:
        """Telegram's id of the message. Sent as plain text: a reply holds no markup."""
        call = self._bot(token).send_message(
            chat_id=chat, text=texto, reply_markup=_keyboard(teclas)
        )
        return self._run(token, call, segundos).message_id

    def start_typing(self, token: str, chat: str) -> None:
        """Returns at once and never raises; not asked while Telegram wants silence."""
        self._start_sign(token, lambda bot: bot.send_chat_action(chat, ChatAction.TYPING))

    def start_confirm(self, token: str, pulsacion: str) -> None:
        """As start_typing, for the press of a button."""
        self._start_sign(token, lambda bot: bot.answer_callback_query(pulsacion))

    def _start_sign(self, token: str, call: Callable[[Bot], Coroutine[Any, Any, bool]]) -> None:
        if time.monotonic() >= self._quiet.get(token, 0.0):
            work = self._sign(token, call(self._bot(token, self._signing)))
            bucle().submit(work, segundos=_SIGN_SECONDS + 0.5)

    async def _sign(self, token: str, call: Coroutine[Any, Any, bool]) -> None:
        try:
            await _translating(token, call, _SIGN_SECONDS)
        except EnvioLimitado as e:
            self._quiet[token] = time.monotonic() + e.segundos
        except AgenteError:
            return  # a sign that comes late says nothing

    def fetch(self, token: str, file_id: str, *, max_bytes: int, segundos: float) -> bytes:
        """A file's content, in `segundos` altogether. Raises TooLarge as well."""
        return self._run(token, self._fetch(token, file_id, max_bytes, segundos), segundos)

    async def _fetch(self, token: str, file_id: str, max_bytes: int, segundos: float) -> bytes:
        # As JSON: the vendor would make an address of the path, or a path of this machine's disk.
        call = self._bot(token)._post("getFile", {"file_id": file_id})
        try:
            file = await _translating(token, call, segundos)
        except EnvioRechazado as e:
            raise _too_big(e) from None
        return await self._archivos.download(token, file, max_bytes=max_bytes)

    def set_webhook(
        self, token: str, url: str, *, secreto: str, updates: Sequence[str], segundos: float
    ) -> None:
        call = self._bot(token).set_webhook(url, secret_token=secreto, allowed_updates=updates)
        self._run(token, call, segundos)

    def remove_webhook(self, token: str, *, segundos: float) -> None:
        """Nothing that waits at Telegram is dropped."""
        self._run(token, self._bot(token).delete_webhook(), segundos)

    def start_remove_webhook(self, token: str, *, segundos: float) -> "Future[bool]":
        call = self._bot(token).delete_webhook()
        return bucle().submit(_translating(token, call, segundos), segundos=segundos + 0.5)

    def updates(
        self, token: str, desde: int, *, updates: Sequence[str], segundos: int, plazo: float
    ) -> "Future[list[dict[str, Any]]]":
        """As JSON: the vendor would parse them all at once, so that one it cannot read hides the
        rest, for ever."""
        # None is what tells Telegram to start at the earliest it has kept.
        data = {"offset": desde or None, "timeout": segundos, "allowed_updates": list(updates)}
        call = self._bot(token)._post("getUpdates", data, read_timeout=plazo)
        return bucle().submit(_translating(token, call, plazo), segundos=plazo + 1.0)

    def _bot(self, token: str, request: HTTPXRequest | None = None) -> Bot:
        return Bot(
            token,
            base_url=self._url,
            request=request or self._sending,
            get_updates_request=self._polling,
        )

    def _run(self, token: str, call: Coroutine[Any, Any, T], segundos: float) -> T:
        return bucle().run(_translating(token, call, segundos), segundos=segundos + 0.5)

    def close(self) -> None:
        for request in (self._sending, self._polling, self._signing, self._archivos):
            bucle().run(request.shutdown(), segundos=2.0)


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    """Most of what a client costs, so all of them share it."""
    return httpx.create_ssl_context()


def _keyboard(teclas: Sequence[Tecla]) -> InlineKeyboardMarkup | None:
    """One button in each row: labels are sentences, and a thumb finds them. One that Telegram
    would refuse is left out, for it would take the reply with it."""
    rows = [
        [InlineKeyboardButton(_label(t.texto), callback_data=t.id)]
        for t in teclas[:_TECLAS_MAX]
        if t.texto.strip() and 0 < len(t.id.encode()) <= _DATA_MAX_BYTES
    ]
    return InlineKeyboardMarkup(rows) if rows else None


def _label(texto: str) -> str:
    return texto if len(texto) <= _LABEL_MAX else f"{texto[: _LABEL_MAX - 1].rstrip()}…"


def _client(connections: int) -> HTTPXRequest:
    return HTTPXRequest(
        connection_pool_size=connections,
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=None,  # the total deadline of each call is the limit
        write_timeout=None,
        httpx_kwargs={
            "verify": _tls(),
            "limits": httpx.Limits(
                max_connections=connections,
                max_keepalive_connections=connections,
                keepalive_expiry=_KEEPALIVE_SECONDS,
            ),
        },
    )


# By the base URL of the API.
PUERTAS = Puertas(BotApi)


async def _translating(token: str, call: Coroutine[Any, Any, T], segundos: float) -> T:
    """`call` within its deadline, failing in our words only."""
    try:
        return await asyncio.wait_for(call, segundos)
    except TelegramError as e:
        failure = _translate(token, e)
    except TimeoutError:
        failure = EnvioIncierto("Telegram no respondió a tiempo.", segundos=2)
    # Outside the handler, so that not even __context__ holds the vendor's exception.
    raise failure


def _translate(token: str, error: TelegramError) -> AgenteError:
    match error:
        case RetryAfter():
            seconds = error._retry_after.total_seconds()
            return EnvioLimitado("Telegram pide esperar.", segundos=max(1, math.ceil(seconds)))
        case Forbidden():
            return ChatCerrado("El cliente bloqueó el bot o dejó el chat.")
        case InvalidToken():
            return CredencialesRechazadas("Telegram no reconoce el token.")
        case Conflict():
            return CanalOcupado("Otro programa lee los mensajes de este bot.")
        case ChatMigrated():
            return EnvioRechazado("El grupo de Telegram cambió de identificador.")
        case BadRequest():
            said = error.message.replace(token, "…")
            return EnvioRechazado(f"Telegram lo rechaza: {said}")
        case NetworkError():
            return _network(error)
    return EnvioIncierto("Telegram respondió algo que no se entiende.", segundos=2)


def _too_big(refused: EnvioRechazado) -> AgenteError:
    """Beyond 20 MB Telegram shows a file to nobody but people."""
    if "file is too big" in str(refused).lower():
        return TooLarge("Telegram no entrega archivos tan grandes.")
    return refused


def _network(error: NetworkError) -> Unavailable:
    """Whether the provider may have heard us is in the cause. A 5xx has none, or a body that is
    no JSON, and was not accepted."""
    cause = error.__cause__
    if isinstance(cause, _NOT_SENT):
        return Unavailable("No se puede llegar a Telegram.", segundos=2)
    if cause is None or isinstance(cause, TelegramError):
        return Unavailable("Telegram tiene un problema.", segundos=2)
    return EnvioIncierto("Telegram cortó la conexión sin responder.", segundos=2)
