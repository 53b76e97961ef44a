"""A customer's and an agent's last calls are found without reading all calls."""

from alembic import op

revision = "0009"
down_revision = "0008"
WHOSE = ("customer_id", "agent_id")


def upgrade() -> None:
    for one in WHOSE:
        op.create_index(f"ix_call_{one}_arrived_at", "call", [one, "arrived_at"])


def downgrade() -> None:
    for one in WHOSE:
        op.drop_index(f"ix_call_{one}_arrived_at", "call")
