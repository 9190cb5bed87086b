"""Quantities that no shop can serve as they stand: the customer is asked, nothing is offered."""

import pytest

from tests.agente.mostrador import Mostrador


@pytest.mark.parametrize(
    ("texto", "pregunta"),
    [
        ("quiero 0.0004 metros de manguera", "en metros"),
        ("quiero -5 martillos carpinteros", "¿Qué cantidad quieres"),
        ("dame 200 clavos con cabeza de 2", "en kg"),
        ('dame 300 tornillos para madera 6 x 1"', "en cajas"),
    ],
)
def test_a_quantity_that_cannot_be_meant_is_asked_about(
    mostrador: Mostrador, texto: str, pregunta: str
) -> None:
    told = mostrador.dice(texto)
    assert pregunta in told.respuesta
    assert told.estado_venta == "ninguna"


def test_a_price_that_they_wish_for_is_no_quantity(mostrador: Mostrador) -> None:
    mostrador.dice("cuánto vale el martillo carpintero")
    told = mostrador.dice("si me lo dejas en 20 sí")
    assert "no puedo hacer descuentos" in told.respuesta
    assert told.estado_venta == "ninguna"


@pytest.mark.parametrize("texto", ["quitame 10", "quita 3", "sin 5"])
def test_every_message_has_an_answer(mostrador: Mostrador, texto: str) -> None:
    assert mostrador.dice(texto).respuesta.strip()


def test_just_one_is_no_yes_to_two(mostrador: Mostrador) -> None:
    mostrador.dice("quiero 2 carretillas")
    assert mostrador.dice("de una no más").vender == ()


@pytest.mark.parametrize(
    ("texto", "linea"),
    [
        ("dame 200 clavos con cabeza de 2", "3 kg de Clavo"),
        ('dame 300 tornillos para madera 6 x 1"', "3 cajas de Tornillo"),
    ],
)
def test_the_figure_that_was_asked_for_is_taken_in_the_unit_that_was_asked(
    mostrador: Mostrador, texto: str, linea: str
) -> None:
    mostrador.dice(texto)
    assert linea in mostrador.dice("3").respuesta
