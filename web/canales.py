"""The doors of a shop, for its admin. Credentials go in and never come out."""

from typing import Any

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field
from sqlalchemy import select

from core import cuentas
from core.mensajes.canales import webhook_url
from core.models import Canal, Rol, TipoCanal
from core.ports import Tarea
from web.auth import identidad, requires
from web.campos import Id, Nombre
from web.datos import servicios, sesion
from web.esquemas import CanalVisto, Lista
from web.origen import own_url
from web.paginas import Pagina, take_page

api = APIBlueprint("canales", __name__, url_prefix="/canales", abp_tags=[Tag(name="Canales")])

_CREDENCIALES = (
    "telegram {token, secreto?} · whatsapp {access_token, app_secret, verify_token, "
    "phone_number_id} · web {origenes: []}. Nunca se devuelven."
)
_AJUSTES = "Lo que se ve del canal y no es secreto. Lo que no se nombra queda; null lo borra."


class CanalNuevo(BaseModel):
    tipo: TipoCanal
    nombre: Nombre
    credenciales: dict[str, Any] = Field(default_factory=dict, description=_CREDENCIALES)
    ajustes: dict[str, Any] = Field(default_factory=dict, description=_AJUSTES)


class CanalCambios(BaseModel):
    """Lo que no se nombra, queda como está. Credenciales nuevas se verifican de nuevo."""

    nombre: Nombre | None = None
    credenciales: dict[str, Any] | None = Field(default=None, description=_CREDENCIALES)
    ajustes: dict[str, Any] | None = Field(default=None, description=_AJUSTES)


@api.get("/", summary="Los canales de la empresa", responses={200: Lista[CanalVisto]})
@requires(Rol.ADMIN)
def list_canales(query: Pagina) -> dict[str, Any]:
    mine = select(Canal).where(
        Canal.empresa_id == identidad().empresa_id, Canal.eliminado_en.is_(None)
    )
    return take_page(sesion(), mine, by=(Canal.id,), query=query).answer(_show)


@api.post(
    "/",
    summary="Abrir un canal: queda verificando hasta hablar con el proveedor",
    responses={201: CanalVisto},
)
@requires(Rol.ADMIN)
def create_canal(body: CanalNuevo) -> tuple[dict[str, Any], int]:
    session = sesion()
    canal = cuentas.create_canal(
        session,
        servicios().cifrado,
        empresa_id=identidad().empresa_id,
        tipo=body.tipo,
        nombre=body.nombre,
        credenciales=body.credenciales,
        ajustes=body.ajustes,
        actor=identidad().actor,
    )
    shown = _show(canal)
    session.commit()
    _ring(shown)
    return shown, 201


@api.get("/<int:id>", summary="Un canal", responses={200: CanalVisto})
@requires(Rol.ADMIN)
def read_canal(path: Id) -> dict[str, Any]:
    return _show(cuentas.find_canal(sesion(), empresa_id=identidad().empresa_id, canal_id=path.id))


@api.patch("/<int:id>", summary="Cambiar el nombre o las credenciales", responses={200: CanalVisto})
@requires(Rol.ADMIN)
def update_canal(path: Id, body: CanalCambios) -> dict[str, Any]:
    session = sesion()
    canal = cuentas.update_canal(
        session,
        servicios().cifrado,
        empresa_id=identidad().empresa_id,
        canal_id=path.id,
        nombre=body.nombre,
        credenciales=body.credenciales,
        ajustes=body.ajustes,
        actor=identidad().actor,
    )
    shown = _show(canal)
    session.commit()
    _ring(shown)
    return shown


@api.delete("/<int:id>", summary="Cerrar un canal; sus conversaciones se conservan")
@requires(Rol.ADMIN)
def delete_canal(path: Id) -> tuple[str, int]:
    session = sesion()
    cuentas.delete_canal(
        session,
        empresa_id=identidad().empresa_id,
        canal_id=path.id,
        actor=identidad().actor,
    )
    session.commit()
    return "", 204


def _ring(shown: dict[str, Any]) -> None:
    """After the commit: a job speaks to the provider and says how it went."""
    if shown["estado"] == "verificando":
        empresa_id = identidad().empresa_id
        servicios().cola.ring(Tarea.CHECK_CANAL, empresa_id=empresa_id, canal_id=shown["id"])


def _fragmento(clave: str) -> str:
    """What a shop pastes into its own site; docs/widget.md."""
    base = own_url(servicios().settings)
    return f'<script src="{base}/widget.js" data-canal="{clave}" async></script>'


def _show(canal: Canal) -> dict[str, Any]:
    is_web = canal.tipo == TipoCanal.WEB.value
    return {
        "id": canal.id,
        "tipo": canal.tipo,
        "nombre": canal.nombre,
        "clave": canal.clave,
        "estado": canal.estado,
        "detalle": canal.detalle,
        "webhook_url": None
        if is_web
        else webhook_url(servicios().settings, tipo=canal.tipo, clave=canal.clave),
        "fragmento": _fragmento(canal.clave) if is_web else None,
        "por_defecto": canal.por_defecto,
        "ajustes": canal.ajustes,
    }
