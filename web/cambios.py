"""What an importacion changes, producto by producto; a preview applied, an import undone."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Literal

from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.catalogo.importaciones.cambios import CAMPOS
from core.catalogo.importaciones.encargos import create_aplicacion, create_deshacer
from core.models import ImportacionCambio, ImportacionFila, Producto, Rol
from core.ports import Tarea
from web.auth import identidad, requires
from web.campos import Id
from web.datos import servicios, sesion
from web.esquemas import Lista
from web.esquemas_importaciones import CambioVisto, ImportacionEncolada
from web.formas import quantity
from web.importaciones import find_importacion, show_falla
from web.paginas import Pagina, take_page

api = APIBlueprint("cambios", __name__, abp_tags=[Tag(name="Productos")])

Accion = Literal["creado", "actualizado", "sin_cambios", "desactivado", "error"]


class Filtros(Pagina):
    accion: Accion | None = Field(default=None, description="Solo los de esta clase.")


@api.get(
    "/importaciones/<int:id>/cambios",
    summary="Qué cambia de cada producto",
    description="De una simulación, lo que cambiaría. En el orden del archivo; después, lo que "
    "el archivo no nombra.",
    responses={200: Lista[CambioVisto]},
)
@requires(Rol.OBSERVADOR)
def list_cambios(path: Id, query: Filtros) -> dict[str, Any]:
    row = find_importacion(path.id)
    found = select(ImportacionCambio).where(
        ImportacionCambio.empresa_id == row.empresa_id,
        ImportacionCambio.importacion_id == row.id,
    )
    if query.accion:
        found = found.where(ImportacionCambio.accion == query.accion)
    page = take_page(sesion(), found, by=(ImportacionCambio.n,), query=query)
    return page.answer_with(_show_cambios(sesion(), page.filas))


@api.post(
    "/importaciones/<int:id>/aplicar",
    summary="Hacer lo que mostró una simulación",
    description="Exactamente lo que mostró: lo que cambió desde entonces se deja como está y se "
    "informa como error `movido`.",
    responses={202: ImportacionEncolada},
)
@requires(Rol.ADMIN)
def apply(path: Id) -> tuple[dict[str, Any], int]:
    return _ask(create_aplicacion, path.id)


@api.post(
    "/importaciones/<int:id>/deshacer",
    summary="Volver a lo que había antes de una importación",
    description="Lo que se vendió o editó desde entonces se deja como está y se informa como "
    "error `movido`.",
    responses={202: ImportacionEncolada},
)
@requires(Rol.ADMIN)
def undo(path: Id) -> tuple[dict[str, Any], int]:
    return _ask(create_deshacer, path.id)


def _ask(create: Callable[..., int], importacion_id: int) -> tuple[dict[str, Any], int]:
    who = identidad()
    id_ = create(
        sesion(),
        empresa_id=who.empresa_id,
        importacion_id=importacion_id,
        actor=who.actor,
        usuario_id=who.usuario_id,
    )
    sesion().commit()
    servicios().cola.ring(Tarea.IMPORT_STEP, empresa_id=who.empresa_id, importacion_id=id_)
    return {"importacion_id": id_}, 202


# --- how a change is shown -----------------------------------------------------------------------


def _show_cambios(session: Session, rows: Sequence[ImportacionCambio]) -> list[dict[str, Any]]:
    """With the names and errors of them all: two queries however many there are."""
    if not rows:
        return []
    empresa_id, importacion_id = rows[0].empresa_id, rows[0].importacion_id
    named = {
        p.id: p
        for p in session.execute(
            select(Producto.id, Producto.sku, Producto.nombre).where(
                Producto.empresa_id == empresa_id, Producto.id.in_({r.producto_id for r in rows})
            )
        )
    }
    unnamed = [r.producto_id for r in rows if r.fila is None]
    fallas: dict[tuple[int | None, int | None], list[dict[str, Any]]] = defaultdict(list)
    for falla in session.scalars(
        select(ImportacionFila)
        .where(
            ImportacionFila.empresa_id == empresa_id,
            ImportacionFila.importacion_id == importacion_id,
            ImportacionFila.fila.in_({r.fila for r in rows if r.fila is not None})
            | ((ImportacionFila.fila == 0) & func.div(ImportacionFila.n, 16).in_(unnamed)),
        )
        .order_by(ImportacionFila.fila, ImportacionFila.n)
    ):
        fallas[falla.fila or None, falla.producto_id].append(show_falla(falla))
    return [
        _show_cambio(
            row,
            named.get(row.producto_id),
            fallas[row.fila, None if row.fila else row.producto_id],
        )
        for row in rows
    ]


def _show_cambio(
    row: ImportacionCambio, producto: Any, fallas: list[dict[str, Any]]
) -> dict[str, Any]:
    cambios = row.cambios or {}

    def name(campo: str) -> str | None:
        """As the change leaves it; what it does not touch, as it is now."""
        if campo in cambios:
            found: str | None = cambios[campo][1]
            return found
        return getattr(producto, campo, None)

    return {
        "fila": row.fila,
        "accion": row.accion,
        "producto_id": row.producto_id,
        "sku": name("sku"),
        "nombre": name("nombre"),
        "cambios": [
            {"campo": c, "de": _value(c, cambios[c][0]), "a": _value(c, cambios[c][1])}
            for c in CAMPOS
            if c in cambios and cambios[c][0] != cambios[c][1]
        ],
        "errores": fallas,
    }


def _value(campo: str, value: Any) -> Any:
    """As a producto shows it: money is text, stock a number."""
    return quantity(Decimal(value)) if campo == "stock" and value is not None else value
