"""Previews, their application and undos, worked to their end; and what a shop looks like."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import select, text

from core.catalogo.importaciones.encargos import create_aplicacion, create_deshacer
from core.catalogo.importaciones.importar import create_importacion
from core.catalogo.productos import update_producto
from core.db import Database
from core.models import Importacion, ImportacionCambio
from core.ports import LineaPedida
from core.settings import Settings
from core.ventas import record_venta
from tests.catalogo.test_importar import (
    Muerto,
    counts,
    expire,
    fallas,
    killed_after,
    read,
    step,
)

APLICADA = ("indexando", "completada")
Vista = tuple[int | None, str, dict[str, Any] | None]


def ask_vista(
    db: Database, contenido: str, *, modo: str = "actualizar", empresa_id: int = 1
) -> int:
    with db.empresa(empresa_id) as session:
        return create_importacion(
            session,
            empresa_id=empresa_id,
            modo=modo,
            nombre_archivo="archivo.csv",
            contenido=contenido.encode(),
            actor="consola",
            usuario_id=None,
            simulada=True,
        )


def ask_aplicar(db: Database, importacion_id: int, *, empresa_id: int = 1) -> int:
    ids = {"empresa_id": empresa_id, "importacion_id": importacion_id}
    with db.empresa(empresa_id) as session:
        return create_aplicacion(session, **ids, actor="consola", usuario_id=None)


def ask_deshacer(db: Database, importacion_id: int, *, empresa_id: int = 1) -> int:
    ids = {"empresa_id": empresa_id, "importacion_id": importacion_id}
    with db.empresa(empresa_id) as session:
        return create_deshacer(session, **ids, actor="consola", usuario_id=None)


def finish(db: Database, settings: Settings, id_: int, *, empresa_id: int = 1) -> Importacion:
    while step(db, settings, id_, empresa_id=empresa_id) == "sigue":
        pass
    with db.empresa(empresa_id) as session:
        row = session.get_one(Importacion, (empresa_id, id_))
        session.expunge(row)
        return row


def assert_ends_the_same(
    db: Database, settings: Settings, prepare: Callable[[], int], *, estados: Sequence[str]
) -> None:
    """What `prepare` asks for ends in one of `estados` and leaves the same, whichever of its
    commits the worker dies right before."""

    def outcome(id_: int) -> object:
        row = read(db, id_)
        assert row.estado in estados
        return counts(row), row.filas_procesadas, fallas(db, id_), cambios(db, id_), goods(db)

    straight = outcome(finish(db, settings, prepare()).id)
    for commits in range(40):
        id_ = prepare()
        went_on = _finish_killed(db, settings, id_, commits=commits)
        assert outcome(id_) == straight
        if not went_on:
            break
    assert commits > 8


def _finish_killed(db: Database, settings: Settings, id_: int, *, commits: int) -> bool:
    """Work it to its end with a worker that dies right before its n-th commit, and another; False
    when it had nothing left to die over."""
    try:
        step(killed_after(db, commits), settings, id_)
    except Muerto:
        expire(db)
        finish(db, settings, id_)
        return True
    return False


def cambios(db: Database, id_: int, *, empresa_id: int = 1) -> list[Vista]:
    """(fila, accion, {campo: [before, after]}) in their order."""
    with db.empresa(empresa_id) as session:
        rows = session.scalars(
            select(ImportacionCambio)
            .where(ImportacionCambio.importacion_id == id_)
            .order_by(ImportacionCambio.n)
        )
        return [(r.fila, r.accion, r.cambios) for r in rows]


def mensajes(db: Database, id_: int) -> list[str]:
    with db.empresa(1) as session:
        rows = session.scalars(
            text("SELECT mensaje FROM importacion_fila WHERE importacion_id = :i ORDER BY fila, n"),
            {"i": id_},
        )
        return list(rows)


def everything(db: Database) -> dict[str, list[str]]:
    """Every row that an import could touch, as text."""
    tables = "empresa producto movimiento log venta indexacion producto_embedding".split()
    with db.empresa(1) as session:
        return {
            t: list(session.scalars(text(f"SELECT t::text FROM {t} t ORDER BY 1"))) for t in tables
        }


def goods(db: Database, *, empresa_id: int = 1) -> list[tuple[Any, ...]]:
    """The catalogue in every attribute, but for ids, times and versions."""
    columns = (
        "clave, sku, nombre, descripcion, categoria, marca, unidad, precio, moneda, stock, activo"
    )
    with db.empresa(empresa_id) as session:
        rows = session.execute(text(f"SELECT {columns} FROM producto ORDER BY clave"))
        return [tuple(row) for row in rows]


def producto_id(db: Database, clave: str) -> int:
    with db.empresa(1) as session:
        id_: int = session.execute(
            text("SELECT id FROM producto WHERE clave = :c"), {"c": clave}
        ).scalar_one()
        return id_


def edit(db: Database, clave: str, **values: Any) -> None:
    id_ = producto_id(db, clave)
    with db.empresa(1) as session:
        update_producto(
            session,
            empresa_id=1,
            producto_id=id_,
            cambios=values,
            actor="consola",
            usuario_id=None,
        )


def sell(db: Database, clave: str, cantidad: int = 1) -> None:
    id_ = producto_id(db, clave)
    with db.empresa(1) as session:
        precio = session.scalars(
            text("SELECT precio FROM producto WHERE id = :i"), {"i": id_}
        ).one()
        linea = LineaPedida(id_, Decimal(cantidad), precio)
        record_venta(session, empresa_id=1, lineas=[linea], clave=f"v:{clave}", actor="consola")
