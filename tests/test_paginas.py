"""Cursor paging: every row once, whatever comes and goes between two pages."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, select

from core.models import Canal, Cliente
from tests.acceso import Tienda, get, open_tienda
from web.datos import sesion_of
from web.paginas import Pagina, take_page


@pytest.fixture
def tienda(app: Flask) -> Tienda:
    return open_tienda(app)


def add_clientes(tienda: Tienda, n: int) -> None:
    with tienda.db.empresa(tienda.empresa_id) as session:
        session.add_all(Cliente(empresa_id=tienda.empresa_id, nombre=f"c{i}") for i in range(n))


@pytest.mark.parametrize("newest_first", [False, True])
def test_pages_cover_all_rows_in_order_when_times_are_equal(
    app: Flask, tienda: Tienda, newest_first: bool
) -> None:
    add_clientes(tienda, 25)  # one transaction, so one creado_en for all: the id must decide
    seen: list[int] = []
    cursor, pages = None, 0
    with app.app_context():
        while True:
            tramo = take_page(
                sesion_of(tienda.empresa_id),
                select(Cliente),
                by=(Cliente.creado_en, Cliente.id),
                query=Pagina(limite=10, cursor=cursor),
                newest_first=newest_first,
            )
            seen += [c.id for c in tramo.filas]
            pages, cursor = pages + 1, tramo.siguiente
            if cursor is None:
                break
    assert pages == 3
    assert seen == sorted(seen, reverse=newest_first)
    assert len(set(seen)) == 25


def test_rows_that_go_between_two_pages_skip_nothing(client: FlaskClient, tienda: Tienda) -> None:
    with tienda.db.empresa(tienda.empresa_id) as session:
        session.add_all(
            Canal(empresa_id=tienda.empresa_id, tipo="web", nombre=f"n{i}", clave=f"k{i}")
            for i in range(4)
        )
    first = get(client, "/canales/?limite=2", tienda.headers())
    with tienda.db.empresa(tienda.empresa_id) as session:
        session.execute(delete(Canal).where(Canal.clave == "k0"))
    rest = get(client, f"/canales/?limite=3&cursor={first['siguiente']}", tienda.headers())
    assert [c["nombre"] for c in rest["elementos"]] == ["n1", "n2", "n3"]
    assert rest["siguiente"] is None


@pytest.mark.parametrize(
    "query",
    [
        "limite=0",
        "limite=201",
        "limite=x",
        "cursor=basura",
        "cursor=ñ",
        "cursor=W10",
        "cursor=WyJ4Il0",
        "cursor=WzFlOTldCg",
        "cursor=WzE4NDQ2NzQ0MDczNzA5NTUxNjE2XQ",
        "cursor=W251bGxd",
    ],
)
def test_a_bad_page_is_bad_data_and_never_a_crash(
    client: FlaskClient, tienda: Tienda, query: str
) -> None:
    answer = client.get(f"/canales/?{query}", headers=tienda.headers())
    assert (answer.status_code, answer.get_json()["codigo"]) == (422, "datos_invalidos")
