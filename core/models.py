"""Every row, as PostgreSQL keeps it. Migrations write the same thing; a test holds them together.

All tables but `empresa` itself start their key with `empresa_id`, foreign keys included, so that
no row can point into another shop. Money and quantities are numeric with 2 and 3 decimals, times
are timestamptz set by the database's clock, states are text with CHECK (an enum's operators are
not leakproof, so row level security would keep them from using an index).
"""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    Identity,
    Index,
    MetaData,
    Numeric,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, registry

Money = Numeric(14, 2)
Quantity = Numeric(14, 3)
Instant = TIMESTAMP(timezone=True)


class Rol(StrEnum):
    SUPERADMIN = "superadmin"
    ADMIN = "admin"
    VENDEDOR = "vendedor"
    OBSERVADOR = "observador"
    CLIENTE = "cliente"


class TipoCanal(StrEnum):
    WEB = "web"
    TELEGRAM = "telegram"
    WHATSAPP = "whatsapp"


class Remitente(StrEnum):
    USUARIO = "usuario"
    BOT = "bot"
    AGENTE = "agente"


class EstadoVenta(StrEnum):
    """Of a chat, as it stood after a mensaje."""

    NINGUNA = "ninguna"
    OFERTA = "oferta"
    DATOS = "datos"
    CONFIRMADA = "confirmada"
    CANCELADA = "cancelada"


class EstadoMensaje(StrEnum):
    """Of a customer's mensaje; replies are born PROCESADO."""

    PENDIENTE = "pendiente"
    PROCESADO = "procesado"
    CUARENTENA = "cuarentena"


class Entrega(StrEnum):
    """Of a reply on its way out. INCIERTA: sent, and we died before the provider's answer."""

    NINGUNA = "ninguna"
    PENDIENTE = "pendiente"
    ENVIANDO = "enviando"
    INCIERTA = "incierta"
    ENVIADA = "enviada"
    FALLIDA = "fallida"


def _values(states: type[StrEnum]) -> str:
    return ", ".join(f"'{s.value}'" for s in states)


def _in(column: str, states: type[StrEnum]) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({_values(states)})", name=column)


_METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Base(DeclarativeBase):
    # A registry, not a bare type_annotation_map, so that flask-sqlalchemy can build on this class.
    registry = registry(
        metadata=_METADATA,
        type_annotation_map={
            int: BigInteger,
            str: Text,
            datetime: Instant,
            Decimal: Money,
            dict[str, Any]: JSONB,
            list[dict[str, Any]]: JSONB,
        },
    )


def _own() -> Mapped[int]:
    return mapped_column(primary_key=True)


def _id() -> Mapped[int]:
    return mapped_column(Identity(always=False), primary_key=True)


def _now() -> Mapped[datetime]:
    return mapped_column(server_default=func.now())


def _belongs(table: str, column: str, *, ondelete: str | None = None) -> ForeignKeyConstraint:
    """A reference that cannot leave the empresa."""
    return ForeignKeyConstraint(
        ["empresa_id", column], [f"{table}.empresa_id", f"{table}.id"], ondelete=ondelete
    )


def _of_empresa() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["empresa_id"], ["empresa.id"], ondelete="CASCADE")


class Empresa(Base):
    __tablename__ = "empresa"
    id: Mapped[int] = _id()
    nombre: Mapped[str]
    moneda: Mapped[str] = mapped_column(server_default="COP")
    # Holds the superadmin and nothing else.
    reservada: Mapped[bool] = mapped_column(server_default="false")
    # A throw-away shop of the exam: workers leave it alone, the next exam sweeps it.
    efimera: Mapped[bool] = mapped_column(server_default="false")
    # Rises, under the row's lock, with every change that a search index must see.
    catalogo_version: Mapped[int] = mapped_column(server_default="0")
    ajustes: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    creada_en: Mapped[datetime] = _now()
    __table_args__ = (
        Index("uq_empresa_reservada", "reservada", unique=True, postgresql_where=text("reservada")),
    )


class Usuario(Base):
    __tablename__ = "usuario"
    empresa_id: Mapped[int] = _own()
    id: Mapped[int] = _id()
    email: Mapped[str]
    # sha256 of the folded email: what login looks up without being shown any address.
    email_hash: Mapped[str]
    nombre: Mapped[str | None]
    password_hash: Mapped[str]
    rol: Mapped[str]
    activo: Mapped[bool] = mapped_column(server_default="true")
    intentos_fallidos: Mapped[int] = mapped_column(server_default="0")
    bloqueado_hasta: Mapped[datetime | None]
    creado_en: Mapped[datetime] = _now()
    __table_args__ = (
        _of_empresa(),
        _in("rol", Rol),
        # The one key that crosses empresas by contract: an email is unique per installation.
        UniqueConstraint("email_hash"),
    )


