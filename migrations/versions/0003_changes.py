"""What each import changes, row by row: shown before it is done, carried out as it was shown, and
taken back afterwards.

Expand step only: the running release ignores all of it.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import context, op

revision = "0003"
down_revision = "0002"

_MINE = "(select nullif(current_setting('app.empresa_id', true), '')::bigint)"
_MODO = "ck_importacion_modo"


def upgrade() -> None:
    app, sistema = context.config.attributes["roles"]
    op.execute("SET LOCAL lock_timeout = '4s'")
    op.add_column(
        "importacion",
        sa.Column("simulada", sa.Boolean(), server_default="false", nullable=False),
    )
    op.add_column("importacion", sa.Column("origen_id", sa.BigInteger(), nullable=True))
    op.add_column(
        "importacion", sa.Column("cambios_hasta", sa.TIMESTAMP(timezone=True), nullable=True)
    )
    op.create_foreign_key(
        "fk_importacion_empresa_id_origen_id",
        "importacion",
        "importacion",
        ["empresa_id", "origen_id"],
        ["empresa_id", "id"],
    )
    _allow_modos("reemplazar", "actualizar", "deshacer")
    op.create_index(
        "ix_importacion_cambios",
        "importacion",
        ["cambios_hasta"],
        postgresql_where=sa.text("cambios_hasta IS NOT NULL"),
    )
    op.execute(f'GRANT SELECT (cambios_hasta) ON importacion TO "{sistema}"')
    op.execute(
        """
        CREATE TABLE importacion_cambio (
            empresa_id BIGINT NOT NULL,
            importacion_id BIGINT NOT NULL,
            n BIGINT NOT NULL,
            fila BIGINT,
            producto_id BIGINT,
            clave TEXT,
            accion TEXT NOT NULL,
            cambios JSONB,
            visto JSONB,
            CONSTRAINT pk_importacion_cambio PRIMARY KEY (empresa_id, importacion_id, n),
            CONSTRAINT fk_importacion_cambio_empresa_id_importacion_id
                FOREIGN KEY(empresa_id, importacion_id)
                REFERENCES importacion (empresa_id, id) ON DELETE CASCADE,
            CONSTRAINT ck_importacion_cambio_accion CHECK (accion IN
                ('creado', 'actualizado', 'sin_cambios', 'desactivado', 'error'))
        )
        """
    )
    op.execute("ALTER TABLE importacion_cambio ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE importacion_cambio FORCE ROW LEVEL SECURITY")
    op.execute(
        "CREATE POLICY de_la_empresa ON importacion_cambio "
        f"USING (empresa_id = {_MINE}) WITH CHECK (empresa_id = {_MINE})"
    )
    op.execute(f'GRANT SELECT, INSERT, UPDATE, DELETE ON importacion_cambio TO "{app}"')


def downgrade() -> None:
    op.execute("DROP TABLE importacion_cambio")
    op.execute("DELETE FROM importacion WHERE modo = 'deshacer'")
    _allow_modos("reemplazar", "actualizar")
    op.drop_index("ix_importacion_cambios", "importacion")
    op.drop_constraint("fk_importacion_empresa_id_origen_id", "importacion", type_="foreignkey")
    for column in ("cambios_hasta", "origen_id", "simulada"):
        op.drop_column("importacion", column)


def _allow_modos(*modos: str) -> None:
    named = ", ".join(f"'{modo}'" for modo in modos)
    op.execute(f"ALTER TABLE importacion DROP CONSTRAINT {_MODO}")
    op.execute(f"ALTER TABLE importacion ADD CONSTRAINT {_MODO} CHECK (modo IN ({named}))")
