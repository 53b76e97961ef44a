"""The web application: HTTP, the websocket, the pages. `create_app` is the only door."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse
from starlette.exceptions import HTTPException

from agents import (
    api,
    audit_api,
    examples,
    host_api,
    house_api,
    menus_api,
    phone_api,
    prompts_api,
    quality_api,
    recordings_api,
    sip_proxy,
    socket,
    voicemail_api,
    wire,
)
from agents.auth import Auth
from agents.commands import Commands
from agents.limits import Bounded
from agents.pages import add_pages
from agents.parts import ApiError, Parts, address_of, current, end_sessions, parts_of, problem
from agents.ports import (
    Access,
    CheckResult,
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
from agents.schemas import Dependency, Readiness

log = structlog.get_logger(__name__)
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; media-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
}


def create_app(  # noqa: PLR0913 - the one place where the desk meets the rest of the server
    *,
    control: Control,
    memory: Memory,
    roster: Roster,
    auth: Auth,
    health: Health,
    metrics_text: Callable[[], bytes],
    version: str,
    demo: bool,
    phones: PagePhones,
    sip_url: str,
    recordings: Recordings | None = None,
    prompts: Prompts | None = None,
    switches: Switches | None = None,
    menus: Menus | None = None,
    quality: Quality | None = None,
    host_panel: HostPanel | None = None,
    later: LaterContacts | None = None,
    orders: Orders | None = None,
    witness: Callable[[Access], None] = lambda _access: None,
    clock: Callable[[], float] = time.time,
    silence_s: float = 20.0,
) -> FastAPI:
    """The application, with nothing started. `clock` gives UTC epoch seconds."""
    roster.show(control.own.snapshot, control.own.view_of)
    roster.show_waiting(control.supervision.waiting)
    app = FastAPI(title="Zongji", version=version, docs_url=None, redoc_url=None, description=wire.__doc__ or "")
    app.state.parts = Parts(
        control=control,
        memory=memory,
        roster=roster,
        auth=auth,
        health=health,
        commands=Commands(control, clock, lambda agent_id: end_sessions(app.state.parts, agent_id)),
        metrics_text=metrics_text,
        version=version,
        demo=demo,
        clock=clock,
        silence_s=silence_s,
        phones=phones,
        sip_url=sip_url,
        recordings=recordings,
        prompts=prompts,
        switches=switches,
        menus=menus,
        quality=quality,
        host_panel=host_panel,
        later=later,
        orders=orders,
        witness=witness,
    )
    _answer_errors(app)
    app.middleware("http")(_guard)
    app.add_middleware(Bounded)
    app.include_router(api.router)
    app.include_router(audit_api.router)
    app.include_router(phone_api.router)
    app.include_router(recordings_api.router)
    app.include_router(quality_api.router)
    app.include_router(prompts_api.router)
    app.include_router(house_api.router)
    app.include_router(host_api.router)
    app.include_router(voicemail_api.router)
    app.include_router(menus_api.router)
    app.include_router(socket.router)
    app.include_router(sip_proxy.router)
    _add_operations(app)
    add_pages(app)
    return app


async def _guard(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await call_next(request)
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    # Records and tokens stay out of caches; pages are asked for anew, so that an upgrade is seen at once.
    response.headers.setdefault("Cache-Control", "no-store" if request.url.path.startswith("/api") else "no-cache")
    return response


def _answer_errors(app: FastAPI) -> None:
    @app.exception_handler(ApiError)
    async def _known(request: Request, error: ApiError) -> JSONResponse:
        if error.code == "forbidden":
            what = f"{request.method} {request.url.path}"
            parts_of(request).witness(Access("forbidden", current(request).agent_id, address_of(request), what))
        return problem(error)

    @app.exception_handler(RequestValidationError)
    async def _invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        return problem(ApiError(422, "invalid", f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"))

    @app.exception_handler(HTTPException)
    async def _http(_: Request, error: HTTPException) -> JSONResponse:
        code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "http_error")
        return problem(ApiError(error.status_code, code, error.detail, dict(error.headers or {})))

    @app.exception_handler(Exception)
    async def _unexpected(request: Request, error: Exception) -> JSONResponse:
        log.error("request failed", path=request.url.path, exc_info=error)
        return problem(ApiError(500, "failed", "the server could not do this"))


def _add_operations(app: FastAPI) -> None:
    alive = examples.json_of({"status": "ok", "version": "0.1.0"})
    numbers = examples.json_of("zongji_calls_live 3.0\n", "text/plain")

    @app.get("/healthz", tags=["operations"], summary="Whether the process answers", responses=alive)
    async def healthz(request: Request) -> dict[str, str]:
        """Says nothing of what calls need: that is `/readyz`."""
        return {"status": "ok", "version": parts_of(request).version}

    @app.get(
        "/readyz", tags=["operations"], summary="Whether calls can be served", responses={503: {"model": Readiness}}
    )
    async def readyz(request: Request, response: Response) -> Readiness:
        """503 when not; each dependency with its cure."""
        checks = await _checks(parts_of(request).health)
        ready = all(check.ok or not check.needed for check in checks.values())
        response.status_code = 200 if ready else 503
        return Readiness(
            ready=ready,
            degraded=not all(check.ok for check in checks.values()),
            checks={
                name: Dependency(ok=check.ok, detail=check.detail, needed=check.needed)
                for name, check in checks.items()
            },
        )

    @app.get(
        "/metrics",
        tags=["operations"],
        summary="Figures for Prometheus",
        response_class=PlainTextResponse,
        responses=numbers,
    )
    async def metrics(request: Request) -> Response:
        """Prometheus text format."""
        return Response(parts_of(request).metrics_text(), media_type="text/plain; version=0.0.4; charset=utf-8")


async def _checks(health: Health) -> dict[str, CheckResult]:
    try:
        return dict(await health.checks())
    except Exception as error:
        log.exception("health could not be checked")
        return {"health": CheckResult(ok=False, detail=str(error) or type(error).__name__)}
