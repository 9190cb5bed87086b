"""The Flask application: blueprints, one error handler, nothing else."""

import logging
from decimal import Decimal
from typing import Any

from flask import Response, json, request
from flask.json.provider import DefaultJSONProvider
from flask_openapi3 import Info, OpenAPI
from pydantic import ValidationError
from sqlalchemy.exc import DataError
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import IntegerConverter, Map, PathConverter

from core.adapters.celery_queue import CeleryCola
from core.adapters.observabilidad import ensure_logging
from core.db import DATABASE_DOWN
from core.errors import (
    AgenteError,
    ArchivoNoListo,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    NotImplementedYet,
    StockInsuficiente,
    TipoNoAdmitido,
    TooLarge,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
    explain,
)
from core.settings import Settings
from core.wiring import Servicios
from web import (
    archivos,
    auth,
    cambios,
    canales,
    chat,
    chat_cli,
    chats,
    cli,
    cuentas,
    datos,
    destinatarios,
    docs,
    documentos,
    documentos_cli,
    empresa,
    evaluar,
    exportar,
    importaciones,
    ir,
    logs,
    pagina,
    peticiones,
    productos,
    productos_cli,
    prompts,
    salud,
    turnos,
    ventas,
    webhooks,
    webhooks_whatsapp,
    widget,
)
from web.datos import servicios
from web.formas import quantity

__all__ = ["create_app", "problem", "servicios"]

_log = logging.getLogger(__name__)

_STATUS: dict[type[AgenteError], int] = {
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    TooLarge: 413,
    TipoNoAdmitido: 415,
    Invalid: 422,
    TooManyRequests: 429,
    NotImplementedYet: 501,
    Unavailable: 503,
}


# Flask's own refusals; the rest are `error`.
_HTTP = {
    400: ("datos_invalidos", "La petición no se entiende."),
    405: ("metodo_no_permitido", "Esa ruta no admite ese método."),
    413: ("demasiado_grande", "La petición es demasiado grande."),
    415: ("datos_invalidos", "Ese tipo de contenido no se admite."),
}

# The largest body that is not a file.
_BODY_MAX = 1024 * 1024


class _Json(DefaultJSONProvider):
    """UTF-8 as people read it, in the order in which we wrote it."""

    ensure_ascii = False
    sort_keys = False

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        try:
            return super().loads(s, **kwargs)
        except RecursionError as e:
            raise ValueError("nested too deeply") from e


class _Id(IntegerConverter):
    """`<int:...>` of a rule: no number that no row could have."""

    def __init__(self, map_: Map) -> None:
        super().__init__(map_, min=1, max=2**63 - 1)


class _Ruta(PathConverter):
    """`<path:...>` of a rule: any text at all, for a chat may be called "/x" or have two lines."""

    regex = "(?s:.+?)"
    part_isolating = False


