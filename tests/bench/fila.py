"""One line of the bench: a name, what the product does, what its bare twin does."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Fila:
    """suelo: the ratio must not be less; techo: what `producto` must not pass. None: no promise."""

    nombre: str
    producto: float | None = None
    gemelo: float | None = None
    razon: float | None = None
    suelo: float | None = None
    techo: float | None = None


Medida = Callable[[Any], Iterator[Fila]]


@dataclass(frozen=True)
class Sala:
    """Rows that are measured in one place: what each is called, who measures it (several may
    come from one measurement), and what must be up meanwhile."""

    filas: Mapping[str, Medida]
    abrir: Callable[[], AbstractContextManager[Any]]

    def wanted(self, texto: str) -> list[Medida]:
        return list(dict.fromkeys(m for name, m in self.filas.items() if texto in name))


def print_head() -> None:
    say(f"{'path':<34}{'product':>10}{'bare':>10}{'ratio':>8}{'floor':>8}{'limit':>8}")


def print_fila(fila: Fila) -> None:
    cells = [
        _cell(fila.producto, 10, 1),
        _cell(fila.gemelo, 10, 1),
        _cell(fila.razon, 8, 2 if (fila.razon or 1) >= 0.1 else 4),
        _cell(fila.suelo, 8, 2),
        _cell(fila.techo, 8, 0),
    ]
    say(f"{fila.nombre:<34}{''.join(cells)}".rstrip())


def _cell(value: float | None, width: int, places: int) -> str:
    return f"{value:>{width}.{places}f}" if value is not None else " " * width


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
