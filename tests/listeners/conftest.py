"""A real broker in a folder of its own, which a test may kill and start again; and a reader of topics."""

from __future__ import annotations

import asyncio
import getpass
import json
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from tests.ports import free_port

USER, PASSWORD = "zongji", "right horse"
PATH = "/usr/local/sbin:/usr/sbin:/usr/local/bin:/usr/bin"


async def until(condition: Callable[[], object], deadline_s: float = 15.0) -> None:
    async with asyncio.timeout(deadline_s):
        while not condition():  # noqa: ASYNC110 - any condition, also of another program
            await asyncio.sleep(0.01)


@dataclass
class Broker:
    """Mosquitto without persistence: what it retained is lost when it dies, as with many a broker."""

    folder: Path
    program: str
    port: int = field(default_factory=free_port)
    process: asyncio.subprocess.Process | None = None

    def write_config(self, *, open_to_all: bool = True) -> None:
        # Started by root it would become another user, who cannot read the password file.
        lines = [f"listener {self.port} 127.0.0.1", f"user {getpass.getuser()}"]
        lines.append(f"allow_anonymous {str(open_to_all).lower()}")
        if not open_to_all:
            words = self.folder / "passwords"
            maker = shutil.which("mosquitto_passwd") or shutil.which("mosquitto_passwd", path=PATH)
            assert maker, "mosquitto_passwd comes with mosquitto"
            subprocess.run([maker, "-b", "-c", str(words), USER, PASSWORD], check=True, capture_output=True)
            lines.append(f"password_file {words}")
        (self.folder / "mosquitto.conf").write_text("\n".join(lines) + "\n")

    async def start(self) -> None:
        self.process = await asyncio.create_subprocess_exec(
            self.program,
            *("-c", str(self.folder / "mosquitto.conf")),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        async with asyncio.timeout(10):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                except OSError:
                    assert self.process.returncode is None, "mosquitto did not start"
                    await asyncio.sleep(0.01)
                else:
                    writer.close()
                    await writer.wait_closed()
                    return

    async def kill(self) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()


@dataclass
class Reader:
    """What a subscriber heard: topic, payload, and whether it was retained from before."""

    heard: list[tuple[str, dict[str, Any], bool]] = field(default_factory=list)

    def on(self, topic: str) -> list[dict[str, Any]]:
        return [payload for where, payload, _ in self.heard if where == topic]

    def numbers(self) -> list[int]:
        """The test's own numbers of the menu steps heard."""
        return [int(payload["node"]) for _, payload, _ in self.heard if payload["event"] == "menu_stepped"]


@asynccontextmanager
async def reader(broker: Broker, topics: str = "zongji/#") -> AsyncIterator[Reader]:
    heard = Reader()

    async def read(client: aiomqtt.Client) -> None:
        async for message in client.messages:
            payload = json.loads(message.payload if isinstance(message.payload, bytes) else b"")
            heard.heard.append((str(message.topic), payload, message.retain))

    async with aiomqtt.Client("127.0.0.1", broker.port, username=USER, password=PASSWORD) as client:
        await client.subscribe(topics, qos=1)
        task = asyncio.create_task(read(client))
        try:
            yield heard
        finally:
            task.cancel()
            await asyncio.wait({task})


@asynccontextmanager
async def running_broker(folder: Path) -> AsyncIterator[Broker]:
    """Mosquitto, open to all, until it is no longer wanted."""
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path=PATH)
    if program is None:
        pytest.fail("no mosquitto: run 'make setup'")
    broker = Broker(folder, program)
    broker.write_config()
    await broker.start()
    try:
        yield broker
    finally:
        await broker.kill()


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Broker]:
    async with running_broker(tmp_path) as broker:
        yield broker