class Sesion(Base):
    """A family of refresh tokens (usuario_id) or one anonymous chat's token (chat_id)."""

    __tablename__ = "sesion"
    empresa_id: Mapped[int] = _own()
    id: Mapped[UUID] = mapped_column(primary_key=True)
    usuario_id: Mapped[int | None]
    chat_id: Mapped[int | None]
    # The id of the only refresh token still good; an older one revokes the family.
    refresh_jti: Mapped[UUID | None]
    expira_en: Mapped[datetime]
    revocada_en: Mapped[datetime | None]
    creada_en: Mapped[datetime] = _now()
    __table_args__ = (
        _of_empresa(),
        _belongs("usuario", "usuario_id", ondelete="CASCADE"),
        _belongs("chat", "chat_id", ondelete="CASCADE"),
        Index("ix_sesion_usuario", "empresa_id", "usuario_id"),
        Index("ix_sesion_chat", "empresa_id", "chat_id"),
    )


class Canal(Base):
    __tablename__ = "canal"
    empresa_id: Mapped[int] = _own()
    id: Mapped[int] = _id()
    tipo: Mapped[str]
    nombre: Mapped[str]
    # Public: the web channel's key, or the last part of a webhook's path. Random, 22 characters.
    clave: Mapped[str]
    # Encrypted with SECRETS_KEY and bound to (empresa, clave); never returned.
    credenciales: Mapped[bytes | None]
    # sha256 of the secret that a provider sends with each webhook.
    secreto_hash: Mapped[str | None]
    estado: Mapped[str] = mapped_column(server_default="verificando")
    detalle: Mapped[str | None]
    # Of the provider's stream when polling: the next update to ask for.
    cursor: Mapped[int] = mapped_column(server_default="0")
    por_defecto: Mapped[bool] = mapped_column(server_default="false")
    # Borrowed by one sender at a time: not before this instant (a provider's RetryAfter).
    proximo_envio: Mapped[datetime | None]
    creado_en: Mapped[datetime] = _now()
    # Closed for good, kept for its conversations: no credentials, and a clave that nobody knows.
    eliminado_en: Mapped[datetime | None]
    __table_args__ = (
        _of_empresa(),
        _in("tipo", TipoCanal),
        CheckConstraint("estado IN ('verificando', 'activo', 'error')", name="estado"),
        UniqueConstraint("clave"),
        Index(
            "uq_canal_por_defecto", "empresa_id", unique=True, postgresql_where=text("por_defecto")
        ),
    )


class Cliente(Base):
    """A person who writes. `datos`: what they told us (nombre, telefono, …)."""

    __tablename__ = "cliente"
    empresa_id: Mapped[int] = _own()
    id: Mapped[int] = _id()
    nombre: Mapped[str | None]
    datos: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    creado_en: Mapped[datetime] = _now()
    __table_args__ = (_of_empresa(),)


