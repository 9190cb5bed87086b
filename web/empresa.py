"""The shop itself: its name and what it set of its seller."""

from typing import Any

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import Session

from core.cuentas import AjustesCambios, read_ajustes, update_empresa
from core.mensajes.equipo.destinatarios import count_avisados
from core.models import Empresa, Rol
from web.auth import identidad, requires
from web.campos import Nombre
from web.datos import sesion
from web.esquemas import EmpresaAjustada
from web.textos import SIN_AVISADOS

api = APIBlueprint("empresa", __name__, url_prefix="/empresa", abp_tags=[Tag(name="Empresa")])


class EmpresaCambios(BaseModel):
    """Lo que no se nombra queda como está."""

    model_config = ConfigDict(extra="forbid")

    nombre: Nombre | None = None
    ajustes: AjustesCambios | None = None


@api.get("/", summary="La empresa y sus ajustes", responses={200: EmpresaAjustada})
@requires(Rol.OBSERVADOR)
def read_empresa() -> dict[str, Any]:
    session = sesion()
    return _show(session, session.get_one(Empresa, identidad().empresa_id))


@api.patch(
    "/",
    summary="Cambiar el nombre o los ajustes",
    description="Valen desde el siguiente mensaje. Lo que no se nombra queda como está; null "
    "vuelve al valor por defecto.",
    responses={200: EmpresaAjustada},
)
@requires(Rol.ADMIN)
def change_empresa(body: EmpresaCambios) -> dict[str, Any]:
    session = sesion()
    empresa = update_empresa(
        session,
        empresa_id=identidad().empresa_id,
        actor=identidad().actor,
        nombre=body.nombre,
        cambios=body.ajustes,
    )
    shown = _show(session, empresa)
    session.commit()
    return shown


def _show(session: Session, empresa: Empresa) -> dict[str, Any]:
    avisados = count_avisados(session, empresa_id=empresa.id)
    ajustes = read_ajustes(empresa.ajustes, empresa.moneda)
    return {
        "id": empresa.id,
        "nombre": empresa.nombre,
        "moneda": empresa.moneda,
        "ajustes": ajustes.model_dump(mode="json"),
        "avisados": avisados,
        "pista": None if avisados else SIN_AVISADOS,
    }
