"""Questions to the database, and records for it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import and_, bindparam, case, func, literal, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker

from db.tables import (
    AgentRow,
    Base,
    CallRow,
    CustomerRow,
    IdentityRow,
    JournalRow,
    PastContactRow,
    QueueRow,
    SkillRow,
    WriteUpRow,
)

T = TypeVar("T")
RECENT = 5
MOST_MISSED = 200
ANSWERED = JournalRow.data["reason"].as_string() == "answered"
# Asked by every call, so built once, and of columns instead of objects.
WHO = (
    select(
        CustomerRow.id, CustomerRow.name, CustomerRow.name_en, CustomerRow.language, CustomerRow.tier,
        CustomerRow.manager, CustomerRow.notes,
    )
    .join(IdentityRow, IdentityRow.customer_id == CustomerRow.id)
    .where(IdentityRow.kind == bindparam("of_kind"), IdentityRow.value == bindparam("of_value"))
)  # fmt: skip
KNOWN_BY = (
    select(IdentityRow.kind, IdentityRow.value)
    .where(IdentityRow.customer_id == bindparam("customer"))
    .order_by(IdentityRow.value)
)
PAST = (
    select(PastContactRow.at, PastContactRow.channel, PastContactRow.agent_id.label("agent"), PastContactRow.summary)
    .where(PastContactRow.customer_id == bindparam("customer"))
    .order_by(PastContactRow.at.desc())
    .limit(RECENT)
)
LAST = (
    select(CallRow.id, CallRow.arrived_at.label("at"), CallRow.agent_id.label("agent"), CallRow.queue)
    .where(CallRow.customer_id == bindparam("customer"), CallRow.outcome == "served")
    .order_by(CallRow.arrived_at.desc())
    .limit(RECENT)
    .subquery()
)
# A call of today or before, as contacts of its customer: what each agent wrote of it, or that it was.
SPOKEN = (
    select(
        LAST.c.at, literal("voice").label("channel"), func.coalesce(WriteUpRow.agent_id, LAST.c.agent).label("agent"),
        func.coalesce(WriteUpRow.note, "").label("summary"),
        func.coalesce(WriteUpRow.disposition, "").label("disposition"),
        func.coalesce(case((WriteUpRow.call_id.is_(None), LAST.c.queue), else_=WriteUpRow.queue), "").label("queue"),
    )
    .outerjoin(WriteUpRow, WriteUpRow.call_id == LAST.c.id)
    .order_by(LAST.c.at.desc(), WriteUpRow.at, WriteUpRow.agent_id)
)  # fmt: skip
SPOKE = ("agent_connected", "call_transferred", "call_written_up")


@dataclass(frozen=True, slots=True)
class AgentRecord:
    id: str
    name: str
    name_en: str
    role: str
    password_hash: str = field(repr=False)
    phone: str = ""
    skills: dict[str, int] = field(default_factory=dict)
    queues: tuple[str, ...] = ()


class Store:
    """Every method raises SQLAlchemy's own errors while the database is away."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self._session = async_sessionmaker(engine, expire_on_commit=False)
        self._asked: set[asyncio.Task[Any]] = set()

    async def ping(self) -> None:
        async with self.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def add(self, rows: Iterable[Base]) -> None:
        """Store all of the rows or none; a row with a known key replaces it."""
        async with self._session.begin() as session:
            for row in rows:
                await session.merge(row)

    async def sync_house(self, skills: Iterable[str], queues: Iterable[str]) -> None:
        """Skills and queues of the settings are known to reports, also after they are gone from the settings."""
        await self.add([*(SkillRow(name=name) for name in skills), *(QueueRow(name=name) for name in queues)])

    # -- people ------------------------------------------------------------------------------------------------------

    async def agents(self) -> list[AgentRecord]:
        async with self._session() as session:
            rows = await session.scalars(select(AgentRow).where(AgentRow.active).order_by(AgentRow.id))
            return [_agent(row) for row in rows]

    async def agent(self, agent_id: str) -> AgentRecord | None:
        async with self._session() as session:
            row = await session.get(AgentRow, agent_id)
            return _agent(row) if row is not None and row.active else None

    async def set_skills(self, agent_id: str, skills: Mapping[str, int]) -> None:
        """All of them from now on; without effect for nobody."""
        await self._change_agent(agent_id, skills=dict(skills))

    async def set_queues(self, agent_id: str, queues: Sequence[str]) -> None:
        """All of them from now on, none meaning every queue; without effect for nobody."""
        await self._change_agent(agent_id, queues=list(queues))

    async def _change_agent(self, agent_id: str, **values: Any) -> None:
        async with self._session.begin() as session:
            await session.execute(update(AgentRow).where(AgentRow.id == agent_id).values(**values))

    async def find_customer(self, kind: str, value: str) -> dict[str, Any] | None:
        """The record behind a `phone` (E.164) or an `account`, as desks show it; None when unknown."""
        return await self._to_its_end(self._customer(kind, value))

    async def _to_its_end(self, question: Coroutine[Any, Any, T]) -> T:
        """Who gives up waiting leaves the question to come to its end: a connection torn out of its work stays open."""
        task = asyncio.create_task(question, name="a question to the database")
        self._asked.add(task)
        task.add_done_callback(self._asked.discard)
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        return await asyncio.shield(task)

    async def close(self, deadline_s: float = 5.0) -> None:
        """No question is under way any more, or the database does not answer within the deadline."""
        if self._asked:
            await asyncio.wait(self._asked, timeout=deadline_s)

    async def _customer(self, kind: str, value: str) -> dict[str, Any] | None:
        async with self.engine.connect() as connection:
            row = (await connection.execute(WHO, {"of_kind": kind, "of_value": value})).mappings().one_or_none()
            if row is None:
                return None
            of = {"customer": row["id"]}
            known = (await connection.execute(KNOWN_BY, of)).all()
            past = (await connection.execute(PAST, of)).mappings().all()
            spoken = (await connection.execute(SPOKEN, of)).mappings().all()
        return {
            **row,
            "numbers": [value for kind, value in known if kind == "phone"],
            "accounts": [value for kind, value in known if kind == "account"],
            "recent": sorted(map(dict, (*past, *spoken)), key=lambda one: -one["at"])[:RECENT],
        }

    async def count_customers(self) -> int:
        async with self._session() as session:
            return await session.scalar(select(func.count()).select_from(CustomerRow)) or 0

    # -- calls -------------------------------------------------------------------------------------------------------

    async def call_story(self, call_id: str) -> dict[str, Any] | None:
        """The call's facts and every step of it in order; None when there is no such call."""
        return await self._to_its_end(self._call_story(call_id))

    async def _call_story(self, call_id: str) -> dict[str, Any] | None:
        """One question: of two, the second knows what was written after the first, and a story would lack a step."""
        query = (
            select(CallRow, JournalRow)
            .outerjoin(JournalRow, JournalRow.call_id == CallRow.id)
            .where(CallRow.id == call_id)
            .order_by(JournalRow.at, JournalRow.seq)
        )
        async with self._session() as session:
            found = (await session.execute(query)).all()
            if not found:
                return None
            row = found[0][0]
            steps = [{"at": s.at, "kind": s.kind, "agent_id": s.agent_id, **s.data} for _, s in found if s is not None]
            write_ups = select(WriteUpRow).where(WriteUpRow.call_id == call_id)
            written = await session.scalars(write_ups.order_by(WriteUpRow.at, WriteUpRow.agent_id))
            return {**_call(row), "steps": steps, "write_ups": [_write_up(one) for one in written]}

    async def recorded(self, call_id: str) -> list[str]:
        """The ids of what was recorded of a call, in order."""
        query = select(JournalRow.data).where(JournalRow.call_id == call_id, JournalRow.kind == "recording_kept")
        async with self.engine.connect() as connection:
            return [data["recording_id"] for (data,) in await connection.execute(query.order_by(JournalRow.at))]

    async def part_in_call(self, agent_id: str, call_id: str) -> tuple[float, str] | None:
        """When a call came in which this agent had a part, and its queue; None when there is none."""
        async with self._session() as session:
            row = await session.get(CallRow, call_id)
            if row is None:
                return None
            spoke = select(JournalRow.id).where(
                JournalRow.call_id == call_id,
                JournalRow.agent_id == agent_id,
                or_(JournalRow.kind.in_(SPOKE), and_(JournalRow.kind == "offer_ended", ANSWERED)),
            )
            had_part = row.agent_id == agent_id or (await session.scalar(spoke.limit(1))) is not None
            return (row.arrived_at, row.queue or "") if had_part else None

    async def journalled(self, since: float, kinds: Sequence[str]) -> list[tuple[float, str, dict[str, Any]]]:
        """Time, kind and data of every such entry since then, in order."""
        what = select(JournalRow.at, JournalRow.kind, JournalRow.data)
        query = what.where(JournalRow.at >= since, JournalRow.kind.in_(kinds)).order_by(JournalRow.at, JournalRow.seq)
        async with self.engine.connect() as connection:
            return [(at, kind, data) for at, kind, data in await connection.execute(query)]

    async def agents_were(self, since: float, before: float) -> tuple[float, list[dict[str, Any]]]:
        """When anything was last written (0 for never), and each agent's last step between these times."""
        return await self._to_its_end(self._agents_were(since, before))

    async def _agents_were(self, since: float, before: float) -> tuple[float, list[dict[str, Any]]]:
        moved = (JournalRow.kind == "agent_moved", JournalRow.at >= since, JournalRow.at < before)
        last = select(JournalRow.agent_id, func.max(JournalRow.at).label("at")).where(*moved).group_by(
            JournalRow.agent_id
        ).subquery()  # fmt: skip
        steps = (
            select(JournalRow, CallRow.queue)
            .join(last, and_(JournalRow.agent_id == last.c.agent_id, JournalRow.at == last.c.at))
            .join(CallRow, CallRow.id == JournalRow.call_id, isouter=True)
            .where(*moved)
            .order_by(JournalRow.at, JournalRow.seq)
        )
        async with self._session() as session:
            newest = await session.scalar(select(func.max(JournalRow.at)).where(JournalRow.at < before))
            found = {
                step.agent_id: {
                    "id": step.agent_id, "at": step.at, "status": step.data["status"], "queue": queue,
                    "activity": step.data["activity"], "reason": step.data.get("reason"), "call_id": step.call_id,
                }
                for step, queue in await session.execute(steps)
            }  # fmt: skip
        return newest or 0.0, list(found.values())

    async def open_calls(self, before: float, since: float) -> list[dict[str, Any]]:
        """Calls that have come between these times and of which no end is known."""
        return await self._to_its_end(self._open_calls(before, since))

    async def _open_calls(self, before: float, since: float) -> list[dict[str, Any]]:
        query = select(CallRow).where(
            CallRow.arrived_at >= since, CallRow.arrived_at < before, CallRow.ended_at.is_(None)
        )
        async with self._session() as session:
            return [
                {"id": row.id, "arrived_at": row.arrived_at, "queue": row.queue, "agent_id": row.agent_id, **row.facts}
                for row in await session.scalars(query)
            ]

    async def agent_steps(
        self, agent_id: str, since: float, kinds: Sequence[str]
    ) -> list[tuple[float, str, dict[str, Any]]]:
        """Time, kind and data of the agent's events since then, in order, and of the last `agent_moved` before."""
        what = select(JournalRow.at, JournalRow.kind, JournalRow.data).where(JournalRow.agent_id == agent_id)
        before = (
            what.where(JournalRow.at < since, JournalRow.kind == "agent_moved")
            .order_by(JournalRow.at.desc(), JournalRow.seq.desc())
            .limit(1)
        )
        after = what.where(JournalRow.at >= since, JournalRow.kind.in_(kinds)).order_by(JournalRow.at, JournalRow.seq)
        async with self.engine.connect() as connection:
            rows = [*(await connection.execute(before)), *(await connection.execute(after))]
            return [(at, kind, data) for at, kind, data in rows]

    async def deeds(self, kinds: Sequence[str], before: float, limit: int) -> list[dict[str, Any]]:
        """Entries of these kinds before then (UTC), newest first."""
        query = (
            select(JournalRow.at, JournalRow.kind, JournalRow.agent_id, JournalRow.call_id, JournalRow.data)
            .where(JournalRow.kind.in_(kinds), JournalRow.at < before)
            .order_by(JournalRow.at.desc(), JournalRow.seq.desc())
            .limit(limit)
        )
        async with self.engine.connect() as connection:
            return [dict(row) for row in (await connection.execute(query)).mappings()]

    async def missed(self, agent_id: str, since: float) -> list[dict[str, Any]]:
        """Offers that ended without the agent, newest first: `at`, `reason`, and of the call what its record has."""
        query = (
            select(JournalRow.at, JournalRow.call_id, JournalRow.data, CallRow.number, CallRow.queue, CallRow.facts)
            .join(CallRow, CallRow.id == JournalRow.call_id)
            .where(JournalRow.agent_id == agent_id, JournalRow.at >= since, JournalRow.kind == "offer_ended", ~ANSWERED)
            .order_by(JournalRow.at.desc())
            .limit(MOST_MISSED)
        )
        async with self.engine.connect() as connection:
            rows = await connection.execute(query)
            return [
                {
                    "at": at, "call_id": call_id, "reason": data["reason"], "number": number, "queue": queue or "",
                    "name": (facts.get("customer") or {}).get("name", ""),
                }
                for at, call_id, data, number, queue, facts in rows
            ]  # fmt: skip

    async def given_up(self, since: float, outcomes: Sequence[str]) -> list[dict[str, Any]]:
        """Calls that ended so in a queue since then (UTC), newest first; `back`: the caller was served since."""
        served = (
            select(CallRow.number, func.max(CallRow.arrived_at).label("last"))
            .where(CallRow.outcome == "served", CallRow.arrived_at >= since, CallRow.number != "")
            .group_by(CallRow.number)
            .subquery()
        )
        query = (
            select(
                CallRow.id,
                CallRow.ended_at,
                CallRow.number,
                CallRow.queue,
                CallRow.facts,
                served.c.last > CallRow.arrived_at,
            )
            .outerjoin(served, served.c.number == CallRow.number)
            .where(CallRow.outcome.in_(outcomes), CallRow.arrived_at >= since, CallRow.queue.is_not(None))
            .order_by(CallRow.arrived_at.desc())
            .limit(MOST_MISSED)
        )
        async with self.engine.connect() as connection:
            return [
                {
                    "call_id": call_id, "at": at, "number": number, "queue": queue, "back": bool(back),
                    "name": (facts.get("customer") or {}).get("name", ""),
                }
                for call_id, at, number, queue, facts, back in await connection.execute(query)
            ]  # fmt: skip

    async def recent_calls(self, limit: int, agent_id: str | None = None) -> list[dict[str, Any]]:
        """Newest first."""
        query = select(CallRow).order_by(CallRow.arrived_at.desc()).limit(limit)
        if agent_id is not None:
            query = query.where(CallRow.agent_id == agent_id)
        async with self._session() as session:
            return [_call(row) for row in await session.scalars(query)]


def _agent(row: AgentRow) -> AgentRecord:
    return AgentRecord(
        row.id, row.name, row.name_en, row.role, row.password_hash, row.phone, dict(row.skills), tuple(row.queues)
    )


def _write_up(row: WriteUpRow) -> dict[str, Any]:
    return {"at": row.at, "agent_id": row.agent_id, "disposition": row.disposition, "note": row.note}


def _call(row: CallRow) -> dict[str, Any]:
    return {**row.facts, "id": row.id, "agent_id": row.agent_id, "queue": row.queue, "outcome": row.outcome}
