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

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    Identity,
    MetaData,
    Numeric,
    Text,
    func,
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


class Via(StrEnum):
    """How somebody of the shop is told."""

    TELEGRAM = "telegram"
    WHATSAPP = "whatsapp"
    EMAIL = "email"


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
    """Of a reply on its way out. INCIERTA: sent, and we died before the provider's answer.

    ENTREGADA, LEIDA: the provider said so of one that was ENVIADA. RETENIDA: the provider takes
    nothing for this customer until they write again."""

    NINGUNA = "ninguna"
    PENDIENTE = "pendiente"
    ENVIANDO = "enviando"
    INCIERTA = "incierta"
    ENVIADA = "enviada"
    ENTREGADA = "entregada"
    LEIDA = "leida"
    FALLIDA = "fallida"
    RETENIDA = "retenida"


def _values(states: type[StrEnum]) -> str:
    return ", ".join(f"'{s.value}'" for s in states)


def one_of(column: str, states: type[StrEnum]) -> CheckConstraint:
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


def own() -> Mapped[int]:
    return mapped_column(primary_key=True)


def identity() -> Mapped[int]:
    return mapped_column(Identity(always=False), primary_key=True)


def now() -> Mapped[datetime]:
    return mapped_column(server_default=func.now())


def belongs(table: str, column: str, *, ondelete: str | None = None) -> ForeignKeyConstraint:
    """A reference that cannot leave the empresa."""
    return ForeignKeyConstraint(
        ["empresa_id", column], [f"{table}.empresa_id", f"{table}.id"], ondelete=ondelete
    )


def of_empresa() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["empresa_id"], ["empresa.id"], ondelete="CASCADE")
