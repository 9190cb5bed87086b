"""What customers send beside words: photos and recordings."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, deferred, mapped_column

from core.models.base import Base, belongs, identity, now, of_empresa, own


class Archivo(Base):
    """The photo or recording of one mensaje. estado: pendiente (still at its provider, `medio` says
    where), recibido (as it came: nobody is shown it), listo (cleaned), rechazado (`error` says why,
    and nothing is kept). mime, bytes, sha256, ancho and alto are of what is kept."""

    __tablename__ = "archivo"
    empresa_id: Mapped[int] = own()
    id: Mapped[int] = identity()
    chat_id: Mapped[int]
    mensaje_id: Mapped[int]
    tipo: Mapped[str]
    estado: Mapped[str]
    mime: Mapped[str | None]
    sha256: Mapped[bytes | None]
    ancho: Mapped[int | None]
    alto: Mapped[int | None]
    contenido: Mapped[bytes | None] = deferred(mapped_column())
    # core.ports.Medio, until it is fetched or given up.
    medio: Mapped[dict[str, Any] | None]
    error: Mapped[str | None]
    intentos: Mapped[int] = mapped_column(server_default="0")
    proximo_intento: Mapped[datetime | None]
    creado_en: Mapped[datetime] = now()
    bytes: Mapped[int | None]  # last: after it the name is no type any more
    __table_args__ = (
        of_empresa(),
        belongs("chat", "chat_id", ondelete="CASCADE"),
        belongs("mensaje", "mensaje_id", ondelete="CASCADE"),
        UniqueConstraint("empresa_id", "mensaje_id"),
        CheckConstraint("tipo IN ('imagen', 'audio')", name="tipo"),
        CheckConstraint("estado IN ('pendiente', 'recibido', 'listo', 'rechazado')", name="estado"),
        Index("ix_archivo_chat", "empresa_id", "chat_id", "creado_en"),
        Index("ix_archivo_creado_en", "empresa_id", "creado_en"),
        Index(
            "ix_archivo_por_traer",
            "proximo_intento",
            postgresql_where=text("proximo_intento IS NOT NULL"),
        ),
    )
