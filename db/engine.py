"""The database engine, and its schema brought up to date."""

from __future__ import annotations

import asyncio
import contextlib
import os
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import QueuePool

MIGRATIONS = Path(__file__).parent / "migrations"
GIVEN_BACK_S = 2.0
JSON: dict[str, Any] = {
    "json_serializer": lambda value: msgspec.json.encode(value).decode(),
    "json_deserializer": msgspec.json.decode,
}


def make_engine(url: str) -> AsyncEngine:
    """An engine for `sqlite+aiosqlite:///path` (WAL) or `postgresql+asyncpg://...`."""
    if not url.startswith("sqlite"):
        return create_async_engine(
            url, pool_pre_ping=True, connect_args={"timeout": 5, "command_timeout": 15}, **JSON
        )  # fmt: skip
    engine = create_async_engine(url, connect_args={"timeout": 10}, **JSON)

    @event.listens_for(engine.sync_engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "busy_timeout=10000"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return engine


class UnknownSchema(Exception):
    """The database is of a version that we do not know; one line."""


def newest() -> str:
    """The version of a database that has seen every migration: their files are named by it."""
    return max(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*_*.py"))


async def _version(engine: AsyncEngine) -> str | None:
    """None of a database that has seen no migration. Raises SQLAlchemyError."""
    async with engine.connect() as connection:
        try:
            found: str | None = await connection.scalar(text("SELECT version_num FROM alembic_version"))
        except DBAPIError:  # no such table; whatever else is amiss, whoever asks next says so
            return None
    return found


async def upgrade(engine: AsyncEngine, to: str = "") -> None:
    """Run every migration up to this one that this database has not seen. A SQLite file is made for its owner alone.

    Raises SQLAlchemyError, OSError or UnknownSchema.
    """
    if engine.dialect.name == "sqlite" and engine.url.database not in {None, "", ":memory:"}:
        os.close(os.open(str(engine.url.database), os.O_RDWR | os.O_CREAT, 0o600))
    async with asyncio.timeout(60):
        to = to or newest()
        if await _version(engine) != to:
            await _migrate(engine, to)


async def _migrate(engine: AsyncEngine, to: str) -> None:
    # Imported by whoever needs it: it takes a tenth of a server's start, and nearly always all was done before.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))

    def run(connection: Any) -> None:
        config.attributes["connection"] = connection
        command.upgrade(config, to)

    try:
        async with engine.begin() as connection:
            await connection.run_sync(run)
    except CommandError as error:
        raise UnknownSchema(str(error)) from error


async def dispose(engine: AsyncEngine, deadline_s: float = 5.0) -> None:
    """Close its connections, once those in use were given back: one that comes later is closed by nobody.

    A database that hangs is left to find out by itself.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(GIVEN_BACK_S):
            while isinstance(engine.pool, QueuePool) and engine.pool.checkedout():  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.01)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(deadline_s):
            await engine.dispose()
