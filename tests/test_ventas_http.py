"""Sales over HTTP: once each, at today's price, with the stock right."""

import json
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, text

from core.models import Movimiento, Producto, Rol, Venta
from tests.acceso import Tienda, get, open_tienda


@pytest.fixture
def tienda(app: Flask) -> Tienda:
    return open_tienda(app)


def sell(client: FlaskClient, tienda: Tienda, body: dict[str, Any], **headers: str) -> Any:
    sent = tienda.headers(Rol.VENDEDOR) | {k.replace("_", "-"): v for k, v in headers.items()}
    # Escaped, so that what is no text can be sent at all.
    return client.post(
        "/ventas/", data=json.dumps(body), content_type="application/json", headers=sent
    )


def lines(cantidad: object = 2, sku: str = "M-1") -> dict[str, Any]:
    return {"lineas": [{"sku": sku, "cantidad": cantidad}]}


def stock(tienda: Tienda, sku: str = "M-1") -> Decimal:
    """What the row says, which the ledger must confirm."""
    with tienda.db.empresa(tienda.empresa_id) as session:
        row = session.scalars(select(Producto).where(Producto.sku == sku)).one()
        moved = session.scalar(
            select(func.sum(Movimiento.cantidad)).where(Movimiento.producto_id == row.id)
        )
        assert row.stock == moved
        return row.stock


def test_a_sale_has_todays_prices_its_lines_and_takes_the_stock(
    client: FlaskClient, tienda: Tienda
) -> None:
    producto_id = tienda.producto()
    tienda.chat("c-1")
    answer = sell(client, tienda, lines() | {"chat_id": "c-1", "cliente": {"nombre": "Ana"}})
    assert answer.status_code == 201, answer.text
    venta = answer.get_json()
    assert venta | {"id": 0, "creada_en": ""} == {
        "id": 0,
        "chat_id": "c-1",
        "estado": "confirmada",
        "total": "57800.00",
        "moneda": "COP",
        "cliente": {"nombre": "Ana"},
        "lineas": [
            {
                "producto_id": producto_id,
                "sku": "M-1",
                "nombre": "Martillo M-1",
                "cantidad": 2,
                "precio_unitario": "28900.00",
                "subtotal": "57800.00",
            }
        ],
        "creada_en": "",
        "cancelada_en": None,
    }
    assert stock(tienda) == 5
    assert get(client, f"/ventas/{venta['id']}", tienda.headers(Rol.OBSERVADOR)) == venta


def test_more_than_there_is_says_what_there_is_and_sells_nothing(
    client: FlaskClient, tienda: Tienda
) -> None:
    tienda.producto()
    answer = sell(client, tienda, lines(8))
    assert (answer.status_code, answer.get_json()["codigo"]) == (409, "stock_insuficiente")
    short = answer.get_json()["faltantes"][0]
    assert (short["sku"], short["pedido"], short["disponible"]) == ("M-1", 8, 7)
    assert stock(tienda) == 7


def test_a_sku_is_recognised_as_an_import_would(client: FlaskClient, tienda: Tienda) -> None:
    tienda.producto()
    line = {"sku": "m-1", "cantidad": 1}
    assert sell(client, tienda, {"lineas": [line]}).get_json()["lineas"][0]["sku"] == "M-1"
    assert sell(client, tienda, {"lineas": [line | {"sku": ""}]}).status_code == 404
    assert stock(tienda) == 6


def test_the_same_key_is_one_sale_and_another_request_under_it_is_refused(
    client: FlaskClient, tienda: Tienda
) -> None:
    tienda.producto()
    first = sell(client, tienda, lines(), Idempotency_Key="k-1")
    with tienda.db.empresa(tienda.empresa_id) as session:
        session.execute(text("UPDATE producto SET precio = 1, activo = false"))
    again = sell(client, tienda, lines(), Idempotency_Key="k-1")
    assert (again.status_code, again.data) == (201, first.data)
    other = sell(client, tienda, lines(3), Idempotency_Key="k-1")
    assert (other.status_code, other.get_json()["codigo"]) == (409, "clave_reutilizada")
    assert stock(tienda) == 5


def test_the_same_key_at_the_same_moment_is_one_sale(app: Flask, tienda: Tienda) -> None:
    tienda.producto()
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(
                lambda _: sell(app.test_client(), tienda, lines(), Idempotency_Key="k"), range(8)
            )
        )
    assert {a.status_code for a in answers} == {201}
    assert len({a.data for a in answers}) == 1
    assert stock(tienda) == 5


