"""Imports as a client sees them: upload, follow, read what was wrong."""

import csv
import io
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from core.catalogo.busqueda.indexar import embed_step
from core.catalogo.importaciones.importar import import_step
from core.models import Rol
from core.ports import Tarea
from core.wiring import Servicios
from tests.acceso import Tienda, get, open_tienda
from tests.fakes import ColaEnMemoria, EmbedderDePapel

FILE = "nombre,precio,stock\nMartillo de uña,28900,7\nCable,abc,1\n"


@pytest.fixture
def tienda(app: Flask) -> Tienda:
    return open_tienda(app)


def upload(
    client: FlaskClient, tienda: Tienda, contenido: str | bytes = FILE, query: str = ""
) -> Any:
    raw = contenido.encode() if isinstance(contenido, str) else contenido
    # By hand: the test client keeps a large form in a temporary file that it never closes.
    head = (
        b'--b\r\nContent-Disposition: form-data; name="archivo"; filename="cosas/lista.csv"\r\n\r\n'
    )
    return client.post(
        f"/productos/reemplazar_csv{query}",
        data=head + raw + b"\r\n--b--\r\n",
        content_type="multipart/form-data; boundary=b",
        headers=tienda.headers(),
    )


def work(tienda: Tienda) -> None:
    """What the worker does with the bells that were rung."""
    servicios: Servicios = tienda.app.extensions["servicios"]
    cola = servicios.cola
    assert isinstance(cola, ColaEnMemoria)
    while cola.timbres:
        tarea, ids = cola.timbres.pop(0)
        if tarea is Tarea.EMBED_STEP:
            embed_step(servicios.db, cola, servicios.settings, EmbedderDePapel(), **ids, worker="w")
            continue
        assert tarea is Tarea.IMPORT_STEP
        import_step(servicios.db, cola, servicios.settings, **ids, worker="w")


def test_an_import_is_followed_to_its_end(client: FlaskClient, tienda: Tienda) -> None:
    answer = upload(client, tienda, query="?modo=actualizar")
    assert answer.status_code == 202, answer.text
    id_ = answer.get_json()["importacion_id"]
    seen = get(client, f"/importaciones/{id_}", tienda.headers(Rol.OBSERVADOR))
    assert (seen["estado"], seen["filas_total"], seen["errores"]) == ("en_cola", None, [])
    work(tienda)
    seen = get(client, f"/importaciones/{id_}", tienda.headers(Rol.OBSERVADOR))
    assert seen | {"creada_en": "", "terminada_en": "", "cambios_hasta": ""} == {
        "id": id_,
        "estado": "completada",
        "modo": "actualizar",
        "simulada": False,
        "origen_id": None,
        "nombre_archivo": "lista.csv",
        "filas_total": 2,
        "filas_procesadas": 2,
        "creados": 1,
        "actualizados": 0,
        "sin_cambios": 0,
        "desactivados": 0,
        "con_error": 1,
        "indexados": 1,
        "espera": None,
        "error": None,
        "creada_en": "",
        "terminada_en": "",
        "cambios_hasta": "",
        "errores": [
            {
                "fila": 3,
                "columna": "precio",
                "codigo": "numero_invalido",
                "mensaje": "«abc» no es un número.",
            }
        ],
    }
    found = get(client, "/productos/?q=martillo", tienda.headers())["elementos"]
    assert [(p["nombre"], p["stock"]) for p in found] == [("Martillo de uña", 7)]
    del seen["errores"]
    assert get(client, "/importaciones/", tienda.headers())["elementos"] == [seen]


def test_reemplazar_is_what_the_route_says_by_itself(client: FlaskClient, tienda: Tienda) -> None:
    upload(client, tienda)
    upload(client, tienda, "nombre,precio,stock\nOtro,1,1\n")
    work(tienda)
    active = get(client, "/productos/", tienda.headers())["elementos"]
    assert [p["nombre"] for p in active] == ["Otro"]


def test_a_file_that_failed_says_why(client: FlaskClient, tienda: Tienda) -> None:
    id_ = upload(client, tienda, "hola").get_json()["importacion_id"]
    work(tienda)
    seen = get(client, f"/importaciones/{id_}", tienda.headers())
    assert (seen["estado"], seen["error"]["codigo"]) == ("fallida", "no_es_tabla")


def test_all_errors_are_in_a_file_that_no_spreadsheet_runs(
    client: FlaskClient, tienda: Tienda
) -> None:
    lines = "".join(f"Producto {n},x,y\n" for n in range(150))
    id_ = upload(client, tienda, f"nombre,precio,stock\n{lines}").get_json()["importacion_id"]
    work(tienda)
    assert len(get(client, f"/importaciones/{id_}", tienda.headers())["errores"]) == 100
    with tienda.db.empresa(tienda.empresa_id) as session:
        session.execute(text("UPDATE importacion_fila SET mensaje = '=1+1, \"x\"' WHERE fila = 2"))
    answer = client.get(f"/importaciones/{id_}/errores.csv", headers=tienda.headers())
    assert answer.mimetype == "text/csv"
    assert "attachment" in answer.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(rows) == 300
    assert rows[0] == {
        "fila": "2",
        "columna": "precio",
        "codigo": "numero_invalido",
        "mensaje": '\'=1+1, "x"',
    }


def test_more_than_20_mb_is_too_large(client: FlaskClient, tienda: Tienda) -> None:
    for extra in (1, 5 * 1024 * 1024):
        answer = upload(client, tienda, b"x" * (20 * 1024 * 1024 + extra))
        assert (answer.status_code, answer.get_json()["codigo"]) == (413, "demasiado_grande")
    assert get(client, "/importaciones/", tienda.headers())["elementos"] == []


def test_what_is_no_upload_is_refused(client: FlaskClient, tienda: Tienda) -> None:
    headers = tienda.headers()
    route = "/productos/reemplazar_csv"
    assert client.post(route, headers=headers).status_code == 422
    assert client.post(route, json={}, headers=headers).status_code == 422
    assert client.post(route, data={"archivo": "texto"}, headers=headers).status_code == 422
    assert upload(client, tienda, query="?modo=borrar").status_code == 422
    assert upload(client, tienda, query="?simular=quizás").status_code == 422


def test_only_an_admin_imports_and_the_others_may_look(client: FlaskClient, tienda: Tienda) -> None:
    for rol in (Rol.VENDEDOR, Rol.OBSERVADOR):
        answer = client.post(
            "/productos/reemplazar_csv",
            data={"archivo": (io.BytesIO(FILE.encode()), "x.csv")},
            headers=tienda.headers(rol),
        )
        assert answer.status_code == 403
        assert get(client, "/importaciones/", tienda.headers(rol))["elementos"] == []
