"""A talk: the customer, the agent whose call it is, and perhaps a third. Who hears whom, and how it ends.

Each step moves the legs first and then says so, so that the state is never ahead of the telephones.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

import structlog

from cti.asterisk.channel import Leg
from cti.asterisk.link import ActionRefused, ActionTimeout, LinkDown
from cti.call_states import Happening, ImpossibleMove, State
from cti.call_states import move as after
from cti.notes import PartyNote
from ivr.caller import HungUp

log = structlog.get_logger(__name__)
BACK_S = 1.0


def call_of(contact_id: str | None) -> str | None:
    """The call that a contact belongs to: a colleague is asked in as `<call>+<n>`."""
    return contact_id and contact_id.partition("+")[0]


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody besides the customer, whose leg is up: an `agent` or a `number` outside.

    `contact_id` is the work by which the router knows it, empty when the router has no part in it. `recallable`: a
    browser's phone, which ends by accident and is rung again. `standing`: the leg stays up between calls.
    """

    kind: str
    id: str
    leg: Leg
    contact_id: str = ""
    recallable: bool = False
    standing: bool = False

    def note(self, name: str = "") -> PartyNote:
        """For the next server."""
        return PartyNote(
            self.kind, self.id, self.contact_id, self.recallable, self.standing, self.leg.uniqueid, name
        )  # fmt: skip

    async def release(self, *, left_alone: bool = False) -> None:
        """The leg has no part in the talk any more.

        `left_alone`: whoever it spoke with has hung up, and a standing leg comes back by itself. Asterisk does not bear
        being told to move a channel that is just leaving its bridge.
        """
        if not self.standing:
            await self.leg.hang_up()
        elif not self.leg.gone.done():
            try:
                if not left_alone or not await self._comes_back():
                    await self.leg.to_loop()
                if self.leg.muted:  # the next customer is to hear the agent
                    await self.leg.mute(False)
            except (HungUp, ActionRefused, ActionTimeout, LinkDown) as error:
                log.info("a standing leg was given up", agent=self.id, reason=str(error))
                await self.leg.hang_up()

    async def _comes_back(self) -> bool:
        try:
            async with asyncio.timeout(BACK_S):
                await self.leg.parked()
        except TimeoutError:
            return False
        return True


@dataclass(eq=False, slots=True)
class Third:
    """Whom the agent asks in; `party` is None while it rings."""

    kind: str
    id: str
    name: str = ""
    party: Party | None = None
    ringing: asyncio.Task[Party] | None = None

    def give_up(self) -> None:
        """Stop ringing, if it rings."""
        if self.ringing is not None:
            self.ringing.cancel()


class NotReached(Exception):
    """The third did not answer; the message is the cause as `NotReached.cause` words it."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


class End(Enum):
    """How a talk ends while the customer is still there."""

    LEFT = "left"
    LOST = "lost"  # the agent's phone went by accident
    SENT_ON = "sent_on"


class Told(Protocol):
    """What a talk tells the call it belongs to."""

    @property
    def state(self) -> State: ...
    def move(self, happening: Happening) -> None: ...
    def rearranged(self) -> None:
        """Who takes part, or how, is another now."""

    def parted(self, party: Party) -> None:
        """The party has no share in the call any more; its leg is still there."""

    def owned_by(self, party: Party) -> None:
        """It is this party's call from now on."""


