"""`doctor`: what this house needs, whether it is there, and the cure for what is missing.

It starts nothing; prompts that are missing are made.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

from agents.pages import BUILT, missing
from cti import pidfile
from cti.audio import AudioError
from cti.pbx import LOOPBACK, PbxError, provided, require_free
from cti.secrets import SecretsError, gather
from cti.settings import Settings, SettingsError
from cti.voice import StartError, prepare_voice
from cti.web import listening
from db.engine import dispose, make_engine
from db.store import Store
from ivr.menus import BadMenu
from ivr.prompts import BadPrompts

PROGRAMS = {"espeak-ng": "--version", "ffmpeg": "-version", "baresip": "-h"}
ROOM_MIN, ROOM_GOOD = 200, 2000  # MB


@dataclass(frozen=True, slots=True)
class Finding:
    """`state` is good, poor (calls are served, but see to it) or missing."""

    state: str
    what: str
    detail: str

    def __str__(self) -> str:
        return f"  {self.state:<8} {self.what:<12} {self.detail}"


async def examine(settings: Settings) -> AsyncIterator[Finding]:
    """One finding after the other, in the order in which they matter."""
    yield _python()
    for program, option in PROGRAMS.items():
        if program == "baresip" and settings.profile != "demo":
            continue  # the demo's telephones
        yield await asyncio.to_thread(_program, program, option)
    yield Finding("good", "settings", f"profile {settings.profile}, run folder {settings.run_dir}")
    for finding in pages(), _secrets(settings), _asterisk(settings), _room(settings):
        yield finding
    for finding in _ports(settings):
        yield finding
    yield await _database(settings)
    if settings.mqtt.host:
        yield await asyncio.to_thread(_broker, settings.mqtt.host, settings.mqtt.port)
    yield await _prompts(settings)


def broken(error: SettingsError) -> list[Finding]:
    """Settings that cannot be read: nothing else can be examined."""
    return [Finding("missing", "settings", line) for line in str(error).splitlines()]


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    if (3, 11) <= sys.version_info[:2] < (3, 14):
        return Finding("good", "python", version)
    return Finding("missing", "python", f"{version}: 3.11 to 3.13 is needed: make setup PYTHON=python3.11")


def _program(program: str, option: str) -> Finding:
    path = shutil.which(program)
    if path is None:
        return Finding("missing", program, "make setup")
    try:
        done = subprocess.run([path, option], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return Finding("missing", program, f"{path} does not run ({error}): install it again")
    found = re.search(r"\d+\.\d+(\.\d+)*", done.stdout + done.stderr)
    return Finding("good", program, found[0] if found else path)


def pages(built: Path = BUILT) -> Finding:
    """Whether agents have something to log in to."""
    cure = missing(built)
    return Finding("missing", "pages", cure) if cure else Finding("good", "pages", "built")


def _secrets(settings: Settings) -> Finding:
    kept = settings.secrets_file or settings.run_dir / "secrets.json"
    if settings.profile == "demo" and not kept.exists():
        return Finding("good", "secrets", "made at the first start")
    try:
        gather(settings)
    except (SecretsError, OSError) as error:
        return Finding("missing", "secrets", _one_line(error))
    return Finding("good", "secrets", "complete")


def _asterisk(settings: Settings) -> Finding:
    asterisk = settings.asterisk
    if not asterisk.own:
        try:
            socket.create_connection((asterisk.host, asterisk.ami_port), 5).close()
        except OSError as error:
            where = f"{asterisk.host}:{asterisk.ami_port}"
            return Finding(
                "missing", "asterisk", f"{where}: {error.strerror or error}: start it, or mend asterisk.host"
            )
        return Finding("good", "asterisk", f"a manager listens at {asterisk.host}:{asterisk.ami_port}")
    try:
        return Finding("good", "asterisk", provided(asterisk.provided).version)
    except PbxError:
        return Finding("missing", "asterisk", f"{asterisk.provided} is absent or damaged: make setup")


def _room(settings: Settings) -> Finding:
    folder = settings.run_dir.absolute()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free // 1_000_000
    state = "good" if free >= ROOM_GOOD else "poor" if free >= ROOM_MIN else "missing"
    return Finding(state, "disk", f"{free} MB free at {folder}" + ("" if state == "good" else ": make room"))


def _ports(settings: Settings) -> Iterator[Finding]:
    if pid := pidfile.running(settings.run_dir / "pid"):
        yield Finding("good", "ports", f"held by the house that runs as process {pid}")
        return
    asterisk, web = settings.asterisk, settings.web
    try:
        listening(web.host, web.port).close()
        if asterisk.own:
            require_free("sip_port", socket.SOCK_DGRAM, asterisk.sip_host, asterisk.sip_port)
            require_free("ami_port", socket.SOCK_STREAM, LOOPBACK, asterisk.ami_port)
            require_free("http_port", socket.SOCK_STREAM, LOOPBACK, asterisk.http_port)
    except (StartError, PbxError) as error:
        yield Finding("missing", "ports", _one_line(error))
        return
    own = f", SIP {asterisk.sip_port}, AMI {asterisk.ami_port}, HTTP {asterisk.http_port}" if asterisk.own else ""
    yield Finding("good", "ports", f"free: web {web.port}{own}")


async def _database(settings: Settings) -> Finding:
    if settings.database.url is None and not (settings.run_dir / "zongji.db").exists():
        return Finding("good", "database", "SQLite, made at the first start")
    engine = make_engine(settings.database_url)
    where = engine.url.render_as_string(hide_password=True)
    try:
        async with asyncio.timeout(10):
            await Store(engine).ping()
    except Exception as error:  # whatever it is, it is told
        return Finding("missing", "database", f"{where}: {_one_line(error)}: start it, or set ZONGJI_DATABASE__URL")
    finally:
        await dispose(engine)
    return Finding("good", "database", where)


def _broker(host: str, port: int) -> Finding:
    try:
        socket.create_connection((host, port), 5).close()
    except OSError as error:
        why = error.strerror or str(error)
        return Finding("poor", "mqtt", f"{host}:{port}: {why}: start the broker, or mend mqtt.host and mqtt.port")
    return Finding("good", "mqtt", f"a broker listens at {host}:{port}")


async def _prompts(settings: Settings) -> Finding:
    try:
        voice = await prepare_voice(settings)
    except (StartError, AudioError, BadMenu, BadPrompts, OSError) as error:
        return Finding("missing", "prompts", _one_line(error))
    return Finding("good", "prompts", f"{len(voice.files.paths)} sounds, menu {voice.menu.name!r}")


def _one_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "") or type(error).__name__
