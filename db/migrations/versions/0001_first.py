"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "agent",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("name_en", sa.String(80), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("password_hash", sa.String(200), nullable=False),
        sa.Column("phone", sa.String(64), nullable=False),
        sa.Column("skills", sa.JSON, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
    )
    op.create_table("skill", sa.Column("name", sa.String(64), primary_key=True))
    op.create_table("queue", sa.Column("name", sa.String(64), primary_key=True))
    op.create_table(
        "customer",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("name_en", sa.String(80), nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("tier", sa.String(16), nullable=False),
        sa.Column("manager", sa.String(32), nullable=False),
        sa.Column("notes", sa.Text, nullable=False),
    )
    op.create_table(
        "customer_identity",
        sa.Column("kind", sa.String(16), primary_key=True),
        sa.Column("value", sa.String(120), primary_key=True),
        sa.Column("customer_id", sa.Integer, sa.ForeignKey("customer.id"), nullable=False, index=True),
    )
    op.create_table(
        "past_contact",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("customer_id", sa.Integer, sa.ForeignKey("customer.id"), nullable=False, index=True),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("agent_id", sa.String(32), nullable=True),
        sa.Column("summary", sa.Text, nullable=False),
    )
    op.create_table(
        "call",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("arrived_at", sa.Double, nullable=False, index=True),
        sa.Column("ended_at", sa.Double, nullable=True),
        sa.Column("number", sa.String(80), nullable=False),
        sa.Column("queue", sa.String(64), nullable=True),
        sa.Column("agent_id", sa.String(32), nullable=True),
        sa.Column("customer_id", sa.Integer, nullable=True),
        sa.Column("outcome", sa.String(32), nullable=True),
        sa.Column("facts", sa.JSON, nullable=False),
    )
    op.create_table(
        "journal",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("at", sa.Double, nullable=False, index=True),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("call_id", sa.String(40), nullable=True, index=True),
        sa.Column("agent_id", sa.String(32), nullable=True),
        sa.Column("data", sa.JSON, nullable=False),
    )


def downgrade() -> None:
    for table in ("journal", "call", "past_contact", "customer_identity", "customer", "queue", "skill", "agent"):
        op.drop_table(table)
