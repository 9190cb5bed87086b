"""What a shop knows beside its productos: its documentos, and the pasajes they are cut into."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import Base, belongs, identity, now, of_empresa, own


class Documento(Base):
    """A text of the shop about itself: as it came (`contenido`), how far its reading is, and the
    lease of who reads it. `fallido`: what it said before, if anything, goes on answering."""

    __tablename__ = "documento"
    empresa_id: Mapped[int] = own()
    id: Mapped[int] = identity()
    titulo: Mapped[str]
    formato: Mapped[str]
    contenido: Mapped[bytes]
    sha256: Mapped[bytes]
    estado: Mapped[str] = mapped_column(server_default="en_cola")
    error: Mapped[dict[str, Any] | None]
    # The model whose vectors all of its pasajes have.
    modelo: Mapped[str | None]
    creado_en: Mapped[datetime] = now()
    actualizado_en: Mapped[datetime] = now()
    lease_de: Mapped[str | None]
    lease_hasta: Mapped[datetime | None]
    token: Mapped[int] = mapped_column(server_default="0")
    intentos: Mapped[int] = mapped_column(server_default="0")
    proximo_intento: Mapped[datetime | None]
    __table_args__ = (
        of_empresa(),
        CheckConstraint("formato IN ('texto', 'markdown', 'pdf', 'csv')", name="formato"),
        CheckConstraint("estado IN ('en_cola', 'listo', 'fallido')", name="estado"),
    )


class PasajeGuardado(Base):
    """A piece of a documento that can answer by itself. `titulo`: the headings above it, or the
    question it is the answer to; `hash`: of what its vector is made from."""

    __tablename__ = "pasaje"
    empresa_id: Mapped[int] = own()
    id: Mapped[int] = identity()
    documento_id: Mapped[int]
    orden: Mapped[int]
    titulo: Mapped[str]
    texto: Mapped[str]
    hash: Mapped[bytes]
    __table_args__ = (
        of_empresa(),
        belongs("documento", "documento_id", ondelete="CASCADE"),
        Index("uq_pasaje_orden", "empresa_id", "documento_id", "orden", unique=True),
    )
