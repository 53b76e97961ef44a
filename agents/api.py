"""REST: log-in and its tokens, the floor, the calls and their stories."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from math import ceil
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from starlette.requests import HTTPConnection

from agents import examples
from agents.auth import TICKET_S, Denied, Identity, Tokens, verify
from agents.own_day import KINDS, own_day
from agents.parts import ApiError, Parts, address_of, close_pages, current, parts_of, remembered
from agents.ports import Access, AgentLike, Refused
from agents.schemas import (
    PRINTABLE,
    About,
    Calls,
    Day,
    Directory,
    Error,
    LoginForm,
    Me,
    Missed,
    MissedOffer,
    OwnDay,
    Session,
    Staff,
    Ticket,
)
from agents.views import FloorView

COOKIE = "zongji_session"
router = APIRouter(prefix="/api", responses={status: {"model": Error} for status in (400, 401, 422, 503)})


def _parts(connection: HTTPConnection) -> Parts:
    return parts_of(connection)


WithParts = Annotated[Parts, Depends(_parts)]
Who = Annotated[Identity, Depends(current)]


@router.get("/about", summary="Version and kind of the house")
async def about(parts: WithParts) -> About:
    """Open to everybody: what the log-in page needs."""
    return About(version=parts.version, demo=parts.demo)


@router.post("/login", summary="Log in", responses={403: {"model": Error}, 429: {"model": Error}})
async def login(form: LoginForm, request: Request, response: Response, parts: WithParts) -> Session:
    """The refresh token comes as a cookie that scripts cannot read."""
    own_page(request, parts)
    address = address_of(request)
    wait_s = parts.auth.limit.attempt(form.login, address, parts.clock())
    if wait_s > 0:
        seconds = str(ceil(wait_s))
        raise ApiError(429, "too_many_attempts", f"wait {seconds} seconds and try again", {"Retry-After": seconds})
    agent = await remembered(parts.memory.agent(form.login))
    async with parts.verifying:
        right = await asyncio.to_thread(verify, form.password, agent)
    if not right or agent is None:
        # What was typed for a login that nobody has may be a password.
        parts.witness(Access("login_refused", agent.id if agent else "", address, "wrong_login"))
        raise ApiError(401, "wrong_login", "login or password is wrong")
    parts.auth.limit.succeeded(form.login, address)
    parts.witness(Access("logged_in", agent.id, address))
    return _session(request, response, agent, parts.auth.issue(agent, parts.clock()))


@router.post("/refresh", summary="Renew the access token", responses={403: {"model": Error}})
async def refresh(request: Request, response: Response, parts: WithParts) -> Session:
    """A new access token for the session in the cookie; the session's end does not move."""
    own_page(request, parts)
    now = parts.clock()
    try:
        who, until = parts.auth.read_until(request.cookies.get(COOKIE, ""), "refresh", now)
    except Denied as denied:
        raise ApiError(401, "not_logged_in", str(denied)) from denied
    agent = await remembered(parts.memory.agent(who.agent_id))
    if agent is None:
        raise ApiError(401, "not_logged_in", "this login is no longer active")
    return _session(request, response, agent, parts.auth.renew(agent, who, now, until))


@router.post("/logout", summary="Log out", status_code=204, responses={409: {"model": Error}})
async def logout(who: Who, request: Request, response: Response, parts: WithParts) -> None:
    """The session's tokens and the pages end, for an agent everywhere. 409 while there is a call."""
    async with parts.door[who.agent_id]:
        if who.role == "agent":
            try:
                await parts.control.own.log_out(who.agent_id)
            except Refused as refused:
                raise ApiError(409, refused.reason, refused.message) from refused
        parts.auth.end(who, parts.clock())
        await close_pages(parts, who.agent_id)
    parts.witness(Access("logged_out", who.agent_id, address_of(request)))
    response.delete_cookie(COOKIE, path="/api")


@router.post("/ws-ticket", summary="A ticket for one websocket")
async def ws_ticket(who: Who, parts: WithParts) -> Ticket:
    """To be used once, as `/ws?ticket=...`: an access token has no place in an address."""
    return Ticket(ticket=parts.auth.ticket(who, parts.clock()), expires_in_s=TICKET_S)


@router.get("/me", summary="Who is logged in")
async def me(who: Who, parts: WithParts) -> Me:
    agent = await remembered(parts.memory.agent(who.agent_id))
    if agent is None:
        raise ApiError(401, "not_logged_in", "this login is no longer active")
    return _me(agent)


