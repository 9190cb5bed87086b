"""The rules of a turn, as a customer and a shopkeeper see them."""

from dataclasses import replace
from decimal import Decimal

import pytest

from core.agente.estado import Memoria
from core.agente.vendedor import respond
from core.ports import LineaPedida, Tienda
from tests.agente.mostrador import Mostrador


def test_the_mission_is_sold_once_and_not_asked_again(mostrador: Mostrador) -> None:
    offered = mostrador.dice("Quiero comprar 10 martillos carpinteros.")
    assert "Puedo ofrecerte 7" in offered.respuesta
    assert "¿Deseas llevar esa cantidad?" in offered.respuesta
    assert (offered.estado_venta, offered.vender) == ("oferta", ())

    sold = mostrador.dice("Sí.")
    line = LineaPedida(mostrador.producto("MZ-1").id, Decimal(7), Decimal("31500.00"))
    assert (sold.estado_venta, sold.vender, sold.oferta_n) == ("confirmada", (line,), 1)
    assert "?" not in sold.respuesta

    again = mostrador.dice("Sí.")
    assert (again.estado_venta, again.vender) == ("confirmada", ())
    assert "ya está registrada" in again.respuesta
    assert len(mostrador.ventas) == 1


def test_the_same_inputs_give_the_same_resultado(mostrador: Mostrador) -> None:
    mostrador.dice("2 brochas de 4")
    visto = mostrador.visto
    once, again = (respond(mostrador.fuentes, visto, ["sí"]) for _ in range(2))
    assert replace(once, registro={}) == replace(again, registro={})
    assert {**once.registro, "ms": None} == {**again.registro, "ms": None}


def test_several_kinds_are_asked_for_by_number_and_only_those_in_stock(
    mostrador: Mostrador,
) -> None:
    asked = mostrador.dice("quiero 3 martillos")
    assert "1) " in asked.respuesta
    assert "2) " in asked.respuesta
    assert "Martillo de bola" not in asked.respuesta
    assert asked.estado_venta == "ninguna"


def test_a_price_that_moved_is_told_and_asked_again(mostrador: Mostrador) -> None:
    mostrador.dice("quiero 2 carretillas")
    id_ = mostrador.producto("CR-1").id
    mostrador.catalogo.cambiar(id_, precio=Decimal("250000.00"))

    told = mostrador.dice("sí")
    assert told.vender == ()
    assert "antes $228.000, ahora $250.000" in told.respuesta
    assert told.estado_venta == "oferta"

    assert mostrador.dice("sí").vender == (LineaPedida(id_, Decimal(2), Decimal("250000.00")),)


def test_stock_that_shrank_is_offered_anew(mostrador: Mostrador) -> None:
    mostrador.dice("quiero 3 carretillas")
    id_ = mostrador.producto("CR-1").id
    mostrador.catalogo.cambiar(id_, stock=Decimal(1))
    assert mostrador.dice("sí").vender == ()
    assert mostrador.dice("sí").vender == (LineaPedida(id_, Decimal(1), Decimal("228000.00")),)


def test_what_is_no_longer_sold_is_not_sold(mostrador: Mostrador) -> None:
    mostrador.dice("quiero 3 carretillas")
    gone = mostrador.producto("CR-1")
    mostrador.catalogo.productos.remove(gone)
    told = mostrador.dice("sí")
    assert (told.vender, told.estado_venta) == ((), "ninguna")
    assert "agotado" in told.respuesta


def test_a_yes_that_was_written_before_the_offer_is_no_yes(mostrador: Mostrador) -> None:
    mostrador.dice("quiero 3 carretillas")
    early = respond(mostrador.fuentes, replace(mostrador.visto, leida=False), ["sí"])
    assert (early.vender, early.estado_venta) == ((), "oferta")


def test_each_new_proposal_has_a_new_number_and_the_same_one_keeps_it(
    mostrador: Mostrador,
) -> None:
    def number() -> int | None:
        oferta = Memoria.from_json(mostrador.memoria).oferta
        return oferta.n if oferta else None

    mostrador.dice("quiero 2 carretillas")
    assert number() == 1
    mostrador.dice("quiero 2 carretillas")
    assert number() == 1
    mostrador.dice("mejor 3")
    assert number() == 2
    mostrador.dice("no")
    assert number() is None
    mostrador.dice("quiero 2 carretillas")
    assert number() == 3


def test_data_that_the_shop_requires_are_asked_before_the_sale(mostrador: Mostrador) -> None:
    mostrador.tienda = Tienda("La Tuerca", "COP", {"datos_requeridos": ["nombre", "telefono"]})
    mostrador.dice("quiero 2 carretillas")
    asked = mostrador.dice("sí")
    assert (asked.vender, asked.estado_venta) == ((), "datos")
    assert "tu nombre" in asked.respuesta
    assert "teléfono" not in asked.respuesta

    half = mostrador.dice("Rosa Gil")
    assert (half.vender, half.estado_venta) == ((), "datos")
    assert "tu teléfono" in half.respuesta
    assert "tu nombre" not in half.respuesta

    sold = mostrador.dice("3009998877")
    assert [line.cantidad for line in sold.vender] == [2]
    assert mostrador.cliente == {
        "nombre": "Rosa Gil",
        "telefono": "3009998877",
        "telefono_e164": "+573009998877",
    }


