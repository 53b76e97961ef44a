"""A desk without a screen: logs in over HTTP, reads what is told, opens an agent's page on the websocket."""

from __future__ import annotations

import asyncio
import contextlib
import json
import urllib.error
import urllib.request
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException


class DeskError(Exception):
    """The house does not let us in or does not answer; one line with the cure. `status` is HTTP's, 0 without."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class Desk:
    """One person who is logged in at `base`, such as http://127.0.0.1:8080."""

    def __init__(self, base: str, login: str, token: str = "") -> None:
        self.base, self.login = base, login
        self._token = token

    async def get(self, path: str) -> dict[str, Any]:
        """Raises DeskError."""
        return await self._ask(path, None)

    async def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Raises DeskError."""
        return await self._ask(path, json.dumps(body).encode())

    async def _ask(self, path: str, body: bytes | None) -> dict[str, Any]:
        headers = {"Content-Type": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        request = urllib.request.Request(self.base + path, body, headers)  # noqa: S310 - our own server's address

        def fetch() -> dict[str, Any]:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
                found: dict[str, Any] = json.loads(answer.read() or b"{}")
                return found

        try:
            return await asyncio.to_thread(fetch)
        except urllib.error.HTTPError as error:
            with error:
                raise DeskError(f"{self.base}{path} says {error.code} {error.reason}", error.code) from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", error)
            raise DeskError(f"nothing answers at {self.base} ({reason}): make run, or make start") from None

    @asynccontextmanager
    async def page(self) -> AsyncIterator[ClientConnection]:
        """The agent's page, open and ready for calls: it says of every record that it is shown. Raises DeskError."""
        ticket = (await self.post("/api/ws-ticket", {}))["ticket"]
        try:
            async with connect(f"{self.base.replace('http', 'ws', 1)}/ws?ticket={ticket}") as socket:
                await self._be_ready(socket)
                reader = asyncio.create_task(_read(socket))
                try:
                    yield socket
                finally:
                    reader.cancel()
                    await asyncio.gather(reader, return_exceptions=True)
        except (OSError, TimeoutError, WebSocketException) as error:
            raise DeskError(f"agent {self.login}'s page broke: {error}") from None

    async def _be_ready(self, socket: ClientConnection) -> None:
        key = uuid.uuid4().hex
        await socket.send(
            json.dumps({"type": "command", "key": key, "name": "set_status", "args": {"status": "ready"}})
        )
        async with asyncio.timeout(10):
            while (answer := json.loads(await socket.recv())).get("key") != key:
                pass
        if not answer["ok"]:
            raise DeskError(f"agent {self.login} cannot be ready: {answer['error']['message']}")


async def _read(socket: ClientConnection) -> None:
    """Shows what pops and answers each beat."""
    with contextlib.suppress(WebSocketException):
        async for text in socket:
            message = json.loads(text)
            if message["type"] == "pop":
                shown = {"type": "pop_shown", "call_id": message["call_id"], "at": message["at"]}
                await socket.send(json.dumps(shown))
            elif message["type"] == "beat":
                await socket.send('{"type": "heartbeat"}')


async def log_in(base: str, login: str, password: str) -> Desk:
    """Raises DeskError."""
    try:
        session = await Desk(base, login).post("/api/login", {"login": login, "password": password})
        return Desk(base, login, session["token"])
    except DeskError as error:
        if error.status == 401:
            raise DeskError(f"{base} refuses {login} with the demo's password: is this house no demo?", 401) from None
        raise
    except KeyError:
        raise DeskError(f"what answers at {base} is no Zongji: is web.port right?") from None