@router.get("/me/day", summary="One's own day so far")
async def own_figures(who: Who, parts: WithParts) -> OwnDay:
    """Calls and time by state since the house's midnight, from the journal."""
    begins = parts.control.own.day_begins()
    steps = await remembered(parts.memory.agent_steps(who.agent_id, begins, KINDS))
    return OwnDay.model_validate(own_day(steps, begins, parts.clock()))


@router.get("/floor", summary="Queues and agents now", responses=examples.json_of(examples.FLOOR))
async def floor(who: Who, parts: WithParts) -> FloorView:
    """An agent sees all queues and himself; a supervisor sees everybody."""
    view = parts.control.own.snapshot()
    return view if who.sees_all else view.only(who.agent_id)


@router.get("/directory", summary="Who can be asked in now")
async def directory(who: Who, parts: WithParts) -> Directory:
    """Everybody who takes calls, with presence; of a colleague's work an agent sees no more than that."""
    people = [one for one in parts.control.own.snapshot().directory() if one.id != who.agent_id]
    return Directory(people=people)


@router.get("/missed", summary="Offers that went elsewhere")
async def missed(who: Who, parts: WithParts, since: Annotated[float | None, Query(ge=0, le=1e11)] = None) -> Missed:
    """One's own, since then (UTC epoch seconds; the house's midnight where nothing is said), newest first."""
    begins = parts.control.own.day_begins() if since is None else since
    return Missed(offers=[MissedOffer(**one) for one in await remembered(parts.memory.missed(who.agent_id, begins))])


@router.get("/calls", summary="The newest calls")
async def calls(who: Who, parts: WithParts, limit: Annotated[int, Query(ge=1, le=500)] = 50) -> Calls:
    """Newest first. An agent sees his own."""
    rows = await remembered(parts.memory.recent_calls(limit, None if who.sees_all else who.agent_id))
    return Calls(calls=[dict(row) for row in rows])


@router.get(
    "/calls/{call_id}",
    summary="The whole story of one call",
    responses={404: {"model": Error}, **examples.json_of(examples.STORY)},
)
async def call(
    who: Who, parts: WithParts, call_id: Annotated[str, Path(max_length=64, pattern=PRINTABLE)]
) -> dict[str, Any]:
    """Step by step. An agent sees those he had a part in."""
    story = await remembered(parts.memory.call_story(call_id))
    if story is None or not (who.sees_all or _had_a_part(who.agent_id, story)):
        raise ApiError(404, "unknown_call", "there is no such call")
    return dict(story)


async def _supervisor(who: Who) -> Identity:
    if not who.sees_all:
        raise ApiError(403, "forbidden", "only supervisors may see this")
    return who


Supervisor = Annotated[Identity, Depends(_supervisor)]


@router.get("/staff", summary="Who can do what", responses={403: {"model": Error}})
async def staff(_: Supervisor, parts: WithParts) -> Staff:
    """Skills and queues of every agent, and which queues they serve by them. For supervisors."""
    return Staff.model_validate(parts.control.supervision.staff())


@router.get(
    "/day", summary="The day so far, by the quarter of an hour", responses={st: {"model": Error} for st in (403, 404)}
)
async def day(
    _: Supervisor, parts: WithParts, queue: Annotated[str | None, Query(max_length=64, pattern=PRINTABLE)] = None
) -> Day:
    """One queue's, or all queues' together. For supervisors."""
    try:
        return Day.model_validate(parts.control.supervision.day(queue))
    except KeyError:
        raise ApiError(404, "unknown_queue", "there is no such queue") from None


def _had_a_part(agent_id: str, story: Mapping[str, Any]) -> bool:
    if story.get("agent_id") == agent_id:
        return True
    return any(step.get("agent_id") == agent_id for step in story.get("steps", ()))


def own_page(request: Request, parts: Parts) -> None:
    if not parts.auth.origin_allowed(request.headers.get("origin"), request.headers.get("host", "")):
        raise ApiError(403, "foreign_origin", "this page may not log in here")


def _me(agent: AgentLike) -> Me:
    return Me(id=agent.id, name=agent.name, name_en=agent.name_en, role=agent.role)


def _session(request: Request, response: Response, agent: AgentLike, tokens: Tokens) -> Session:
    response.set_cookie(
        COOKIE,
        tokens.refresh,
        max_age=int(tokens.refresh_expires_at - parts_of(request).clock()),
        path="/api",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )
    return Session(token=tokens.access, expires_at=tokens.access_expires_at, me=_me(agent))
