"""Many pages in one process: raw websockets that look only at what they must, so that the server is what is measured.

`python -m tests.bench.pages URL DESKS BOARDS` says `open` once all are; when its input ends it says what they heard, as
JSON: the records, how many messages, how many bytes, and how many pages were closed with which codes.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
import time
from urllib.parse import urlsplit

import httpx

from tests.served import agent_ids, token

READY = {"type": "command", "key": "bench-ready", "name": "set_status", "args": {"status": "ready"}}
TOGETHER = 20
TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA


class Page(asyncio.Protocol):
    """One page: answers beats, says that records are shown, and otherwise counts."""

    def __init__(self, who: str, path: str, host: str, heard: Heard) -> None:
        self._who, self._path, self._host, self._heard = who, path, host, heard
        self._data = bytearray()
        self._upgraded = False
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        lines = (
            f"GET {self._path} HTTP/1.1", f"Host: {self._host}", "Upgrade: websocket", "Connection: Upgrade",
            "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",  # as every browser offers
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13", "", "",
        )  # fmt: skip
        transport.write("\r\n".join(lines).encode())

    def connection_lost(self, error: Exception | None) -> None:
        self._heard.lost += 1
        if not self.ready.done():
            self.ready.set_exception(ConnectionError(f"{self._path.partition('?')[0]} was closed: {error}"))

    def data_received(self, data: bytes) -> None:
        now = time.time()
        self._data += data
        if not self._upgraded:
            head, end, rest = self._data.partition(b"\r\n\r\n")
            if not end:
                return
            assert head.startswith(b"HTTP/1.1 101"), head
            assert b"permessage-deflate" not in head, "the server compresses, which is not read here"
            self._upgraded, self._data = True, rest
        while (frame := self._frame()) is not None:
            opcode, content = frame
            if opcode == TEXT:
                self._hear(content, now)
            elif opcode == PING:
                self._put(PONG, content)
            elif opcode == CLOSE:
                self._heard.codes.append(int.from_bytes(content[:2], "big"))

    def _frame(self) -> tuple[int, bytes] | None:
        """The next whole message. A server masks nothing, and ours divides nothing."""
        data = self._data
        if len(data) < 2:
            return None
        size, head = data[1], 2
        if size >= 126:
            head = 4 if size == 126 else 10
            if len(data) < head:
                return None
            size = int.from_bytes(data[2:head], "big")
        if len(data) < head + size:
            return None
        opcode, content = data[0] & 0xF, bytes(data[head : head + size])
        del data[: head + size]
        return opcode, content

    def _hear(self, frame: bytes, now: float) -> None:
        self._heard.messages += 1
        self._heard.bytes += len(frame)
        if b'"type":"beat"' in frame[:80]:
            self.say({"type": "heartbeat"})
        elif b'"type":"pop"' in frame[:80]:
            told = json.loads(frame)
            self._heard.pops.append((self._who, told["call_id"], told["at"], now))
            self.say({"type": "pop_shown", "call_id": told["call_id"], "at": now})
        elif not self.ready.done() and b'"type":"snapshot"' in frame[:200]:
            self.ready.set_result(None)

    def say(self, message: object) -> None:
        text = json.dumps(message).encode()
        self._put(TEXT, text)

    def _put(self, opcode: int, content: bytes) -> None:
        """A short frame, masked with noughts."""
        assert len(content) < 126
        self._transport.write(bytes([0x80 | opcode, 0x80 | len(content)]) + bytes(4) + content)


class Heard:
    """`pops`: agent, call, when the server sent it, when it came."""

    def __init__(self) -> None:
        self.pops: list[tuple[str, str, float, float]] = []
        self.codes: list[int] = []
        self.messages = self.bytes = self.lost = 0


async def opened(client: httpx.AsyncClient, url: str, who: str, role: str, heard: Heard) -> Page:
    answer = await client.post("/api/ws-ticket", headers={"Authorization": f"Bearer {token(who, role)}"})
    view = "desk" if role == "agent" else "wallboard"
    host, _, port = urlsplit(url).netloc.partition(":")
    path = f"/ws?ticket={answer.raise_for_status().json()['ticket']}&view={view}"
    _, page = await asyncio.get_running_loop().create_connection(lambda: Page(who, path, host, heard), host, int(port))
    await page.ready
    if role == "agent":
        page.say(READY)
    return page


async def main(url: str, desks: int, boards: int) -> None:
    heard = Heard()
    gate = asyncio.Semaphore(TOGETHER)
    people = [(one, "agent") for one in agent_ids(desks)] + [("2001", "supervisor")] * boards
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:

        async def come(who: str, role: str) -> None:
            async with gate:
                await opened(client, url, who, role, heard)

        await asyncio.gather(*(come(*one) for one in people))
    print("open", len(people), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    print(json.dumps(vars(heard)), flush=True)
    os._exit(0)  # a thousand connections end best with their process


if __name__ == "__main__":
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
