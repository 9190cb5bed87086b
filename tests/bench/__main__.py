"""Start the product, start its bare twins beside it, measure both in turn, print ratios.

`python -m tests.bench --solo TEXT` measures only the rows whose name contains TEXT.
"""

import argparse
import os
import signal
import sys

from tests.bench import catalogo, con_modelo, mensajes, puertas
from tests.bench.fila import Sala, print_fila, print_head, say

SALAS = (mensajes.SALA, catalogo.SALA, con_modelo.SALA, puertas.SALA)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("--solo", metavar="TEXT", default="", help="only rows with TEXT in them")
    solo: str = parser.parse_args().solo
    salas = [sala for sala in SALAS if sala.wanted(solo)]
    if not salas:
        parser.error(f"no row is called like that: {solo}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what we started is stopped
    say(f"load before: {_load()}, {os.cpu_count()} cores")
    print_head()
    for sala in salas:
        measure(sala, solo)
    say(f"load after: {_load()}")
    return 0


def measure(sala: Sala, solo: str) -> None:
    with sala.abrir() as place:
        for medida in sala.wanted(solo):
            for fila in medida(place):
                if solo in fila.nombre:
                    print_fila(fila)


def _load() -> str:
    return " ".join(f"{n:.1f}" for n in os.getloadavg())


if __name__ == "__main__":
    raise SystemExit(main())