class Chat(Base):
    """One conversation, and the unit of work: a worker leases a chat, never a mensaje."""

    __tablename__ = "chat"
    empresa_id: Mapped[int] = _own()
    id: Mapped[int] = _id()
    canal_id: Mapped[int]
    # Public name, unique per empresa; `externo` is the provider's own id of the chat.
    chat_id: Mapped[str]
    externo: Mapped[str | None]
    cliente_id: Mapped[int | None]
    estado_venta: Mapped[str] = mapped_column(server_default="ninguna")
    ia_activa: Mapped[bool] = mapped_column(server_default="true")
    # Asked for a person (by the customer or the seller's rules) and nobody took it yet.
    espera_humano: Mapped[bool] = mapped_column(server_default="false")
    # The provider says the person left or blocked us; nothing more is sent.
    cerrado: Mapped[bool] = mapped_column(server_default="false")
    # The seller's memory: carrito, pending oferta, pending question (core.agente.estado).
    conversacion: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    # Counters per chat, moved under the row's lock: place in the history, live event, offer.
    ultimo_orden: Mapped[int] = mapped_column(server_default="0")
    ultimo_evento: Mapped[int] = mapped_column(server_default="0")
    # Customer mensajes not yet answered; turno_desde: when their turn may begin (burst, backoff).
    pendientes: Mapped[int] = mapped_column(server_default="0")
    turno_desde: Mapped[datetime | None]
    # A burst postpones its turn no further than this.
    rafaga_hasta: Mapped[datetime | None]
    # How often mensajes that arrived meanwhile have restarted the turn.
    reinicios: Mapped[int] = mapped_column(server_default="0")
    # When barrido last rang for it, so that a long queue is not flooded with copies.
    timbre_en: Mapped[datetime | None]
    # Who works on it, until when, and the fencing token: only the latest taker may record.
    lease_de: Mapped[str | None]
    lease_hasta: Mapped[datetime | None]
    token: Mapped[int] = mapped_column(server_default="0")
    # A turn here died with its process: what is pending reruns alone, one mensaje at a time.
    solo: Mapped[bool] = mapped_column(server_default="false")
    creado_en: Mapped[datetime] = _now()
    actualizado_en: Mapped[datetime] = _now()
    __table_args__ = (
        _of_empresa(),
        _belongs("canal", "canal_id"),
        _belongs("cliente", "cliente_id"),
        _in("estado_venta", EstadoVenta),
        CheckConstraint("pendientes >= 0", name="pendientes"),
        UniqueConstraint("empresa_id", "chat_id"),
        UniqueConstraint("empresa_id", "canal_id", "externo"),
        Index("ix_chat_turno", "turno_desde", postgresql_where=text("pendientes > 0")),
        Index("ix_chat_reciente", "empresa_id", "actualizado_en", "id"),
        Index("ix_chat_nuevo", "empresa_id", "canal_id", "creado_en"),
    )


class Mensaje(Base):
    __tablename__ = "mensaje"
    empresa_id: Mapped[int] = _own()
    id: Mapped[int] = _id()
    canal_id: Mapped[int]
    chat_id: Mapped[int]
    orden: Mapped[int]
    remitente: Mapped[str]
    tipo: Mapped[str] = mapped_column(server_default="texto")
    # Empty until a worker has parsed `crudo`, the provider's own update.
    texto: Mapped[str] = mapped_column(server_default="")
    crudo: Mapped[dict[str, Any] | None]
    id_externo: Mapped[str | None]
    # The provider's own order inside the chat, where it has one.
    orden_externo: Mapped[int | None]
    estado: Mapped[str] = mapped_column(server_default="procesado")
    # Deaths of the process that worked on this mensaje alone; committed before the work.
    intentos: Mapped[int] = mapped_column(server_default="0")
    # The reply of the turn that this mensaje belonged to.
    respuesta_id: Mapped[int | None]
    estado_venta: Mapped[str] = mapped_column(server_default="ninguna")
    usuario_id: Mapped[int | None]
    venta_id: Mapped[int | None]
    entrega: Mapped[str] = mapped_column(server_default="ninguna")
    entrega_intentos: Mapped[int] = mapped_column(server_default="0")
    # While ENVIANDO: when the lease ends. While PENDIENTE or INCIERTA: not before. Then: since.
    entrega_desde: Mapped[datetime | None]
    # When barrido last rang for its delivery.
    timbre_en: Mapped[datetime | None]
    entrega_token: Mapped[int] = mapped_column(server_default="0")
    # How many parts of a split reply the provider has accepted so far.
    entrega_partes: Mapped[int] = mapped_column(server_default="0")
    id_proveedor: Mapped[str | None]
    error: Mapped[str | None]
    creado_en: Mapped[datetime] = _now()
    __table_args__ = (
        _of_empresa(),
        _belongs("canal", "canal_id"),
        _belongs("chat", "chat_id", ondelete="CASCADE"),
        _belongs("usuario", "usuario_id"),
        _belongs("venta", "venta_id"),
        _in("remitente", Remitente),
        _in("estado", EstadoMensaje),
        _in("entrega", Entrega),
        UniqueConstraint("empresa_id", "canal_id", "chat_id", "id_externo"),
        UniqueConstraint("empresa_id", "chat_id", "orden"),
        Index(
            "ix_mensaje_pendiente",
            "empresa_id",
            "chat_id",
            "orden",
            postgresql_where=text("estado = 'pendiente'"),
        ),
        Index(
            "ix_mensaje_salida",
            "entrega_desde",
            postgresql_where=text("entrega IN ('pendiente', 'enviando', 'incierta')"),
        ),
        # Who goes first in a chat, however long its history.
        Index(
            "ix_mensaje_fila",
            "empresa_id",
            "chat_id",
            "orden",
            postgresql_where=text("entrega IN ('pendiente', 'enviando', 'incierta')"),
        ),
    )


