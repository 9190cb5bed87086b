"""The JSON of what several routes show: money as decimal strings, quantities as numbers."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.mensajes.historial import RETIRADA
from core.models import Archivo, Chat, Mensaje, Venta, VentaLinea


def money(value: Decimal) -> str:
    return f"{value:.2f}"


def quantity(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)


def show_mensaje(
    mensaje: Mensaje, archivo: Archivo | None, *, con_transcripcion: bool
) -> dict[str, Any]:
    return {
        "id": mensaje.id,
        "orden": mensaje.orden,
        "remitente": mensaje.remitente,
        "mensaje": mensaje.texto,
        "tipo": mensaje.tipo,
        "timestamp": mensaje.creado_en.isoformat(),
        "estado": mensaje.estado,
        "estado_venta": mensaje.estado_venta,
        # Withdrawn when a person took the chat: it never left.
        "entrega": mensaje.error if mensaje.error == RETIRADA else mensaje.entrega,
        # Of what could not be sent, or must wait; of a customer's it is nobody's business.
        "error": mensaje.error if mensaje.remitente != "usuario" else None,
        "venta_id": mensaje.venta_id,
        # What the customer's own page named it by; a provider's ids are nobody's business.
        "id_externo": mensaje.id_externo if mensaje.orden_externo is None else None,
        "botones": [
            {"id": f"{mensaje.id}:{i}", "texto": b["texto"]}
            for i, b in enumerate(mensaje.botones or ())
        ],
        "archivo": archivo and show_archivo(archivo),
        "transcripcion": mensaje.transcripcion if con_transcripcion else None,
    }


def show_archivo(archivo: Archivo) -> dict[str, Any]:
    return {
        "id": archivo.id,
        "tipo": archivo.tipo,
        "estado": archivo.estado,
        "error": archivo.error,
        "mime": archivo.mime,
        "bytes": archivo.bytes,
        "ancho": archivo.ancho,
        "alto": archivo.alto,
    }


def show_ventas(
    session: Session, ventas: Sequence[Venta], *, empresa_id: int
) -> list[dict[str, Any]]:
    """All of `ventas` with their lines and chats: two queries however many there are."""
    lines: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for line in session.scalars(
        select(VentaLinea)
        .where(
            VentaLinea.empresa_id == empresa_id,
            VentaLinea.venta_id.in_([v.id for v in ventas]),
        )
        .order_by(VentaLinea.id)
    ):
        lines[line.venta_id].append(
            {
                "producto_id": line.producto_id,
                "sku": line.sku,
                "nombre": line.nombre,
                "cantidad": quantity(line.cantidad),
                "precio_unitario": money(line.precio_unitario),
                "subtotal": money(line.subtotal),
            }
        )
    named = session.execute(
        select(Chat.id, Chat.chat_id).where(
            Chat.empresa_id == empresa_id,
            Chat.id.in_({v.chat_id for v in ventas if v.chat_id is not None}),
        )
    )
    chats: dict[int, str] = {row.id: row.chat_id for row in named}
    return [
        {
            "id": v.id,
            "chat_id": chats.get(v.chat_id) if v.chat_id is not None else None,
            "estado": v.estado,
            "total": money(v.total),
            "moneda": v.moneda,
            "cliente": v.cliente,
            "lineas": lines[v.id],
            "creada_en": v.creada_en.isoformat(),
            "cancelada_en": v.cancelada_en.isoformat() if v.cancelada_en else None,
        }
        for v in ventas
    ]
