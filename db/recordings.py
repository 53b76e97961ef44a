"""The ledger of recordings: what happened to each, every entry covered by the hash of the next.

An entry says which files a recording consists of from now on: when it is kept, when it is converted, and none when it
is deleted. So a lawful deletion is a step like any other, and what lies in the folder can be held to the last entry.
Who takes entries from the end of the table leaves a chain that holds; `Head`, kept elsewhere, tells.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker

from db.tables import RecordingEntryRow

Kind = Literal["kept", "converted", "deleted"]
FIRST = "0" * 64


@dataclass(frozen=True, slots=True)
class KeptFile:
    """`name` is relative to the folder of recordings; `sha256` in hexadecimal."""

    name: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Entry:
    """`at` is UTC epoch seconds; `facts` is JSON."""

    kind: Kind
    recording_id: str
    at: float
    files: tuple[KeptFile, ...]
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Link:
    """An entry in its place: number from 1, the text that is hashed, its hash."""

    seq: int
    recording_id: str
    body: str
    hash: str


@dataclass(frozen=True, slots=True)
class Head:
    """The last link, as somebody outside the database remembers it."""

    seq: int
    hash: str


def linked(entry: Entry, before: Head) -> Link:
    """The entry behind this head."""
    body = json.dumps(
        {
            "seq": before.seq + 1, "previous": before.hash, "kind": entry.kind, "recording": entry.recording_id,
            "at": entry.at, "files": [[one.name, one.sha256, one.size] for one in entry.files], "facts": entry.facts,
        },
        ensure_ascii=False, sort_keys=True, separators=(",", ":"),
    )  # fmt: skip
    return Link(before.seq + 1, entry.recording_id, body, _hash(body))


def entry_of(link: Link) -> Entry:
    """Raises ValueError, KeyError or TypeError when the text is not one of ours."""
    told = json.loads(link.body)
    files = tuple(KeptFile(*one) for one in told["files"])
    return Entry(told["kind"], told["recording"], told["at"], files, told["facts"])


def faults_in(links: Iterable[Link], head: Head | None) -> Iterator[str]:
    """What is wrong with the chain, in words; nothing when it holds and reaches as far as `head`."""
    last, remembered = Head(0, FIRST), head is None or head.seq == 0
    for link in links:
        if link.seq != last.seq + 1:
            yield f"ledger: entries {last.seq + 1} to {link.seq - 1} are missing"
        elif not _follows(link, last):
            yield f"ledger: entry {link.seq} (recording {link.recording_id}) was changed"
        if head is not None and link.seq == head.seq:
            remembered = True
            if link.hash != head.hash:
                yield f"ledger: entry {link.seq} is not the one that was written"
        last = Head(link.seq, link.hash)
    if not remembered and head is not None and head.seq > last.seq:
        yield f"ledger: entries {last.seq + 1} to {head.seq} at its end are missing"


def _follows(link: Link, last: Head) -> bool:
    """Whoever changes a text may give it its right hash, and may write anything."""
    if _hash(link.body) != link.hash:
        return False
    try:
        told = json.loads(link.body)
        return (told["seq"], told["previous"], told["recording"]) == (link.seq, last.hash, link.recording_id)
    except (ValueError, KeyError, TypeError):
        return False


def _hash(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()


class RecordingLedger:
    """Every method raises SQLAlchemy's own errors while the database is away."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._session = async_sessionmaker(engine, expire_on_commit=False)
        self._one_at_a_time = asyncio.Lock()

    async def append(self, entry: Entry) -> Head:
        """Behind the last; the new head. Another server that appends at the same moment makes this fail whole."""
        async with self._one_at_a_time, self._session.begin() as session:
            row = await session.scalar(select(RecordingEntryRow).order_by(RecordingEntryRow.seq.desc()).limit(1))
            link = linked(entry, Head(row.seq, row.hash) if row is not None else Head(0, FIRST))
            session.add(RecordingEntryRow(seq=link.seq, recording_id=link.recording_id, body=link.body, hash=link.hash))
        return Head(link.seq, link.hash)

    async def links(self) -> list[Link]:
        """All, in order."""
        return await self._links(select(RecordingEntryRow))

    async def alone(self) -> list[Link]:
        """Of each recording that has this one entry, in order: what was kept, and nothing done with it since."""
        of = RecordingEntryRow.recording_id
        return await self._links(
            select(RecordingEntryRow).where(of.in_(select(of).group_by(of).having(func.count() == 1)))
        )

    async def history(self, recording_id: str) -> list[Link]:
        """Of one recording, in order; empty when it is unknown."""
        return await self._links(select(RecordingEntryRow).where(RecordingEntryRow.recording_id == recording_id))

    async def _links(self, query: Any) -> list[Link]:
        async with self._session() as session:
            rows = await session.scalars(query.order_by(RecordingEntryRow.seq))
            return [Link(row.seq, row.recording_id, row.body, row.hash) for row in rows]
