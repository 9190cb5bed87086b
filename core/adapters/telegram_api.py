"""The calls of the Bot API that we make, over python-telegram-bot, and our names for its errors.

One connection pool per process serves every bot. A token is part of each URL, so nothing of the
vendor's exceptions survives: neither their text nor the exceptions themselves.
"""

import asyncio
import math
import os
import threading
from collections.abc import Coroutine, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

# Else RetryAfter warns that one day its seconds will be a timedelta.
os.environ.setdefault("PTB_TIMEDELTA", "1")

import httpx
from telegram import Bot
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

from core.adapters.bucle import bucle
from core.errors import (
    AgenteError,
    CanalOcupado,
    ChatCerrado,
    CredencialesRechazadas,
    EnvioIncierto,
    EnvioLimitado,
    EnvioRechazado,
    Unavailable,
)

T = TypeVar("T")

_CONNECT_SECONDS = 5.0
# Idle connections are given up before Telegram closes them: a request on one that is closing
# ends without an answer, and nobody could say whether it was heard.
_KEEPALIVE_SECONDS = 15.0
_MAX_SENDING = 64
_MAX_POLLING = 1024

# The request never left this machine.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


class BotApi:
    """Every method blocks its thread for at most `segundos` and raises only our own errors."""

    def __init__(self, url: str) -> None:
        self._url = f"{url}/bot"
        self._sending = _client(_MAX_SENDING)
        self._polling = _client(_MAX_POLLING)

    def who(self, token: str, *, segundos: float) -> str:
        """The bot's username."""
        me = self._run(token, self._bot(token).get_me(), segundos)
        return me.username or me.first_name

    def send(self, token: str, chat: str, texto: str, *, segundos: float) -> int:
        """Telegram's id of the message. Sent as plain text: a reply holds no markup."""
        call = self._bot(token).send_message(chat_id=chat, text=texto)
        return self._run(token, call, segundos).message_id

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

    def _bot(self, token: str) -> Bot:
        return Bot(
            token,
            base_url=self._url,
            request=self._sending,
            get_updates_request=self._polling,
        )

    def _run(self, token: str, call: Coroutine[Any, Any, T], segundos: float) -> T:
        return bucle().run(_translating(token, call, segundos), segundos=segundos + 0.5)

    def close(self) -> None:
        bucle().run(self._sending.shutdown(), segundos=2.0)
        bucle().run(self._polling.shutdown(), segundos=2.0)


def _client(connections: int) -> HTTPXRequest:
    return HTTPXRequest(
        connection_pool_size=connections,
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=None,  # the total deadline of each call is the limit
        write_timeout=None,
        httpx_kwargs={
            "limits": httpx.Limits(
                max_connections=connections,
                max_keepalive_connections=connections,
                keepalive_expiry=_KEEPALIVE_SECONDS,
            )
        },
    )


_apis: dict[tuple[int, str], BotApi] = {}
_apis_lock = threading.Lock()


def bot_api(url: str) -> BotApi:
    """This process's door to the Bot API at `url`."""
    key = os.getpid(), url
    with _apis_lock:
        if key not in _apis:
            _apis[key] = BotApi(url)
        return _apis[key]


def close_apis() -> None:
    """Give back every connection, at the end of a process that counts them."""
    with _apis_lock:
        for api in _apis.values():
            api.close()
        _apis.clear()


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


def _network(error: NetworkError) -> Unavailable:
    """Whether the provider may have heard us is in the cause. A 5xx has none, or a body that is
    no JSON, and was not accepted."""
    cause = error.__cause__
    if isinstance(cause, _NOT_SENT):
        return Unavailable("No se puede llegar a Telegram.", segundos=2)
    if cause is None or isinstance(cause, TelegramError):
        return Unavailable("Telegram tiene un problema.", segundos=2)
    return EnvioIncierto("Telegram cortó la conexión sin responder.", segundos=2)
