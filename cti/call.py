"""The spine: one caller's whole visit, arrival to hang-up, told top to bottom."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import structlog

import ivr.run
from cti import call_states, events
from cti.asterisk.channel import Leg
from cti.asterisk.link import ActionRefused
from cti.bus import Bus
from cti.call_states import Happening, State
from cti.caller import MenuCaller
from ivr.caller import HungUp
from ivr.nodes import MenuSet
from ivr.run import ToQueue

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Served:
    """An agent whose phone is up and waits for the caller."""

    agent_id: str
    offer_id: int
    leg: Leg


class Overflowed(Exception):
    """The wait is over without an agent: to voicemail, a callback, a closed house."""

    def __init__(self, to: str, reason: str) -> None:
        super().__init__(f"{reason}: {to}")
        self.to, self.reason = to, reason


class Router(Protocol):
    """What a call asks of the dispatcher."""

    def enqueue(self, call: Call, wish: ToQueue) -> asyncio.Future[Served]: ...
    def leave(self, call: Call) -> None: ...
    def done(self, call: Call, agent_id: str) -> None: ...


@dataclass(frozen=True, slots=True)
class House:
    """What every call shares."""

    bus: Bus
    clock: Callable[[], float]
    router: Router
    prompt: Callable[[str, str], Path]
    menu_for: Callable[[str], MenuSet]
    find_customer: Callable[[str, str], Coroutine[Any, Any, dict[str, Any] | None]]
    language: str


@dataclass(slots=True)
class Facts:
    """What is known of the visit; read by desks, journal and reports."""

    number: str
    name: str
    dialled: str
    arrived_at: float
    language: str
    customer: dict[str, Any] | None = None
    queue: str | None = None
    agent_id: str | None = None
    queued_at: float | None = None
    connected_at: float | None = None
    ended_at: float | None = None
    outcome: str = "abandoned_in_menu"
    hung_up_by: str = "caller"
    path: list[str] = field(default_factory=list)
    data: dict[str, str] = field(default_factory=dict)


class Call:
    """A caller's visit. `run()` never raises; after it the channel is gone and CallEnded was published."""

    def __init__(self, call_id: str, leg: Leg, facts: Facts, house: House) -> None:
        self.id = call_id
        self.leg = leg
        self.facts = facts
        self.state = State.NEW
        self._house = house
        self._treatment: asyncio.Task[None] | None = None
        self._look_up: asyncio.Task[None] | None = None
        self._wait: asyncio.Future[Served] | None = None
        self._agent: Served | None = None
        self._moving = asyncio.Lock()

    # -- the story ---------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        try:
            self.look_up("number", self.facts.number)
            await self.leg.answer()
            self.move(Happening.ANSWERED)
            outcome = await ivr.run.run(self._house.menu_for(self.facts.dialled), MenuCaller(self, self._house.prompt))
            if isinstance(outcome, ToQueue):
                await self._serve(outcome)
            else:
                self._end_as(outcome.reason, "server")
                self.move(Happening.SAID_GOODBYE)
        except HungUp:
            log.debug("the caller is gone", call_id=self.id)
        except asyncio.CancelledError:
            self._end_as("server_stopped", "server")
            raise
        except Exception as error:
            log.exception("call failed", call_id=self.id)
            self._end_as("failed", "server")
            self.publish(events.CallFailed, error=f"{type(error).__name__}: {error}")
            await self._excuse()
        finally:
            await self._leave()

    async def _serve(self, wish: ToQueue) -> None:
        self._end_as("abandoned_in_queue", "caller")
        self.facts.queue, self.facts.queued_at = wish.queue, self._house.clock()
        self.move(Happening.QUEUED)
        self.publish(events.CallQueued, requires=wish.requires, priority=wish.priority)
        await self.leg.music(True)
        try:
            while not await self._talked(await self._next_agent(wish)):
                log.info("the agent's leg was lost before the bridge", call_id=self.id)
        except Overflowed as gone:
            self._end_as("overflowed", "server")
            self.move(Happening.SAID_GOODBYE)
            await self.leg.play([self._prompt("closed" if gone.reason == "closed" else "overflowed")])
            return
        self._end_as("served", "agent")
        self.move(Happening.AGENT_LEFT)
        await self.leg.play([self._prompt("goodbye")])

    async def _next_agent(self, wish: ToQueue) -> Served:
        agent = self._wait = self._house.router.enqueue(self, wish)
        if not agent.done() and self._treatment is None:
            self._treatment = asyncio.create_task(self._treat(), name=f"treat {self.id}")
        try:
            return await self.leg.until(agent)
        finally:
            await self._stop_treatment()

    async def _treat(self) -> None:
        """What the caller hears while waiting; the music is on before and after. Its failure costs nobody a place."""
        try:
            await self.leg.play([self._prompt("queue_wait")])
            await self.leg.music(True)
        except HungUp:
            return
        except Exception:
            log.exception("the announcement failed", call_id=self.id)

    async def _stop_treatment(self) -> None:
        task, self._treatment = self._treatment, None
        if task is not None and not task.done():
            await self.leg.stop_playing()
            task.cancel()
            await asyncio.wait({task})

    async def _talked(self, agent: Served) -> bool:
        """True once the talk is over and the caller stands in the loop again; False if it never began."""
        self._wait, self._agent = None, agent
        try:
            await self.leg.bridge(agent.leg)
        except (HungUp, ActionRefused):
            if self.leg.gone.done():
                raise HungUp from None
            await agent.leg.hang_up()
            self._agent = None
            self.move(Happening.OFFER_LOST)
            self._house.router.done(self, agent.agent_id)
            await self.leg.music(True)
            return False
        self.facts.agent_id, self.facts.connected_at = agent.agent_id, self._house.clock()
        self._end_as("served", "caller")
        self.move(Happening.CONNECTED)
        waited = self.facts.connected_at - (self.facts.queued_at or self.facts.connected_at)
        self.publish(events.AgentConnected, agent_id=agent.agent_id, waited_s=waited)
        await self.leg.until(asyncio.shield(agent.leg.gone))
        await self.leg.parked()
        return True

    async def _leave(self) -> None:
        """Whatever happened: nothing of this call is left behind. Each step is taken, also when another fails."""
        async with contextlib.AsyncExitStack() as steps:  # last in, first out
            steps.callback(self._ended)
            if (agent := self._agent or self._not_met()) is not None:
                steps.callback(self._house.router.done, self, agent.agent_id)
                steps.push_async_callback(agent.leg.hang_up)
            steps.push_async_callback(self.leg.hang_up)
            for task in (self._treatment, self._look_up):
                if task is not None:
                    steps.callback(task.cancel)
            steps.callback(self._house.router.leave, self)

    def _not_met(self) -> Served | None:
        """An agent who came in the very moment in which this call was ended from outside."""
        wait = self._wait
        came = wait is not None and wait.done() and not wait.cancelled() and wait.exception() is None
        return wait.result() if wait is not None and came else None

    def _ended(self) -> None:
        self.facts.ended_at = now = self._house.clock()
        talk = now - self.facts.connected_at if self.facts.connected_at else 0.0
        self.move(Happening.HUNG_UP)
        self.publish(
            events.CallEnded,
            outcome=self.facts.outcome,
            hung_up_by=self.facts.hung_up_by,
            duration_s=now - self.facts.arrived_at,
            talk_s=talk,
            agent_id=self.facts.agent_id,
        )

    async def _excuse(self) -> None:
        try:
            await self.leg.play([self._prompt("excuse")])
        except HungUp:
            return
        except Exception:
            log.exception("the excuse failed", call_id=self.id)

    # -- what the desk may ask ---------------------------------------------------------------------------------------

    async def hold(self) -> None:
        """The customer hears music, the agent silence.

        Raises ImpossibleMove unless they talk, HungUp when one of them leaves, LinkDown when they still talk.
        """
        async with self._moving:
            agent = self._talking_agent(Happening.HELD)
            await self.leg.unbridge(agent.leg)
            self.move(Happening.HELD)
            await self.leg.music(True)

    async def resume(self) -> None:
        """Both hear each other again. Raises ImpossibleMove unless the customer is held."""
        async with self._moving:
            agent = self._talking_agent(Happening.RESUMED)
            try:
                await self.leg.bridge(agent.leg)
            except ActionRefused:
                await self.leg.music(True)  # a Bridge that fails may have stopped it
                raise
            self.move(Happening.RESUMED)

    async def hang_up(self) -> None:
        """The agent ends the talk: the customer hears a goodbye."""
        if self._agent is not None:
            await self._agent.leg.hang_up()

    def _talking_agent(self, happening: Happening) -> Served:
        call_states.move(self.state, happening)
        if self._agent is None or self._agent.leg.gone.done():
            raise call_states.ImpossibleMove(f"no agent is in call {self.id}")
        return self._agent

    # -- doors -------------------------------------------------------------------------------------------------------

    def move(self, happening: Happening) -> None:
        """The one door of the state; logs and publishes the step."""
        before, self.state = self.state, call_states.move(self.state, happening)
        log.info("call moved", step=f"{before} -{happening}-> {self.state}", call_id=self.id)
        self.publish(events.CallMoved, before=before.value, event=happening.value, after=self.state.value)

    def publish(self, kind: type[events.Event], **fields: Any) -> None:
        """Publish an event of this call, with the time and the queue filled in."""
        self._house.bus.publish(kind(at=self._house.clock(), call_id=self.id, **{"queue": self.facts.queue, **fields}))

    def look_up(self, by: str, value: str) -> None:
        """Start looking for the customer; nobody waits for it, whoever needs it reads `facts.customer`."""

        async def find() -> None:
            found = await self._house.find_customer(by, value)
            if found is not None:
                self.facts.customer = found
            self.publish(events.CustomerFound, customer_id=found["id"] if found else None, by=by)

        self._look_up = asyncio.create_task(find(), name=f"look up {self.id}")

    def _end_as(self, outcome: str, hung_up_by: str) -> None:
        self.facts.outcome, self.facts.hung_up_by = outcome, hung_up_by

    def _prompt(self, prompt: str) -> Path:
        return self._house.prompt(prompt, self.facts.language)
