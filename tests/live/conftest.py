"""A real Asterisk, a whole server and real telephones, on free ports, in a folder of their own."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from acd.agent_states import Activity
from agents.roster import Page
from agents.wire import CallState, Message, server_messages
from cti.app import Server
from cti.audio import write_hold_music
from cti.events import Event
from cti.pbx import Pbx, PbxConfig
from cti.phones import Account, Phone, phone
from cti.secrets import Secrets
from cti.settings import AsteriskSettings, OutboundSettings, QueueSettings, Settings
from cti.settings_demo import DEMO_QUEUES
from cti.voice import Voice, prepare_voice
from ivr.nodes import Collect, Menu
from tests.live.tones import write_all
from tests.ports import free_port, free_rtp

ROOT = Path(__file__).parents[2]
PROVIDED = ROOT / ".pbx" / "asterisk.json"
PASSWORD = "for-this-test"
PHONES = ("agent1001", "agent1002", "agent1003", "agent1004", "web1004", "agent2001", "web2002")
QUIRK = "Option 'stir_shaken' is no longer supported"  # of every endpoint that is pushed twice
CROSSED = "Session already DISCONNECTED"  # a hang-up has crossed Asterisk's update of the caller's name
AWAY_S = 6.0  # callers who wait go to the fallback so long after the server went
BUSY = {Activity.OFFERED, Activity.TALKING, Activity.HELD}


@dataclass
class Desk:
    """An agent's page: a scripted one on the real roster, which takes what it is sent with the time."""

    server: Server
    agent_id: str
    got: list[tuple[float, Message]] = field(default_factory=list)

    async def read(self, page: Page) -> None:
        while True:
            item = await page.next()
            message = server_messages.validate_json(item.text)
            self.got.append((time.time(), message))
            item.written(True)

    def call_states(self) -> list[CallState]:
        return [message for _, message in self.got if isinstance(message, CallState)]

    def first(self, kind: str) -> tuple[float, Any] | None:
        return next((one for one in self.got if getattr(one[1], "type", "") == kind), None)


@dataclass
class House:
    """What a live test works with. `gateway`: whoever is there is called when somebody dials to the outside."""

    server: Server
    app: FastAPI
    gateway: str
    pbx: Pbx
    sip: str
    stack: AsyncExitStack
    events: list[Event] = field(default_factory=list)
    foreseen: list[str] = field(default_factory=lambda: [CROSSED, QUIRK])  # what Asterisk may complain of in this test

    async def until(self, what: str, deadline_s: float = 15.0, **fields: Any) -> Any:
        """The first event of this kind with these fields, as soon as it is there."""
        async with asyncio.timeout(deadline_s):
            while True:
                for event in self.events:
                    if event.kind == what and all(getattr(event, key) == value for key, value in fields.items()):
                        return event
                await asyncio.sleep(0.01)

    async def holds(self, condition: Any, deadline_s: float = 20.0) -> None:
        async with asyncio.timeout(deadline_s):
            while not condition():  # noqa: ASYNC110 - any condition, also of Asterisk
                await asyncio.sleep(0.01)

    async def passes(self, seconds: float) -> None:
        """The call goes on for this long: how long something is heard is what is measured."""
        await asyncio.sleep(seconds)

    async def agent(
        self, agent_id: str, *, auto_answer: bool = True, ready: bool = True, hz: int = 880, kind: str = "agent"
    ) -> tuple[Desk, Phone]:
        """An agent with a page and a registered telephone, ready unless that is to come later."""
        sip_phone = await self.agents_phone(agent_id, auto_answer=auto_answer, hz=hz, kind=kind)
        desk = Desk(self.server, agent_id)
        await self.server.floor.log_in(agent_id)
        page = self.server.roster.join(agent_id, lambda _code: None)
        self.stack.callback(self.server.roster.leave, page)
        task = asyncio.create_task(desk.read(page), name="page")
        self.stack.callback(task.cancel)
        await self.holds(lambda: self.server.acd.state_of(agent_id).reachable)
        if ready:
            await self.ready(agent_id)
        return desk, sip_phone

    async def ready(self, agent_id: str) -> None:
        """At once: while a phone rings there is no time to bring another."""
        await self.server.floor.set_status(agent_id, "ready", None)

    async def agents_phone(
        self, agent_id: str, *, auto_answer: bool = True, hz: int = 880, kind: str = "agent"
    ) -> Phone:
        """An agent's telephone, registered; of `kind` web it counts as that of a page."""
        account = Account(f"{kind}{agent_id}", PASSWORD, auto_answer=auto_answer)
        sip_phone = await self.stack.enter_async_context(phone(self.sip, [account], tone_hz=hz))
        # baresip asks again half a minute after a registration that was lost
        await self.holds(lambda: self.server.floor.has_phone(agent_id), 45)
        return sip_phone

    async def caller(self, number: str = "13800000001", name: str = "") -> Phone:
        """A caller who has dialled the house."""
        account = Account("caller", PASSWORD, name, number, register=False)
        caller = await self.stack.enter_async_context(phone(self.sip, [account]))
        caller.dial(f"sip:8000@{self.sip}")
        await caller.wait_for("CALL_ESTABLISHED")
        return caller

    async def queued(self, number: str = "13800000002", keys: str = "12") -> Phone:
        """A caller who typed ahead (Mandarin, quotes) and now waits."""
        known = set(self.server.calls.calls)
        caller = await self.caller(number)
        [call_id] = set(self.server.calls.calls) - known
        await caller.press(keys, gap_s=0.1)
        await self.until("call_queued", call_id=call_id)
        return caller

    def leg_of(self, agent_id: str) -> str:
        """The channel of the agent's part in a call."""
        [party] = [one for call in self.server.calls.calls.values() if (one := call.party_of(agent_id))]
        return party.leg.uniqueid

    def told(self, what: str, key: str) -> list[Any]:
        """This field of every event of the kind, in order."""
        return [getattr(event, key) for event in self.events if event.kind == what]

    def nobody_is_busy(self) -> bool:
        acd = self.server.acd
        return not any(acd.state_of(one).activity in BUSY for one in acd.agents)


