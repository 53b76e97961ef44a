"""The websocket: one reader and one writer a page; they end together."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Literal

import structlog
from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from pydantic import ValidationError

from agents.auth import Denied, Identity
from agents.parts import Parts, parts_of
from agents.ports import Refused
from agents.roster import Page
from agents.wire import Answer, Command, Heartbeat, PopShown, Problem, client_messages

log = structlog.get_logger(__name__)
router = APIRouter()
MAX_TEXT = 4096
WRITE_S = 10.0
NOT_LOGGED_IN, FOREIGN_ORIGIN, SILENT, TOO_BIG, REPLACED = 4401, 4403, 4408, 1009, 1000


class _End(Exception):  # noqa: N818 - how the reader says that it is over
    def __init__(self, code: int) -> None:
        self.code = code


@router.websocket("/ws")
async def desk_socket(
    socket: WebSocket, ticket: str = "", resume: str = "", view: Literal["desk", "wallboard"] = "desk"
) -> None:
    """The desk's live line; the messages are those of `agents.wire`."""
    parts = parts_of(socket)
    await socket.accept()
    if not parts.auth.origin_allowed(socket.headers.get("origin"), socket.headers.get("host", "")):
        await socket.close(FOREIGN_ORIGIN)
        return
    try:
        who = parts.auth.redeem(ticket, parts.clock())
    except Denied:
        await socket.close(NOT_LOGGED_IN)
        return
    if view == "desk" and who.role == "agent":
        with contextlib.suppress(Refused):
            await parts.control.log_in(who.agent_id)
    await _serve(socket, parts, who, view, resume)


async def _serve(
    socket: WebSocket, parts: Parts, who: Identity, view: Literal["desk", "wallboard"], resume: str
) -> None:
    ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def end(code: int) -> None:
        if not ended.done():
            ended.set_result(code)

    page = parts.roster.join(who.agent_id, end, view=view, sees_all=who.sees_all, resume=resume)
    jobs = [asyncio.create_task(_write(socket, page, end)), asyncio.create_task(_read(socket, parts, page, end))]
    try:
        if parts.auth.has_ended(who):  # logged out while this page was joining
            end(NOT_LOGGED_IN)
        code = await ended
    finally:
        parts.roster.leave(page)
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)
    if code:
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):
            await socket.close(code)


async def _write(socket: WebSocket, page: Page, end: asyncio.Future[int] | object) -> None:
    done = False
    try:
        while True:
            item, done = await page.next(), False
            try:
                await asyncio.wait_for(socket.send_text(item.text), WRITE_S)
                done = True
            finally:
                item.written(done)
    except (TimeoutError, RuntimeError, WebSocketDisconnect, OSError):
        _call(end, 0)
