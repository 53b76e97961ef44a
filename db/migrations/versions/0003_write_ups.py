"""What agents wrote stands by call and agent, no longer in the call's facts; an agent's journal is found by time."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
CALL = sa.table(
    "call", sa.column("id"), sa.column("agent_id"), sa.column("queue"), sa.column("arrived_at"), sa.column("ended_at"),
    sa.column("facts", sa.JSON),
)  # fmt: skip
WRITE_UP = (
    sa.Column("call_id", sa.String(40), primary_key=True),
    sa.Column("agent_id", sa.String(32), primary_key=True),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("queue", sa.String(64), nullable=True),
    sa.Column("disposition", sa.String(40), nullable=False),
    sa.Column("note", sa.Text, nullable=False),
)


def upgrade() -> None:
    table = op.create_table("write_up", *WRITE_UP)
    op.create_index("ix_journal_agent_id_at", "journal", ["agent_id", "at"])
    connection = op.get_bind()
    written = connection.execute(sa.select(CALL).where(CALL.c.agent_id.is_not(None))).mappings()
    rows = [
        {
            "call_id": call["id"], "agent_id": call["agent_id"], "at": call["ended_at"] or call["arrived_at"],
            "queue": call["queue"], "disposition": call["facts"].get("disposition", ""),
            "note": call["facts"].get("note", ""),
        }
        for call in written
        if call["facts"].get("disposition") or call["facts"].get("note")
    ]  # fmt: skip
    if rows:
        connection.execute(sa.insert(table), rows)


def downgrade() -> None:
    """The calls' facts have what they had; what was written since is lost."""
    op.drop_index("ix_journal_agent_id_at", "journal")
    op.drop_table("write_up")
