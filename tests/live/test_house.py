"""The commands of a house as a person gives them: up, call, stop, and a server that is killed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from cti.desk_client import log_in
from db.demo import PASSWORD
from tests.live.conftest import CROSSED, PROVIDED, ROOT
from tests.ports import free_port, free_rtp
from tests.processes import server_of

pytestmark = pytest.mark.live


class Commands:
    """`python -m cti ...` in a folder of its own."""

    def __init__(self, folder: Path, recordings: Path) -> None:
        self.folder = folder
        self._up: asyncio.subprocess.Process | None = None
        first, last = free_rtp()
        port = free_port()
        self.base = f"http://127.0.0.1:{port}"
        self._env = {
            **os.environ,
            "ZONGJI_RUN_DIR": str(folder),
            "ZONGJI_RECORDINGS_DIR": str(recordings),
            "ZONGJI_WEB__PORT": str(port),
            "ZONGJI_ASTERISK__PROVIDED": str(PROVIDED),
            "ZONGJI_ASTERISK__AMI_PORT": str(free_port()),
            "ZONGJI_ASTERISK__HTTP_PORT": str(free_port()),
            "ZONGJI_ASTERISK__SIP_PORT": str(free_port(socket.SOCK_DGRAM)),
            "ZONGJI_ASTERISK__RTP_FROM": str(first),
            "ZONGJI_ASTERISK__RTP_TO": str(last),
        }

    async def _start(self, *words: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "cti", *words, cwd=ROOT, env=self._env, stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip

    async def run(self, *words: str) -> tuple[int | None, str]:
        """Exit code and everything said."""
        process = await self._start(*words)
        async with asyncio.timeout(120):
            said, _ = await process.communicate()
        return process.returncode, said.decode()

    async def up(self) -> str:
        """What it says until it is ready."""
        self._up = await self._start("up")
        return await self._said()

    async def _said(self) -> str:
        assert self._up is not None
        assert self._up.stdout is not None
        said = ""
        async with asyncio.timeout(60):
            while "ready after" not in said:
                line = await self._up.stdout.readline()
                assert line, said
                said += line.decode()
        return said

    async def kill_server(self) -> str:
        """What is said until another is ready."""
        assert self._up is not None
        pid = server_of(self._up.pid)
        assert pid
        os.kill(pid, signal.SIGKILL)
        return await self._said()

    async def ends(self, number: int) -> None:
        assert self._up is not None
        self._up.send_signal(number)
        async with asyncio.timeout(30):
            await self._up.communicate()

    def complaints(self) -> list[str]:
        """What would worry a person who reads the logs."""
        ours = (self.folder / "zongji.log").read_text("utf-8").splitlines()
        asterisk = (self.folder / "pbx" / "log" / "messages.log").read_text("utf-8").splitlines()
        return [
            *(line for line in ours if json.loads(line)["level"] not in ("debug", "info")),
            *(line for line in asterisk if ("] WARNING[" in line or "] ERROR[" in line) and CROSSED not in line),
        ]

    def left(self) -> list[str]:
        """Processes whose command line names our folder, files that mark a running house."""
        processes = []
        for one in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = one.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            except OSError:
                continue
            processes += [words] if str(self.folder) in words else []
        marks = [path for path in self.folder.rglob("*") if path.is_socket() or path.name in ("pid", "asterisk.pid")]
        return [*processes, *map(str, marks)]


@pytest.fixture
async def commands(recordings: Path) -> AsyncIterator[Commands]:
    with tempfile.TemporaryDirectory(prefix="zj") as folder:
        commands = Commands(Path(folder), recordings)
        yield commands
        await commands.run("stop")
        assert commands.left() == []


async def test_a_call_where_nothing_runs_says_so_and_what_to_do(commands: Commands) -> None:
    code, said = await commands.run("call")

    assert code == 2
    assert "nothing answers at http://127.0.0.1:" in said
    assert "make run" in said


async def test_up_then_call_tells_the_whole_story_then_ctrl_c_leaves_nothing(commands: Commands) -> None:
    await commands.up()

    code, said = await commands.run("call")
    await commands.ends(signal.SIGINT)

    assert code == 0, said
    for words in ("call_arrived", "name=张三丰", "agent_connected", "before the phone rang, on screen", "served"):
        assert words in said
    assert commands.left() == []
    assert commands.complaints() == []


async def test_an_agent_of_the_demo_may_call_a_customer(commands: Commands) -> None:
    await commands.up()
    desk = await log_in(commands.base, "1001", PASSWORD)

    async def call(fact: str) -> dict[str, Any]:
        """The newest call, as soon as this of it is known."""
        async with asyncio.timeout(30):
            while not (found := (await desk.get("/api/calls"))["calls"]) or not found[0][fact]:  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.1)
        one: dict[str, Any] = found[0]
        return one

    async with desk.page() as page:
        give = {"type": "command", "key": "dial-0001", "name": "dial", "args": {"number": "13800000001"}}
        await page.send(json.dumps(give))
        await call("connected_at")
        await page.send(json.dumps({"type": "command", "key": "hang-up-1", "name": "hang_up", "args": {}}))
        ended = await call("ended_at")
    await commands.ends(signal.SIGINT)

    assert (ended["number"], ended["outcome"]) == ("13800000001", "served")
    assert commands.left() == []
    assert commands.complaints() == []


async def test_a_server_that_is_killed_comes_again_by_itself_and_serves(commands: Commands) -> None:
    await commands.up()
    half = commands.folder / "converting" / "tmp1" / "call.opus"
    half.parent.mkdir(parents=True)
    half.write_bytes(b"what a customer said")
    said = await commands.kill_server()
    code, told = await commands.run("call")
    await commands.ends(signal.SIGTERM)

    assert "the server was killed (SIGKILL): it starts again\n" in said
    assert "took up the Asterisk of an earlier run" in said
    assert code == 0, told
    assert "served" in told
    assert not half.exists()
    assert commands.left() == []
    [complaint] = commands.complaints()
    assert "the server was killed: it starts again" in complaint


async def test_after_a_kill_the_next_house_comes_up_and_stop_ends_everything(commands: Commands) -> None:
    await commands.up()
    await commands.ends(signal.SIGKILL)
    orphans = commands.left()

    said = await commands.up()
    refused = await commands.run("up")
    await commands.ends(signal.SIGKILL)
    code, told = await commands.run("stop")

    assert any("asterisk" in one for one in orphans)
    assert "took up the Asterisk of an earlier run" in said
    assert "ended the telephones of an earlier run" in said
    assert refused[0] == 2
    assert "already running" in refused[1]
    assert code == 0
    assert "ended the Asterisk of an earlier run" in told
    assert commands.left() == []
