"""WhatsApp: a person's second name, when they last wrote, and what became of a reply afterwards.

Expand step only: the running release ignores the columns and writes none of the new states.

Revision ID: 0010
Revises: 0009
"""

from alembic import op

revision = "0010"
down_revision = "0009"

_BEFORE = "'ninguna', 'pendiente', 'enviando', 'incierta', 'enviada', 'fallida'"
_NOW = (
    "'ninguna', 'pendiente', 'enviando', 'incierta', 'enviada', 'entregada', 'leida', 'fallida', "
    "'retenida'"
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '4s'")
    op.execute("ALTER TABLE chat ADD COLUMN alias TEXT")
    op.execute("ALTER TABLE chat ADD COLUMN escrito_en TIMESTAMP WITH TIME ZONE")
    op.execute("ALTER TABLE chat ADD COLUMN preferencia_en TIMESTAMP WITH TIME ZONE")
    op.execute(
        "ALTER TABLE chat ADD CONSTRAINT uq_chat_empresa_id_canal_id_alias "
        "UNIQUE (empresa_id, canal_id, alias)"
    )
    _say_entrega(_NOW)
    op.execute(
        "CREATE INDEX ix_mensaje_retenida ON mensaje (empresa_id, chat_id) "
        "WHERE entrega = 'retenida'"
    )


def downgrade() -> None:
    op.execute("DROP INDEX ix_mensaje_retenida")
    op.execute("UPDATE mensaje SET entrega = 'enviada' WHERE entrega IN ('entregada', 'leida')")
    op.execute("UPDATE mensaje SET entrega = 'fallida' WHERE entrega = 'retenida'")
    _say_entrega(_BEFORE)
    op.execute("ALTER TABLE chat DROP CONSTRAINT uq_chat_empresa_id_canal_id_alias")
    op.execute("ALTER TABLE chat DROP COLUMN preferencia_en")
    op.execute("ALTER TABLE chat DROP COLUMN escrito_en")
    op.execute("ALTER TABLE chat DROP COLUMN alias")


def _say_entrega(states: str) -> None:
    op.execute("ALTER TABLE mensaje DROP CONSTRAINT ck_mensaje_entrega")
    op.execute(
        f"ALTER TABLE mensaje ADD CONSTRAINT ck_mensaje_entrega CHECK (entrega IN ({states}))"
    )
