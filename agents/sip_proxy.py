"""The pages' SIP, passed on to Asterisk through our own port: one address and one certificate for everything.

Text frames go through untouched, both ways. Asterisk sees us at an address of our own, so that no rule for what comes
from elsewhere is met. Nothing else of Asterisk's web server can be reached.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Annotated

import structlog
import websockets
from fastapi import APIRouter, Query, WebSocket, WebSocketDisconnect
from websockets.asyncio.client import ClientConnection
from websockets.typing import Subprotocol

from agents.auth import Denied
from agents.parts import Parts, parts_of

log = structlog.get_logger(__name__)
router = APIRouter()
Ender = Callable[[int], None]
SIP = "sip"
FROM = "127.0.0.2"
MOST_BYTES = 65536
OPEN_S = 5.0
NOT_LOGGED_IN, FOREIGN_ORIGIN, TAKEN_OVER, AWAY = 4401, 4403, 4409, 4503


@router.websocket("/sip")
async def sip_socket(
    socket: WebSocket,
    ticket: str = "",
    page: Annotated[str, Query(min_length=8, max_length=64, pattern=r"^[A-Za-z0-9-]+$")] = "no-page-id",
) -> None:
    """One page's line. A newer page of the same person takes it over (4409)."""
    parts = parts_of(socket)
    await socket.accept(subprotocol=SIP if SIP in socket.scope.get("subprotocols", ()) else None)
    if not parts.auth.origin_allowed(socket.headers.get("origin"), socket.headers.get("host", "")):
        await socket.close(FOREIGN_ORIGIN)
        return
    try:
        who = parts.auth.redeem(ticket, parts.clock())
    except Denied:
        await socket.close(NOT_LOGGED_IN)
        return
    try:
        upstream = await _upstream(parts.sip_url)
    except (OSError, TimeoutError, websockets.WebSocketException) as error:
        log.warning("a page's line could not be passed on", agent=who.agent_id, reason=str(error))
        await socket.close(AWAY)
        return
    async with upstream:
        await _join(socket, upstream, parts, who.agent_id, page)


async def _upstream(url: str) -> ClientConnection:
    local = (FROM, 0) if url.startswith("ws://127.") else None
    return await websockets.connect(
        url, subprotocols=[Subprotocol(SIP)], compression=None, ping_interval=None, max_size=MOST_BYTES,
        open_timeout=OPEN_S, close_timeout=1.0, local_addr=local, proxy=None,
    )  # fmt: skip


async def _join(socket: WebSocket, upstream: ClientConnection, parts: Parts, agent_id: str, page: str) -> None:
    over: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def end(code: int) -> None:
        if not over.done():
            over.set_result(code)

    former = parts.lines.get(agent_id)
    parts.lines[agent_id] = end
    if former is not None:
        former(TAKEN_OVER)
    parts.phones.opened(agent_id, page)
    jobs = [
        asyncio.create_task(_to_asterisk(socket, upstream, end)),
        asyncio.create_task(_to_page(socket, upstream, end)),
    ]
    try:
        code = await over
    finally:
        if parts.lines.get(agent_id) is end:
            del parts.lines[agent_id]
        for job in jobs:
            job.cancel()
        await asyncio.wait(jobs)
    if code:
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):
            await socket.close(code)


async def _to_asterisk(socket: WebSocket, upstream: ClientConnection, end: Ender) -> None:
    try:
        while True:
            text = await socket.receive_text()
            if len(text) > MOST_BYTES:
                end(1009)
                return
            await upstream.send(text)
    except (WebSocketDisconnect, RuntimeError, KeyError):  # KeyError: a binary frame where text is spoken
        end(0)
    except websockets.ConnectionClosed:
        end(AWAY)


async def _to_page(socket: WebSocket, upstream: ClientConnection, end: Ender) -> None:
    try:
        async for frame in upstream:
            await socket.send_text(frame if isinstance(frame, str) else frame.decode("utf-8", "replace"))
    except (WebSocketDisconnect, RuntimeError, OSError):
        end(0)
        return
    except websockets.ConnectionClosed:
        pass
    end(AWAY)
