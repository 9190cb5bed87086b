"""Conversations: the customer, the chat, its messages and what live pages may have missed."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import (
    Base,
    Entrega,
    EstadoMensaje,
    EstadoVenta,
    Remitente,
    belongs,
    identity,
    now,
    of_empresa,
    one_of,
    own,
)


class Cliente(Base):
    """A person who writes. `datos`: what they told us (nombre, telefono, …)."""

    __tablename__ = "cliente"
    empresa_id: Mapped[int] = own()
    id: Mapped[int] = identity()
    nombre: Mapped[str | None]
    datos: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    creado_en: Mapped[datetime] = now()
    __table_args__ = (of_empresa(),)


class Chat(Base):
    """One conversation, and the unit of work: a worker leases a chat, never a mensaje."""

    __tablename__ = "chat"
    empresa_id: Mapped[int] = own()
    id: Mapped[int] = identity()
    canal_id: Mapped[int]
    # Public name, unique per empresa; `externo` is the provider's own id of the chat.
    chat_id: Mapped[str]
    externo: Mapped[str | None]
    # The person's other id at the provider, where there are two (core.mensajes.identidad).
    alias: Mapped[str | None]
    # When the customer last wrote, by the provider's clock, never in the future.
    escrito_en: Mapped[datetime | None]
    cliente_id: Mapped[int | None]
    estado_venta: Mapped[str] = mapped_column(server_default="ninguna")
    ia_activa: Mapped[bool] = mapped_column(server_default="true")
    # While it is false: who has it ("usuario:<id>", "destinatario:<id>"), since when, and when it
    # goes back to the bot unless they write; None is never.
    tomado_por: Mapped[str | None]
    tomado_en: Mapped[datetime | None]
    devolver_en: Mapped[datetime | None]
    # Of a person of the shop, who is told of sales here: no customer's, and nobody sells in it.
    equipo: Mapped[bool] = mapped_column(server_default="false")
    # Asked for a person (by the customer or the seller's rules) and nobody took it yet.
    espera_humano: Mapped[bool] = mapped_column(server_default="false")
    # What was happening when a person was called, for them to read (core.agente.resumir).
    resumen: Mapped[str | None]
    # Wants no messages that the shop begins; until they ask or order again.
    baja: Mapped[bool] = mapped_column(server_default="false")
    # When they last said so in the provider's own settings, by its clock.
    preferencia_en: Mapped[datetime | None]
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
    creado_en: Mapped[datetime] = now()
    actualizado_en: Mapped[datetime] = now()
    __table_args__ = (
        of_empresa(),
        belongs("canal", "canal_id"),
        belongs("cliente", "cliente_id"),
        one_of("estado_venta", EstadoVenta),
        CheckConstraint("pendientes >= 0", name="pendientes"),
        UniqueConstraint("empresa_id", "chat_id"),
        UniqueConstraint("empresa_id", "canal_id", "externo"),
        UniqueConstraint("empresa_id", "canal_id", "alias"),
        Index("ix_chat_turno", "turno_desde", postgresql_where=text("pendientes > 0")),
        Index("ix_chat_reciente", "empresa_id", "actualizado_en", "id"),
        Index("ix_chat_devolver", "devolver_en", postgresql_where=text("devolver_en IS NOT NULL")),
        Index(
            "ix_chat_tomado",
            "empresa_id",
            "tomado_por",
            postgresql_where=text("tomado_por IS NOT NULL"),
        ),
        Index("ix_chat_nuevo", "empresa_id", "canal_id", "creado_en"),
    )


class Mensaje(Base):
    __tablename__ = "mensaje"
    empresa_id: Mapped[int] = own()
    id: Mapped[int] = identity()
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
    # While ENVIANDO: when the lease ends. While PENDIENTE or INCIERTA: not before. Then: since it
    # was sent, failed or was held back.
    entrega_desde: Mapped[datetime | None]
    # When barrido last rang for its delivery.
    timbre_en: Mapped[datetime | None]
    entrega_token: Mapped[int] = mapped_column(server_default="0")
    # How many parts of a split reply the provider has accepted so far.
    entrega_partes: Mapped[int] = mapped_column(server_default="0")
    id_proveedor: Mapped[str | None]
    # Of a reply: the answers that can be pressed, as core.ports.Boton, in order.
    botones: Mapped[list[dict[str, Any]] | None]
    # What a model heard in a recording or saw in a photo: for the shop, not for the customer.
    transcripcion: Mapped[str | None]
    error: Mapped[str | None]
    # In a chat of the shop's own people: the customer's that it speaks of, and goes with.
    sobre_chat_id: Mapped[int | None]
    creado_en: Mapped[datetime] = now()
    __table_args__ = (
        of_empresa(),
        belongs("canal", "canal_id"),
        belongs("chat", "chat_id", ondelete="CASCADE"),
        belongs("chat", "sobre_chat_id", ondelete="CASCADE"),
        belongs("usuario", "usuario_id"),
        belongs("venta", "venta_id"),
        one_of("remitente", Remitente),
        one_of("estado", EstadoMensaje),
        one_of("entrega", Entrega),
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
        Index(
            "ix_mensaje_retenida",
            "empresa_id",
            "chat_id",
            postgresql_where=text("entrega = 'retenida'"),
        ),
        Index(
            "ix_mensaje_sobre",
            "empresa_id",
            "sobre_chat_id",
            postgresql_where=text("sobre_chat_id IS NOT NULL"),
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
    empresa_id: Mapped[int] = own()
    chat_id: Mapped[int] = mapped_column(primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True)
    tipo: Mapped[str]
    ref_id: Mapped[int]
    __table_args__ = (
        of_empresa(),
        belongs("chat", "chat_id", ondelete="CASCADE"),
        CheckConstraint("tipo IN ('mensaje', 'venta')", name="tipo"),
    )
