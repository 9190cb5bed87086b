"""The catalogue over HTTP: who may do what, and a ledger that always adds up."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from core.models import Rol
from tests.acceso import Tienda, get, open_tienda

MARTILLO = {"nombre": "Martillo de uña", "precio": "28900.00", "stock": 7, "sku": "M-1"}


@pytest.fixture
def tienda(app: Flask) -> Iterator[Tienda]:
    tienda = open_tienda(app)
    yield tienda
    with tienda.db.empresa(tienda.empresa_id) as session:
        apart = session.scalars(
            text(
                "SELECT p.id FROM producto p WHERE p.stock <> coalesce((SELECT sum(m.cantidad) "
                "FROM movimiento m WHERE m.producto_id = p.id), 0)"
            )
        ).all()
    assert apart == [], "stock = Σ movimientos"


def create(client: FlaskClient, tienda: Tienda, rol: Rol = Rol.ADMIN, **campos: Any) -> Any:
    return client.post("/productos/", json=MARTILLO | campos, headers=tienda.headers(rol))


def patch(client: FlaskClient, tienda: Tienda, id_: int, **campos: Any) -> Any:
    return client.patch(f"/productos/{id_}", json=campos, headers=tienda.headers())


def names(client: FlaskClient, tienda: Tienda, query: str) -> list[str]:
    found = get(client, f"/productos/{query}", tienda.headers(Rol.OBSERVADOR))
    return [p["nombre"] for p in found["elementos"]]


def test_a_producto_is_read_as_it_was_written(client: FlaskClient, tienda: Tienda) -> None:
    answer = create(client, tienda, descripcion="Forjado.", categoria="Manual", marca="Cóndor")
    assert answer.status_code == 201, answer.text
    producto = answer.get_json()
    assert producto == {
        "id": producto["id"],
        "sku": "M-1",
        "nombre": "Martillo de uña",
        "descripcion": "Forjado.",
        "categoria": "Manual",
        "marca": "Cóndor",
        "unidad": "unidad",
        "precio": "28900.00",
        "moneda": "COP",
        "stock": 7,
        "activo": True,
    }
    assert get(client, f"/productos/{producto['id']}", tienda.headers(Rol.OBSERVADOR)) == producto


@pytest.mark.parametrize("rol", [Rol.VENDEDOR, Rol.OBSERVADOR])
def test_only_an_admin_edits(client: FlaskClient, tienda: Tienda, rol: Rol) -> None:
    id_ = create(client, tienda).get_json()["id"]
    headers = tienda.headers(rol)
    assert create(client, tienda, rol, sku="M-2").status_code == 403
    assert client.patch(f"/productos/{id_}", json={"stock": 1}, headers=headers).status_code == 403
    assert client.delete(f"/productos/{id_}", headers=headers).status_code == 403
    assert get(client, "/productos/", headers)["elementos"][0]["stock"] == 7


@pytest.mark.parametrize(
    ("campo", "valor"),
    [
        ("nombre", "   "),
        ("nombre", "a\0b"),
        ("nombre", "x" * 301),
        ("precio", "-1"),
        ("precio", "1.234"),
        ("precio", "1e308"),
        ("precio", "NaN"),
        ("stock", -1),
        ("stock", 2.5),
        ("stock", "Infinity"),
        ("stock", 1e-9),
        ("moneda", "USD"),
        ("sku", "x" * 65),
    ],
)
def test_what_cannot_be_names_its_field(
    client: FlaskClient, tienda: Tienda, campo: str, valor: object
) -> None:
    answer = create(client, tienda, **{campo: valor})
    assert answer.status_code == 422, answer.text
    assert [e["campo"].split(".")[-1] for e in answer.get_json()["errores"]] == [campo]
    assert names(client, tienda, "") == []


def test_what_is_measured_may_be_divided(client: FlaskClient, tienda: Tienda) -> None:
    producto = create(client, tienda, unidad="metro", stock=2.5).get_json()
    assert producto["stock"] == 2.5
    assert patch(client, tienda, producto["id"], unidad="unidad").status_code == 422


def test_a_key_belongs_to_one_producto(client: FlaskClient, tienda: Tienda) -> None:
    first = create(client, tienda).get_json()["id"]
    again = create(client, tienda, sku="m-1", nombre="Otro")
    assert (again.status_code, again.get_json()["codigo"]) == (409, "producto_repetido")
    assert create(client, tienda, sku="M-2").status_code == 201  # same nombre, its own sku
    unnamed = create(client, tienda, sku=None, nombre="Lija  600").get_json()
    assert unnamed["nombre"] == "Lija 600"
    assert create(client, tienda, sku="", nombre="LIJA 600").status_code == 409
    assert patch(client, tienda, unnamed["id"], sku="M-1").status_code == 409
    assert patch(client, tienda, first, sku="M-1").status_code == 200


def test_a_patch_changes_what_it_names(client: FlaskClient, tienda: Tienda) -> None:
    producto = create(client, tienda).get_json()
    changed = patch(client, tienda, producto["id"], precio=30000, stock=12, nombre="Martillo").json
    assert changed == producto | {"precio": "30000.00", "stock": 12, "nombre": "Martillo"}
    assert names(client, tienda, "?q=uña") == []
    assert names(client, tienda, "?q=martillos") == ["Martillo"]
    assert patch(client, tienda, producto["id"]).json == changed
    assert patch(client, tienda, producto["id"], moneda="USD").status_code == 422


def test_edits_and_sales_at_once_lose_nothing(client: FlaskClient, tienda: Tienda) -> None:
    """The fixture's check of the ledger is the point; the stock is whatever came last."""
    id_ = create(client, tienda, stock=1000).get_json()["id"]
    headers = tienda.headers()

    def edit(n: int) -> int:
        other = tienda.app.test_client()
        if n % 2:
            lines = {"lineas": [{"producto_id": id_, "cantidad": 1}]}
            return other.post("/ventas/", json=lines, headers=headers).status_code
        return other.patch(
            f"/productos/{id_}", json={"stock": n + 500}, headers=headers
        ).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(edit, range(40))) == {200, 201}


