"""Rows of a file into the catalogue: a copy into a temporary table and one upsert with its ledger.

Everything here runs inside the caller's transaction, a few thousand rows at a time, and never
asks the database about a single row.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from core.catalogo.filas import Fila
from core.catalogo.productos import next_version
from core.catalogo.reglas import UNIDAD, Falla, check_fraccion

# COPY into a table with row level security is an error; into a temporary one it is not.
_CREATE = text(
    """
    CREATE TEMPORARY TABLE _fila (
        fila bigint, clave text, sku text, nombre text, descripcion text, categoria text,
        marca text, unidad text, precio numeric(14, 2), stock numeric(14, 3), activo boolean
    ) ON COMMIT DROP
    """
)
_COPY = "COPY _fila FROM STDIN"
_ANALYZE = text("ANALYZE _fila")

# What is there, locked in id order as a sale locks it, so that the two cannot deadlock and no
# sale comes between reading the stock and writing it.
_BEFORE = text(
    """
    CREATE TEMPORARY TABLE _antes ON COMMIT DROP AS
    SELECT p.id, p.clave, p.stock, p.unidad, p.descripcion, p.categoria, p.marca
    FROM producto p JOIN _fila f ON f.clave = p.clave
    WHERE p.empresa_id = :empresa_id
    ORDER BY p.id
    FOR NO KEY UPDATE OF p
    """
)

# Stock in fractions where the file names no unit: the producto's own decides.
_UNDECIDED = text(
    """
    SELECT f.fila, a.unidad, f.stock FROM _fila f LEFT JOIN _antes a ON a.clave = f.clave
    WHERE f.unidad IS NULL AND f.stock % 1 <> 0
    """
)
_DROP = text("DELETE FROM _fila WHERE fila = ANY(:filas)")

_UPSERT = text(
    """
    WITH escrito AS (
        INSERT INTO producto AS p (empresa_id, clave, sku, nombre, descripcion, categoria, marca,
                                   unidad, precio, moneda, stock, activo, version)
        SELECT :empresa_id, f.clave, f.sku, f.nombre, coalesce(f.descripcion, a.descripcion, ''),
               coalesce(f.categoria, a.categoria, ''), coalesce(f.marca, a.marca, ''),
               coalesce(f.unidad, a.unidad, :unidad), f.precio, :moneda, f.stock, f.activo,
               :version
        FROM _fila f LEFT JOIN _antes a ON a.clave = f.clave
        ORDER BY f.fila
        ON CONFLICT (empresa_id, clave) DO UPDATE SET
            sku = excluded.sku, nombre = excluded.nombre, descripcion = excluded.descripcion,
            categoria = excluded.categoria, marca = excluded.marca, unidad = excluded.unidad,
            precio = excluded.precio, stock = excluded.stock, activo = excluded.activo,
            actualizado_en = now(),
            version = CASE
                WHEN (p.sku, p.nombre, p.descripcion, p.categoria, p.marca, p.activo)
                     IS DISTINCT FROM
                     (excluded.sku, excluded.nombre, excluded.descripcion, excluded.categoria,
                      excluded.marca, excluded.activo)
                THEN excluded.version ELSE p.version END
        WHERE (p.sku, p.nombre, p.descripcion, p.categoria, p.marca, p.unidad, p.precio, p.stock,
               p.activo)
              IS DISTINCT FROM
              (excluded.sku, excluded.nombre, excluded.descripcion, excluded.categoria,
               excluded.marca, excluded.unidad, excluded.precio, excluded.stock, excluded.activo)
        RETURNING p.id, p.clave, p.stock
    ), movido AS (
        INSERT INTO movimiento
            (empresa_id, producto_id, cantidad, motivo, importacion_id, usuario_id)
        SELECT :empresa_id, e.id, e.stock - coalesce(a.stock, 0), 'importacion', :importacion_id,
               :usuario_id
        FROM escrito e LEFT JOIN _antes a ON a.clave = e.clave
        WHERE e.stock <> coalesce(a.stock, 0)
    )
    SELECT count(*) FILTER (WHERE a.id IS NULL) AS creados,
           count(*) FILTER (WHERE a.id IS NOT NULL) AS actualizados
    FROM escrito e LEFT JOIN _antes a ON a.clave = e.clave
    """
)


@dataclass(frozen=True, slots=True)
class Aplicado:
    """fallas: rows that only the catalogue itself could tell to be wrong."""

    creados: int
    actualizados: int
    sin_cambios: int
    fallas: list[tuple[int, Falla]]


def apply_filas(
    session: Session,
    filas: Sequence[Fila],
    *,
    empresa_id: int,
    importacion_id: int,
    usuario_id: int | None,
) -> Aplicado:
    """Make the catalogue say what `filas` say. Repeating it changes nothing and writes nothing."""
    version, moneda = next_version(session, empresa_id=empresa_id)
    if not filas:
        return Aplicado(0, 0, 0, [])
    ids = {"empresa_id": empresa_id}
    session.execute(_CREATE)
    _copy(session, filas)
    session.execute(_ANALYZE)
    session.execute(_BEFORE, ids)
    fallas = _refuse_fractions(session)
    written = session.execute(
        _UPSERT,
        ids
        | {"importacion_id": importacion_id, "usuario_id": usuario_id, "version": version}
        | {"moneda": moneda, "unidad": UNIDAD},
    ).one()
    unchanged = len(filas) - len(fallas) - written.creados - written.actualizados
    return Aplicado(written.creados, written.actualizados, unchanged, fallas)


def _copy(session: Session, filas: Sequence[Fila]) -> None:
    driver: Any = session.connection().connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(_COPY) as copy:
        for fila in filas:
            copy.write_row(fila)


def _refuse_fractions(session: Session) -> list[tuple[int, Falla]]:
    found = []
    for row in session.execute(_UNDECIDED):
        falla = check_fraccion(row.unidad or UNIDAD, row.stock)
        if falla is not None:
            found.append((row.fila, falla))
    if found:
        session.execute(_DROP, {"filas": [fila for fila, _ in found]})
    return found


_UNNAMED = text(
    """
    SELECT id, clave FROM producto WHERE empresa_id = :empresa_id AND activo ORDER BY id
    """
)
_DEACTIVATE = text(
    """
    UPDATE producto SET activo = false, version = :version, actualizado_en = now()
    WHERE empresa_id = :empresa_id AND activo AND id IN (
        SELECT id FROM producto WHERE empresa_id = :empresa_id AND id = ANY(:ids)
        ORDER BY id FOR NO KEY UPDATE
    )
    """
)


def find_unnamed(
    session: Session, *, empresa_id: int, claves: Collection[str], sueltas: Collection[str]
) -> list[int]:
    """Active productos whose key is not in `claves`, nor without quotes in `sueltas`."""
    rows = session.execute(_UNNAMED, {"empresa_id": empresa_id})
    return [
        row.id
        for row in rows
        if row.clave not in claves and row.clave.replace('"', "") not in sueltas
    ]


def deactivate(session: Session, ids: Sequence[int], *, empresa_id: int) -> int:
    """How many of `ids` were still active. Repeating it finds none."""
    version, _ = next_version(session, empresa_id=empresa_id)
    values = {"empresa_id": empresa_id, "version": version, "ids": list(ids)}
    done: Any = session.execute(_DEACTIVATE, values)
    return int(done.rowcount)
