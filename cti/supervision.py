"""What supervisors do to agents, to those who wait, and to the calls of others. Implements `agents.ports.Supervision`.

Supervisors have no place in the router: their telephones are known here. Whatever they do to somebody is an event.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any, Protocol

import msgspec
import structlog

from acd import events as on
from acd.agent_states import Activity, AgentState, Status
from acd.core import Acd
from agents import wire
from agents.ports import Refused
from agents.roster import Roster
from agents.views import WaitingView, WhyLine
from cti import events
from cti.asterisk.channel import Leg
from cti.asterisk.link import ActionRefused, ActionTimeout, LinkDown
from cti.bus import Bus
from cti.call import Call
from cti.call_states import ImpossibleMove
from cti.calls import Calls, Dialling
from cti.floor import BROWSER, Floor, served
from cti.talk import Party
from cti.today import Today
from db.store import AgentRecord
from ivr.caller import HungUp

log = structlog.get_logger(__name__)
RING_S = 20.0
SUPERVISORS = {"supervisor", "administrator"}
LINE = (ActionRefused, ActionTimeout, LinkDown, HungUp, TimeoutError)


class Kept(Protocol):
    """Where it outlives a restart. Each may raise the database's own errors."""

    async def set_skills(self, agent_id: str, skills: Mapping[str, int], /) -> None: ...
    async def set_queues(self, agent_id: str, queues: Sequence[str], /) -> None: ...


@dataclass(eq=False, slots=True)
class _Spy:
    """A supervisor's part in an agent's call, from the ring of his own phone on."""

    agent_id: str
    call: Call
    party: Party
    leg: Leg | None = None
    mode: str = "listen"
    state: str = "ringing"
    task: asyncio.Task[None] | None = None

    @property
    def stands(self) -> bool:
        """The agent is in the call yet, on the same telephone."""
        return self.call.party_of(self.agent_id) is self.party and not self.party.leg.gone.done()


