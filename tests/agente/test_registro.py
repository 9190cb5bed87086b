"""Why a turn said what it said: the record is whole, and deciding again from it agrees."""

import json

import pytest

from core.agente.registro import OtraPregunta, Registro, replay
from core.ports import Resultado
from tests.agente.mostrador import Mostrador

_CHARLA = [
    "hola, ¿tienen martillos?",
    "el 2, dame 3",
    "y media docena de brochas de 2 y 5 unicornios",
    "sí",
    "quiero martillo de bola",
    "¿y el horario?",
    "no entiendo nada de esto",
]


def through_json(resultado: Resultado) -> Registro:
    """As it comes back from the database."""
    return Registro.from_json(json.loads(json.dumps(resultado.registro)))


@pytest.mark.parametrize("antes", range(len(_CHARLA)))
def test_deciding_again_from_the_record_decides_the_same(mostrador: Mostrador, antes: int) -> None:
    for texto in _CHARLA[:antes]:
        mostrador.dice(texto)
    registro = through_json(mostrador.dice(_CHARLA[antes]))

    mostrador.catalogo.productos.clear()  # whatever the shop sells by now
    assert replay(registro) == registro.decision
    assert registro.textos == (_CHARLA[antes],)


def test_the_record_has_what_was_found_and_how_surely(mostrador: Mostrador) -> None:
    registro = through_json(mostrador.dice("quiero 2 carretillas"))
    consulta = registro.consultas[0]
    lugar, puntaje, _ = consulta.hallados[0]
    assert registro.productos[lugar].sku == "CR-1"
    assert 0 < puntaje <= 1
    assert (registro.lector, registro.redactor) == ("offline", "offline")
    assert set(registro.ms) == {"leer", "decidir", "redactar", "verificar"}


def test_rules_that_look_for_something_else_are_told_apart(mostrador: Mostrador) -> None:
    kept = mostrador.dice("quiero 2 carretillas").registro
    registro = Registro.from_json({**kept, "consultas": []})
    with pytest.raises(OtraPregunta):
        replay(registro)
