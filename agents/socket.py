"""The websocket: one reader and one writer a page; they end together."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import structlog
from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from pydantic import ValidationError

from agents.auth import Denied, Identity
from agents.commands import FORBIDDEN
from agents.limits import Rate
from agents.parts import NOT_LOGGED_IN, Parts, address_of, parts_of
from agents.ports import Access, Refused
from agents.roster import Page
from agents.wire import Answer, AnyCommand, Beat, Heartbeat, PopShown, Problem, client_messages

log = structlog.get_logger(__name__)
router = APIRouter()
MAX_TEXT = 16_384
WRITE_S = 10.0  # and at most a beat more: it is looked at with each
BEATS = 10  # within the time after which a silent page is taken for gone
BOOTH = "booth"  # whoever calls from a page of the demo: a line, and nothing else
FOREIGN_ORIGIN, SILENT, TOO_BIG, TOO_OFTEN, BROKEN = 4403, 4408, 1009, 4429, 1011
OFTEN, BURST = 25.0, 200.0  # messages of a page: a second over time, and at once
GONE = 0  # nobody is there to be told


@dataclass(slots=True)
class Line:
    """When the page was last heard, and since when a message is being written to it; the loop's seconds."""

    heard_at: float
    writing_since: float | None = None

    def dead(self, now: float, silence_s: float) -> int | None:
        """With which code it is to end, because the page says nothing or takes nothing any more."""
        if now - self.heard_at >= silence_s:
            return SILENT
        if self.writing_since is not None and now - self.writing_since >= WRITE_S:
            return GONE
        return None


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
    if who.role == BOOTH:
        await socket.close(NOT_LOGGED_IN)
        return
    async with parts.door[who.agent_id]:
        if view == "desk" and who.role == "agent" and not parts.auth.has_ended(who):
            with contextlib.suppress(Refused):
                await parts.control.own.log_in(who.agent_id)
    await _serve(socket, parts, who, view, resume)


async def _serve(
    socket: WebSocket, parts: Parts, who: Identity, view: Literal["desk", "wallboard"], resume: str
) -> None:
    ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def end(code: int) -> None:
        if not ended.done():
            ended.set_result(code)

    page = parts.roster.join(who.agent_id, end, view=view, sees_all=who.sees_all, resume=resume)
    line = Line(asyncio.get_running_loop().time())
    work = _write(socket, page, line, end), _read(socket, parts, page, line, end), _beat(parts, page, line, end)
    jobs = [asyncio.create_task(one) for one in work]
    over = asyncio.get_running_loop().call_later(max(who.ends_at - parts.clock(), 0), end, NOT_LOGGED_IN)
    try:
        if parts.auth.has_ended(who):  # logged out while this page was joining
            end(NOT_LOGGED_IN)
        code = await ended
    finally:
        over.cancel()
        parts.roster.leave(page)
        for job in jobs:
            job.cancel()
        await asyncio.wait(jobs)
    if code:
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):
            await socket.close(code)


async def _write(socket: WebSocket, page: Page, line: Line, end: Callable[[int], None]) -> None:
    loop = asyncio.get_running_loop()
    try:
        while True:
            item, done = await page.next(), False
            line.writing_since = loop.time()
            try:
                await socket.send_text(item.text)
                done = True
            finally:
                line.writing_since = None
                item.written(done)
    except (RuntimeError, WebSocketDisconnect, OSError):
        end(GONE)
    except Exception:
        log.exception("page could not be written to", agent=page.agent_id)
        end(BROKEN)


async def _beat(parts: Parts, page: Page, line: Line, end: Callable[[int], None]) -> None:
    """The page learns that the server is there. Its reply comes in time: a hidden page's own timers may not.

    At each beat it is looked whether the page still reads and speaks, so that no message needs a timer of its own.
    """
    loop = asyncio.get_running_loop()
    while True:
        page.put_latest("beat", Beat(at=parts.clock()).model_dump_json())
        await asyncio.sleep(parts.silence_s / BEATS)
        if (code := line.dead(loop.time(), parts.silence_s)) is not None:
            end(code)


async def _read(socket: WebSocket, parts: Parts, page: Page, line: Line, end: Callable[[int], None]) -> None:
    answers: set[asyncio.Task[None]] = set()
    rate, loop, address = Rate(OFTEN, BURST), asyncio.get_running_loop(), address_of(socket)
    try:
        while True:
            text = await socket.receive_text()
            line.heard_at = loop.time()
            if len(text) > MAX_TEXT:
                end(TOO_BIG)
                return
            if not rate.takes(line.heard_at):
                log.warning("a page floods us", agent=page.agent_id)
                end(TOO_OFTEN)
                return
            _hear(text, parts, page, answers, address)
    except (WebSocketDisconnect, RuntimeError, KeyError):  # KeyError: a binary frame where text is spoken
        end(GONE)
    except Exception:
        log.exception("page could not be heard", agent=page.agent_id)
        end(BROKEN)
    finally:
        for answer in answers:
            answer.cancel()


def _hear(text: str, parts: Parts, page: Page, answers: set[asyncio.Task[None]], address: str) -> None:
    if page.closing:
        return
    try:
        message = client_messages.validate_json(text)
    except ValidationError as error:
        page.answer(_not_understood(text, error, parts.clock()))
        return
    if isinstance(message, Heartbeat):
        return
    if isinstance(message, PopShown):
        parts.roster.shown(page.agent_id, message.call_id)
        return
    if page.view != "desk":
        problem = Problem(code="wallboard", message="a wallboard gives no commands")
        page.answer(Answer(at=parts.clock(), key=message.key, ok=False, error=problem))
        return
    task = asyncio.create_task(_answer(message, parts, page, address))
    answers.add(task)
    task.add_done_callback(answers.discard)


async def _answer(command: AnyCommand, parts: Parts, page: Page, address: str) -> None:
    answer = await parts.commands.run(page.agent_id, command, sees_all=page.sees_all)
    if answer.error is not None and answer.error.code == FORBIDDEN.code:
        parts.witness(Access("forbidden", page.agent_id, address, command.name))
    page.answer(answer)


def _not_understood(text: str, error: ValidationError, now: float) -> Answer:
    """Names the first thing wrong, under the command's key if it can be found."""
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError):
        raw = None
    key = raw.get("key") if isinstance(raw, dict) else None
    problem = Problem(code="bad_message", message=f"{place}: {first['msg']}" if place else first["msg"])
    return Answer(at=now, key=key[:64] if isinstance(key, str) else "", ok=False, error=problem)
