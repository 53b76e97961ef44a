"""The tables. A change here needs a migration; a test holds the two against each other."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    type_annotation_map = {dict[str, Any]: JSON, dict[str, int]: JSON, list[str]: JSON}  # noqa: RUF012


class AgentRow(Base):
    __tablename__ = "agent"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    name_en: Mapped[str] = mapped_column(String(80))
    role: Mapped[str] = mapped_column(String(16))
    password_hash: Mapped[str] = mapped_column(String(200))
    phone: Mapped[str] = mapped_column(String(64))
    skills: Mapped[dict[str, int]]
    queues: Mapped[list[str]] = mapped_column(default=list)
    active: Mapped[bool] = mapped_column(default=True)


class SkillRow(Base):
    __tablename__ = "skill"
    name: Mapped[str] = mapped_column(String(64), primary_key=True)


class QueueRow(Base):
    __tablename__ = "queue"
    name: Mapped[str] = mapped_column(String(64), primary_key=True)


class CustomerRow(Base):
    __tablename__ = "customer"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    name_en: Mapped[str] = mapped_column(String(80))
    language: Mapped[str] = mapped_column(String(8))
    tier: Mapped[str] = mapped_column(String(16))
    manager: Mapped[str] = mapped_column(String(32))
    notes: Mapped[str] = mapped_column(Text, default="")


class IdentityRow(Base):
    """A phone number in E.164, an account number or an e-mail address: whose it is."""

    __tablename__ = "customer_identity"
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    value: Mapped[str] = mapped_column(String(120), primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)


class PastContactRow(Base):
    __tablename__ = "past_contact"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    at: Mapped[float]
    channel: Mapped[str] = mapped_column(String(16))
    agent_id: Mapped[str | None] = mapped_column(String(32))
    summary: Mapped[str] = mapped_column(Text)


class CallRow(Base):
    __tablename__ = "call"
    __table_args__ = (
        Index("ix_call_customer_id_arrived_at", "customer_id", "arrived_at"),
        Index("ix_call_agent_id_arrived_at", "agent_id", "arrived_at"),
    )
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    arrived_at: Mapped[float] = mapped_column(index=True)
    ended_at: Mapped[float | None]
    number: Mapped[str] = mapped_column(String(80))
    queue: Mapped[str | None] = mapped_column(String(64))
    agent_id: Mapped[str | None] = mapped_column(String(32))
    customer_id: Mapped[int | None]
    outcome: Mapped[str | None] = mapped_column(String(32))
    facts: Mapped[dict[str, Any]]


class WriteUpRow(Base):
    """What one agent wrote of one call: `disposition` is of this queue's, the time that of the last change."""

    __tablename__ = "write_up"
    call_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    agent_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    at: Mapped[float]
    queue: Mapped[str | None] = mapped_column(String(64))
    disposition: Mapped[str] = mapped_column(String(40))
    note: Mapped[str] = mapped_column(Text)


class JournalRow(Base):
    """Append-only. `id` makes a second writing of the same entry harmless; `seq` orders entries of one moment."""

    __tablename__ = "journal"
    __table_args__ = (Index("ix_journal_agent_id_at", "agent_id", "at"),)
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    at: Mapped[float] = mapped_column(index=True)
    seq: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(String(40))
    call_id: Mapped[str | None] = mapped_column(String(40), index=True)
    agent_id: Mapped[str | None] = mapped_column(String(32))
    data: Mapped[dict[str, Any]]


class PinTriesRow(Base):
    """Wrong PINs of one account or one caller's number (`key`), as `ivr.locks` counts them."""

    __tablename__ = "pin_tries"
    key: Mapped[str] = mapped_column(String(100), primary_key=True)
    wrong: Mapped[int]
    last_at: Mapped[float]
    locked_until: Mapped[float]


class CallbackRow(Base):
    """A caller to be called back. `since` and `priority` are the place in line; `state` as in `cti.callback_rules`."""

    __tablename__ = "callback"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    call_id: Mapped[str] = mapped_column(String(40), index=True)
    number: Mapped[str] = mapped_column(String(40), index=True)
    caller: Mapped[str] = mapped_column(String(40))
    queue: Mapped[str] = mapped_column(String(64))
    requires: Mapped[str] = mapped_column(Text)
    priority: Mapped[float]
    language: Mapped[str] = mapped_column(String(8))
    since: Mapped[float]
    asked_at: Mapped[float] = mapped_column(index=True)
    state: Mapped[str] = mapped_column(String(16), index=True)
    tries: Mapped[int]
    due_at: Mapped[float]
    expires_at: Mapped[float]


class VoicemailRow(Base):
    """A message that a caller left; its sound is `<id>.wav` in the folder of messages."""

    __tablename__ = "voicemail"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    call_id: Mapped[str] = mapped_column(String(40), index=True)
    number: Mapped[str] = mapped_column(String(40))
    queue: Mapped[str] = mapped_column(String(64))
    requires: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String(8))
    at: Mapped[float] = mapped_column(index=True)
    seconds: Mapped[float]
    state: Mapped[str] = mapped_column(String(16), index=True)
    agent_id: Mapped[str | None] = mapped_column(String(32))


class MenuVersionRow(Base):
    """`state`: at most one draft of a menu, the newest, and at most one published."""

    __tablename__ = "menu_version"
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    text: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(16))
    by: Mapped[str] = mapped_column(String(32))
    at: Mapped[float]
    comment: Mapped[str] = mapped_column(Text)


class ScorecardRow(Base):
    """What `scorer_id` thought of one agent's part in a recorded call: the last, where it was scored again."""

    __tablename__ = "scorecard"
    recording_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    call_id: Mapped[str] = mapped_column(String(40))
    call_at: Mapped[float] = mapped_column(index=True)
    queue: Mapped[str] = mapped_column(String(64))
    agent_id: Mapped[str] = mapped_column(String(32), index=True)
    scorer_id: Mapped[str] = mapped_column(String(32))
    at: Mapped[float]
    card: Mapped[str] = mapped_column(String(40))
    answers: Mapped[dict[str, Any]]
    score: Mapped[float]
    comment: Mapped[str] = mapped_column(Text)


class HostOrderRow(Base):
    """An order on its way to the host, as `cti.order_rules`; `limit` is an exact amount in yuan."""

    __tablename__ = "host_order"
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    call_id: Mapped[str] = mapped_column(String(40), index=True)
    agent_id: Mapped[str] = mapped_column(String(32))
    account: Mapped[str] = mapped_column(String(40))
    code: Mapped[str] = mapped_column(String(16))
    side: Mapped[str] = mapped_column(String(4))
    quantity: Mapped[int]
    limit: Mapped[str] = mapped_column(String(24))
    at: Mapped[float]
    expires_at: Mapped[float]
    state: Mapped[str] = mapped_column(String(16), index=True)
    number: Mapped[str] = mapped_column(String(40))
    tries: Mapped[int]
    due_at: Mapped[float]


class SwitchRow(Base):
    """What administrators have set while the house runs, such as an emergency closure or the block list."""

    __tablename__ = "switch"
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[dict[str, Any]]
    by: Mapped[str] = mapped_column(String(32))
    at: Mapped[float]


class RecordingEntryRow(Base):
    """Append-only. `body` is the very text that was hashed; `recording_id` stands in it too, here to be found."""

    __tablename__ = "recording_entry"
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    recording_id: Mapped[str] = mapped_column(String(40), index=True)
    body: Mapped[str] = mapped_column(Text)
    hash: Mapped[str] = mapped_column(String(64))
