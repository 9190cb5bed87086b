"""What a shop wrote in place of the wording and the prompts that come with the installation."""

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import Base, belongs, now, of_empresa


class Prompt(Base):
    """One version, append only; the highest is in force. contenido None: back to the original."""

    __tablename__ = "prompt"
    empresa_id: Mapped[int] = mapped_column(primary_key=True)
    nombre: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    contenido: Mapped[str | None]
    usuario_id: Mapped[int | None]
    creado_en: Mapped[datetime] = now()
    __table_args__ = (
        of_empresa(),
        belongs("usuario", "usuario_id"),
        CheckConstraint("version > 0", name="version"),
    )
