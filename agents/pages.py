"""The browser application as `make setup` built it: pages and their parts, pressed where the browser takes that.

The server goes on without it: calls need no page of ours, so a missing build is said, not raised.
"""

from __future__ import annotations

import os
from mimetypes import guess_type
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import FileResponse, PlainTextResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Scope

from agents.parts import parts_of

if TYPE_CHECKING:
    from _typeshed import StrPath

log = structlog.get_logger(__name__)
BUILT = Path(__file__).parent / "desk" / "dist"
PAGES = ("index.html", "wallboard.html", "supervisor.html", "booth.html", "admin.html", "recordings.html")
MISSING = "the pages are not built: make setup"
FOREVER = "public, max-age=31536000, immutable"


def missing(built: Path = BUILT) -> str | None:
    """What to tell people when there are no pages; None when there are."""
    there = all((built / page).is_file() for page in PAGES)
    return None if there else MISSING


def add_pages(app: FastAPI, built: Path = BUILT) -> None:
    """`/desk/`, `/wallboard`, `/supervisor`, `/recordings` and `/admin`; 503 with the cure while they are not built."""
    if cure := missing(built):
        log.warning(cure)

    @app.get("/", include_in_schema=False)
    async def start() -> RedirectResponse:
        return RedirectResponse("/desk/")

    @app.get("/wallboard", include_in_schema=False)
    async def wallboard() -> Response:
        cure = missing(built)
        return PlainTextResponse(cure, 503) if cure else FileResponse(built / "wallboard.html")

    @app.get("/supervisor", include_in_schema=False)
    async def supervisor() -> Response:
        cure = missing(built)
        return PlainTextResponse(cure, 503) if cure else FileResponse(built / "supervisor.html")

    @app.get("/recordings", include_in_schema=False)
    async def recordings() -> Response:
        cure = missing(built)
        return PlainTextResponse(cure, 503) if cure else FileResponse(built / "recordings.html")

    @app.get("/admin", include_in_schema=False)
    async def admin() -> Response:
        cure = missing(built)
        return PlainTextResponse(cure, 503) if cure else FileResponse(built / "admin.html")

    @app.get("/booth", include_in_schema=False)
    async def booth(request: Request) -> Response:
        """In the demo only."""
        if not parts_of(request).demo:
            raise HTTPException(404)
        cure = missing(built)
        return PlainTextResponse(cure, 503) if cure else FileResponse(built / "booth.html")

    app.mount("/desk", Pressed(built), name="desk")


class Pressed(StaticFiles):
    """Files, the `.gz` beside one instead of it where the browser takes gzip.

    What lies in `assets/` carries its contents' hash in its name and may be kept forever.
    """

    def __init__(self, built: Path) -> None:
        super().__init__(directory=built, html=True, check_dir=False)
        self._built = built

    async def check_config(self) -> None:
        """The folder may come later: it is looked for at each request."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        if cure := missing(self._built):
            return PlainTextResponse(cure, 503)
        response = await super().get_response(path, scope)
        if path.startswith("assets/") and response.status_code in {200, 304}:
            response.headers["Cache-Control"] = FOREVER
        return response

    def file_response(
        self, full_path: StrPath, stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        pressed = Path(f"{os.fspath(full_path)}.gz")
        if not pressed.is_file():
            return super().file_response(full_path, stat_result, scope, status_code)
        if "gzip" in Headers(scope=scope).get("accept-encoding", ""):
            response = super().file_response(pressed, pressed.stat(), scope, status_code)
            response.headers["Content-Encoding"] = "gzip"
            response.headers["Content-Type"] = _kind(full_path)
        else:
            response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["Vary"] = "Accept-Encoding"
        return response


def _kind(path: StrPath) -> str:
    kind = guess_type(path)[0] or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
