"""Versions of menus, by name and number. What was published never changes; a draft is one row that does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker

from db.tables import JournalRow, MenuVersionRow

State = Literal["draft", "published", "retired"]


class Conflict(Exception):
    """Somebody else was first; the message says who."""


@dataclass(frozen=True, slots=True)
class MenuVersion:
    """`at` is UTC epoch seconds. `comment` says what it is for, such as that it goes back to an older one."""

    name: str
    number: int
    text: str
    state: State
    by: str
    at: float
    comment: str = ""


class MenuStore:
    """Raises SQLAlchemy's own errors while the database is away."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._session = async_sessionmaker(engine, expire_on_commit=False)

    async def of(self, name: str) -> list[MenuVersion]:
        """All versions, the newest first."""
        async with self._session() as session:
            query = select(MenuVersionRow).where(MenuVersionRow.name == name).order_by(MenuVersionRow.number.desc())
            return [_version(row) for row in await session.scalars(query)]

    async def published(self) -> list[MenuVersion]:
        """The one in force of each menu that has one."""
        async with self._session() as session:
            query = select(MenuVersionRow).where(MenuVersionRow.state == "published")
            return [_version(row) for row in await session.scalars(query)]

    async def save_draft(  # noqa: PLR0913, PLR0917 - what a version has
        self, name: str, text: str, base: int, by: str, at: float, comment: str = ""
    ) -> MenuVersion:
        """`base`: the newest number its author has seen; raises Conflict when there is a newer one.

        A draft that is there already is changed, else a new number begins.
        """
        async with self._session.begin() as session:
            newest = await session.scalar(
                select(MenuVersionRow)
                .where(MenuVersionRow.name == name)
                .order_by(MenuVersionRow.number.desc())
                .limit(1)
            )
            number = newest.number if newest is not None else 0
            if number != base:
                raise Conflict(f"{newest.by if newest else 'somebody'} has saved number {number} since")
            if newest is None or newest.state != "draft":
                number += 1
            row = await session.merge(
                MenuVersionRow(name=name, number=number, text=text, state="draft", by=by, at=at, comment=comment)
            )
            return _version(row)

    async def publish(self, name: str, number: int, text: str, by: str, at: float) -> MenuVersion:
        """The draft of this number, with this very text, is in force, and what was is retired; raises Conflict."""
        async with self._session.begin() as session:
            row = await session.get(MenuVersionRow, (name, number), with_for_update=True)
            if row is None or row.state != "draft" or row.text != text:
                raise Conflict(f"number {number} is no draft any more, or has been changed")
            in_force = (MenuVersionRow.name == name) & (MenuVersionRow.state == "published")
            await session.execute(update(MenuVersionRow).where(in_force).values(state="retired"))
            row.state, row.by, row.at = "published", by, at
            return _version(row)

    async def steps(self, menu: str, since: float, until: float) -> AsyncIterator[tuple[str, str]]:
        """Call and node of every step in this menu, each call's together and in order."""
        data = JournalRow.data
        async with self._session() as session:
            query = (
                select(JournalRow.call_id, data["node"].as_string())
                .where(JournalRow.kind == "menu_stepped", JournalRow.at >= since, JournalRow.at < until)
                .where(func.coalesce(data["menu"].as_string(), "") == menu)
                .order_by(JournalRow.call_id, JournalRow.at, JournalRow.seq)
            )
            async for call_id, node in await session.stream(query):
                yield call_id or "", node


def _version(row: MenuVersionRow) -> MenuVersion:
    state: State = row.state  # type: ignore[assignment]
    return MenuVersion(row.name, row.number, row.text, state, row.by, row.at, row.comment)
