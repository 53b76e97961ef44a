"""REST: menus and their versions, for administrators."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from agents.auth import Identity
from agents.parts import ApiError, Parts, administrator, parts_of, remembered
from agents.ports import Menus, Refused
from agents.schemas import Error

T = TypeVar("T")
router = APIRouter(prefix="/api/menus", responses={st: {"model": Error} for st in (400, 401, 403, 404, 409, 422, 503)})
Administrator = Annotated[Identity, Depends(administrator)]
WithParts = Annotated[Parts, Depends(parts_of)]
Name = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
Number = Annotated[int, Path(ge=0, le=1_000_000)]
STATUS = {"conflict": 409}
NODE: Any = {"name": "welcome", "kind": "say", "says": ["welcome"], "ways": [{"on": "next", "to": "main"}]}
VERSION: Any = {
    "name": "broker", "number": 3, "text": "name = \"broker\"\n...", "start": "welcome", "nodes": [NODE],
    "problems": [{"line": 12, "node": "main", "message": "no queue 'x': use one of accounts"}],
}  # fmt: skip


def _example(example: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [example]})


class Menu(BaseModel):
    """`published` 0 is the file; `draft` is None when there is none."""

    name: str
    published: int
    draft: int | None


class AllMenus(BaseModel):
    model_config = _example({"menus": [{"name": "broker", "published": 2, "draft": 3}]})
    menus: list[Menu]


class VersionLine(BaseModel):
    """`state` is draft, published or retired; `at` (UTC) 0 for the file."""

    number: int
    state: str
    by: str
    at: float
    comment: str


class Versions(BaseModel):
    model_config = _example(
        {"versions": [{"number": 1, "state": "published", "by": "9001", "at": 1.7676e9, "comment": ""}]}
    )
    versions: list[VersionLine]


class Way(BaseModel):
    """`on`: a key, a value, or what the node's kind calls it, such as next or failure."""

    on: str
    to: str


class DrawnNode(BaseModel):
    name: str
    kind: str
    says: list[str]
    ways: list[Way]


class Finding(BaseModel):
    line: int
    node: str
    message: str


class Version(BaseModel):
    model_config = _example(VERSION)
    name: str
    number: int
    text: str
    start: str
    nodes: list[DrawnNode]
    problems: list[Finding]


class Draft(BaseModel):
    """`base`: the newest number that was seen; it is refused when there is a newer one."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"text": 'name = "broker"\n...', "base": 2}]}
    )
    text: str = Field(max_length=200_000, pattern=r"^[^\x00]*$")
    base: int = Field(ge=0, le=1_000_000)


class Publishing(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"number": 3}]})
    number: int = Field(ge=1, le=1_000_000)


class RollingBack(BaseModel):
    """To number `to`; `base` as in a draft."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"to": 1, "base": 3}]})
    to: int = Field(ge=0, le=1_000_000)
    base: int = Field(ge=0, le=1_000_000)


class Edge(BaseModel):
    from_: str = Field(alias="from")
    to: str
    callers: int


class Counts(BaseModel):
    """Callers since `since` (UTC): at each node, along each way, and who left the menu where."""

    model_config = _example(
        {
            "since": 1.7676e9, "nodes": {"welcome": 10, "main": 9}, "left": {"welcome": 1, "main": 9},
            "edges": [{"from": "welcome", "to": "main", "callers": 9}],
        }
    )  # fmt: skip
    since: float
    nodes: dict[str, int]
    left: dict[str, int]
    edges: list[Edge]


@router.get("", summary="Every menu, and which number of it answers")
async def menus(_who: Administrator, parts: WithParts) -> AllMenus:
    return AllMenus.model_validate({"menus": await _told(_kept(parts).all())})


@router.get("/{name}", summary="The versions of a menu, the newest first")
async def versions(_who: Administrator, parts: WithParts, name: Name) -> Versions:
    return Versions.model_validate({"versions": await _told(_kept(parts).versions(name))})


@router.get("/{name}/versions/{number}", summary="One version: text, picture and problems")
async def version(_who: Administrator, parts: WithParts, name: Name, number: Number) -> Version:
    return _shown(await _told(_kept(parts).version(name, number)))


@router.put("/{name}/draft", summary="Keep a draft, also one with problems")
async def draft(who: Administrator, parts: WithParts, name: Name, body: Draft) -> Version:
    return _shown(await _told(_kept(parts).save_draft(name, body.text, body.base, who.agent_id)))


@router.post("/{name}/publish", summary="New calls get this draft from now on")
async def publish(who: Administrator, parts: WithParts, name: Name, body: Publishing) -> Version:
    return _shown(await _told(_kept(parts).publish(name, body.number, who.agent_id)))


@router.post("/{name}/roll-back", summary="New calls get an older version again")
async def roll_back(who: Administrator, parts: WithParts, name: Name, body: RollingBack) -> Version:
    return _shown(await _told(_kept(parts).roll_back(name, body.to, body.base, who.agent_id)))


@router.get("/{name}/counts", summary="A day's callers on every way of a menu")
async def counts(
    _who: Administrator, parts: WithParts, name: Name, since: Annotated[float, Query(ge=0, le=1e11)]
) -> Counts:
    return Counts.model_validate(await _told(_kept(parts).counts(name, since)))


async def _told(question: Awaitable[T]) -> T:
    try:
        return await remembered(question, KeyError, Refused)
    except KeyError:
        raise ApiError(404, "unknown_menu", "there is no such menu or version") from None
    except Refused as refused:
        raise ApiError(STATUS.get(refused.reason, 422), refused.reason, refused.message) from None


def _kept(parts: Parts) -> Menus:
    if parts.menus is None:
        raise ApiError(404, "unknown_menu", "this house has no menus to change")
    return parts.menus


def _shown(found: Mapping[str, Any]) -> Version:
    return Version.model_validate(found)
