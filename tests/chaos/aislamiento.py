"""P7 where it is enforced: what the unprivileged roles can reach, asked without any of our code."""

from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
from psycopg import sql

_TABLES = """SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
      AND a.attname = 'empresa_id' AND NOT a.attisdropped ORDER BY 1"""


def leaks(app_role: str, empresas: Sequence[int]) -> Iterator[str]:
    """Every table in which the ordinary role sees a row of another empresa, or any without one."""
    with psycopg.connect(app_role) as connection:
        tables = [name for (name,) in connection.execute(_TABLES)]
        for empresa_id in (None, *empresas):
            connection.execute(
                "SELECT set_config('app.empresa_id', %s, true)", (str(empresa_id or ""),)
            )
            for table in tables:
                foreign = _count_foreign(connection, table, empresa_id)
                if foreign:
                    yield f"como empresa {empresa_id}, {foreign} filas ajenas de {table}"
            connection.rollback()


def _count_foreign(
    connection: psycopg.Connection[tuple[Any, ...]], table: str, empresa_id: int | None
) -> int:
    query = sql.SQL("SELECT count(*) FROM {} WHERE empresa_id IS DISTINCT FROM %s")
    row = connection.execute(query.format(sql.Identifier(table)), (empresa_id,)).fetchone()
    return int(row[0]) if row else 0
