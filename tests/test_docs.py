"""What the API says of itself is complete and leads nowhere else."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI

from tests.acceso import get, open_tienda
from tests.plantas import plant_all
from tests.prober_cases import CASOS
from tests.test_prober import Prober
from web import esquemas, esquemas_documentos, esquemas_importaciones, esquemas_turnos

# Pages and files for people, not part of the API.
_WIDGET = ("/widget.js", "/widget/{clave}", "/widget/{clave}/boton.js")
NOT_API = {"/", "/ir/chat/{chat_id}", "/docs", "/openapi.json", "/static/{filename}", *_WIDGET}


def refs(tree: Any) -> Iterator[str]:
    if isinstance(tree, dict):
        yield from (v for k, v in tree.items() if k == "$ref")
        for value in tree.values():
            yield from refs(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from refs(value)


def test_every_route_is_described_with_who_may_call_it(app: OpenAPI, client: FlaskClient) -> None:
    spec = get(client, "/openapi.json")
    assert spec["openapi"].startswith("3.1")
    described = {
        (path, method.upper())
        for path, item in spec["paths"].items()
        for method in item
        if method in ("get", "post", "patch", "put", "delete")
    }
    routes = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method)
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
        if method not in ("OPTIONS", "HEAD")
    }
    assert {r for r in routes if r[0] not in NOT_API} - described == set()
    assert spec["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    venta = spec["paths"]["/ventas/"]["post"]
    assert venta["security"] == [{"bearer": []}]
    assert venta["x-roles"] == ["vendedor", "admin", "superadmin"]
    assert spec["paths"]["/auth/login"]["post"]["security"] == []


# Operations that say what they answer with, held against real answers of the prober's calls.
DESCRIBED: dict[tuple[str, str], Any] = {
    ("POST", "/auth/registro"): esquemas.Entrada,
    ("POST", "/auth/login"): esquemas.Entrada,
    ("POST", "/auth/refresh"): esquemas.Tokens,
    ("GET", "/auth/yo"): esquemas.Yo,
    ("GET", "/empresa/"): esquemas.EmpresaAjustada,
    ("PATCH", "/empresa/"): esquemas.EmpresaAjustada,
    ("GET", "/prompts/"): esquemas.Lista[esquemas.PromptEnLista],
    ("GET", "/prompts/<nombre>"): esquemas.PromptVisto,
    ("GET", "/prompts/<nombre>/versiones"): esquemas.Lista[esquemas.VersionVista],
    ("PUT", "/prompts/<nombre>"): esquemas.PromptVisto,
    ("POST", "/prompts/<nombre>/probar"): esquemas.Lista[esquemas.TurnoEnsayado],
    ("DELETE", "/prompts/<nombre>"): esquemas.PromptVisto,
    ("GET", "/canales/"): esquemas.Lista[esquemas.CanalVisto],
    ("POST", "/canales/"): esquemas.CanalVisto,
    ("GET", "/canales/<int:id>"): esquemas.CanalVisto,
    ("PATCH", "/canales/<int:id>"): esquemas.CanalVisto,
    ("GET", "/ventas/"): esquemas.Lista[esquemas.VentaVista],
    ("POST", "/ventas/"): esquemas.VentaVista,
    ("GET", "/ventas/<int:id>"): esquemas.VentaVista,
    ("POST", "/ventas/<int:id>/cancelar"): esquemas.VentaVista,
    ("GET", "/ventas/historial/<path:chat_id>"): esquemas.Lista[esquemas.VentaVista],
    ("POST", "/chat/sesion"): esquemas.SesionAbierta,
    ("GET", "/chat/historial/<path:chat_id>"): esquemas.HistorialVisto,
    ("GET", "/chats/"): esquemas.Lista[esquemas.ChatVisto],
    ("GET", "/chats/<path:chat_id>"): esquemas.ChatVisto,
    ("DELETE", "/chats/<path:chat_id>"): esquemas_turnos.ChatBorrado,
    ("GET", "/chats/<path:chat_id>/turnos"): esquemas.Lista[esquemas_turnos.TurnoVisto],
    ("GET", "/chats/<path:chat_id>/turnos/<int:turno_id>"): esquemas_turnos.TurnoEntero,
    ("POST", "/chats/<path:chat_id>/tomar"): esquemas.ChatVisto,
    ("POST", "/chats/<path:chat_id>/devolver"): esquemas.ChatVisto,
    ("POST", "/chats/<path:chat_id>/mensajes"): esquemas.MensajeEscrito,
    ("GET", "/importaciones/"): esquemas.Lista[esquemas_importaciones.ResumenDeImportacion],
    ("GET", "/importaciones/<int:id>"): esquemas_importaciones.ImportacionVista,
    ("GET", "/importaciones/<int:id>/cambios"): esquemas.Lista[esquemas_importaciones.CambioVisto],
    ("POST", "/importaciones/<int:id>/aplicar"): esquemas_importaciones.ImportacionEncolada,
    ("GET", "/documentos/"): esquemas.Lista[esquemas_documentos.DocumentoVisto],
    ("POST", "/documentos/"): esquemas_documentos.DocumentoEncolado,
    ("GET", "/documentos/buscar"): esquemas_documentos.RespuestaDeDocumentos,
    ("GET", "/documentos/<int:id>"): esquemas_documentos.DocumentoCompleto,
    ("PUT", "/documentos/<int:id>"): esquemas_documentos.DocumentoEncolado,
    ("GET", "/logs/"): esquemas.Lista[esquemas.LogVisto],
    ("GET", "/logs/metrics/uso"): esquemas.Uso,
    ("POST", "/logs/admin/reset_empresa"): esquemas.Vaciado,
}


@pytest.mark.parametrize("where", DESCRIBED, ids=" ".join)
def test_answers_are_what_the_description_says(app: OpenAPI, where: tuple[str, str]) -> None:
    tienda = open_tienda(app)
    plant_all(tienda)
    caso = next(c for c in CASOS if (c.metodo, c.regla) == where)
    prober = Prober(app, caso)
    planted = prober.plant(tienda)
    answer = prober.call({} if caso.publica else tienda.headers(), planted)
    DESCRIBED[where].model_validate_json(answer.data)


def test_every_operation_has_a_title_and_nothing_is_told_in_the_words_of_the_code(
    app: OpenAPI, client: FlaskClient
) -> None:
    docs = {" ".join((view.__doc__ or "").split()) for view in app.view_functions.values()} - {""}
    for path, item in get(client, "/openapi.json")["paths"].items():
        for operation in item.values():
            assert operation.get("summary"), path
            assert docs.isdisjoint({operation["summary"], operation["description"]}), path


def test_every_reference_of_the_description_leads_somewhere(client: FlaskClient) -> None:
    spec = get(client, "/openapi.json")
    for ref in set(refs(spec)):
        found = spec
        for part in ref.removeprefix("#/").split("/"):
            found = found[part]


def test_the_page_shows_every_operation_and_loads_nothing_from_elsewhere(
    client: FlaskClient,
) -> None:
    spec, page = get(client, "/openapi.json"), client.get("/docs")
    assert page.status_code == 200
    for path, item in spec["paths"].items():
        assert f"<code>{path}</code>" in page.text
        for operation in item.values():
            assert f'id="{operation["operationId"]}"' in page.text
    assert "<script" not in page.text
    loaded = re.findall(r'(?:src|<link[^>]*href)="([^"]+)"', page.text)
    assert loaded == ["/static/docs.css"]
    with client.get("/static/docs.css") as css:
        assert css.status_code == 200
        assert "url(" not in css.text
