"""Which pages may show a shop's chat: origins as browsers write them in `Origin`."""

import re
from collections.abc import Iterable
from urllib.parse import SplitResult, urlsplit

_PORTS = {"https": 443, "http": 80}
_LOCAL = {"localhost", "127.0.0.1"}
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
# Nothing here may end a directive of a CSP: the list is written into one.
_HOST = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_COMODIN = "*."


def normalize_origen(given: str) -> str:
    """`given` as a browser would send it; "https://*.shop.com" stands for every subdomain.

    https, or http on the machine itself; no path, no default port. Raises ValueError in Spanish.
    """
    parts, port = _split(given.strip())
    host, wild = (parts.hostname or "").rstrip("."), False
    if host.startswith(_COMODIN):
        host, wild = host[len(_COMODIN) :], True
    host = _ascii(host)
    if not _HOST.fullmatch(host) or (wild and "." not in host):
        raise ValueError("no es un origen: se escribe como https://tienda.com")
    if parts.scheme != "https" and (parts.scheme != "http" or host not in _LOCAL or wild):
        raise ValueError("es un origen https (http solo en localhost)")
    suffix = "" if port in (None, _PORTS[parts.scheme]) else f":{port}"
    return f"{parts.scheme}://{_COMODIN if wild else ''}{host}{suffix}"


def allows(origenes: Iterable[str], origin: str) -> bool:
    """Whether a page of `origin` (the header's own words) is one of the normalised `origenes`."""
    return any(_matches(each, origin) for each in origenes)


def _matches(pattern: str, origin: str) -> bool:
    scheme, wild, rest = pattern.partition(f"://{_COMODIN}")
    if not wild:
        return origin == pattern
    prefix = f"{scheme}://"
    return origin.startswith(prefix) and origin[len(prefix) :].endswith(f".{rest}")


def _split(given: str) -> tuple[SplitResult, int | None]:
    try:
        parts = urlsplit(given)
        port = parts.port
    except ValueError as e:
        raise ValueError("no es un origen: se escribe como https://tienda.com") from e
    if parts.path not in ("", "/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError("es solo el origen: sin ruta, usuario ni parámetros")
    return parts, port


# Python's IDNA is of 2003 and makes another name of these than browsers do: another shop's.
_DESVIADAS = frozenset("ßς\u200c\u200d")


def _ascii(host: str) -> str:
    if _DESVIADAS & set(host):
        raise ValueError("tiene letras que se escriben como xn--…: copia el origen del navegador")
    try:
        return host.encode("idna").decode().lower() if not host.isascii() else host.lower()
    except UnicodeError as e:
        raise ValueError("no es un origen: se escribe como https://tienda.com") from e
