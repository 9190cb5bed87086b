"""What may stand in a log line: words that look like secrets are struck out, errors told by type.

An exception's message is kept only where it speaks of code or of a neighbour. `int("…")`,
a KeyError, a constraint's DETAIL or a validation error quote the customer.
"""

import json
import re
import sysconfig
from collections.abc import Iterator, MutableMapping
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from core.errors import AgenteError
from core.settings import SECRETS_FILE, EmbeddedNotRunning, Settings

STRUCK = "***"
_MAX_CHARS = 2000
_MAX_FRAMES = 12
_MAX_CHAIN = 5
_MIN_SECRET = 6  # a shorter password would strike out ordinary words

# Names whose values are somebody's words or keys, wherever they turn up.
_SEALED = frozenset(
    "access_token api_key authorization body clave contrasena cookie credenciales crudo email "
    "mensaje password password_hash payload refresh_token respuesta secret secreto texto "
    "token".split()
)

# A name and its value, in the manner of headers, forms, JSON and Python; and a webhook's key.
_NAMED = re.compile(
    r"(?i)((?:password|api_?key|secret|token|authorization|cookie)['\"]?\s*[=:]\s*['\"]?"
    r"(?:(?:bearer|basic)\s+)?|\b(?:bearer|basic)\s+|/webhooks/\w+/)[^\s'\"&,\\]+"
)
_BARE = re.compile(
    "|".join(
        (
            r"(?<=://)[^\s'\"\\]*(?=@)",  # user:password@ of any URL
            r"(?<=\?)[\w.%-]+=[^\s'\"\\]*",  # a URL's query
            r"eyJ[\w-]{6,}\.[\w-]+(?:\.[\w-]*)?",  # a JWT
            r"(?<!\d)\d{6,}:[\w-]{30,}",  # a Telegram bot's token, also inside /bot…/
            r"\b(?:sk|pk|rk)-[\w-]{12,}",
            r"\b(?=[\w-]*\d)(?=[\w-]*[a-z])(?=[\w-]*[A-Z])[\w-]{40,}",  # any long mixed key
        )
    )
)


class Scrubber:
    """Seals the values of one log event. Knows this installation's own secrets by heart."""

    def __init__(self, settings: Settings) -> None:
        known = sorted(_secrets(settings), key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def seal(self, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        return {name: self._value(name, value) for name, value in event.items()}

    def text(self, words: str) -> str:
        if self._known is not None:
            words = self._known.sub(STRUCK, words)
        return _BARE.sub(STRUCK, _NAMED.sub(rf"\1{STRUCK}", words))[:_MAX_CHARS]

    def _value(self, name: str, value: Any) -> Any:
        if value is None or isinstance(value, bool | int | float):
            return value
        if name in _SEALED:
            return STRUCK
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, BaseException):
            return self._value("error", describe_error(value))
        if isinstance(value, dict):
            return {str(k): self._value(str(k), v) for k, v in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self._value(name, v) for v in value]
        if isinstance(value, datetime | Decimal | UUID):
            return str(value)
        # Never a repr: a row's or a request's would show what is in it.
        return f"<{type(value).__name__}>"


def _secrets(settings: Settings) -> set[str]:
    """Every secret value configured or generated, and the passwords inside URLs."""
    values = [v.get_secret_value() for _, v in settings if isinstance(v, SecretStr)]
    path = settings.data_dir / SECRETS_FILE
    if path.exists():
        values += json.loads(path.read_text()).values()
    found = set(values)
    for value in values:
        found.update(value.split(","))  # SECRETS_KEY may hold several
        if "://" in value:
            found.discard(value)
            found.add(_password_of(value))
    with suppress(EmbeddedNotRunning):  # before the first start there is nothing to know yet
        found |= {str(settings.app_url.password), str(settings.sistema_url.password)}
    return {value for value in found if len(value) >= _MIN_SECRET}


def _password_of(url: str) -> str:
    try:
        return str(make_url(url).password or "")
    except ArgumentError:
        return url


# --- errors ------------------------------------------------------------------------------------

# Built-in errors whose message names code (types, attributes, modules), never a value.
_ABOUT_CODE = (TypeError, AttributeError, NameError, ImportError, ModuleNotFoundError)
# Libraries whose errors speak of the neighbour: refused, timed out, unauthorised.
_ABOUT_NEIGHBOURS = frozenset(
    "core redis kombu amqp httpx httpcore telegram psycopg_pool gunicorn".split()
)
_ROOTS = tuple(
    f"{folder}/" for folder in (sysconfig.get_paths()["purelib"], Path(__file__).parents[2])
)


def describe_error(error: BaseException) -> list[dict[str, Any]]:
    """The error and what caused it: type, place, and a message where that cannot quote data."""
    return [_describe(e) for e in _chain(error)]


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    step: BaseException | None = error
    while step is not None and id(step) not in seen and len(seen) < _MAX_CHAIN:
        seen.add(id(step))
        yield step
        step = step.__cause__ or (None if step.__suppress_context__ else step.__context__)


def _describe(error: BaseException) -> dict[str, Any]:
    kind = type(error)
    prefix = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
    told: dict[str, Any] = {"tipo": prefix + kind.__qualname__}
    told.update(_of_database(error))
    if _may_speak(error):
        told["motivo"] = str(error)
    told["donde"] = _places(error)
    return told


def _may_speak(error: BaseException) -> bool:
    if isinstance(error, AgenteError | OSError) or type(error) in _ABOUT_CODE:
        return True
    library = type(error).__module__.split(".")[0]
    if library == "psycopg":  # no server has given it a code: a connection refused or lost
        return type(error).__name__ == "OperationalError" and not getattr(error, "sqlstate", None)
    return library in _ABOUT_NEIGHBOURS


def _of_database(error: BaseException) -> dict[str, str]:
    """Code and names of a PostgreSQL error. Its message and DETAIL may hold a whole row."""
    diag = getattr(getattr(error, "orig", error), "diag", None)
    if diag is None:
        return {}
    names = {
        "sqlstate": diag.sqlstate,
        "tabla": diag.table_name,
        "columna": diag.column_name,
        "restriccion": diag.constraint_name,
    }
    return {name: value for name, value in names.items() if value}


def _places(error: BaseException) -> list[str]:
    """Innermost last, as `file:line function`; the file relative to the project or library."""
    places = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        name = code.co_filename
        for root in _ROOTS:
            name = name.removeprefix(root)
        places.append(f"{name}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return places[-_MAX_FRAMES:]
