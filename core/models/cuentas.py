"""Who runs a shop and where its customers come in."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import Base, Rol, TipoCanal, belongs, identity, now, of_empresa, one_of, own


class Empresa(Base):
    __tablename__ = "empresa"
    id: Mapped[int] = identity()
    nombre: Mapped[str]
    moneda: Mapped[str] = mapped_column(server_default="COP")
    # Holds the superadmin and nothing else.
    reservada: Mapped[bool] = mapped_column(server_default="false")
    # A throw-away shop of the exam: workers leave it alone, the next exam sweeps it.
    efimera: Mapped[bool] = mapped_column(server_default="false")
    # Rises, under the row's lock, with every change that a search index must see.
    catalogo_version: Mapped[int] = mapped_column(server_default="0")
    # The shop's own words: groups that mean the same. The version rises with each change of them.
    sinonimos: Mapped[list[list[str]]] = mapped_column(JSONB, server_default=text("'[]'"))
    sinonimos_version: Mapped[int] = mapped_column(server_default="0")
    # Rises with every change of what its documentos can answer.
    documentos_version: Mapped[int] = mapped_column(server_default="0")
    ajustes: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    creada_en: Mapped[datetime] = now()
    __table_args__ = (
        Index("uq_empresa_reservada", "reservada", unique=True, postgresql_where=text("reservada")),
    )


class Usuario(Base):
    __tablename__ = "usuario"
    empresa_id: Mapped[int] = own()
    id: Mapped[int] = identity()
    email: Mapped[str]
    # sha256 of the folded email: what login looks up without being shown any address.
    email_hash: Mapped[str]
    nombre: Mapped[str | None]
    password_hash: Mapped[str]
    rol: Mapped[str]
    activo: Mapped[bool] = mapped_column(server_default="true")
    intentos_fallidos: Mapped[int] = mapped_column(server_default="0")
    bloqueado_hasta: Mapped[datetime | None]
    creado_en: Mapped[datetime] = now()
    __table_args__ = (
        of_empresa(),
        one_of("rol", Rol),
        # The one key that crosses empresas by contract: an email is unique per installation.
        UniqueConstraint("email_hash"),
    )


class Sesion(Base):
    """A family of refresh tokens (usuario_id) or one anonymous chat's token (chat_id)."""

    __tablename__ = "sesion"
    empresa_id: Mapped[int] = own()
    id: Mapped[UUID] = mapped_column(primary_key=True)
    usuario_id: Mapped[int | None]
    chat_id: Mapped[int | None]
    # The id of the only refresh token still good; an older one revokes the family.
    refresh_jti: Mapped[UUID | None]
    expira_en: Mapped[datetime]
    revocada_en: Mapped[datetime | None]
    creada_en: Mapped[datetime] = now()
    __table_args__ = (
        of_empresa(),
        belongs("usuario", "usuario_id", ondelete="CASCADE"),
        belongs("chat", "chat_id", ondelete="CASCADE"),
        Index("ix_sesion_usuario", "empresa_id", "usuario_id"),
        Index("ix_sesion_chat", "empresa_id", "chat_id"),
    )


class Canal(Base):
    __tablename__ = "canal"
    empresa_id: Mapped[int] = own()
    id: Mapped[int] = identity()
    tipo: Mapped[str]
    nombre: Mapped[str]
    # Public: the web channel's key, or the last part of a webhook's path. Random, 22 characters.
    clave: Mapped[str]
    # Encrypted with SECRETS_KEY and bound to (empresa, clave); never returned.
    credenciales: Mapped[bytes | None]
    # What the shop sets of it and nothing hides: see core.cuentas.canales.
    ajustes: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    # sha256 of the secret that a provider sends with each webhook.
    secreto_hash: Mapped[str | None]
    estado: Mapped[str] = mapped_column(server_default="verificando")
    detalle: Mapped[str | None]
    # Of the provider's stream when polling: the next update to ask for.
    cursor: Mapped[int] = mapped_column(server_default="0")
    por_defecto: Mapped[bool] = mapped_column(server_default="false")
    # Borrowed by one sender at a time: not before this instant (a provider's RetryAfter).
    proximo_envio: Mapped[datetime | None]
    creado_en: Mapped[datetime] = now()
    # Closed for good, kept for its conversations: no credentials, and a clave that nobody knows.
    eliminado_en: Mapped[datetime | None]
    __table_args__ = (
        of_empresa(),
        one_of("tipo", TipoCanal),
        CheckConstraint("estado IN ('verificando', 'activo', 'error')", name="estado"),
        UniqueConstraint("clave"),
        Index(
            "uq_canal_por_defecto", "empresa_id", unique=True, postgresql_where=text("por_defecto")
        ),
    )


class Log(Base):
    """The audit trail, append only: who did what to what. Never a message's text or a secret."""

    __tablename__ = "log"
    empresa_id: Mapped[int] = own()
    id: Mapped[int] = identity()
    accion: Mapped[str]
    # "usuario:<id>", "cliente", "agente", "sistema" or "consola".
    actor: Mapped[str]
    objeto: Mapped[str | None]
    datos: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    creado_en: Mapped[datetime] = now()
    __table_args__ = (of_empresa(), Index("ix_log_creado", "empresa_id", "creado_en"))
