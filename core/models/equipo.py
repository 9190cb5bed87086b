"""The shop's own people: who is told of what, and what they are told."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import Base, Via, belongs, identity, now, of_empresa, one_of, own


class Destinatario(Base):
    """Somebody of the shop who is told of sales and of customers who wait for a person. `externo`:
    the address, or the provider's id of their chat; None until a telegram one is linked."""

    __tablename__ = "destinatario"
    empresa_id: Mapped[int] = own()
    id: Mapped[int] = identity()
    via: Mapped[str]
    canal_id: Mapped[int | None]
    externo: Mapped[str | None]
    nombre: Mapped[str]
    usuario_id: Mapped[int | None]
    ventas: Mapped[bool] = mapped_column(server_default="true")
    derivaciones: Mapped[bool] = mapped_column(server_default="true")
    estado: Mapped[str] = mapped_column(server_default="activo")
    # sha256 of the code that links a chat to them, once, and until when.
    codigo_hash: Mapped[str | None]
    codigo_hasta: Mapped[datetime | None]
    # Whoever writes there has shown the code: they may answer customers from that chat.
    enlazado_en: Mapped[datetime | None]
    creado_en: Mapped[datetime] = now()
    __table_args__ = (
        of_empresa(),
        belongs("canal", "canal_id", ondelete="CASCADE"),
        belongs("usuario", "usuario_id", ondelete="CASCADE"),
        one_of("via", Via),
        CheckConstraint("estado IN ('enlazando', 'activo')", name="estado"),
        CheckConstraint("(via = 'email') = (canal_id IS NULL)", name="canal"),
        CheckConstraint("estado = 'enlazando' OR externo IS NOT NULL", name="externo"),
        UniqueConstraint("empresa_id", "canal_id", "externo"),
        Index(
            "uq_destinatario_email",
            "empresa_id",
            "externo",
            unique=True,
            postgresql_where=text("via = 'email'"),
        ),
    )


class Aviso(Base):
    """What one person is told of one event, once: `clave` names the event. Over a canal it becomes
    a mensaje in their chat and is delivered as one; an email is sent from here."""

    __tablename__ = "aviso"
    empresa_id: Mapped[int] = own()
    id: Mapped[int] = identity()
    destinatario_id: Mapped[int]
    clave: Mapped[str]
    asunto: Mapped[str]
    texto: Mapped[str]
    # The customer's chat that it is about, and goes with.
    chat_id: Mapped[int | None]
    botones: Mapped[list[dict[str, Any]] | None]
    estado: Mapped[str] = mapped_column(server_default="pendiente")
    intentos: Mapped[int] = mapped_column(server_default="0")
    token: Mapped[int] = mapped_column(server_default="0")
    # While ENVIANDO: when the lease ends. While it waits: not before. Then: since.
    desde: Mapped[datetime | None]
    timbre_en: Mapped[datetime | None]
    mensaje_id: Mapped[int | None]
    id_proveedor: Mapped[str | None]
    error: Mapped[str | None]
    creado_en: Mapped[datetime] = now()
    __table_args__ = (
        of_empresa(),
        belongs("destinatario", "destinatario_id", ondelete="CASCADE"),
        belongs("chat", "chat_id", ondelete="CASCADE"),
        CheckConstraint(
            "estado IN ('pendiente', 'enviando', 'incierta', 'enviada', 'fallida')", name="estado"
        ),
        UniqueConstraint("empresa_id", "destinatario_id", "clave"),
        Index(
            "ix_aviso_salida",
            "desde",
            postgresql_where=text("estado IN ('pendiente', 'enviando', 'incierta')"),
        ),
        Index("ix_aviso_chat", "empresa_id", "chat_id"),
    )
