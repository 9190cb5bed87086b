"""Orders from the native catalogue: our productos, our prices, and a yes as always."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from core.db import Database
from core.models import Producto, Venta
from tests.telegram.conftest import Bot
from tests.whatsapp.avisos import ejemplo, mensaje
from tests.whatsapp.conftest import Post
from tests.whatsapp.emulador import Emulador

Work = Callable[[], None]


@pytest.fixture(autouse=True)
def catalogo(db: Database, empresa_id: int) -> None:
    with db.empresa(empresa_id) as session:
        for n, (sku, nombre, precio, unidad, activo) in enumerate(
            [
                ("MAR-16", "Martillo de uña 16 oz y mango rojo", "28900.00", "unidad", True),
                ("CEM/50", "Cemento gris 50 kg", "32000.00", "bulto", True),
                ("TUB 1/2", "Tubo PVC 1/2 x 6 m", "11500.50", "unidad", True),
                ("VIEJO", "Martillo descontinuado", "1000.00", "unidad", False),
            ]
        ):
            session.add(
                Producto(
                    empresa_id=empresa_id,
                    clave=f"p{n}",
                    sku=sku,
                    nombre=nombre,
                    precio=Decimal(precio),
                    moneda="COP",
                    stock=Decimal(20),
                    unidad=unidad,
                    activo=activo,
                )
            )


def order(*lines: tuple[str, Any], nota: str = "", precio: float = 1.0) -> dict[str, Any]:
    items = [
        {"product_retailer_id": s, "quantity": n, "item_price": precio, "currency": "COP"}
        for s, n in lines
    ]
    part = {"catalog_id": "1", "text": nota, "product_items": items}
    return mensaje(None, type="order", order=part)


def ventas(db: Database, empresa_id: int) -> list[Decimal]:
    with db.empresa(empresa_id) as session:
        return list(session.scalars(select(Venta.total)))


def test_it_is_offered_at_our_prices_and_sold_to_a_yes(
    post: Post, work: Work, emulador: Emulador, db: Database, canal: Bot
) -> None:
    post(order(("MAR-16", 2), ("CEM/50", "3"), ("TUB 1/2", 1)))
    work()
    [offer] = emulador.aceptados
    for said in ("57.800", "96.000", "11.500", "165.300"):
        assert said in offer.texto
    assert ventas(db, canal.empresa_id) == []
    post(mensaje("Sí, confirmo"))
    work()
    assert ventas(db, canal.empresa_id) == [Decimal("165300.50")]


def test_what_we_do_not_have_is_said_and_the_rest_is_offered(
    post: Post, work: Work, emulador: Emulador, canal: Bot
) -> None:
    post(ejemplo("pedido") | {})
    post(order(("VIEJO", 1), nota="gracias"))
    # The example is of another day: only whoever wrote lately is answered.
    work()
    [offer] = emulador.aceptados
    assert "NO-HAY" in offer.texto
    assert "VIEJO" in offer.texto
    assert "57.800" in offer.texto
    texts = [m.texto for m in canal.mensajes() if m.remitente == "usuario"]
    assert texts[0] == "Pedido del catálogo: 2 × MAR-16, 1 × NO-HAY. para mañana"


def test_nothing_known_is_no_offer(
    post: Post, work: Work, emulador: Emulador, db: Database, canal: Bot
) -> None:
    post(order(("mar-16", 1)))
    work()
    assert "mar-16" in emulador.aceptados[0].texto
    post(mensaje("sí"))
    work()
    assert ventas(db, canal.empresa_id) == []


def test_a_yes_in_the_same_burst_is_no_yes_to_it(
    post: Post, work: Work, emulador: Emulador, db: Database, canal: Bot
) -> None:
    post(order(("MAR-16", 2)), mensaje("sí, confirmo"))
    work()
    assert ventas(db, canal.empresa_id) == []
    post(order(("MAR-16", 3)), mensaje("sí, confirmo"))
    work()
    assert ventas(db, canal.empresa_id) == []
    assert "86.700" in emulador.aceptados[-1].texto
    post(mensaje("sí, confirmo"))
    work()
    assert ventas(db, canal.empresa_id) == [Decimal("86700.00")]


def test_it_goes_into_the_same_cart_as_the_words(
    post: Post, work: Work, emulador: Emulador, db: Database, canal: Bot
) -> None:
    post(mensaje("Quiero 2 bultos de cemento gris"))
    work()
    post(order(("MAR-16", 1)), mensaje("y 1 tubo pvc 1/2"))
    work()
    assert "104.400" in emulador.aceptados[-1].texto
    post(mensaje("sí"))
    work()
    assert ventas(db, canal.empresa_id) == [Decimal("104400.50")]


@pytest.mark.parametrize("cantidad", [0, -1, "x", None, "NaN", 1e12, "1" * 400])
def test_an_amount_that_is_none_orders_nothing(
    post: Post, work: Work, db: Database, canal: Bot, cantidad: Any
) -> None:
    post(order(("MAR-16", cantidad)))
    work()
    post(mensaje("sí"))
    work()
    assert ventas(db, canal.empresa_id) == []


def test_a_fraction_of_what_is_sold_whole_is_asked_about(
    post: Post, work: Work, emulador: Emulador, db: Database, canal: Bot
) -> None:
    post(order(("MAR-16", 1.5)))
    work()
    assert "sin fracciones" in emulador.aceptados[0].texto
