"""The whole house in one process group: Asterisk, server, and in the demo telephones that answer by themselves."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, closing, contextmanager, suppress
from pathlib import Path

from agents.pages import missing
from cti import pbx, phones
from cti.app import (
    Server,
    spare_the_collector,
)
from cti.audio import write_hold_music
from cti.keeper import take_signals
from cti.logs import log_to
from cti.pbx import Pbx, PbxConfig
from cti.phones import Account, free_port, phone
from cti.pidfile import claimed
from cti.secrets import Secrets, gather
from cti.settings import Settings
from cti.voice import StartError, Voice, prepare_voice, seen_by_asterisk
from cti.web import listening, spoken_to, web_running
from db.demo import PASSWORD

PHONES = "phones"  # in the run folder: the demo's telephones, with what they heard
OUTSIDE = "outside"  # and those of two of its customers, whom its agents may call
CUSTOMERS = ("13800000001", "13800000002")
AGENTS = ("1001", "1002", "1003", "1004")
SUPERVISORS = ("2001",)
TEMPLATES = Path(__file__).parents[1] / "asterisk-config"


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


async def up(settings: Settings) -> None:
    """Run in our own run folder until SIGINT or SIGTERM; afterwards nothing is left.

    Raises StartError and the parts' own errors.
    """
    started = time.monotonic()
    stop = _Stop()
    async with AsyncExitStack() as stack:
        run_dir = settings.run_dir
        await end_orphans(run_dir, but_asterisk=settings.asterisk.own)
        settings = _with_outside(settings)
        kept = gather(settings)
        tls = spoken_to(settings.web, run_dir)
        taken = stack.enter_context(closing(listening(settings.web.host, settings.web.port)))
        voice = await prepare_voice(settings, _progress)
        if settings.asterisk.own:
            config = await asyncio.to_thread(pbx_config, settings, kept, voice, run_dir / "pbx")
            asterisk = Pbx(config, TEMPLATES)
            if asterisk.take_up():
                say(f"took up the Asterisk of an earlier run that was killed (process {asterisk.pid}), with its calls")
            else:
                await end_orphans(run_dir)
                await asterisk.start()
            stack.push_async_callback(asterisk.stop)
        server = Server(settings, kept, voice)
        app = await stack.enter_async_context(server.running())
        url = await stack.enter_async_context(web_running(app, taken, tls))
        if settings.profile == "demo" and settings.asterisk.own:
            await stack.enter_async_context(_demo_phones(settings, kept.phone_password))
            await _registered(server)
        stop.settled()
        spare_the_collector()
        say(f"ready after {time.monotonic() - started:.1f} s")
        _tell(settings, url)
        status = asyncio.create_task(_status(server))
        await stop.asked.wait()
        status.cancel()
        say("\nstopping ...")
    say("stopped; nothing is left running")


def _with_outside(settings: Settings) -> Settings:
    """The demo has a line to the outside, where two customers answer; nobody has another number."""
    out = settings.outbound
    if settings.profile != "demo" or not settings.asterisk.own or out.trunk is not None:
        return settings
    gateway = f"sip:127.0.0.1:{_outside_port(settings.run_dir)}"
    line = {"trunk": OUTSIDE, "gateway": gateway, "show_as": out.show_as or ["02195588", "4008095588"]}
    return settings.model_copy(update={"outbound": out.model_copy(update=line)})


def _outside_port(run_dir: Path) -> int:
    """The same at each start, as long as nobody else has it: an Asterisk of an earlier run knows it."""
    kept = run_dir / "outside.port"
    with suppress(OSError, ValueError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        port = int(kept.read_text())
        probe.bind(("127.0.0.1", port))
        return port
    port = free_port(socket.SOCK_DGRAM)
    kept.write_text(str(port))
    return port


@asynccontextmanager
async def _demo_phones(settings: Settings, password: str) -> AsyncIterator[None]:
    """Desk phones and two customers', which answer by themselves."""
    proxy = f"{settings.asterisk.sip_host}:{settings.asterisk.sip_port}"
    desks = [Account(f"agent{one}", password, auto_answer=True) for one in (*AGENTS, *SUPERVISORS)]
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(phone(proxy, desks, tone_hz=880, folder=settings.run_dir / PHONES))
        if settings.outbound.trunk == OUTSIDE:
            world = [Account(one, password, auto_answer=True, register=False) for one in CUSTOMERS]
            folder, listen = settings.run_dir / OUTSIDE, (settings.outbound.gateway or "").removeprefix("sip:")
            await stack.enter_async_context(phone(proxy, world, tone_hz=660, folder=folder, listen=listen))
        yield