class Supervision:
    """For one house. `skills` and `queues` are those that exist."""

    def __init__(  # noqa: PLR0913, PLR0917 - what it joins
        self, acd: Acd, bus: Bus, clock: Callable[[], float], roster: Roster, calls: Calls, floor: Floor,
        today: Today, kept: Kept, skills: Iterable[str], queues: Sequence[str],
    ) -> None:  # fmt: skip
        self._acd, self._bus, self._clock, self._roster = acd, bus, clock, roster
        self._calls, self._floor, self._today, self._kept = calls, floor, today, kept
        self._skills, self._queues = tuple(skills), tuple(queues)
        self._people: dict[str, AgentRecord] = {}
        self._spies: dict[str, _Spy] = {}
        bus.subscribe(events.Event, self._call_moved)

    def staff_of(self, people: Iterable[AgentRecord]) -> None:
        """These supervise here."""
        self._people = {person.id: person for person in people if person.role in SUPERVISORS}

    async def close(self) -> None:
        """Nobody listens any more."""
        for who in list(self._spies):
            await self._end(who)

    # -- in the calls of others --------------------------------------------------------------------------------------

    async def listen(self, who: str, agent_id: str) -> None:
        """The supervisor's own phone rings and then hears the agent's call."""
        call, party = self._talk_of(agent_id)
        endpoint = self._phone_of(who)
        await self._end(who)
        spy = self._spies[who] = _Spy(agent_id, call, party)
        self._tell(who, spy)
        try:
            name = self._floor.name_of(agent_id)
            spy.leg = await self._calls.dial(endpoint, Dialling(RING_S, name, agent_id, auto=True, call_id=call.id))
        except LINE as error:
            self._forget(who, spy, "no_link")
            raise Refused("no_link", f"your phone could not be rung: {error}") from None
        if self._spies.get(who) is not spy:  # told to stop meanwhile
            await spy.leg.hang_up()
            return
        spy.task = asyncio.create_task(self._spy(who, spy, spy.leg), name=f"{who} in the call of {agent_id}")

    async def _spy(self, who: str, spy: _Spy, leg: Leg) -> None:
        """From the answer to the end of it, whoever ends it."""
        cause = "no_answer"
        try:
            await leg.parked()
            cause = ""
            while spy.stands and spy.state != "on":
                mode = spy.mode
                await leg.spy_on(spy.party.leg, mode)
                spy.state = "on" if spy.mode == mode else "ringing"
            if spy.state == "on":
                self._tell(who, spy)
                self._publish(events.SupervisorListened, spy, by=who, mode=spy.mode)
                await leg.parked()  # the agent's telephone is gone
        except LINE as error:
            log.info("a supervisor hears the call no longer", who=who, agent=spy.agent_id, reason=repr(error))
        except Exception:
            log.exception("a supervisor could not be brought into a call", who=who, agent=spy.agent_id)
        if self._spies.get(who) is spy:
            if spy.state == "on":
                self._publish(events.SupervisorLeft, spy, by=who)
            self._forget(who, spy, cause)
            await leg.hang_up()

    async def spy_mode(self, who: str, mode: str) -> None:
        spy = self._spy_of(who)
        spy.mode = mode
        if spy.state != "on" or spy.leg is None:
            self._tell(who, spy)
            return  # as soon as the phone is answered
        try:
            await spy.leg.spy_on(spy.party.leg, mode)
        except LINE as error:
            raise Refused("impossible_now", str(error)) from None
        self._tell(who, spy)
        self._publish(events.SupervisorListened, spy, by=who, mode=mode)

    async def stop_listening(self, who: str) -> None:
        if who not in self._spies:
            raise Refused("not_listening", "you are in nobody's call")
        await self._end(who)

    async def take_over(self, who: str) -> None:
        """The customer speaks with the supervisor; the agent's wrap-up begins."""
        spy = self._spy_of(who)
        if spy.state != "on" or spy.leg is None:
            raise Refused("not_listening", "you are in nobody's call yet")
        party = Party("agent", who, spy.leg)
        spy.state = "taken"  # from here on the agent may leave the call without ending this
        if spy.task is not None:
            spy.task.cancel()
        try:
            await spy.call.in_talk().taken_over(party)
        except (ImpossibleMove, *LINE) as error:
            spy.state = "on"
            await self._end(who)
            raise Refused("impossible_now", str(error)) from None
        self._bus.publish(
            events.CallTakenOver(
                at=self._clock(), call_id=spy.call.id, agent_id=spy.agent_id, queue=spy.call.facts.queue, by=who
            )
        )
        spy.party = party
        self._tell(who, spy)
        spy.leg.gone.add_done_callback(lambda _: self._forget(who, spy))

    def _talk_of(self, agent_id: str) -> tuple[Call, Party]:
        for call in self._calls.calls.values():
            party = call.party_of(agent_id)
            if party is not None and party.leg.answered and not party.leg.gone.done():
                return call, party
        raise Refused("not_talking", f"{agent_id} is in no call")

    def _phone_of(self, who: str) -> str:
        """The page's telephone if it is there, else the one on the desk."""
        person = self._people.get(who)
        for endpoint in (f"{BROWSER}{who}", person.phone if person else ""):
            if endpoint and self._floor.is_registered(endpoint):
                return endpoint
        raise Refused("no_phone", "your phone is not registered")

    def _spy_of(self, who: str) -> _Spy:
        spy = self._spies.get(who)
        if spy is None or spy.state == "taken":
            raise Refused("not_listening", "you are in nobody's call")
        return spy

    async def _end(self, who: str) -> None:
        spy = self._spies.get(who)
        if spy is None:
            return
        if spy.state == "on":
            self._publish(events.SupervisorLeft, spy, by=who)
        self._forget(who, spy)
        if spy.task is not None:
            spy.task.cancel()
        if spy.leg is not None:
            await spy.leg.hang_up()

    def _forget(self, who: str, spy: _Spy, cause: str = "") -> None:
        if self._spies.get(who) is spy:
            del self._spies[who]
            spy.state = "ended"
            self._tell(who, spy, cause)

    def _call_moved(self, event: events.Event) -> None:
        """Who hears an agent hears nobody else after it."""
        for spy in list(self._spies.values()):
            if event.call_id == spy.call.id and spy.state != "taken" and not spy.stands and spy.leg is not None:
                spy.leg.drop()

    def _tell(self, who: str, spy: _Spy, cause: str = "") -> None:
        values = {"agent_id": spy.agent_id, "mode": spy.mode, "state": spy.state, "cause": cause}
        self._roster.send(who, wire.Listening.model_validate(values))

    def _publish(self, kind: type[events.Event], spy: _Spy, **fields: Any) -> None:
        place = {"call_id": spy.call.id, "agent_id": spy.agent_id, "queue": spy.call.facts.queue}
        self._bus.publish(kind(at=self._clock(), **place, **fields))

    # -- agents ------------------------------------------------------------------------------------------------------

    async def force_status(self, who: str, agent_id: str, status: str, reason: str | None) -> None:
        """The agent's reason is then `forced`; `reason` is why, and is kept with the event."""
        if self._state_of(agent_id).status is Status.LOGGED_OUT:
            raise Refused("logged_out", f"{agent_id} is not logged in")
        if status == "ready" and not self._floor.has_phone(agent_id):
            raise Refused("phone_away", f"the phone of {agent_id} is not registered")
        forced = None if status == "ready" else "forced"
        self._floor.tell_acd(on.AgentChanged(agent_id, status=Status(status), reason=forced))
        self._happened(events.AgentForced, agent_id, by=who, status=status, reason=reason)
        self._roster.send(agent_id, wire.Toast(level="warning", code=f"forced_{status}"))

    async def force_log_out(self, who: str, agent_id: str) -> None:
        if self._state_of(agent_id).status is Status.LOGGED_OUT:
            raise Refused("logged_out", f"{agent_id} is not logged in")
        if self._state_of(agent_id).activity in {Activity.OFFERED, Activity.TALKING, Activity.HELD}:
            raise Refused("agent_in_a_call", f"{agent_id} is in a call")
        self._floor.tell_acd(on.WrapUpFinished(agent_id))  # also of a call that is to be written up yet
        await self._floor.log_out(agent_id)
        self._happened(events.AgentForced, agent_id, by=who, status="logged_out")

    async def set_skills(self, who: str, agent_id: str, skills: Mapping[str, int]) -> None:
        """From the next decision on; calls that are being offered stay."""
        self._state_of(agent_id)
        if strange := sorted(set(skills) - set(self._skills)):
            raise Refused("unknown_skill", f"there is no skill {', '.join(strange)}")
        await self._keep(self._kept.set_skills(agent_id, skills))
        agent = replace(self._acd.agents[agent_id], skills=dict(skills))
        self._floor.tell_acd(on.AgentChanged(agent_id, agent))
        self._happened(events.SkillsChanged, agent_id, by=who, skills=dict(skills))

    async def set_queues(self, who: str, agent_id: str, queues: Sequence[str]) -> None:
        self._state_of(agent_id)
        if strange := sorted(set(queues) - set(self._queues)):
            raise Refused("unknown_queue", f"there is no queue {', '.join(strange)}")
        await self._keep(self._kept.set_queues(agent_id, queues))
        agent = replace(self._acd.agents[agent_id], queues=served(queues))
        self._floor.tell_acd(on.AgentChanged(agent_id, agent))
        self._happened(events.QueuesChanged, agent_id, by=who, queues=list(queues))

    async def _keep(self, work: Any) -> None:
        try:
            await work
        except Exception as error:
            log.exception("an agent's record could not be kept")
            raise Refused("memory_away", "the server cannot reach its records; try again") from error

    async def raise_priority(self, who: str, call_id: str, by: float) -> None:
        contact = self._acd.contact(call_id)
        if contact is None:
            raise Refused("unknown_call", "this call does not wait any longer")
        priority = contact.priority + by
        self._floor.tell_acd(on.ContactChanged(msgspec.structs.replace(contact, priority=priority)))
        self._bus.publish(
            events.PriorityRaised(
                at=self._clock(), call_id=call_id, queue=contact.queue, by=who, points=by, priority=priority
            )
        )

    async def message(self, who: str, to: Sequence[str] | None, text: str) -> None:
        agents = self._acd.agents
        if to is not None and (strange := sorted(set(to) - set(agents))):
            raise Refused("unknown_agent", f"there is no agent {', '.join(strange)}")
        inside = [one for one in agents if self._acd.state_of(one).status is not Status.LOGGED_OUT]
        reached = [one for one in dict.fromkeys(to if to is not None else inside) if one in inside]
        if not reached:
            raise Refused("nobody_reached", "none of them is logged in")
        person = self._people.get(who)
        for agent_id in reached:
            self._roster.send(agent_id, wire.Toast(code="message", text=text, sender=person.name if person else who))
        self._bus.publish(events.MessageSent(at=self._clock(), by=who, to=reached, text=text))

    def _state_of(self, agent_id: str) -> AgentState:
        try:
            return self._acd.state_of(agent_id)
        except KeyError:
            raise Refused("unknown_agent", f"there is no agent {agent_id}") from None

    def _happened(self, kind: type[events.Event], agent_id: str, **fields: Any) -> None:
        self._bus.publish(kind(at=self._clock(), agent_id=agent_id, **fields))

    # -- what they see -----------------------------------------------------------------------------------------------

    def waiting(self) -> list[WaitingView]:
        now = self._clock()
        expected = self._acd.expectations(None, now)
        views = []
        for one in self._acd.standing(now):
            call = self._calls.calls.get(one.contact.id)
            if call is None:  # a colleague who is being asked is nobody's customer
                continue
            customer, facts, forecast = call.facts.customer or {}, call.facts, expected.get(one.contact.id)
            views.append(
                WaitingView(
                    call.id,
                    one.contact.queue,
                    number=facts.number,
                    name=customer.get("name") or facts.name,
                    name_en=customer.get("name_en") or facts.name,
                    tier=customer.get("tier") or "",
                    language=facts.language,
                    since=one.contact.arrived_at,
                    priority=one.contact.priority,
                    position=one.position,
                    offered_to=one.ringing,
                    p50_s=_finite(forecast.p50_s) if forecast else None,
                    p90_s=_finite(forecast.p90_s) if forecast else None,
                    why=tuple(WhyLine(code, values) for code, values in one.why.lines),  # type: ignore[arg-type]
                )
            )
        return views

    def staff(self) -> dict[str, Any]:
        agents = {
            agent_id: {
                "skills": dict(agent.skills),
                "queues": [one for one in agent.queues if one in self._queues],
                "serves": [one for one in self._acd.serves(agent_id) if one in self._queues],
            }
            for agent_id, agent in self._acd.agents.items()
        }
        return {"skills": list(self._skills), "queues": list(self._queues), "agents": agents}

    def day(self, queue: str | None) -> dict[str, Any]:
        return self._today.day(queue, self._clock())


def _finite(seconds: float) -> float | None:
    """None for never: nobody is there who could."""
    return round(seconds, 1) if isfinite(seconds) else None
