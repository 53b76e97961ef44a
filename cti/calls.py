"""Live legs and calls by channel: routes what the PBX says, dials what we want dialled."""

from __future__ import annotations

import asyncio
import itertools
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import structlog

from cti import events
from cti.adoption import ARRIVALS, FALLBACK, OURS, Channel, Plan, channel_of, placed, plan
from cti.asterisk import commands
from cti.asterisk.channel import UNSEEN, Leg
from cti.asterisk.link import ActionRefused, ActionTimeout, Link, LinkDown
from cti.asterisk.messages import AsyncAgiStart, DeviceState, Fields, FullyBooted, Message, NewChannel
from cti.call import Call, Facts, House, TakenUp
from cti.notes import CUSTOMER, PARTY, VARIABLES

log = structlog.get_logger(__name__)
HEARTBEAT_S = 5.0
BATCH = 100  # renewals written at once
ASK_AGAIN_S = 1.0
CLOSE_S = 5.0  # two times of the start of one Asterisk, told by whole seconds


@dataclass(frozen=True, slots=True)
class Dialling:
    """How a phone is rung. `auto`: it is to answer by itself. `number`: whom the endpoint is to reach, if it is a line
    to the outside. `call_id` is told to a browser's phone."""

    timeout_s: float
    caller_name: str = ""
    caller_number: str = ""
    auto: bool = False
    number: str = ""
    call_id: str = ""
    tag: str = ""  # whose leg it is, for the next server (`cti.notes.PartyNote`)
    customer: bool = False

    def variables(self) -> list[tuple[str, str]]:
        """Of the channel, from its birth on."""
        told = {PARTY: self.tag, CUSTOMER: self.number if self.customer else ""}
        return [*self.headers(), *((name, value) for name, value in told.items() if value)]

    def headers(self) -> list[tuple[str, str]]:
        """As channel variables that add them to the INVITE."""
        wanted = {"X-Zongji-Call": self.call_id}
        if self.auto:
            wanted |= {"X-Zongji-Answer": "auto", "Call-Info": "<sip:zongji>;answer-after=0"}
        return [(f"PJSIP_HEADER(add,{name})", value) for name, value in wanted.items() if value and not self.number]


class Adopter(Protocol):
    """Goes on with what a server before has left."""

    async def adopt(self, found: Plan) -> None:
        """Every call stands where it stood, before agents are offered any. Never raises."""