def create_app(settings: Settings | None = None, *, max_connections: int = 20) -> OpenAPI:
    settings = settings or Settings()
    ensure_logging(settings)
    cli.ensure_addresses(settings)
    app = OpenAPI(
        "web",
        info=Info(title="Agente Vendedor", version="1"),
        validation_error_callback=_answer_validation,
        doc_ui=False,
    )
    app.json = _Json(app)
    app.url_map.converters |= {"int": _Id, "path": _Ruta}
    # A file and the form around it; anything else is small (see _limit_body).
    largest = max(settings.importacion_max_bytes, settings.audio_max_bytes)
    app.config["MAX_CONTENT_LENGTH"] = largest + _BODY_MAX
    app.before_request(_limit_body)
    database = datos.init_app(app, settings, max_connections=max_connections)
    app.extensions["servicios"] = Servicios(
        settings=settings, db=database, cola=CeleryCola(settings.broker_url)
    )
    peticiones.init_app(app, app.extensions["servicios"].metricas)
    auth.init_app(app, settings)
    cli.init_app(app)
    app.cli.add_command(evaluar.evaluar)
    app.cli.add_command(productos_cli.productos)
    app.cli.add_command(documentos_cli.documentos)
    app.cli.add_command(chat_cli.chat)
    app.register_api(salud.api)
    app.register_api(cuentas.api)
    app.register_api(empresa.api)
    app.register_api(prompts.api)
    app.register_api(canales.api)
    app.register_api(destinatarios.api)
    app.register_api(ventas.api)
    app.register_api(productos.api)
    app.register_api(importaciones.api)
    app.register_api(cambios.api)
    app.register_api(exportar.api)
    app.register_api(documentos.api)
    app.register_api(logs.api)
    app.register_api(chat.api)
    app.register_api(archivos.api)
    app.register_api(chats.api)
    app.register_api(turnos.api)
    app.register_api(pagina.api)
    app.register_api(widget.api)
    app.register_api(ir.api)
    app.register_api(docs.api)
    app.register_api(webhooks.api)
    app.register_api(webhooks_whatsapp.api)
    app.register_error_handler(AgenteError, _answer_error)
    app.register_error_handler(HTTPException, _answer_http)
    app.register_error_handler(DataError, _answer_unstorable)
    for down in DATABASE_DOWN:
        app.register_error_handler(down, _answer_outage)
    return app


def _limit_body() -> None:
    if request.mimetype != "multipart/form-data":
        request.max_content_length = _BODY_MAX


def problem(status: int, codigo: str, detalle: str, **more: object) -> Response:
    """RFC 9457. `codigo` is stable; `detail` is for people."""
    body = {"type": "about:blank", "status": status, "codigo": codigo, "detail": detalle, **more}
    return Response(json.dumps(body), status=status, mimetype="application/problem+json")


def _answer_error(error: AgenteError) -> Response:
    status = next((s for family, s in _STATUS.items() if isinstance(error, family)), 500)
    more: dict[str, object] = {}
    if isinstance(error, Invalid) and error.errores:
        more["errores"] = error.errores
    if isinstance(error, StockInsuficiente):
        more["faltantes"] = [
            {k: quantity(v) if isinstance(v, Decimal) else v for k, v in each.items()}
            for each in error.faltantes
        ]
    if isinstance(error, ArchivoNoListo):
        more["estado"] = error.estado
    if status in (500, 503):
        _log.warning("sin poder atender", exc_info=error)
    answer = problem(status, error.codigo, str(error), **more)
    if isinstance(error, TooManyRequests | Unavailable):
        answer.headers["Retry-After"] = str(error.segundos)
    if isinstance(error, Unauthenticated):
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def _answer_unstorable(_: DataError) -> Response:
    """What passed every check and PostgreSQL still cannot hold: NUL, a number beyond its column."""
    return _answer_error(Invalid("Hay datos que no se pueden guardar."))


def _answer_outage(error: Exception) -> Response:
    outage = Unavailable("La base de datos no responde.", segundos=2)
    outage.__cause__ = error
    return _answer_error(outage)


def _answer_validation(error: ValidationError) -> Response:
    errores = [
        {"campo": ".".join(str(p) for p in e["loc"]), "mensaje": explain(e)} for e in error.errors()
    ]
    return problem(422, Invalid.codigo, "Hay datos que no son válidos.", errores=errores)


def _answer_http(error: HTTPException) -> Response:
    """Flask's own refusals (404 of no route, 405, 413 …) in the same shape."""
    if error.response is not None:  # abort(response): already in our shape
        return error.response  # type: ignore[return-value]
    if error.code == 404:  # a path that is no route and an id that is no row look the same
        return _answer_error(NotFound())
    status = error.code or 500
    codigo, detalle = _HTTP.get(status, ("error", "La petición no se pudo atender."))
    answer = problem(status, codigo, detalle)
    if isinstance(error, MethodNotAllowed):
        answer.allow.update(error.valid_methods or ())
    return answer
