"""What customers write, over the demo catalogue: the right producto first, or nothing at all."""

import csv
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.catalogo.busqueda.indice import Indice, Texto
from core.catalogo.busqueda.sinonimos import sinonimos

PREGUNTAS = yaml.safe_load(Path(__file__).with_name("preguntas.yaml").read_text(encoding="utf-8"))
PLAUSIBLE = 0.5


@pytest.fixture(scope="module")
def skus() -> list[str]:
    with files("core.catalogo").joinpath("demo.csv").open(encoding="utf-8", newline="") as f:
        return [row["sku"] for row in csv.DictReader(f)]


@pytest.fixture(scope="module")
def indice() -> Indice:
    indice = Indice(sinonimos())
    with files("core.catalogo").joinpath("demo.csv").open(encoding="utf-8", newline="") as f:
        for n, row in enumerate(csv.DictReader(f)):
            fields = (row["nombre"], row["marca"], row["categoria"], row["descripcion"])
            indice.put(Texto(n, row["sku"], *fields, activo=True))
    return indice


@pytest.mark.parametrize("caso", PREGUNTAS, ids=lambda c: c["q"] or "(vacío)")
def test_a_question_finds_what_it_asks_for(
    indice: Indice, skus: list[str], caso: dict[str, Any]
) -> None:
    found = [(skus[a.id], a.puntaje) for a in indice.search(caso["q"], 20)]
    assert all(0 < puntaje <= 1 for _, puntaje in found)
    plausible = [sku for sku, puntaje in found if puntaje >= PLAUSIBLE]
    match caso:
        case {"primero": sku}:
            assert plausible[:1] == [sku], found[:5]
        case {"todos": wanted}:
            assert sorted(plausible[: len(wanted)]) == sorted(wanted), found[:8]
        case {"antes": [first, second]}:
            order = [sku for sku, _ in found]
            assert first in order, found
            assert second not in order or order.index(first) < order.index(second), found
        case {"nada": True}:
            assert plausible == [], found
        case {"vacio": True}:
            assert found == []
        case _:
            raise AssertionError(f"what is expected of {caso}?")
