"""The journal loses nothing, stores it once and in order, and is in nobody's way, whatever becomes of the database."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import threading
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine

from db.engine import make_engine, upgrade
from db.journal import Journal
from db.spool import Spool, append_lines
from tests.db.conftest import Postgres, until

NOW = 1_800_000_000.0
CALL = {
    "id": "c1", "arrived_at": NOW, "ended_at": None, "number": "+8613800000001", "queue": None, "agent_id": None,
    "customer_id": None, "outcome": None, "facts": {},
}  # fmt: skip


def take(journal: Journal, numbers: range, **data: Any) -> None:
    for number in numbers:
        journal.write("call_moved", NOW, {"n": number, "name": "张三丰", **data}, "c1", None)


async def stored(engine: AsyncEngine) -> list[int]:
    """The numbers of the entries stored, in the journal's order."""
    async with engine.connect() as connection:
        rows = await connection.execute(text("SELECT data FROM journal ORDER BY at, seq"))
        found = [json.loads(row[0]) if isinstance(row[0], str) else row[0] for row in rows]
        assert all(one["name"] == "张三丰" for one in found)
        return [one["n"] for one in found]


async def rename(engine: AsyncEngine, before: str, after: str) -> None:
    """The table goes or comes: to the journal the database is away or back."""
    async with engine.begin() as connection:
        await connection.execute(text(f"ALTER TABLE {before} RENAME TO {after}"))


Make = Callable[..., Journal]


