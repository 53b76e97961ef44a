"""REST: messages that callers left, to those who are to hear them; and callbacks, for supervisors."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, Field

from agents.auth import Denied, Identity
from agents.parts import ApiError, Parts, current, parts_of, remembered
from agents.ports import LaterContacts, MessageFile, Refused
from agents.schemas import PRINTABLE, Error

router = APIRouter(prefix="/api", responses={st: {"model": Error} for st in (400, 401, 403, 404, 422, 503)})
Who = Annotated[Identity, Depends(current)]
WithParts = Annotated[Parts, Depends(parts_of)]
Id = Annotated[str, Path(min_length=1, max_length=64, pattern=PRINTABLE)]
Since = Annotated[float | None, Query(ge=0, le=1e11)]
WEEK_S = 7 * 86_400.0
SOUND: dict[int | str, dict[str, Any]] = {
    status: {"content": {"audio/wav": {"example": "RIFF..."}}} for status in (200, 206)
}
CALLBACK: Any = {
    "id": "b1", "call_id": "c1", "number": "13800000001", "queue": "trading", "since": 1.7676e9, "state": "waiting",
    "tries": 1, "due_at": 1.7676e9,
}  # fmt: skip

MESSAGE: Any = {
    "id": "vX9", "number": "138", "queue": "trading", "at": 1.7676e9, "seconds": 12.5, "state": "new", "agent_id": None,
}  # fmt: skip
GAVE_UP: Any = {
    "call_id": "c1", "at": 1.7676e9, "number": "13800000001", "name": "张三丰", "queue": "trading", "back": False,
    "callback": "",
}  # fmt: skip


class LeftMessage(BaseModel):
    """`audio` is good for ten minutes; `at` is UTC epoch seconds."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"id": "vX9", "number": "138", "queue": "trading", "at": 1.7676e9, "seconds": 12.5,
                 "audio": "/api/voicemails/vX9/audio?link=eyJ..."}
            ]
        }
    )  # fmt: skip
    id: str
    number: str
    queue: str
    at: float
    seconds: float
    audio: str


class Callback(BaseModel):
    """`since` is the place in line; `state`: asked, waiting or calling; `due_at` when it is tried next."""

    id: str
    call_id: str
    number: str
    queue: str
    since: float
    state: Literal["asked", "waiting", "calling"]
    tries: int
    due_at: float


class Callbacks(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"callbacks": [CALLBACK]}]})
    callbacks: list[Callback]


class MessageLine(BaseModel):
    """`state`: new until `agent_id` has heard it."""

    id: str
    number: str
    queue: str
    at: float
    seconds: float
    state: Literal["new", "heard"]
    agent_id: str | None


class Messages(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"messages": [MESSAGE]}]})
    messages: list[MessageLine]


class GivenUp(BaseModel):
    """`at`: when; `back`: has called again since, and was served; `callback`: its state, empty for none."""

    call_id: str
    at: float | None
    number: str
    name: str
    queue: str
    back: bool
    callback: Literal["", "asked", "waiting", "calling", "done", "failed", "expired"]


class Abandoned(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"calls": [GAVE_UP]}]})
    calls: list[GivenUp]


class Recovery(BaseModel):
    """A call whose caller has given up in a queue, and is to be called back."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"call_id": "c1"}]})
    call_id: str = Field(min_length=1, max_length=64, pattern=PRINTABLE)


@router.get("/voicemails", summary="The messages that were left")
async def messages(who: Who, parts: WithParts, since: Since = None) -> Messages:
    """Newest first, for supervisors; `since` in UTC epoch seconds, a week ago where nothing is said."""
    _supervisor(who)
    begins = parts.clock() - WEEK_S if since is None else since
    return Messages.model_validate({"messages": list(await remembered(_later(parts).messages(begins)))})


@router.get("/abandoned", summary="Callers who gave up in a queue")
async def abandoned(who: Who, parts: WithParts, since: Since = None) -> Abandoned:
    """Newest first, for supervisors; `since` in UTC epoch seconds, the house's midnight where nothing is said."""
    _supervisor(who)
    begins = parts.control.own.day_begins() if since is None else since
    return Abandoned.model_validate({"calls": list(await remembered(_later(parts).given_up(begins)))})


@router.get("/voicemails/{message_id}", summary="A message that was left")
async def message(who: Who, parts: WithParts, message_id: Id) -> LeftMessage:
    """A supervisor hears all, an agent those that came to him."""
    found = await _message(parts, message_id)
    if not _may_hear(who, found, parts):
        raise ApiError(404, "no_message", "there is no such message")
    link = parts.auth.listening_link(who, found.id, parts.clock())
    return LeftMessage(
        id=found.id, number=found.number, queue=found.queue, at=found.at, seconds=found.seconds,
        audio=f"/api/voicemails/{found.id}/audio?link={link}",
    )  # fmt: skip


@router.get(
    "/voicemails/{message_id}/audio", summary="Its sound, by a link that was given", response_class=FileResponse,
    responses=SOUND,
)  # fmt: skip
async def audio(parts: WithParts, message_id: Id, link: Annotated[str, Query(max_length=2000)]) -> FileResponse:
    try:
        parts.auth.listener(link, message_id, parts.clock())
    except Denied as denied:
        raise ApiError(401, "not_logged_in", str(denied)) from denied
    found = await _message(parts, message_id)
    return FileResponse(found.path, media_type="audio/wav", headers={"Cache-Control": "no-store"})


@router.get("/callbacks", summary="Who is to be called back")
async def callbacks(who: Who, parts: WithParts) -> Callbacks:
    _supervisor(who)
    return Callbacks.model_validate({"callbacks": list(_later(parts).callbacks())})


@router.post("/callbacks", summary="Call back somebody who has given up")
async def recover(who: Who, parts: WithParts, body: Recovery) -> Callbacks:
    """With the time at which that call came into line. For supervisors."""
    _supervisor(who)
    later = _later(parts)
    story = await remembered(parts.memory.call_story(body.call_id))
    if story is None:
        raise ApiError(404, "unknown_call", "there is no such call")
    try:
        later.recover(body.call_id, story, who.agent_id)
    except Refused as refused:
        raise ApiError(422, refused.reason, refused.message) from None
    return Callbacks.model_validate({"callbacks": list(later.callbacks())})


def _supervisor(who: Identity) -> None:
    if not who.sees_all:
        raise ApiError(403, "forbidden", "only supervisors may do this")


def _later(parts: Parts) -> LaterContacts:
    if parts.later is None:
        raise ApiError(404, "not_found", "this house calls nobody back")
    return parts.later


async def _message(parts: Parts, message_id: str) -> MessageFile:
    found = await remembered(_later(parts).message(message_id))
    if found is None:
        raise ApiError(404, "no_message", "there is no such message")
    return found


def _may_hear(who: Identity, found: MessageFile, parts: Parts) -> bool:
    in_hand = found.brought_by is not None and parts.control.own.has_in_hand(who.agent_id, found.brought_by)
    return who.sees_all or in_hand or found.agent_id == who.agent_id
