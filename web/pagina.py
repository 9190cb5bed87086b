"""The chat page: `/` for the demo shop, `/widget/<clave>` for any web channel, mostly in a frame.

One page, no inline code, nothing from other hosts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Response, make_response, render_template
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel
from sqlalchemy import ColumnElement, select

from core.cuentas import find_empresa_of
from core.cuentas.ajustes_web import AjustesWeb
from core.db import DATABASE_DOWN, Database
from core.errors import NotFound, Unavailable
from core.models import Canal, Empresa
from web.auth import publica
from web.chat import TEXTO_MAX
from web.colores import make_tema
from web.datos import servicios
from web.textos import CHAT, EJEMPLOS

api = APIBlueprint("pagina", __name__, doc_ui=False)

# Fetched ahead, since chat.js would find them one after another.
_MODULOS = (
    "adjunto almacen anfitrion api archivos aviso burbuja conversacion eventos formato foto hilo "
    "medios nodos opciones pausa redactor salida sesion tarjeta vista voz"
).split()

# Scripts and styles only from our own files; with Trusted Types no text can become markup.
_CSP = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob:",
        "media-src blob:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors {quien}",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
_CABECERAS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(self), payment=(), usb=()",
    "Cache-Control": "no-cache",
}
_RECARGAR_SEGUNDOS = 5


class Clave(BaseModel):
    clave: str


@dataclass(frozen=True)
class Tienda:
    nombre: str
    canal: str
    ajustes: AjustesWeb = field(default_factory=AjustesWeb)


@api.get("/")
@publica
def show_chat() -> Response:
    """The chat of the demo empresa; a sign in its place while there is none or no database."""
    s = servicios()
    try:
        tienda = find_demo(s.db, admin_email=s.settings.admin_email)
    except NotFound:
        return show_aviso(404, "sin_tienda")
    except (*DATABASE_DOWN, Unavailable):
        return show_aviso(503, "caida", recargar=_RECARGAR_SEGUNDOS)
    return show_page(tienda, ejemplos=EJEMPLOS)


@api.get("/widget/<clave>")
@publica
def show_widget(path: Clave) -> Response:
    """The chat of one web channel, for the frames of the sites that it names and for no other."""
    try:
        tienda = find_tienda(servicios().db, clave=path.clave)
    except NotFound:
        return show_aviso(404, "sin_canal")
    except (*DATABASE_DOWN, Unavailable):
        return show_aviso(503, "caida", recargar=_RECARGAR_SEGUNDOS)
    return show_page(tienda, marcos=tienda.ajustes.origenes)


def find_tienda(db: Database, *, clave: str) -> Tienda:
    """The shop behind a web channel's public key. Raises NotFound unless it is active."""
    with db.sistema() as system:
        found = system.execute(
            select(Canal.empresa_id, Canal.id).where(
                Canal.clave == clave, Canal.tipo == "web", Canal.estado == "activo"
            )
        ).one_or_none()
    if found is None:
        raise NotFound
    return _read_tienda(db, found.empresa_id, Canal.id == found.id)


def find_demo(db: Database, *, admin_email: str) -> Tienda:
    """The shop whose admin was seeded on the first start. Raises NotFound when there is none."""
    found = find_empresa_of(db, email=admin_email)
    if found is None:
        raise NotFound
    empresa_id, _ = found
    return _read_tienda(db, empresa_id, Canal.por_defecto.is_(True))


def _read_tienda(db: Database, empresa_id: int, cual: ColumnElement[bool]) -> Tienda:
    with db.empresa(empresa_id) as session:
        row = session.execute(
            select(Empresa.nombre, Canal.clave, Canal.ajustes)
            .join(Canal, Canal.empresa_id == Empresa.id)
            .where(Empresa.id == empresa_id, Canal.tipo == "web", Canal.estado == "activo", cual)
        ).one_or_none()
    if row is None:
        raise NotFound
    return Tienda(row.nombre, row.clave, AjustesWeb.model_validate(row.ajustes))


def show_page(
    tienda: Tienda, *, marcos: Sequence[str] = (), ejemplos: Sequence[str] = ()
) -> Response:
    """`marcos`: the origins that may frame it; `ejemplos`: for a shop that has not set its own."""
    ajustes = tienda.ajustes
    return _render(
        "chat.html",
        marcos,
        t=CHAT,
        tienda=ajustes.titulo or tienda.nombre,
        canal=tienda.canal,
        saludo=ajustes.saludo or CHAT["saludo"],
        ejemplos=ejemplos if ajustes.ejemplos is None else ajustes.ejemplos,
        tema=make_tema(ajustes.color),
        marcos=list(marcos),
        max_caracteres=TEXTO_MAX,
        modulos=[f"{nombre}.js" for nombre in _MODULOS],
    )


def show_aviso(status: int, clave: str, *, recargar: int | None = None) -> Response:
    answer = _render(
        "aviso.html", (), titulo=CHAT[f"{clave}_titulo"], detalle=CHAT[clave], recargar=recargar
    )
    answer.status_code = status
    if recargar:
        answer.headers["Retry-After"] = str(recargar)
    return answer


def show_cartel(titulo: str, detalle: str) -> Response:
    """A page that only says something."""
    return _render("aviso.html", (), titulo=titulo, detalle=detalle, recargar=None)


def _render(template: str, quien: Sequence[str], **values: Any) -> Response:
    answer = make_response(render_template(template, **values))
    answer.headers.update(_CABECERAS)
    answer.headers["Content-Security-Policy"] = _CSP.format(quien=" ".join(quien) or "'none'")
    if not quien:
        answer.headers["X-Frame-Options"] = "DENY"
    return answer


@api.after_app_request
def _guard_static(answer: Response) -> Response:
    """Files keep the type we gave them, whoever asks."""
    answer.headers.setdefault("X-Content-Type-Options", "nosniff")
    return answer
