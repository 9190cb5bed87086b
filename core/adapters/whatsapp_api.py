"""The calls of the Graph API that we make, over httpx, and our names for its errors.

One connection pool per process serves every number. The token rides in a header, which httpx
neither logs nor repeats in an exception.
"""

import asyncio
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx

from core.adapters.bucle import Puertas, bucle
from core.adapters.whatsapp_errores import RATE_SECONDS, failure_of
from core.errors import (
    AgenteError,
    CredencialesRechazadas,
    EnvioIncierto,
    EnvioLimitado,
    EnvioRechazado,
    TooLarge,
    Unavailable,
)

_CONNECT_SECONDS = 5.0
# Idle connections are given up before the other side closes them: a request on one that is closing
# ends without an answer, and nobody could say whether it was heard.
_KEEPALIVE_SECONDS = 15.0
_CONNECTIONS = 64
# An answer of the API is small; a content is as large as its caller allows.
_ANSWER_MAX = 1024 * 1024
# Where Meta keeps what customers send. The Graph host itself is the other place.
_MEDIA_HOST = "lookaside.fbsbx.com"

_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


class GraphApi:
    """Every method blocks its thread for at most `segundos` and raises only our own errors."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._host = urlsplit(url).netloc
        self._scheme = urlsplit(url).scheme
        limits = httpx.Limits(
            max_connections=_CONNECTIONS,
            max_keepalive_connections=_CONNECTIONS,
            keepalive_expiry=_KEEPALIVE_SECONDS,
        )
        # The total deadline of each call is the limit.
        timeout = httpx.Timeout(None, connect=_CONNECT_SECONDS)
        # No redirects: the token would follow them. No proxy of the environment's either.
        self._client = httpx.AsyncClient(
            limits=limits, timeout=timeout, follow_redirects=False, trust_env=False
        )

    def post(
        self, token: str, path: str, body: Mapping[str, Any], *, segundos: float
    ) -> dict[str, Any]:
        """What the API answered. `path` begins with the version."""
        return self._run(self._ask("POST", token, f"{self._url}/{path}", body), segundos)

    def get(self, token: str, path: str, *, segundos: float, **query: str) -> dict[str, Any]:
        url = str(httpx.URL(f"{self._url}/{path}", params=query))
        return self._run(self._ask("GET", token, url, None), segundos)

    def download(self, token: str, url: str, *, max_bytes: int, segundos: float) -> bytes:
        """What is behind an address that the API itself has just given, on a host of Meta's."""
        if not self.is_theirs(url):
            raise EnvioRechazado("WhatsApp dio una dirección que no es suya.")
        try:
            return bucle().run(
                asyncio.wait_for(self._content(token, url, max_bytes), segundos),
                segundos=segundos + 0.5,
            )
        except TimeoutError:
            failure: AgenteError = Unavailable("El archivo no llegó a tiempo.", segundos=2)
        except httpx.HTTPError:
            failure = Unavailable("No se puede descargar de WhatsApp.", segundos=2)
        raise failure

    def post_later(
        self, token: str, path: str, body: Mapping[str, Any], *, segundos: float
    ) -> None:
        """As `post`, waiting for nothing: whatever becomes of it."""
        work = self._ask("POST", token, f"{self._url}/{path}", body)
        asked = bucle().submit(work, segundos=segundos)
        asked.add_done_callback(lambda done: done.cancelled() or done.exception())

    def is_theirs(self, url: str) -> bool:
        """Whether the token may go there: Meta's own hosts over TLS, or the one that was set."""
        try:
            parts, _ = urlsplit(url), httpx.URL(url)
        except (ValueError, httpx.InvalidURL):
            return False
        if parts.username or parts.password:
            return False
        if parts.netloc == self._host:
            return parts.scheme == self._scheme
        meta = self._host.endswith("facebook.com")
        return meta and parts.scheme == "https" and parts.netloc == _MEDIA_HOST

    def _run(self, work: Any, segundos: float) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = bucle().run(
                asyncio.wait_for(work, segundos), segundos=segundos + 0.5
            )
            return answer
        except TimeoutError:
            failure: AgenteError = EnvioIncierto("WhatsApp no respondió a tiempo.", segundos=2)
        except _NOT_SENT:
            failure = Unavailable("No se puede llegar a WhatsApp.", segundos=2)
        except httpx.HTTPError:
            failure = EnvioIncierto("WhatsApp cortó la conexión sin responder.", segundos=2)
        # Outside the handler, so that not even __context__ holds what was sent.
        raise failure

    async def _ask(
        self, method: str, token: str, url: str, body: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        request = self._client.build_request(method, url, headers=headers, json=body)
        response = await self._client.send(request, stream=True)
        try:
            content = await _read(response, _ANSWER_MAX)
        finally:
            await response.aclose()
        answer = _json_of(response, content)
        if response.is_success and answer is not None and "error" not in answer:
            return answer
        raise _failure(response, answer)

    async def _content(self, token: str, url: str, max_bytes: int) -> bytes:
        headers = {"Authorization": f"Bearer {token}"}
        request = self._client.build_request("GET", url, headers=headers)
        response = await self._client.send(request, stream=True)
        try:
            if response.status_code >= 500 or response.status_code == 429:
                raise Unavailable("WhatsApp tiene un problema.", segundos=2)
            if not response.is_success:
                raise EnvioRechazado("El archivo ya no está en WhatsApp.")
            return await _read(response, max_bytes)
        finally:
            await response.aclose()

    def close(self) -> None:
        bucle().run(self._client.aclose(), segundos=2.0)


async def _read(response: httpx.Response, maximo: int) -> bytes:
    """The body, refused as soon as it is known to be too large."""
    said = response.headers.get("Content-Length", "")
    if said.isdecimal() and int(said) > maximo:
        raise TooLarge("El archivo es demasiado grande.")
    parts, size = [], 0
    async for part in response.aiter_bytes():
        size += len(part)
        if size > maximo:
            raise TooLarge("El archivo es demasiado grande.")
        parts.append(part)
    return b"".join(parts)


def _json_of(response: httpx.Response, content: bytes) -> dict[str, Any] | None:
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None


def _failure(response: httpx.Response, answer: dict[str, Any] | None) -> AgenteError:
    error = (answer or {}).get("error")
    number = error.get("code") if isinstance(error, dict) else None
    if isinstance(number, int) and not isinstance(number, bool):
        failure = failure_of(number)
        passes = response.status_code in (429, *range(500, 600)) or _is_transient(error)
        # A code that we do not know, of a trouble that passes: no reply is given up for it.
        if type(failure) is not EnvioRechazado or not passes:
            return failure
    if response.status_code == 429:
        return EnvioLimitado("WhatsApp pide esperar.", segundos=RATE_SECONDS)
    if response.status_code in (401, 403):
        return CredencialesRechazadas("WhatsApp no reconoce el token.")
    if response.status_code >= 500:
        return Unavailable("WhatsApp tiene un problema.", segundos=2)
    if response.is_success:
        return EnvioIncierto("WhatsApp respondió algo que no se entiende.", segundos=2)
    if _is_transient(error):
        return Unavailable("WhatsApp tiene un problema.", segundos=2)
    return EnvioRechazado("WhatsApp lo rechaza.", numero=response.status_code)


def _is_transient(error: Any) -> bool:
    return isinstance(error, dict) and error.get("is_transient") is True


# By the base URL of the API.
PUERTAS = Puertas(GraphApi)
