"""The written changes of an earlier importacion, staged to be done as they were shown or to be
taken back, with what moved meanwhile left as it is and told.

A preview is applied row by row: a producto that is no longer as it was seen, in anything that its
line speaks of, stays. An import is undone field by field: what still has the value that the import
gave, and had it all the while as far as is written down, returns. Only a producto that the import
made is one thing: untouched it is no longer sold.
"""

from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from core.catalogo.importaciones.cambios import (
    CAMPOS,
    Negado,
    creation,
    difference,
    image,
    join_whole,
    listed,
    refuse_fractions,
    staged,
)
from core.catalogo.reglas import Falla
from core.catalogo.texto import fold_key

MOVIDO = "movido"
_MOSTRADO_MAX = 60  # of a value, in a message


class Tramo(NamedTuple):
    """Changes of the origin after `desde`, up to `hasta`. filas: how many; lineas: those of them
    that are lines of a file."""

    desde: int
    hasta: int
    filas: int
    lineas: int


_NEXT = text(
    """
    SELECT max(n) AS hasta, count(*) AS filas, count(fila) AS lineas FROM (
        SELECT n, fila FROM importacion_cambio
        WHERE empresa_id = :empresa_id AND importacion_id = :origen_id AND n > :desde
          AND NOT (:deshacer AND accion IN ('error', 'sin_cambios'))
        ORDER BY n LIMIT :size
    ) c
    """
)
_CHUNK = """
    c.empresa_id = :empresa_id AND c.importacion_id = :origen_id
    AND c.n > :desde AND c.n <= :hasta AND c.accion <> 'error'
    """
_LOCK = text(
    f"""
    CREATE TEMPORARY TABLE _antes ON COMMIT DROP AS
    SELECT p.id, p.clave, {listed("p")} FROM producto p
    JOIN (SELECT DISTINCT c.producto_id FROM importacion_cambio c WHERE {_CHUNK}) t
      ON t.producto_id = p.id
    WHERE p.empresa_id = :empresa_id
    ORDER BY p.id
    FOR NO KEY UPDATE OF p
    """
)


def _side(at: int) -> str:
    return f"(SELECT jsonb_object_agg(e.key, e.value -> {at}) FROM jsonb_each(c.cambios) e)"


# What each change asks for: `esperado` is how the producto must still be, `hacia` what becomes of
# it; an `entero` one is done whole or not at all.
_PEDIDO = f"""
    CREATE TEMPORARY TABLE _pedido ON COMMIT DROP AS
    SELECT c.n, c.fila, c.producto_id, c.clave, c.accion,
           CASE WHEN a.id IS NOT NULL THEN {image("a")} END AS ahora, {{}}
    FROM importacion_cambio c LEFT JOIN _antes a ON a.id = c.producto_id
    WHERE {_CHUNK}
    """
