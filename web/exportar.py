"""The catalogue as a file, sent in pieces."""

from typing import Any, Literal

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field

from core.catalogo.archivos.exportar import export_csv, export_xlsx
from core.models import Rol
from web import datos
from web.auth import identidad, requires
from web.datos import servicios

api = APIBlueprint("exportar", __name__, abp_tags=[Tag(name="Productos")])

_TIPOS = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_ARCHIVO: Any = {
    "description": "El archivo",
    "content": {tipo: {"schema": {"type": "string"}} for tipo in _TIPOS.values()},
}


class Formato(BaseModel):
    formato: Literal["csv", "xlsx"] = "csv"
    inactivos: bool = Field(default=False, description="También los que ya no se venden.")


@api.get(
    "/productos/exportar",
    summary="Exportar los productos a un archivo",
    description="El archivo se puede importar tal cual: entonces nada cambia.",
    responses={200: _ARCHIVO},
)
@requires(Rol.OBSERVADOR)
def export_productos(query: Formato) -> Response:
    write = export_csv if query.formato == "csv" else export_xlsx
    empresa_id = identidad().empresa_id
    datos.release()  # what is sent over minutes must hold no connection
    sent = write(servicios().db, empresa_id=empresa_id, inactivos=query.inactivos)
    answer = Response(sent, mimetype=_TIPOS[query.formato])
    answer.headers["Content-Disposition"] = f'attachment; filename="productos.{query.formato}"'
    return answer