def test_figures_of_a_person_are_never_quantities(mostrador: Mostrador) -> None:
    mostrador.dice("quiero una carretilla")
    mostrador.dice("mi cédula es 52345678 y mi celular 3115550000")
    oferta = Memoria.from_json(mostrador.memoria).oferta
    assert oferta is not None
    assert [line.cantidad for line in oferta.lineas] == [1]
    assert mostrador.cliente == {
        "documento": "52345678",
        "telefono": "3115550000",
        "telefono_e164": "+573115550000",
    }


def test_cancelling_a_sale_asks_for_exactly_that_sale(mostrador: Mostrador) -> None:
    mostrador.dice("quiero una carretilla")
    mostrador.dice("sí")
    assert mostrador.dice("gracias").cancelar_venta_id is None
    assert mostrador.dice("¿puedo cancelar la compra?").cancelar_venta_id is None
    cancelled = mostrador.dice("cancélala por favor")
    assert (cancelled.cancelar_venta_id, cancelled.estado_venta) == (1, "cancelada")
    assert mostrador.dice("cancela la compra").cancelar_venta_id is None


def test_cancelling_a_pending_order_leaves_the_sale_before_it(mostrador: Mostrador) -> None:
    mostrador.dice("quiero una carretilla")
    mostrador.dice("sí")
    mostrador.dice("quiero 2 brochas de 4")
    dropped = mostrador.dice("cancela")
    assert dropped.cancelar_venta_id is None
    assert dropped.memoria["oferta"] is None


@pytest.mark.parametrize(
    "texto", ["¿cuánto cuesta el envío?", "¿a qué hora cierran?", "¿dónde están ubicados?"]
)
def test_what_the_shop_never_said_is_not_invented(mostrador: Mostrador, texto: str) -> None:
    assert "Ese dato no lo tengo" in mostrador.dice(texto).respuesta


def test_what_the_shopkeeper_wrote_about_the_shop_is_quoted(mostrador: Mostrador) -> None:
    informacion = {"envio": "Enviamos a toda la ciudad por $8.000, gratis desde $200.000."}
    mostrador.tienda = Tienda("La Tuerca", "COP", {"informacion": informacion})
    told = mostrador.dice("¿hacen envíos?")
    assert informacion["envio"] in told.respuesta
    assert not told.corregido


def test_asking_for_a_person_puts_the_offer_aside(mostrador: Mostrador) -> None:
    mostrador.dice("quiero una carretilla")
    handed = mostrador.dice("quiero hablar con un asesor")
    assert handed.humano
    assert mostrador.dice("sí").vender == ()


def test_three_messages_that_nobody_understands_call_a_person(mostrador: Mostrador) -> None:
    heard = [mostrador.dice("🤔 hmm").humano for _ in range(3)]
    assert heard == [False, False, True]


@pytest.mark.parametrize(
    "texto",
    [
        "sí pero más barato",
        "si tuvieras 10 me los llevo",
        "anótemelo igual",
        "sí, ¿y el envío?",
        "sí, cómo no, y yo soy el papa",
        "ok gracias",
        "me los guardas?",
        "mañana te digo",
        "sí, y agrega 2 brochas de 4",
    ],
)
def test_almost_a_yes_sells_nothing(mostrador: Mostrador, texto: str) -> None:
    mostrador.dice("quiero 10 martillos carpinteros")
    assert mostrador.dice(texto).vender == ()


def test_no_discount_is_given_and_the_offer_stands(mostrador: Mostrador) -> None:
    mostrador.dice("quiero una carretilla")
    told = mostrador.dice("déjamela en 100 mil")
    assert "no puedo hacer descuentos" in told.respuesta
    assert [line.precio_unitario for line in mostrador.dice("sí").vender] == [Decimal("228000.00")]


@pytest.mark.parametrize("unidad", ["unidad", "juego", "par"])
def test_what_is_counted_is_not_sold_in_fractions(mostrador: Mostrador, unidad: str) -> None:
    sku = {"unidad": "BC-2", "juego": "DT-3", "par": "GU-1"}[unidad]
    nombre = mostrador.producto(sku).nombre
    asked = mostrador.dice(f"quiero 1.5 {nombre}")
    assert asked.estado_venta == "ninguna"
    assert "sin fracciones" in asked.respuesta


def test_money_is_written_as_the_shops_currency_is(mostrador: Mostrador) -> None:
    mostrador.tienda = Tienda("La Tuerca", "MXN")
    assert "$456,000" in mostrador.dice("quiero 2 carretillas").respuesta


def test_an_unreadable_memory_starts_empty_but_never_reuses_an_offers_number(
    mostrador: Mostrador,
) -> None:
    mostrador.memoria = {"v": 99, "ofertas": 41, "algo": "nuevo"}
    mostrador.dice("quiero una carretilla")
    assert mostrador.dice("sí").oferta_n == 42


@pytest.mark.parametrize(
    "texto", ["mándame una foto del serrucho", "¿me pasas fotos del serrucho?"]
)
def test_who_wants_a_picture_hears_that_there_is_none_and_orders_nothing(
    mostrador: Mostrador, texto: str
) -> None:
    said = mostrador.dice(texto)
    assert "no tengo fotos" in said.respuesta
    assert "Serrucho de poda" in said.respuesta
    assert said.estado_venta == "ninguna"


def test_who_sends_a_picture_asks_for_none(mostrador: Mostrador) -> None:
    said = mostrador.dice("les envío la foto, necesito 2 serruchos de poda")
    assert "no tengo fotos" not in said.respuesta
    assert said.estado_venta == "oferta"
