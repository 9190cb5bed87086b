"""Logs: one JSON object a line on stderr, with the ids of the work bound and no one's words.

The first wall is that nobody logs text or secrets. The second stands here: unknown objects are
reduced to their type, errors to type and place, and whatever looks like a secret is struck out.
"""

import logging
import os
import sys
import threading
from collections.abc import MutableMapping
from contextlib import AbstractContextManager
from typing import Any, TextIO

import structlog
from structlog.contextvars import bind_contextvars, bound_contextvars, clear_contextvars

from core.adapters.tachar import Scrubber, describe_error
from core.settings import Settings

# What libraries say at INFO is either said better by our own lines (requests, tasks) or is a URL
# with a token in it (httpx).
_QUIET = (
    "alembic",
    "asyncio",
    "celery.app.trace",
    "celery.beat",
    "celery.worker.strategy",
    "httpcore",
    "httpx",
    "kombu",
    "openai",
    "psycopg",
    "sqlalchemy",
    "telegram",
    "urllib3",
    "werkzeug",
)

_configured: str | None = None


def configure_logging(settings: Settings, proceso: str, *, nivel: int = logging.INFO) -> None:
    """Send every logger of this process, structlog's and the standard ones, to stderr as JSON.

    May be called again: the latest `proceso` wins, and what a framework has set up meanwhile is
    taken over. An exception that ends the process or a thread is a line like any other.
    """
    global _configured
    _configured = proceso
    scrubber = Scrubber(settings)

    def seal(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        return scrubber.seal(event)

    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    handler = _Stderr()
    handler.addFilter(_strip_record)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _Name(proceso),
                _render_error,
                seal,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    _take_over(handler, nivel)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    if proceso != CONSOLA:
        sys.excepthook = _log_death
        threading.excepthook = _log_thread_death


CONSOLA = "consola"


def ensure_logging(settings: Settings) -> None:
    """For a process that nobody has configured, such as a `flask` command: warnings only, so
    that what the command prints stays readable."""
    if _configured is None:
        configure_logging(settings, CONSOLA, nivel=logging.WARNING)


def bind(**ids: int | str | None) -> None:
    """Put these ids on every line of this request or task from now on. None ones are left out."""
    bind_contextvars(**{name: value for name, value in ids.items() if value is not None})


def bound(**ids: int | str) -> AbstractContextManager[None]:
    """`bind` for the length of a `with` block."""
    return bound_contextvars(**ids)


def clear() -> None:
    """Forget what is bound: the thread or greenlet goes on to somebody else's work."""
    clear_contextvars()


# --- how a record becomes a line ---------------------------------------------------------------


class _Stderr(logging.StreamHandler[TextIO]):
    """Writes to whatever sys.stderr is now; supervisors and tests exchange it."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:
        return sys.stderr

    @stream.setter
    def stream(self, _: TextIO) -> None:
        """The base class would keep the one it was born with."""


class _Name:
    """Which process speaks: several share one file under the supervisor."""

    def __init__(self, proceso: str) -> None:
        self._proceso = proceso

    def __call__(
        self, _: Any, __: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        event["proceso"] = self._proceso
        event["pid"] = os.getpid()
        return event


def _render_error(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """exc_info, in any of the forms it may take, becomes `error`."""
    given = event.pop("exc_info", None)
    event.pop("stack_info", None)
    if given is True:
        given = sys.exc_info()
    if isinstance(given, tuple):
        given = given[1]
    if isinstance(given, BaseException):
        event["error"] = describe_error(given)
    return event


def _strip_record(record: logging.LogRecord) -> bool:
    """Before formatting: an exception among a library's arguments would print its message."""
    context = getattr(record, "data", None)
    if record.name == "celery.app.trace" and isinstance(context, dict):
        # Celery's own line holds the error's repr, its traceback and the arguments.
        record.msg = "tarea %s: %s"
        record.args = (context.get("name"), context.get("description", ""))
    elif isinstance(record.args, dict):
        record.args = {name: _plain(arg) for name, arg in record.args.items()}
    elif record.args:
        record.args = tuple(_plain(arg) for arg in record.args)
    if isinstance(record.msg, BaseException):
        record.msg = _plain(record.msg)
    return True


def _plain(arg: Any) -> Any:
    if not isinstance(arg, BaseException):
        return arg
    found = describe_error(arg)[0]
    return ": ".join(str(found[key]) for key in ("tipo", "motivo") if found.get(key))


def _take_over(handler: logging.Handler, nivel: int) -> None:
    """Ours on the root; off with the stream handlers that frameworks hang on their loggers."""
    root = logging.getLogger()
    named = [x for x in root.manager.loggerDict.values() if isinstance(x, logging.Logger)]
    for logger in [root, *named]:
        for old in list(logger.handlers):
            if type(old) is logging.StreamHandler or isinstance(old, _Stderr):
                logger.removeHandler(old)
                logger.propagate = True
    root.addHandler(handler)
    root.setLevel(nivel)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(True)


def _log_death(kind: type[BaseException], error: BaseException, trace: Any) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger("proceso").critical("excepción sin atender", exc_info=error)


def _log_thread_death(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None and args.exc_type is not SystemExit:
        logging.getLogger("hilo").critical("excepción sin atender", exc_info=args.exc_value)
