"""The audit trail, the figures of use, and emptying a shop."""

from datetime import UTC, datetime, timedelta
from typing import Any

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field
from sqlalchemy import select

from core import cuentas
from core.models import Log, Rol
from web.auth import identidad, requires
from web.campos import Desde, Hasta, Texto
from web.datos import release, servicios, sesion
from web.esquemas import Lista, LogVisto, Uso, Vaciado, VaciadoGlobal
from web.paginas import Pagina, take_page

api = APIBlueprint("logs", __name__, url_prefix="/logs", abp_tags=[Tag(name="Administración")])

_USO_DIAS = 30


class Filtros(Pagina):
    accion: Texto | None = Field(default=None, description="sustantivo.verbo, como venta.cancelar")
    desde: Desde | None = None
    hasta: Hasta | None = None


class Intervalo(BaseModel):
    desde: Desde | None = None
    hasta: Hasta | None = None


class Confirmacion(BaseModel):
    confirmar: Texto


@api.get("/", summary="Quién hizo qué, lo último primero", responses={200: Lista[LogVisto]})
@requires(Rol.ADMIN)
def list_log(query: Filtros) -> dict[str, Any]:
    found = select(Log).where(Log.empresa_id == identidad().empresa_id)
    if query.accion is not None:
        found = found.where(Log.accion == query.accion)
    if query.desde is not None:
        found = found.where(Log.creado_en >= query.desde)
    if query.hasta is not None:
        found = found.where(Log.creado_en < query.hasta)
    return take_page(sesion(), found, by=(Log.id,), newest_first=True, query=query).answer(_show)


@api.get(
    "/metrics/uso",
    summary="Cifras de la empresa por día (UTC); sin fechas, 30 días",
    responses={200: Uso},
)
@requires(Rol.OBSERVADOR)
def read_uso(query: Intervalo) -> dict[str, Any]:
    hasta = query.hasta or datetime.now(UTC)
    # Before the calendar's second year there is no month to look back on: an empty range, refused.
    span = timedelta(days=_USO_DIAS if hasta.year > 1 else 0)
    desde = query.desde or hasta - span
    return cuentas.read_uso(sesion(), empresa_id=identidad().empresa_id, desde=desde, hasta=hasta)


@api.post(
    "/admin/reset_empresa",
    summary="Vaciar la empresa; confirmar con su nombre",
    description="Chats, mensajes, ventas, productos, movimientos, importaciones y clientes.",
    responses={200: Vaciado},
)
@requires(Rol.ADMIN)
def reset_empresa(body: Confirmacion) -> dict[str, Any]:
    session = sesion()
    gone = cuentas.reset_empresa(
        session,
        empresa_id=identidad().empresa_id,
        confirmar=body.confirmar,
        actor=identidad().actor,
    )
    session.commit()
    return {"eliminados": gone}


@api.post(
    "/admin/reset_global",
    summary='Vaciar todas las empresas; confirmar con "RESET"',
    responses={200: VaciadoGlobal},
)
@requires(Rol.SUPERADMIN)
def reset_global(body: Confirmacion) -> dict[str, Any]:
    release()
    return cuentas.reset_global(
        servicios().db,
        confirmar=body.confirmar,
        empresa_id=identidad().empresa_id,
        actor=identidad().actor,
    )


def _show(row: Log) -> dict[str, Any]:
    return {
        "id": row.id,
        "accion": row.accion,
        "actor": row.actor,
        "objeto": row.objeto,
        "datos": row.datos,
        "creado_en": row.creado_en.isoformat(),
    }
