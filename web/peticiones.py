"""One log line and one count per request: method, route pattern, status, milliseconds, never the
path, the query or the body. The request's id is on every line logged while it is served."""

import logging
import re
import time
from uuid import uuid4

import structlog
from flask import Flask, Response, g, request

from core.adapters import observabilidad
from core.ports import Metricas

_HEADER = "X-Request-ID"
# A caller's own id is kept when it can be nothing but an id.
_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# Asked every few seconds by machines; worth a line only when the answer is bad.
_ROUTINE = frozenset({"/salud", "/metrics", "/static/<path:filename>"})

log = structlog.stdlib.get_logger(__name__)


def init_app(app: Flask, metricas: Metricas) -> None:
    """Call before any other `before_request`, so that refusals are seen too."""
    app.logger.addFilter(_without_path)
    app.before_request(_begin)

    @app.after_request
    def _end(response: Response) -> Response:
        seconds = time.perf_counter() - g.get("empezo", time.perf_counter())
        metodo = request.method if request.method in _METHODS else "OTRO"
        ruta = request.url_rule.rule if request.url_rule else "(ninguna)"
        metricas.peticion(metodo=metodo, ruta=ruta, estado=response.status_code, segundos=seconds)
        routine = ruta in _ROUTINE and response.status_code < 400
        log.log(
            logging.DEBUG if routine else logging.INFO,
            "petición",
            metodo=metodo,
            ruta=ruta,
            estado=response.status_code,
            ms=round(seconds * 1000, 1),
        )
        response.headers[_HEADER] = g.get("peticion_id", "")
        return response

    @app.teardown_request
    def _forget(_: BaseException | None) -> None:
        observabilidad.clear()


def _begin() -> None:
    observabilidad.clear()
    g.empezo = time.perf_counter()
    given = request.headers.get(_HEADER, "")
    g.peticion_id = given if _ID.fullmatch(given) else uuid4().hex
    observabilidad.bind(peticion_id=g.peticion_id)


def _without_path(record: logging.LogRecord) -> bool:
    """Flask names the raw path when a route fails; the request's own line has its pattern."""
    if record.exc_info:
        record.msg, record.args = "excepción sin atender", ()
    return True
