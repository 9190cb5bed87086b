"""Sales over HTTP: record, read, cancel. What may happen to one is core/ventas.py's business."""

import hashlib
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Literal
from uuid import uuid4

from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field, model_validator
from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from core.catalogo.texto import fold_key
from core.errors import NotFound, PrecioMovido
from core.mensajes.historial import find_chat
from core.models import Chat, Producto, Rol, Venta
from core.ports import LineaPedida
from core.ventas import cancel_venta, find_by_clave, record_venta
from web.auth import identidad, requires
from web.campos import Datos, Desde, Hasta, Id, Texto
from web.datos import sesion
from web.esquemas import Lista, VentaVista
from web.formas import show_ventas
from web.paginas import Pagina, Tramo, take_page

api = APIBlueprint("ventas", __name__, url_prefix="/ventas", abp_tags=[Tag(name="Ventas")])


class LineaNueva(BaseModel):
    """Uno de los dos: sku o producto_id."""

    sku: Texto | None = None
    producto_id: int | None = Field(default=None, ge=1, lt=2**63)
    cantidad: Decimal = Field(gt=0, max_digits=14, decimal_places=3)

    @model_validator(mode="after")
    def _names_one(self) -> "LineaNueva":
        if (self.sku is None) == (self.producto_id is None):
            raise ValueError("indique sku o producto_id, uno de los dos")
        return self


class VentaNueva(BaseModel):
    chat_id: Texto | None = None
    cliente: Datos | None = None
    lineas: list[LineaNueva] = Field(min_length=1, max_length=200)


class Idempotencia(BaseModel):
    clave: str | None = Field(
        default=None,
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        description="La misma clave con la misma petición es la misma venta.",
    )


class Filtros(Pagina):
    chat_id: Texto | None = None
    estado: Literal["confirmada", "cancelada"] | None = None
    desde: Desde | None = None
    hasta: Hasta | None = None


class RutaChat(BaseModel):
    chat_id: Texto


@api.post("/", summary="Registrar una venta a los precios de hoy", responses={201: VentaVista})
@requires(Rol.VENDEDOR)
def create_venta(body: VentaNueva, header: Idempotencia) -> tuple[dict[str, Any], int]:
    session, empresa_id = sesion(), identidad().empresa_id
    clave = f"http:{header.clave or uuid4()}"
    huella = hashlib.sha256(body.model_dump_json().encode()).hexdigest()
    venta = find_by_clave(session, empresa_id, clave, huella)
    if venta is None:
        venta = _record(session, empresa_id, body, clave, huella)
    shown = _show(session, [venta])[0]
    session.commit()
    return shown, 201


@api.get("/", summary="Las ventas, la última primero", responses={200: Lista[VentaVista]})
@requires(Rol.OBSERVADOR)
def list_ventas(query: Filtros) -> dict[str, Any]:
    found = select(Venta).where(Venta.empresa_id == identidad().empresa_id)
    if query.chat_id is not None:
        chat = select(Chat.id).where(
            Chat.empresa_id == identidad().empresa_id, Chat.chat_id == query.chat_id
        )
        found = found.where(Venta.chat_id == chat.scalar_subquery())
    if query.estado is not None:
        found = found.where(Venta.estado == query.estado)
    if query.desde is not None:
        found = found.where(Venta.creada_en >= query.desde)
    if query.hasta is not None:
        found = found.where(Venta.creada_en < query.hasta)
    return _answer(_page(found, query))


@api.get("/<int:id>", summary="Una venta", responses={200: VentaVista})
@requires(Rol.OBSERVADOR)
def read_venta(path: Id) -> dict[str, Any]:
    venta = sesion().get(Venta, (identidad().empresa_id, path.id))
    if venta is None:
        raise NotFound
    return _show(sesion(), [venta])[0]


