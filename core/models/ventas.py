"""What was sold, as it was sold."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import Base, Quantity, belongs, identity, now, of_empresa, own


class Venta(Base):
    __tablename__ = "venta"
    empresa_id: Mapped[int] = own()
    id: Mapped[int] = identity()
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
    creada_en: Mapped[datetime] = now()
    cancelada_en: Mapped[datetime | None]
    __table_args__ = (
        of_empresa(),
        belongs("chat", "chat_id"),
        belongs("usuario", "usuario_id"),
        CheckConstraint("estado IN ('confirmada', 'cancelada')", name="estado"),
        UniqueConstraint("empresa_id", "clave"),
        Index("ix_venta_chat", "empresa_id", "chat_id", "id"),
        Index("ix_venta_creada", "empresa_id", "creada_en"),
    )


class VentaLinea(Base):
    """Names and prices as sold: a later edit of the producto changes no past sale."""

    __tablename__ = "venta_linea"
    empresa_id: Mapped[int] = own()
    id: Mapped[int] = identity()
    venta_id: Mapped[int]
    producto_id: Mapped[int]
    sku: Mapped[str | None]
    nombre: Mapped[str]
    cantidad: Mapped[Decimal] = mapped_column(Quantity)
    precio_unitario: Mapped[Decimal]
    subtotal: Mapped[Decimal]
    __table_args__ = (
        of_empresa(),
        belongs("venta", "venta_id", ondelete="CASCADE"),
        belongs("producto", "producto_id"),
        CheckConstraint("cantidad > 0", name="cantidad"),
        UniqueConstraint("empresa_id", "venta_id", "producto_id"),
    )
