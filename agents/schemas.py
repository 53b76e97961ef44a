"""What the REST interface takes and gives."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from agents.examples import CALL
from agents.views import Colleague

PRINTABLE = r"^[^\x00-\x1f\x7f]+$"  # PostgreSQL fails on a zero in a text
ME: dict[str, Any] = {"id": "1001", "name": "王芳", "name_en": "Wang Fang", "role": "agent"}


class Directory(BaseModel):
    """`presence` of each: `ready` can take a call now, `busy` has one, `not_ready`, or `away`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"people": [{"id": "1002", "name": "李伟", "name_en": "Li Wei", "presence": "ready"}]}]
        }
    )
    people: list[Colleague]


class OwnDay(BaseModel):
    """An agent's day since midnight; durations in seconds, `not_ready_s` by reason. `handle_s` is the average."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "since": 1.7676e9, "calls": 31, "missed": 1, "talk_s": 5580.0, "hold_s": 240.0, "wrap_up_s": 700.0,
                    "ready_s": 3600.0, "not_ready_s": {"break": 900.0}, "staffed_s": 11020.0, "handle_s": 210.3,
                    "occupancy": 0.64, "utilisation": 0.92,
                }
            ]
        }
    )  # fmt: skip
    since: float
    calls: int
    missed: int
    talk_s: float
    hold_s: float
    wrap_up_s: float
    ready_s: float
    not_ready_s: dict[str, float]
    staffed_s: float
    handle_s: float | None
    occupancy: float | None
    utilisation: float | None


class MissedOffer(BaseModel):
    """`reason` as the router gave it: rona, rejected, busy, device, left..."""

    at: float
    call_id: str
    reason: str
    number: str
    queue: str
    name: str = ""


class Missed(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "offers": [
                        {
                            "at": 1.7676e9,
                            "call_id": "c1",
                            "reason": "rona",
                            "number": "138",
                            "queue": "trading",
                            "name": "",
                        }
                    ]
                }
            ]
        }
    )
    offers: list[MissedOffer]


class LoginForm(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"login": "1001", "password": "..."}]})
    login: Annotated[str, Field(max_length=64, pattern=PRINTABLE)]
    password: Annotated[str, Field(min_length=1, max_length=256)]


class Me(BaseModel):
    """Who is logged in."""

    model_config = ConfigDict(json_schema_extra={"examples": [ME]})
    id: str
    name: str
    name_en: str
    role: str


class Session(BaseModel):
    """`token` goes into `Authorization: Bearer`; refresh it before `expires_at` (UTC epoch seconds)."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"token": "eyJhbGciOi...", "expires_at": 1767577500.0, "me": ME}]}
    )
    token: str
    expires_at: float
    me: Me


class Ticket(BaseModel):
    """For one websocket, within `expires_in_s`."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"ticket": "q1w2e3...", "expires_in_s": 30.0}]})
    ticket: str
    expires_in_s: float


class About(BaseModel):
    """`demo`: made-up people whose log-ins may be shown."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"version": "0.1.0", "demo": True}]})
    version: str
    demo: bool


class Calls(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"calls": [CALL]}]})
    calls: list[dict[str, Any]]


class Dependency(BaseModel):
    """`needed`: without it no calls can be served."""

    ok: bool
    detail: str = ""
    needed: bool = True


class Readiness(BaseModel):
    """`ready` when every needed dependency is ok, HTTP 503 when not; `degraded` when any of them is not ok."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "ready": True,
                    "degraded": True,
                    "checks": {
                        "asterisk": {"ok": True, "detail": "", "needed": True},
                        "mqtt": {"ok": False, "detail": "no broker at 10.0.0.5:1883", "needed": False},
                    },
                }
            ]
        }
    )
    ready: bool
    degraded: bool
    checks: dict[str, Dependency]


class ErrorBody(BaseModel):
    code: str
    message: str


class Error(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"error": {"code": "not_logged_in", "message": "not logged in"}}]}
    )
    error: ErrorBody


class Member(BaseModel):
    """`queues` is what the agent was given, none being all; `serves` is what follows from it and the skills."""

    skills: dict[str, int]
    queues: list[str]
    serves: list[str]


class Staff(BaseModel):
    """Known `skills` and `queues`, and every agent's by number."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "skills": ["mandarin", "trading"],
                    "queues": ["trading"],
                    "agents": {"1001": {"skills": {"mandarin": 8}, "queues": [], "serves": []}},
                }
            ]
        }
    )
    skills: list[str]
    queues: list[str]
    agents: dict[str, Member]


class DayStep(BaseModel):
    """From `at` (UTC epoch seconds) for one step. None where nothing happened that it could be a figure of."""

    at: float
    offered: int
    answered: int
    abandoned: int
    service_level: float | None
    mean_wait_s: float | None


class Day(BaseModel):
    """`queue` empty: all. Calls count in the step in which they were answered or given up."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "queue": "trading", "step_s": 900, "formula": "answered_in_target / (answered + abandoned)",
                    "steps": [
                        {
                            "at": 1767577500.0, "offered": 12, "answered": 11, "abandoned": 1,
                            "service_level": 0.75, "mean_wait_s": 8.5,
                        }
                    ],
                }
            ]
        }
    )  # fmt: skip
    queue: str
    step_s: int
    formula: str
    steps: list[DayStep]
