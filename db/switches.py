"""What administrators have switched, by name."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker

from db.tables import SwitchRow


class SwitchStore:
    """Raises SQLAlchemy's own errors while the database is away."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._session = async_sessionmaker(engine, expire_on_commit=False)

    async def all(self) -> dict[str, dict[str, Any]]:
        async with self._session() as session:
            return {row.name: row.value for row in await session.scalars(select(SwitchRow))}

    async def keep(self, name: str, value: dict[str, Any], by: str, at: float) -> None:
        async with self._session.begin() as session:
            await session.merge(SwitchRow(name=name, value=value, by=by, at=at))
