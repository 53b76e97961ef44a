"""`make call`: a real caller through the running house, and the printed story of the call."""

from __future__ import annotations

import asyncio
import json
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from cti.app import StartError
from cti.phones import Account, phone, tone_level
from cti.secrets import gather
from cti.settings import Settings
from cti.up import say
from db.demo import PASSWORD

AGENT, SUPERVISOR = "1001", "2001"
TALK_S = 3.0


async def try_call(settings: Settings) -> None:
    """A caller chooses accounts, enters a number, waits, talks, hangs up. Raises StartError when nothing runs."""
    base = f"http://{settings.web.host}:{settings.web.port}"
    kept = gather(settings)
    proxy = f"{settings.asterisk.sip_host}:{settings.asterisk.sip_port}"
    account = Account("caller", kept.caller_password, "张三丰", "13800000001", register=False)
    async with _desk(base) as desk, phone(proxy, [account]) as caller:
        say(f"agent {AGENT} is ready; +86 138 0000 0001 dials 8000 ...")
        caller.dial(f"sip:8000@{proxy}")
        await caller.wait_for("CALL_ESTABLISHED")
        await asyncio.sleep(1.0)
        for digits, pause_s in (("1", 1.5), ("1", 1.5), ("10000001#", 0.0)):
            await caller.press(digits)
            await asyncio.sleep(pause_s)
        popped = await _first(desk, "pop")
        name = (popped["customer"] or {}).get("name", "unknown")
        say(f"agent {AGENT}'s page shows {name}, queue {popped['queue']}, waited {popped['waited_s']:.2f} s")
        await _first(desk, "call_state", state="talking")
        await asyncio.sleep(TALK_S)
        caller.hang_up()
        await caller.wait_for("CALL_CLOSED")
        await _first(desk, "call_state", state="ended")
        level = tone_level(caller.heard()[-1], 880)
        say(f"the caller heard the agent's 880 Hz tone at {level:.3f} of full scale")
    await _tell(base, popped["call_id"])


async def _tell(base: str, call_id: str) -> None:
    tokens = await _post(base, "/api/login", {"login": SUPERVISOR, "password": PASSWORD})
    for _ in range(50):
        story = await _get(base, f"/api/calls/{call_id}", _access(tokens))
        if any(step["kind"] == "call_ended" for step in story["steps"]):
            break
        await asyncio.sleep(0.1)
    say(f"\ncall {call_id}: {story['outcome']}, hung up by {story['hung_up_by']}")
    begun = story["steps"][0]["at"]
    for step in story["steps"]:
        rest = " ".join(
            f"{key}={value}" for key, value in step.items() if key not in ("at", "kind", "queue") and value is not None
        )
        say(f"  {step['at'] - begun:8.3f} s  {step['kind']:<16} {rest}")


@asynccontextmanager
async def _desk(base: str) -> AsyncIterator[ClientConnection]:
    """An agent's page without a screen: logged in, ready."""
    tokens = await _post(base, "/api/login", {"login": AGENT, "password": PASSWORD})
    ticket = await _post(base, "/api/ws-ticket", {}, _access(tokens))
    async with connect(f"{base.replace('http', 'ws', 1)}/ws?ticket={ticket['ticket']}") as desk:
        command = {"type": "command", "key": uuid.uuid4().hex, "name": "set_status", "args": {"status": "ready"}}
        await desk.send(json.dumps(command))
        answer = await _first(desk, "answer")
        if not answer["ok"]:
            raise StartError(f"agent {AGENT} cannot be ready: {answer['error']['message']}")
        yield desk


def _access(tokens: dict[str, Any]) -> str:
    return str(tokens["token"])


async def _first(desk: ClientConnection, kind: str, deadline_s: float = 40.0, **fields: Any) -> dict[str, Any]:
    ends = time.monotonic() + deadline_s
    while True:
        try:
            async with asyncio.timeout(max(0.1, min(5.0, ends - time.monotonic()))):
                message: dict[str, Any] = json.loads(await desk.recv())
        except TimeoutError:
            if time.monotonic() >= ends:
                raise StartError(f"the desk got no {kind!r} within {deadline_s:g} s; see .run/zongji.log") from None
            await desk.send('{"type": "heartbeat"}')
            continue
        if message["type"] == kind and all(message.get(key) == value for key, value in fields.items()):
            return message


async def _post(base: str, path: str, body: dict[str, Any], token: str = "") -> dict[str, Any]:
    return await _request(base, path, json.dumps(body).encode(), token)


async def _get(base: str, path: str, token: str) -> dict[str, Any]:
    return await _request(base, path, None, token)


async def _request(base: str, path: str, body: bytes | None, token: str) -> dict[str, Any]:
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    request = urllib.request.Request(base + path, body, headers)  # noqa: S310 - our own server's address

    def fetch() -> dict[str, Any]:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            found: dict[str, Any] = json.loads(answer.read())
            return found

    try:
        return await asyncio.to_thread(fetch)
    except urllib.error.URLError as error:
        raise StartError(f"{base}{path}: {error}: start the house first with 'make run' or 'make start'") from None
