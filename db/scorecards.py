"""Scorecards, and the recordings they are of, found by their calls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker

from db.tables import CallRow, JournalRow, ScorecardRow

SPOKE = ("agent_connected", "call_transferred", "call_taken_over")


@dataclass(frozen=True, slots=True)
class Sought:
    """Times are UTC epoch seconds, of the call's arrival; what is None or empty is not asked for."""

    since: float
    until: float
    queue: str = ""
    agent_id: str = ""
    number: str = ""
    scored: bool | None = None
    limit: int = 50


class ScorecardStore:
    """Raises SQLAlchemy's own errors while the database is away."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._session = async_sessionmaker(engine, expire_on_commit=False)

    async def recordings(self, sought: Sought) -> list[dict[str, Any]]:
        """The newest first: `recording_id`, `call_id`, `at`, `queue`, `number`, and `score` if it was scored."""
        kept, calls, cards = JournalRow, CallRow, ScorecardRow
        of_recording = kept.data["recording_id"].as_string()
        query = (
            select(of_recording, calls.id, calls.arrived_at, calls.queue, calls.number, cards.score)
            .join(calls, calls.id == kept.call_id)
            .outerjoin(cards, cards.recording_id == of_recording)
            .where(kept.kind == "recording_kept", calls.arrived_at >= sought.since, calls.arrived_at < sought.until)
        )
        if sought.queue:
            query = query.where(calls.queue == sought.queue)
        if sought.number:
            query = query.where(calls.number.contains(sought.number, autoescape=True))
        if sought.agent_id:
            part = JournalRow.__table__.alias("part")
            spoke = (part.c.call_id == calls.id) & (part.c.agent_id == sought.agent_id) & part.c.kind.in_(SPOKE)
            query = query.where(exists(select(part.c.id).where(spoke)))
        if sought.scored is not None:
            query = query.where(cards.score.is_not(None) if sought.scored else cards.score.is_(None))
        query = query.order_by(calls.arrived_at.desc(), of_recording).limit(sought.limit)
        async with self._session() as session:
            keys = ("recording_id", "call_id", "at", "queue", "number", "score")
            return [dict(zip(keys, row, strict=True)) for row in await session.execute(query)]

    async def card(self, recording_id: str) -> dict[str, Any] | None:
        async with self._session() as session:
            row = await session.get(ScorecardRow, recording_id)
            return _values(row) if row is not None else None

    async def keep(self, values: dict[str, Any]) -> None:
        """Instead of the one there was of this recording."""
        async with self._session.begin() as session:
            await session.merge(ScorecardRow(**values))

    async def cards(self, since: float, until: float, queue: str = "", agent_id: str = "") -> list[dict[str, Any]]:
        """Those whose call came in then, the oldest first."""
        query = select(ScorecardRow).where(ScorecardRow.call_at >= since, ScorecardRow.call_at < until)
        if queue:
            query = query.where(ScorecardRow.queue == queue)
        if agent_id:
            query = query.where(ScorecardRow.agent_id == agent_id)
        async with self._session() as session:
            return [_values(row) for row in await session.scalars(query.order_by(ScorecardRow.call_at))]


def _values(row: ScorecardRow) -> dict[str, Any]:
    return {column.key: getattr(row, column.key) for column in row.__table__.columns}
