"""The memory on SQLite and on PostgreSQL: customers, agents, calls, and the migrations."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import QueuePool

from db.demo import seed_demo
from db.engine import MIGRATIONS, UnknownSchema, dispose, make_engine, newest, upgrade
from db.store import Store
from db.tables import AgentRow, Base, CallRow, CustomerRow, IdentityRow, JournalRow, WriteUpRow

NOW = 1_800_000_000.0


async def test_the_tables_are_what_the_migrations_make(engine: AsyncEngine) -> None:
    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), Base.metadata))

    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_a_database_that_has_seen_every_migration_is_opened_without_their_machinery(engine: AsyncEngine) -> None:
    """It would take a tenth of a server's start."""
    head = ScriptDirectory(str(MIGRATIONS)).get_current_head()
    assert newest() == head
    program = (
        "import asyncio, sys; from db.engine import *; engine = make_engine(sys.argv[1]);"
        "asyncio.run(upgrade(engine)); print([one for one in sys.modules if one.startswith('alembic')])"
    )
    url = engine.url.render_as_string(hide_password=False)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, url, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    told, complaint = await process.communicate()
    assert told.decode().strip() == "[]", complaint.decode()


async def test_a_database_of_a_version_nobody_here_knows_is_refused_and_left_as_it_is(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(UnknownSchema, match="9999"):
        await upgrade(engine)
    async with engine.connect() as connection:
        assert await connection.scalar(text("SELECT version_num FROM alembic_version")) == "9999"


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


async def test_what_is_in_use_is_given_back_before_all_is_closed(engine: AsyncEngine) -> None:
    fresh = make_engine(engine.url.render_as_string(hide_password=False))
    in_use = asyncio.Event()

    async def question() -> None:
        async with fresh.connect() as connection:
            await connection.execute(text("SELECT 1"))
            in_use.set()
            await asyncio.sleep(0.1)
            await connection.execute(text("SELECT 1"))

    asking = asyncio.create_task(question())
    await in_use.wait()
    pool = fresh.pool
    await dispose(fresh)
    await asking
    assert isinstance(pool, QueuePool)
    assert (pool.checkedout(), pool.checkedin()) == (0, 0)  # closed, not lying in a pool that nobody has any more


async def test_a_look_up_that_nobody_waits_for_any_more_leaves_no_connection_open(engine: AsyncEngine) -> None:
    """A caller who hangs up gives up on the question; its connection is not torn out of the pool and forgotten."""
    await seed_demo(Store(engine), str.upper, NOW)
    await engine.dispose()
    for turns in range(40):
        fresh = make_engine(engine.url.render_as_string(hide_password=False))
        store = Store(fresh)
        asking = asyncio.create_task(store.find_customer("phone", "+8613800000001"))
        for _ in range(turns):
            await asyncio.sleep(0)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        await store.close()
        await fresh.dispose()

    async with asyncio.timeout(10):
        while _open_files(engine):  # noqa: ASYNC110 - the connections' threads end by themselves
            await asyncio.sleep(0.05)


def _open_files(engine: AsyncEngine) -> list[str]:
    """Open files of this process that belong to an SQLite database; none for PostgreSQL."""
    database = engine.url.database or ""
    found = []
    for one in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            found.append(str(one.readlink()))
    return [one for one in found if engine.dialect.name == "sqlite" and one.startswith(database)]


async def test_chinese_text_comes_back_as_it_was_and_a_known_row_is_replaced(engine: AsyncEngine) -> None:
    store = Store(engine)
    row = {"id": 1, "name_en": "Ouyang", "language": "zh", "tier": "gold", "manager": "1001"}
    await store.add([CustomerRow(**row, name="欧阳娜娜", notes="喜欢早上联系 ☎ 𠮷野")])
    await store.add([IdentityRow(kind="phone", value="+8613800009999", customer_id=1)])
    await store.add([CustomerRow(**row, name="欧阳娜娜", notes="改为下午")])

    found = await store.find_customer("phone", "+8613800009999")

    assert found is not None
    assert (found["name"], found["notes"]) == ("欧阳娜娜", "改为下午")


async def test_a_call_tells_its_steps_in_order_and_recent_calls_come_newest_first(engine: AsyncEngine) -> None:
    store = Store(engine)
    await store.add([_call(f"c{n}", NOW + n, "1001" if n % 2 else "1002") for n in range(4)])
    steps = [("call_queued", 2.0, 1), ("call_arrived", 1.0, 9), ("call_ended", 2.0, 2)]
    await store.add(
        JournalRow(id=kind, at=NOW + at, seq=seq, kind=kind, call_id="c1", agent_id=None, data={"词": "好"})
        for kind, at, seq in steps
    )

    story = await store.call_story("c1")

    assert story is not None
    assert [step["kind"] for step in story["steps"]] == ["call_arrived", "call_queued", "call_ended"]
    assert story["steps"][0]["词"] == "好"
    assert [call["id"] for call in await store.recent_calls(3)] == ["c3", "c2", "c1"]
    assert [call["id"] for call in await store.recent_calls(9, "1001")] == ["c3", "c1"]
    assert await store.call_story("nobody") is None


async def test_the_journal_gives_what_happened_since_then_in_order(engine: AsyncEngine) -> None:
    store = Store(engine)
    steps = [("call_ended", 3.0), ("agent_connected", 2.0), ("call_arrived", 2.5), ("agent_connected", 1.0)]
    await store.add(
        JournalRow(id=f"e{n}", at=NOW + at, seq=n, kind=kind, call_id="c1", agent_id=None, data={"n": n})
        for n, (kind, at) in enumerate(steps)
    )

    found = await store.journalled(NOW + 2.0, ("agent_connected", "call_ended"))

    assert found == [(NOW + 2.0, "agent_connected", {"n": 1}), (NOW + 3.0, "call_ended", {"n": 0})]


async def test_agents_are_those_who_work_here(engine: AsyncEngine) -> None:
    store = Store(engine)
    await seed_demo(store, str.upper, NOW)
    gone = AgentRow(
        id="1000", name="走了", name_en="Gone", role="agent", password_hash="", phone="", skills={}, active=False
    )  # fmt: skip
    await store.add([gone])

    assert [agent.id for agent in await store.agents()] == ["1001", "1002", "1003", "1004", "2001", "9001"]
    assert await store.agent("1000") is None
    assert (await store.agents())[0].skills["mandarin"] == 8


def _call(call_id: str, at: float, agent_id: str) -> CallRow:
    return CallRow(
        id=call_id, arrived_at=at, ended_at=at + 1, number="+8613800000001", queue="accounts", agent_id=agent_id,
        customer_id=None, outcome="served", facts={"dialled": "8000"},
    )  # fmt: skip


async def test_a_sqlite_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite+aiosqlite:///{tmp_path}/zongji.db")
    await upgrade(engine)
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE something (n INTEGER)"))
        modes = await asyncio.to_thread(modes_in, tmp_path)
    await dispose(engine)

    assert modes["zongji.db"] == 0o600
    assert set(modes.values()) == {0o600}


def modes_in(folder: Path) -> dict[str, int]:
    return {file.name: file.stat().st_mode & 0o777 for file in folder.iterdir()}


async def test_skills_and_queues_of_an_agent_are_kept(engine: AsyncEngine) -> None:
    store = Store(engine)
    await seed_demo(store, str.upper, NOW)
    await store.set_skills("1001", {"trading": 9})
    await store.set_queues("1001", ["trading"])
    agent = await store.agent("1001")
    assert agent is not None
    assert (agent.skills, agent.queues) == ({"trading": 9}, ("trading",))


def _served() -> CallRow:
    return CallRow(
        id="c1", arrived_at=NOW, ended_at=NOW + 60, number="1", queue="trading", agent_id="1002", customer_id=1,
        outcome="served", facts={},
    )  # fmt: skip


def _step(n: int, kind: str, agent_id: str, call_id: str = "c1", **data: object) -> JournalRow:
    return JournalRow(id=f"j{n}", at=NOW + n, seq=n, kind=kind, call_id=call_id, agent_id=agent_id, data=data)


async def test_each_agent_of_a_call_has_written_for_himself(engine: AsyncEngine) -> None:
    store = Store(engine)
    await store.add([CustomerRow(id=1, name="张", name_en="Z", language="zh", tier="gold", manager="", notes="")])
    await store.add([IdentityRow(kind="phone", value="+861", customer_id=1), _served()])
    await store.add(
        [
            WriteUpRow(call_id="c1", agent_id="1001", at=NOW + 30, queue="trading", disposition="quote", note="first"),
            WriteUpRow(call_id="c1", agent_id="1002", at=NOW + 60, queue="trading", disposition="", note="second"),
        ]
    )
    story, customer = await store.call_story("c1"), await store.find_customer("phone", "+861")
    assert story is not None
    assert [(one["agent_id"], one["note"]) for one in story["write_ups"]] == [("1001", "first"), ("1002", "second")]
    assert customer is not None
    told = [(one["agent"], one["disposition"], one["summary"]) for one in customer["recent"]]
    assert told == [("1001", "quote", "first"), ("1002", "", "second")]


async def test_a_customers_and_an_agents_last_calls_are_found_without_reading_all_calls(engine: AsyncEngine) -> None:
    last = CallRow.__table__.select().order_by(CallRow.arrived_at.desc()).limit(5)
    plan = "EXPLAIN QUERY PLAN" if engine.dialect.name == "sqlite" else "EXPLAIN"
    for whose, column, value in (
        ("customer_id", CallRow.customer_id, 7),
        ("agent_id", CallRow.agent_id, "1001"),
    ):
        query = last.where(column == value).compile(engine.sync_engine, compile_kwargs={"literal_binds": True})
        async with engine.connect() as connection:
            if engine.dialect.name == "postgresql":
                await connection.execute(text("SET LOCAL enable_seqscan = off"))  # a few rows it would rather read all
            told = str((await connection.execute(text(f"{plan} {query}"))).all())

        assert f"ix_call_{whose}_arrived_at" in told
        assert "Sort" not in told
        assert "TEMP B-TREE" not in told


async def test_who_spoke_in_a_call_had_a_part_in_it_and_who_only_missed_it_had_none(engine: AsyncEngine) -> None:
    store = Store(engine)
    await store.add([_served()])
    await store.add(
        [
            _step(1, "agent_connected", "1001"),
            _step(2, "offer_ended", "1003", reason="answered"),
            _step(3, "offer_ended", "1004", reason="rona"),
        ]
    )
    parts = [await store.part_in_call(agent, "c1") for agent in ("1001", "1002", "1003", "1004")]
    assert parts == [(NOW, "trading")] * 3 + [None]
    assert await store.part_in_call("1001", "unknown") is None


async def test_an_old_miss_is_found_behind_many_answered_offers(engine: AsyncEngine) -> None:
    store = Store(engine)
    await store.add([_served(), _step(0, "offer_ended", "1001", reason="rona")])
    await store.add([_step(n, "offer_ended", "1001", reason="answered") for n in range(1, 300)])
    assert [one["reason"] for one in await store.missed("1001", NOW - 1)] == ["rona"]


async def test_a_story_is_of_one_moment(engine: AsyncEngine) -> None:
    """Read while its end is being stored, it has both the outcome and the step, or neither."""
    store, ids = Store(engine), [f"c{n}" for n in range(40)]
    await store.add([CallRow(id=one, arrived_at=NOW, number="1", facts={}) for one in ids])
    halves: list[str] = []

    async def end(call_id: str) -> None:
        row = CallRow(id=call_id, arrived_at=NOW, ended_at=NOW, number="1", outcome="served", facts={})
        step = JournalRow(id=call_id, at=NOW, seq=1, kind="call_ended", call_id=call_id, agent_id=None, data={})
        await store.add([row, step])

    async def read(call_id: str) -> None:
        over = False
        while not over:
            story = await store.call_story(call_id)
            assert story is not None
            over = story["outcome"] is not None
            if over != bool(story["steps"]):
                halves.append(call_id)

    async with asyncio.timeout(60):
        for one in ids:
            await asyncio.gather(read(one), read(one), end(one))
    assert halves == []


async def test_what_was_written_before_write_ups_had_a_table_is_in_it(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite+aiosqlite:///{tmp_path / 'old.db'}")
    await upgrade(engine, "0002")
    async with engine.begin() as connection:
        for call_id, agent, facts in (
            ("c1", "1001", {"note": "旧", "disposition": "quote"}),
            ("c2", None, {"note": ""}),
        ):
            await connection.execute(
                text("INSERT INTO call (id, arrived_at, ended_at, number, queue, agent_id, facts)"
                     " VALUES (:id, 1, 2, '1', 'trading', :agent, :facts)"),
                {"id": call_id, "agent": agent, "facts": json.dumps(facts)},
            )  # fmt: skip
    await upgrade(engine)
    story, other = await Store(engine).call_story("c1"), await Store(engine).call_story("c2")
    await dispose(engine)
    assert story is not None
    assert story["write_ups"] == [{"at": 2.0, "agent_id": "1001", "disposition": "quote", "note": "旧"}]
    assert other is not None
    assert other["write_ups"] == []
