"""What the web application stands on, in one place, and the errors it answers with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import HTTPConnection

from agents.auth import Auth, Denied, Identity
from agents.commands import Commands
from agents.ports import CallControl, Health, Memory
from agents.roster import Roster


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything `create_app` was given. `silence_s`: a page silent for longer is taken for gone."""

    control: CallControl
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


class ApiError(Exception):
    """Becomes `{"error": {"code", "message"}}` with this HTTP status."""

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.headers = status, code, message, headers


def parts_of(connection: HTTPConnection) -> Parts:
    parts: Parts = connection.app.state.parts
    return parts


def current(connection: HTTPConnection) -> Identity:
    """Whose access token came with the request; ApiError 401 when none that is good."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    parts = parts_of(connection)
    try:
        return parts.auth.read(token.strip() if scheme.lower() == "bearer" else "", "access", parts.clock())
    except Denied as denied:
        raise ApiError(401, "not_logged_in", str(denied), {"WWW-Authenticate": "Bearer"}) from denied