class Evento(Base):
    """What a live page may have missed: n counts per chat; `ref_id` is a mensaje or a venta."""

    __tablename__ = "evento"
    empresa_id: Mapped[int] = _own()
    chat_id: Mapped[int] = mapped_column(primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True)
    tipo: Mapped[str]
    ref_id: Mapped[int]
    __table_args__ = (
        _of_empresa(),
        _belongs("chat", "chat_id", ondelete="CASCADE"),
        CheckConstraint("tipo IN ('mensaje', 'venta')", name="tipo"),
    )


class Producto(Base):
    __tablename__ = "producto"
    empresa_id: Mapped[int] = _own()
    id: Mapped[int] = _id()
    sku: Mapped[str | None]
    # What a row of a file is recognised by: its sku, else its folded nombre.
    clave: Mapped[str]
    nombre: Mapped[str]
    descripcion: Mapped[str] = mapped_column(server_default="")
    categoria: Mapped[str] = mapped_column(server_default="")
    marca: Mapped[str] = mapped_column(server_default="")
    unidad: Mapped[str] = mapped_column(server_default="unidad")
    precio: Mapped[Decimal]
    moneda: Mapped[str]
    stock: Mapped[Decimal] = mapped_column(Quantity, server_default="0")
    activo: Mapped[bool] = mapped_column(server_default="true")
    # empresa.catalogo_version of the last change to what a search reads (text, activo).
    version: Mapped[int] = mapped_column(server_default="0")
    creado_en: Mapped[datetime] = _now()
    actualizado_en: Mapped[datetime] = _now()
    __table_args__ = (
        _of_empresa(),
        CheckConstraint("stock >= 0", name="stock"),
        CheckConstraint("precio >= 0", name="precio"),
        UniqueConstraint("empresa_id", "clave"),
        UniqueConstraint("empresa_id", "sku"),
        Index("ix_producto_version", "empresa_id", "version"),
    )


class Movimiento(Base):
    """The stock ledger, append only: a product's stock is the sum of its rows, always."""

    __tablename__ = "movimiento"
    empresa_id: Mapped[int] = _own()
    id: Mapped[int] = _id()
    producto_id: Mapped[int]
    cantidad: Mapped[Decimal] = mapped_column(Quantity)
    motivo: Mapped[str]
    venta_id: Mapped[int | None]
    importacion_id: Mapped[int | None]
    usuario_id: Mapped[int | None]
    creado_en: Mapped[datetime] = _now()
    __table_args__ = (
        _of_empresa(),
        _belongs("producto", "producto_id", ondelete="CASCADE"),
        _belongs("venta", "venta_id", ondelete="CASCADE"),
        CheckConstraint("cantidad <> 0", name="cantidad"),
        CheckConstraint(
            "motivo IN ('alta', 'edicion', 'importacion', 'venta', 'cancelacion')", name="motivo"
        ),
        # A replay of a sale or of its cancellation cannot move the same stock twice.
        UniqueConstraint("empresa_id", "venta_id", "producto_id", "motivo"),
        Index("ix_movimiento_producto", "empresa_id", "producto_id"),
    )


class Venta(Base):
    __tablename__ = "venta"
    empresa_id: Mapped[int] = _own()
    id: Mapped[int] = _id()
    chat_id: Mapped[int | None]
    usuario_id: Mapped[int | None]
    cliente: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    estado: Mapped[str] = mapped_column(server_default="confirmada")
    total: Mapped[Decimal]
    moneda: Mapped[str]
    # What makes a sale itself: "oferta:<chat>:<n>" or "http:<Idempotency-Key>". One sale each.
    clave: Mapped[str]
    # sha256 of the request behind an Idempotency-Key.
    huella: Mapped[str | None]
    creada_en: Mapped[datetime] = _now()
    cancelada_en: Mapped[datetime | None]
    __table_args__ = (
        _of_empresa(),
        _belongs("chat", "chat_id"),
        _belongs("usuario", "usuario_id"),
        CheckConstraint("estado IN ('confirmada', 'cancelada')", name="estado"),
        UniqueConstraint("empresa_id", "clave"),
        Index("ix_venta_chat", "empresa_id", "chat_id", "id"),
        Index("ix_venta_creada", "empresa_id", "creada_en"),
    )


