"""The command line. Whatever cannot start says one clear line and ends with exit code 2."""

from __future__ import annotations

import gc

gc.disable()  # nothing of what is imported is garbage: looking through it takes a sixth of the start

# ruff: noqa: E402
import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
import uvloop
from sqlalchemy.exc import SQLAlchemyError

from acd.scenario import BadScenario
from cti.asterisk.link import LinkDown, LinkRefused
from cti.audio import AudioError
from cti.doctor import Finding, broken, examine
from cti.from_settings import calendars
from cti.keeper import keep
from cti.pbx import PbxError, render_for_another
from cti.phones import PhoneError
from cti.pidfile import AlreadyRunning, WillNotEnd, end, ended_by_sigterm
from cti.recordings.verify import verify
from cti.secrets import SecretsError, gather
from cti.settings import Settings, SettingsError, load
from cti.simulating import run_replay, run_simulation
from cti.try_call import try_call
from cti.try_menu import TerminalCaller, play
from cti.up import TEMPLATES, end_orphans, pbx_config, run_folder, say, up
from cti.voice import StartError, catalogue_of, checked_menu, prepare_voice
from db.engine import UnknownSchema, dispose, make_engine
from db.recordings import RecordingLedger
from ivr.menus import BadMenu
from ivr.prompts import BadPrompts

gc.freeze()
gc.enable()
CLEAR = (
    StartError, PbxError, AudioError, BadMenu, BadPrompts, SecretsError, AlreadyRunning, LinkDown, LinkRefused,
    PhoneError, SQLAlchemyError, UnknownSchema,
)  # fmt: skip
cli = typer.Typer(no_args_is_help=True, add_completion=False, help="Zongji, a call-centre server for Asterisk.")


def _settings() -> Settings:
    try:
        return _loaded()
    except SettingsError as error:
        _refuse(error)


def _loaded() -> Settings:
    path = os.environ.get("ZONGJI_SETTINGS")
    found = Path(path) if path else Path("zongji.toml")
    return load(found if path or found.exists() else None)


def _refuse(error: Exception) -> NoReturn:
    for line in str(error).splitlines():
        sys.stderr.write(f"zongji: {line}\n")
    raise typer.Exit(2)


def _run(work: Coroutine[Any, Any, None]) -> None:
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(ended_by_sigterm(work))
    except asyncio.CancelledError:
        raise typer.Exit(128 + signal.SIGTERM) from None
    except (*CLEAR, OSError) as error:
        _refuse(error)


@cli.command("up")
def up_() -> None:
    """Asterisk, server and the demo's telephones, until Ctrl-C; a server that is killed comes again by itself."""
    settings = _settings()

    def serve() -> None:
        try:
            _run(up(settings))
        except typer.Exit as ended:
            raise SystemExit(ended.exit_code) from None

    try:
        with run_folder(settings.run_dir):
            code = keep(serve, say)
            if code > 128:
                _run(end_orphans(settings.run_dir))
    except (*CLEAR, OSError) as error:
        _refuse(error)
    raise typer.Exit(code)


@cli.command()
def stop() -> None:
    """End what `up` started, and wait until it is gone; also what one that was killed left behind."""
    settings = _settings()
    try:
        pid = end(settings.run_dir / "pid")
    except (WillNotEnd, OSError) as error:
        _refuse(error)
    _run(end_orphans(settings.run_dir))
    say(f"stopped process {pid}" if pid else "nothing was running")


@cli.command()
def check() -> None:
    """Settings, menu and prompts, checked whole; nothing is started."""
    settings = _settings()
    _run(_checked(settings))


async def _checked(settings: Settings) -> None:
    voice = await prepare_voice(settings)
    say(f"good: menu {voice.menu.name!r}, {len(voice.menu.nodes)} nodes, {len(settings.queues)} queues")


@cli.command("menu")
def menu_(
    name: Annotated[str, typer.Argument(help="which of the menus; the one that answers unless given")] = "",
) -> None:
    """Play a menu in the terminal: what is said is printed, keys are typed, a line at a time."""
    settings = _settings()
    _run(_played(settings, name or settings.menu))


async def _played(settings: Settings, name: str) -> None:
    now, known = time.time(), calendars(settings)
    caller = TerminalCaller(
        catalogue_of(settings), settings.languages[0], lambda: sys.stdin.readline() or None, say,
        lambda calendar: known.stands(calendar, now),
    )  # fmt: skip
    say(await play(checked_menu(settings, name), caller))


@cli.command()
def doctor() -> None:
    """What this house needs, whether it is there, and the cure; exit code 2 when something is missing."""
    _run(_examined())


async def _examined() -> None:
    try:
        findings = [finding async for finding in _said(examine(_loaded()))]
    except SettingsError as error:
        findings = broken(error)
        say("\n".join(map(str, findings)))
    if any(finding.state == "missing" for finding in findings):
        raise typer.Exit(2)


async def _said(findings: AsyncIterator[Finding]) -> AsyncIterator[Finding]:
    """Each told as soon as it is known."""
    async for finding in findings:
        say(str(finding))
        yield finding


@cli.command()
def render(
    folder: Annotated[Path, typer.Argument(help="Where to write; the files hold secrets and get mode 0600.")],
    server: Annotated[str, typer.Option(help="The address this server connects from.")] = "127.0.0.1",
) -> None:
    """What an Asterisk that is not ours needs: manager user, dialplan, endpoints."""
    _run(_rendered(_settings(), folder, server))


async def _rendered(settings: Settings, folder: Path, server: str) -> None:
    voice = await prepare_voice(settings)
    config = pbx_config(settings, gather(settings), voice, folder, server)
    for name in await asyncio.to_thread(render_for_another, config, TEMPLATES, folder):
        say(f"  {folder / name}")


@cli.command()
def simulate(
    scenario: Annotated[Path, typer.Argument(help="Who comes, who serves: a TOML file.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
    compare: Annotated[str, typer.Option(help="Run it by each of these rules: RULE,RULE")] = "",
) -> None:
    """The router under a virtual clock: waits, abandonment, service level, with 95 % intervals."""
    _print(lambda: run_simulation(scenario, as_json=as_json, compare=compare))


@cli.command()
def replay(
    day: Annotated[Path, typer.Argument(help="CSV: arrival_s,class,service_s,patience_s and perhaps waited_s.")],
    scenario: Annotated[Path, typer.Option(help="Classes and agents: a TOML file.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
    compare: Annotated[str, typer.Option(help="Run it by each of these rules: RULE,RULE")] = "",
) -> None:
    """A recorded day through the router, beside what really happened."""
    _print(lambda: run_replay(day, scenario, as_json=as_json, compare=compare))


def _print(told: Callable[[], str]) -> None:
    try:
        say(told())
    except BadScenario as error:
        _refuse(error)


@cli.command("verify-recordings")
def verify_recordings() -> None:
    """Whether every recording is what it was when it was kept; exit code 1, with a line a fault, when not."""
    _run(_verified(_settings()))


async def _verified(settings: Settings) -> None:
    engine = make_engine(settings.database_url)
    try:
        links = await RecordingLedger(engine).links()
    finally:
        await dispose(engine)
    faults = await asyncio.to_thread(lambda: list(verify(settings.recorded_calls, links)))
    for fault in faults:
        say(fault)
    say(f"{len(links)} entries checked, {len(faults)} faults")
    if faults:
        raise typer.Exit(1)


@cli.command()
def call() -> None:
    """Place a real SIP call through the running house, and tell its story."""
    _run(try_call(_settings()))


if __name__ == "__main__":
    cli()
