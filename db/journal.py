"""The journal: every event, in order, once; never in the way of a call.

What is taken waits in memory until it is stored. While the database is away it goes to the spool, a file that outlives
us, and from there to the database when it is back. As long as anything is in the spool everything new goes behind it,
so the order holds. When not even the spool can be written, entries wait in memory, and beyond `bound` the oldest are
lost and counted. An entry that the database refuses for itself goes to `<spool>.refused`, out of the way of the others.
Each entry has its own id, so storing it twice is harmless.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncEngine

from db.faults import is_entrys_fault
from db.spool import Entry, Spool, append_lines
from db.tables import Base, CallRow, JournalRow, WriteUpRow

log = structlog.get_logger(__name__)
BATCH = 500
RETRY_S = 1.0
STORE_S = 10.0
GATHER_S = 0.1
BOUND = 100_000
# Statements of the core, not records of the ORM: at five calls a second those were most of the server's work.
# Records, of which the newest of one key wins, and their keys.
RECORDS: dict[str, tuple[type[Base], tuple[str, ...]]] = {
    "call": (CallRow, ("id",)),
    "write_up": (WriteUpRow, ("call_id", "agent_id")),
}
INSERTS: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


class Journal:
    """`write` and `keep` return at once; two tasks store what they took: one takes, one drains the spool."""

    def __init__(
        self,
        engine: AsyncEngine,
        spool: Path,
        *,
        bound: int = BOUND,
        retry_s: float = RETRY_S,
        store_s: float = STORE_S,
    ) -> None:
        self._engine = engine
        self._insert = INSERTS[engine.dialect.name]
        self._once = self._insert(JournalRow).on_conflict_do_nothing()
        self._over: dict[tuple[str, tuple[str, ...]], Any] = {}
        self._spool = Spool(spool)
        self._refused_path = spool.with_name(f"{spool.name}.refused")
        self._bound, self._retry_s, self._store_s = bound, retry_s, store_s
        self._run, self._ids = os.urandom(8).hex(), itertools.count()
        self._seq = itertools.count(int.from_bytes(os.urandom(2), "big") << 32)
        self._queue: deque[Entry] = deque()
        self._taking: list[Entry] = []
        self._more = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._hurry = asyncio.Event()
        self._to_drain = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self.stored = self.lost = self.refused = 0
        self.away = False
        self.stuck = ""

    @property
    def waiting(self) -> int:
        """Entries in memory only."""
        return len(self._queue) + len(self._taking)

    @property
    def behind(self) -> bool:
        """Something that was taken is not in the database yet, perhaps by an earlier run."""
        return bool(self.waiting) or not self._spool.empty

    def write(self, kind: str, at: float, data: dict[str, Any], call_id: str | None, agent_id: str | None) -> None:
        """Take one entry; never blocks, never raises."""
        self._put(
            {
                "table": "journal",
                "id": f"{self._run}{next(self._ids):016x}",
                "at": at,
                "seq": next(self._seq),
                "kind": kind,
                "call_id": call_id,
                "agent_id": agent_id,
                "data": data,
            }
        )

    def keep(self, table: str, row: dict[str, Any]) -> None:
        """Take a record of one of `RECORDS`, by its columns; the newest of one key wins."""
        self._put({"table": table, **row})

    def _put(self, entry: Entry) -> None:
        self._queue.append(entry)
        self._bound_memory()
        self._idle.clear()
        self._more.set()

    def _bound_memory(self) -> None:
        while self.waiting > self._bound and self._queue:
            self._queue.popleft()
            if not self.lost:
                log.error("the journal loses its oldest entries: make room for the spool or mend the database")
            self.lost += 1

    # -- running -----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """What an earlier run left in the spool is stored first."""
        self._to_drain.set()
        self._tasks = [
            asyncio.create_task(self._take(), name="journal"),
            asyncio.create_task(self._drain(), name="journal drain"),
        ]

    async def flush(self) -> None:
        """All that was taken so far is stored or spooled."""
        self._hurry.set()
        try:
            await self._idle.wait()
        finally:
            self._hurry.clear()

    async def stop(self, deadline_s: float = 5.0) -> None:
        """What cannot be stored within the deadline is spooled, for the next start."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(deadline_s):
                await self.flush()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=deadline_s)
        rest, self._taking = [*self._taking, *self._queue], []
        self._queue.clear()
        if rest and not await self._spooled(rest):
            self.lost += len(rest)
            log.error("journal entries are lost: neither database nor spool takes them", entries=len(rest))

    async def _take(self) -> None:
        while True:
            if not self._queue:
                self._idle.set()
                await self._more.wait()
            self._more.clear()
            await self._gather()
            self._taking = [self._queue.popleft() for _ in range(min(BATCH, len(self._queue)))]
            if await self._kept(self._taking):
                self._taking = []
            else:
                self._queue.extendleft(reversed(self._taking))
                self._taking = []
                self._bound_memory()
                await asyncio.sleep(self._retry_s)

    async def _gather(self) -> None:
        """What comes in one breath is stored in one; a transaction for each event is what costs."""
        if len(self._queue) < BATCH:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(GATHER_S):
                    await self._hurry.wait()

    async def _kept(self, batch: list[Entry]) -> bool:
        """Stored, or in the spool; False when neither takes it."""
        if self._spool.empty:
            try:
                await self._store(batch)
            except Exception as error:  # whatever the database's fault is, no entry may be lost by it
                self._database_is(away=True, why=error)
            else:
                self._database_is(away=False)
                self._spool_is(stuck="")
                return True
        return await self._spooled(batch)

    async def _spooled(self, batch: list[Entry]) -> bool:
        try:
            await asyncio.to_thread(self._spool.append, batch)
        except OSError as error:
            self._spool_is(stuck=f"{self._spool.path}: {error.strerror}")
            return False
        self._spool_is(stuck="")
        self._to_drain.set()
        return True

    async def _drain(self) -> None:
        """From the spool to the database, a batch at a time; asks again each `retry_s` while it is away."""
        while True:
            await self._to_drain.wait()
            try:
                batch = await asyncio.to_thread(self._spool.read, BATCH)
                if batch:
                    await self._store(batch)
                await asyncio.to_thread(self._spool.advance)
            except Exception as error:  # as above; an unreadable spool is tried again too
                self._database_is(away=True, why=error)
                await asyncio.sleep(self._retry_s)
            else:
                self._database_is(away=False)
                if self._spool.empty:
                    self._to_drain.clear()

    def _database_is(self, *, away: bool, why: Exception | None = None) -> None:
        if away and not self.away:
            log.warning("database away: the journal goes to the spool", spool=str(self._spool.path), reason=_line(why))
        elif self.away and not away:
            log.info("database back: the spool is stored", spool=str(self._spool.path))
        self.away = away

    def _spool_is(self, *, stuck: str) -> None:
        if stuck and not self.stuck:
            log.error("the journal's spool cannot be written: entries wait in memory", reason=stuck)
        self.stuck = stuck

    # -- storing -----------------------------------------------------------------------------------------------------

    async def _store(self, batch: list[Entry]) -> None:
        """All of it is in the database, or in the file of refused entries. Raises when the database is away."""
        try:
            await self._store_together(batch)
        except Exception as error:
            if not is_entrys_fault(error):
                raise
            if len(batch) == 1:
                await self._refuse(batch[0], error)
                return
            half = len(batch) // 2
            await self._store(batch[:half])
            await self._store(batch[half:])

    async def _store_together(self, batch: list[Entry]) -> None:
        entries = [_columns(entry) for entry in batch if entry["table"] == "journal"]
        async with asyncio.timeout(self._store_s), self._engine.begin() as connection:
            if entries:
                await connection.execute(self._once, entries)
            for table, (_, key) in RECORDS.items():
                newest = {tuple(one[name] for name in key): _columns(one) for one in batch if one["table"] == table}
                for columns, rows in _alike(newest.values()):
                    await connection.execute(self._newest(table, columns), rows)
        self.stored += len(entries)

    def _newest(self, table: str, columns: tuple[str, ...]) -> Any:
        """A record with these columns, also over the one that is there."""
        made = self._over.get((table, columns))
        if made is None:
            kind, key = RECORDS[table]
            row = self._insert(kind)
            over = {name: row.excluded[name] for name in columns}
            made = self._over[table, columns] = row.on_conflict_do_update(index_elements=key, set_=over)
        return made

    async def _refuse(self, entry: Entry, error: Exception) -> None:
        self.refused += 1
        log.error(
            "the database refuses an entry: it is kept aside",
            file=str(self._refused_path), entry=entry.get("id"), table=entry["table"], reason=_line(error),
        )  # fmt: skip
        try:
            await asyncio.to_thread(append_lines, self._refused_path, [entry])
        except OSError as cause:
            self.lost += 1
            log.error(  # noqa: TRY400 - one line is enough
                "a refused entry is lost", file=str(self._refused_path), reason=cause.strerror
            )


def _line(error: Exception | None) -> str:
    """Without the statement's parameters, which hold what customers said."""
    return next(iter(str(error).splitlines()), "") or type(error).__name__


def _columns(entry: Entry) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key != "table"}


def _alike(rows: Iterable[dict[str, Any]]) -> Iterable[tuple[tuple[str, ...], list[dict[str, Any]]]]:
    """By their columns: an older version's spool may lack some."""
    found: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(tuple(sorted(row)), []).append(row)
    return found.items()
