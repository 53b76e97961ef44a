"""The memory on SQLite: demo data, migrations, and a journal that loses nothing while the database is away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

from db.demo import seed_demo
from db.engine import make_engine, upgrade
from db.journal import Journal
from db.store import Store
from db.tables import Base

NOW = 1_800_000_000.0


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    engine = make_engine(f"sqlite+aiosqlite:///{tmp_path / 'zongji.db'}")
    await upgrade(engine)
    yield engine
    await engine.dispose()


async def test_the_tables_are_what_the_migrations_make(engine: AsyncEngine) -> None:
    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), Base.metadata))

    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_demo_customers_are_found_by_number_and_account_and_seeded_once(engine: AsyncEngine) -> None:
    store = Store(engine)
    await seed_demo(store, str.upper, NOW)
    await seed_demo(store, str.upper, NOW)

    by_number = await store.find_customer("phone", "+8613800000001")
    assert await store.count_customers() == 200
    assert by_number is not None
    assert by_number["name"] == "张三丰"
    assert by_number == await store.find_customer("account", "10000001")
    assert await store.find_customer("phone", "+8613999999999") is None


async def test_what_happens_while_the_database_is_away_is_stored_once_when_it_is_back(
    engine: AsyncEngine, tmp_path: Path
) -> None:
    spool = tmp_path / "journal.spool"
    journal = Journal(engine, spool)
    journal.start()
    async with engine.begin() as connection:
        await connection.execute(text("ALTER TABLE journal RENAME TO away"))
    for number in range(5):
        journal.write("call_moved", NOW + number, {"n": number}, "c1", None)
    await journal.flush()
    assert journal.away
    assert spool.stat().st_mode & 0o777 == 0o600

    async with engine.begin() as connection:
        await connection.execute(text("ALTER TABLE away RENAME TO journal"))
    async with asyncio.timeout(10):
        while spool.exists():  # noqa: ASYNC110 - the journal looks again by itself
            await asyncio.sleep(0.05)
    await journal.stop()

    async with engine.connect() as connection:
        rows = await connection.execute(text("SELECT count(*), count(DISTINCT id) FROM journal"))
        assert tuple(rows.one()) == (5, 5)