@api.get(
    "/historial/<path:chat_id>",
    summary="Las ventas de un chat, la última primero",
    responses={200: Lista[VentaVista]},
)
@requires(Rol.OBSERVADOR, Rol.CLIENTE)
def list_ventas_of_chat(path: RutaChat, query: Pagina) -> dict[str, Any]:
    empresa_id = identidad().empresa_id
    chat = find_chat(sesion(), empresa_id=empresa_id, chat_id=path.chat_id)
    if identidad().rol is Rol.CLIENTE and chat.id != identidad().chat_id:
        raise NotFound
    found = select(Venta).where(Venta.empresa_id == empresa_id, Venta.chat_id == chat.id)
    return _answer(_page(found, query))


@api.post(
    "/<int:id>/cancelar",
    summary="Cancelar una venta y devolver su stock",
    responses={200: VentaVista},
)
@requires(Rol.VENDEDOR)
def cancel(path: Id) -> dict[str, Any]:
    session = sesion()
    venta = session.get(Venta, (identidad().empresa_id, path.id))
    if venta is None:
        raise NotFound
    _lock_chat(session, identidad().empresa_id, venta.chat_id)
    venta = cancel_venta(
        session,
        empresa_id=identidad().empresa_id,
        venta_id=path.id,
        actor=identidad().actor,
    )
    shown = _show(session, [venta])[0]
    session.commit()
    return shown


def _record(session: Session, empresa_id: int, body: VentaNueva, clave: str, huella: str) -> Venta:
    chat_id = None
    if body.chat_id is not None:
        chat_id = find_chat(session, empresa_id=empresa_id, chat_id=body.chat_id).id
        _lock_chat(session, empresa_id, chat_id)

    def record() -> Venta:
        venta, _ = record_venta(
            session,
            empresa_id=empresa_id,
            lineas=_price(session, empresa_id, body.lineas),
            clave=clave,
            huella=huella,
            actor=identidad().actor,
            chat_id=chat_id,
            usuario_id=identidad().usuario_id,
            cliente=body.cliente,
        )
        return venta

    try:
        return record()
    except PrecioMovido:
        # It moved between our reading and the lock, which is ours now: it can move no more.
        return record()


def _lock_chat(session: Session, empresa_id: int, chat_id: int | None) -> None:
    """The chat before its productos, as a turn does: two orders would be a deadlock."""
    session.execute(
        select(Chat.id)
        .where(Chat.empresa_id == empresa_id, Chat.id == chat_id)
        .with_for_update(key_share=True)
    )


def _price(session: Session, empresa_id: int, lineas: Sequence[LineaNueva]) -> list[LineaPedida]:
    """The lines at the prices that the productos have now. Raises NotFound for an unknown one."""
    rows = session.execute(
        select(Producto.id, Producto.clave, Producto.precio).where(
            Producto.empresa_id == empresa_id,
            or_(
                Producto.id.in_([x.producto_id for x in lineas if x.producto_id is not None]),
                Producto.clave.in_([fold_key(x.sku, "") for x in lineas if x.sku]),
            ),
        )
    ).all()
    by_id, by_clave = {r.id: r for r in rows}, {r.clave: r for r in rows}
    priced = []
    for line in lineas:
        if line.sku is not None:  # recognised as an import would: m-1 is M-1
            row = by_clave.get(fold_key(line.sku, "")) if line.sku else None
        else:
            row = by_id.get(line.producto_id)
        if row is None:
            raise NotFound
        priced.append(LineaPedida(row.id, line.cantidad, row.precio))
    return priced


def _page(found: Select[Venta], query: Pagina) -> Tramo[Venta]:
    return take_page(sesion(), found, by=(Venta.id,), newest_first=True, query=query)


def _answer(tramo: Tramo[Venta]) -> dict[str, Any]:
    return tramo.answer_with(_show(sesion(), tramo.filas))


def _show(session: Session, ventas: Sequence[Venta]) -> list[dict[str, Any]]:
    return show_ventas(session, ventas, empresa_id=identidad().empresa_id)
