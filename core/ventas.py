"""What may happen to a Venta, and the only code that moves stock because of one."""

from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.bitacora import append_evento, audit
from core.errors import (
    ClaveReutilizada,
    Invalid,
    NotFound,
    PrecioMovido,
    StockInsuficiente,
    TransicionInvalida,
)
from core.models import Movimiento, Producto, Venta, VentaLinea
from core.ports import LineaPedida
from core.unidades import MILESIMA, allows_fraction

CENTAVO = Decimal("0.01")


def record_venta(
    session: Session,
    *,
    empresa_id: int,
    lineas: Sequence[LineaPedida],
    clave: str,
    actor: str,
    chat_id: int | None = None,
    usuario_id: int | None = None,
    cliente: dict[str, Any] | None = None,
    huella: str | None = None,
    reemplaza: int | None = None,
) -> tuple[Venta, bool]:
    """Record a sale of exactly `lineas` and take its stock; (venta, True when it is new).

    Safe to repeat: `clave` names the agreement, and saying it twice is one sale. Raises
    StockInsuficiente (with what there is) or PrecioMovido and then nothing must be committed;
    ClaveReutilizada when the same clave came with another huella; NotFound for a producto that
    does not exist; Invalid for fractions of what is sold whole.

    `reemplaza`: a sale that this one takes the place of; it is cancelled in the same transaction
    and what it gives back may be sold here. Raises TransicionInvalida when it is not in force.
    """
    wanted = _merge(lineas)
    if reemplaza is not None:
        # All that either of them touches, before the first of them locks its own.
        _lock_productos(session, empresa_id, {*wanted, *_sold_in(session, empresa_id, reemplaza)})
    rows = _lock_productos(session, empresa_id, wanted)
    known = find_by_clave(session, empresa_id, clave, huella)
    if known is not None:
        return known, False
    if reemplaza is not None:
        _give_up(session, empresa_id, reemplaza, actor)
        rows = _lock_productos(session, empresa_id, wanted)  # with what came back
    _check(wanted, {row.id: row for row in rows})
    venta_id = session.scalar(
        insert(Venta)
        .values(
            empresa_id=empresa_id,
            chat_id=chat_id,
            usuario_id=usuario_id,
            cliente=cliente or {},
            total=sum(_subtotal(line) for line in wanted.values()),
            moneda=rows[0].moneda,
            clave=clave,
            huella=huella,
        )
        .on_conflict_do_nothing(index_elements=["empresa_id", "clave"])
        .returning(Venta.id)
    )
    if venta_id is None:  # the same clave, committed between our look and our insert
        known = find_by_clave(session, empresa_id, clave, huella)
        if known is None:
            raise NotFound
        return known, False
    _take_stock(session, empresa_id, venta_id, wanted)
    session.execute(
        insert(VentaLinea),
        [
            {
                "empresa_id": empresa_id,
                "venta_id": venta_id,
                "producto_id": row.id,
                "sku": row.sku,
                "nombre": row.nombre,
                "cantidad": wanted[row.id].cantidad,
                "precio_unitario": wanted[row.id].precio_unitario,
                "subtotal": _subtotal(wanted[row.id]),
            }
            for row in rows
        ],
    )
    if chat_id is not None:
        append_evento(
            session, empresa_id=empresa_id, chat_id=chat_id, tipo="venta", ref_id=venta_id
        )
    audit(
        session,
        empresa_id=empresa_id,
        accion="venta.confirmar",
        actor=actor,
        objeto=f"venta:{venta_id}",
    )
    return session.get_one(Venta, (empresa_id, venta_id)), True


