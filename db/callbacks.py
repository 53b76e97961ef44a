"""Callbacks, so that whoever asked for one is called, whatever became of the server meanwhile."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, or_, select
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker

from db.tables import CallbackRow, VoicemailRow


class Waiting:
    """Callbacks and messages by their columns. Raises SQLAlchemy's own errors while the database is away."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._session = async_sessionmaker(engine, expire_on_commit=False)

    async def callbacks(self, states: tuple[str, ...], asked_since: float) -> list[dict[str, Any]]:
        """Those in one of these states, and those asked for since then, the oldest first."""
        wanted = or_(CallbackRow.state.in_(states), CallbackRow.asked_at >= asked_since)
        return await self._rows(select(CallbackRow).where(wanted).order_by(CallbackRow.asked_at))

    async def keep_callback(self, values: dict[str, Any]) -> None:
        """As it is now."""
        async with self._session.begin() as session:
            await session.merge(CallbackRow(**values))

    async def messages(self, state: str) -> list[dict[str, Any]]:
        """Messages in this state, the oldest first."""
        return await self._rows(select(VoicemailRow).where(VoicemailRow.state == state).order_by(VoicemailRow.at))

    async def messages_since(self, since: float, limit: int) -> list[dict[str, Any]]:
        """Messages that were left since then (UTC), the newest first."""
        query = select(VoicemailRow).where(VoicemailRow.at >= since).order_by(VoicemailRow.at.desc())
        return await self._rows(query.limit(limit))

    async def forget_message(self, message_id: str) -> None:
        """It was never there."""
        async with self._session.begin() as session:
            await session.execute(delete(VoicemailRow).where(VoicemailRow.id == message_id))

    async def message(self, message_id: str) -> dict[str, Any] | None:
        found = await self._rows(select(VoicemailRow).where(VoicemailRow.id == message_id))
        return found[0] if found else None

    async def keep_message(self, values: dict[str, Any]) -> None:
        """As it is now."""
        async with self._session.begin() as session:
            await session.merge(VoicemailRow(**values))

    async def _rows(self, query: Any) -> list[dict[str, Any]]:
        async with self._session() as session:
            rows = await session.scalars(query)
            return [{column.key: getattr(row, column.key) for column in row.__table__.columns} for row in rows]
