"""A server that has just come goes on with what a killed one has left: calls, agents' states, recordings.

The channels say where calls stand (`cti.adoption`); what is told of them besides is in the journal, which may be away:
then a call goes on without its past.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from acd import events as on
from acd.agent_states import Activity, Status
from acd.model import Contact
from cti import events
from cti.adoption import Found, Plan
from cti.bus import Bus
from cti.call import OUTBOUND, Call, Facts, TakenUp, Wish
from cti.call_states import State
from cti.calls import Calls
from cti.dispatcher import Dispatcher
from cti.floor import COLLEAGUES, Floor
from cti.notes import Note, PartyNote
from cti.talk import Party, Third, call_of
from ivr.nodes import MenuSet

log = structlog.get_logger(__name__)
ASK_S = 1.5  # so long calls wait for their past
STAND_S = 3.0
AGAIN_S = 1.0
DAY_S = 86_400.0
COLUMNS = {"id", "arrived_at", "queue", "agent_id"}
AWAY_S = 15 * 60.0  # a server that was away for longer finds nobody at work
Steps = list[dict[str, Any]]
Told = tuple[float, on.Event]


@dataclass(frozen=True, slots=True)
class AgentWas:
    """An agent's last step in the journal."""

    id: str
    at: float
    status: str
    activity: str
    reason: str | None
    call_id: str | None
    queue: str | None


class Archive(Protocol):
    """What the journal knows; raises while it cannot be asked."""

    async def call_story(self, call_id: str, /) -> dict[str, Any] | None: ...
    async def open_calls(self, before: float, since: float, /) -> list[dict[str, Any]]:
        """Calls that came between these times and of which no end is known."""

    async def agents_were(self, since: float, before: float, /) -> tuple[float, list[dict[str, Any]]]:
        """When anything was last written, and each agent's last step between these times, as `AgentWas`."""


class Book(Protocol):
    """The journal; `behind`: something that happened is not in the archive yet."""

    @property
    def behind(self) -> bool: ...
    def keep(self, table: str, row: dict[str, Any], /) -> None: ...


class GoesOn(Protocol):
    """A recorder."""

    def go_on(self, call: Call, steps: Steps) -> None: ...


