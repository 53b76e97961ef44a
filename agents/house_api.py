"""REST: what administrators switch while the house runs."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, ConfigDict, Field

from agents.auth import Identity
from agents.parts import ApiError, Parts, administrator, parts_of, remembered
from agents.ports import Refused, Switches
from agents.schemas import Error

router = APIRouter(
    prefix="/api/house", responses={status: {"model": Error} for status in (400, 401, 403, 404, 422, 503)}
)
Administrator = Annotated[Identity, Depends(administrator)]
WithParts = Annotated[Parts, Depends(parts_of)]
Number = Annotated[str, Field(pattern=r"^\+?[0-9]{1,20}\*?$")]
EXAMPLE: Any = {
    "closed": False, "blocked": ["16812345678", "170*"], "calendars": {"service": "open"}, "overrides": {},
}  # fmt: skip


class House(BaseModel):
    """`calendars`: how each stands now, `open`, `closed` or `holiday`; `overrides`: those an administrator has set."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})
    closed: bool
    blocked: list[str]
    calendars: dict[str, str]
    overrides: dict[str, str]


class Closure(BaseModel):
    """`closed`: callers hear the emergency's words, and nobody is let in."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"closed": True}]})
    closed: bool


class Blocked(BaseModel):
    """Numbers that are turned down unanswered; one that ends in `*` is a beginning."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"numbers": ["16812345678", "170*"]}]})
    numbers: list[Number] = Field(max_length=10_000)


class Override(BaseModel):
    """`stands`: None gives the calendar back to its days."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"stands": "closed"}]})
    stands: Literal["open", "closed"] | None


@router.get("", summary="Whether callers are let in, and how the calendars stand")
async def house(_who: Administrator, parts: WithParts) -> House:
    return _now(parts)


@router.put("/closure", summary="Close the house at once, or open it again")
async def closure(who: Administrator, parts: WithParts, body: Closure) -> House:
    return await _done(parts, _switches(parts).close_house(body.closed, who.agent_id))


@router.put("/blocked", summary="Whose calls are turned down")
async def blocked(who: Administrator, parts: WithParts, body: Blocked) -> House:
    return await _done(parts, _switches(parts).block(body.numbers, who.agent_id))


@router.put("/calendars/{name}", summary="Override a calendar, or give it back to its days")
async def override(
    who: Administrator, parts: WithParts, name: Annotated[str, Path(pattern=r"^[a-z][a-z0-9_-]{0,39}$")], body: Override
) -> House:
    return await _done(parts, _switches(parts).override(name, body.stands, who.agent_id))


async def _done(parts: Parts, change: Awaitable[None]) -> House:
    try:
        await remembered(change, Refused)
    except Refused as refused:
        raise ApiError(404 if refused.reason == "no_calendar" else 422, refused.reason, refused.message) from None
    return _now(parts)


def _switches(parts: Parts) -> Switches:
    if parts.switches is None:
        raise ApiError(404, "not_found", "this house has nothing to switch")
    return parts.switches


def _now(parts: Parts) -> House:
    found = _switches(parts).house()
    return House(
        closed=found.closed,
        blocked=list(found.blocked),
        calendars=dict(found.calendars),
        overrides=dict(found.overrides),
    )
