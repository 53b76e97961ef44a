"""A whole house to be loaded and hurt: its own Asterisk, the server in a process of its own, telephones, pages."""

from __future__ import annotations

import asyncio
import json
import math
import os
import random
import shutil
import signal
import socket
import sys
import tempfile
import time
import wave
from array import array
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from agents.auth import Auth
from cti.asterisk import commands
from cti.asterisk.link import Link
from cti.asterisk.messages import Fields, Message
from cti.audio import write_hold_music
from cti.desk_client import Desk, DeskError
from cti.notes import VARIABLES
from cti.pbx import Pbx, PbxConfig
from db.engine import dispose, make_engine, upgrade
from db.store import Store
from db.tables import AgentRow
from tests.live.tones import write_all
from tests.load.media import Media
from tests.load.proxy import Proxy
from tests.ports import free_port
from tests.processes import server_of

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
PASSWORD, TOKEN = "for-this-test", "for load alone, in no house at all"
FIRST_AGENT, QUEUE, NUMBER = 5001, "load", "8000"


def _waiting_menu(name: str, requires: str) -> str:
    """A menu that does nothing but lead into the queue, in the words of its file."""
    wanted = f'requires = "{requires}"' if requires else ""
    return f'name = "{name}"\nstart = "in"\n\n[nodes.in]\nkind = "queue"\nqueue = "{QUEUE}"\n{wanted}\n'


SILENT = ("goodbye", "queue_wait", "excuse_again")  # what would only cost time is a tick
CEL = {
    "cel.conf": "[general]\nenable=yes\nevents=CHAN_START,ANSWER,HANGUP,CHAN_END,BRIDGE_ENTER,BRIDGE_EXIT\n"
    "dateformat = %s.%6q\n",
    "cel_custom.conf": "[mappings]\nMaster.csv => ${eventtype},${eventtime},${CHANNEL(uniqueid)},"
    "${CHANNEL(channame)}\n",
}


def agent_ids(count: int) -> list[str]:
    return [str(FIRST_AGENT + n) for n in range(count)]


class Page:
    """An agent's page, which comes back by itself. Ready is said once: afterwards the server is to know it."""

    def __init__(self, base: str, agent_id: str) -> None:
        self.agent_id, self._base = agent_id, base
        self._desk: Desk | None = None
        self.status = self.activity = ""
        self.open = asyncio.Event()
        self.refused: Any = None
        self.me: dict[str, Any] = {}
        self._chosen = False

    def choose_again(self) -> None:
        """The next server is told ready too: of the last one who rang in vain may have been taken out of the line."""
        self._chosen = False

    async def run(self) -> None:
        while True:
            with suppress(DeskError, WebSocketException, OSError, TimeoutError):
                await self._session()
            self.open.clear()
            await asyncio.sleep(0.1 + random.random() / 10)

    async def _session(self) -> None:
        if self._desk is None:  # no log-in: a hundred from one address would be an attack
            token = Auth(TOKEN).issue(_Person(self.agent_id), time.time()).access
            self._desk = Desk(self._base, self.agent_id, token)
        ticket = (await self._desk.post("/api/ws-ticket", {}))["ticket"]
        async with connect(f"{self._desk.base.replace('http', 'ws', 1)}/ws?ticket={ticket}") as socket:
            if not self._chosen:
                ready = {"type": "command", "key": "be-ready", "name": "set_status", "args": {"status": "ready"}}
                await socket.send(json.dumps(ready))
            async for text in socket:
                message = json.loads(text)
                match message["type"]:
                    case "snapshot":
                        self._is(message["me"])
                        self.open.set()
                    case "answer" if message["key"] == "be-ready":
                        self._chosen, self.refused = bool(message["ok"]), message.get("error")
                    case "pop":
                        shown = {"type": "pop_shown", "call_id": message["call_id"], "at": message["at"]}
                        await socket.send(json.dumps(shown))
                    case "agent_state":
                        self._is(message["agent"])
                    case "beat":
                        await socket.send('{"type": "heartbeat"}')

    def _is(self, me: dict[str, Any] | None) -> None:
        if me is not None:
            self.status, self.activity, self.me = me["status"], me["activity"], me


