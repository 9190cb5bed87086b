"""The bare twin of an import: rows already parsed, copied and written in one transaction, with
everything else that the product wrote for them copied as it stands. No fence, no steps, no errors
to find, no row level security.
"""

import time
from collections.abc import Sequence

import psycopg
from psycopg import sql

from core.catalogo.archivos.filas import Fila

_STAGE = """
CREATE TEMPORARY TABLE _gemelo (
    fila bigint, clave text, sku text, nombre text, descripcion text, categoria text, marca text,
    unidad text, precio numeric(14, 2), stock numeric(14, 3), activo boolean
) ON COMMIT DROP
"""
_UPSERT = """
WITH escrito AS (
    INSERT INTO producto (empresa_id, clave, sku, nombre, descripcion, categoria, marca, unidad,
                          precio, moneda, stock, activo, version)
    SELECT %(empresa_id)s, clave, sku, nombre, coalesce(descripcion, ''), coalesce(categoria, ''),
           coalesce(marca, ''), coalesce(unidad, 'unidad'), precio, 'COP', stock, activo, 1
    FROM _gemelo
    ON CONFLICT (empresa_id, clave) DO UPDATE SET
        sku = excluded.sku, nombre = excluded.nombre, descripcion = excluded.descripcion,
        categoria = excluded.categoria, marca = excluded.marca, unidad = excluded.unidad,
        precio = excluded.precio, stock = excluded.stock, activo = excluded.activo
    RETURNING id, stock
)
INSERT INTO movimiento (empresa_id, producto_id, cantidad, motivo, importacion_id)
SELECT %(empresa_id)s, id, stock, 'importacion', %(importacion_id)s FROM escrito WHERE stock <> 0
"""
_OPEN = """
INSERT INTO importacion (empresa_id, nombre_archivo, modo, contenido, estado)
VALUES (%s, 'gemelo.csv', 'actualizar', %s, 'procesando') RETURNING id
"""
_CLOSE = """
UPDATE importacion SET contenido = NULL, estado = 'completada', terminada_en = now()
WHERE empresa_id = %s AND id = %s
"""
_MINE = frozenset({"importacion", "movimiento", "producto"})
# Whatever else is written for one importacion, tables of a later release included.
_OTHERS = """
SELECT c.table_name, array_agg(c.column_name::text)
FROM information_schema.columns c
JOIN information_schema.tables t USING (table_schema, table_name)
WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE' AND c.is_identity = 'NO'
GROUP BY c.table_name
HAVING 'importacion_id' = ANY(array_agg(c.column_name::text))
"""


def importar(
    superuser: str,
    filas: Sequence[Fila],
    contenido: bytes,
    *,
    empresa_id: int,
    like: tuple[int, int],
) -> float:
    """Seconds that it takes. `like`: the product's own (empresa_id, importacion_id) of this
    file, whose further rows are written here too."""
    with psycopg.connect(superuser) as connection:
        others = [t for t in connection.execute(_OTHERS).fetchall() if t[0] not in _MINE]
        connection.commit()
        start = time.monotonic()
        importacion_id = _one(connection, _OPEN, (empresa_id, contenido))
        connection.execute(_STAGE)
        with connection.cursor() as cursor, cursor.copy("COPY _gemelo FROM STDIN") as copy:
            for fila in filas:
                copy.write_row(fila)
        connection.execute("ANALYZE _gemelo")
        ids = {"empresa_id": empresa_id, "importacion_id": importacion_id}
        connection.execute(_UPSERT, ids)
        for table, columns in others:
            connection.execute(_copy_rows(table, columns), ids | _of(like))
        connection.execute(_CLOSE, (empresa_id, importacion_id))
        connection.commit()
        return time.monotonic() - start


def _copy_rows(table: str, columns: Sequence[str]) -> sql.Composed:
    """The rows of `like`, as of the twin's empresa, importacion and productos."""
    ours = {
        "empresa_id": sql.SQL("%(empresa_id)s"),
        "importacion_id": sql.SQL("%(importacion_id)s"),
        "producto_id": sql.SQL("q.id"),
    }
    values = [ours.get(c, sql.SQL("t.{}").format(sql.Identifier(c))) for c in columns]
    return sql.SQL("INSERT INTO {t} ({columns}) SELECT {values} FROM {t} t {join} {mine}").format(
        t=sql.Identifier(table),
        columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
        values=sql.SQL(", ").join(values),
        join=_SAME_PRODUCTO if "producto_id" in columns else sql.SQL(""),
        mine=sql.SQL("WHERE t.empresa_id = %(de_empresa)s AND t.importacion_id = %(de)s"),
    )


_SAME_PRODUCTO = sql.SQL(
    "JOIN producto p ON p.empresa_id = t.empresa_id AND p.id = t.producto_id "
    "JOIN producto q ON q.empresa_id = %(empresa_id)s AND q.clave = p.clave"
)


def _of(like: tuple[int, int]) -> dict[str, int]:
    return {"de_empresa": like[0], "de": like[1]}


def _one(
    connection: "psycopg.Connection[tuple[int]]", query: str, values: tuple[object, ...]
) -> int:
    row = connection.execute(query, values).fetchone()
    assert row is not None
    return row[0]
