"""P8: a draft with any other figure or name than the turn's facts is not sent."""

from collections.abc import Callable

import pytest

from core.agente.hechos import Decision
from core.agente.motor import Offline
from core.agente.vendedor import respond
from core.ports import ChatVisto, Resultado
from tests.agente.mostrador import Mostrador


class Descuidado(Offline):
    """A Motor whose words mean well and get something wrong."""

    def __init__(self, change: Callable[[str], str]) -> None:
        self._change = change

    def redactar(self, decision: Decision, chat: ChatVisto) -> str:
        return self._change(super().redactar(decision, chat))


def ask(mostrador: Mostrador, texto: str, change: Callable[[str], str]) -> Resultado:
    return respond(mostrador.fuentes, mostrador.visto, [texto], Descuidado(change))


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.replace("228.000", "200.000"),
        lambda t: t.replace("456.000", "455.000"),
        lambda t: t.replace("2 unidades", "3 unidades"),  # all that there is, but not the offer
        lambda t: t.replace("2 unidades", "7 unidades"),
        lambda t: t + " Además tengo Pala redonda.",
        lambda t: t + " El Mazo de albañil 4 lb te puede servir.",
        lambda t: t + " Hay dos.",
        lambda t: t + " El envío es gratis.",
        lambda t: t + " Te hago un 10 % de descuento.",
        lambda t: t.replace("Carretilla de obra", "Carretilla de lujo"),
    ],
)
def test_a_draft_that_says_more_than_the_facts_gives_way_to_the_template(
    mostrador: Mostrador, change: Callable[[str], str]
) -> None:
    told = ask(mostrador, "quiero 2 carretillas", change)
    template = respond(mostrador.fuentes, mostrador.visto, ["quiero 2 carretillas"])
    assert told.corregido
    assert not template.corregido
    assert told.respuesta == template.respuesta


def test_a_price_belongs_to_its_own_product(mostrador: Mostrador) -> None:
    def swap(t: str) -> str:
        return t.replace("6.400", "X").replace("12.800", "6.400").replace("X", "12.800")

    told = ask(mostrador, "¿qué brochas tienen?", swap)
    assert told.corregido
    assert 'Brocha 2": $6.400' in told.respuesta


def test_what_was_asked_for_is_not_what_is_offered(mostrador: Mostrador) -> None:
    told = ask(mostrador, "quiero 9 carretillas", lambda t: t.replace("3 unidades", "9 unidades"))
    assert told.corregido


def test_a_faithful_draft_in_other_words_is_sent(mostrador: Mostrador) -> None:
    told = ask(mostrador, "quiero 2 carretillas", lambda t: f"¡Listo! {t} Gracias.")
    assert not told.corregido
    assert told.respuesta.startswith("¡Listo!")


def test_the_customers_own_words_and_figures_may_be_said_again(mostrador: Mostrador) -> None:
    told = mostrador.dice("¿tienen unicornios de 77 pulgadas?")
    assert "unicornios" in told.respuesta
    assert not told.corregido


def test_an_offer_that_could_not_be_worded_was_never_made(mostrador: Mostrador) -> None:
    """A row that changes between deciding and verifying leaves no word of the template true."""

    class Cambiante(type(mostrador.catalogo)):  # type: ignore[misc]
        """Rises its prices at every look."""

        def por_id(self, ids):  # type: ignore[no-untyped-def]
            self.productos = [
                p.__class__(**{**p.__dict__, "precio": p.precio + 1}) for p in self.productos
            ]
            return super().por_id(ids)

    mostrador.catalogo = Cambiante(mostrador.catalogo.productos)
    told = mostrador.dice("quiero 2 carretillas")
    assert told.corregido
    assert not any(char.isdigit() for char in told.respuesta)
    assert told.estado_venta == "ninguna"
    assert told.memoria["oferta"] is None
