"""The floor: agents with their pages and phones, and what they may do. Implements the ports of `agents` and dispatcher.

An agent is reachable when a desk page is open, the phone is registered and the link is up. Only the reachable get
offers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

import structlog

from acd import events as on
from acd.agent_states import Activity, AgentState, Status
from acd.core import Acd
from acd.crew import Staffing
from acd.model import Agent
from agents import wire
from agents.ports import Refused
from agents.roster import Roster
from agents.views import AgentView, FloorView, QueueView
from cti import events
from cti.asterisk.channel import Leg
from cti.bus import Bus
from cti.call import Call
from cti.call_states import State
from cti.calls import Calls, Dialling
from cti.notes import PartyNote
from cti.standing import StandingLegs
from cti.talk import Party, call_of
from cti.today import COUNTED, Today
from db.store import AgentRecord

log = structlog.get_logger(__name__)
UNREGISTERED = {"UNAVAILABLE", "INVALID", "UNKNOWN", ""}
IN_A_CALL = {Activity.OFFERED, Activity.TALKING, Activity.HELD}
PAGE_GRACE_S = 15.0
STANDING_S = 10.0
COLLEAGUES = "_colleagues"  # the queue in which a colleague is asked: nobody else waits there
BROWSER = "web"  # so begins the name of a phone in a page
SHOWN = {
    State.OFFERED: "ringing", State.DIALLING: "dialling", State.TALKING: "talking", State.HELD: "held",
    State.CONSULTING: "consulting", State.CONFERENCE: "conference", State.RECALLING: "recalling",
}  # fmt: skip
AWAY_FROM = {State.HELD, State.CONSULTING, State.RECALLING}


def served(queues: Iterable[str]) -> frozenset[str]:
    """What an agent of these queues serves, as the router has it: none means all, and colleagues ask anybody."""
    given = frozenset(queues)
    return given | {COLLEAGUES} if given else given


class Floor:
    """Joins roster, router and calls for one house."""

    def __init__(  # noqa: PLR0913, PLR0917 - what it joins
        self, acd: Acd, bus: Bus, clock: Callable[[], float], roster: Roster, calls: Calls, today: Today
    ) -> None:
        self._acd, self._bus, self._clock, self._roster, self._calls = acd, bus, clock, roster, calls
        self._today = today
        self.tell_acd: Callable[[on.Event], None]
        self.queues: tuple[str, ...] = ()
        self._people: dict[str, AgentRecord] = {}
        self._others: dict[str, AgentRecord] = {}  # who work here and take no calls: supervisors
        self._registered: dict[str, bool] = {}
        self._at: dict[str, dict[str, None]] = {}  # by telephone: whose it is
        self._linked = False
        self._popped: dict[str, str] = {}
        self._moved = asyncio.Event()  # set and replaced whenever somebody can be reached, or no longer
        self._told: dict[str, dict[str, Any]] = {}  # what every page shows of a call
        self.answers: Mapping[str, str] = {}
        self.find_person: Callable[[str], Awaitable[AgentRecord | None]] = _nobody
        self.standing = StandingLegs(self._dial_standing, lambda one: self._state(one).activity is Activity.IDLE)
        roster.show(self.snapshot, self.view_of)
        roster.on_presence = self._presence
        roster.on_shown = self._shown
        bus.subscribe(events.LinkChanged, self._link_changed)
        bus.subscribe(events.AgentMoved, self._agent_moved)
        bus.subscribe(events.CallMoved, self._call_moved)
        bus.subscribe(events.CallRearranged, self._show)
        bus.subscribe(events.CallWrittenUp, self._written_up)
        bus.subscribe(events.CallTransferred, self._show)
        bus.subscribe(events.Event, self._any)

    def staff(self, people: list[AgentRecord]) -> None:
        """These work here; all start logged out."""
        for person in people:
            self.employ(person)

    async def meet(self, person_id: str) -> AgentRecord:
        """Anybody who works here, also since the server started; raises Refused for whoever does not."""
        known = self._people.get(person_id) or self._others.get(person_id)
        if known is None:
            known = await self.find_person(person_id)
            if known is None:
                raise Refused("unknown_agent", f"nobody here is {person_id}")
            self._others[person_id] = known
        return known

    def employ(self, person: AgentRecord) -> None:
        """Somebody works here from now on, or with this record."""
        before = self._people.get(person.id)
        if before is not None:
            self._at[before.phone].pop(person.id, None)
        self._people[person.id] = person
        for endpoint in (person.phone, f"{BROWSER}{person.id}"):
            self._at.setdefault(endpoint, {})[person.id] = None
        self.tell_acd(on.AgentChanged(person.id, Agent(person.id, person.name, person.skills, served(person.queues))))
        self._weigh(person.id)
        self._roster.floor_changed()

    # -- phones and pages (ports of the dispatcher) ------------------------------------------------------------------

    async def ring(self, agent_id: str, call: Call, timeout_s: float, contact_id: str, *, auto: bool = False) -> Party:
        """The agent's phone rings, or answers by itself when `auto` or the queue says so."""
        facts, endpoint = call.facts, self.phone_of(agent_id)
        name = facts.customer["name"] if facts.customer else facts.name
        recallable = endpoint.startswith(BROWSER)
        if (up := self.standing.of(agent_id)) is not None:
            return Party("agent", agent_id, up, contact_id, recallable=recallable, standing=True)
        auto = auto or self.answers.get(facts.queue or "", "ring") != "ring"
        tag = PartyNote("agent", agent_id, contact_id, recallable).tag()
        leg = await self._calls.dial(endpoint, Dialling(timeout_s, name, facts.number, auto, call_id=call.id, tag=tag))
        return Party("agent", agent_id, leg, contact_id, recallable=recallable)

    async def _dial_standing(self, agent_id: str) -> Leg:
        name = self._people[agent_id].name
        endpoint = self.phone_of(agent_id)
        tag = PartyNote("agent", agent_id, recallable=endpoint.startswith(BROWSER), standing=True).tag()
        return await self._calls.dial(endpoint, Dialling(STANDING_S, name, auto=True, tag=tag))

    def _keep_standing(self, agent_id: str, state: AgentState) -> None:
        """Where a queue wants it, the telephone of whoever can be reached stays up; who talks is left alone."""
        there = state.reachable and state.status is not Status.LOGGED_OUT
        if "standing" in self.answers.values() and (there or state.activity not in IN_A_CALL):
            self.standing.want(agent_id, there)

    async def close(self) -> None:
        await self.standing.close()

    async def until_reachable(self, agent_id: str) -> None:
        """The agent's page is open, the phone registered, and the link up."""
        while not self._can_be_rung(agent_id):
            await self._moved.wait()

    def _can_be_rung(self, person_id: str) -> bool:
        if person_id in self._people:
            return self._state(person_id).reachable
        return self._linked and self.has_phone(person_id) and self._roster.connected(person_id)

    def _stir(self) -> None:
        """Whoever waits for somebody to be reachable looks again."""
        self._moved.set()
        self._moved = asyncio.Event()

    async def until_known(self) -> None:
        await self._calls.until_known()

    async def pop(self, agent_id: str, call: Call) -> int:
        """Written to this many of the agent's pages."""
        facts = call.facts
        self._popped[agent_id] = call.id
        message = wire.Pop(
            call_id=call.id,
            contact_id=call.id,
            number=facts.number,
            queue=facts.queue or "",
            waited_s=self._clock() - (facts.queued_at or self._clock()),
            caller_name=facts.name,
            language=facts.language,
            customer=facts.customer,
            ivr_path=list(facts.path),
            data=dict(facts.data),
        )
        pages = await self._roster.deliver(agent_id, message)
        if self._popped.get(agent_id) == call.id:
            self._show_call(agent_id, call, self._clock())
        return pages

    def has_in_hand(self, agent_id: str, call_id: str) -> bool:
        """Whether the call's record is on this agent's page."""
        return self._popped.get(agent_id) == call_id

    def close_pop(self, agent_id: str, call: Call, reason: str) -> None:
        if self._popped.get(agent_id) == call.id:
            del self._popped[agent_id]
            self._roster.send(agent_id, wire.PopClosed(call_id=call.id, reason=reason))

    def device(self, device: str, state: str) -> None:
        """A phone came or went."""
        endpoint = device.removeprefix("PJSIP/")
        self._registered[endpoint] = state not in UNREGISTERED
        for agent_id in self._at.get(endpoint, ()):
            self._weigh(agent_id)
        self._stir()

    def is_registered(self, endpoint: str) -> bool:
        return self._registered.get(endpoint, False)

    def has_phone(self, agent_id: str) -> bool:
        """Whether this agent's phone is registered."""
        return self.is_registered(self.phone_of(agent_id))

    def _link_changed(self, event: events.LinkChanged) -> None:
        self._linked = event.up
        for agent_id in self._people:
            self._weigh(agent_id)
        self._stir()

    def _presence(self, agent_id: str, connected: bool) -> None:
        if agent_id not in self._people:  # a supervisor looks on
            self._stir()
            return
        self._weigh(agent_id)
        if not connected:
            self._expect_page(agent_id)
        self._roster.floor_changed()

    def expect_pages(self) -> None:
        """Whoever was ready when a server before was killed has a while to come back."""
        for agent_id in self._people:
            self._expect_page(agent_id)

    def _expect_page(self, agent_id: str) -> None:
        asyncio.get_running_loop().call_later(PAGE_GRACE_S, self._page_stays_away, agent_id)

    def _page_stays_away(self, agent_id: str) -> None:
        if not self._roster.connected(agent_id) and self._state(agent_id).status is Status.READY:
            self.tell_acd(on.AgentChanged(agent_id, status=Status.NOT_READY, reason="connection_lost"))

    def _weigh(self, agent_id: str) -> None:
        if agent_id not in self._people:
            return
        state = self._state(agent_id)
        if not self._linked and state.activity is Activity.OFFERED:
            return  # the offer stands: its phone may ring
        reachable = self._linked and self.has_phone(agent_id) and self._roster.connected(agent_id)
        if reachable != state.reachable:
            self.tell_acd(on.AgentChanged(agent_id, reachable=reachable))
            self._stir()

    def _shown(self, agent_id: str, call_id: str, at: float) -> None:
        call = self._calls.calls.get(call_id)
        queue = call.facts.queue if call else None
        self._bus.publish(events.PopShown(at=at, call_id=call_id, agent_id=agent_id, queue=queue))

    # -- what an agent may do (port of `agents`) ---------------------------------------------------------------------

    async def log_in(self, agent_id: str) -> None:
        if agent_id not in self._people or self._state(agent_id).status is Status.LOGGED_OUT:
            await self._read(agent_id)
        if self._state(agent_id).status is Status.LOGGED_OUT:
            self.tell_acd(on.AgentChanged(agent_id, status=Status.NOT_READY, reason="logged_in"))

    async def _read(self, agent_id: str) -> None:
        """As the record is today; while it cannot be read, as it was."""
        try:
            found = await self.find_person(agent_id)
        except Exception as error:
            if agent_id not in self._people:
                raise
            log.warning("an agent's record could not be read", agent=agent_id, reason=str(error))
            return
        if found is None or found.role != "agent":
            raise Refused("unknown_agent", f"{agent_id} takes no calls here")
        if self._people.get(agent_id) != found:
            self.employ(found)

    async def log_out(self, agent_id: str) -> None:
        state = self._state(agent_id)
        if state.activity in IN_A_CALL:
            raise Refused("in_a_call", "finish the call first")
        if state.owes:
            raise Refused("disposition_needed", "choose what became of the call first")
        self.tell_acd(on.AgentChanged(agent_id, status=Status.LOGGED_OUT))

    async def set_status(self, agent_id: str, status: str, reason: str | None) -> None:
        if self._state(agent_id).status is Status.LOGGED_OUT:
            raise Refused("logged_out", "log in first")
        if status == "ready" and not self.has_phone(agent_id):
            raise Refused("phone_away", "your phone is not registered")
        self.tell_acd(on.AgentChanged(agent_id, status=Status(status), reason=reason))

    def _written_up(self, event: events.CallWrittenUp) -> None:
        """Every page of the agent has it, and those that are opened later."""
        written = wire.WrittenUp(call_id=event.call_id or "", disposition=event.disposition, note=event.note)
        self._roster.send(event.agent_id or "", written)

    def name_of(self, agent_id: str) -> str:
        return self._people[agent_id].name

    def shows(self, agent_id: str, call: Call) -> None:
        """This call is on the agent's page from now on, without having been offered."""
        self._popped[agent_id] = call.id

    def phone_of(self, agent_id: str) -> str:
        """The telephone that rings for this agent: the page's, if it is there. Raises KeyError for nobody."""
        in_page = f"{BROWSER}{agent_id}"
        return in_page if self.is_registered(in_page) else (self._people.get(agent_id) or self._others[agent_id]).phone

    def _state(self, agent_id: str) -> AgentState:
        return self._acd.state_of(agent_id)

    # -- what everybody sees -----------------------------------------------------------------------------------------

    def snapshot(self) -> FloorView:
        now = self._clock()
        states = {agent_id: self._state(agent_id) for agent_id in self._people}
        staffing = self._acd.staffing()
        return FloorView(
            now,
            tuple(self._queue_view(name, staffing[name], now) for name in self.queues),
            tuple(self._agent_view(agent_id, state) for agent_id, state in states.items()),
        )

    def view_of(self, agent_id: str) -> AgentView | None:
        return self._agent_view(agent_id, self._state(agent_id)) if agent_id in self._people else None

    def day_begins(self) -> float:
        return self._today.begins_at(self._clock())

    def _queue_view(self, name: str, crew: Staffing, now: float) -> QueueView:
        waiting = self._acd.waiting(name, now)
        return QueueView(
            name,
            waiting=len(waiting),
            longest_since=min((contact.arrived_at for contact in waiting), default=None),
            **crew._asdict(),
            **self._today.of(name, now),
            target_s=self._today.targets[name],
        )

    def _agent_view(self, agent_id: str, state: AgentState) -> AgentView:
        person = self._people[agent_id]
        call = self._calls.calls.get(call_of(state.contact_id) or "")
        pending, pending_reason = state.pending or (None, None)
        return AgentView(
            agent_id,
            person.name,
            person.name_en,
            status=state.status.value,
            reason=state.reason,
            activity=state.activity.value,
            since=state.since,
            until=state.until,
            pending=pending.value if pending else None,
            pending_reason=pending_reason,
            queue=call.facts.queue if call else None,
            call_id=call_of(state.contact_id),
            connected=self._roster.connected(agent_id),
            reachable=state.reachable,
            owes=state.owes,
            extended=state.extended,
        )

    def _agent_moved(self, event: events.Event) -> None:
        agent_id = event.agent_id or ""
        state = self._state(agent_id)
        self._keep_standing(agent_id, state)
        self._roster.send(agent_id, wire.AgentState(agent=self._agent_view(agent_id, state)))
        call_id = self._popped.get(agent_id)
        if call_id is None:
            return
        if call_id in self._calls.calls:
            self._show_call(agent_id, self._calls.calls[call_id], event.at)
        if call_id not in map(call_of, state.contacts):
            del self._popped[agent_id]
            self._roster.send(agent_id, wire.PopClosed(call_id=call_id, reason="done"))

    def _call_moved(self, event: events.CallMoved) -> None:
        call = self._calls.calls.get(event.call_id or "")
        if call is not None and call.agent is not None and call.agent.contact_id:
            held = call.state in AWAY_FROM
            self.tell_acd(on.ContactHeld(call.agent.contact_id, call.agent.id, held=held))
        self._show(event)

    def _show(self, event: events.Event) -> None:
        """On the page of everybody who has a part in it."""
        call = self._calls.calls.get(event.call_id or "")
        if call is not None:
            for agent_id in [agent for agent, call_id in self._popped.items() if call_id == call.id]:
                self._show_call(agent_id, call, event.at)

    def _show_call(self, agent_id: str, call: Call, since: float) -> None:
        """Once, however many events say the same."""
        shown = self._shown_to(agent_id, call)
        if self._told.get(agent_id) != shown:
            self._told[agent_id] = shown
            self._roster.send(agent_id, wire.CallState.model_validate({**shown, "since": since}))

    def _shown_to(self, agent_id: str, call: Call) -> dict[str, Any]:
        facts, talk, state = call.facts, call.talk, self._state(agent_id)
        third = talk.third if talk else None
        owns = third is None or third.id != agent_id
        if call_of(state.contact_id) != call.id or state.activity is Activity.WRAP_UP:
            where = "ended"
        elif owns:
            where = SHOWN.get(call.state, "ended") if call.agent is None or call.agent.id == agent_id else "ringing"
        else:
            where = _asked_in(call)
        return {
            "call_id": call.id,
            "state": where,
            "number": facts.number,
            "queue": facts.queue or "",
            "direction": facts.direction,
            "role": "owner" if owns else "consulted",
            "muted": bool(talk and owns and talk.muted),
            "other": self._other(call) if owns and where != "ended" else None,
            "cause": facts.cause or (talk.cause if talk and owns else ""),
        }

    def _other(self, call: Call) -> wire.Other | None:
        third = call.talk.third if call.talk else None
        if third is None:
            return None
        with_agent = call.state in {State.CONSULTING, State.CONFERENCE}
        state = "ringing" if third.party is None else "talking" if with_agent else "held"
        return wire.Other.model_validate({"kind": third.kind, "id": third.id, "name": third.name, "state": state})

    def _any(self, event: events.Event) -> None:
        if event.kind in COUNTED:
            self._today.take(event.kind, event.at, event.as_dict(), self._clock())
        self._roster.floor_changed()


async def _nobody(_agent_id: str) -> None:
    return None


def _asked_in(call: Call) -> str:
    """Where the call stands for a colleague who was asked in."""
    third = call.talk.third if call.talk else None
    if third is None or third.party is None:
        return "ringing"
    return {State.CONSULTING: "talking", State.CONFERENCE: "conference"}.get(call.state, "held")
