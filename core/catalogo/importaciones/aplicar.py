"""Rows of a file against the catalogue: a copy into a temporary table, and what of each differs
from the producto with its key. Carried out, or only said when the file is previewed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from core.catalogo.archivos.claves import Nombrados
from core.catalogo.archivos.filas import Fila
from core.catalogo.importaciones.cambios import (
    CAMPOS,
    SIN_FILA,
    Hecho,
    Negado,
    carry_out,
    creation,
    difference,
    image,
    join_whole,
    listed,
    refuse_fractions,
    staged,
    write_down,
)
from core.catalogo.productos import next_version
from core.catalogo.reglas import UNIDAD

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
_ANALYZE = text("ANALYZE _fila (clave)")

_FIND = f"""
    CREATE TEMPORARY TABLE _antes ON COMMIT DROP AS
    SELECT p.id, p.clave, {listed("p")} FROM producto p JOIN _fila f ON f.clave = p.clave
    WHERE p.empresa_id = :empresa_id
    ORDER BY p.id
    """
# Locked in id order as a sale locks it, so that the two cannot deadlock and no sale comes between
# reading the stock and writing it.
_LOCK = text(f"{_FIND} FOR NO KEY UPDATE OF p")
_LOOK = text(_FIND)

# The other columns of a file are optional: what it does not say stays, and was not looked at.
_DICHOS = ["sku", "nombre", "precio", "stock", "activo"]
_CALLADOS = ["descripcion", "categoria", "marca", "unidad"]
_SEEN = " || ".join(
    [image("a", _DICHOS)]
    + [f"CASE WHEN f.{c} IS NULL THEN '{{}}' ELSE {image('a', [c])} END" for c in _CALLADOS]
)
_STAGE = staged(
    f"""
    SELECT f.fila AS n, f.fila, a.id AS producto_id, f.clave, {listed("d")},
           coalesce(a.stock, 0) AS stock_antes,
           CASE WHEN a.id IS NULL THEN 'creado' WHEN d.cambia THEN 'actualizado'
                ELSE 'sin_cambios' END AS accion,
           CASE WHEN a.id IS NULL THEN {creation("d")}
                WHEN d.cambia THEN {difference("a", "d")} END AS cambios,
           CASE WHEN :simulada AND a.id IS NOT NULL THEN {_SEEN} END AS visto
    FROM _fila f LEFT JOIN _antes a ON a.clave = f.clave
    CROSS JOIN LATERAL (
        SELECT *, ({listed("a")}) IS DISTINCT FROM ({listed("e")}) AS cambia FROM (
            SELECT f.sku, f.nombre, coalesce(f.descripcion, a.descripcion, '') AS descripcion,
                   coalesce(f.categoria, a.categoria, '') AS categoria,
                   coalesce(f.marca, a.marca, '') AS marca,
                   coalesce(f.unidad, a.unidad, :unidad) AS unidad, f.precio, f.stock, f.activo
        ) e
    ) d
    """
)


@dataclass(frozen=True, slots=True)
class Aplicado:
    """fallas: rows that only the catalogue itself could tell to be wrong."""

    hecho: Hecho
    fallas: list[Negado]


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
        return Aplicado(Hecho(), [])
    fallas = _stage(session, filas, empresa_id=empresa_id, simulada=False)
    hecho = carry_out(
        session,
        empresa_id=empresa_id,
        importacion_id=importacion_id,
        usuario_id=usuario_id,
        version=version,
        moneda=moneda,
    )
    return Aplicado(hecho, fallas)


def preview_filas(
    session: Session, filas: Sequence[Fila], *, empresa_id: int, importacion_id: int
) -> Aplicado:
    """Write down what `apply_filas` would do, and what was seen of the productos it is about."""
    if not filas:
        return Aplicado(Hecho(), [])
    fallas = _stage(session, filas, empresa_id=empresa_id, simulada=True)
    hecho = write_down(session, empresa_id=empresa_id, importacion_id=importacion_id)
    return Aplicado(hecho, fallas)


def _stage(
    session: Session, filas: Sequence[Fila], *, empresa_id: int, simulada: bool
) -> list[Negado]:
    join_whole(session)
    session.execute(_CREATE)
    driver: Any = session.connection().connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(_COPY) as copy:
        for fila in filas:
            copy.write_row(fila)
    session.execute(_ANALYZE)
    session.execute(_LOOK if simulada else _LOCK, {"empresa_id": empresa_id})
    session.execute(_STAGE, {"unidad": UNIDAD, "simulada": simulada})
    return refuse_fractions(session)


# --- what a file does not name -------------------------------------------------------------------

_UNNAMED = text(
    """
    SELECT id, clave, CASE WHEN :con_nombre THEN nombre END AS nombre FROM producto
    WHERE empresa_id = :empresa_id AND activo AND id > :after
    ORDER BY id
    """
)
_STAGE_GONE = f"""
    SELECT {SIN_FILA} + p.id AS n, NULL::bigint AS fila, p.id AS producto_id, p.clave,
           'desactivado' AS accion, {", ".join(f"p.{c}" for c in CAMPOS if c != "activo")},
           false AS activo, p.stock AS stock_antes,
           jsonb_build_object('activo', jsonb_build_array(true, false)) AS cambios,
           jsonb_build_object('activo', true) AS visto
    FROM producto p
    WHERE p.empresa_id = :empresa_id AND p.activo AND p.id = ANY(:ids)
    ORDER BY p.id
    """
_LOCK_GONE = staged(f"{_STAGE_GONE} FOR NO KEY UPDATE OF p")
_LOOK_GONE = staged(_STAGE_GONE)
_LAST_GONE = text(
    """
    SELECT max(producto_id) FROM importacion_cambio
    WHERE empresa_id = :empresa_id AND importacion_id = :importacion_id AND accion = 'desactivado'
    """
)


def find_unnamed(
    session: Session, *, empresa_id: int, importacion_id: int, nombrados: Nombrados
) -> list[int]:
    """Active productos that are not among `nombrados`, after the last one that this importacion
    wrote down: a preview leaves them active."""
    ids = {"empresa_id": empresa_id, "importacion_id": importacion_id}
    after = session.scalar(_LAST_GONE, ids) or 0
    values = {"empresa_id": empresa_id, "after": after, "con_nombre": bool(nombrados.nombres)}
    rows = session.execute(_UNNAMED, values)
    return [row.id for row in rows if not nombrados.cover(row.clave, row.nombre)]


def deactivate(
    session: Session,
    ids: Sequence[int],
    *,
    empresa_id: int,
    importacion_id: int,
    usuario_id: int | None,
) -> int:
    """How many of `ids` were still active. Repeating it finds none."""
    version, moneda = next_version(session, empresa_id=empresa_id)
    session.execute(_LOCK_GONE, {"empresa_id": empresa_id, "ids": list(ids)})
    hecho = carry_out(
        session,
        empresa_id=empresa_id,
        importacion_id=importacion_id,
        usuario_id=usuario_id,
        version=version,
        moneda=moneda,
    )
    return hecho.desactivados


def preview_deactivation(
    session: Session, ids: Sequence[int], *, empresa_id: int, importacion_id: int
) -> int:
    """Write down what `deactivate` would do."""
    session.execute(_LOOK_GONE, {"empresa_id": empresa_id, "ids": list(ids)})
    return write_down(session, empresa_id=empresa_id, importacion_id=importacion_id).desactivados
