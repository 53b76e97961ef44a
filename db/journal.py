"""The journal: every event, in order, once; never in the way of a call."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import uuid
from collections import deque
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker

from db.tables import CallRow, JournalRow

log = structlog.get_logger(__name__)
BATCH = 500
RETRY_S = 1.0


class Journal:
    """`write` and `call` return at once; a task stores what they took, in batches."""

    def __init__(self, engine: AsyncEngine, spool: Path) -> None:
        self._session = async_sessionmaker(engine)
        self._spool = spool
        self._seq = itertools.count(int.from_bytes(os.urandom(2), "big") << 32)
        self._queue: deque[dict[str, Any]] = deque()
        self._more = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._task: asyncio.Task[None] | None = None
        self.stored = 0
        self.away = False

    def write(self, kind: str, at: float, data: dict[str, Any], call_id: str | None, agent_id: str | None) -> None:
        """Take one entry; never blocks, never raises."""
        self._put(
            {
                "table": "journal",
                "id": uuid.uuid4().hex,
                "at": at,
                "seq": next(self._seq),
                "kind": kind,
                "call_id": call_id,
                "agent_id": agent_id,
                "data": data,
            }
        )

    def call(self, row: dict[str, Any]) -> None:
        """Take a call's record (the columns of CallRow); the newest of one id wins."""
        self._put({"table": "call", **row})

    def _put(self, entry: dict[str, Any]) -> None:
        self._queue.append(entry)
        self._idle.clear()
        self._more.set()

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="journal")

    async def flush(self) -> None:
        """All that was taken so far is stored or spooled."""
        await self._idle.wait()

    async def stop(self) -> None:
        await self.flush()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            if not self._queue:
                self._idle.set()
                # While entries wait in the spool the database is asked again now and then.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(RETRY_S if self._spool.exists() else None):
                        await self._more.wait()
            self._more.clear()
            batch = [self._queue.popleft() for _ in range(min(BATCH, len(self._queue)))]
            await self._keep(batch)

    async def _keep(self, batch: list[dict[str, Any]]) -> None:
        try:
            if self._spool.exists():
                await self._store(await asyncio.to_thread(self._spooled))
                await asyncio.to_thread(self._spool.unlink)
            await self._store(batch)
            self.away = False
        except Exception as error:  # whatever the database's fault is, no entry may be lost by it
            if not self.away:
                log.warning("database away: the journal goes to the spool", spool=str(self._spool), reason=str(error))
            self.away = True
            await asyncio.to_thread(self._append, batch)

    async def _store(self, batch: list[dict[str, Any]]) -> None:
        if not batch:
            return
        entries = {entry["id"]: entry for entry in batch if entry["table"] == "journal"}
        calls = {entry["id"]: entry for entry in batch if entry["table"] == "call"}
        async with asyncio.timeout(10), self._session.begin() as session:
            known = await session.scalars(select(JournalRow.id).where(JournalRow.id.in_(list(entries))))
            for entry_id in known:
                del entries[entry_id]
            if entries:
                await session.execute(insert(JournalRow), [_columns(entry) for entry in entries.values()])
            for row in calls.values():
                await session.merge(CallRow(**_columns(row)))
        self.stored += len(entries)

    def _append(self, batch: list[dict[str, Any]]) -> None:
        if not batch:
            return
        lines = "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in batch)
        with os.fdopen(os.open(self._spool, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as spool:
            spool.write(lines.encode())
            spool.flush()
            os.fsync(spool.fileno())

    def _spooled(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for line in self._spool.read_text("utf-8").splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:
                log.warning("a torn line in the spool was passed over", spool=str(self._spool))
        return found


def _columns(entry: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key != "table"}
