"""Orders on their way to the host."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "host_order",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("call_id", sa.String(40), nullable=False),
        sa.Column("agent_id", sa.String(32), nullable=False),
        sa.Column("account", sa.String(40), nullable=False),
        sa.Column("code", sa.String(16), nullable=False),
        sa.Column("side", sa.String(4), nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("limit", sa.String(24), nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("expires_at", sa.Double, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("number", sa.String(40), nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("due_at", sa.Double, nullable=False),
    )
    for column in ("call_id", "state"):
        op.create_index(f"ix_host_order_{column}", "host_order", [column])


def downgrade() -> None:
    op.drop_table("host_order")
