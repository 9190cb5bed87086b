"""gunicorn's own lines, its master's included, in the manner of all others."""

import re
from typing import Any

from gunicorn.glogging import Logger  # type: ignore[import-untyped]

from core.adapters.observabilidad import configure_logging
from core.settings import Settings

# "Invalid request from ip=…: Invalid HTTP header: 'Authorization: …'": what is quoted is not ours.
_QUOTED = re.compile(r"""b?(['"]).*""", re.DOTALL)


class GunicornLog(Logger):  # type: ignore[misc]
    """For gunicorn's `logger_class`. Requests are told by web/peticiones.py, not here."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        configure_logging(Settings(), "web")

    def warning(self, msg: Any, *args: Any, **kwargs: Any) -> None:
        if str(msg).startswith("Invalid request"):
            msg = _QUOTED.sub("***", str(msg))
        super().warning(msg, *args, **kwargs)

    def exception(self, msg: Any, *args: Any, **kwargs: Any) -> None:
        """The path that gunicorn would name has keys and ids in it; the error tells the place."""
        super().exception(str(msg).partition("%")[0] if args else msg, **kwargs)
