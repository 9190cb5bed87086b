"""Asking a provider of OpenAI's protocol: again while it is worth it; what its refusals mean."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from core.adapters.llm_escalera import complains
from core.errors import ModeloRechazado, Unavailable

T = TypeVar("T")

# A customer waits: two more tries, soon. What hangs is not tried again, for it took all there was.
_REINTENTOS = 2
_ESPERA_SEGUNDOS = 0.4
# Not worth beginning another try for.
_MINIMO_SEGUNDOS = 0.3


class Passing(Exception):
    """A try that another may cure, after `espera` seconds if the provider says so."""

    def __init__(self, que: str, espera: float | None = None) -> None:
        super().__init__(que)
        self.espera = espera


class Refused(Exception):
    """The provider does not take the question as it was put."""


class ThisOne(ModeloRechazado):
    """It refuses this question, not us: too long, or nothing it would speak of."""


async def tries(once: Callable[[], Awaitable[T]], *, end: float) -> T:
    """What `once` gives, asked again while it is worth it: soon, with jitter, not before the
    provider says, and never beyond `end` (the loop's clock). Raises Unavailable."""
    for n in range(_REINTENTOS + 1):
        try:
            return await once()
        except Passing as e:
            pause = e.espera or _ESPERA_SEGUNDOS * 2**n * random.uniform(0.5, 1.5)
            left = end - asyncio.get_running_loop().time()
            if n == _REINTENTOS or left < pause + _MINIMO_SEGUNDOS:
                raise Unavailable(str(e), segundos=max(1, round(pause))) from e
            await asyncio.sleep(pause)
    raise AssertionError("unreachable")


async def read(asking: Awaitable[Any], of: Callable[[bytes], T]) -> T:
    """What `of` reads in a raw answer of the SDK. Raises Passing, Refused or ModeloRechazado."""
    import openai

    try:
        # Without NUL, which PostgreSQL does not hold.
        return of((await asking).content.replace(b"\\u0000", b""))
    except openai.APIConnectionError as e:
        raise Passing("El modelo no responde.") from e
    except openai.APIStatusError as e:
        raise _sorted(e) from e
    except (openai.APIError, ValueError, LookupError, TypeError, AttributeError) as e:
        # 2xx without what the protocol promises: a captive portal, a proxy, a wrong base URL.
        raise Passing("La respuesta del modelo no es la del protocolo.") from e


def whole(n: Any) -> int:
    return n if isinstance(n, int) and n > 0 else 0


def _sorted(error: Any) -> Exception:
    """A refusal by status: passing, for good, or of the way in which it was asked."""
    status, text = error.status_code, _complaint(error)
    if status in (400, 422) or status >= 500 and complains(text, al_caer=True):
        return Refused(text)
    if status >= 500 or status in (408, 409, 429):
        return Passing(f"El modelo respondió {status}.", _retry_after(error))
    return ModeloRechazado(f"El modelo rechaza la petición: {status}.")


def _complaint(error: Any) -> str:
    """The provider's words; never logged, for they may quote the customer."""
    return f"{error.message} {error.body}"


def _retry_after(error: Any) -> float | None:
    told = error.response.headers.get("retry-after", "")
    try:
        return max(0.0, float(told))
    except ValueError:
        return None