def test_a_deleted_producto_is_only_out_of_sale(client: FlaskClient, tienda: Tienda) -> None:
    id_ = create(client, tienda).get_json()["id"]
    for _ in range(2):
        assert client.delete(f"/productos/{id_}", headers=tienda.headers()).status_code == 204
    assert names(client, tienda, "") == names(client, tienda, "?q=martillo") == []
    assert names(client, tienda, "?inactivos=1") == ["Martillo de uña"]
    assert names(client, tienda, "?q=martillo&inactivos=1") == ["Martillo de uña"]
    assert get(client, f"/productos/{id_}", tienda.headers())["activo"] is False
    assert create(client, tienda).status_code == 409
    assert patch(client, tienda, id_, activo=True).json["activo"] is True
    assert names(client, tienda, "?q=martillo") == ["Martillo de uña"]


def test_pages_show_everything_once(client: FlaskClient, tienda: Tienda) -> None:
    for n in range(7):
        create(client, tienda, sku=f"M-{n}", nombre=f"Martillo {n}", categoria="A" if n else "B")
    for query in ("?limite=3", "?limite=3&q=martillo", "?limite=3&categoria=a", "?limite=3&q=M-3"):
        seen: list[int] = []
        cursor: str | None = ""
        while cursor is not None:
            after = f"&cursor={cursor}" if cursor else ""
            page = get(client, f"/productos/{query}{after}", tienda.headers())
            assert len(page["elementos"]) <= 3
            seen += [p["id"] for p in page["elementos"]]
            cursor = page["siguiente"]
        assert len(seen) == len(set(seen)) == {"?limite=3&categoria=a": 6}.get(query, len(seen))
    assert names(client, tienda, "?q=M-3")[0] == "Martillo 3"
    for cursor in ("x", "cTk5OTk5OTk5OTk5OQ", "%00", "ñ"):
        bad = client.get(f"/productos/?q=martillo&cursor={cursor}", headers=tienda.headers())
        assert bad.status_code == 422


def test_another_empresas_producto_does_not_exist(client: FlaskClient, tienda: Tienda) -> None:
    id_ = create(client, tienda).get_json()["id"]
    other = open_tienda(tienda.app, "Otra")
    for method in ("get", "patch", "delete"):
        body = {"json": {"stock": 1}} if method == "patch" else {}
        mine = getattr(client, method)(f"/productos/{id_}", headers=other.headers(), **body)
        none = getattr(client, method)("/productos/999999", headers=other.headers(), **body)
        assert (mine.status_code, mine.data) == (404, none.data)
    assert names(client, other, "?q=martillo&inactivos=1") == []


def test_every_edit_is_in_the_audit(client: FlaskClient, tienda: Tienda) -> None:
    id_ = create(client, tienda).get_json()["id"]
    patch(client, tienda, id_, stock=9)
    with tienda.db.empresa(tienda.empresa_id) as session:
        rows = session.execute(
            text("SELECT accion, datos FROM log WHERE objeto = :o ORDER BY id"),
            {"o": f"producto:{id_}"},
        ).all()
        moved = session.scalars(text("SELECT cantidad FROM movimiento ORDER BY id")).all()
    assert [r.accion for r in rows] == ["producto.crear", "producto.editar"]
    assert rows[1].datos == {"campos": ["stock"]}
    assert moved == [Decimal(7), Decimal(2)]
