"""Orders that agents have taken, so that none is lost on its way to the host, and none is placed twice."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker

from db.tables import HostOrderRow


class OrderStore:
    """By their columns. Raises SQLAlchemy's own errors while the database is away."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._session = async_sessionmaker(engine, expire_on_commit=False)

    async def pending(self) -> list[dict[str, Any]]:
        """The oldest first."""
        return await self._rows(select(HostOrderRow).where(HostOrderRow.state == "pending").order_by(HostOrderRow.at))

    async def of_call(self, call_id: str) -> list[dict[str, Any]]:
        """The oldest first."""
        return await self._rows(select(HostOrderRow).where(HostOrderRow.call_id == call_id).order_by(HostOrderRow.at))

    async def by_key(self, key: str) -> dict[str, Any] | None:
        found = await self._rows(select(HostOrderRow).where(HostOrderRow.key == key))
        return found[0] if found else None

    async def keep(self, values: dict[str, Any]) -> None:
        """As it is now."""
        async with self._session.begin() as session:
            await session.merge(HostOrderRow(**values))

    async def _rows(self, query: Any) -> list[dict[str, Any]]:
        async with self._session() as session:
            rows = await session.scalars(query)
            return [{column.key: getattr(row, column.key) for column in row.__table__.columns} for row in rows]
