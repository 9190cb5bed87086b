"""What a shop words otherwise: one row per version of each prompt.

Expand step only: the running release ignores all of it.

Revision ID: 0005
Revises: 0004
"""

from alembic import context, op

revision = "0005"
down_revision = "0004"

_MINE = "(select nullif(current_setting('app.empresa_id', true), '')::bigint)"


def upgrade() -> None:
    app, _ = context.config.attributes["roles"]
    op.execute("SET LOCAL lock_timeout = '4s'")
    # The key begins with what every turn asks by: the empresa, then the newest of each nombre.
    op.execute(
        """
        CREATE TABLE prompt (
            empresa_id BIGINT NOT NULL,
            nombre TEXT NOT NULL,
            version BIGINT NOT NULL,
            contenido TEXT,
            usuario_id BIGINT,
            creado_en TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            CONSTRAINT pk_prompt PRIMARY KEY (empresa_id, nombre, version),
            CONSTRAINT fk_prompt_empresa_id FOREIGN KEY(empresa_id)
                REFERENCES empresa (id) ON DELETE CASCADE,
            CONSTRAINT fk_prompt_empresa_id_usuario_id FOREIGN KEY(empresa_id, usuario_id)
                REFERENCES usuario (empresa_id, id),
            CONSTRAINT ck_prompt_version CHECK (version > 0)
        )
        """
    )
    op.execute("ALTER TABLE prompt ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE prompt FORCE ROW LEVEL SECURITY")
    op.execute(
        "CREATE POLICY de_la_empresa ON prompt "
        f"USING (empresa_id = {_MINE}) WITH CHECK (empresa_id = {_MINE})"
    )
    op.execute(f'GRANT SELECT, INSERT, UPDATE, DELETE ON prompt TO "{app}"')


def downgrade() -> None:
    op.execute("DROP TABLE prompt")