def _impatient(voice: Voice) -> Voice:
    """The menu waits a second for a key, so that a test of silence is over soon."""
    nodes = {
        name: replace(node, timeout_s=1.0) if isinstance(node, Menu | Collect) else node
        for name, node in voice.menu.nodes.items()
    }
    return replace(voice, menus={**voice.menus, voice.answers: replace(voice.menu, nodes=nodes)})


def _udp_port() -> int:
    return free_port(socket.SOCK_DGRAM)


@dataclass
class Parts:
    """What a house is made of, none of it started."""

    settings: Settings
    voice: Voice
    pbx: Pbx

    @property
    def sip(self) -> str:
        return f"127.0.0.1:{self.settings.asterisk.sip_port}"

    @asynccontextmanager
    async def serving(self, *, killed: bool = False) -> AsyncIterator[House]:
        """The server, on a PBX that runs. `killed`: in the end it cannot say a word to Asterisk, nor to the journal."""
        server = Server(self.settings, Secrets(PASSWORD, "s" * 40, PASSWORD, PASSWORD), self.voice)
        events: list[Event] = []
        server.bus.subscribe(Event, events.append)
        async with AsyncExitStack() as stack, server.running() as app:
            house = House(server, app, self.settings.outbound.gateway or "", self.pbx, self.sip, stack, events)
            try:
                yield house
                if killed:
                    await server.journal.flush()
                    await server.link.close()
                    if server.recorder is not None:
                        server.recorder._running.clear()
                    server.journal.write = lambda *_: None  # type: ignore[method-assign]
                    server.journal.keep = lambda *_: None  # type: ignore[method-assign]
                    return
                await stack.aclose()
                await nothing_is_left(house)
            finally:
                await stack.aclose()


async def asterisk_is_empty(pbx: Pbx, deadline_s: float = 15.0) -> None:
    """No channel and no bridge. It lets go of them after it has told of their end."""
    channels, bridges = "", ""
    try:
        async with asyncio.timeout(deadline_s):
            while "0 active channels" not in channels or len(bridges.strip().splitlines()) != 1:
                channels, bridges = await pbx.console("core show channels"), await pbx.console("bridge show all")
    except TimeoutError:
        raise AssertionError(f"after {deadline_s:g} s there are still\n{channels}\n{bridges}") from None


