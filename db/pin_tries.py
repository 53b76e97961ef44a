"""Wrong PINs, so that a lock outlives the server."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker

from db.tables import PinTriesRow


class PinTries:
    """Raises SQLAlchemy's own errors while the database is away. Each is (wrong, last_at, locked_until)."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._session = async_sessionmaker(engine, expire_on_commit=False)

    async def since(self, at: float) -> dict[str, tuple[int, float, float]]:
        """What was tried after `at`, or is locked beyond it; what is older is forgotten."""
        old = (PinTriesRow.last_at < at) & (PinTriesRow.locked_until < at)
        async with self._session.begin() as session:
            await session.execute(delete(PinTriesRow).where(old))
            rows = await session.scalars(select(PinTriesRow))
            return {row.key: (row.wrong, row.last_at, row.locked_until) for row in rows}

    async def keep(self, tries: Mapping[str, tuple[int, float, float]]) -> None:
        async with self._session.begin() as session:
            for key, (wrong, last_at, locked_until) in tries.items():
                await session.merge(PinTriesRow(key=key, wrong=wrong, last_at=last_at, locked_until=locked_until))
