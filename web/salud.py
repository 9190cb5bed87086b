"""Is the system well, in words for people (/salud) and in figures for Prometheus (/metrics)."""

import hmac
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

from flask import Response, current_app, json, request
from flask_openapi3 import APIBlueprint, Tag

from core.adapters.embeddings_local import is_promising
from core.adapters.medidas import Medidas
from core.adapters.metricas import CONTENT_TYPE, render
from core.adapters.sondeo import Foto, Sondeo
from core.errors import Forbidden, Unauthenticated, Unavailable
from core.settings import Settings
from web.auth import publica
from web.datos import servicios
from web.esquemas import SaludVista

api = APIBlueprint("salud", __name__, abp_tags=[Tag(name="Salud")])

# Beyond these somebody should look. A turn may take 20 s and a lost worker's lease 30 s more.
_SIN_RESPONDER_SEGUNDOS = 60
_ENTREGA_SEGUNDOS = 60
_IMPORTACION_SEGUNDOS = 300
# beat leaves a sweep here every two seconds; a pile means that nobody takes them away.
_BARRIDOS = 30

_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-IP")

Componente = dict[str, str]


@api.get("/salud", summary="Si el sistema está bien", responses={200: SaludVista})
@publica
def salud() -> Response:
    """Whether messages can be accepted (503 when not) and what works worse than it should.

    Answers within two seconds whatever its neighbours do.
    """
    foto = _sondeo().look()
    componentes = dict(_componentes(foto))
    if not foto.acepta:
        return _answer(
            {
                "type": "about:blank",
                "status": 503,
                "codigo": Unavailable.codigo,
                "detail": componentes["postgres"]["detalle"],
                "estado": "caido",
                "componentes": componentes,
            },
            503,
        )
    well = all(c["estado"] == "ok" for c in componentes.values())
    return _answer({"estado": "ok" if well else "degradado", "componentes": componentes}, 200)


@api.get("/metrics", summary="Las cifras, para Prometheus")
@publica
def metrics() -> Response:
    """Figures in Prometheus' text format. With METRICS_TOKEN set, for its bearer alone; without
    it, in produccion, only for a caller on this very machine."""
    _check_reader()
    text = render(Medidas(_sondeo().look()))
    return Response(text, content_type=CONTENT_TYPE, headers={"Cache-Control": "no-store"})


def _check_reader() -> None:
    settings = servicios().settings
    if settings.metrics_token is not None:
        expected = f"Bearer {settings.metrics_token.get_secret_value()}".encode()
        if not hmac.compare_digest(request.headers.get("Authorization", "").encode(), expected):
            raise Unauthenticated("Hace falta el token de METRICS_TOKEN.")
    elif settings.entorno == "produccion" and not _is_local():
        raise Forbidden("Solo desde la propia máquina; para leerlo de lejos, fije METRICS_TOKEN.")


def _is_local() -> bool:
    """A proxy on this machine is no local reader: it speaks for somebody far away."""
    if any(name in request.headers for name in _FORWARDED):
        return False
    address = request.remote_addr  # empty behind a Unix socket
    return bool(address) and ip_address(str(address)).is_loopback


def _sondeo() -> Sondeo:
    s = servicios()
    found: Sondeo = current_app.extensions.setdefault("sondeo", Sondeo(s.db, s.settings))
    return found


def _answer(body: dict[str, Any], status: int) -> Response:
    kind = "application/json" if status == 200 else "application/problem+json"
    answer = Response(json.dumps(body), status=status, mimetype=kind)
    answer.headers["Cache-Control"] = "no-store"
    if status == 503:
        answer.headers["Retry-After"] = "1"
    return answer


# --- components --------------------------------------------------------------------------------


def _componentes(foto: Foto) -> Iterator[tuple[str, Componente]]:
    """What /salud names, each with its estado and a sentence for the person who looks."""
    yield "postgres", _postgres(foto)
    yield "redis", _redis(foto)
    yield "trabajadores", _trabajadores(foto)
    yield "entregas", _entregas(foto)
    yield "catalogo", _catalogo(foto)
    yield "busqueda", _busqueda(foto)
    yield "llm", _llm(servicios().settings)


def _llm(settings: Settings) -> Componente:
    """Never worse than ok: while a model does not answer, the rules do (agente_modelo_llamadas
    tells how often)."""
    if settings.proveedor == "offline":
        return _ok("Sin modelo: contesta el motor de reglas.")
    return _ok(f"Modelo de {settings.proveedor}; si no responde, contesta el motor de reglas.")


def _ok(detalle: str) -> Componente:
    return {"estado": "ok", "detalle": detalle}


def _degraded(detalle: str) -> Componente:
    return {"estado": "degradado", "detalle": detalle}


_UNKNOWN = "No se sabe: la base de datos no contestó a tiempo."


def _postgres(foto: Foto) -> Componente:
    if not foto.acepta:
        return {
            "estado": "caido",
            "detalle": "La base de datos no responde: no se pueden aceptar mensajes.",
        }
    return _ok("Responde.")


def _redis(foto: Foto) -> Componente:
    if foto.colas is None:
        return _degraded(
            "La cola no responde: los mensajes se guardan y se contestarán cuando vuelva."
        )
    return _ok("Responde.")


def _trabajadores(foto: Foto) -> Componente:
    if foto.atraso is None:
        return _degraded(_UNKNOWN)
    if (age := foto.atraso.sin_responder) > _SIN_RESPONDER_SEGUNDOS:
        return _degraded(f"El mensaje más antiguo espera respuesta desde hace {age:.0f} s.")
    if (foto.colas or {}).get("mantenimiento", 0) > _BARRIDOS:
        return _degraded("Nadie atiende la cola de mantenimiento.")
    return _ok("Al día.")


def _entregas(foto: Foto) -> Componente:
    if foto.atraso is None:
        return _degraded(_UNKNOWN)
    if (age := foto.atraso.entrega_vencida) > _ENTREGA_SEGUNDOS:
        return _degraded(f"Hay respuestas sin entregar desde hace {age:.0f} s.")
    return _ok("Al día.")


def _catalogo(foto: Foto) -> Componente:
    if foto.atraso is None:
        return _degraded(_UNKNOWN)
    if (age := foto.atraso.importacion_parada) > _IMPORTACION_SEGUNDOS:
        return _degraded(f"Una importación espera desde hace {age:.0f} s.")
    return _ok("Al día.")


def _busqueda(foto: Foto) -> Componente:
    provider = servicios().settings.embeddings_provider
    if provider == "ninguno":
        return _ok("Por palabras: así lo dice EMBEDDINGS_PROVIDER.")
    if provider == "local" and not is_promising():
        return _degraded("Solo por palabras: el modelo local necesita un procesador con AVX2.")
    if foto.atraso is not None and foto.atraso.sin_modelo:
        return _degraded("El modelo no responde: lo nuevo se encuentra solo por palabras.")
    return _ok("Por palabras y por significado.")
