"""`python -m tests.chaos [--solo NAME] [--rapido]`: exits 0 only when every promise held, every
fault hit work in flight, and every safeguard that was taken away was missed.
"""

import argparse
import signal
import sys
import time

from tests.chaos.experimentos import EXPERIMENTOS, Informe, run_experimento
from tests.chaos.fallas import TEXTO_VENENO
from tests.chaos.instalacion import CALM, Instalacion, refuse_other_peoples_servers
from tests.chaos.tabla import print_informes


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos")
    parser.add_argument("--solo", metavar="NOMBRE", help="lo que contenga NOMBRE, y nada más")
    parser.add_argument("--rapido", action="store_true", help="un golpe por experimento")
    parser.add_argument("--conservar", action="store_true", help="no borrar el DATA_DIR")
    arguments = parser.parse_args()
    refuse_other_peoples_servers()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that `finally` stops what we started
    informes = _experimentos(arguments)
    print_informes(informes, say)
    return 0 if all(i.resultado == "pasa" for i in informes) else 1


def _experimentos(arguments: argparse.Namespace) -> list[Informe]:
    chosen = [e for e in EXPERIMENTOS if not arguments.solo or arguments.solo in e.nombre]
    if not chosen:
        return []
    instalacion = Instalacion({**CALM, "veneno": TEXTO_VENENO})
    say(f"Arrancando una instalación en {instalacion.data_dir} …")
    start = time.monotonic()
    instalacion.start()
    say(f"Listo en {time.monotonic() - start:.0f} s")
    informes = []
    try:
        for experimento in chosen:
            say(f"· {experimento.nombre}")
            informes.append(run_experimento(instalacion, experimento, say))
            for falta in informes[-1].faltas[:10]:
                say(f"    FALTA {falta.regla}: {falta.detalle}")
    finally:
        instalacion.stop()
        if not arguments.conservar:
            instalacion.remove()
    return informes


if __name__ == "__main__":
    sys.exit(main())