@pytest.fixture
async def make(engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[Make]:
    """Journals of this database and one spool, stopped afterwards."""
    async with AsyncExitStack() as stack:

        def started(**options: Any) -> Journal:
            journal = Journal(engine, tmp_path / "journal.spool", **{"retry_s": 0.05, **options})
            journal.start()
            stack.push_async_callback(journal.stop)
            return journal

        yield started


async def test_what_happens_while_the_database_is_away_is_stored_once_and_in_order(
    engine: AsyncEngine, tmp_path: Path, make: Make
) -> None:
    spool = tmp_path / "journal.spool"
    journal = make()
    take(journal, range(5))
    await journal.flush()
    await rename(engine, "journal", "away")
    take(journal, range(5, 1500))
    await journal.flush()
    assert journal.away
    assert spool.stat().st_mode & 0o777 == 0o600

    await rename(engine, "away", "journal")
    take(journal, range(1500, 1600))
    await until(lambda: not spool.exists())
    take(journal, range(1600, 1610))
    await until(lambda: journal.stored == 1610)  # these ten may still have gone behind what was in the spool

    assert await stored(engine) == list(range(1610))
    assert (journal.away, journal.stored, journal.lost, journal.refused) == (False, 1610, 0, 0)


async def test_what_comes_in_one_breath_is_stored_in_one(engine: AsyncEngine, make: Make) -> None:
    commits: list[Any] = []
    event.listen(engine.sync_engine, "commit", commits.append)
    journal = make()
    for number in range(20):
        take(journal, range(number, number + 1))
        await asyncio.sleep(0.001)
    await until(lambda: journal.stored == 20)

    assert len(commits) < 10
    assert await stored(engine) == list(range(20))


async def test_records_of_an_older_version_lack_columns_and_take_nothing_away(engine: AsyncEngine, make: Make) -> None:
    journal = make()
    journal.keep("call", {**CALL, "outcome": "served"})
    await journal.flush()
    journal.keep("call", {key: value for key, value in CALL.items() if key != "outcome"} | {"agent_id": "1001"})
    journal.keep("call", {**CALL, "id": "c2", "outcome": "abandoned_in_queue"})
    await journal.flush()

    async with engine.connect() as connection:
        rows = (await connection.execute(text("SELECT id, outcome, agent_id FROM call ORDER BY id"))).all()
    assert [tuple(row) for row in rows] == [("c1", "served", "1001"), ("c2", "abandoned_in_queue", None)]


async def test_the_newest_record_of_a_call_wins_also_over_one_in_the_spool(
    engine: AsyncEngine, tmp_path: Path, make: Make
) -> None:
    journal = make()
    await rename(engine, "call", "away")
    journal.keep("call", CALL)
    journal.keep("call", {**CALL, "outcome": "served", "facts": {"customer": "李晓梅"}})
    await journal.flush()

    await rename(engine, "away", "call")
    await until(lambda: not (tmp_path / "journal.spool").exists())

    async with engine.connect() as connection:
        row = (await connection.execute(text("SELECT outcome, facts FROM call"))).one()
    assert row[0] == "served"
    assert "李晓梅" in str(row[1]) or "\\u674e" in str(row[1])


async def test_a_crash_between_storing_and_forgetting_stores_nothing_twice(
    engine: AsyncEngine, tmp_path: Path, make: Make
) -> None:
    spool = tmp_path / "journal.spool"
    journal = make()
    await rename(engine, "journal", "away")
    take(journal, range(700))
    await journal.flush()
    left_by_the_crash = spool.read_bytes()
    await rename(engine, "away", "journal")
    await until(lambda: not spool.exists())
    await journal.stop()

    spool.write_bytes(left_by_the_crash)
    second = make()
    take(second, range(700, 710))
    await until(lambda: not spool.exists())
    await second.flush()

    assert sorted(await stored(engine)) == list(range(710))


async def test_a_line_torn_by_a_crash_costs_neither_its_neighbour_nor_the_spool(
    engine: AsyncEngine, tmp_path: Path, make: Make
) -> None:
    spool = tmp_path / "journal.spool"
    await rename(engine, "journal", "away")
    first = make()
    take(first, range(3))
    await first.flush()
    await first.stop()
    with spool.open("ab") as out:
        out.write(b'{"table": "journal", "id": "to')

    second = make()
    take(second, range(3, 6))
    await second.flush()
    await rename(engine, "away", "journal")
    await until(lambda: not spool.exists())

    assert sorted(await stored(engine)) == list(range(6))


async def test_an_unwritable_spool_keeps_entries_in_memory_until_there_is_room(
    engine: AsyncEngine, tmp_path: Path, make: Make
) -> None:
    spool = tmp_path / "journal.spool"
    journal = make()
    await rename(engine, "journal", "away")
    spool.symlink_to("/dev/full")
    take(journal, range(20))
    await until(lambda: journal.stuck)
    assert journal.waiting == 20
    assert "No space left on device" in journal.stuck

    spool.unlink()
    await until(lambda: journal.waiting == 0)
    await rename(engine, "away", "journal")
    await until(lambda: not spool.exists())

    assert await stored(engine) == list(range(20))
    assert (journal.lost, journal.stuck) == (0, "")


async def test_beyond_the_bound_the_oldest_are_lost_and_counted(
    engine: AsyncEngine, tmp_path: Path, make: Make
) -> None:
    journal = make(bound=100)
    await rename(engine, "journal", "away")
    (tmp_path / "journal.spool").symlink_to("/dev/full")
    take(journal, range(250))
    await until(lambda: journal.stuck)
    assert (journal.waiting, journal.lost) == (100, 150)

    await rename(engine, "away", "journal")
    (tmp_path / "journal.spool").unlink()
    await until(lambda: journal.waiting == 0 and not (tmp_path / "journal.spool").exists())

    assert await stored(engine) == list(range(150, 250))


@pytest.mark.parametrize(
    "bad",
    [
        {"kind": "x", "data": {"name": "张三丰", "n": object()}},
        {"kind": None, "data": {"name": "张三丰", "n": 1}},
    ],
    ids=["no JSON", "no kind"],
)
async def test_an_entry_that_can_never_be_stored_is_kept_aside_and_harms_no_other(
    engine: AsyncEngine, tmp_path: Path, make: Make, bad: dict[str, Any]
) -> None:
    journal = make()
    take(journal, range(300))
    journal.write(bad["kind"], NOW, bad["data"], "c-bad", None)
    take(journal, range(300, 600))
    await journal.flush()

    assert await stored(engine) == list(range(600))
    assert (journal.refused, journal.away) == (1, False)
    aside = (tmp_path / "journal.spool.refused").read_text().splitlines()
    assert [json.loads(line)["call_id"] for line in aside] == ["c-bad"]
    assert not (tmp_path / "journal.spool").exists()


@pytest.mark.parametrize("spooled", [False, True])
@pytest.mark.parametrize("number", ["+86\x00138", "9" * 81, "lone \ud800 half"], ids=["NUL", "too long", "surrogate"])
async def test_what_postgresql_alone_refuses_is_kept_aside_too(
    postgres: Postgres, tmp_path: Path, number: str, spooled: bool
) -> None:
    async with database(await postgres.new_database()) as engine:
        journal = Journal(engine, tmp_path / "journal.spool", retry_s=0.05)
        journal.start()
        if spooled:
            await rename(engine, "call", "away")
        take(journal, range(10))
        journal.keep("call", {**CALL, "number": number})
        journal.keep("call", {**CALL, "id": "c2"})
        take(journal, range(10, 20))
        await journal.flush()
        if spooled:
            await rename(engine, "away", "call")
        await until(lambda: journal.refused == 1 and not (tmp_path / "journal.spool").exists())
        await journal.stop()

        assert await stored(engine) == list(range(20))
        async with engine.connect() as connection:
            assert list(await connection.scalars(text("SELECT id FROM call"))) == ["c2"]
    assert json.loads((tmp_path / "journal.spool.refused").read_text())["number"] == number


@asynccontextmanager
async def database(url: str) -> AsyncIterator[AsyncEngine]:
    engine = make_engine(url)
    await upgrade(engine)
    try:
        yield engine
    finally:
        await engine.dispose()


@pytest.mark.postgres
async def test_postgresql_killed_for_some_seconds_costs_nothing(postgres: Postgres, tmp_path: Path) -> None:
    async with database(await postgres.new_database()) as engine:
        journal = Journal(engine, tmp_path / "journal.spool", retry_s=0.1)
        journal.start()
        numbers = iter(range(10**6))
        taken = 0

        async def busy(until_s: float) -> None:
            """Events as they come, not in a heap: some lie in a batch that the kill interrupts."""
            nonlocal taken
            ends = time.monotonic() + until_s
            while time.monotonic() < ends:
                first = next(numbers)
                take(journal, range(first, first + 1))
                taken += 1
                await asyncio.sleep(0.001)

        await busy(0.5)
        await asyncio.to_thread(postgres.kill)
        await busy(1.0)
        await until(lambda: journal.away)
        await busy(1.0)
        restart = asyncio.create_task(asyncio.to_thread(postgres.start))
        await busy(1.0)
        await restart
        await until(lambda: not journal.away and not (tmp_path / "journal.spool").exists())
        await journal.stop()

        assert await stored(engine) == list(range(taken))
        assert (journal.lost, journal.refused) == (0, 0)


@pytest.mark.postgres
async def test_a_database_that_hangs_does_not_keep_the_journal_from_stopping(
    postgres: Postgres, tmp_path: Path
) -> None:
    async with database(await postgres.new_database()) as engine:
        journal = Journal(engine, tmp_path / "journal.spool")
        journal.start()
        take(journal, range(5))
        await journal.flush()
        postgres.freeze()
        take(journal, range(5, 10))
        started = time.monotonic()
        await journal.stop(deadline_s=1.0)
        took = time.monotonic() - started
        postgres.thaw()

        assert took < 4.0
        assert journal.lost == 0
        again = Journal(engine, tmp_path / "journal.spool")
        again.start()
        await until(lambda: not (tmp_path / "journal.spool").exists())
        await again.stop()
        assert sorted(await stored(engine)) == list(range(10))


async def test_a_big_spool_is_drained_without_holding_up_the_loop(
    engine: AsyncEngine, tmp_path: Path, make: Make
) -> None:
    spool = tmp_path / "journal.spool"
    entry = {"table": "journal", "at": NOW, "kind": "k", "call_id": None, "agent_id": None}
    append_lines(spool, ({**entry, "id": f"e{n}", "seq": n, "data": {"n": n, "name": "张三丰"}} for n in range(20_000)))
    gc.collect()  # of what earlier tests left: now, and not while it is measured
    begun = time.thread_time()
    longest = 0.0

    async def watch() -> None:
        """The loop's own work between two of its turns; the clock on the wall would measure the machine."""
        nonlocal longest
        before = begun
        while True:
            await asyncio.sleep(0.005)
            longest, before = max(longest, time.thread_time() - before), time.thread_time()

    watching = asyncio.create_task(watch())
    make()
    await until(lambda: not spool.exists(), 60)
    watching.cancel()

    assert await stored(engine) == list(range(20_000))
    assert longest < (time.thread_time() - begun) / 5


def test_the_spool_reads_on_where_it_stopped_and_forgets_when_all_is_read(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    spool.append({"table": "t", "id": n} for n in range(5))

    first = [entry["id"] for entry in spool.read(3)]
    again = [entry["id"] for entry in spool.read(3)]
    spool.advance()
    spool.append([{"table": "t", "id": 5}])
    second = [entry["id"] for entry in spool.read(9)]
    spool.advance()

    assert (first, again, second) == ([0, 1, 2], [0, 1, 2], [3, 4, 5])
    assert spool.empty
    assert not (tmp_path / "spool").exists()


def test_what_is_appended_while_a_file_read_through_is_taken_away_is_not_lost(tmp_path: Path) -> None:
    """As when a stop gives up the drain, whose thread goes on, and spools what is left."""
    path = tmp_path / "spool"
    asked, go_on = threading.Event(), threading.Event()

    class SlowToLook(type(path)):  # type: ignore[misc]
        def stat(self, **options: Any) -> os.stat_result:
            found: os.stat_result = super().stat(**options)
            asked.set()
            go_on.wait(10)
            return found

    spool = Spool(path)
    spool.append([{"table": "t", "id": "read"}])
    spool.read(9)
    spool.path = SlowToLook(path)
    with ThreadPoolExecutor(2) as threads:
        advanced = threads.submit(spool.advance)
        assert asked.wait(10)
        appended = threads.submit(spool.append, [{"table": "t", "id": "new"}])
        done, _ = wait([appended], 0.3)  # before the mend it got in between
        go_on.set()
        advanced.result(10)
        appended.result(10)

    assert not done
    assert [entry["id"] for entry in Spool(path).read(9)] == ["new"]


def test_a_failed_append_leaves_no_half_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool(tmp_path / "spool")
    spool.append([{"table": "t", "id": "whole"}])
    before = (tmp_path / "spool").read_bytes()

    def no_room(_file: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_room)
    with pytest.raises(OSError, match="No space"):
        spool.append([{"table": "t", "id": "half"}])

    assert (tmp_path / "spool").read_bytes() == before


async def test_data_that_cannot_be_written_down_ends_neither_spool_nor_journal(
    engine: AsyncEngine, tmp_path: Path, make: Make
) -> None:
    loop: dict[str, Any] = {}
    loop["again"] = loop
    journal = make()
    await rename(engine, "journal", "away")
    take(journal, range(3))
    journal.write("odd", NOW, loop, "c-odd", None)
    journal.write("odd", NOW, {"name": "张三丰", "n": 3, "key": {(1, 2): object()}}, "c1", None)
    await journal.flush()

    await rename(engine, "away", "journal")
    take(journal, range(4, 6))
    await journal.flush()  # stored, or behind what is in the spool
    await until(lambda: not (tmp_path / "journal.spool").exists())

    async with engine.connect() as connection:
        rows = await connection.execute(text("SELECT call_id FROM journal ORDER BY at, seq"))
        assert [row[0] for row in rows] == ["c1", "c1", "c1", "c-odd", "c1", "c1", "c1"]
