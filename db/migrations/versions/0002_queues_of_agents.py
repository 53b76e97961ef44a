"""Which queues an agent serves."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("agent", sa.Column("queues", sa.JSON, nullable=False, server_default="[]"))


def downgrade() -> None:
    op.drop_column("agent", "queues")