class VentaLinea(Base):
    """Names and prices as sold: a later edit of the producto changes no past sale."""

    __tablename__ = "venta_linea"
    empresa_id: Mapped[int] = _own()
    id: Mapped[int] = _id()
    venta_id: Mapped[int]
    producto_id: Mapped[int]
    sku: Mapped[str | None]
    nombre: Mapped[str]
    cantidad: Mapped[Decimal] = mapped_column(Quantity)
    precio_unitario: Mapped[Decimal]
    subtotal: Mapped[Decimal]
    __table_args__ = (
        _of_empresa(),
        _belongs("venta", "venta_id", ondelete="CASCADE"),
        _belongs("producto", "producto_id"),
        CheckConstraint("cantidad > 0", name="cantidad"),
        UniqueConstraint("empresa_id", "venta_id", "producto_id"),
    )


class Importacion(Base):
    """A file on its way into the catalogue; `contenido` is the file, so no disk is needed."""

    __tablename__ = "importacion"
    empresa_id: Mapped[int] = _own()
    id: Mapped[int] = _id()
    usuario_id: Mapped[int | None]
    nombre_archivo: Mapped[str]
    modo: Mapped[str]
    estado: Mapped[str] = mapped_column(server_default="en_cola")
    contenido: Mapped[bytes | None]
    # The last physical line applied: a killed job goes on after it.
    cursor: Mapped[int] = mapped_column(server_default="0")
    filas_total: Mapped[int | None]
    filas_procesadas: Mapped[int] = mapped_column(server_default="0")
    creados: Mapped[int] = mapped_column(server_default="0")
    actualizados: Mapped[int] = mapped_column(server_default="0")
    sin_cambios: Mapped[int] = mapped_column(server_default="0")
    desactivados: Mapped[int] = mapped_column(server_default="0")
    con_error: Mapped[int] = mapped_column(server_default="0")
    indexados: Mapped[int] = mapped_column(server_default="0")
    error: Mapped[dict[str, Any] | None]
    lease_de: Mapped[str | None]
    lease_hasta: Mapped[datetime | None]
    token: Mapped[int] = mapped_column(server_default="0")
    intentos: Mapped[int] = mapped_column(server_default="0")
    creada_en: Mapped[datetime] = _now()
    terminada_en: Mapped[datetime | None]
    __table_args__ = (
        _of_empresa(),
        _belongs("usuario", "usuario_id"),
        CheckConstraint("modo IN ('reemplazar', 'actualizar')", name="modo"),
        CheckConstraint(
            "estado IN ('en_cola', 'procesando', 'indexando', 'completada', 'fallida')",
            name="estado",
        ),
        Index(
            "ix_importacion_abierta",
            "empresa_id",
            "id",
            postgresql_where=text("estado IN ('en_cola', 'procesando', 'indexando')"),
        ),
    )


class ImportacionFila(Base):
    """One line of the file: its key (so `reemplazar` knows what was named) or its error."""

    __tablename__ = "importacion_fila"
    empresa_id: Mapped[int] = _own()
    importacion_id: Mapped[int] = mapped_column(primary_key=True)
    fila: Mapped[int] = mapped_column(primary_key=True)
    # Given while the line's errors are more than one.
    n: Mapped[int] = mapped_column(primary_key=True, server_default="0")
    clave: Mapped[str | None]
    columna: Mapped[str | None]
    codigo: Mapped[str | None]
    mensaje: Mapped[str | None]
    __table_args__ = (
        _of_empresa(),
        _belongs("importacion", "importacion_id", ondelete="CASCADE"),
        Index("ix_importacion_fila_clave", "empresa_id", "importacion_id", "clave"),
    )


class Log(Base):
    """The audit trail, append only: who did what to what. Never a message's text or a secret."""

    __tablename__ = "log"
    empresa_id: Mapped[int] = _own()
    id: Mapped[int] = _id()
    accion: Mapped[str]
    # "usuario:<id>", "cliente", "agente", "sistema" or "consola".
    actor: Mapped[str]
    objeto: Mapped[str | None]
    datos: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    creado_en: Mapped[datetime] = _now()
    __table_args__ = (_of_empresa(), Index("ix_log_creado", "empresa_id", "creado_en"))
