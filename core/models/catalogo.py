"""What a shop sells, every change of its stock, and the files it came from."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import Base, Quantity, belongs, identity, now, of_empresa, own


class Producto(Base):
    __tablename__ = "producto"
    empresa_id: Mapped[int] = own()
    id: Mapped[int] = identity()
    sku: Mapped[str | None]
    # What a row of a file is recognised by: its sku, else its folded nombre.
    clave: Mapped[str]
    nombre: Mapped[str]
    descripcion: Mapped[str] = mapped_column(server_default="")
    categoria: Mapped[str] = mapped_column(server_default="")
    marca: Mapped[str] = mapped_column(server_default="")
    unidad: Mapped[str] = mapped_column(server_default="unidad")
    precio: Mapped[Decimal]
    moneda: Mapped[str]
    stock: Mapped[Decimal] = mapped_column(Quantity, server_default="0")
    activo: Mapped[bool] = mapped_column(server_default="true")
    # empresa.catalogo_version of the last change to what a search reads (text, activo).
    version: Mapped[int] = mapped_column(server_default="0")
    creado_en: Mapped[datetime] = now()
    actualizado_en: Mapped[datetime] = now()
    __table_args__ = (
        of_empresa(),
        CheckConstraint("stock >= 0", name="stock"),
        CheckConstraint("precio >= 0", name="precio"),
        UniqueConstraint("empresa_id", "clave"),
        UniqueConstraint("empresa_id", "sku"),
        Index("ix_producto_version", "empresa_id", "version"),
    )


class Movimiento(Base):
    """The stock ledger, append only: a product's stock is the sum of its rows, always."""

    __tablename__ = "movimiento"
    empresa_id: Mapped[int] = own()
    id: Mapped[int] = identity()
    producto_id: Mapped[int]
    cantidad: Mapped[Decimal] = mapped_column(Quantity)
    motivo: Mapped[str]
    venta_id: Mapped[int | None]
    importacion_id: Mapped[int | None]
    usuario_id: Mapped[int | None]
    creado_en: Mapped[datetime] = now()
    __table_args__ = (
        of_empresa(),
        belongs("producto", "producto_id", ondelete="CASCADE"),
        belongs("venta", "venta_id", ondelete="CASCADE"),
        CheckConstraint("cantidad <> 0", name="cantidad"),
        CheckConstraint(
            "motivo IN ('alta', 'edicion', 'importacion', 'venta', 'cancelacion')", name="motivo"
        ),
        # A replay of a sale or of its cancellation cannot move the same stock twice.
        UniqueConstraint("empresa_id", "venta_id", "producto_id", "motivo"),
        Index("ix_movimiento_producto", "empresa_id", "producto_id"),
    )


class Importacion(Base):
    """A file on its way into the catalogue; `contenido` is the file, so no disk is needed."""

    __tablename__ = "importacion"
    empresa_id: Mapped[int] = own()
    id: Mapped[int] = identity()
    usuario_id: Mapped[int | None]
    nombre_archivo: Mapped[str]
    modo: Mapped[str]
    # Says what it would change and changes nothing.
    simulada: Mapped[bool] = mapped_column(server_default="false")
    # What it carries out (a simulada) or takes back (modo deshacer), instead of reading a file.
    origen_id: Mapped[int | None]
    estado: Mapped[str] = mapped_column(server_default="en_cola")
    contenido: Mapped[bytes | None]
    # The last physical line applied, or the last n of the origin's changes: a killed job goes on
    # after it.
    cursor: Mapped[int] = mapped_column(server_default="0")
    filas_total: Mapped[int | None]
    filas_procesadas: Mapped[int] = mapped_column(server_default="0")
    creados: Mapped[int] = mapped_column(server_default="0")
    actualizados: Mapped[int] = mapped_column(server_default="0")
    sin_cambios: Mapped[int] = mapped_column(server_default="0")
    desactivados: Mapped[int] = mapped_column(server_default="0")
    con_error: Mapped[int] = mapped_column(server_default="0")
    indexados: Mapped[int] = mapped_column(server_default="0")
    error: Mapped[dict[str, Any] | None]
    # empresa.catalogo_version once all was applied: found by meaning when its vectors reach it. Of
    # a simulada: when it was asked for.
    version_hasta: Mapped[int | None]
    lease_de: Mapped[str | None]
    lease_hasta: Mapped[datetime | None]
    token: Mapped[int] = mapped_column(server_default="0")
    intentos: Mapped[int] = mapped_column(server_default="0")
    creada_en: Mapped[datetime] = now()
    terminada_en: Mapped[datetime | None]
    # Until when its changes are kept, since it ended; NULL before, and once they are gone.
    cambios_hasta: Mapped[datetime | None]
    __table_args__ = (
        of_empresa(),
        belongs("usuario", "usuario_id"),
        belongs("importacion", "origen_id"),
        CheckConstraint("modo IN ('reemplazar', 'actualizar', 'deshacer')", name="modo"),
        CheckConstraint(
            "estado IN ('en_cola', 'procesando', 'indexando', 'completada', 'fallida')",
            name="estado",
        ),
        Index(
            "ix_importacion_abierta",
            "empresa_id",
            "id",
            postgresql_where=text("estado IN ('en_cola', 'procesando', 'indexando')"),
        ),
        Index(
            "ix_importacion_cambios",
            "cambios_hasta",
            postgresql_where=text("cambios_hasta IS NOT NULL"),
        ),
    )


class ImportacionCambio(Base):
    """What one importacion did, or a simulada would do, to one producto.

    cambios: {campo: [before, after]} of what differs, of a new producto all of it. visto: what a
    simulada saw of the fields that its file speaks of. Numbers are text in both, so that none is
    rounded. Lines that were refused are here too (`error`), their reasons in importacion_fila.
    """

    __tablename__ = "importacion_cambio"
    empresa_id: Mapped[int] = own()
    importacion_id: Mapped[int] = mapped_column(primary_key=True)
    # The line of the file; of what no line names, more than any line could be.
    n: Mapped[int] = mapped_column(primary_key=True)
    fila: Mapped[int | None]
    # No foreign key, which would cost a look-up per row: productos go with their shop only, and
    # then their importaciones go first. None while a new producto is only simulated.
    producto_id: Mapped[int | None]
    # What a simulada recognised it by, to know whether a new one came to be meanwhile.
    clave: Mapped[str | None]
    accion: Mapped[str]
    cambios: Mapped[dict[str, Any] | None]
    visto: Mapped[dict[str, Any] | None]
    __table_args__ = (
        belongs("importacion", "importacion_id", ondelete="CASCADE"),
        CheckConstraint(
            "accion IN ('creado', 'actualizado', 'sin_cambios', 'desactivado', 'error')",
            name="accion",
        ),
    )


class ImportacionFila(Base):
    """What is wrong with one line of the file; the good lines are productos.

    Line 0 is none: its rows are about productos that no line names, 16 places for each.
    """

    __tablename__ = "importacion_fila"
    empresa_id: Mapped[int] = own()
    importacion_id: Mapped[int] = mapped_column(primary_key=True)
    fila: Mapped[int] = mapped_column(primary_key=True)
    # Given while the line's errors are more than one.
    n: Mapped[int] = mapped_column(primary_key=True, server_default="0")
    columna: Mapped[str | None]
    codigo: Mapped[str | None]
    mensaje: Mapped[str | None]
    __table_args__ = (
        of_empresa(),
        belongs("importacion", "importacion_id", ondelete="CASCADE"),
    )

    @property
    def producto_id(self) -> int | None:
        return None if self.fila else self.n // 16
