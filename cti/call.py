"""The spine: one caller's whole visit, arrival to hang-up, told top to bottom."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import structlog

import ivr.run
from cti import call_states, events
from cti.adoption import Found
from cti.asterisk.channel import Leg
from cti.asterisk.link import ActionRefused
from cti.bus import Bus
from cti.call_states import Happening, State
from cti.caller import MenuCaller, Services, Sounds
from cti.notes import NOTE, Note, write
from cti.talk import End, NotReached, Party, Talk, Third
from cti.treating import Treating
from ivr.caller import HungUp
from ivr.in_line import Outlook, Treatment
from ivr.nodes import AT_ONCE, MenuSet
from ivr.run import Goodbye, ToQueue

log = structlog.get_logger(__name__)


class Overflowed(Exception):
    """The wait is over without an agent: to voicemail, a callback, a closed house."""

    def __init__(self, to: str, reason: str) -> None:
        super().__init__(f"{reason}: {to}")
        self.to, self.reason = to, reason


class WaitsNoLonger(Exception):
    """The caller has chosen something else; what was to be said of it was said."""


MESSAGE_KEY_S = 600.0
REJECTED = 21  # Q.850
# Others are noted by what follows at once, or go on from the state before: an offer, for the next server, is a wait.
NOTED = {
    State.QUEUED, State.TALKING, State.HELD, State.CONSULTING, State.CONFERENCE, State.RECALLING, State.FORWARDING,
    State.ENDING,
}  # fmt: skip
HEAD = 1e6  # a priority before all who came by themselves
OUTBOUND = "_outbound"  # the queue of calls that agents make: nobody waits in it, it gives them their wrap-up


@dataclass(frozen=True, slots=True)
class Wish:
    """Whom the customer waits for: those of a queue; a `colleague` to whom an agent sent the call is asked first.

    `since`: the place in line of an earlier call, UTC epoch seconds.
    """

    queue: str
    requires: str = ""
    priority: float = 0.0
    colleague: str = ""  # asked before anybody else
    since: float | None = None


@dataclass(frozen=True, slots=True)
class TakenUp:
    """Where a call of a server before stands: what was found, with the legs and the menu that it names."""

    found: Found
    wish: Wish | None = None
    owner: Party | None = None
    third: Third | None = None
    menu: MenuSet | None = None
    node: str = ""


class Router(Protocol):
    """What a call asks of the dispatcher."""

    def enqueue(self, call: Call, wish: Wish) -> asyncio.Future[Party]: ...
    def leave(self, contact_id: str) -> None: ...
    def outlook(self, contact_id: str) -> Outlook | None: ...
    def done(self, contact_id: str, agent_id: str, *, talked: bool = True) -> None: ...
    def moved(self, contact_id: str, queue: str) -> None: ...


class Telephones(Protocol):
    """Rings whom no router chose. Cancelled, each leaves nothing ringing."""

    async def again(self, call: Call, lost: Party, grace_s: float) -> Party:
        """The agent's phone, parked, as soon as it is back; raises NotReached when it is not back in time."""

    async def colleague(self, call: Call, agent_id: str) -> Party:
        """Another agent, who has the record and has answered; parked. Raises NotReached."""

    async def own(self, call: Call, agent_id: str) -> Party:
        """The phone of the agent who makes this call, parked; raises NotReached."""

    async def outside(self, call: Call, number: str) -> Party:
        """Somebody outside, who has answered and is parked; raises NotReached."""

    async def customer(self, call: Call) -> None:
        """The customer's leg of a call that an agent makes: answered and parked; raises NotReached, HungUp."""


class Recorder(Protocol):
    """Keeps what customers say and hear. Neither raises anything but HungUp."""

    async def begin(self, call: Call) -> None:
        """From now on, its leg being up and parked."""

    async def silence(self, call: Call, on: bool) -> None:
        """Nothing of it, or all again."""


