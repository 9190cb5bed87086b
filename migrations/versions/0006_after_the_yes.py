"""What a person of the shop needs to know of a chat: why it was handed over, who wants no messages.

Expand step only: the running release ignores both columns.

Revision ID: 0006
Revises: 0005
"""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '4s'")
    op.execute("ALTER TABLE chat ADD COLUMN baja BOOLEAN DEFAULT false NOT NULL")
    op.execute("ALTER TABLE chat ADD COLUMN resumen TEXT")


def downgrade() -> None:
    op.execute("ALTER TABLE chat DROP COLUMN resumen")
    op.execute("ALTER TABLE chat DROP COLUMN baja")
