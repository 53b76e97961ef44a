"""The command line. Whatever cannot start says one clear line and ends with exit code 2."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, NoReturn

import typer
from alembic.util import CommandError
from sqlalchemy.exc import SQLAlchemyError

from cti.app import StartError, prepare_voice
from cti.asterisk.link import LinkDown, LinkRefused
from cti.audio import AudioError
from cti.logs import log_to
from cti.pbx import PbxError
from cti.phones import PhoneError
from cti.settings import Settings, SettingsError, load
from cti.try_call import try_call
from cti.up import down, say, up
from ivr.menus import BadMenu
from ivr.prompts import BadPrompts

CLEAR = (StartError, PbxError, AudioError, BadMenu, BadPrompts, LinkDown, LinkRefused, PhoneError, SQLAlchemyError)
cli = typer.Typer(no_args_is_help=True, add_completion=False, help="Zongji, a call-centre server for Asterisk.")


def _settings() -> Settings:
    path = os.environ.get("ZONGJI_SETTINGS")
    found = Path(path) if path else Path("zongji.toml")
    try:
        return load(found if path or found.exists() else None)
    except SettingsError as error:
        _refuse(error)


def _refuse(error: Exception) -> NoReturn:
    sys.stderr.write(f"zongji: {error}\n")
    raise typer.Exit(2)


def _run(work: Coroutine[Any, Any, None]) -> None:
    try:
        asyncio.run(_ended_by_sigterm(work))
    except asyncio.CancelledError:
        raise typer.Exit(128 + signal.SIGTERM) from None
    except (*CLEAR, CommandError, OSError) as error:
        _refuse(error)


async def _ended_by_sigterm(work: Coroutine[Any, Any, None]) -> None:
    """Being asked to end unwinds the work, so that its telephones end with it."""
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    await work


@cli.command("up")
def up_() -> None:
    """Asterisk, server and the demo's telephones, until Ctrl-C."""
    settings = _settings()
    log_to(settings.run_dir / "zongji.log")
    _run(up(settings))


@cli.command()
def stop() -> None:
    """End what `up` started, and wait until it is gone; also what one that was killed left behind."""
    _run(down(_settings().run_dir))


@cli.command()
def check() -> None:
    """Settings, menu and prompts, checked whole; nothing is started."""
    settings = _settings()
    _run(_checked(settings))


async def _checked(settings: Settings) -> None:
    voice = await prepare_voice(settings)
    say(f"good: menu {voice.menu.name!r}, {len(voice.menu.nodes)} nodes, {len(settings.queues)} queues")


@cli.command()
def call() -> None:
    """Place a real SIP call through the running house, and tell its story."""
    _run(try_call(_settings()))


if __name__ == "__main__":
    cli()
