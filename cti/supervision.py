"""What supervisors do to agents and to those who wait, each of it an event. Implements `agents.ports.Supervision`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
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
from cti.bus import Bus
from cti.calls import Calls
from cti.floor import Floor, served
from cti.spying import Spying
from cti.today import Today

log = structlog.get_logger(__name__)


class Kept(Protocol):
    """Where it outlives a restart. Each may raise the database's own errors."""

    async def set_skills(self, agent_id: str, skills: Mapping[str, int], /) -> None: ...
    async def set_queues(self, agent_id: str, queues: Sequence[str], /) -> None: ...


class Supervision:
    """For one house. `skills` and `queues` are those that exist."""

    def __init__(  # noqa: PLR0913, PLR0917 - what it joins
        self, acd: Acd, bus: Bus, clock: Callable[[], float], roster: Roster, calls: Calls, floor: Floor,
        today: Today, kept: Kept, skills: Iterable[str], queues: Sequence[str],
    ) -> None:  # fmt: skip
        self._acd, self._bus, self._clock, self._roster = acd, bus, clock, roster
        self._calls, self._floor, self._today, self._kept = calls, floor, today, kept
        self._skills, self._queues = tuple(skills), tuple(queues)
        self.spying = Spying(bus, clock, roster, calls, floor)

    async def close(self) -> None:
        """Nobody listens any more."""
        await self.spying.close()

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
        if (call := self._calls.calls.get(call_id)) is not None:
            call.hasten(priority)
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
        sender = await self._name_of(who)
        for agent_id in reached:
            self._roster.send(agent_id, wire.Toast(code="message", text=text, sender=sender))
        self._bus.publish(events.MessageSent(at=self._clock(), by=who, to=reached, text=text))

    async def _name_of(self, who: str) -> str:
        try:
            return (await self._floor.meet(who)).name
        except Exception as error:  # a message is not lost for want of its sender's name
            log.warning("a name could not be read", who=who, reason=str(error))
            return who

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