@dataclass(frozen=True, slots=True)
class House:
    """What every call shares."""

    bus: Bus
    clock: Callable[[], float]
    router: Router
    phones: Telephones
    sounds: Sounds
    services: Services
    menu_for: Callable[[str], MenuSet]
    find_customer: Callable[[str, str], Coroutine[Any, Any, dict[str, Any] | None]]
    language: str
    recall_s: float = 20.0
    onward: bool = True  # a customer may be left alone with somebody outside
    recorder: Recorder | None = None
    survey_of: Callable[[str], MenuSet | None] = lambda _queue: None
    menu_named: Callable[[str], MenuSet | None] = lambda _name: None
    treatment_of: Callable[[str], Treatment] = lambda _queue: Treatment()


@dataclass(slots=True)
class Facts:
    """What is known of the visit; read by desks, journal and reports."""

    number: str
    name: str
    dialled: str
    arrived_at: float
    language: str
    direction: str = "in"
    show_as: str = ""
    customer: dict[str, Any] | None = None
    queue: str | None = None
    agent_id: str | None = None
    queued_at: float | None = None
    waiting_since: float | None = None
    connected_at: float | None = None
    ended_at: float | None = None
    outcome: str = "abandoned_in_menu"
    cause: str = ""
    hung_up_by: str = "caller"
    carries: str = ""  # the callback that is carried out by this call
    path: list[str] = field(default_factory=list)
    data: dict[str, str] = field(default_factory=dict)

    @property
    def channel(self) -> str | None:
        """How a customer waits who is not on the line."""
        return self.direction if self.direction in {"callback", "voicemail"} else None


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
        self._wait: asyncio.Future[Party] | None = None
        self._wish: Wish | None = None
        self._pbx_is_gone = False
        self._wished: Wish | None = None  # of which the place in line is known
        self._forward_to = ""
        self._announcement = "queue_wait"
        self._message: Path | None = None
        self.values: dict[str, Any] = {"caller": facts.number} if facts.number.isdigit() else {}
        self.talk: Talk | None = None
        self._menu: MenuSet | None = None  # the version with which it began
        self._node = ""
        self._taken_up: TakenUp | None = None
        self.goes_on = asyncio.Event()  # of one that was taken up: it stands where it stood
        self.agent: Party | None = None  # whose legs and work end with the call

    # -- the story ---------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        try:
            if self._taken_up is not None:
                await self._go_on_from(self._taken_up)
            else:
                self.look_up("number", self.facts.number)
                await _STORIES[self.facts.direction](self)
        except HungUp as gone:
            log.debug("the caller is gone", call_id=self.id)
            gone.__traceback__ = None  # its frames hold the futures that hold it
        except asyncio.CancelledError:
            self._end_as("server_stopped", "server")
            raise
        except Exception as error:
            log.exception("call failed", call_id=self.id)
            self._end_as("failed", "server")
            self.publish(events.CallFailed, error=f"{type(error).__name__}: {error}")
            await self._excuse()
        finally:
            try:
                await self._leave()
            finally:
                self.talk = None  # which holds the call: the two of them would wait for the garbage collector

    async def _visit(self) -> None:
        refused = self._house.services.admission(self.facts.number)
        if refused == "blocked":
            self._end_as(refused, "server")
            await self.leg.hang_up(REJECTED)
            return
        await self.leg.answer()
        self.move(Happening.ANSWERED)
        if refused is not None:
            self._end_as(refused, "server")
            await self.leg.play([self._prompt(refused)])
            return
        await self._begin_recording()
        await self._in_menu(self._house.menu_for(self.facts.dialled))

    async def _in_menu(self, menu: MenuSet, begin: str = "") -> None:
        """What the menu is for, and whoever serves the caller then."""
        self._menu = menu
        outcome = await ivr.run.run(menu, self.caller, begin)
        if not isinstance(outcome, ToQueue):
            self._end_as(outcome.reason if isinstance(outcome, Goodbye) else "goodbye", "server")
            self.move(Happening.SAID_GOODBYE)
            return
        wish = Wish(outcome.queue, outcome.requires, outcome.priority)
        self._wishes(wish)
        self.move(Happening.QUEUED)
        await self._in_queue(self._be_served(wish))

    async def _in_queue(self, served: Coroutine[Any, Any, None]) -> None:
        await self._serve(served)
        if self.state is State.ENDING and self.facts.outcome == "served":
            survey = self._house.survey_of(self.facts.queue or "")
            await (self._ask(survey) if survey else self.leg.play([self._prompt("goodbye")]))

    async def _ask(self, survey: MenuSet) -> None:
        """How it was; what was answered is kept also when the caller has enough in the middle of it."""
        before = dict(self.facts.data)
        try:
            await ivr.run.run(survey, self.caller)
        finally:
            answers = {key: value for key, value in self.facts.data.items() if before.get(key) != value}
            if answers:
                self.publish(events.SurveyAnswered, agent_id=self.facts.agent_id, answers=answers)

    async def _go_on_from(self, before: TakenUp) -> None:
        """From where a server that was killed has left it."""
        state, self._announcement = self.state, ""
        try:
            match state:
                case State.NEW | State.MENU:
                    await self._menu_again(before)
                case State.QUEUED | State.OFFERED:
                    await self._line_again(before)
                case State.FORWARDING:
                    self._wait_again()
                    self.goes_on.set()
                    await self._in_queue(self._be_served(self._wish))
                case State.ENDING:
                    await self.leg.to_loop()
                    await self.leg.play([self._prompt("goodbye")])
                case _ if before.owner is not None:
                    await self._talk_again(before, before.owner)
                case _:
                    self._end_as("not_reached", "server")
        finally:
            self.goes_on.set()

    async def _menu_again(self, before: TakenUp) -> None:
        """At the node at which it stood; from the start when the caller had told more than was kept."""
        self.goes_on.set()
        await self.leg.to_loop()
        if self.state is State.NEW:
            await self.leg.answer()
            self.move(Happening.ANSWERED)
        if not self.leg.recorded:
            await self._begin_recording()
        else:
            await self.unheard(False)  # whoever was asked for a secret is asked again
        await self._in_menu(before.menu or self._house.menu_for(self.facts.dialled), before.node)

    async def _line_again(self, before: TakenUp) -> None:
        """With the place it had: the music goes on, and no word of greeting is said again."""
        self.state = State.QUEUED
        self._end_as("abandoned_in_queue" if self.facts.connected_at is None else "served", "caller")
        await self._in_queue(self._be_served_again(before))

    async def _be_served_again(self, before: TakenUp) -> None:
        if before.found.elsewhere:  # a telephone of the fallback has the caller, who perhaps comes back to us
            self._end_as("fallback", "caller")
            self.goes_on.set()
            await self.leg.parked()
            self._end_as("abandoned_in_queue", "caller")
        await self._be_served(await self._in_line())

    async def _talk_again(self, before: TakenUp, owner: Party) -> None:
        """Those who talk do not notice."""
        self.agent = owner
        if before.found.unsaid:
            self.state = State.OFFERED
            self._connected(owner)
        self._end_as("served", "caller")
        self.goes_on.set()
        if before.found.apart:
            await self._joined(owner)
        if self.state in {State.HELD, State.CONSULTING}:
            self.leg.goes_on_with_music()
        go_on = self._go_on(owner, before.third)
        await (self._in_queue(go_on) if self.facts.direction == "in" else self._serve(go_on))

    async def _made_by_us(self) -> None:
        """The agent's phone first, then the customer's; from then on like any other."""
        self._end_as("not_reached", "server")
        self.move(Happening.DIALLED)
        try:
            agent = self.agent = await self.leg.until(self._house.phones.own(self, self.facts.agent_id or ""))
            await agent.leg.hears_ring()
            await agent.leg.until(self._house.phones.customer(self))
        except NotReached as error:
            self.facts.cause = error.cause
            return
        await self._begin_recording()
        if await self._joined(agent):
            self._house.router.moved(agent.contact_id, OUTBOUND)
            self._connected(agent)
            await self._serve(self._go_on(agent))

    async def _called_back(self) -> None:
        """In line with the time of the call before; the agent's phone first, then the customer's."""
        if self._wish is not None and self._wish.since is not None:
            await self._called_first(self._wish)
            return
        agent = await self._agent_in_turn()
        self._end_as("not_reached", "server")
        self.facts.agent_id = agent.id
        self.move(Happening.DIALLED)
        try:
            await agent.leg.hears_ring()
            await agent.leg.until(self._house.phones.customer(self))
        except NotReached as error:
            self.facts.cause = error.cause
        except HungUp:
            self.facts.cause, self.facts.hung_up_by = "agent_gone", "agent"
        else:
            await self._begin_recording()
            if await self._joined(agent):
                self._connected(agent)
                await self._serve(self._go_on(agent))
                return
        self.agent = None
        self._house.router.done(agent.contact_id, agent.id, talked=False)
        await agent.release()

    async def _called_first(self, wish: Wish) -> None:
        """The customer's phone first, the turn being near; then in line like any caller, with the time of before."""
        self._end_as("not_reached", "server")
        self.move(Happening.DIALLED)
        try:
            await self._house.phones.customer(self)
        except NotReached as error:
            self.facts.cause = error.cause
            return
        self._end_as("abandoned_in_queue", "caller")
        await self._begin_recording()
        await self.leg.play([self._prompt("callback_hello")])
        self.move(Happening.QUEUED)
        await self._serve(self._be_served(wish))

    async def _message_heard(self) -> None:
        """A message in line like a caller: the agent's phone says it; 1 says it again, 2 calls who has left it."""
        agent = await self._agent_in_turn()
        assert self._message is not None  # noqa: S101 - it is what this call is about
        self._connected(agent)
        await agent.leg.listens()
        key: str | None = "1"
        while key != "2":
            if key == "1":
                await agent.leg.play([self._message], barge_in=True)
                await agent.leg.play([self._house.sounds.prompt("message_end", self._house.language)], barge_in=True)
            key = await agent.leg.key(MESSAGE_KEY_S)
        await self._call_who_left_it(agent)

    async def _call_who_left_it(self, agent: Party) -> None:
        await agent.leg.hears_ring()
        try:
            await agent.leg.until(self._house.phones.customer(self))
        except NotReached as error:
            self.facts.cause = error.cause
            return
        await self._begin_recording()
        if await self._joined(agent):
            await self._serve(self._go_on(agent))

    async def _agent_in_turn(self) -> Party:
        """For a customer who is not on the line."""
        assert self._wish is not None  # noqa: S101 - `waiting_as` said so
        self.move(Happening.QUEUED)
        self._end_as("not_served", "server")
        try:
            agent = self.agent = await self._next_agent()
        except Overflowed as gone:
            self.facts.cause = gone.reason
            raise HungUp from None
        self._wait = None
        return agent

    async def _begin_recording(self) -> None:
        if self._house.recorder is not None:
            await self._house.recorder.begin(self)

    async def _go_on(self, agent: Party, third: Third | None = None) -> None:
        await self._be_served(await self._after(agent, third))

    async def _serve(self, served: Coroutine[Any, Any, None]) -> None:
        """Until the customer is let go; who can wait no longer is told so."""
        try:
            await served
        except Overflowed as gone:
            await self._sent_away(gone)
            return
        except WaitsNoLonger as chosen:
            self._end_as(str(chosen), "server")
            self.move(Happening.SAID_GOODBYE)
            return
        self._end_as("served", "agent")
        self.move(Happening.AGENT_LEFT)

    async def _sent_away(self, gone: Overflowed) -> None:
        """Who can wait no longer: to the menu of that name, such as voicemail, else with a word."""
        self._end_as("overflowed", "server")
        menu = self._house.menu_named(gone.to)
        outcome = await ivr.run.run(menu, self.caller) if menu is not None else None
        if isinstance(outcome, Goodbye):
            self._end_as(outcome.reason, "server")
        self.move(Happening.SAID_GOODBYE)
        if not isinstance(outcome, Goodbye):
            await self.leg.play([self._prompt("closed" if gone.reason == "closed" else "overflowed")])

    async def _be_served(self, wish: Wish | None) -> None:
        """By one agent after the other, until one lets the customer go."""
        while wish is not None:
            self._queue_for(wish)
            agent = await self._colleague(wish)
            wish = await self._in_line(agent)

    async def _in_line(self, agent: Party | None = None) -> Wish | None:
        """With the next agent, unless there is one already; whom the customer waits for after that."""
        agent = agent or await self._next_agent()
        while not await self._met(agent):
            log.info("the agent's leg was lost before the bridge", call_id=self.id)
            agent = await self._next_agent()
        return await self._after(agent)

    def _queue_for(self, wish: Wish) -> None:
        if self._wished is not wish:
            self._wishes(wish)
            self._note()
        if self.facts.connected_at is None:
            self._end_as("abandoned_in_queue", "caller")
        self.publish(events.CallQueued, requires=wish.requires, priority=wish.priority, channel=self.facts.channel)

    def _wishes(self, wish: Wish) -> None:
        """The customer waits for this from now on."""
        self._wished = wish
        self._wish, self.facts.queue = wish, wish.queue
        self.facts.waiting_since = wish.since or self._house.clock()
        self.facts.queued_at = self.facts.queued_at or self.facts.waiting_since

    async def _after(self, agent: Party, third: Third | None = None) -> Wish | None:
        """The talk with this agent and whoever follows; whom the customer waits for then, None when it is over."""
        while (how := await self._talk(agent, third)) is not End.LEFT:
            third = None
            if how is End.SENT_ON and self.state is State.QUEUED:
                return self._wish
            again = await (self._recalled() if how is End.LOST else self._forwarded())
            if again is None:
                return self._wish
            agent = again
        return None

    async def _talk(self, owner: Party, third: Third | None) -> End:
        """How the talk ended; the customer stands in the loop again, and the agent has gone."""
        talk = self.talk = Talk(self, self.leg, owner, room=self.id, third=third, onward=self._house.onward)
        try:
            how = await self.leg.until(asyncio.shield(talk.over))
        finally:
            await talk.close()
        if how is not End.LOST:
            self.parted(talk.owner)
            await talk.owner.release()
        if self.state is State.CONFERENCE:
            await self.leg.to_loop()
        await self.leg.parked()
        return how

    async def _recalled(self) -> Party | None:
        """The agent's phone was lost: it is rung again as soon as it is back, meanwhile there is music."""
        assert self.talk is not None  # noqa: S101 - just over
        lost = self.talk.owner
        self.move(Happening.AGENT_LOST)
        await self.leg.music(True)
        try:
            back = self.agent = await self.leg.until(self._house.phones.again(self, lost, self._house.recall_s))
        except NotReached as error:
            log.info("the agent is not back", call_id=self.id, cause=error.cause)
        else:
            if await self._joined(back):
                self.move(Happening.RESUMED)
                return back
        self.parted(self.agent or lost)
        self._wait_again()
        return None

    async def _forwarded(self) -> Party | None:
        """Somebody outside takes the call; else the customer waits again, before all others."""
        await self.leg.music(True)
        try:
            outside = self.agent = await self.leg.until(self._house.phones.outside(self, self._forward_to))
        except NotReached as error:
            log.info("not reached", call_id=self.id, cause=error.cause)
        else:
            if await self._joined(outside):
                self.move(Happening.CONNECTED)
                return outside
        self.agent = None
        self._wait_again()
        return None

    def _wait_again(self) -> None:
        """Before all others, with a word of excuse; whom an agent has called waits for nobody."""
        if self._wish is not None:
            self._wish = replace(self._wish, priority=HEAD)
            self._announcement = "excuse_again"
            self.move(Happening.SENT_ON)

    async def _joined(self, party: Party) -> bool:
        """Both hear each other; False when the party was lost before that."""
        try:
            await self.leg.bridge(party.leg)
        except (HungUp, ActionRefused):
            if self.leg.gone.done():
                raise HungUp from None
            await party.release()
            return False
        return True

    async def _colleague(self, wish: Wish) -> Party | None:
        """Whom an agent sent the customer to; None when it is nobody, or does not answer."""
        if not wish.colleague:
            return None
        await self.leg.music(True)
        try:
            agent = self.agent = await self.leg.until(self._house.phones.colleague(self, wish.colleague))
        except NotReached as error:
            log.info("the colleague was not reached", call_id=self.id, cause=error.cause)
            return None
        self.move(Happening.OFFERED)
        self._house.router.moved(agent.contact_id, wish.queue)
        return agent

    async def _next_agent(self) -> Party:
        assert self._wish is not None  # noqa: S101 - it waits
        agent = self._wait = self._house.router.enqueue(self, self._wish)
        self.goes_on.set()
        if not agent.done() and self._treatment is None and self.leg.answered:
            treating = Treating(
                self, self.caller, self._house.treatment_of(self._wish.queue), self._house.menu_named,
                lambda: self._house.router.outlook(self.id),
            )  # fmt: skip
            first, self._announcement = self._announcement, self._announcement or "queue_wait"
            self._treatment = asyncio.create_task(treating.go_on(first), name=f"treat {self.id}")
        try:
            return await self.leg.until(agent)
        finally:
            await self._stop_treatment()

    async def _stop_treatment(self) -> None:
        task, self._treatment = self._treatment, None
        if task is not None and not task.done():
            await self.leg.stop_playing()
            task.cancel()
            await asyncio.wait({task})

    async def _met(self, agent: Party) -> bool:
        """The agent and the customer hear each other; False when the agent was lost before that."""
        self.agent, self._wait = agent, None
        if not await self._joined(agent):
            self.move(Happening.OFFER_LOST)
            self._house.router.done(agent.contact_id, agent.id, talked=False)
            self.agent = None
            return False
        self._connected(agent)
        return True

    def _connected(self, agent: Party) -> None:
        now = self._house.clock()
        self.facts.agent_id, self.facts.connected_at = agent.id, self.facts.connected_at or now
        self._end_as("served", "caller")
        self.move(Happening.CONNECTED)
        waited = now - (self.facts.waiting_since or now)
        self.publish(events.AgentConnected, agent_id=agent.id, waited_s=waited, channel=self.facts.channel)

    async def _leave(self) -> None:
        """Whatever happened: nothing of this call is left behind. Each step is taken, also when another fails."""
        async with contextlib.AsyncExitStack() as steps:  # last in, first out
            steps.callback(self._ended)
            if self.facts.direction == "out":  # his work since before his phone rang
                steps.callback(self._house.router.done, self.id, self.facts.agent_id or "")
            if (agent := self.agent or self._not_met()) is not None:
                steps.callback(self.parted, agent)
                steps.push_async_callback(agent.release, left_alone=True)
            steps.push_async_callback(self.leg.hang_up)
            for task in (self._treatment, self._look_up):
                if task is not None:
                    steps.callback(task.cancel)
            steps.callback(self._house.router.leave, self.id)

    def _not_met(self) -> Party | None:
        """An agent who came in the very moment in which this call was ended from outside."""
        wait = self._wait
        came = wait is not None and wait.done() and not wait.cancelled() and wait.exception() is None
        return wait.result() if wait is not None and came else None

    def _ended(self) -> None:
        if self._pbx_is_gone:
            self._end_as("pbx_restart", "pbx")
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

    async def hang_up(self) -> None:
        """The agent ends the talk: the customer hears a goodbye, or stays with the third."""
        if self.agent is not None and self.facts.channel and (self.talk is None or self.talk.over.done()):
            await self.agent.leg.hang_up()  # the customer is not there yet
            return
        if self.state is not State.DIALLING:
            await self.in_talk().leave()
            return
        self._end_as("not_reached", "agent")
        if self.agent is not None:
            await self.agent.leg.hang_up()
        else:
            self.leg.lost()  # the agent's own phone rings yet: nobody has dialled the customer

    async def transfer(self, wish: Wish) -> None:
        """The customer waits for somebody else; the agent's part is over. Raises ImpossibleMove."""
        talk = self.in_talk()
        before, self._wish = self._wish, wish
        try:
            await talk.send_on(Happening.SENT_ON)
        except BaseException:
            self._wish = before
            raise

    def hasten(self, priority: float) -> None:
        """Whoever waits has this priority, also when it is put into line again."""
        if self._wish is not None:
            self._wish = replace(self._wish, priority=priority)
            self._note()

    async def forward(self, number: str) -> None:
        """The customer goes to somebody outside; the agent's part is over. Raises ImpossibleMove."""
        talk = self.in_talk()
        self._forward_to = number
        await talk.send_on(Happening.FORWARDED)

    def waiting_as(self, wish: Wish, since: float, message: Path | None = None) -> None:
        """Of a customer who is not on the line: the place in line, and perhaps a message."""
        self._wish, self._message = wish, message
        self.facts.queue, self.facts.waiting_since, self.facts.queued_at = wish.queue, since, since
        if wish.since is not None:  # he comes into line when he has answered
            return
        self.publish(
            events.CallQueued, requires=wish.requires, priority=wish.priority, channel=self.facts.channel
        )  # fmt: skip

    @property
    def place(self) -> tuple[Wish, float] | None:
        """What the caller waits for, and since when; None who does not wait."""
        waits = self._wish is not None and self.state in {State.QUEUED, State.OFFERED}
        return (self._wish, self.facts.waiting_since or self._house.clock()) if waits and self._wish else None

    def chose(self, outcome: str) -> bool:
        """The caller is served otherwise and waits no longer; False when an agent is there already."""
        if self._not_met() is not None:
            return False
        self._end_as(outcome, "caller")
        if self._wait is not None and not self._wait.done():
            self._house.router.leave(self.id)
        return True

    def lost_with_pbx(self) -> None:
        """Asterisk was started anew: whatever of this call was on the line is no more."""
        self._pbx_is_gone = self.leg.dialled

    def waits_no_longer(self, reason: str) -> None:
        """What the caller chose is done."""
        if self._wait is not None and not self._wait.done():
            self._house.router.leave(self.id)
            self._wait.set_exception(WaitsNoLonger(reason))

    def in_talk(self) -> Talk:
        """Raises ImpossibleMove when nobody talks."""
        if self.talk is None or self.talk.over.done():
            raise call_states.ImpossibleMove(f"no agent is in call {self.id}")
        return self.talk

    def party_of(self, agent_id: str) -> Party | None:
        """The agent's part in the talk."""
        talk = self.talk
        third = talk.third.party if talk and talk.third else None
        return next((one for one in (talk.owner if talk else None, third) if one and one.id == agent_id), None)

    # -- what the talk says --------------------------------------------------------------------------------------------

    def rearranged(self) -> None:
        """Somebody was asked in, left, or is muted now: the pages show it."""
        self._note()
        self.publish(events.CallRearranged)

    def parted(self, party: Party) -> None:
        """The party's work is over."""
        if self.agent is party:
            self.agent = None
        if party.contact_id:
            self._house.router.done(party.contact_id, party.id)

    def owned_by(self, party: Party) -> None:
        """Whoever asked this party in has left it the call."""
        before = self.facts.agent_id
        self.agent = party
        if party.kind == "agent":
            self.facts.agent_id = party.id
        if party.contact_id:
            self._house.router.moved(party.contact_id, self.facts.queue or OUTBOUND)
        self._note()
        self.publish(events.CallTransferred, agent_id=self.facts.agent_id, by=before or "", to=party.id)

    # -- doors -------------------------------------------------------------------------------------------------------

    @property
    def caller(self) -> MenuCaller:
        """The caller as a menu sees one; made for whoever asks, for a call that kept it would keep itself alive."""
        return MenuCaller(self, self._house.sounds, self._house.services)

    def move(self, happening: Happening) -> None:
        """The one door of the state; logs and publishes the step."""
        before, self.state = self.state, call_states.move(self.state, happening)
        log.info("call moved", step=f"{before} -{happening}-> {self.state}", call_id=self.id)
        if self.state in NOTED:
            self._note()
        self.publish(events.CallMoved, before=before.value, event=happening.value, after=self.state.value)

    def stands_at(self, menu: str, node: str) -> None:
        """The caller has come to this node."""
        self.facts.path.append(node)
        if self._menu is not None and self._menu.name == menu:
            self._node = node
            if not isinstance(self._menu.nodes[node], AT_ONCE):
                self._note()

    def take_up(self, before: TakenUp) -> None:
        """It goes on from there when it is run."""
        self._taken_up, self.state, self._wish = before, before.found.state, before.wish
        self._forward_to = before.found.note.forward_to

    def _note(self) -> None:
        """Where it stands, on the customer's channel: the next server goes on from there."""
        if self.leg.gone.done() or self.state is State.ENDED:
            return
        facts, wish, talk = self.facts, self._wish, self.talk
        owner = talk.owner if talk else self.agent
        third = talk.third if talk else None
        in_menu = self.state in {State.NEW, State.MENU} and self._menu is not None
        note = Note(
            self.id, self.state.value, round(facts.arrived_at, 3), facts.number, facts.dialled, facts.direction,
            facts.language, facts.queue or "", wish.requires if wish else "", wish.priority if wish else 0.0,
            facts.queued_at, facts.waiting_since, facts.connected_at, facts.agent_id or "",
            self._menu.name if in_menu and self._menu else "", self._menu.file if in_menu and self._menu else "",
            self._node if in_menu else "", in_menu and len(self.values) > bool(facts.number), self.leg.recorded,
            facts.carries, self._forward_to, owner.note() if owner else None,
            third.party.note(third.name) if third and third.party else None,
        )  # fmt: skip
        try:
            self.leg.note(NOTE, write(note))
        except ValueError:
            log.exception("a call cannot be noted", call_id=self.id)

    def publish(self, kind: type[events.Event], **fields: Any) -> None:
        """Publish an event of this call, with the time and the queue filled in."""
        told = {"at": self._house.clock(), "queue": self.facts.queue, **fields}
        self._house.bus.publish(kind(call_id=self.id, **told))

    async def unheard(self, on: bool) -> None:
        """What the caller keys in now is secret: nothing of it is recorded, until it is told otherwise."""
        if self._house.recorder is not None:
            await self._house.recorder.silence(self, on)

    async def looked_up(self, most_s: float) -> None:
        """The customer has been looked for, or so much time has passed."""
        if self._look_up is not None:
            await asyncio.wait({self._look_up}, timeout=most_s)

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
        return self._house.sounds.prompt(prompt, self.facts.language)


_STORIES: dict[str, Callable[[Call], Coroutine[Any, Any, None]]] = {
    "in": Call._visit,
    "out": Call._made_by_us,
    "callback": Call._called_back,
    "voicemail": Call._message_heard,
}
