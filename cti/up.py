"""The whole house in one process group: Asterisk, server, and in the demo telephones that answer by themselves."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path

from cti import orphans, pbx, phones, secrets
from cti.app import Server, StartError, prepare_voice, web_running
from cti.audio import write_hold_music
from cti.pbx import Pbx, PbxConfig
from cti.phones import Account, phone
from cti.secrets import Secrets
from cti.settings import Settings
from db.demo import PASSWORD

UP = "-m cti up"
PHONES = "phones"  # in the run folder: the demo's telephones, with what they heard
AGENTS = ("1001", "1002", "1003", "1004")
TEMPLATES = Path(__file__).parents[1] / "asterisk-config"


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


async def up(settings: Settings) -> None:
    """Run until SIGINT or SIGTERM; afterwards nothing is left. Raises StartError and the parts' own errors."""
    started = time.monotonic()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    run_dir = settings.run_dir
    run_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    async with AsyncExitStack() as stack:
        _claim(run_dir / "pid", stack)
        await end_orphans(run_dir)
        kept = secrets.kept(run_dir / "secrets.json")
        voice = await prepare_voice(settings, _progress)
        if settings.asterisk.own:
            fallback = voice.files.path("fallback", settings.languages[0])
            asterisk = Pbx(await asyncio.to_thread(_pbx_config, settings, kept, fallback), TEMPLATES)
            await asterisk.start()
            stack.push_async_callback(asterisk.stop)
        server = Server(settings, kept, voice)
        app = await stack.enter_async_context(server.running())
        url = await stack.enter_async_context(web_running(app, settings.web.host, settings.web.port))
        if settings.profile == "demo":
            proxy = f"{settings.asterisk.sip_host}:{settings.asterisk.sip_port}"
            accounts = [Account(f"agent{one}", kept.phone_password, auto_answer=True) for one in AGENTS]
            await stack.enter_async_context(phone(proxy, accounts, tone_hz=880, folder=run_dir / PHONES))
            await _registered(server)
        say(f"ready after {time.monotonic() - started:.1f} s")
        say(f"  desk       {url}/desk      log in: 1001 to 1004, password {PASSWORD}")
        say(f"  wallboard  {url}/wallboard log in: 2001, password {PASSWORD}")
        say("  a call     make call       end: Ctrl-C")
        status = asyncio.create_task(_status(server))
        await stop.wait()
        status.cancel()
        say("\nstopping ...")
    say("stopped; nothing is left running")


async def _registered(server: Server, deadline_s: float = 10.0) -> None:
    """The demo's telephones can be rung; raises PhoneError."""
    try:
        async with asyncio.timeout(deadline_s):
            while not all(map(server.floor.has_phone, AGENTS)):  # noqa: ASYNC110 - told through the PBX
                await asyncio.sleep(0.02)
    except TimeoutError:
        where = server.settings.run_dir / PHONES / "log"
        raise phones.PhoneError(f"the demo's telephones did not register in {deadline_s:g} s: see {where}") from None


async def down(run_dir: Path) -> None:
    """End the house of this folder, also the children of one that was killed. Nothing of it is left."""
    found = await orphans.end(run_dir / "pid", UP, grace_s=20.0)
    (run_dir / "pid").unlink(missing_ok=True)
    await end_orphans(run_dir)
    say("stopped" if found else "nothing was running")


async def end_orphans(run_dir: Path) -> None:
    """What a server that was killed left running."""
    for what, reclaim in (("Asterisk", pbx.reclaim(run_dir / "pbx")), ("telephones", phones.reclaim(run_dir / PHONES))):
        if (pid := await reclaim) is not None:
            say(f"ended the {what} of an earlier run that was killed (process {pid})")


def _claim(path: Path, stack: AsyncExitStack) -> None:
    """One house a folder."""
    pid = orphans.running(path, UP)
    if pid is not None and pid != os.getpid():
        raise StartError(f"{path}: already running as process {pid}: make stop")
    path.write_text(str(os.getpid()))
    stack.callback(path.unlink, missing_ok=True)


def _pbx_config(settings: Settings, kept: Secrets, fallback: Path) -> PbxConfig:
    asterisk, music = settings.asterisk, settings.run_dir / "moh"
    write_hold_music(music / "hold.wav")
    return PbxConfig(
        run_dir=settings.run_dir / "pbx",
        provided=asterisk.provided,
        sip_host=asterisk.sip_host,
        sip_port=asterisk.sip_port,
        ami_port=asterisk.ami_port,
        rtp_from=asterisk.rtp_from,
        rtp_to=asterisk.rtp_to,
        ami_secret=kept.ami_secret,
        caller_password=kept.caller_password,
        phones={f"agent{one}": kept.phone_password for one in AGENTS},
        moh_dir=music,
        fallback_prompt=fallback,
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
