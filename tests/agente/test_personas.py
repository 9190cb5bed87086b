"""When a person is called: what they read of it, and what the bot says until they come."""

from datetime import timedelta

import pytest

from core.agente.resumir import _textos
from core.db import Database
from core.mensajes.historial import hand_back, take_over
from core.ports import Tienda
from core.settings import Settings
from tests.agente.mostrador import Mostrador
from tests.agente.tienda_real import CHAT, TiendaReal


def test_the_summary_says_who_why_and_what_was_going_on(mostrador: Mostrador) -> None:
    mostrador.dice("soy Rosa Gil, mi celular es 3009998877")
    mostrador.dice("quiero 3 brochas de 2 pulgadas")
    mostrador.dice("sí")
    mostrador.dice("quiero 2 carretillas")
    mostrador.dice("mejor pásame con un asesor")
    assert mostrador.resumen == (
        "Motivo: pidió hablar con una persona\n"
        "Cliente: Rosa Gil, 3009998877\n"
        "Pedido sin confirmar: 2 unidades de Carretilla de obra. Total: $456.000\n"
        'Última compra (confirmada): 3 de Brocha 2". Total: $19.200\n'
        "Sus palabras: «mejor pásame con un asesor»"
    )


def test_what_was_asked_for_and_not_chosen_is_told(mostrador: Mostrador) -> None:
    mostrador.dice("quiero 3 martillos")
    mostrador.dice("quiero hablar con una persona")
    assert "Buscaba: martillos" in (mostrador.resumen or "")
    assert "Cliente: no ha dicho quién es" in (mostrador.resumen or "")


def test_every_rule_that_calls_a_person_says_why(mostrador: Mostrador) -> None:
    def motive() -> str:
        return (mostrador.resumen or "").split("\n")[0]

    for _ in range(3):
        mostrador.dice("🤔 hmm")
    assert motive() == "Motivo: el bot no le entendió tres veces seguidas"
    mostrador.dice("llegó rota la carretilla")
    assert motive() == "Motivo: presentó una queja"

    mostrador.humano = False  # somebody came
    mostrador.dice("quiero una carretilla")
    mostrador.dice("sí")
    mostrador.adelanto = timedelta(days=1)
    mostrador.dice("cancela la compra")
    assert "fuera de plazo" in motive()

    mostrador.tienda = Tienda("La Tuerca", "COP", {"datos_requeridos": ["telefono"]})
    mostrador.dice("quiero 2 carretillas")
    for texto in ("sí", "123", "456", "789"):
        mostrador.dice(texto)
    assert motive() == "Motivo: no dio un dato que la tienda pide"
    assert "Pedido aceptado, falta su teléfono: 2 unidades" in (mostrador.resumen or "")
    assert all(_textos()["motivos"].values())


def test_until_the_person_comes_the_bot_says_so_and_does_not_chat(mostrador: Mostrador) -> None:
    mostrador.dice("quiero hablar con un asesor")
    first = mostrador.dice("hola?").respuesta
    assert "una persona del equipo, que te escribirá por aquí" in first
    assert "¿Qué producto" not in first
    for texto in ("sí", "asdf qwer", "me atienden?", "quiero un asesor"):
        assert "Una persona del equipo te escribirá" in mostrador.dice(texto).respuesta


def test_who_waits_for_a_person_may_still_buy(mostrador: Mostrador) -> None:
    mostrador.dice("quiero hablar con un asesor")
    assert mostrador.dice("quiero 2 carretillas").estado_venta == "oferta"
    assert mostrador.dice("sí").vender


def test_asking_again_does_not_call_again(mostrador: Mostrador) -> None:
    mostrador.dice("llegó rota la carretilla")
    before = mostrador.resumen
    mostrador.dice("¡que me atienda una persona ya!")
    assert mostrador.resumen == before


def test_what_is_understood_in_between_starts_the_count_again(mostrador: Mostrador) -> None:
    said = ["🤔 hmm", "🤔 hmm", "¿tienen carretillas?", "🤔 hmm", "hola", "🤔 hmm"]
    assert not any(mostrador.dice(texto).humano for texto in said)
    assert mostrador.dice("🤔 hmm").humano


@pytest.mark.parametrize("texto", ["asdf", "unicornio"])
def test_three_answers_that_fit_no_option_call_a_person(mostrador: Mostrador, texto: str) -> None:
    mostrador.dice("quiero 3 martillos")
    assert [mostrador.dice(texto).humano for _ in range(3)] == [False, False, True]


def test_the_summary_is_kept_with_the_chat_until_it_is_handed_back(
    db: Database, settings: Settings
) -> None:
    shop = TiendaReal.open(db, settings, skus={"CR-1"})
    shop.dice("quiero 2 carretillas")
    shop.dice("quiero hablar con un asesor")
    assert shop.chat.espera_humano
    assert "2 unidades de Carretilla de obra" in (shop.chat.resumen or "")
    with db.empresa(shop.empresa_id) as session:
        take_over(session, empresa_id=shop.empresa_id, chat_id=CHAT, actor="usuario:1")
    assert shop.chat.resumen
    with db.empresa(shop.empresa_id) as session:
        hand_back(session, empresa_id=shop.empresa_id, chat_id=CHAT, actor="usuario:1")
    assert shop.chat.resumen is None
    assert "¿Qué producto" in shop.dice("hola"), "nobody is waited for any more"
