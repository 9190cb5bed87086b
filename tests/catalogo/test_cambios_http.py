"""Previews, their application and undos as a client sees them, and an import followed live."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.models import Rol
from tests.acceso import Tienda, get, open_tienda
from tests.catalogo.test_importaciones_http import upload, work

ANTES = "sku,nombre,precio,stock\nA,Alicate,100,5\nB,Broca,200,2\nC,Cinta,300,5\n"
DESPUES = "sku,nombre,precio,stock\nA,Alicate,150.5,5\nB,Broca,200,2\nN,Nivel,7,3\nX,Mala,abc,1\n"


@pytest.fixture
def tienda(app: Flask) -> Tienda:
    return open_tienda(app)


def ask(client: FlaskClient, tienda: Tienda, ruta: str, rol: Rol = Rol.ADMIN) -> Any:
    return client.post(f"/importaciones/{ruta}", headers=tienda.headers(rol))


def cambios(client: FlaskClient, tienda: Tienda, id_: int, query: str = "") -> Any:
    return get(client, f"/importaciones/{id_}/cambios{query}", tienda.headers(Rol.OBSERVADOR))


def begin(client: FlaskClient, tienda: Tienda, contenido: str, query: str = "") -> int:
    answer = upload(client, tienda, contenido, query)
    assert answer.status_code == 202, answer.text
    id_: int = answer.get_json()["importacion_id"]
    return id_


def shown(producto: dict[str, Any]) -> tuple[Any, ...]:
    return producto["sku"], producto["precio"], producto["stock"], producto["activo"]


def productos(client: FlaskClient, tienda: Tienda) -> list[tuple[Any, ...]]:
    found = get(client, "/productos/?inactivos=1", tienda.headers())["elementos"]
    return [shown(p) for p in found]


def test_a_preview_is_read_applied_and_undone(client: FlaskClient, tienda: Tienda) -> None:
    begin(client, tienda, ANTES)
    work(tienda)
    before = productos(client, tienda)
    id_ = begin(client, tienda, DESPUES, "?simular=1")
    work(tienda)
    seen = get(client, f"/importaciones/{id_}", tienda.headers(Rol.OBSERVADOR))
    counted = ("creados", "actualizados", "sin_cambios", "desactivados", "con_error")
    assert (seen["estado"], seen["simulada"]) == ("completada", True)
    assert [seen[name] for name in counted] == [1, 1, 1, 1, 1]
    assert seen["errores"][0]["codigo"] == "numero_invalido"
    ids = {p["sku"]: p["id"] for p in get(client, "/productos/", tienda.headers())["elementos"]}
    page = cambios(client, tienda, id_)["elementos"]
    assert page[0] == {
        "fila": 2,
        "accion": "actualizado",
        "producto_id": ids["A"],
        "sku": "A",
        "nombre": "Alicate",
        "cambios": [{"campo": "precio", "de": "100.00", "a": "150.50"}],
        "errores": [],
    }
    assert (page[1]["accion"], page[1]["nombre"], page[1]["cambios"]) == (
        "sin_cambios",
        "Broca",
        [],
    )
    assert page[2]["producto_id"] is None
    assert {c["campo"]: (c["de"], c["a"]) for c in page[2]["cambios"]} == {
        "sku": (None, "N"),
        "nombre": (None, "Nivel"),
        "descripcion": (None, ""),
        "categoria": (None, ""),
        "marca": (None, ""),
        "unidad": (None, "unidad"),
        "precio": (None, "7.00"),
        "stock": (None, 3),
        "activo": (None, True),
    }
    assert (page[3]["accion"], page[3]["errores"]) == ("error", seen["errores"])
    assert (page[4]["fila"], page[4]["sku"], page[4]["cambios"]) == (
        None,
        "C",
        [{"campo": "activo", "de": True, "a": False}],
    )
    assert productos(client, tienda) == before

    answer = ask(client, tienda, f"{id_}/aplicar")
    assert answer.status_code == 202
    work(tienda)
    applied = answer.get_json()["importacion_id"]
    assert get(client, f"/importaciones/{applied}", tienda.headers())["origen_id"] == id_
    assert productos(client, tienda) == [
        ("A", "150.50", 5, True),
        ("B", "200.00", 2, True),
        ("C", "300.00", 5, False),
        ("N", "7.00", 3, True),
    ]
    answer = ask(client, tienda, f"{applied}/deshacer")
    work(tienda)
    assert productos(client, tienda) == [*before, ("N", "7.00", 0, False)]
    undone = answer.get_json()["importacion_id"]
    assert get(client, f"/importaciones/{undone}", tienda.headers())["modo"] == "deshacer"


def test_changes_are_paged_and_picked_by_kind(client: FlaskClient, tienda: Tienda) -> None:
    lines = "".join(f"Producto {n},{'x' if n % 3 else n + 1},1\n" for n in range(30))
    id_ = begin(client, tienda, f"nombre,precio,stock\n{lines}", "?simular=1")
    work(tienda)
    found: list[int] = []
    cursor = ""
    while True:
        page = cambios(client, tienda, id_, f"?limite=7&accion=creado{cursor}")
        found += [c["fila"] for c in page["elementos"]]
        if page["siguiente"] is None:
            break
        cursor = f"&cursor={page['siguiente']}"
    assert found == [n + 2 for n in range(0, 30, 3)]
    assert len(cambios(client, tienda, id_, "?accion=error")["elementos"]) == 20
    bad = f"/importaciones/{id_}/cambios?accion=borrado"
    assert client.get(bad, headers=tienda.headers()).status_code == 422


def test_what_moved_is_shown_with_its_producto(client: FlaskClient, tienda: Tienda) -> None:
    begin(client, tienda, ANTES)
    work(tienda)
    id_ = begin(client, tienda, "sku,nombre,precio,stock\nA,Alicate,150,5\n", "?simular=1")
    work(tienda)
    ids = {p["sku"]: p["id"] for p in get(client, "/productos/", tienda.headers())["elementos"]}
    for sku, body in (("A", {"precio": "1.00"}), ("C", {"activo": False})):
        changed = client.patch(f"/productos/{ids[sku]}", json=body, headers=tienda.headers())
        assert changed.status_code == 200
    applied = ask(client, tienda, f"{id_}/aplicar").get_json()["importacion_id"]
    work(tienda)
    seen = get(client, f"/importaciones/{applied}", tienda.headers())
    assert [(e["fila"], e["columna"], e["codigo"]) for e in seen["errores"]] == [
        (None, "activo", "movido"),
        (2, "precio", "movido"),
    ]
    first, last = cambios(client, tienda, applied, "?accion=error")["elementos"]
    assert (first["fila"], first["sku"], first["errores"]) == (2, "A", seen["errores"][1:])
    assert (last["fila"], last["sku"], last["errores"]) == (None, "C", seen["errores"][:1])
    answer = client.get(f"/importaciones/{applied}/errores.csv", headers=tienda.headers())
    assert answer.text.splitlines()[1].startswith(",activo,movido,«Cinta»")


def test_what_cannot_be_asked_for_has_a_code(client: FlaskClient, tienda: Tienda) -> None:
    real = begin(client, tienda, ANTES)
    assert ask(client, tienda, f"{real}/deshacer").get_json()["codigo"] == "importacion_abierta"
    work(tienda)
    vista = begin(client, tienda, DESPUES, "?simular=1")
    work(tienda)
    for rol in (Rol.VENDEDOR, Rol.OBSERVADOR):
        assert ask(client, tienda, f"{vista}/aplicar", rol).status_code == 403
    assert ask(client, tienda, f"{vista}/aplicar").status_code == 202
    for ruta, codigo in (
        (f"{vista}/aplicar", "vista_aplicada"),
        (f"{vista}/deshacer", "es_vista"),
        (f"{real}/aplicar", "no_es_vista"),
    ):
        answer = ask(client, tienda, ruta)
        assert (answer.status_code, answer.get_json()["codigo"]) == (409, codigo)
    assert ask(client, tienda, "999/deshacer").status_code == 404
    other = open_tienda(tienda.app, "Otra")
    for ruta in ("aplicar", "deshacer"):
        assert ask(client, other, f"{vista}/{ruta}").status_code == 404


# --- live ----------------------------------------------------------------------------------------


def events(pieces: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    for piece in pieces:
        text = piece.decode() if isinstance(piece, bytes) else piece
        for block in text.split("\n\n"):
            if block.startswith("event: "):
                head, data = block.split("\n")
                yield head.removeprefix("event: "), json.loads(data.removeprefix("data: "))


def test_an_import_is_followed_live_to_its_end(client: FlaskClient, tienda: Tienda) -> None:
    servicios = tienda.app.extensions["servicios"]
    settings = servicios.settings
    servicios.settings = settings.model_copy(update={"importacion_paso_filas": 1})
    try:
        id_ = begin(client, tienda, DESPUES, "?simular=1")
        path = f"/importaciones/{id_}/eventos"
        with (
            client.get(path, headers=tienda.headers(Rol.OBSERVADOR), buffered=False) as answer,
            ThreadPoolExecutor(1) as pool,
        ):
            assert answer.mimetype == "text/event-stream"
            stream = events(answer.response)
            assert next(stream)[1]["estado"] == "en_cola"
            working = pool.submit(work, tienda)
            rest = list(stream)
            working.result()
    finally:
        servicios.settings = settings
    assert [name for name, _ in rest] == ["progreso"] * (len(rest) - 1) + ["fin"]
    done = [data["filas_procesadas"] for _, data in rest]
    assert done == sorted(done)
    seen = get(client, f"/importaciones/{id_}", tienda.headers())
    del seen["errores"]
    assert rest[-1][1] == rest[-2][1] == seen


def test_who_comes_late_is_told_how_it_ended(client: FlaskClient, tienda: Tienda) -> None:
    id_ = begin(client, tienda, "hola", "?simular=1")
    work(tienda)
    with client.get(
        f"/importaciones/{id_}/eventos", headers=tienda.headers(), buffered=False
    ) as answer:
        found = list(events(answer.response))
    assert [(name, data["estado"]) for name, data in found] == [
        ("progreso", "fallida"),
        ("fin", "fallida"),
    ]


def test_live_imports_count_against_the_limit_of_live_connections(
    client: FlaskClient, tienda: Tienda
) -> None:
    id_ = begin(client, tienda, ANTES)
    path = f"/importaciones/{id_}/eventos"
    with client.get(path, headers=tienda.headers(), buffered=False) as answer:
        next(iter(answer.response))
        oyente = tienda.app.extensions["oyente"]
        before, oyente._limit = oyente._limit, 1
        try:
            assert client.get(path, headers=tienda.headers()).status_code == 503
        finally:
            oyente._limit = before
