"""REST: recorded calls, to those who may hear them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict

from agents.auth import Denied, Identity
from agents.parts import ApiError, Parts, current, parts_of, remembered
from agents.ports import RecordingFile, Recordings
from agents.schemas import PRINTABLE, Error

router = APIRouter(prefix="/api", responses={status: {"model": Error} for status in (400, 401, 404, 422, 503)})
Id = Annotated[str, Path(min_length=1, max_length=64, pattern=PRINTABLE)]
Who = Annotated[Identity, Depends(current)]
WithParts = Annotated[Parts, Depends(parts_of)]
KINDS = {".opus": "audio/ogg", ".mp3": "audio/mpeg"}


EXAMPLE: Any = {
    "id": "Zx9...", "begun_at": 1.7676e9, "agents": ["1001"], "seconds": 65.2,
    "segments": [{"what": "talk", "begins": 12.0, "ends": 65.2, "agent_id": "1001"}],
    "peaks": [[0, 34], [2, 51]], "audio": "/api/recordings/Zx9.../audio?link=eyJ...",
}  # fmt: skip


class Segment(BaseModel):
    """Seconds from the beginning; `what` is talk, hold, consult, conference or silenced."""

    what: str
    begins: float
    ends: float
    agent_id: str | None = None


class Recording(BaseModel):
    """`audio` is good for ten minutes, None until the sound is ready. `peaks`: of both sides, 0 to 100."""

    id: str
    begun_at: float
    agents: list[str]
    seconds: float | None
    segments: list[Segment]
    peaks: list[list[int]]
    audio: str | None


class RecordingsOfCall(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"recordings": [EXAMPLE]}]})
    recordings: list[Recording]


@router.get("/calls/{call_id}/recordings", summary="What was recorded of a call")
async def recordings(who: Who, parts: WithParts, call_id: Id) -> RecordingsOfCall:
    """A supervisor hears all, an agent those in which he spoke."""
    found = await remembered(_kept(parts).of_call(call_id))
    mine = [one for one in found if _may_hear(who, one)]
    if not mine:
        raise ApiError(404, "no_recording", "there is no recording of this call")
    return RecordingsOfCall(recordings=[_shown(one, who, parts) for one in mine])


SOUND: dict[int | str, dict[str, Any]] = {
    status: {"content": {"audio/ogg": {"example": "OggS..."}}} for status in (200, 206)
}


@router.get(
    "/recordings/{recording_id}/audio", summary="Its sound, by a link that was given", response_class=FileResponse,
    responses=SOUND,
)  # fmt: skip
async def audio(
    request: Request, parts: WithParts, recording_id: Id, link: Annotated[str, Query(max_length=2000)]
) -> FileResponse:
    """In pieces, if it is asked for so. Every first piece is noted with who asked."""
    try:
        who = parts.auth.listener(link, recording_id, parts.clock())
    except Denied as denied:
        raise ApiError(401, "not_logged_in", str(denied)) from denied
    found = await remembered(_kept(parts).recording(recording_id))
    if found is None or found.path is None or not _may_hear(who, found):
        raise ApiError(404, "no_recording", "there is no such recording")
    if request.headers.get("range", "bytes=0-").startswith("bytes=0-"):
        _kept(parts).heard(recording_id, who.agent_id, found.facts["call_id"])
    return FileResponse(found.path, media_type=KINDS.get(found.path.suffix), headers={"Cache-Control": "no-store"})


def _kept(parts: Parts) -> Recordings:
    if parts.recordings is None:
        raise ApiError(404, "no_recording", "this house records no calls")
    return parts.recordings


def _may_hear(who: Identity, one: RecordingFile) -> bool:
    return who.sees_all or who.agent_id in one.facts["agents"]


def _shown(one: RecordingFile, who: Identity, parts: Parts) -> Recording:
    link = parts.auth.listening_link(who, one.id, parts.clock())
    values: dict[str, Any] = {
        "id": one.id,
        "begun_at": one.facts["begun_at"],
        "agents": list(one.facts["agents"]),
        "seconds": one.facts.get("seconds"),
        "segments": one.facts["segments"],
        "peaks": one.facts.get("peaks", []),
        "audio": f"/api/recordings/{one.id}/audio?link={link}" if one.path is not None else None,
    }
    return Recording.model_validate(values)
