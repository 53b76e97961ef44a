"""The web application: log-in, calls, health, the websocket and the first pages."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, Field

from agents import socket
from agents.auth import Auth, Denied, Identity, verify
from agents.commands import Commands
from agents.parts import ApiError, Parts, current, parts_of
from agents.ports import CallControl, Health, Memory
from agents.roster import Roster

DESK = Path(__file__).parent / "desk"
POLICY = "default-src 'self'; connect-src 'self' ws: wss:; frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
Who = Annotated[Identity, Depends(current)]


class LogIn(BaseModel):
    login: Annotated[str, Field(max_length=32, examples=["1001"])]
    password: Annotated[str, Field(max_length=200, examples=["zongji-demo"])]


class RefreshToken(BaseModel):
    refresh: Annotated[str, Field(max_length=2000)]


def create_app(  # noqa: PLR0913 - everything the pages stand on, in one place
    *,
    control: CallControl,
    memory: Memory,
    roster: Roster,
    auth: Auth,
    health: Health,
    metrics_text: Callable[[], bytes],
    version: str,
    demo: bool,
    clock: Callable[[], float] = time.time,
    silence_s: float = 45.0,
) -> FastAPI:
    """The application; it starts nothing and holds no state but log-ins."""
    app = FastAPI(title="Zongji", version=version, docs_url=None, redoc_url=None)
    app.state.parts = Parts(
        control, memory, roster, auth, health, Commands(control, clock), metrics_text, version, demo, clock, silence_s
    )
    app.add_exception_handler(ApiError, _told)
    app.middleware("http")(_headers)
    _session_routes(app)
    _call_routes(app)
    _health_routes(app)
    app.include_router(socket.router)
    app.mount("/static", StaticFiles(directory=DESK), name="static")
    for page in ("desk", "wallboard"):
        app.add_api_route(f"/{page}", _page(f"{page}.html"), include_in_schema=False)
    app.add_api_route("/", lambda: RedirectResponse("/desk"), include_in_schema=False)
    return app


async def _told(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)  # noqa: S101
    body = {"error": {"code": error.code, "message": error.message}}
    return JSONResponse(body, error.status, error.headers)


async def _headers(request: Request, call_next: Callable[[Request], Any]) -> Response:
    response: Response = await call_next(request)
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    if not request.url.path.startswith("/static"):
        response.headers["Cache-Control"] = "no-store"
    return response


def _page(name: str) -> Callable[[], Response]:
    def page() -> Response:
        return Response((DESK / name).read_bytes(), media_type="text/html; charset=utf-8")

    return page


def _session_routes(app: FastAPI) -> None:
    @app.post("/api/login", tags=["session"])
    async def log_in(body: LogIn, request: Request) -> dict[str, Any]:
        """Tokens for an agent; 401 for a wrong log-in or password alike, 429 after too many tries."""
        parts, address = parts_of(request), request.client.host if request.client else ""
        wait = parts.auth.limit.attempt(body.login, address, parts.clock())
        if wait > 0:
            raise ApiError(429, "too_many_tries", "too many tries, wait a minute", {"Retry-After": str(int(wait) + 1)})
        agent = await parts.memory.agent(body.login)
        if not await asyncio.to_thread(verify, body.password, agent) or agent is None:
            raise ApiError(401, "wrong_login", "wrong log-in or password")
        parts.auth.limit.succeeded(body.login, address)
        me = {"id": agent.id, "name": agent.name, "name_en": agent.name_en, "role": agent.role}
        return {**asdict(parts.auth.issue(agent, parts.clock())), "me": me}

    @app.post("/api/refresh", tags=["session"])
    async def refresh(body: RefreshToken, request: Request) -> dict[str, Any]:
        """New tokens for the same session."""
        parts = parts_of(request)
        try:
            who, until = parts.auth.read_until(body.refresh, "refresh", parts.clock())
        except Denied as denied:
            raise ApiError(401, "not_logged_in", str(denied)) from None
        agent = await parts.memory.agent(who.agent_id)
        if agent is None:
            raise ApiError(401, "not_logged_in", "not logged in")
        return asdict(parts.auth.issue(agent, parts.clock(), who.session, until))

    @app.post("/api/logout", tags=["session"])
    async def log_out(who: Who, request: Request) -> dict[str, bool]:
        parts = parts_of(request)
        parts.auth.end(who, parts.clock())
        parts.roster.close(who.agent_id, socket.NOT_LOGGED_IN)
        if who.role == "agent":
            await parts.control.log_out(who.agent_id)
        return {"ok": True}

    @app.post("/api/ws-ticket", tags=["session"])
    async def ws_ticket(who: Who, request: Request) -> dict[str, str]:
        """One websocket may be opened with it: `/ws?ticket=...`."""
        parts = parts_of(request)
        return {"ticket": parts.auth.ticket(who, parts.clock())}


def _call_routes(app: FastAPI) -> None:
    @app.get("/api/floor", tags=["floor"])
    async def floor(who: Who, request: Request) -> dict[str, Any]:
        view = parts_of(request).control.snapshot()
        return asdict(view if who.sees_all else view.only(who.agent_id))

    @app.get("/api/calls", tags=["calls"])
    async def calls(who: Who, request: Request, limit: Annotated[int, Field(ge=1, le=200)] = 50) -> list[Any]:
        mine = None if who.sees_all else who.agent_id
        return list(await parts_of(request).memory.recent_calls(limit, mine))

    @app.get("/api/calls/{call_id}", tags=["calls"])
    async def call(call_id: str, who: Who, request: Request) -> dict[str, Any]:
        """The whole story; agents see the calls they had, supervisors all."""
        story = await parts_of(request).memory.call_story(call_id)
        seen = story is not None and (
            who.sees_all or any(step.get("agent_id") == who.agent_id for step in story["steps"])
        )
        if story is None or not seen:
            raise ApiError(404, "no_such_call", f"no call {call_id!r}")
        return dict(story)


def _health_routes(app: FastAPI) -> None:
    @app.get("/healthz", tags=["health"])
    async def alive() -> dict[str, str]:
        return {"status": "ok", "version": app.version}

    @app.get("/readyz", tags=["health"])
    async def ready(request: Request, response: Response) -> dict[str, Any]:
        """Each dependency; 503 unless all are well."""
        checks = await parts_of(request).health.checks()
        if not all(check.ok for check in checks.values()):
            response.status_code = 503
        return {name: asdict(check) for name, check in checks.items()}

    @app.get("/metrics", tags=["health"], include_in_schema=False)
    async def metrics(request: Request) -> Response:
        return Response(parts_of(request).metrics_text(), media_type="text/plain; version=0.0.4")