def test_a_cancelled_sale_gives_its_stock_back_once(client: FlaskClient, tienda: Tienda) -> None:
    tienda.producto()
    venta = sell(client, tienda, lines()).get_json()
    for _ in range(2):
        ruta = f"/ventas/{venta['id']}/cancelar"
        answer = client.post(ruta, headers=tienda.headers(Rol.VENDEDOR))
        assert (answer.status_code, answer.get_json()["estado"]) == (200, "cancelada")
    assert stock(tienda) == 7


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"lineas": []},
        lines(0),
        lines(-1),
        lines("NaN"),
        lines(0.0001),
        lines(1.5),
        lines(10**15),
        {"lineas": [{"cantidad": 1}]},
        {"lineas": [{"sku": "M-1", "producto_id": 1, "cantidad": 1}]},
        {"lineas": [{"producto_id": 2**70, "cantidad": 1}]},
        lines(sku="a\0b"),
        lines(sku="\ud800"),
        lines() | {"chat_id": "a\0b"},
        lines() | {"cliente": {"nombre": "a\0b"}},
        lines() | {"cliente": {"nombre": "\ud800"}},
    ],
)
def test_a_sale_that_makes_no_sense_is_bad_data_and_never_a_crash(
    client: FlaskClient, tienda: Tienda, body: dict[str, Any]
) -> None:
    tienda.producto()
    answer = sell(client, tienda, body)
    assert (answer.status_code, answer.get_json()["codigo"]) == (422, "datos_invalidos")
    assert stock(tienda) == 7


@pytest.mark.parametrize(
    "body",
    [
        lines(sku="otra"),
        lines() | {"chat_id": "nadie"},
        {"lineas": [{"producto_id": 9, "cantidad": 1}]},
    ],
)
def test_a_sale_of_or_to_what_does_not_exist_is_not_found(
    client: FlaskClient, tienda: Tienda, body: dict[str, Any]
) -> None:
    tienda.producto()
    assert sell(client, tienda, body).status_code == 404


def test_sales_by_measure_may_be_fractions(client: FlaskClient, tienda: Tienda) -> None:
    tienda.producto("C-1", precio="1000.00", stock="10", unidad="metro")
    venta = sell(client, tienda, lines(2.5, "C-1")).get_json()
    assert (venta["lineas"][0]["cantidad"], venta["total"]) == (2.5, "2500.00")
    assert stock(tienda, "C-1") == Decimal("7.5")


def test_ventas_are_filtered_and_paged_the_last_first(client: FlaskClient, tienda: Tienda) -> None:
    tienda.producto(stock="100")
    tienda.chat("c-1")
    tienda.chat("vacio")
    ids = [
        sell(client, tienda, lines(1) | ({"chat_id": "c-1"} if n % 2 else {})).get_json()["id"]
        for n in range(5)
    ]
    client.post(f"/ventas/{ids[1]}/cancelar", headers=tienda.headers())
    with tienda.db.empresa(tienda.empresa_id) as session:
        venta = session.get_one(Venta, (tienda.empresa_id, ids[0]))
        venta.creada_en = venta.creada_en.replace(year=2001, month=2, day=3)

    def found(query: str) -> list[int]:
        body = get(client, f"/ventas/?{query}", tienda.headers(Rol.OBSERVADOR))
        return [v["id"] for v in body["elementos"]]

    assert found("") == ids[::-1]
    assert found("chat_id=c-1") == [ids[3], ids[1]]
    assert found("chat_id=nadie") == []
    assert found("estado=cancelada") == [ids[1]]
    assert found("hasta=2001-02-03") == [ids[0]]
    assert found("hasta=2001-02-02") == []
    assert found("desde=2001-02-04T00:00:00-05:00") == ids[:0:-1]
    first = get(client, "/ventas/?limite=3", tienda.headers())
    rest = found(f"limite=3&cursor={first['siguiente']}")
    assert [v["id"] for v in first["elementos"]] + rest == ids[::-1]

    historial = get(client, "/ventas/historial/c-1?limite=1", tienda.headers(Rol.OBSERVADOR))
    assert [v["id"] for v in historial["elementos"]] == [ids[3]]
    assert get(client, "/ventas/historial/c-1", tienda.cliente_headers("c-1"))["siguiente"] is None
    assert get(client, "/ventas/historial/vacio", tienda.headers())["elementos"] == []
    assert client.get("/ventas/historial/nadie", headers=tienda.headers()).status_code == 404
    other = client.get("/ventas/historial/c-1", headers=tienda.cliente_headers("vacio"))
    assert other.status_code == 404


@pytest.mark.parametrize("query", ["desde=ayer", "hasta=9999-12-31", "desde=2001-02-03T10:00:00"])
def test_a_date_that_is_none_is_bad_data(client: FlaskClient, tienda: Tienda, query: str) -> None:
    assert client.get(f"/ventas/?{query}", headers=tienda.headers()).status_code == 422
