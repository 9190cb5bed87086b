"""After a sale: cancelled or changed while the shop allows it, and never sold twice."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from core.agente.estado import Memoria
from core.agente.vendedor import respond
from core.ports import Tienda
from tests.agente.mostrador import Mostrador


@pytest.fixture
def vendido(mostrador: Mostrador) -> Mostrador:
    """Two carretillas of three and three brochas are sold."""
    mostrador.dice("quiero 2 carretillas y 3 brochas de 2 pulgadas")
    assert mostrador.dice("sí").vender
    return mostrador


def in_force(m: Mostrador) -> dict[str, Decimal]:
    return {sku: q for sku, q, _ in m.look().lineas}


def stocks(m: Mostrador, *skus: str) -> list[Decimal]:
    return [m.producto(sku).stock for sku in skus]


def test_a_change_is_an_offer_and_the_sale_stands_until_the_yes(vendido: Mostrador) -> None:
    offered = vendido.dice("que sean 3 carretillas")
    assert "Tu compra registrada se cambiaría por:" in offered.respuesta
    assert (offered.vender, offered.cancelar_venta_id) == ((), None)
    assert in_force(vendido) == {"CR-1": 2, "BC-1": 3}

    changed = vendido.dice("sí")
    assert (changed.cancelar_venta_id, changed.oferta_n) == (1, 2)
    assert [v.estado for v in vendido.ventas] == ["cancelada", "confirmada"]
    assert in_force(vendido) == {"CR-1": 3, "BC-1": 3}
    assert stocks(vendido, "CR-1", "BC-1") == [0, 37]


@pytest.mark.parametrize(
    ("cambio", "queda"),
    [
        ("quítale las brochas", {"CR-1": 2}),
        ("ya no quiero las carretillas", {"BC-1": 3}),
        ("agrégale 2 martillos de goma", {"CR-1": 2, "BC-1": 3, "MZ-3": 2}),
        ("cambia las brochas por ladrillos", {"CR-1": 2, "LD-1": 3}),
        ("me equivoqué, eran 5 brochas", {"CR-1": 2, "BC-1": 5}),
        ("mejor que sea 1 carretilla", {"CR-1": 1, "BC-1": 3}),
    ],
)
def test_what_was_sold_can_be_changed(
    vendido: Mostrador, cambio: str, queda: dict[str, int]
) -> None:
    vendido.dice(cambio)
    vendido.dice("sí")
    assert in_force(vendido) == queda


def test_a_change_that_needs_a_question_is_still_one_change(vendido: Mostrador) -> None:
    assert "1) " in vendido.dice("cambia las brochas por martillos").respuesta
    assert "se cambiaría por" in vendido.dice("el 2").respuesta
    vendido.dice("dale")
    assert in_force(vendido) == {"CR-1": 2, "MZ-3": 3}


@pytest.mark.parametrize("texto", ["no", "cancela", "mejor no"])
def test_a_no_to_the_change_leaves_the_sale(vendido: Mostrador, texto: str) -> None:
    vendido.dice("quítale las brochas")
    dropped = vendido.dice(texto)
    assert (dropped.cancelar_venta_id, dropped.estado_venta) == (None, "confirmada")
    assert "sigue registrada" in dropped.respuesta
    assert "ya está registrada" in vendido.dice("sí").respuesta
    assert in_force(vendido) == {"CR-1": 2, "BC-1": 3}


def test_the_sale_itself_can_be_cancelled_while_a_change_is_pending(vendido: Mostrador) -> None:
    vendido.dice("quítale las brochas")
    assert vendido.dice("cancela la compra").cancelar_venta_id == 1
    assert vendido.dice("sí").vender == ()
    assert stocks(vendido, "CR-1", "BC-1") == [3, 40]


def test_taking_everything_out_is_no_change_but_a_cancelling_that_is_asked_for(
    vendido: Mostrador,
) -> None:
    told = vendido.dice("quita las carretillas y las brochas")
    assert "escribe «cancela la compra»" in told.respuesta
    assert in_force(vendido) == {"CR-1": 2, "BC-1": 3}


def test_more_than_the_sale_gives_back_is_not_offered(vendido: Mostrador) -> None:
    assert "solo hay 3" in vendido.dice("que sean 9 carretillas").respuesta
    vendido.dice("sí")
    told = vendido.dice("que sean 9 carretillas")
    assert (told.corregido, told.estado_venta) == (False, "confirmada")
    assert "No tengo más unidades" in told.respuesta


def test_a_price_that_rose_since_the_sale_is_told_in_the_change(vendido: Mostrador) -> None:
    id_ = vendido.producto("CR-1").id
    vendido.catalogo.cambiar(id_, precio=Decimal("250000.00"))
    told = vendido.dice("quítale las brochas")
    assert "antes $228.000, ahora $250.000" in told.respuesta
    assert not told.corregido
    assert [x.precio_unitario for x in vendido.dice("sí").vender] == [Decimal("250000.00")]


def test_something_else_bought_later_is_another_sale(vendido: Mostrador) -> None:
    vendido.dice("también quiero un candado de 40")
    bought = vendido.dice("sí")
    assert (bought.cancelar_venta_id, len(vendido.ventas)) == (None, 2)


@pytest.mark.parametrize("texto", ["cancela la compra", "quítale las brochas", "¿puedo cancelar?"])
def test_too_late_is_told_and_a_person_called(vendido: Mostrador, texto: str) -> None:
    vendido.adelanto = timedelta(minutes=61)
    told = vendido.dice(texto)
    assert (told.humano, told.cancelar_venta_id, told.estado_venta) == (True, None, "confirmada")
    assert "Ya pasó el tiempo" in told.respuesta
    assert vendido.dice("sí").vender == ()


def test_the_shop_says_how_long_a_sale_can_be_changed(vendido: Mostrador) -> None:
    vendido.tienda = Tienda("La Tuerca", "COP", {"minutos_para_cambiar": 0})
    assert vendido.dice("cancela la compra").cancelar_venta_id is None
    vendido.tienda = Tienda("La Tuerca", "COP", {"minutos_para_cambiar": 24 * 60})
    vendido.adelanto = timedelta(hours=23)
    assert vendido.dice("cancela la compra").cancelar_venta_id == 1


def test_a_yes_that_comes_after_the_time_changes_nothing(vendido: Mostrador) -> None:
    vendido.dice("quítale las brochas")
    vendido.adelanto = timedelta(hours=2)
    late = vendido.dice("sí")
    assert (late.vender, late.humano) == ((), True)
    assert "sigue registrada" in late.respuesta


@pytest.mark.parametrize("texto", ["¿tienen candados?", "gracias", "no", "que sean 3", "hola"])
def test_whoever_is_told_that_a_person_comes_has_one_called(vendido: Mostrador, texto: str) -> None:
    vendido.dice("quítale las brochas")
    vendido.adelanto = timedelta(hours=2)
    late = vendido.dice(texto)
    assert ("persona del equipo" in late.respuesta) is late.humano


def test_what_the_shop_has_moved_on_is_changed_by_a_person(vendido: Mostrador) -> None:
    vendido.ventas[-1] = replace(vendido.ventas[-1], estado="pagada")
    for texto in ("cancela la compra", "quítale las brochas"):
        told = vendido.dice(texto)
        assert (told.humano, told.cancelar_venta_id) == (True, None)


def test_a_change_of_a_sale_that_the_shop_cancelled_meanwhile_sells_nothing(
    vendido: Mostrador,
) -> None:
    vendido.dice("quítale las brochas")
    vendido._cancel(1)
    told = vendido.dice("sí")
    assert (told.vender, told.cancelar_venta_id) == ((), None)
    assert "dejé de lado el cambio" in told.respuesta
    assert Memoria.from_json(told.memoria).carrito == ()


def test_a_change_that_was_not_read_is_not_made(vendido: Mostrador) -> None:
    vendido.dice("quítale las brochas")
    early = respond(vendido.fuentes, replace(vendido.visto, leida=False), ["sí"])
    assert early.vender == ()
    assert "se cambiaría" in early.respuesta or "sigue pendiente" in early.respuesta


def test_a_memory_of_the_release_before_is_read(vendido: Mostrador) -> None:
    vendido.dice("quiero 2 brochas de 4")
    kept = vendido.memoria
    del kept["reemplaza"], kept["oferta"]["reemplaza"]
    assert [x.cantidad for x in vendido.dice("sí").vender] == [2]


def test_a_sale_that_is_cancelled_already_is_said_to_be(mostrador: Mostrador) -> None:
    for texto in ("quiero 2 carretillas", "sí", "cancela la compra"):
        mostrador.dice(texto)
    told = mostrador.dice("cancela la compra")
    assert "está cancelada" in told.respuesta
    assert told.estado_venta == "cancelada"


def test_an_order_beside_a_cancellation_cancels_nothing_unasked(mostrador: Mostrador) -> None:
    for texto in ("quiero 2 carretillas", "sí"):
        mostrador.dice(texto)
    told = mostrador.dice("ya no las quiero, mejor dame 1 serrucho de poda")
    assert told.cancelar_venta_id is None
    assert "«cancela la compra»" in told.respuesta
