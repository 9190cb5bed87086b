"""What every door needs: answers that a customer can press, and what a shop sets of a canal.

Expand step only: the running release ignores both columns.

Revision ID: 0009
Revises: 0008
"""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '4s'")
    op.execute("ALTER TABLE mensaje ADD COLUMN botones JSONB")
    op.execute("ALTER TABLE canal ADD COLUMN ajustes JSONB DEFAULT '{}' NOT NULL")


def downgrade() -> None:
    op.execute("ALTER TABLE canal DROP COLUMN ajustes")
    op.execute("ALTER TABLE mensaje DROP COLUMN botones")
