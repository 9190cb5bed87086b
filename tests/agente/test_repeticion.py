"""`evaluar turno`: recorded turns decided again, by the same rules and by others."""

import json
from typing import Any

import pytest

from core.agente.repeticion import repeat_turno
from core.ports import Resultado
from tests.agente.mostrador import Mostrador


def stored(resultado: Resultado) -> dict[str, Any]:
    """As it comes back from the database."""
    kept: dict[str, Any] = json.loads(json.dumps(resultado.registro))
    return kept


@pytest.fixture
def oferta(mostrador: Mostrador) -> dict[str, Any]:
    return stored(mostrador.dice("quiero 10 carretillas"))


def test_by_the_same_rules_it_is_the_same_again(oferta: dict[str, Any]) -> None:
    again = repeat_turno(oferta)
    assert again.igual
    assert (again.regla, again.diria) == (oferta["decision"]["regla"], None)


def test_what_would_be_otherwise_is_told_with_its_words(oferta: dict[str, Any]) -> None:
    """As if the rules of then had offered only one."""
    for hecho in oferta["decision"]["hechos"]:
        for linea in hecho["lineas"]:
            linea["cantidad"] = "1"
    oferta["respuesta"] = "¿Una?"
    again = repeat_turno(oferta)
    assert not again.igual
    assert again.diferencias == ("hechos[0].lineas[0].cantidad: 1 → 3",)
    assert again.diria is not None
    assert "Carretilla de obra" in again.diria


def test_another_rule_is_a_difference(oferta: dict[str, Any]) -> None:
    oferta["decision"]["regla"] = "otra"
    oferta["decision"]["humano"] = True
    assert set(repeat_turno(oferta).diferencias) == {"regla: otra → pedir", "humano: sí → no"}


def test_rules_that_ask_for_something_else_cannot_be_compared(oferta: dict[str, Any]) -> None:
    oferta["consultas"] = []
    again = repeat_turno(oferta)
    assert (again.igual, again.regla) == (False, None)
    assert "carretillas" in again.diferencias[0]


@pytest.mark.parametrize("kept", [{}, {"v": 9, "textos": 3}, {"textos": ["hola"]}])
def test_a_record_that_cannot_be_read_says_so(kept: dict[str, Any]) -> None:
    again = repeat_turno(kept)
    assert not again.igual
    assert "versión" in again.diferencias[0]


def test_of_a_long_description_only_what_can_be_quoted_is_kept(mostrador: Mostrador) -> None:
    for row in list(mostrador.catalogo.productos):
        mostrador.catalogo.cambiar(row.id, descripcion="larga " * 800)
    registro = stored(mostrador.dice("¿qué martillos tienen?"))
    lengths = {len(p.get("descripcion", "")) for p in registro["productos"]}
    assert lengths <= {0, 400}
    assert len(json.dumps(registro)) < 20_000
    assert repeat_turno(registro).igual