async def nothing_is_left(house: House) -> None:
    """Whatever the test did: no call, channel, bridge, offer or waiting contact, no busy agent, no error logged."""
    server = house.server
    await house.holds(lambda: not server.calls.calls and not server.calls.legs)
    await house.holds(house.nobody_is_busy)
    await asterisk_is_empty(house.pbx)
    await house.holds(lambda: server.dispatcher.offers == 0 and not server.acd.waiting(None, time.time()))
    complaints = house.pbx.log_lines("ERROR", "WARNING")
    unforeseen = [line for line in complaints if not any(words in line for words in house.foreseen)]
    assert not unforeseen, "\n".join(unforeseen)


@asynccontextmanager
async def running_pbx(
    folder: Path, recordings: Path | None, media: tuple[int, int] | None = None
) -> AsyncIterator[Parts]:
    """A whole house but for its server. `media`: ports for more calls than a test has."""
    if not PROVIDED.exists():
        pytest.fail("no Asterisk: run 'make setup'")
    settings = Settings(
        run_dir=folder,
        recordings_dir=recordings,
        asterisk=AsteriskSettings(sip_port=_udp_port(), ami_port=free_port(), http_port=free_port(), away_s=AWAY_S),
        recall_s=4.0,
        outbound=OutboundSettings(trunk="outside", gateway=f"sip:127.0.0.1:{_udp_port()}", show_as=["02195588"]),
        queues=[QueueSettings(**{**queue, "offer_timeout_s": 4.0, "wrapup_s": 1.0}) for queue in DEMO_QUEUES],
    )
    if recordings is not None:
        shutil.copytree(recordings / "made" / "sounds", folder / "sounds", copy_function=os.link)
    voice = _impatient(await prepare_voice(settings))
    await asyncio.to_thread(write_hold_music, folder / "moh" / "hold.wav")
    rtp, last = media or free_rtp()
    config = PbxConfig(
        folder / "pbx", PROVIDED, "127.0.0.1", settings.asterisk.sip_port, settings.asterisk.ami_port,
        settings.asterisk.http_port, rtp, last, PASSWORD, PASSWORD, dict.fromkeys(PHONES, PASSWORD), folder / "moh",
        trunk=("outside", settings.outbound.gateway or ""), fallback_prompt=voice.files.path("fallback", "zh"),
        fallback_wait_s=6, away_s=AWAY_S,
    )  # fmt: skip
    pbx = Pbx(config, ROOT / "asterisk-config")
    await pbx.start()
    try:
        yield Parts(settings, voice, pbx)
    finally:
        await pbx.stop()


@asynccontextmanager
async def running_house(folder: Path, recordings: Path | None = None) -> AsyncIterator[House]:
    """A whole house; without recordings its prompts are spoken."""
    async with running_pbx(folder, recordings) as parts, parts.serving() as house:
        yield house


def _open_files() -> set[str]:
    found = set()
    for one in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # the listing itself is gone by then
            found.add(f"{one.name} {one.readlink()}")
    return found


@asynccontextmanager
async def nothing_stays_open() -> AsyncIterator[None]:
    """No task and no file more than before."""
    tasks, files = asyncio.all_tasks(), _open_files()
    yield
    left = {task for task in asyncio.all_tasks() - tasks if not task.done() and task is not asyncio.current_task()}
    assert not left, left
    for _ in range(100):  # a closed transport lets go in its own time
        if len(_open_files()) <= len(files):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(sorted(_open_files() - files))


@pytest.fixture(scope="session")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every prompt is a pair of tones of its own, so that a recording tells which of them was heard.

    What is made of them lies in `made`, once for all houses.
    """
    folder = tmp_path_factory.mktemp("recordings")
    write_all(folder)
    settings = Settings(run_dir=folder / "made", recordings_dir=folder)
    asyncio.run(prepare_voice(settings))
    return folder


@pytest.fixture
async def parts(recordings: Path) -> AsyncIterator[Parts]:
    """A PBX whose server has not come yet."""
    # its name is short: a Unix socket's path has 107 characters
    with tempfile.TemporaryDirectory(prefix="zj") as folder:
        async with nothing_stays_open(), running_pbx(Path(folder), recordings) as parts:
            yield parts


@pytest.fixture
async def house(parts: Parts) -> AsyncIterator[House]:
    """A whole house; after the test nothing of its calls is left."""
    async with parts.serving() as house:
        yield house
