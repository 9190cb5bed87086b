"""What a search by meaning stands on: vectors, who has which, and what was asked in vain."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import Base, belongs, identity, now, of_empresa, own


class Embedding(Base):
    """A text's vector by a model: a pure function of the two, so every empresa shares it and it
    names neither text nor empresa. datos: float16, little-endian, of length 1."""

    __tablename__ = "embedding"
    modelo: Mapped[str] = mapped_column(primary_key=True)
    hash: Mapped[bytes] = mapped_column(primary_key=True)
    datos: Mapped[bytes]


class ProductoEmbedding(Base):
    """Which vector a producto has. `version` is the indexacion's when it was given."""

    __tablename__ = "producto_embedding"
    empresa_id: Mapped[int] = own()
    modelo: Mapped[str] = mapped_column(primary_key=True)
    producto_id: Mapped[int] = mapped_column(primary_key=True)
    hash: Mapped[bytes]
    version: Mapped[int]
    __table_args__ = (
        of_empresa(),
        belongs("producto", "producto_id", ondelete="CASCADE"),
        Index("ix_producto_embedding_version", "empresa_id", "modelo", "version"),
    )


class Indexacion(Base):
    """How far an empresa's vectors are, and the lease of who works on them."""

    __tablename__ = "indexacion"
    empresa_id: Mapped[int] = own()
    # The model that is worked towards, and the one whose vectors are whole and serve searches.
    modelo: Mapped[str | None]
    modelo_activo: Mapped[str | None]
    # (producto.version, producto.id) of the last producto that was looked at.
    cursor_version: Mapped[int] = mapped_column(server_default="0")
    cursor_id: Mapped[int] = mapped_column(server_default="0")
    # empresa.catalogo_version up to which every active producto has its vector by `modelo`.
    visto: Mapped[int] = mapped_column(server_default="0")
    # Rises with every change of producto_embedding, so that an index can catch up.
    version: Mapped[int] = mapped_column(server_default="0")
    lease_de: Mapped[str | None]
    lease_hasta: Mapped[datetime | None]
    token: Mapped[int] = mapped_column(server_default="0")
    intentos: Mapped[int] = mapped_column(server_default="0")
    proximo_intento: Mapped[datetime | None]
    # Why the last step did not get on, for people; NULL while all is well.
    error: Mapped[str | None]
    # The index as a file in DATA_DIR: what it must hash to, and which version it holds.
    foto_sha256: Mapped[bytes | None]
    foto_version: Mapped[int | None]
    __table_args__ = (of_empresa(),)


class Demanda(Base):
    """What customers asked for and the catalogue has not. `clave` is the text's words, folded."""

    __tablename__ = "demanda"
    empresa_id: Mapped[int] = own()
    id: Mapped[int] = identity()
    clave: Mapped[str]
    texto: Mapped[str]
    veces: Mapped[int] = mapped_column(server_default="1")
    primera_en: Mapped[datetime] = now()
    ultima_en: Mapped[datetime] = now()
    __table_args__ = (
        of_empresa(),
        UniqueConstraint("empresa_id", "clave"),
        Index("ix_demanda_veces", "empresa_id", "veces", "id"),
    )


class Busqueda(Base):
    """A search that the web asks a worker for, which has the index and the model. Whoever asked
    deletes it; resultado: [[producto_id, puntaje, motivo], …]."""

    __tablename__ = "busqueda"
    empresa_id: Mapped[int] = own()
    id: Mapped[int] = identity()
    texto: Mapped[str]
    n: Mapped[int]
    inactivos: Mapped[bool] = mapped_column(server_default="false")
    resultado: Mapped[list[list[object]] | None] = mapped_column(JSONB)
    creada_en: Mapped[datetime] = now()
    __table_args__ = (of_empresa(),)