_APPLY = text(
    _PEDIDO.format(
        f"true AS entero, coalesce(c.visto, '{{}}') AS esperado, "
        f"coalesce({_side(1)}, '{{}}') AS hacia"
    )
)
_UNDO = text(
    _PEDIDO.format(
        f"c.accion = 'creado' AS entero, {_side(1)} AS esperado, CASE WHEN c.accion = 'creado' "
        f"THEN jsonb_build_object('activo', false, 'stock', '0.000') ELSE {_side(0)} END AS hacia"
    )
)
_MOVED = text(
    """
    CREATE TEMPORARY TABLE _movido ON COMMIT DROP AS
    SELECT p.n, e.key AS columna, e.value AS mostrado, p.ahora -> e.key AS ahora
    FROM _pedido p CROSS JOIN LATERAL jsonb_each(p.esperado) e
    WHERE e.value IS DISTINCT FROM p.ahora -> e.key
    UNION ALL
    SELECT p.n, CASE WHEN p.clave LIKE 's:%' THEN 'sku' ELSE 'nombre' END, NULL, NULL
    FROM _pedido p JOIN producto o ON o.empresa_id = :empresa_id AND o.clave = p.clave
    WHERE p.accion = 'creado' AND p.producto_id IS NULL
    """
)
# What has again the value that the import gave, but not because nobody touched it: stock that sales
# or people moved since, and whatever later importaciones changed. Of these an undo and what it took
# back make up for each other, so that imports can be taken back one after another: of a chain of
# undos, each of the one before, an even number has changed nothing.
_INDEX = text("CREATE INDEX ON _pedido (producto_id)")  # whatever the planner thinks of its size
_CAME_BACK = text(
    """
    INSERT INTO _movido (n, columna, mostrado, ahora)
    WITH RECURSIVE cadena AS (
        SELECT id, id AS raiz FROM importacion
        WHERE empresa_id = :empresa_id AND id > :origen_id AND id < :importacion_id
          AND NOT simulada AND NOT (modo = 'deshacer' AND origen_id > :origen_id)
        UNION ALL
        SELECT i.id, c.raiz FROM cadena c JOIN importacion i ON i.origen_id = c.id
        WHERE i.empresa_id = :empresa_id AND i.id < :importacion_id AND i.modo = 'deshacer'
    ), tocado AS (
        SELECT p.n, k.campo
        FROM cadena d
        JOIN importacion_cambio c ON c.empresa_id = :empresa_id AND c.importacion_id = d.id
        JOIN _pedido p ON p.producto_id = c.producto_id
        CROSS JOIN LATERAL jsonb_object_keys(c.cambios) k (campo)
        GROUP BY p.n, k.campo, d.raiz HAVING count(*) % 2 = 1
        UNION
        SELECT p.n, 'stock' FROM _pedido p CROSS JOIN LATERAL (
            SELECT max(id) FILTER (WHERE importacion_id = :origen_id) AS suyo,
                   max(id) FILTER (WHERE importacion_id IS NULL) AS ajeno
            FROM movimiento WHERE empresa_id = :empresa_id AND producto_id = p.producto_id
        ) m
        WHERE p.esperado ? 'stock' AND m.ajeno > coalesce(m.suyo, 0)
    )
    SELECT p.n, t.campo, p.esperado -> t.campo, p.ahora -> t.campo
    FROM tocado t JOIN _pedido p ON p.n = t.n
    WHERE p.esperado ? t.campo AND p.esperado -> t.campo = p.ahora -> t.campo
    """
)
_TYPES = {"precio": "::numeric(14, 2)", "stock": "::numeric(14, 3)", "activo": "::boolean"}
_AFTER = ", ".join(
    f"CASE WHEN h.hacia ? '{c}' THEN (h.hacia ->> '{c}'){_TYPES.get(c, '')} ELSE a.{c} END AS {c}"
    for c in CAMPOS
)
_STAGE = staged(
    f"""
    SELECT p.n, p.fila, p.producto_id, coalesce(a.clave, p.clave) AS clave, {listed("d")},
           coalesce(a.stock, 0) AS stock_antes,
           CASE WHEN a.id IS NULL THEN 'creado'
                WHEN ({listed("a")}) IS NOT DISTINCT FROM ({listed("d")}) THEN 'sin_cambios'
                WHEN a.activo AND NOT d.activo AND p.accion <> 'actualizado' THEN 'desactivado'
                ELSE 'actualizado' END AS accion,
           CASE WHEN a.id IS NULL THEN {creation("d")} ELSE {difference("a", "d")} END AS cambios,
           NULL::jsonb AS visto
    FROM _pedido p LEFT JOIN _antes a ON a.id = p.producto_id
    LEFT JOIN (SELECT n, array_agg(columna) AS columnas FROM _movido GROUP BY n) m ON m.n = p.n
    CROSS JOIN LATERAL (SELECT p.hacia - coalesce(m.columnas, '{{}}') AS hacia) h
    CROSS JOIN LATERAL (SELECT {_AFTER}) d
    WHERE m.n IS NULL OR (NOT p.entero AND h.hacia <> '{{}}')
    """
)
_TOLD = text(
    """
    SELECT m.n, p.fila, p.producto_id, m.columna, m.mostrado, m.ahora,
           p.ahora ->> 'nombre' AS nombre
    FROM _movido m JOIN _pedido p ON p.n = m.n ORDER BY m.n, m.columna
    """
)


def next_tramo(
    session: Session, *, empresa_id: int, origen_id: int, desde: int, deshacer: bool, size: int
) -> Tramo | None:
    """The origin's next changes; None after the last. Of an undo only those that changed something
    count."""
    ids = {"empresa_id": empresa_id, "origen_id": origen_id, "desde": desde}
    row = session.execute(_NEXT, ids | {"deshacer": deshacer, "size": size}).one()
    return Tramo(desde, row.hasta, row.filas, row.lineas) if row.filas else None