async def _registered(server: Server, deadline_s: float = 10.0) -> None:
    """The demo's telephones can be rung; raises PhoneError."""
    try:
        async with asyncio.timeout(deadline_s):
            while not all(map(server.floor.has_phone, AGENTS)):  # noqa: ASYNC110 - told through the PBX
                await asyncio.sleep(0.02)
    except TimeoutError:
        where = server.settings.run_dir / PHONES / "log"
        raise phones.PhoneError(f"the demo's telephones did not register in {deadline_s:g} s: see {where}") from None


async def end_orphans(run_dir: Path, *, but_asterisk: bool = False) -> None:
    """What a server that was killed left running."""
    reclaims = [
        ("telephones", phones.reclaim(run_dir / PHONES)),
        ("outside telephone", phones.reclaim(run_dir / OUTSIDE)),
        *([] if but_asterisk else [("Asterisk", pbx.reclaim(run_dir / "pbx"))]),
    ]
    for what, reclaim in reclaims:
        if (pid := await reclaim) is not None:
            say(f"ended the {what} of an earlier run that was killed (process {pid})")


class _Stop:
    """Being asked to end: while the house is starting the start is given up, at once and only once."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self._starting = asyncio.current_task()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, self._ask)
        take_signals()

    def settled(self) -> None:
        """The start is over, or is being undone: from now on nothing is cut short."""
        self._starting = None

    def _ask(self) -> None:
        self.asked.set()
        starting, self._starting = self._starting, None
        if starting is not None:
            starting.cancel()


@contextmanager
def run_folder(run_dir: Path) -> Iterator[None]:
    """The run folder is there and ours, and our log goes there. Raises StartError or AlreadyRunning."""
    with ExitStack() as stack:
        try:
            run_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            stack.enter_context(claimed(run_dir / "pid"))
            log_to(run_dir / "zongji.log")
        except OSError as error:
            raise StartError(f"run_dir: {error.filename or run_dir}: {error.strerror}: set ZONGJI_RUN_DIR") from None
        yield


def _tell(settings: Settings, url: str) -> None:
    who = ("1001 to 1004", "2001", "9001") if settings.profile == "demo" else ()
    logins = [f" log in: {one}, password {PASSWORD}" for one in who] or ["", "", ""]
    if cure := missing():
        say(f"  {cure}")
    say(f"  desk       {url}/desk     {logins[0]}")
    say(f"  wallboard  {url}/wallboard{logins[1]}")
    say(f"  supervisor {url}/supervisor{logins[1]}")
    say(f"  recordings {url}/recordings{logins[1]}")
    say(f"  admin      {url}/admin    {logins[2]}")
    if settings.profile == "demo":
        say(f"  booth      {url}/booth    call the house from the browser")
        say(f"  customers  {' and '.join(CUSTOMERS)} answer when an agent calls them")
        say("  a call     make call       end: Ctrl-C")


def pbx_config(settings: Settings, kept: Secrets, voice: Voice, run_dir: Path, server: str = "127.0.0.1") -> PbxConfig:
    """How our templates are filled; the hold music is there afterwards."""
    asterisk, out, music = settings.asterisk, settings.outbound, settings.run_dir / "moh"
    write_hold_music(music / "hold.wav")
    return PbxConfig(
        run_dir=run_dir,
        provided=asterisk.provided,
        sip_host=asterisk.sip_host,
        sip_port=asterisk.sip_port,
        ami_port=asterisk.ami_port,
        http_port=asterisk.http_port,
        rtp_from=asterisk.rtp_from,
        rtp_to=asterisk.rtp_to,
        ami_secret=kept.ami_secret,
        caller_password=kept.caller_password,
        phones={f"agent{one}": kept.phone_password for one in (*AGENTS, *SUPERVISORS)},
        moh_dir=music,
        trunk=(out.trunk, out.gateway) if out.trunk and out.gateway else None,
        away_s=asterisk.away_s,
        fallback_phones=tuple(f"agent{one}" for one in AGENTS),
        fallback_prompt=seen_by_asterisk(settings, voice.files.path("fallback", settings.languages[0])),
        server=server,
    )


def _progress(done: int, total: int) -> None:
    if sys.stdout.isatty():
        sys.stdout.write(f"\r  prompts {done}/{total}" + ("\n" if done == total else ""))
        sys.stdout.flush()


async def _status(server: Server) -> None:
    """One short line, drawn anew each second; only in a terminal."""
    while sys.stdout.isatty():
        floor = server.floor.snapshot()
        waiting = sum(queue.waiting for queue in floor.queues)
        ready = sum(agent.status == "ready" for agent in floor.agents)
        link = "up" if server.link.up else "DOWN"
        text = f"\r  calls {len(server.calls.calls)}  waiting {waiting}  agents ready {ready}  asterisk {link}   "
        sys.stdout.write(text)
        sys.stdout.flush()
        await asyncio.sleep(1)
