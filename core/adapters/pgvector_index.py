"""Vectors in PostgreSQL by pgvector: for installations of many hosts, or of little memory.

Exact for an empresa below 10,000 productos; above, an HNSW index that goes on until enough of the
rows are this empresa's (pgvector's README, "Iterative Index Scans"). The table is a cache in a
schema of its own: dropping it loses nothing.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, text

from core.db import Database
from core.ports import Vector

_EXACT_MAX = 10_000
_LOCAL_DIM = 384  # of the bundled model; indices for others follow when their vectors are there

_MINE = "(select nullif(current_setting('app.empresa_id', true), '')::bigint)"


def ensure_schema(connection: Connection, *, app_role: str) -> None:
    """What the index needs, made by the owner at every `migrate`; all of it idempotent.

    The extension itself is a superuser's to create, once: docs/despliegue.md.
    """
    if not connection.scalar(text("SELECT 1 FROM pg_extension WHERE extname = 'vector'")):
        raise RuntimeError(
            "INDICE_VECTORES=pgvector necesita la extensión: un superusuario debe ejecutar "
            "CREATE EXTENSION vector en esta base de datos"
        )
    for statement in (
        "CREATE SCHEMA IF NOT EXISTS indice",
        """
        CREATE TABLE IF NOT EXISTS indice.vector_de_producto (
            empresa_id bigint NOT NULL, modelo text NOT NULL, producto_id bigint NOT NULL,
            vector halfvec NOT NULL, version bigint NOT NULL,
            PRIMARY KEY (empresa_id, modelo, producto_id),
            FOREIGN KEY (empresa_id, producto_id) REFERENCES public.producto ON DELETE CASCADE
        )
        """,
        "ALTER TABLE indice.vector_de_producto ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE indice.vector_de_producto FORCE ROW LEVEL SECURITY",
        "DROP POLICY IF EXISTS de_la_empresa ON indice.vector_de_producto",
        "CREATE POLICY de_la_empresa ON indice.vector_de_producto "
        f"USING (empresa_id = {_MINE}) WITH CHECK (empresa_id = {_MINE})",
        f'GRANT USAGE ON SCHEMA indice TO "{app_role}"',
        f'GRANT SELECT, INSERT, UPDATE, DELETE ON indice.vector_de_producto TO "{app_role}"',
        "CREATE INDEX IF NOT EXISTS ix_vector_de_producto_version "
        "ON indice.vector_de_producto (empresa_id, modelo, version)",
    ):
        connection.execute(text(statement))
    dims = connection.scalars(text("SELECT DISTINCT octet_length(datos) / 2 FROM embedding"))
    for dim in {_LOCAL_DIM, *dims}:
        connection.execute(
            text(
                f"CREATE INDEX IF NOT EXISTS ix_vector_hnsw_{dim} ON indice.vector_de_producto "
                f"USING hnsw ((vector::halfvec({dim})) halfvec_cosine_ops) "
                f"WHERE vector_dims(vector) = {dim}"
            )
        )


_PUT = text(
    """
    INSERT INTO indice.vector_de_producto (empresa_id, modelo, producto_id, vector, version)
    SELECT :empresa_id, :modelo, producto_id, cast(vector AS halfvec), :version
    FROM unnest(cast(:ids AS bigint[]), cast(:vectores AS text[])) AS nuevo (producto_id, vector)
    ORDER BY producto_id
    ON CONFLICT (empresa_id, modelo, producto_id) DO UPDATE
    SET vector = excluded.vector, version = excluded.version
    """
)
_MINE_AND_MODEL = "empresa_id = :empresa_id AND modelo = :modelo"
_EXACT = text(
    f"""
    WITH mias AS MATERIALIZED (
        SELECT producto_id, vector FROM indice.vector_de_producto
        WHERE {_MINE_AND_MODEL} AND vector_dims(vector) = :dim
    )
    SELECT producto_id, 1 - (vector <=> cast(:vector AS halfvec)) AS coseno FROM mias
    ORDER BY coseno DESC, producto_id LIMIT :n
    """
)


class PgvectorIndex:
    """Implements core.ports.VectorIndex over indice.vector_de_producto; all processes share it."""

    def __init__(self, db: Database, *, empresa_id: int, modelo: str) -> None:
        self._db = db
        self._empresa_id = empresa_id
        self._ids = {"empresa_id": empresa_id, "modelo": modelo}

    @property
    def version(self) -> int:
        return int(self._scalar("coalesce(max(version), 0)"))

    def __len__(self) -> int:
        return int(self._scalar("count(*)"))

    def _scalar(self, what: str) -> Any:
        with self._db.empresa(self._empresa_id) as session:
            return session.scalar(
                text(f"SELECT {what} FROM indice.vector_de_producto WHERE {_MINE_AND_MODEL}"),
                self._ids,
            )

    def put(self, ids: Sequence[int], vectores: Sequence[Vector], *, version: int) -> None:
        if not ids:
            return
        written = [_literal(v) for v in vectores]
        values = {"ids": list(ids), "vectores": written, "version": version}
        with self._db.empresa(self._empresa_id) as session:
            session.execute(_PUT, self._ids | values)

    def clear(self) -> None:
        with self._db.empresa(self._empresa_id) as session:
            session.execute(
                text(f"DELETE FROM indice.vector_de_producto WHERE {_MINE_AND_MODEL}"), self._ids
            )

    def nearest(self, vector: Vector, n: int) -> list[tuple[int, float]]:
        size, dim = len(self), len(vector) // 2
        values = self._ids | {"vector": _literal(vector), "n": n, "dim": dim}
        with self._db.empresa(self._empresa_id) as session:
            if size < _EXACT_MAX:
                rows = session.execute(_EXACT, values).all()
            else:
                session.execute(text("SET LOCAL hnsw.iterative_scan = 'strict_order'"))
                session.execute(text(f"SET LOCAL hnsw.ef_search = {min(1000, max(100, n))}"))
                rows = session.execute(_approximate(dim), values).all()
        return [(row.producto_id, float(row.coseno)) for row in rows]

    def dump(self) -> bytes:
        return b""  # it is in PostgreSQL already

    def load(self, foto: bytes, *, version: int) -> None:
        return


def _approximate(dim: int) -> Any:
    distance = f"vector::halfvec({dim}) <=> cast(:vector AS halfvec({dim}))"
    return text(
        f"""
        SELECT producto_id, 1 - ({distance}) AS coseno FROM indice.vector_de_producto
        WHERE {_MINE_AND_MODEL} AND vector_dims(vector) = {dim}
        ORDER BY {distance} LIMIT :n
        """
    )


def _literal(vector: Vector) -> str:
    import numpy as np

    return "[" + ",".join(map(str, np.frombuffer(vector, dtype="<f2").tolist())) + "]"
