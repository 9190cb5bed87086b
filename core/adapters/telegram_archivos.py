"""Files of a bot's customers, from the Bot API's own host and nowhere else.

A file is asked for by its id; where it lies is Telegram's answer, checked before it becomes part
of an address. What comes is counted, whatever was said of its size.
"""

import re
import ssl
from typing import Any

import httpx

from core.errors import AgenteError, EnvioLimitado, EnvioRechazado, TooLarge, Unavailable

_CONNECT_SECONDS = 5.0
# Each is held for as long as a file takes.
_MAX_CONNECTIONS = 16
_RUTA = re.compile(r"[\w-][\w.-]*(?:/[\w-][\w.-]*)*", re.ASCII)
_SIN_COMPRIMIR = {"Accept-Encoding": "identity"}


class Archivos:
    """Safe to use for every bot, on one event loop."""

    def __init__(self, url: str, tls: ssl.SSLContext) -> None:
        self._url = f"{url}/file/bot"
        self._http = httpx.AsyncClient(
            follow_redirects=False,
            verify=tls,
            # The caller's deadline is the limit of everything else.
            timeout=httpx.Timeout(None, connect=_CONNECT_SECONDS, pool=_CONNECT_SECONDS),
            limits=httpx.Limits(max_connections=_MAX_CONNECTIONS, max_keepalive_connections=0),
        )

    async def download(self, token: str, file: Any, *, max_bytes: int) -> bytes:
        """The content of what getFile answered with `file`.

        Raises TooLarge, EnvioRechazado when there is no such file (any more), Unavailable.
        """
        ruta = _checked(file, max_bytes)
        try:
            return await self._read(f"{self._url}{token}/{ruta}", max_bytes)
        except httpx.HTTPError:
            failure = Unavailable("Telegram no entregó el archivo.", segundos=2)
        # Outside the handler: the vendor's exception holds the address, and the token in it.
        raise failure

    async def _read(self, url: str, max_bytes: int) -> bytes:
        async with self._http.stream("GET", url, headers=_SIN_COMPRIMIR) as answer:
            if answer.status_code != httpx.codes.OK:
                raise _refusal(answer.status_code)
            content = bytearray()
            # Raw: what was compressed all the same must not swell here.
            async for piece in answer.aiter_raw():
                content += piece
                if len(content) > max_bytes:
                    raise TooLarge("El archivo es demasiado grande.")
            return bytes(content)

    async def shutdown(self) -> None:
        await self._http.aclose()


def _checked(file: Any, max_bytes: int) -> str:
    match file:
        case {"file_size": int(size)} if size > max_bytes:
            raise TooLarge("El archivo es demasiado grande.")
        case {"file_path": str(ruta)} if ruta.startswith("/"):
            raise EnvioRechazado(
                "El servidor propio de Telegram nombra archivos de su disco (--local): "
                "debe entregarlos por HTTP."
            )
        case {"file_path": str(ruta)} if _RUTA.fullmatch(ruta):
            return ruta
    raise EnvioRechazado("Telegram no da este archivo.")


def _refusal(status: int) -> AgenteError:
    if status == httpx.codes.TOO_MANY_REQUESTS:
        return EnvioLimitado("Telegram pide esperar.", segundos=5)
    if status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return Unavailable("Telegram tiene un problema.", segundos=2)
    return EnvioRechazado("El archivo ya no está en Telegram.")
