"""Supervisors in the calls of others: they listen, whisper, barge in and take over. Implements `agents.ports.Spying`.

What is done to one spy is done in order: another manner waits until the one before is in force.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import structlog

from agents import wire
from agents.ports import Refused
from agents.roster import Roster
from cti import events
from cti.asterisk.channel import Leg
from cti.asterisk.link import ActionRefused, ActionTimeout, LinkDown
from cti.bus import Bus
from cti.call import Call
from cti.call_states import ImpossibleMove, State
from cti.calls import Calls, Dialling
from cti.floor import AWAY_FROM, BROWSER, Floor
from cti.talk import Party
from ivr.caller import HungUp

log = structlog.get_logger(__name__)
RING_S = 20.0
LEFT = {State.QUEUED, State.OFFERED, State.FORWARDING, State.ENDING, State.ENDED}  # whoever had the call has no more
LINE = (ActionRefused, ActionTimeout, LinkDown, HungUp, TimeoutError)


@dataclass(eq=False, slots=True)
class _Spy:
    """A supervisor's part in an agent's call, from the ring of his own phone on; `mode` is what is in force."""

    agent_id: str
    call: Call
    party: Party
    leg: Leg | None = None
    recallable: bool = False
    mode: str = "listen"
    state: str = "ringing"
    held: bool = False
    task: asyncio.Task[None] | None = None
    moving: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def stands(self) -> bool:
        """The agent is in the call yet, on the same telephone."""
        return self.call.party_of(self.agent_id) is self.party and not self.party.leg.gone.done()


class Spying:
    """For one house. A supervisor is in one call at a time."""

    def __init__(self, bus: Bus, clock: Callable[[], float], roster: Roster, calls: Calls, floor: Floor) -> None:
        self._bus, self._clock, self._roster, self._calls, self._floor = bus, clock, roster, calls, floor
        self._spies: dict[str, _Spy] = {}
        bus.subscribe(events.Event, self._call_moved)

    async def close(self) -> None:
        for who in list(self._spies):
            await self._end(who)

    # -- what supervisors ask ----------------------------------------------------------------------------------------

    async def listen(self, who: str, agent_id: str) -> None:
        """The supervisor's own phone rings and then hears the agent's call."""
        call, party = self._talk_of(agent_id)
        await self._floor.meet(who)
        endpoint = self._floor.phone_of(who)
        if not self._floor.is_registered(endpoint):
            raise Refused("no_phone", "your phone is not registered")
        await self._end(who)
        spy = self._spies[who] = _Spy(agent_id, call, party, recallable=endpoint.startswith(BROWSER))
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

    async def spy_mode(self, who: str, mode: str) -> None:
        """Told to the page once it is in force; before the phone is answered, how it will begin."""
        spy = self._spy_of(who)
        async with spy.moving:
            if self._spy_of(who) is not spy:
                raise Refused("not_listening", "you are in another call now")
            if spy.state == "on" and spy.leg is not None:
                try:
                    await spy.leg.spy_on(spy.party.leg, mode)
                except LINE as error:
                    raise Refused("impossible_now", str(error)) from None
                self._publish(events.SupervisorListened, spy, by=who, mode=mode)
            spy.mode = mode
            self._tell(who, spy)

    async def stop_listening(self, who: str) -> None:
        if who not in self._spies:
            raise Refused("not_listening", "you are in nobody's call")
        await self._end(who)

    async def take_over(self, who: str) -> None:
        """The customer speaks with the supervisor; the agent's wrap-up begins. Refused, he hears on."""
        spy = self._spy_of(who)
        async with spy.moving:
            if self._spies.get(who) is not spy or spy.state != "on" or spy.leg is None:
                raise Refused("not_listening", "you are in nobody's call yet")
            party = Party("agent", who, spy.leg, recallable=spy.recallable)
            spy.state = "taken"  # from here on the agent may leave the call without ending this
            try:
                await spy.call.in_talk().taken_over(party)
            except (ImpossibleMove, *LINE) as error:
                spy.state = "on"
                self._drop_if_alone(spy)
                raise Refused("impossible_now", str(error)) from None
        self._bus.publish(
            events.CallTakenOver(
                at=self._clock(), call_id=spy.call.id, agent_id=spy.agent_id, queue=spy.call.facts.queue, by=who
            )
        )
        self._tell(who, spy)

    # -- what happens ------------------------------------------------------------------------------------------------

    async def _spy(self, who: str, spy: _Spy, leg: Leg) -> None:
        """From the answer to the end of it, whoever ends it; a call that was taken over is the talk's own affair."""
        cause = "no_answer"
        try:
            await leg.parked()
            cause = ""
            async with spy.moving:
                if spy.stands:
                    await leg.spy_on(spy.party.leg, spy.mode)
                    spy.state = "on"
                    self._tell(who, spy)
                    self._publish(events.SupervisorListened, spy, by=who, mode=spy.mode)
            if spy.state == "on":
                await leg.parked()  # the agent's telephone is gone, or this leg stands in a talk of its own
        except LINE as error:
            log.info("a supervisor hears the call no longer", who=who, agent=spy.agent_id, reason=repr(error))
        except Exception:
            log.exception("a supervisor could not be brought into a call", who=who, agent=spy.agent_id)
        async with spy.moving:
            if spy.state == "taken" or self._spies.get(who) is not spy:
                return
            if spy.state == "on":
                self._publish(events.SupervisorLeft, spy, by=who)
            self._forget(who, spy, cause)
        await leg.hang_up()

    def _call_moved(self, event: events.Event) -> None:
        """Who hears an agent hears nobody else after it; who has taken a call over sees where it stands."""
        for who, spy in list(self._spies.items()):
            if event.call_id != spy.call.id:
                continue
            if spy.state != "taken":
                self._drop_if_alone(spy)
            elif spy.call.state in LEFT or (event.kind == "call_transferred" and spy.call.facts.agent_id != who):
                self._forget(who, spy)
            elif spy.held != (spy.call.state in AWAY_FROM):
                spy.held = not spy.held
                self._tell(who, spy)

    def _drop_if_alone(self, spy: _Spy) -> None:
        if not spy.stands and spy.leg is not None:
            spy.leg.drop()

    def _talk_of(self, agent_id: str) -> tuple[Call, Party]:
        for call in self._calls.calls.values():
            party = call.party_of(agent_id)
            if party is not None and party.leg.answered and not party.leg.gone.done():
                return call, party
        raise Refused("not_talking", f"{agent_id} is in no call")

    def _spy_of(self, who: str) -> _Spy:
        spy = self._spies.get(who)
        if spy is None or spy.state == "taken":
            raise Refused("not_listening", "you are in nobody's call")
        return spy

    async def _end(self, who: str) -> None:
        spy = self._spies.get(who)
        if spy is None:
            return
        if spy.state == "taken":
            await self._leave_talk(who, spy)
            return
        if spy.state == "on":
            self._publish(events.SupervisorLeft, spy, by=who)
        self._forget(who, spy)
        if spy.task is not None:
            spy.task.cancel()
        if spy.leg is not None:
            await spy.leg.hang_up()

    async def _leave_talk(self, who: str, spy: _Spy) -> None:
        try:
            await spy.call.hang_up()
        except (ImpossibleMove, *LINE) as error:
            log.info("a supervisor's talk was over already", who=who, reason=str(error))
        self._forget(who, spy)

    def _forget(self, who: str, spy: _Spy, cause: str = "") -> None:
        if self._spies.get(who) is spy:
            del self._spies[who]
            spy.state = "ended"
            self._tell(who, spy, cause)

    def _tell(self, who: str, spy: _Spy, cause: str = "") -> None:
        facts = spy.call.facts
        values = {
            "agent_id": spy.agent_id, "mode": spy.mode, "state": spy.state, "cause": cause, "held": spy.held,
            "number": facts.number, "name": facts.customer["name"] if facts.customer else facts.name,
        }  # fmt: skip
        self._roster.send(who, wire.Listening.model_validate(values))

    def _publish(self, kind: type[events.Event], spy: _Spy, **fields: Any) -> None:
        place = {"call_id": spy.call.id, "agent_id": spy.agent_id, "queue": spy.call.facts.queue}
        self._bus.publish(kind(at=self._clock(), **place, **fields))
