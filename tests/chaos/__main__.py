"""`python -m tests.chaos [--solo NAME] [--rapido]`: exits 0 only when every promise held, every
fault hit work in flight, and every safeguard that was taken away was missed.
"""

import argparse
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from tests.chaos.acks import compare
from tests.chaos.experimentos import EXPERIMENTOS, Experimento, Informe, run_experimento
from tests.chaos.fallas import TEXTO_VENENO
from tests.chaos.instalacion import CALM, Instalacion, refuse_other_peoples_servers
from tests.chaos.mutaciones import MUTACIONES, Hallado, Mutacion, run_mutacion
from tests.chaos.tabla import print_hallados, print_informes


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos")
    parser.add_argument("--solo", metavar="NOMBRE", help="lo que contenga NOMBRE, y nada más")
    parser.add_argument("--rapido", action="store_true", help="un golpe por experimento")
    parser.add_argument("--conservar", action="store_true", help="no borrar los DATA_DIR")
    parser.add_argument("--acks", action="store_true", help="solo comparar con y sin acks")
    arguments = parser.parse_args()
    refuse_other_peoples_servers()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that `finally` stops what we started
    if arguments.acks:
        compare(say)
        return 0
    start = time.monotonic()
    wanted = arguments.solo or ""
    experimentos = [e for e in EXPERIMENTOS if wanted in e.nombre]
    mutaciones = [m for m in MUTACIONES if wanted in m.nombre]
    if not experimentos and not mutaciones:
        parser.error(f"nada se llama así: {wanted}")
    with _running({**CALM, "veneno": TEXTO_VENENO}, arguments) as instalacion:
        informes = _break_it(instalacion, experimentos, rapido=arguments.rapido)
        hallados = _take_safeguards_away(instalacion, mutaciones)
    if informes:
        print_informes(informes, say)
    if hallados:
        print_hallados(hallados, say)
    good = all(i.resultado == "pasa" for i in informes) and all(h.notada for h in hallados)
    say(f"{'PASA' if good else 'FALLA'} en {(time.monotonic() - start) / 60:.1f} min")
    return 0 if good else 1


def _break_it(
    instalacion: Instalacion, chosen: list[Experimento], *, rapido: bool
) -> list[Informe]:
    informes: list[Informe] = []
    for experimento in chosen:
        say(f"· {experimento.nombre}")
        if rapido:
            experimento = replace(experimento, veces=1)
        en_paz = informes[0].entrada_p95 if informes else 0.0
        informe = run_experimento(instalacion, experimento, say, en_paz=en_paz)
        informes.append(informe)
        say(f"  {informe.resultado} en {informe.segundos:.0f} s")
        for falta in informe.faltas[:5]:
            say(f"  FALTA {falta.regla}: {falta.detalle}")
    return informes


def _take_safeguards_away(instalacion: Instalacion, chosen: list[Mutacion]) -> list[Hallado]:
    """After everything else: the installation is thrown away when they are done."""
    hallados: list[Hallado] = []
    for mutacion in chosen:
        say(f"· {mutacion.nombre}")
        hallado = run_mutacion(instalacion, mutacion, say)
        hallados.append(hallado)
        say(f"  {'se nota' if hallado.notada else 'NO SE NOTA'}: {', '.join(hallado.rotas)}")
    return hallados


@contextmanager
def _running(plan: dict[str, Any], arguments: argparse.Namespace) -> Iterator[Instalacion]:
    """A new installation for the length of the block; nothing of it is left, unless wanted."""
    instalacion = Instalacion(plan)
    say(f"Arrancando una instalación en {instalacion.data_dir} …")
    start = time.monotonic()
    try:
        instalacion.start()
        say(f"Listo en {time.monotonic() - start:.0f} s")
        yield instalacion
    finally:
        instalacion.stop()
        if not arguments.conservar:
            instalacion.remove()


if __name__ == "__main__":
    sys.exit(main())
