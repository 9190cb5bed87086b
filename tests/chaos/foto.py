"""The rows of the shops under test, read as superuser in one snapshot: what really happened."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeVar

import psycopg
from psycopg.rows import class_row


@dataclass(frozen=True)
class Chat:
    empresa_id: int
    id: int
    chat_id: str
    pendientes: int
    ultimo_orden: int
    ultimo_evento: int
    token: int
    solo: bool
    tomado: bool


@dataclass(frozen=True)
class Mensaje:
    empresa_id: int
    id: int
    chat: int
    orden: int
    remitente: str
    estado: str
    intentos: int
    respuesta_id: int | None
    estado_venta: str
    venta_id: int | None
    id_externo: str | None
    orden_externo: int | None
    entrega: str


@dataclass(frozen=True)
class Producto:
    empresa_id: int
    id: int
    sku: str
    stock: Decimal


@dataclass(frozen=True)
class Movimiento:
    empresa_id: int
    producto_id: int
    cantidad: Decimal
    motivo: str
    venta_id: int | None


@dataclass(frozen=True)
class Venta:
    empresa_id: int
    id: int
    chat: int | None
    estado: str
    clave: str
    total: Decimal


@dataclass(frozen=True)
class Linea:
    empresa_id: int
    venta_id: int
    producto_id: int
    cantidad: Decimal
    subtotal: Decimal


@dataclass(frozen=True)
class Evento:
    empresa_id: int
    chat: int
    n: int
    tipo: str
    ref_id: int


@dataclass
class Foto:
    chats: Sequence[Chat] = field(default_factory=list)
    mensajes: Sequence[Mensaje] = field(default_factory=list)
    productos: Sequence[Producto] = field(default_factory=list)
    movimientos: Sequence[Movimiento] = field(default_factory=list)
    ventas: Sequence[Venta] = field(default_factory=list)
    lineas: Sequence[Linea] = field(default_factory=list)
    eventos: Sequence[Evento] = field(default_factory=list)


_CHATS = """SELECT empresa_id, id, chat_id, pendientes, ultimo_orden, ultimo_evento, token, solo,
    lease_hasta IS NOT NULL AS tomado FROM chat WHERE empresa_id = ANY(%s)"""
_MENSAJES = """SELECT empresa_id, id, chat_id AS chat, orden, remitente, estado, intentos,
    respuesta_id, estado_venta, venta_id, id_externo, orden_externo, entrega
    FROM mensaje WHERE empresa_id = ANY(%s) ORDER BY empresa_id, chat_id, orden, id"""
_PRODUCTOS = """SELECT empresa_id, id, coalesce(sku, '') AS sku, stock
    FROM producto WHERE empresa_id = ANY(%s)"""
_MOVIMIENTOS = """SELECT empresa_id, producto_id, cantidad, motivo, venta_id
    FROM movimiento WHERE empresa_id = ANY(%s)"""
_VENTAS = """SELECT empresa_id, id, chat_id AS chat, estado, clave, total
    FROM venta WHERE empresa_id = ANY(%s) ORDER BY id"""
_LINEAS = """SELECT empresa_id, venta_id, producto_id, cantidad, subtotal
    FROM venta_linea WHERE empresa_id = ANY(%s)"""
_EVENTOS = """SELECT empresa_id, chat_id AS chat, n, tipo, ref_id
    FROM evento WHERE empresa_id = ANY(%s) ORDER BY empresa_id, chat_id, n"""

_Row = TypeVar("_Row")


def take_foto(conninfo: str, empresas: Sequence[int]) -> Foto:
    """All of these shops' rows as of one instant."""
    with psycopg.connect(conninfo) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")

        def rows(kind: type[_Row], query: str) -> list[_Row]:
            with connection.cursor(row_factory=class_row(kind)) as cursor:
                return cursor.execute(query, (list(empresas),)).fetchall()

        return Foto(
            chats=rows(Chat, _CHATS),
            mensajes=rows(Mensaje, _MENSAJES),
            productos=rows(Producto, _PRODUCTOS),
            movimientos=rows(Movimiento, _MOVIMIENTOS),
            ventas=rows(Venta, _VENTAS),
            lineas=rows(Linea, _LINEAS),
            eventos=rows(Evento, _EVENTOS),
        )
