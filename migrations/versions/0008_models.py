"""What language models answered and cost.

Expand step only: the running release ignores both tables.

Revision ID: 0008
Revises: 0007
"""

from alembic import context, op

revision = "0008"
down_revision = "0007"

_MINE = "(select nullif(current_setting('app.empresa_id', true), '')::bigint)"


def upgrade() -> None:
    app, sistema = context.config.attributes["roles"]
    op.execute("SET LOCAL lock_timeout = '4s'")
    op.execute(
        """
        CREATE TABLE respuesta_modelo (
            empresa_id BIGINT NOT NULL,
            chat_id BIGINT NOT NULL,
            mensaje_id BIGINT NOT NULL,
            paso TEXT NOT NULL,
            huella TEXT NOT NULL,
            respuesta JSONB NOT NULL,
            modelo TEXT NOT NULL,
            tokens_entrada BIGINT NOT NULL,
            tokens_salida BIGINT NOT NULL,
            costo NUMERIC(14, 6) NOT NULL,
            creado_en TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            CONSTRAINT pk_respuesta_modelo
                PRIMARY KEY (empresa_id, chat_id, mensaje_id, paso, huella),
            CONSTRAINT fk_respuesta_modelo_empresa_id FOREIGN KEY(empresa_id)
                REFERENCES empresa (id) ON DELETE CASCADE,
            CONSTRAINT fk_respuesta_modelo_empresa_id_chat_id FOREIGN KEY(empresa_id, chat_id)
                REFERENCES chat (empresa_id, id) ON DELETE CASCADE,
            CONSTRAINT fk_respuesta_modelo_empresa_id_mensaje_id
                FOREIGN KEY(empresa_id, mensaje_id)
                REFERENCES mensaje (empresa_id, id) ON DELETE CASCADE
        )
        """
    )
    op.execute(
        """
        CREATE TABLE consumo_modelo (
            empresa_id BIGINT NOT NULL,
            mes DATE NOT NULL,
            llamadas BIGINT NOT NULL,
            tokens_entrada BIGINT NOT NULL,
            tokens_salida BIGINT NOT NULL,
            costo NUMERIC(14, 6) NOT NULL,
            CONSTRAINT pk_consumo_modelo PRIMARY KEY (empresa_id, mes),
            CONSTRAINT fk_consumo_modelo_empresa_id FOREIGN KEY(empresa_id)
                REFERENCES empresa (id) ON DELETE CASCADE
        )
        """
    )
    for table in ("respuesta_modelo", "consumo_modelo"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY de_la_empresa ON {table} "
            f"USING (empresa_id = {_MINE}) WITH CHECK (empresa_id = {_MINE})"
        )
        op.execute(f'GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO "{app}"')
    # Which empresas have answers that are too old.
    op.execute(f'CREATE POLICY del_sistema ON respuesta_modelo TO "{sistema}" USING (true)')
    op.execute(f'GRANT SELECT (empresa_id, creado_en) ON respuesta_modelo TO "{sistema}"')
    op.create_index("ix_respuesta_modelo_mensaje", "respuesta_modelo", ["empresa_id", "mensaje_id"])
    op.create_index("ix_respuesta_modelo_creado_en", "respuesta_modelo", ["creado_en"])


def downgrade() -> None:
    op.execute("DROP TABLE consumo_modelo")
    op.execute("DROP TABLE respuesta_modelo")
