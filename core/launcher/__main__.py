"""`python -m core.launcher`: what `make run` executes."""

import logging
import signal
import sys

from pydantic import ValidationError

from core.adapters import tether
from core.adapters.observabilidad import configure_logging
from core.adapters.tachar import Scrubber
from core.errors import explain
from core.launcher.start import CannotStart, Launcher
from core.settings import Settings


def main(arguments: list[str]) -> int:
    if "--tethered" in arguments:
        tether.die_with_parent(signal.SIGTERM)  # a killed `make` must not leave a shop running
    try:
        settings = Settings()
    except ValidationError as e:
        problems = "; ".join(
            " ".join((*(str(part).upper() for part in error["loc"]), explain(error)))
            for error in e.errors()
        )
        return _refuse(f"la configuración no es válida: {problems}")
    configure_logging(settings, "launcher", nivel=logging.WARNING)
    launcher = Launcher(settings)
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, lambda *_: launcher.request_stop())
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # nohup means it
        signal.signal(signal.SIGHUP, lambda *_: launcher.request_stop())
    try:
        launcher.run()
    except (CannotStart, RuntimeError) as e:
        return _refuse(Scrubber(settings).text(str(e)))  # a server may quote its password
    return 0


def _refuse(reason: str) -> int:
    sys.stderr.write(f"Error: {reason}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
