"""`/`: the demo shop's chat. One page, no inline code, nothing from other hosts."""

from dataclasses import dataclass
from typing import Any

from flask import Response, make_response, render_template
from flask_openapi3 import APIBlueprint
from sqlalchemy import select

from core.cuentas import find_empresa_of
from core.db import DATABASE_DOWN, Database
from core.errors import NotFound, Unavailable
from core.models import Canal, Empresa
from web.auth import publica
from web.chat import TEXTO_MAX
from web.datos import servicios
from web.textos import CHAT

api = APIBlueprint("pagina", __name__, doc_ui=False)

# Fetched ahead, since chat.js would find them one after another.
_MODULOS = (
    "almacen api aviso burbuja conversacion eventos formato hilo nodos pausa redactor salida "
    "sesion tarjeta vista"
).split()

# Scripts and styles only from our own files; with Trusted Types no text can become markup.
_CSP = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
_CABECERAS = {
    "Content-Security-Policy": _CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cache-Control": "no-cache",
}
_RECARGAR_SEGUNDOS = 5


@dataclass(frozen=True)
class Tienda:
    nombre: str
    canal: str


@api.get("/")
@publica
def show_chat() -> Response:
    """The chat of the demo empresa; a sign in its place while there is none or no database."""
    s = servicios()
    try:
        tienda = find_demo(s.db, admin_email=s.settings.admin_email)
    except NotFound:
        return _show_aviso(404, "sin_tienda")
    except (*DATABASE_DOWN, Unavailable):
        return _show_aviso(503, "caida", recargar=_RECARGAR_SEGUNDOS)
    return show_page(tienda)


def find_demo(db: Database, *, admin_email: str) -> Tienda:
    """The shop whose admin was seeded on the first start. Raises NotFound when there is none."""
    found = find_empresa_of(db, email=admin_email)
    if found is None:
        raise NotFound
    empresa_id, _ = found
    with db.empresa(empresa_id) as session:
        row = session.execute(
            select(Empresa.nombre, Canal.clave)
            .join(Canal, Canal.empresa_id == Empresa.id)
            .where(
                Empresa.id == empresa_id,
                Canal.tipo == "web",
                Canal.por_defecto,
                Canal.estado == "activo",
            )
        ).one_or_none()
    if row is None:
        raise NotFound
    return Tienda(nombre=row.nombre, canal=row.clave)


def show_page(tienda: Tienda) -> Response:
    return _render(
        "chat.html",
        t=CHAT,
        tienda=tienda.nombre,
        canal=tienda.canal,
        max_caracteres=TEXTO_MAX,
        modulos=[f"{nombre}.js" for nombre in _MODULOS],
    )


def _show_aviso(status: int, clave: str, *, recargar: int | None = None) -> Response:
    answer = _render(
        "aviso.html", titulo=CHAT[f"{clave}_titulo"], detalle=CHAT[clave], recargar=recargar
    )
    answer.status_code = status
    if recargar:
        answer.headers["Retry-After"] = str(recargar)
    return answer


def show_aviso(titulo: str, detalle: str) -> Response:
    """A page that only says something."""
    return _render("aviso.html", titulo=titulo, detalle=detalle, recargar=None)


def _render(template: str, **values: Any) -> Response:
    answer = make_response(render_template(template, **values))
    answer.headers.update(_CABECERAS)
    return answer


@api.after_app_request
def _guard_static(answer: Response) -> Response:
    """Files keep the type we gave them, whoever asks."""
    answer.headers.setdefault("X-Content-Type-Options", "nosniff")
    return answer
