"""A whole house on the fake Asterisk: link, calls, dispatcher, floor and router as `cti.app` wires them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest

from acd.agent_states import Activity
from acd.core import Acd
from acd.model import Config, Queue
from agents.roster import Page, Roster
from cti.asterisk.link import Link
from cti.bus import Bus
from cti.call import Call
from cti.call import House as Shared
from cti.call_states import State
from cti.calls import Calls
from cti.control import CallDesk
from cti.dispatcher import Dispatcher
from cti.events import Event, LinkChanged
from cti.floor import COLLEAGUES, Floor
from cti.notes import NOTE, read
from cti.resuming import Resuming
from cti.settings import OutboundSettings
from cti.supervision import Supervision
from cti.telephones import LineTelephones
from cti.today import Today
from db.store import AgentRecord
from ivr import menus
from ivr.caller import NotNow
from ivr.nodes import MenuSet
from tests.ami.fake import Channel, FakeAsterisk, fake_asterisk

MENU = (Path(menus.__file__).parent / "broker.toml").read_text("utf-8")
SKILLS = {"mandarin": 5, "english": 5, "trading": 5, "accounts": 5, "complaints": 5}
BRIEF_S = 1.0
PEOPLE = {
    **{n: AgentRecord(n, f"人{n}", f"P{n}", "agent", "", f"agent{n}", SKILLS) for n in ("1001", "1004")},
    "2001": AgentRecord("2001", "刘洋", "Liu Yang", "supervisor", "", "agent2001"),
}


class Kept:
    """Where skills and queues outlive a restart, unless it is `away`."""

    def __init__(self) -> None:
        self.away = False
        self.all: dict[tuple[str, str], Any] = {}

    async def set_skills(self, agent_id: str, skills: Mapping[str, int], /) -> None:
        self._keep(agent_id, "skills", dict(skills))

    async def set_queues(self, agent_id: str, queues: Sequence[str], /) -> None:
        self._keep(agent_id, "queues", list(queues))

    def _keep(self, agent_id: str, what: str, value: Any) -> None:
        if self.away:
            raise ConnectionError("the database is away")
        self.all[agent_id, what] = value


class Past:
    """What houses before have written, as the database would tell it. `away`: it cannot be asked."""

    behind = False

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.kept: list[dict[str, Any]] = []
        self.away = False

    def keep(self, table: str, row: dict[str, Any], /) -> None:
        self.kept.append({"table": table, **row})

    def _of(self, call_id: str | None, *kinds: str) -> list[Event]:
        if self.away:
            raise ConnectionError("the database is away")
        return [one for one in self.events if one.call_id == call_id and (not kinds or one.kind in kinds)]

    async def call_story(self, call_id: str, /) -> dict[str, Any] | None:
        return {"steps": [one.as_dict() for one in self._of(call_id)]}

    async def open_calls(self, before: float, since: float, /) -> list[dict[str, Any]]:
        came = [one for one in self.events if one.kind == "call_arrived" and since <= one.at < before]
        return [
            {"id": one.call_id, "arrived_at": one.at, "queue": (self._of(one.call_id)[-1]).queue, "agent_id": None,
             "number": "", "customer": None}
            for one in came if not self._of(one.call_id, "call_ended")
        ]  # fmt: skip

    async def agents_were(self, since: float, before: float, /) -> tuple[float, list[dict[str, Any]]]:
        self._of(None)
        moved = [one for one in self.events if one.kind == "agent_moved" and since <= one.at < before]
        last = {one.agent_id: one.as_dict() for one in moved}
        return self.events[-1].at if self.events else 0.0, [
            {"id": who, "at": step["at"], "status": step["status"], "activity": step["activity"],
             "reason": step.get("reason"), "call_id": step.get("call_id"),
             "queue": next((one.queue for one in reversed(self._of(step.get("call_id"))) if one.queue), None)}
            for who, step in last.items()
        ]  # fmt: skip


class Nothing:
    """A house that does nothing for callers by itself."""

    async def authenticate(self, call: Call, account: str, pin: str) -> bool:
        raise NotNow

    async def enquire(self, call: Call, ask: str) -> dict[str, Any]:
        raise NotNow

    async def customer(self, call: Call) -> dict[str, Any] | None:
        return call.facts.customer

    def admission(self, number: str) -> str | None:
        return None

    def hours(self, calendar: str) -> str:
        return "open"

    def call_back(self, call: Call, number: str, queue: str, requires: str) -> bool:
        return False

    async def leave_message(self, call: Call, queue: str, requires: str, most_s: float) -> bool:
        return False


class House:
    """What a scenario works with. Its queues have no wrap-up and offer a call for `offer_s` seconds."""

    def __init__(self, fake: FakeAsterisk, offer_s: float, past: Past | None = None) -> None:
        self.fake, self.offer_s, self.past = fake, offer_s, past or Past()
        self.events: list[Event] = []
        self.broken: dict[str, Exception] = {}
        self.bus = Bus()
        names = ("accounts", "trading", "complaints")
        queues = {
            name: Queue(name, wrapup_s=0.0 if name != "complaints" else 30.0, offer_timeout_s=offer_s)
            for name in (*names, COLLEAGUES)
        }
        self.acd = Acd(Config(queues))
        self.roster = Roster(time.time)
        self.calls = Calls(lambda: self.shared, lambda *device: self.floor.device(*device))  # noqa: PLW0108 - made below
        self.today = Today(UTC, dict.fromkeys(names, 20.0))
        self.floor = Floor(self.acd, self.bus, time.time, self.roster, self.calls, self.today)
        self.dispatcher = Dispatcher(self.acd, self.bus, time.time, self.floor, self.floor)
        self.floor.tell_acd = self.dispatcher.handle
        self.floor.queues = names
        outbound = OutboundSettings(trunk="outside", show_as=["02195588"])
        self.phones = LineTelephones(self.calls, self.floor, self.dispatcher, outbound)
        self.control = CallDesk(self.acd, self.calls, self.floor, self.phones, self.dispatcher.handle, outbound)
        self.kept = Kept()
        self.supervision = Supervision(
            self.acd, self.bus, time.time, self.roster, self.calls, self.floor, self.today, self.kept, SKILLS, names
        )
        self.floor.find_person = self._find_person
        menu = menus.parse(MENU, "broker.toml")
        self.shared = Shared(
            self.bus, time.time, self.dispatcher, self.phones, self, Nothing(), lambda _: menu,
            self._find_customer, "zh",
        )  # fmt: skip
        self.bus.subscribe(Event, self.events.append)
        self.resuming = self.calls.adopter = Resuming(
            self.calls, self.dispatcher, self.floor, self.past, self.past, self.bus, None, self._menu,
            self._find_customer, time.time, "zh",
        )  # fmt: skip
        self.floor.staff([one for one in PEOPLE.values() if one.role == "agent"])
        self.link = self.calls.link = Link(
            host="127.0.0.1",
            port=fake.port,
            user="zongji",
            secret="right",
            on_message=self.calls.hear,
            on_up=self._link_up,
            on_down=self._link_down,
            reconnect_s=0,
        )
        self.over = False
        self._pages: list[tuple[Page, asyncio.Task[None]]] = []
        self.seen: list[tuple[float, str]] = []

    async def _menu(self, _name: str, _version: str) -> MenuSet:
        return self.shared.menu_for("8000")

    @asynccontextmanager
    async def killed(self) -> AsyncIterator[House]:
        """This house is gone from one moment to the next; another on the same Asterisk, which is up and reconciled."""
        await self.link.close()
        self.past.events += self.events
        await self.close()
        heir = House(self.fake, self.offer_s, self.past)
        try:
            await heir.link.start()
            await heir.calls.until_known()
            yield heir
            await heir.nothing_is_left()
        finally:
            await heir.close()
            self.over = True

    async def _find_person(self, who: str) -> AgentRecord | None:
        return PEOPLE.get(who)

    def _link_up(self) -> None:
        self.bus.publish(LinkChanged(at=time.time(), up=True))
        self.calls.link_up()

    def _link_down(self, reason: str) -> None:
        self.bus.publish(LinkChanged(at=time.time(), up=False, reason=reason))
        self.calls.link_down()

    def prompt(self, prompt: str, language: str) -> Path:
        if prompt in self.broken:
            raise self.broken[prompt]
        return Path(f"/sounds/{language}/{prompt}")

    @contextmanager
    def words(self, words: Sequence[str], language: str) -> Iterator[Path]:
        yield Path(f"/sounds/{language}/{'-'.join(words)}")

    async def _find_customer(self, by: str, value: str) -> dict[str, Any] | None:
        return {"id": 1, "name": "张三丰"} if value == "13800000001" and by == "number" else None

    # -- people ------------------------------------------------------------------------------------------------------

    async def agent(self, agent_id: str = "1004", *, answers: bool = True) -> None:
        """An agent at an open page with a registered phone, ready. Who `answers` does so at once."""
        if answers:
            self.fake.auto_answer.add(f"agent{agent_id}")
        await self.floor.log_in(agent_id)
        self.open_page(agent_id)
        await self.holds(lambda: self.acd.state_of(agent_id).reachable)
        await self.floor.set_status(agent_id, "ready", None)

    def open_page(self, agent_id: str) -> None:
        page = self.roster.join(agent_id, lambda _code: None)
        self._pages.append((page, asyncio.create_task(self._read(page), name="page")))

    async def _read(self, page: Page) -> None:
        while True:
            item = await page.next()
            self.seen.append((time.monotonic(), item.text))
            item.written(True)

    async def queued(self, number: str = "13800000001", name: str = "<unknown>") -> tuple[Channel, Call]:
        """A caller who asked for quotes in Mandarin and waits."""
        channel, call = await self.arrived(number, name)
        for key in "12":
            self.fake.presses(channel, key)
        await self.until("call_queued", call_id=call.id)
        return channel, call

    async def arrived(self, number: str = "13800000001", name: str = "<unknown>") -> tuple[Channel, Call]:
        channel = self.fake.caller_arrives(number, name)
        arrived = await self.until("call_arrived", uniqueid=channel.uniqueid)
        return channel, self.calls.calls[arrived.call_id]

    async def talking(self, number: str = "13800000001") -> tuple[Channel, Call, Channel]:
        caller, call = await self.queued(number)
        await self.until("agent_connected", call_id=call.id)
        agent = self.fake.agent_leg()
        assert agent is not None
        await self.holds(lambda: caller.bridge and caller.bridge == agent.bridge)
        await self.holds(lambda: _noted(caller) == State.TALKING)
        return caller, call, agent

    async def ringing(self, agent: str = "1004") -> Channel:
        def ringing() -> Channel | None:
            leg = self.fake.agent_leg(agent)
            return leg if leg is not None and leg.state == "Ringing" else None

        await self.holds(ringing)
        leg = ringing()
        assert leg is not None
        await self.holds(self.calls.legs[leg.uniqueid].rang.is_set)
        return leg

    @asynccontextmanager
    async def outage(self) -> AsyncIterator[None]:
        """The link is gone; what happens meanwhile is never told. Afterwards it is up and reconciled."""
        self.fake.mute_log_in = True
        self.fake.cut()
        await self.holds(self._is_down)
        yield
        self.fake.mute_log_in = False
        self.fake.cut()
        await self.back()

    def _is_down(self) -> bool:
        return not self.link.up

    async def back(self) -> None:
        await self.holds(lambda: self.link.up)
        await self.calls.until_known()

    # -- looking -----------------------------------------------------------------------------------------------------

    async def until(self, what: str, deadline_s: float = 15.0, **fields: Any) -> Any:
        found: list[Event] = []

        def there() -> bool:
            for event in self.events:
                if event.kind == what and all(getattr(event, key) == value for key, value in fields.items()):
                    found.append(event)
                    return True
            return False

        try:
            await self.holds(there, deadline_s)
        except TimeoutError:
            raise AssertionError(f"no {what} {fields}; there were {[e.as_dict() for e in self.events]}") from None
        return found[0]

    async def holds(self, condition: Callable[[], object], deadline_s: float = 15.0) -> None:
        async with asyncio.timeout(deadline_s):
            while not condition():  # noqa: ASYNC110 - any condition, also of the fake
                await asyncio.sleep(0.002)

    def asked(self, action: str, **fields: str) -> list[Any]:
        """What Asterisk was asked."""
        return [
            one
            for one in self.fake.received
            if one.name == action and all(one.get(key) == value for key, value in fields.items())
        ]

    async def nothing_is_left(self) -> None:
        await self.holds(lambda: not self.calls.calls and not self.calls.legs and not self.fake.channels)
        assert self.dispatcher.offers == 0
        assert self.dispatcher._waiting == {}
        await self.holds(lambda: not self.dispatcher._tasks)
        assert self.acd.waiting() == []
        assert {self.acd.state_of(agent).activity for agent in self.acd.agents} == {Activity.IDLE}
        await self.holds(lambda: not self.link._pending)
        ends = [event.call_id for event in self.events if event.kind == "call_ended"]
        begins = {"call_arrived", "call_taken_up"}
        arrivals = [event.call_id for event in self.events if event.kind in begins]
        assert sorted(ends, key=str) == sorted(arrivals, key=str)
        moved = [event for event in self.events if event.kind == "call_moved"]
        last: dict[str | None, str] = {event.call_id: event.after for event in moved}  # type: ignore[attr-defined]
        assert set(last.values()) <= {State.ENDED.value}

    async def close(self) -> None:
        for page, task in self._pages:
            task.cancel()
            self.roster.leave(page)
        async with asyncio.timeout(15):
            await self.calls.close(1.0)
            await self.dispatcher.close()
            await self.link.close()


def _noted(caller: Channel) -> str:
    """Where its call stands, as the channel says."""
    note = read(caller.variables.get(NOTE, ""))
    return note.state if note is not None else ""


@pytest.fixture
def offer_s() -> float:
    """No offer ends by itself while a slow machine plays the story; a test of such an end says `brief`."""
    return 30.0


brief = pytest.mark.parametrize("offer_s", [BRIEF_S], ids=["brief"])


@pytest.fixture
async def house(offer_s: float) -> AsyncIterator[House]:
    """After the story nothing may be left: no leg, call, offer, contact, answer or task."""
    async with fake_asterisk() as fake:
        house = House(fake, offer_s)
        await house.link.start()
        yield house
        try:
            if not house.over:
                await house.nothing_is_left()
        finally:
            await house.close()
    await house.holds(lambda: asyncio.all_tasks() == {asyncio.current_task()})