class Talk:
    """One talk; `over` is set once, by whatever ends it first."""

    def __init__(  # noqa: PLR0913 - who takes part
        self, call: Told, customer: Leg, owner: Party, room: str, third: Third | None = None, *, onward: bool = True
    ) -> None:
        self._onward = onward
        self.customer, self.owner = customer, owner
        self.third = third
        self.muted = False
        self.cause = ""
        self.over: asyncio.Future[End] = asyncio.get_running_loop().create_future()
        self._call, self._room = call, room
        self._moving = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._watch(owner)
        if third is not None and third.party is not None:
            self._watch(third.party)

    # -- what the agent does -----------------------------------------------------------------------------------------

    async def hold(self) -> None:
        """The customer hears music, the agent silence.

        Raises ImpossibleMove unless they talk, HungUp when one of them leaves, LinkDown when they still talk.
        """
        async with self._moving:
            self._possible(Happening.HELD, alone=True)
            await self._hold()

    async def _hold(self) -> None:
        await self.customer.unbridge(self.owner.leg)
        self._call.move(Happening.HELD)
        await self.customer.music(True)

    async def resume(self) -> None:
        """Both hear each other again. Raises ImpossibleMove unless the customer is held and nobody else takes part."""
        async with self._moving:
            self._possible(Happening.RESUMED, alone=True)
            await self._resume()

    async def _resume(self) -> None:
        try:
            await self.customer.bridge(self.owner.leg)
        except ActionRefused:
            await self.customer.music(True)  # on the way it may have ended
            raise
        self._call.move(Happening.RESUMED)

    async def mute(self, on: bool) -> None:
        """Nobody hears the agent, or everybody again."""
        async with self._moving:
            self._possible()
            await self.owner.leg.mute(on)
            self.muted = on
            self._call.rearranged()

    async def send_keys(self, keys: str) -> None:
        """To whomever the agent speaks with."""
        self._possible()
        asked = self.third.party if self.third and self._call.state is State.CONSULTING else None
        await (asked.leg if asked else self.customer).send_keys(keys)

    async def consult(self, third: Third, bring: Callable[[], Coroutine[Any, Any, Party]]) -> None:
        """The customer hears music; the agent hears it ring, and speaks with the third as soon as it answers.

        `bring` gives the third's leg, parked, or raises NotReached; cancelled, it leaves nothing behind.
        """
        async with self._moving:
            if self._call.state is not State.HELD:
                self._possible(Happening.HELD, alone=True)
                await self._hold()
            self._possible(Happening.CONSULTED, alone=True)
            self.third, self.cause = third, ""
            self._call.rearranged()
            third.ringing = asyncio.create_task(bring(), name="ring the third")
            self._spawn(self._meet(third, third.ringing), "consult")
            await self.owner.leg.hears_ring()

    async def _meet(self, third: Third, ringing: asyncio.Task[Party]) -> None:
        await asyncio.wait({ringing})
        party, cause = _outcome(ringing)
        async with self._moving:
            if self.third is not third or self.over.done():
                if party is not None:
                    await self._part(party)
                return
            if party is not None:
                cause = await self._met(third, party)
            if cause:
                self.third, self.cause = None, cause
                if not self.owner.leg.gone.done():
                    await self.owner.leg.to_loop()
            self._call.rearranged()

    async def _met(self, third: Third, party: Party) -> str:
        """The agent and the third hear each other; else why not."""
        try:
            await self.owner.leg.bridge(party.leg)
        except (HungUp, ActionRefused, ActionTimeout, LinkDown) as error:
            log.info("the third could not be bridged", reason=str(error))
            await self._part(party)
            return "failed"
        third.party = party
        self._call.move(Happening.CONSULTED)
        self._watch(party)
        return ""

    async def swap(self) -> None:
        """The agent speaks with the other of the two; whoever waits hears music or silence."""
        async with self._moving:
            party = self._answered()
            if self._call.state is State.CONSULTING:
                await self._resume()
            else:
                self._possible(Happening.CONSULTED)
                await self.owner.leg.bridge(party.leg)
                self._call.move(Happening.CONSULTED)
                await self.customer.music(True)

    async def complete(self) -> None:
        """The customer and the third stay together; the agent's part is over."""
        async with self._moving:
            self._possible(Happening.TRANSFERRED)
            if not self._stays(party := self._answered()):
                raise ImpossibleMove("customers are not left alone with somebody outside here")
            await self._hand_over(party)

    async def _hand_over(self, party: Party) -> None:
        former = self.owner
        if self._call.state is State.CONFERENCE:
            await self.customer.out_of_room(party.leg)
        else:
            await self.customer.bridge(party.leg)
        self.owner, self.third, self.muted = party, None, False
        self._call.move(Happening.TRANSFERRED)
        self._call.owned_by(party)
        await self._part(former)

    async def conference(self) -> None:
        """All three hear each other."""
        async with self._moving:
            party = self._answered()
            self._possible(Happening.CONFERRED)
            consulting = self._call.state is State.CONSULTING
            with_agent, alone = (party.leg, self.customer) if consulting else (self.customer, party.leg)
            await self.owner.leg.into_room(self._room, alone, with_agent)
            self._call.move(Happening.CONFERRED)

    async def drop_third(self) -> None:
        """The third's part is over; the agent speaks with the customer."""
        async with self._moving:
            third = self.third
            if third is None:
                raise ImpossibleMove("there is no third in this call")
            self.third = None
            if third.party is not None:
                await self._without(third.party)
                return
            third.give_up()
            await self._resume()

    async def _without(self, party: Party) -> None:
        state = self._call.state
        if state is State.CONFERENCE:
            await self.customer.out_of_room(self.owner.leg)
            self._call.move(Happening.OTHER_LEFT)
        elif state is State.CONSULTING:
            await self._resume()
        await self._part(party)
        self._call.rearranged()

    async def send_on(self, happening: Happening) -> None:
        """The agent's part is over; the customer goes elsewhere. Raises ImpossibleMove while a third takes part."""
        async with self._moving:
            self._possible(happening, alone=True)
            if self._call.state is State.TALKING:
                await self.customer.unbridge(self.owner.leg)
            self._call.move(happening)
            self.over.set_result(End.SENT_ON)

    async def leave(self) -> None:
        """The agent's part is over; with a third there, the customer stays with him."""
        async with self._moving:
            if not self.over.done():
                await self._owner_leaves(End.LEFT)

    async def taken_over(self, party: Party) -> None:
        """The customer speaks with this party from now on, whose leg is up, wherever it stands."""
        async with self._moving:
            self._possible(Happening.TRANSFERRED, alone=True)
            former = self.owner
            await party.leg.to_loop()
            await self.customer.bridge(party.leg)
            self.owner, self.muted = party, False
            self._watch(party)
            self._call.move(Happening.TRANSFERRED)
            self._call.owned_by(party)
            await self._part(former)

    # -- what happens ------------------------------------------------------------------------------------------------

    def _watch(self, party: Party) -> None:
        party.leg.gone.add_done_callback(lambda _: self._spawn(self._gone(party), "leg gone"))

    async def _gone(self, party: Party) -> None:
        async with self._moving:
            if self.over.done() or self.customer.gone.done():
                return
            if party is self.owner:
                await self._owner_leaves(End.LOST if party.recallable and not party.leg.ended_by_us else End.LEFT)
            elif self.third is not None and self.third.party is party:
                await self._third_left(party)

    def _stays(self, party: Party) -> bool:
        """Whether the customer may be left with it: two lines of the house talking at its cost is a hole."""
        return self._onward or party.kind == "agent"

    async def _owner_leaves(self, how: End) -> None:
        party = self.third.party if self.third else None
        if party is not None and not party.leg.gone.done() and self._stays(party):
            await self._hand_over(party)
        else:
            self.over.set_result(how)

    async def _third_left(self, party: Party) -> None:
        state = self._call.state
        self.third = None
        if state is State.CONFERENCE:
            await self.customer.out_of_room(self.owner.leg)
            self._call.move(Happening.OTHER_LEFT)
        elif state is State.CONSULTING:
            await self.owner.leg.parked()
            self._call.move(Happening.OTHER_LEFT)
        await self._part(party)
        self._call.rearranged()

    async def close(self) -> None:
        """Whatever is under way here ends; whoever was asked in is sent home. The owner stays the caller's affair."""
        if not self.over.done():
            self.over.set_result(End.LEFT)
        third, self.third = self.third, None
        if third is not None:
            third.give_up()
            if third.party is not None:
                await self._part(third.party)
        pending = {task for task in self._tasks if task is not asyncio.current_task()}
        if pending:
            await asyncio.wait(pending, timeout=5.0)

    # -- the rest ----------------------------------------------------------------------------------------------------

    def _possible(self, happening: Happening | None = None, *, alone: bool = False) -> None:
        """Raises ImpossibleMove when it is not, now."""
        if self.over.done() or self.owner.leg.gone.done():
            raise ImpossibleMove("the agent is not in this call any more")
        if happening is not None:
            after(self._call.state, happening)
        if alone and self.third is not None:
            raise ImpossibleMove("somebody else takes part in this call")

    def _answered(self) -> Party:
        party = self.third.party if self.third else None
        if party is None or party.leg.gone.done():
            raise ImpossibleMove("there is no third in this call")
        self._possible()
        return party

    async def _part(self, party: Party) -> None:
        self._call.parted(party)
        await party.release()

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is None:
            return
        if not isinstance(error, HungUp):
            log.error("a talk could not go on in order", step=task.get_name(), exc_info=error)
        if not self.over.done() and not self.customer.gone.done():
            self.over.set_result(End.LEFT)


def _outcome(ringing: asyncio.Task[Party]) -> tuple[Party | None, str]:
    """Who answered, or why nobody did."""
    if ringing.cancelled():
        return None, "given_up"
    error = ringing.exception()
    if error is None:
        return ringing.result(), ""
    if isinstance(error, NotReached):
        return None, error.cause
    log.error("a third could not be rung", exc_info=error)
    return None, "failed"