def stage_tramo(
    session: Session,
    tramo: Tramo,
    *,
    empresa_id: int,
    importacion_id: int,
    origen_id: int,
    deshacer: bool,
) -> list[Negado]:
    """Stage (`cambios.staged`) for `importacion_id` what of `tramo` can be done; the rest, told.
    The empresa's row is locked, so that no producto comes to be meanwhile."""
    join_whole(session)
    ids = {"empresa_id": empresa_id}
    chunk = ids | {"origen_id": origen_id, "desde": tramo.desde, "hasta": tramo.hasta}
    session.execute(_LOCK, chunk)
    session.execute(_UNDO if deshacer else _APPLY, chunk)
    session.execute(_MOVED, ids)
    if deshacer:
        session.execute(_INDEX)
        session.execute(_CAME_BACK, chunk | {"importacion_id": importacion_id})
    session.execute(_STAGE)
    negados = [_tell(row, deshacer=deshacer) for row in session.execute(_TOLD)]
    return negados + refuse_fractions(session) + _rename(session, empresa_id)


def _tell(row: Any, *, deshacer: bool) -> Negado:
    shown, now = _show(row.columna, row.mostrado), _show(row.columna, row.ahora)
    if row.nombre is None:
        mensaje = "Se mostró como nuevo y ahora ya existe."
    elif deshacer and row.mostrado == row.ahora:
        mensaje = f"Cambió después de importarse y ahora vuelve a ser {now}: se deja así."
    elif deshacer:
        mensaje = f"Se importó como {shown} y ahora es {now}: se deja así."
    else:
        mensaje = f"Se mostró como {shown} y ahora es {now}."
    if row.fila is None and row.nombre is not None:
        mensaje = f"«{row.nombre}»: {mensaje}"
    return Negado(row.n, row.fila, Falla(row.columna, MOVIDO, mensaje), row.producto_id)


def _show(columna: str, value: object) -> str:
    """A value of an image, for the shopkeeper: a stock of 7.000 is a 7."""
    if columna == "stock" and value is not None:
        value = f"{Decimal(str(value)).normalize():f}"
    if isinstance(value, bool):
        return "sí" if value else "no"
    text_ = str(value or "")
    return f"«{text_[:_MOSTRADO_MAX]}{'…' if len(text_) > _MOSTRADO_MAX else ''}»"


# --- a name that returns -------------------------------------------------------------------------

_RENAMED = text(
    """
    SELECT n, fila, producto_id, clave, sku, nombre FROM _cambio
    WHERE producto_id IS NOT NULL AND cambios ?| '{sku,nombre}' ORDER BY n
    """
)
_TAKEN = text("SELECT clave FROM producto WHERE empresa_id = :empresa_id AND clave = ANY(:claves)")
_SET_CLAVES = text(
    """
    UPDATE _cambio c SET clave = f.clave
    FROM unnest(cast(:ns AS bigint[]), cast(:claves AS text[])) f (n, clave) WHERE c.n = f.n
    """
)
_DROP = text("DELETE FROM _cambio WHERE n = ANY(:ns)")


def _rename(session: Session, empresa_id: int) -> list[Negado]:
    """A producto without sku is known by its nombre: with the old one returns the old key, unless
    that is another's by now."""
    renamed = [
        (row, clave)
        for row in session.execute(_RENAMED).all()
        if (clave := fold_key(row.sku, row.nombre)) != row.clave
    ]
    if not renamed:
        return []
    wanted = {"empresa_id": empresa_id, "claves": [clave for _, clave in renamed]}
    taken = set(session.scalars(_TAKEN, wanted))
    free: list[tuple[int, str]] = []
    negados: list[Negado] = []
    for row, clave in renamed:
        if clave in taken:
            columna = "sku" if row.sku else "nombre"
            falla = Falla(columna, MOVIDO, f"Otro producto ya tiene ese {columna}: se deja así.")
            negados.append(Negado(row.n, row.fila, falla, row.producto_id))
        else:
            taken.add(clave)
            free.append((row.n, clave))
    session.execute(_SET_CLAVES, {"ns": [n for n, _ in free], "claves": [c for _, c in free]})
    session.execute(_DROP, {"ns": [negado.n for negado in negados]})
    return negados
