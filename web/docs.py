"""The API described: /openapi.json for machines, /docs for people. Nothing comes from elsewhere."""

from collections import defaultdict
from functools import cache
from typing import Any, cast

from flask import Response, current_app, json, make_response, render_template
from flask_openapi3 import APIBlueprint, OpenAPI

from core.models import Rol
from web.auth import may, publica, roles_of

api = APIBlueprint("docs", __name__, doc_ui=False)

_BEARER = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "El access_token de /auth/login, o el token de /chat/sesion.",
}
_PROBLEM = {
    "type": "object",
    "description": "RFC 9457. `codigo` es estable; `detail` es para personas.",
    "required": ["type", "status", "codigo", "detail"],
    "properties": {
        "type": {"type": "string"},
        "status": {"type": "integer"},
        "codigo": {"type": "string", "examples": ["no_encontrado", "datos_invalidos"]},
        "detail": {"type": "string"},
        "errores": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"campo": {"type": "string"}, "mensaje": {"type": "string"}},
            },
        },
    },
}
_ERRORES = {
    "401": "Sin token, o uno que ya no vale",
    "403": "Rol insuficiente",
    "404": "No existe, o es de otra empresa",
    "422": "Datos no válidos",
}
_METHODS = ("get", "post", "patch", "put", "delete")
_LADDER = (Rol.OBSERVADOR, Rol.VENDEDOR, Rol.ADMIN, Rol.SUPERADMIN)


@api.get("/openapi.json")
@publica
def read_spec() -> Response:
    return Response(json.dumps(_spec()), mimetype="application/json")


@api.get("/docs")
@publica
def show_docs() -> Response:
    """One page without scripts: every operation with who may call it, what it takes and says."""
    spec = _spec()
    grouped: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for path, item in spec["paths"].items():
        for method in _METHODS:
            if method in item:
                tag = (item[method].get("tags") or ["Otros"])[0]
                grouped[tag].append({"path": path, "method": method, **item[method]})
    answer = make_response(render_template("docs.html", spec=spec, grouped=grouped))
    answer.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'self'"
    return answer


def _spec() -> dict[str, Any]:
    return spec_of(cast(Any, current_app)._get_current_object())


@cache
def spec_of(app: OpenAPI) -> dict[str, Any]:
    """What flask-openapi3 knows of the routes, with who may call them and how they refuse."""
    spec = cast(dict[str, Any], json.loads(json.dumps(app.api_doc)))
    components = spec.setdefault("components", {})
    components["securitySchemes"] = {"bearer": _BEARER}
    schemas = components.setdefault("schemas", {})
    schemas.pop("ValidationErrorModel", None)
    schemas["Problema"] = _PROBLEM
    for rule in app.url_map.iter_rules():
        path = _path(rule.rule)
        for method in (rule.methods or set()) & {m.upper() for m in _METHODS}:
            operation = spec["paths"].get(path, {}).get(method.lower())
            if operation is not None:
                doc = app.view_functions[rule.endpoint].__doc__ or ""
                _complete(operation, roles_of(rule.endpoint, app), doc)
    return spec


def _path(rule: str) -> str:
    """`/ventas/<int:id>` as OpenAPI writes it: `/ventas/{id}`."""
    parts = rule.replace(">", "<").split("<")
    return "".join(
        "{" + part.rpartition(":")[2] + "}" if n % 2 else part for n, part in enumerate(parts)
    )


def _complete(operation: dict[str, Any], roles: frozenset[Rol] | None, doc: str) -> None:
    responses = operation.setdefault("responses", {})
    responses.pop("422", None)
    for status, answer in responses.items():
        answer["description"] = "Creado" if status == "201" else "Hecho"
    if not any(status.startswith("2") for status in responses):
        responses["2XX"] = {"description": "Hecho"}
    wanted = ["422"] if roles is None else list(_ERRORES)
    for status in wanted:
        responses[status] = {
            "description": _ERRORES[status],
            "content": {
                "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problema"}}
            },
        }
    operation["security"] = [] if roles is None else [{"bearer": []}]
    operation["x-roles"] = [] if roles is None else _who(roles)
    # flask-openapi3 fills it in from docstrings, which speak to those who write code.
    said = operation.get("description", "")
    from_code = said.replace("<br/>", " ").split() == doc.split()
    operation["description"] = "" if from_code else said


def _who(roles: frozenset[Rol]) -> list[str]:
    """Every rol that may call, the lowest of the ladder first."""
    return [r.value for r in (Rol.CLIENTE, *_LADDER) if may(r, roles)]
