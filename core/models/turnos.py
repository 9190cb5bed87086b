"""Why each reply was given: what a turn understood, found, decided and spent."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Index, Numeric
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import Base, belongs, identity, now, of_empresa, own


class TurnoRegistrado(Base):
    """One answered turn; gone with its chat, or after `turno_registro_dias`. `motor`: "offline",
    or the model that read or worded it; `registro`: core.agente.registro, as JSON."""

    __tablename__ = "turno"
    empresa_id: Mapped[int] = own()
    id: Mapped[int] = identity()
    chat_id: Mapped[int]
    respuesta_id: Mapped[int]
    motor: Mapped[str]
    acto: Mapped[str]
    regla: Mapped[str]
    # The verifier refused the draft and the template took its place.
    corregido: Mapped[bool]
    registro: Mapped[dict[str, Any]]
    tokens_entrada: Mapped[int] = mapped_column(server_default="0")
    tokens_salida: Mapped[int] = mapped_column(server_default="0")
    # In the currency of the model's price list (LLM_PRECIO_…), usually dollars.
    costo: Mapped[Decimal] = mapped_column(Numeric(14, 6), server_default="0")
    creado_en: Mapped[datetime] = now()
    __table_args__ = (
        of_empresa(),
        belongs("chat", "chat_id", ondelete="CASCADE"),
        belongs("mensaje", "respuesta_id", ondelete="CASCADE"),
        Index("ix_turno_chat", "empresa_id", "chat_id", "id"),
        Index("ix_turno_respuesta", "empresa_id", "respuesta_id"),
        Index("ix_turno_creado_en", "creado_en"),
    )