def cancel_venta(session: Session, *, empresa_id: int, venta_id: int, actor: str) -> Venta:
    """Cancel a confirmed sale and give its stock back. Saying it twice changes nothing more.

    Raises NotFound when there is no such sale.
    """
    lines = session.execute(
        select(VentaLinea.producto_id, VentaLinea.cantidad)
        .where(VentaLinea.empresa_id == empresa_id, VentaLinea.venta_id == venta_id)
        .order_by(VentaLinea.producto_id)
    ).all()
    # The same lock order as a sale's and a reset's: productos by id, then the sale.
    _lock_productos(session, empresa_id, [p for p, _ in lines])
    venta = session.scalar(
        select(Venta)
        .where(Venta.empresa_id == empresa_id, Venta.id == venta_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if venta is None:
        raise NotFound
    if venta.estado == "cancelada":
        return venta
    for producto_id, cantidad in lines:
        session.execute(
            update(Producto)
            .where(Producto.empresa_id == empresa_id, Producto.id == producto_id)
            .values(stock=Producto.stock + cantidad, actualizado_en=func.now())
        )
    session.execute(
        insert(Movimiento),
        [
            {
                "empresa_id": empresa_id,
                "producto_id": producto_id,
                "cantidad": cantidad,
                "motivo": "cancelacion",
                "venta_id": venta_id,
            }
            for producto_id, cantidad in lines
        ],
    )
    venta.estado = "cancelada"
    venta.cancelada_en = session.scalar(select(func.now()))
    session.flush()
    if venta.chat_id is not None:
        append_evento(
            session, empresa_id=empresa_id, chat_id=venta.chat_id, tipo="venta", ref_id=venta_id
        )
    audit(
        session,
        empresa_id=empresa_id,
        accion="venta.cancelar",
        actor=actor,
        objeto=f"venta:{venta_id}",
    )
    return venta


def _lock_productos(session: Session, empresa_id: int, ids: Collection[int]) -> Sequence[Producto]:
    """Fresh rows, locked in id order, so that two sales of the same productos cannot deadlock."""
    return session.scalars(
        select(Producto)
        .where(Producto.empresa_id == empresa_id, Producto.id.in_(ids))
        .order_by(Producto.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()


def _sold_in(session: Session, empresa_id: int, venta_id: int) -> Sequence[int]:
    return session.scalars(
        select(VentaLinea.producto_id).where(
            VentaLinea.empresa_id == empresa_id, VentaLinea.venta_id == venta_id
        )
    ).all()


def _give_up(session: Session, empresa_id: int, venta_id: int, actor: str) -> None:
    """Cancel a sale that must be in force. Raises TransicionInvalida when it is not."""
    estado = session.scalar(
        select(Venta.estado)
        .where(Venta.empresa_id == empresa_id, Venta.id == venta_id)
        .with_for_update()
    )
    if estado != "confirmada":
        raise TransicionInvalida("La venta ya no está vigente.")
    cancel_venta(session, empresa_id=empresa_id, venta_id=venta_id, actor=actor)


def _merge(lineas: Sequence[LineaPedida]) -> dict[int, LineaPedida]:
    """One line per producto. Raises Invalid for none, for quantities ≤ 0 or finer than 0.001."""
    if not lineas:
        raise Invalid("Una venta necesita al menos una línea.")
    merged: dict[int, LineaPedida] = {}
    for line in lineas:
        if line.cantidad <= 0 or line.cantidad != line.cantidad.quantize(MILESIMA):
            raise Invalid("La cantidad debe ser mayor que 0 y con 3 decimales como máximo.")
        before = merged.get(line.producto_id)
        total = line.cantidad + (before.cantidad if before else 0)
        merged[line.producto_id] = LineaPedida(line.producto_id, total, line.precio_unitario)
    return merged


def _check(wanted: dict[int, LineaPedida], rows: dict[int, Producto]) -> None:
    """Everything that forbids the sale, before any of it is written."""
    short: list[dict[str, str | Decimal]] = []
    moved = []
    for producto_id, line in wanted.items():
        row = rows.get(producto_id)
        if row is None:
            raise NotFound
        if line.cantidad % 1 and not allows_fraction(row.unidad):
            raise Invalid(f"{row.nombre} se vende por {row.unidad}, sin fracciones.")
        available = row.stock if row.activo else Decimal(0)
        if available < line.cantidad:
            short.append(
                {
                    "sku": row.sku or "",
                    "nombre": row.nombre,
                    "pedido": line.cantidad,
                    "disponible": available,
                }
            )
        if row.precio != line.precio_unitario:
            moved.append(row.id)
    if short:
        raise StockInsuficiente(short)
    if moved:
        raise PrecioMovido(moved)


_TAKE = text(
    """
    UPDATE producto SET stock = stock - :cantidad, actualizado_en = now()
    WHERE empresa_id = :empresa_id AND id = :producto_id AND stock >= :cantidad
    """
)


def _take_stock(
    session: Session, empresa_id: int, venta_id: int, wanted: dict[int, LineaPedida]
) -> None:
    for producto_id in sorted(wanted):
        taken: Any = session.execute(
            _TAKE,
            {
                "empresa_id": empresa_id,
                "producto_id": producto_id,
                "cantidad": wanted[producto_id].cantidad,
            },
        )
        if taken.rowcount != 1:
            raise StockInsuficiente([])
    session.execute(
        insert(Movimiento),
        [
            {
                "empresa_id": empresa_id,
                "producto_id": producto_id,
                "cantidad": -line.cantidad,
                "motivo": "venta",
                "venta_id": venta_id,
            }
            for producto_id, line in wanted.items()
        ],
    )


def find_by_clave(
    session: Session, empresa_id: int, clave: str, huella: str | None
) -> Venta | None:
    """The sale already recorded under `clave`. Raises ClaveReutilizada for another huella."""
    venta = session.scalar(
        select(Venta).where(Venta.empresa_id == empresa_id, Venta.clave == clave)
    )
    if venta is not None and venta.huella != huella:
        raise ClaveReutilizada("Esa Idempotency-Key ya se usó con otra petición.")
    return venta


def _subtotal(line: LineaPedida) -> Decimal:
    return (line.cantidad * line.precio_unitario).quantize(CENTAVO)
