"""What the web application stands on, in one place, and the errors it answers with."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

import structlog
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse

from agents.auth import Auth, Denied, Identity
from agents.commands import Commands
from agents.ports import (
    Access,
    Control,
    Health,
    HostPanel,
    LaterContacts,
    Memory,
    Menus,
    Orders,
    PagePhones,
    Prompts,
    Quality,
    Recordings,
    Switches,
)
from agents.roster import Roster

log = structlog.get_logger(__name__)
Anything = TypeVar("Anything")

NOT_LOGGED_IN = 4401  # the websockets' close code


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything `create_app` was given. `silence_s`: a page silent for longer is taken for gone.

    `sip_url` is where the pages' SIP goes; `lines` has each person's open line, by what ends it.

    `witness` is told who came, went or was refused.

    `verifying` lets two passwords be checked at once: Argon2 takes a core and 64 MB for tens of milliseconds, and calls
    must not wait for a burst of log-ins. Whoever logs an agent in or out holds the agent's `door`.
    """

    control: Control
    memory: Memory
    roster: Roster
    auth: Auth
    health: Health
    commands: Commands
    metrics_text: Callable[[], bytes]
    version: str
    demo: bool
    clock: Callable[[], float]
    silence_s: float
    phones: PagePhones
    sip_url: str
    recordings: Recordings | None = None
    prompts: Prompts | None = None
    switches: Switches | None = None
    menus: Menus | None = None
    quality: Quality | None = None
    host_panel: HostPanel | None = None
    later: LaterContacts | None = None
    orders: Orders | None = None
    witness: Callable[[Access], None] = lambda _access: None
    lines: dict[str, Callable[[int], None]] = field(default_factory=dict)
    verifying: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))
    door: defaultdict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))


class ApiError(Exception):
    """Becomes `{"error": {"code", "message"}}` with this HTTP status."""

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.headers = status, code, message, headers


def problem(error: ApiError) -> JSONResponse:
    """As every refusal is answered."""
    return JSONResponse({"error": {"code": error.code, "message": error.message}}, error.status, error.headers)


async def end_sessions(parts: Parts, agent_id: str) -> None:
    """This person is logged out everywhere: tokens, telephone, pages."""
    parts.auth.end_all(agent_id, parts.clock())
    await close_pages(parts, agent_id)


async def close_pages(parts: Parts, agent_id: str) -> None:
    """Whoever is logged out has no telephone and no page."""
    await parts.phones.revoke(agent_id)
    if (line := parts.lines.get(agent_id)) is not None:
        line(NOT_LOGGED_IN)
    parts.roster.close(agent_id, NOT_LOGGED_IN)


async def remembered(question: Awaitable[Anything], *but: type[Exception]) -> Anything:
    """What the memory says; ApiError 503 while it says nothing. What it means to say by raising one of `but` passes."""
    try:
        return await question
    except but:
        raise
    except Exception as error:
        log.exception("the memory did not answer")
        raise ApiError(503, "memory_away", "the server cannot reach its records; try again") from error


def address_of(connection: HTTPConnection) -> str:
    return connection.client.host if connection.client else ""


def parts_of(connection: HTTPConnection) -> Parts:
    parts: Parts = connection.app.state.parts
    return parts


async def administrator(connection: HTTPConnection) -> Identity:
    """As `current`; ApiError 403 for anybody else."""
    who = current(connection)
    if who.role != "administrator":
        raise ApiError(403, "forbidden", "only administrators may do this")
    return who


def current(connection: HTTPConnection) -> Identity:
    """Whose access token came with the request; ApiError 401 when none that is good."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    parts = parts_of(connection)
    try:
        return parts.auth.read(token.strip() if scheme.lower() == "bearer" else "", "access", parts.clock())
    except Denied as denied:
        raise ApiError(401, "not_logged_in", str(denied), {"WWW-Authenticate": "Bearer"}) from denied
