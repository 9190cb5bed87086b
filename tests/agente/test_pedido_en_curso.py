"""An order between two turns: how it stands, emptied, begged about, and too old to be agreed."""

from datetime import timedelta
from decimal import Decimal

import pytest

from core.agente.estado import Memoria
from core.ports import Tienda
from tests.agente.mostrador import Mostrador


@pytest.mark.parametrize(
    "texto", ["¿cómo va mi pedido?", "¿sí quedó registrado?", "qué compré?", "estado de mi compra"]
)
def test_the_last_sale_is_told_as_its_rows_say(mostrador: Mostrador, texto: str) -> None:
    assert "No tengo ninguna compra tuya" in mostrador.dice(texto).respuesta
    mostrador.dice("quiero 3 brochas de 2 pulgadas")
    mostrador.dice("sí")
    mostrador.catalogo.cambiar(mostrador.producto("BC-1").id, precio=Decimal("9999.00"))
    told = mostrador.dice(texto)
    assert "está registrada" in told.respuesta
    assert "Total: $19.200" in told.respuesta
    assert (told.corregido, told.estado_venta) == (False, "confirmada")
    mostrador.dice("cancela la compra")
    assert "está cancelada" in mostrador.dice(texto).respuesta


@pytest.mark.parametrize("texto", ["qué llevo?", "¿cuánto va?", "¿qué tengo en el carrito?"])
def test_what_is_wanted_so_far_is_told_and_nothing_registered(
    mostrador: Mostrador, texto: str
) -> None:
    mostrador.dice("quiero 2 carretillas y 3 martillos")
    told = mostrador.dice(texto)
    assert "sin registrar todavía" in told.respuesta
    assert "$456.000" in told.respuesta
    assert "1) Martillo" in told.respuesta, "the question is asked again"
    mostrador.dice("el 2")
    assert "Total: $515.400. ¿Lo confirmas?" in mostrador.dice(texto).respuesta
    assert mostrador.ventas == []


def test_what_is_registered_is_asked_of_the_pending_order_while_there_is_one(
    mostrador: Mostrador,
) -> None:
    mostrador.dice("quiero 2 carretillas")
    told = mostrador.dice("¿sí quedó registrado?")
    assert (told.vender, told.estado_venta) == ((), "oferta")
    assert "sigue pendiente" in told.respuesta


@pytest.mark.parametrize(
    "texto", ["vacía el carrito", "borra todo", "empecemos de nuevo", "quita todo", "de cero"]
)
def test_an_order_is_emptied_and_a_sale_is_not_touched(mostrador: Mostrador, texto: str) -> None:
    mostrador.dice("quiero una carretilla")
    mostrador.dice("sí")
    mostrador.dice("quiero 2 brochas de 4 y 100 ladrillos")
    emptied = mostrador.dice(texto)
    assert "quedó vacío" in emptied.respuesta
    assert Memoria.from_json(emptied.memoria).carrito == ()
    again = mostrador.dice(texto)
    assert again.cancelar_venta_id is None
    assert [v.estado for v in mostrador.ventas] == ["confirmada"]


def test_beginning_anew_takes_the_new_order_at_once(mostrador: Mostrador) -> None:
    mostrador.dice("quiero 2 carretillas")
    kept = mostrador.dice("empecemos de nuevo, quiero 3 brochas de 4").memoria
    assert [(x.sku, x.cantidad) for x in Memoria.from_json(kept).carrito] == [("BC-2", 3)]


def test_the_shops_own_word_on_discounts_is_quoted(mostrador: Mostrador) -> None:
    policy = "Desde $500.000 damos 5% por pago\nen efectivo."
    mostrador.tienda = Tienda("La Tuerca", "COP", {"politica_descuento": policy})
    mostrador.dice("quiero 2 carretillas")
    told = mostrador.dice("¿me haces un descuento?")
    assert "Desde $500.000 damos 5% por pago en efectivo." in told.respuesta
    assert not told.corregido
    assert [x.precio_unitario for x in mostrador.dice("sí").vender] == [Decimal("228000.00")]


def test_begging_is_answered_in_fewer_words_each_time(mostrador: Mostrador) -> None:
    mostrador.dice("quiero 2 carretillas")
    said = [
        mostrador.dice(t).respuesta
        for t in ("¿me haces un descuento?", "anda, rebájame algo", "un descuentito porfa")
    ]
    assert said[2] == "El precio es el mismo: $456.000 en total. ¿Lo confirmas?"
    assert len(said[2]) < len(said[1])
    assert mostrador.dice("otro descuento?").respuesta == said[2]
    mostrador.dice("¿son de acero?")
    assert "no puedo hacer descuentos" in mostrador.dice("¿y un descuento?").respuesta


def test_an_offer_of_yesterday_is_looked_at_again_before_it_is_sold(mostrador: Mostrador) -> None:
    mostrador.dice("quiero 2 carretillas")
    mostrador.adelanto = timedelta(hours=25)
    again = mostrador.dice("sí")
    assert (again.vender, again.estado_venta) == ((), "oferta")
    assert "la revisé con los precios de ahora" in again.respuesta
    assert mostrador.dice("sí").oferta_n == 1


def test_the_shop_says_how_long_an_offer_is_good(mostrador: Mostrador) -> None:
    mostrador.tienda = Tienda("La Tuerca", "COP", {"oferta_horas": 1})
    mostrador.dice("quiero 2 carretillas")
    mostrador.adelanto = timedelta(hours=2)
    assert mostrador.dice("sí").vender == ()
    mostrador.adelanto = timedelta(hours=2, minutes=50)
    assert mostrador.dice("sí").vender


def test_an_offer_without_its_time_is_as_good_as_new(mostrador: Mostrador) -> None:
    mostrador.dice("quiero 2 carretillas")
    for later in ("hecha_en", "falta", "fallos"):
        del mostrador.memoria["oferta"][later]
    mostrador.adelanto = timedelta(days=9)
    assert mostrador.dice("sí").vender


def test_an_offer_that_is_said_again_is_said_at_the_price_of_now(mostrador: Mostrador) -> None:
    mostrador.dice("quiero 2 carretillas")
    id_ = mostrador.producto("CR-1").id
    mostrador.catalogo.cambiar(id_, precio=Decimal("250000.00"))
    told = mostrador.dice("¿y el envío?")
    assert "antes $228.000, ahora $250.000" in told.respuesta
    assert (told.corregido, told.estado_venta) == (False, "oferta")
    assert [x.precio_unitario for x in mostrador.dice("sí").vender] == [Decimal("250000.00")]


def test_what_was_noted_is_said_at_the_price_of_now(mostrador: Mostrador) -> None:
    mostrador.dice("quiero 2 carretillas y 3 martillos")
    mostrador.catalogo.cambiar(mostrador.producto("CR-1").id, precio=Decimal("250000.00"))
    told = mostrador.dice("y también clavos")
    assert "$250.000" in told.respuesta
    assert not told.corregido