class Resuming:
    """Implements `cti.calls.Adopter`, once: what is found later are callers of whom nothing is known."""

    def __init__(  # noqa: PLR0913, PLR0917 - what it joins
        self,
        calls: Calls,
        dispatcher: Dispatcher,
        floor: Floor,
        archive: Archive,
        book: Book,
        bus: Bus,
        recorder: GoesOn | None,
        menu_as_begun: Callable[[str, str], Awaitable[MenuSet | None]],
        find_customer: Callable[[str, str], Coroutine[Any, Any, dict[str, Any] | None]],
        clock: Callable[[], float],
        language: str,
    ) -> None:
        self._calls, self._dispatcher, self._floor, self._archive = calls, dispatcher, floor, archive
        self._book, self._bus, self._came_at = book, bus, clock()
        self._recorder, self._menu_as_begun, self._find_customer = recorder, menu_as_begun, find_customer
        self._clock, self._language = clock, language
        self._agents_are_back = False

    async def adopt(self, found: Plan) -> None:
        try:
            await self._adopt(found)
        except Exception:
            log.exception("not all of an earlier run could be taken up")

    async def _adopt(self, found: Plan) -> None:
        pasts = await self._pasts(found)
        agents = await self._agents() if not self._agents_are_back else []
        pairs = [(one, call) for one in found.calls if (call := self._taken_up(one, found, pasts)) is not None]
        self._tell_router(agents, pairs)
        self._agents_are_back = True
        for channel in found.standing:
            if channel.tag is not None:
                self._floor.standing.take_up(channel.tag.id, self._calls.take_up(channel))
        for one, call in pairs:
            self._mend(call, pasts.get(call.id))
            call.publish(events.CallTakenUp, state=call.state.value)
            for party in filter(None, (one.owner, one.third)):
                if party.kind == "agent":
                    self._floor.shows(party.id, call)
            self._calls.begin(call)
        if pairs:
            await asyncio.wait([asyncio.ensure_future(call.goes_on.wait()) for _, call in pairs], timeout=STAND_S)
            log.info("calls of an earlier run go on", calls=len(pairs))

    def _taken_up(self, one: Found, found: Plan, pasts: Mapping[str, Mapping[str, Any]]) -> Call | None:
        """None for one that cannot be: its caller begins anew, and the others do not notice."""
        try:
            return self._call(one, found, pasts.get(one.note.call) or {})
        except Exception:
            log.exception("a call of an earlier run could not be taken up", call_id=one.note.call)
            self._calls.give_up(one.customer)
            return None

    async def account(self) -> None:
        """Whoever hung up while no server was there has ended: said as soon as all that was written is known."""
        while self._book.behind:  # noqa: ASYNC110 - a file and a queue
            await asyncio.sleep(AGAIN_S)
        try:
            rows = await self._archive.open_calls(self._came_at, self._came_at - DAY_S)
        except Exception as error:
            log.warning("calls that ended while no server was there are not known", reason=str(error))
            return
        for row in rows:
            if row["id"] not in self._calls.calls:
                self._ended_meanwhile(row)

    def _ended_meanwhile(self, row: dict[str, Any]) -> None:
        now, connected_at = self._clock(), row.get("connected_at")
        outcome = "served" if connected_at else "abandoned_in_queue" if row["queue"] else "abandoned_in_menu"
        if not connected_at and row.get("direction", "in") != "in":  # no customer was on the line
            outcome = "server_stopped"
        facts = {key: value for key, value in row.items() if key not in COLUMNS} | {"cause": "server_away"}
        self._book.keep(
            "call",
            {
                "id": row["id"], "arrived_at": row["arrived_at"], "ended_at": now, "number": row["number"],
                "queue": row["queue"], "agent_id": row["agent_id"], "customer_id": (row["customer"] or {}).get("id"),
                "outcome": outcome, "facts": {**facts, "ended_at": now, "outcome": outcome},
            },
        )  # fmt: skip
        self._bus.publish(
            events.CallEnded(
                at=now, call_id=row["id"], queue=row["queue"], agent_id=row["agent_id"], outcome=outcome,
                hung_up_by="caller", duration_s=now - row["arrived_at"],
                talk_s=now - connected_at if connected_at else 0.0,
            )
        )  # fmt: skip

    def _mend(self, call: Call, past: Mapping[str, Any] | None) -> None:
        """What the server before had no time to write: its last tenth of a second."""
        if past is None or self._book.behind or call.facts.direction != "in":
            return
        said, facts = {step["kind"] for step in past.get("steps", ())}, call.facts
        if "call_arrived" not in said:
            call.publish(
                events.CallArrived, at=facts.arrived_at, queue=None, uniqueid=call.leg.uniqueid, number=facts.number,
                name=facts.name, dialled=facts.dialled,
            )  # fmt: skip
        if facts.waiting_since and "call_queued" not in said:
            call.publish(events.CallQueued, at=facts.waiting_since, requires="", priority=0, channel=None)
        if facts.connected_at and "agent_connected" not in said:
            waited = facts.connected_at - (facts.waiting_since or facts.connected_at)
            call.publish(
                events.AgentConnected, at=facts.connected_at, agent_id=facts.agent_id, waited_s=waited, channel=None
            )  # fmt: skip

    # -- what is known -----------------------------------------------------------------------------------------------

    async def _pasts(self, found: Plan) -> dict[str, dict[str, Any]]:
        """The journal's stories, with the customer (`found`) and the `menu`; of whom there is time for."""
        asked = {asyncio.create_task(self._past(one.note)): one.note.call for one in found.calls}
        if not asked:
            return {}
        done, late = await asyncio.wait(asked, timeout=ASK_S)
        for task in late:
            task.cancel()
        if late:
            log.warning("calls go on without their past: the database does not answer", calls=len(late))
        return {asked[task]: task.result() for task in done if task.exception() is None}

    async def _past(self, note: Note) -> dict[str, Any]:
        story = await self._archive.call_story(note.call) or {}
        account = next((s["value"] for s in story.get("steps", ()) if s.get("key") == "account"), None)
        customer = await (
            self._find_customer("account", account) if account else self._find_customer("number", note.number)
        )  # fmt: skip
        menu = await self._menu_as_begun(note.menu, note.version) if note.menu else None
        return {**story, "found": customer, "menu": menu}

    async def _agents(self) -> list[AgentWas]:
        now = self._clock()
        try:
            async with asyncio.timeout(ASK_S):
                last, agents = await self._archive.agents_were(self._came_at - DAY_S, self._came_at)
        except Exception as error:
            log.warning("agents' states are not known: the database does not answer", reason=str(error))
            return []
        return [AgentWas(**one) for one in agents] if now - last < AWAY_S else []

    # -- what becomes of it ------------------------------------------------------------------------------------------

    def _call(self, found: Found, plan: Plan, past: Mapping[str, Any]) -> Call:
        note, steps = found.note, past.get("steps", [])
        leg = self._calls.take_up(found.customer)
        leg.recorded, leg.customer = note.recorded, True
        if found.customer.context == "fallback" and not found.elsewhere:
            self._calls.back_to_loop(found.customer)
        facts = Facts(
            note.number, _name(steps), note.dialled, note.arrived_at, note.language or self._language,
            direction=note.direction, customer=past.get("found"), queue=note.queue or None,
            agent_id=note.agent_id or None, queued_at=note.queued_at, waiting_since=note.waiting_since,
            connected_at=note.connected_at, carries=note.carries,
            path=[step["node"] for step in steps if step["kind"] == "menu_stepped"],
            data={step["key"]: step["value"] for step in steps if step["kind"] == "data_collected"},
        )  # fmt: skip
        waits = found.state not in {State.NEW, State.MENU} and note.queue
        menu = past.get("menu")
        third = self._party(found.third, plan) if found.third else None
        before = TakenUp(
            found,
            Wish(note.queue, note.requires, note.priority) if waits else None,
            self._party(found.owner, plan) if found.owner else None,
            Third(third.kind, third.id, found.third.name, third) if third and found.third else None,
            menu,
            note.node if menu is not None and note.node in menu.nodes and not note.known else "",
        )
        call = self._calls.resume(note.call, leg, facts, before)
        if self._recorder is not None and note.recorded:
            self._recorder.go_on(call, steps)
        return call

    def _party(self, note: PartyNote, plan: Plan) -> Party:
        channel = plan.channels.get(note.leg)
        leg = self._calls.take_up(channel) if channel is not None else self._calls.gone_leg(note.leg)
        return Party(note.kind, note.id, leg, note.contact_id, note.recallable, note.standing)

    def _tell_router(self, agents: list[AgentWas], calls: list[tuple[Found, Call]]) -> None:
        """What agents chose, and what they have at hand, each at its time."""
        told: list[Told] = []
        known, at_work = self._dispatcher.acd.agents, {call.id for _, call in calls}
        since: dict[str, float] = {}
        for found, call in calls:
            for party in filter(None, (found.owner, found.third)):
                if party.contact_id and party.id in known:
                    since[party.id] = call.facts.connected_at or call.facts.arrived_at
                    told += _at_hand(party, found, call)
        were = {one.id: one for one in agents if one.status != Status.LOGGED_OUT and one.id in known}
        for one in were.values():
            began = since.get(one.id, one.at)
            told.insert(0, (min(one.at, began), on.AgentChanged(one.id, status=Status(one.status), reason=one.reason)))
            talked = one.activity in {Activity.WRAP_UP, Activity.TALKING, Activity.HELD}
            if talked and one.call_id and call_of(one.call_id) not in at_work and one.queue:
                told += _in_wrap_up(one, one.at if one.activity == Activity.WRAP_UP else self._clock())
        for agent_id in since.keys() - were.keys():  # at work, whatever the journal knows of it
            here = on.AgentChanged(agent_id, status=Status.NOT_READY, reason="connection_lost")
            told.insert(0, (since[agent_id], here))
        self._dispatcher.tell_again(told)


def _name(steps: Steps) -> str:
    return next((step["name"] for step in steps if step["kind"] == "call_arrived"), "")


def _in_wrap_up(one: AgentWas, done_at: float) -> list[Told]:
    """A call that is over: the agent writes it up yet."""
    contact = Contact(one.call_id or "", one.queue or "", one.at)
    return [
        (one.at, on.ContactTaken(contact, one.id)),
        (one.at, on.ContactMoved(contact.id, contact.queue)),
        (done_at, on.ContactDone(contact.id, one.id)),
    ]


def _at_hand(party: PartyNote, found: Found, call: Call) -> list[Told]:
    asked_in = party is found.third
    since = call.facts.connected_at or call.facts.arrived_at
    queue = COLLEAGUES if asked_in else call.facts.queue or OUTBOUND
    told: list[Told] = [
        (since, on.ContactTaken(Contact(party.contact_id, queue, call.facts.arrived_at), party.id)),
        (since, on.ContactMoved(party.contact_id, queue)),
    ]
    if found.state in {State.HELD, State.CONSULTING} and not asked_in:
        told.append((since, on.ContactHeld(party.contact_id, party.id, held=True)))
    return told
