"""What a language model answered and cost."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Index, Numeric
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import Base, belongs, now, of_empresa, own

# In the currency of the model's price list (LLM_PRECIO_…): a call costs fractions of a cent.
Costo = Numeric(14, 6)


class RespuestaGuardada(Base):
    """What a model answered to one question for one mensaje: a turn that runs again asks no more.
    Gone with the chat, and needed no longer than the turn's record is kept."""

    __tablename__ = "respuesta_modelo"
    empresa_id: Mapped[int] = own()
    chat_id: Mapped[int] = mapped_column(primary_key=True)
    mensaje_id: Mapped[int] = mapped_column(primary_key=True)
    paso: Mapped[str] = mapped_column(primary_key=True)
    # Of the whole question: another prompt or model is another question.
    huella: Mapped[str] = mapped_column(primary_key=True)
    respuesta: Mapped[dict[str, Any]]
    modelo: Mapped[str]
    tokens_entrada: Mapped[int]
    tokens_salida: Mapped[int]
    costo: Mapped[Decimal] = mapped_column(Costo)
    creado_en: Mapped[datetime] = now()
    __table_args__ = (
        of_empresa(),
        belongs("chat", "chat_id", ondelete="CASCADE"),
        belongs("mensaje", "mensaje_id", ondelete="CASCADE"),
        Index("ix_respuesta_modelo_mensaje", "empresa_id", "mensaje_id"),
        Index("ix_respuesta_modelo_creado_en", "creado_en"),
    )


class ConsumoModelo(Base):
    """What an empresa has spent on models in a calendar month (UTC; `mes` is its first day)."""

    __tablename__ = "consumo_modelo"
    empresa_id: Mapped[int] = own()
    mes: Mapped[date] = mapped_column(primary_key=True)
    llamadas: Mapped[int]
    tokens_entrada: Mapped[int]
    tokens_salida: Mapped[int]
    costo: Mapped[Decimal] = mapped_column(Costo)
    __table_args__ = (of_empresa(),)