@dataclass
class _Person:
    id: str
    name: str = ""
    name_en: str = ""
    role: str = "agent"
    password_hash: str = ""


@dataclass
class LoadHouse:
    """`media`: the first ports are the callers', the last the agents'. `folder` holds everything and is short."""

    folder: Path
    agents: int
    media: Media
    pbx: Pbx
    proxy: Proxy
    web: int
    sip_port: int
    database_url: str
    more: Mapping[str, str]
    stack: AsyncExitStack
    server: asyncio.subprocess.Process | None = None
    pages: list[Page] = field(default_factory=list)
    heard: list[tuple[float, Message]] = field(default_factory=list)
    link: Link | None = None
    sink: int = 0  # a port at which nobody listens to what comes

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.web}"

    @property
    def run_dir(self) -> Path:
        return self.folder / "run"

    # -- the server --------------------------------------------------------------------------------------------------

    async def start(self, deadline_s: float = 60.0) -> float:
        """The server is in service: seconds from its start to readiness."""
        begun = time.monotonic()
        out = (self.folder / "server.log").open("ab")
        env = {key: value for key, value in os.environ.items() if not key.startswith("ZONGJI_")}
        self.server = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "cti", "up", cwd=ROOT, stdout=out, stderr=out, start_new_session=True,
            env={**env, "ZONGJI_SETTINGS": str(self.folder / "zongji.toml"), **self.more},
        )  # fmt: skip
        out.close()
        async with asyncio.timeout(deadline_s):
            while not await self.is_ready():
                if self.server.returncode is not None:
                    raise RuntimeError((self.folder / "server.log").read_text()[-2000:])
                await asyncio.sleep(0.02)
        return time.monotonic() - begun

    async def is_ready(self) -> bool:
        try:
            found = await asyncio.wait_for(Desk(self.base, "").get("/readyz"), 2.0)
        except (DeskError, TimeoutError):
            return False
        return bool(found["ready"])

    async def is_away(self) -> bool:
        """It says that it cannot serve calls, or nothing."""
        return not await self.is_ready()

    async def comes_again(self, deadline_s: float = 60.0) -> float:
        """The server is killed, as by the kernel when memory is short: seconds until the next is in service."""
        killed, begun = self.server_pid, time.monotonic()
        self.signal(signal.SIGKILL)
        await self.until(lambda: self.server_pid not in (0, killed), deadline_s)
        await self.until(self.is_ready, deadline_s)
        return time.monotonic() - begun

    async def kill(self) -> None:
        """The server and its keeper."""
        assert self.server is not None
        self.server.kill()
        await self.server.wait()

    @property
    def server_pid(self) -> int:
        """The process that serves; 0 when there is none."""
        return server_of(self.server.pid) if self.server is not None and self.server.returncode is None else 0

    def signal(self, number: signal.Signals) -> None:
        """To the server."""
        pid = self.server_pid
        assert pid, "no server is there"
        os.kill(pid, number)

    async def stop(self) -> None:
        server = self.server
        if server is None or server.returncode is not None:
            return
        server.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(server.wait(), 20)
        except TimeoutError:
            server.kill()
            await server.wait()

    # -- people ------------------------------------------------------------------------------------------------------

    def pages_ready(self) -> bool:
        return all(page.open.is_set() and page.status == "ready" for page in self.pages)

    async def start_with_agents(self) -> float:
        """In service, after so many seconds; telephones answer, pages are open, everybody is ready."""
        for page in self.pages:
            page.choose_again()
        started_s = await self.start()
        await self._agents_ready()
        return started_s

    async def _agents_ready(self) -> None:
        if not self.pages:
            self.pages = [Page(self.base, one) for one in agent_ids(self.agents)]
            for page in self.pages:
                task = asyncio.create_task(page.run(), name=f"page {page.agent_id}")
                self.stack.callback(task.cancel)
        try:
            await self.until(self.pages_ready, 60)
        except TimeoutError:
            late = {page.agent_id: (page.status, page.refused) for page in self.pages if page.status != "ready"}
            raise RuntimeError(f"{len(late)} agents are not ready, such as {list(late.items())[:3]}") from None

    async def sipp(
        self, scenario: str, rows: Sequence[str], *options: str, listen: int | None = None
    ) -> asyncio.subprocess.Process:
        """SIPp with this scenario; `rows` are its injection file. Ended with the house."""
        name = f"{scenario}-{len(list(self.folder.glob('*.csv')))}"
        (self.folder / f"{name}.csv").write_text("\n".join(["SEQUENTIAL", *rows]) + "\n")
        target = [] if scenario.startswith("agent") else [f"127.0.0.1:{self.sip_port}"]
        process = await asyncio.create_subprocess_exec(
            "sipp", *target, "-sf", str(HERE / f"{scenario}.xml"), "-inf", f"{name}.csv", "-i", "127.0.0.1",
            "-p", str(listen or free_port()), "-mi", "127.0.0.1", "-nostdin", "-trace_stat",
            "-stf", f"{name}.stat", "-fd", "1", "-trace_err", "-error_file", f"{name}.err",
            *(() if "-s" in options else ("-s", NUMBER)), *options,
            cwd=self.folder, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip

        def end() -> None:
            with suppress(ProcessLookupError):
                process.kill()

        self.stack.callback(end)
        return process

    # -- looking -----------------------------------------------------------------------------------------------------

    async def metrics(self) -> str:
        """What the server counts, for Prometheus."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.web)
        writer.write(b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        told = await reader.read()
        writer.close()
        return told.decode()

    async def channels(self) -> dict[str, Fields]:
        """Every channel by Uniqueid, as Asterisk has it now; asked on a connection of our own."""
        assert self.link is not None
        return {row["uniqueid"]: row for row in await self.link.rows(commands.Status(VARIABLES))}

    async def is_empty(self) -> bool:
        """No channel is left."""
        return not await self.channels()

    async def until(self, condition: Any, deadline_s: float = 30.0) -> None:
        async with asyncio.timeout(deadline_s):
            while True:
                found = condition()
                if asyncio.iscoroutine(found):
                    found = await found
                if found:
                    return
                await asyncio.sleep(0.02)


def _templates(folder: Path, agent_port: int, agents: int, more: Mapping[str, str]) -> Path:
    """The house's own, with agents' telephones that need not register, and `more` by file name added."""
    templates = folder / "templates"
    shutil.copytree(ROOT / "asterisk-config", templates, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    phones = "\n".join(
        f"[agent{one}](party)\ncontext = nowhere\naors = agent{one}\nsend_connected_line = no\n"
        f"[agent{one}]\ntype = aor\ncontact = sip:agent{one}@127.0.0.1:{agent_port}\n"
        for one in agent_ids(agents)
    )
    for name, text in {"pjsip.conf": f"\n{phones}", **more}.items():
        path = templates / name
        if name.startswith("cel"):
            path.write_text(text)
        else:
            path.write_text(path.read_text() + text)
    pjsip = templates / "pjsip.conf"  # ears learn from the first packet where to speak to
    pjsip.write_text(pjsip.read_text().replace("rtp_symmetric = yes", "rtp_symmetric = yes\nrtp_keepalive = 1"))
    if "cel.conf" in more:
        modules = templates / "modules.conf"
        modules.write_text(modules.read_text() + "load = res_cdrel_custom.so\nload = cel_custom.so\n")
    return templates


@asynccontextmanager
async def load_house(
    *, agents: int, callers: int = 0, database_url: str = "", cel: bool = True, wrapup_s: float = 0.0,
    toml: str = "", templates: Mapping[str, str] | None = None, agent: str = "agent_stays",
    menus: Mapping[str, str] | None = None, skills: Sequence[str] = ("any",), skilled: Mapping[str, int] | None = None,
    hears: bool = False, proxied: bool = False,
) -> AsyncIterator[LoadHouse]:  # fmt: skip
    """Up but for its server.

    `callers`: how many have ears of their own. `menus`: by number, what its callers require. `skilled`: how many of the
    first agents have a skill besides `any`. `hears`: what the manager tells is kept in `heard`. `proxied`: the server's
    link goes through `proxy`, and stands still when we do.
    """
    ami, http, web, sip, agent_port = free_port(), free_port(), free_port(), _udp(), _udp()
    async with AsyncExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="zl"))
        if "KEEP" not in os.environ:
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
        run_dir = folder / "run"
        run_dir.mkdir()
        _write_sounds(folder / "tones")
        (folder / "menus").mkdir()
        for name, requires in {QUEUE: "", **{f"to{number}": words for number, words in (menus or {}).items()}}.items():
            (folder / "menus" / f"{name}.toml").write_text(_waiting_menu(name, requires))
        numbers = ", ".join(f'"{one}" = "to{one}"' for one in menus or ())
        toml = f"numbers = {{ {numbers} }}\n{toml}"
        write_hold_music(folder / "moh" / "hold.wav")
        proxy = await stack.enter_async_context(Proxy(ami).open())
        wired = proxy.port if proxied else ami
        database = database_url or f"sqlite+aiosqlite:///{run_dir}/zongji.db"
        (folder / "zongji.toml").write_text(
            _settings(folder, wired, http, web, sip, database, wrapup_s, list(skills), toml)
        )
        config = PbxConfig(
            folder / "pbx", ROOT / ".pbx" / "asterisk.json", "127.0.0.1", sip, ami, http, 40_000, 59_999, PASSWORD,
            PASSWORD, {"nobody": PASSWORD}, folder / "moh",
        )  # fmt: skip
        more = {**(CEL if cel else {}), **(templates or {})}
        (folder / "pbx" / "log" / "cel-custom").mkdir(parents=True)
        pbx = Pbx(config, _templates(folder, agent_port, agents, more))
        await pbx.start()
        stack.push_async_callback(pbx.stop)
        await _staff(database, agents, skilled or {})
        sink = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        sink.bind(("127.0.0.1", 0))
        media = stack.enter_context(Media(callers + agents if callers else 0))
        secret = {"ZONGJI_ASTERISK__AMI_SECRET": PASSWORD, "ZONGJI_WEB__TOKEN_SECRET": TOKEN}
        house = LoadHouse(folder, agents, media, pbx, proxy, web, sip, database, secret, stack)
        house.sink = sink.getsockname()[1]
        house.link = Link(
            host="127.0.0.1", port=ami, user="zongji", secret=PASSWORD,
            on_message=lambda message: house.heard.append((time.time(), message)),
        )  # fmt: skip
        await house.link.start()
        stack.push_async_callback(house.link.close)
        if not hears:  # millions of them in half an hour, and Asterisk has to write each
            await house.link.action(commands.Command("Events", (("EventMask", "off"),)))
        ports = [str(ear.port) for ear in media.ears[callers:]] or [str(house.sink)]
        await house.sipp(agent, ports, listen=agent_port)
        stack.push_async_callback(house.stop)
        yield house


def _udp() -> int:
    return free_port(socket.SOCK_DGRAM)


def _write_sounds(folder: Path) -> None:
    folder.mkdir()
    write_all(folder)
    for path in folder.rglob("*.wav"):
        if path.stem in SILENT:
            _tick(path)


def _tick(path: Path) -> None:
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(array("h", (int(9000 * math.sin(n)) for n in range(320))).tobytes())


def _settings(  # noqa: PLR0917 - what a house is told
    folder: Path, ami: int, http: int, web: int, sip: int, database: str, wrapup_s: float, skills: list[str], more: str
) -> str:
    return f"""
profile = "production"
run_dir = "{folder}/run"
menu = "{QUEUE}"
menus_dir = "{folder}/menus"
recordings_dir = "{folder}/tones"
skills = {json.dumps(skills)}
{more}
[web]
port = {web}
[asterisk]
own = false
host = "127.0.0.1"
ami_port = {ami}
http_port = {http}
sip_port = {sip}
[database]
url = "{database}"
[[queues]]
name = "{QUEUE}"
wrapup_s = {wrapup_s}
offer_timeout_s = 20
"""


async def _staff(database_url: str, agents: int, skilled: Mapping[str, int]) -> None:
    engine = make_engine(database_url)
    await upgrade(engine)
    store = Store(engine)
    await store.add(
        AgentRow(
            id=one, name=f"坐席{one}", name_en=f"Agent {one}", role="agent", password_hash="", phone=f"agent{one}",
            skills={"any": 5, **{skill: 5 for skill, first in skilled.items() if n < first}}, active=True,
        )
        for n, one in enumerate(agent_ids(agents))
    )  # fmt: skip
    await store.close()
    await dispose(engine)