class Calls:
    """The table of what is alive. An unknown channel that enters our loop from outside is a new call.

    `away_s`: so long callers stay in our loop when they hear nothing of us.
    """

    def __init__(self, house: Callable[[], House], on_device: Callable[[str, str], None], away_s: float = 45.0) -> None:
        self._away_s = away_s
        self.calls: dict[str, Call] = {}
        self.legs: dict[str, Leg] = {}
        self._house, self._on_device = house, on_device
        self._tasks: set[asyncio.Task[None]] = set()
        self._ids = itertools.count(1)
        self._run = secrets.token_hex(3)
        self._of_link: list[asyncio.Task[None]] = []
        self._known = asyncio.Event()
        self._began: float | None = None
        self._restarted = False
        self._early: list[Message] = []
        self.adopter: Adopter | None = None
        self.link: Link
        self.draining = False

    # -- from the PBX ------------------------------------------------------------------------------------------------

    def hear(self, message: Message) -> None:
        """One message, in order."""
        if isinstance(message, DeviceState):
            self._on_device(message.device, message.state)
            return
        if isinstance(message, FullyBooted):
            self._booted(message)
            return
        uniqueid = getattr(message, "uniqueid", "")
        leg = self.legs.get(uniqueid)
        if leg is not None:
            leg.hear(message)
        elif not self._known.is_set() and uniqueid:
            self._early.append(message)  # what it belongs to is being found out
        elif isinstance(message, NewChannel) and self._dialled(uniqueid):
            self._end_stray(uniqueid)
        elif isinstance(message, AsyncAgiStart) and not self.draining:
            self._arrival(message)

    def _booted(self, message: FullyBooted) -> None:
        """Whether it is the Asterisk of before; another has none of our calls."""
        began = self.now() - message.uptime_s
        self._restarted = self._began is not None and began > self._began + CLOSE_S
        self._began = began

    def _dialled(self, uniqueid: str) -> bool:
        return uniqueid.startswith(f"{OURS}{self._run}-")

    def _end_stray(self, uniqueid: str) -> None:
        """A leg that nobody here knows, or that we gave up before it was there."""
        log.warning("a leg nobody knows was ended", uniqueid=uniqueid)
        self.link.send(commands.Hangup(uniqueid, 16))

    def _arrival(self, message: AsyncAgiStart) -> None:
        env = message.env
        if env.get("agi_context") != ARRIVALS or message.uniqueid.startswith(OURS):
            self._end_stray(message.uniqueid)
            return
        leg = self._adopt(message.uniqueid, message.channel)
        leg.customer = True
        leg.hear(message)
        number, name = env.get("agi_callerid", ""), env.get("agi_calleridname", "")
        facts = Facts(
            number="" if number == "unknown" else number,
            name="" if name == "unknown" else name,
            dialled=env.get("agi_extension", ""),
            arrived_at=self._house().clock(),
            language=self._house().language,
        )
        call = self._begin(leg, facts)
        call.publish(
            events.CallArrived, uniqueid=message.uniqueid, number=facts.number, name=facts.name, dialled=facts.dialled
        )  # fmt: skip
        self._run_call(call)

    def _begin(self, leg: Leg, facts: Facts) -> Call:
        house = self._house()
        call = Call(f"c{int(facts.arrived_at)}-{self._run}-{next(self._ids)}", leg, facts, house)
        self.calls[call.id] = call
        return call

    def _run_call(self, call: Call) -> None:
        task = asyncio.create_task(self._tell(call), name=f"call {call.id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _tell(self, call: Call) -> None:
        with structlog.contextvars.bound_contextvars(call_id=call.id):
            try:
                await call.run()
            except Exception:
                log.exception("a call could not be ended in order")
            finally:
                self.calls.pop(call.id, None)

    def _adopt(self, uniqueid: str, channel: str = "") -> Leg:
        leg = self.legs[uniqueid] = Leg(self.link, uniqueid, channel=channel)
        leg.gone.add_done_callback(lambda _: self.legs.pop(uniqueid, None))
        return leg

    # -- to the PBX --------------------------------------------------------------------------------------------------

    def now(self) -> float:
        """UTC epoch seconds."""
        return self._house().clock()

    def page_lost(self, agent_id: str) -> None:
        """The page in which this agent spoke is no more: its leg ends, and is rung again at the next one."""
        for call in self.calls.values():
            party = call.party_of(agent_id)
            if party is not None and party.recallable:
                party.leg.drop()

    def make(self, number: str, agent_id: str) -> Call:
        """A call that an agent makes, not begun yet: `start` begins it. Its leg is dialled by the call."""
        house = self._house()
        facts = Facts(
            number=number, name="", dialled="", arrived_at=house.clock(), language=house.language,
            direction="out", agent_id=agent_id,
        )  # fmt: skip
        return self._begin(self.new_leg(), facts)

    def make_for(self, number: str, channel: str, language: str) -> Call:
        """A call for a customer who is not on the line, not begun yet: `begin` begins it."""
        house = self._house()
        facts = Facts(number, "", "", house.clock(), language, direction=channel)
        return self._begin(self.new_leg(), facts)

    def begin(self, call: Call) -> None:
        """What `make_for` has made; its customer has a place in line."""
        self._run_call(call)

    def start(self, call: Call) -> None:
        """What `make` has made."""
        call.publish(events.CallMade, agent_id=call.facts.agent_id, number=call.facts.number)
        self._run_call(call)

    def forget(self, call: Call) -> None:
        """What `make` has made is not wanted."""
        call.leg.lost()
        self.calls.pop(call.id, None)

    def new_leg(self) -> Leg:
        """A leg with a name, which nobody has dialled yet."""
        return self._adopt(f"{OURS}{self._run}-{next(self._ids)}")

    async def dial(self, endpoint: str, dialling: Dialling, leg: Leg | None = None) -> Leg:
        """A leg that rings; raises ActionRefused, ActionTimeout or LinkDown."""
        leg = leg or self.new_leg()
        leg.dialled, leg.customer = True, dialling.customer
        try:
            await self.link.action(
                commands.Originate(
                    endpoint,
                    leg.uniqueid,
                    timeout_s=dialling.timeout_s,
                    caller_name=dialling.caller_name,
                    caller_number=dialling.caller_number,
                    variables=dialling.variables(),
                    number=dialling.number,
                )
            )
        except BaseException:
            leg.lost()
            raise
        return leg

    # -- the link ----------------------------------------------------------------------------------------------------

    def link_up(self) -> None:
        """The dialplan learns that we are there; what ended while we were away is found out."""
        self._of_link = [
            asyncio.create_task(self._reconcile(), name="reconcile"),
            asyncio.create_task(self._beat(), name="heartbeat"),
        ]

    def link_down(self) -> None:
        """What was asked on this link has no answer: the next one asks anew."""
        self._known.clear()
        self._early.clear()
        self._end_of_link()
        for leg in list(self.legs.values()):
            leg.link_down()

    def _end_of_link(self) -> None:
        for task in self._of_link:
            task.cancel()

    async def until_known(self) -> None:
        """The link is up, and each leg's place is known again."""
        await self._known.wait()

    async def _beat(self) -> None:
        while True:
            # The wall's time, not the house's: the dialplan compares it with its own.
            self.link.send(commands.Setvar(None, "CTI_ALIVE", str(int(time.time()))))
            await asyncio.sleep(HEARTBEAT_S)

    async def _renew(self) -> None:
        """Nobody who stands in our loop goes to the fallback while we are here: at once, for it may be late already."""
        while True:
            await self._renew_all()
            await asyncio.sleep(self._away_s / 3)

    async def _renew_all(self) -> None:
        """Apart from who sleeps between two rounds, and would hold the last leg until the next."""
        for n, leg in enumerate([leg for leg in self.legs.values() if leg.wants_renewal], 1):
            leg.renew(self._away_s)
            if n % BATCH == 0:
                await asyncio.sleep(0)

    async def _reconcile(self) -> None:
        """Where each leg stands, asked until it is known."""
        while not self._known.is_set():
            try:
                rows = placed(
                    await self.link.rows(commands.Status(VARIABLES)), await self.link.rows(commands.Bridges())
                )
                devices = await self.link.rows(commands.DeviceStates())
            except LinkDown:  # and so this is being cancelled
                return
            except (ActionRefused, ActionTimeout) as error:
                log.error("Asterisk does not say what is alive", reason=str(error))  # noqa: TRY400 - no fault of ours
                await asyncio.sleep(ASK_AGAIN_S)
                continue
            for row in devices:
                self._on_device(row.get("device", ""), row.get("state", ""))
            await self._found(rows)
            self._known.set()
            self._of_link.append(asyncio.create_task(self._renew(), name="renewal"))
            early, self._early = self._early, []
            for message in early:
                self.hear(message)

    async def _found(self, rows: list[Fields]) -> None:
        """Legs that are no more have ended; calls of a server before go on."""
        alive = {row.get("uniqueid", ""): row for row in rows}
        if self._restarted:
            log.warning("Asterisk has been started anew: its calls are lost", calls=len(self.calls))
            for call in self.calls.values():
                call.lost_with_pbx()
        self._restarted = False
        for uniqueid, leg in list(self.legs.items()):
            row = alive.get(uniqueid)
            if leg.in_doubt and row is None:
                leg.lost(UNSEEN)
            elif leg.in_doubt and row is not None:
                _stands(leg, channel_of(row))
        found = plan([row for uniqueid, row in alive.items() if uniqueid not in self.legs], self._run)
        for stray in found.strays:
            self._end_stray(stray.uniqueid)
        begun = {message.uniqueid for message in self._early if isinstance(message, AsyncAgiStart)}
        for one in found.new:
            if one.uniqueid not in begun:
                self.back_to_loop(one)
        if self.adopter is not None:
            await self.adopter.adopt(found)

    def take_up(self, found: Channel) -> Leg:
        """A channel of a server before is ours from now on."""
        leg = self._adopt(found.uniqueid, found.name)
        leg.customer = found.customer
        _stands(leg, found)
        return leg

    def give_up(self, found: Channel) -> None:
        """Nothing is known of this caller any more, who begins anew."""
        self.legs.pop(found.uniqueid, None)
        self.calls.pop(found.note.call if found.note else "", None)
        self.back_to_loop(found)

    def gone_leg(self, uniqueid: str) -> Leg:
        """Of a party who has left meanwhile."""
        leg = self._adopt(uniqueid)
        leg.lost(UNSEEN)
        return leg

    def resume(self, call_id: str, leg: Leg, facts: Facts, before: TakenUp) -> Call:
        """A call of a server before, not run yet: `begin` goes on with it."""
        call = self.calls[call_id] = Call(call_id, leg, facts, self._house())
        call.take_up(before)
        return call

    def back_to_loop(self, found: Channel) -> None:
        """A caller whom the fallback has, and nobody else: the server is there again."""
        dialled = found.exten if found.context in {ARRIVALS, FALLBACK} else found.note.dialled if found.note else ""
        self.link.send(commands.Redirect(found.uniqueid, ARRIVALS, dialled or found.exten, "try"))

    async def close(self, grace_s: float = 3.0) -> None:
        """No new calls; those under way are ended."""
        self.draining = True
        self._end_of_link()
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace_s)


def _stands(leg: Leg, where: Channel) -> None:
    """After a loss of the link, or by a new server: what the PBX says of this leg."""
    leg.found(where.name, where.state, where.bridge, where.lobby, ours=where.in_loop)
