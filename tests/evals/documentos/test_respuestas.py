"""What the shop wrote answers as often as it did, and what it did not write as rarely."""

import json
from pathlib import Path

import pytest

from core.ports import Embedder
from tests.evals.documentos.medir import APARTE, CONJUNTOS, Nota, calificar, leer_preguntas
from tests.evals.documentos.medir import leer_textos as leer
from tests.evals.medir import VectoresGuardados

PISOS = json.loads((Path(__file__).parents[2] / "pisos.json").read_text())["documentos"]
COMO: dict[str, Embedder | None] = {"palabras": None, "con_vectores": VectoresGuardados()}


@pytest.mark.parametrize("conjunto", CONJUNTOS)
def test_every_answer_stands_where_it_is_said_to(conjunto: str) -> None:
    headings = {t.encabezado for t in leer(conjunto, None)}
    for p in leer_preguntas(conjunto):
        assert headings.issuperset(p.en), p.q


def test_there_are_enough_questions_and_enough_that_nothing_answers() -> None:
    asked = [p for c in CONJUNTOS for p in leer_preguntas(c)]
    assert len(asked) >= 180
    assert sum(not p.en for p in asked) >= 75


@pytest.mark.parametrize("llano", [False, True], ids=["con_encabezados", "llano"])
@pytest.mark.parametrize("como", COMO)
def test_it_answers_as_well_as_it_did(como: str, llano: bool) -> None:
    notas = {c: calificar(c, COMO[como], llano=llano) for c in CONJUNTOS}
    todas = sum(notas.values(), Nota())
    name = f"{como}_llano" if llano else como
    for nota, piso in ((todas, PISOS[name]), (notas[APARTE], PISOS[f"{name}_aparte"])):
        assert nota.precision >= piso["precision"], nota
        assert nota.recall >= piso["recall"], nota
        assert nota.falsas <= piso["falsas"], nota
