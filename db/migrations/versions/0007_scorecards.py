"""What supervisors thought of recorded calls."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "scorecard",
        sa.Column("recording_id", sa.String(40), primary_key=True),
        sa.Column("call_id", sa.String(40), nullable=False),
        sa.Column("call_at", sa.Double, nullable=False),
        sa.Column("queue", sa.String(64), nullable=False),
        sa.Column("agent_id", sa.String(32), nullable=False),
        sa.Column("scorer_id", sa.String(32), nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("card", sa.String(40), nullable=False),
        sa.Column("answers", sa.JSON, nullable=False),
        sa.Column("score", sa.Double, nullable=False),
        sa.Column("comment", sa.Text, nullable=False),
    )
    op.create_index("ix_scorecard_call_at", "scorecard", ["call_at"])
    op.create_index("ix_scorecard_agent_id", "scorecard", ["agent_id"])


def downgrade() -> None:
    op.drop_table("scorecard")
