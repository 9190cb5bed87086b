"""gunicorn's own lines, its master's included, in the manner of all others."""

from typing import Any

from gunicorn.glogging import Logger  # type: ignore[import-untyped]

from core.adapters.observabilidad import configure_logging
from core.settings import Settings


class GunicornLog(Logger):  # type: ignore[misc]
    """For gunicorn's `logger_class`. Requests are told by web/peticiones.py, not here."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        configure_logging(Settings(), "web")
