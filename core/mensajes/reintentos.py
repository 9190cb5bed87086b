"""How long anything that leaves this machine waits before it is tried again, and when to give up.

Replies and emails alike: the pauses are about the customer's patience, not about the provider.
"""

import time
from collections.abc import Callable
from typing import TypeVar

from core.db import DATABASE_DOWN
from core.errors import EnvioLimitado, Unavailable

T = TypeVar("T")

# A customer who has waited a day is not helped by an answer any more.
STALE_SECONDS = 86_400.0
# Bells for later than this are barrido's, which needs no memory for them.
BELL_SECONDS = 60.0
# Only a person can give new credentials; the row looks again now and then.
CREDENTIALS_SECONDS = 60.0

# An accepted send is worth insisting: while it is not written down, it would be sent again.
_INSIST_SECONDS = 30.0
_AGAIN_SECONDS = 0.2
# The n-th send without an answer may have arrived: ever longer pauses, for it may be the n-th copy.
_UNCERTAIN_SECONDS = (5, 30, 120, 600, 1800, 3600, 7200)
# While the provider is down the pause is half the age of what waits, within these bounds.
_OUTAGE_SECONDS = (2.0, 300.0)


def pause_uncertain(intento: int) -> float:
    """Seconds after the `intento`-th try (1 the first) whose answer never came."""
    return _UNCERTAIN_SECONDS[min(intento, len(_UNCERTAIN_SECONDS)) - 1]


def pause_unavailable(failure: Unavailable, *, edad: float) -> float:
    """Seconds after a try that certainly did not arrive, of what is `edad` seconds old."""
    if isinstance(failure, EnvioLimitado):
        return failure.segundos
    low, high = _OUTAGE_SECONDS
    return max(failure.segundos, min(high, max(low, edad / 2)))


def insist(record: Callable[[], T]) -> T:
    """What `record` returns, tried again while the database is away; then its error escapes.
    `record` must be safe to repeat: the COMMIT before may have happened."""
    give_up = time.monotonic() + _INSIST_SECONDS
    while True:
        try:
            return record()
        except DATABASE_DOWN:
            if time.monotonic() > give_up:
                raise
            time.sleep(_AGAIN_SECONDS)
