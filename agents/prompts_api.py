"""REST: what callers hear, for administrators: listed, heard, replaced by recordings."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict
from starlette.requests import ClientDisconnect

from agents.auth import Identity
from agents.parts import ApiError, Parts, administrator, parts_of
from agents.ports import BadUpload, PromptFacts, Prompts
from agents.schemas import Error

router = APIRouter(
    prefix="/api/prompts", responses={status: {"model": Error} for status in (400, 401, 403, 404, 413, 422, 507)}
)
Name = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Language = Annotated[str, Path(pattern=r"^[a-z]{2}$")]
WithParts = Annotated[Parts, Depends(parts_of)]
STATUS = {"too_large": 413, "disk_full": 507, "not_kept": 507}
SOUND: dict[int | str, dict[str, Any]] = {200: {"content": {"audio/wav": {"example": "RIFF..."}}}}
UPLOAD: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}, "example": "RIFF..."}
        },
    }
}


Administrator = Annotated[Identity, Depends(administrator)]
EXAMPLE: Any = {
    "prompt": "welcome", "language": "en", "words": "Welcome.", "source": "uploaded", "seconds": 1.9, "at": 1.7676e9,
}  # fmt: skip


class Prompt(BaseModel):
    """`source`: spoken by the machine, a file of the house, or uploaded, then `at` (UTC epoch seconds)."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})
    prompt: str
    language: str
    words: str
    source: Literal["spoken", "file", "uploaded"]
    seconds: float
    at: float | None


class AllPrompts(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"prompts": [EXAMPLE]}]})
    prompts: list[Prompt]


@router.get("", summary="Every prompt in every language")
async def prompts(_who: Administrator, parts: WithParts) -> AllPrompts:
    return AllPrompts(prompts=[_shown(one) for one in await _kept(parts).all()])


@router.get("/{language}/{prompt}/audio", summary="What callers hear", response_class=FileResponse, responses=SOUND)
async def audio(_who: Administrator, parts: WithParts, language: Language, prompt: Name) -> FileResponse:
    return FileResponse(_known(parts, prompt, language).sound(prompt, language), media_type="audio/wav")


@router.put("/{language}/{prompt}", summary="Say this recording from now on", openapi_extra=UPLOAD)
async def put(who: Administrator, parts: WithParts, language: Language, prompt: Name, request: Request) -> Prompt:
    """Any usual kind of sound, as the body. Until it is made, what was said before is said."""
    kept = _known(parts, prompt, language)
    told = request.headers.get("content-length", "0")
    try:
        kept.check_size(int(told) if told.isdigit() else 0)
        return _shown(await kept.put(prompt, language, request.stream(), who.agent_id))
    except ClientDisconnect:
        raise ApiError(400, "cut_off", "the upload ended in the middle: send it again") from None
    except BadUpload as bad:
        closing = {"Connection": "close"}  # whatever else comes of the body is read by nobody
        raise ApiError(STATUS.get(bad.code, 422), bad.code, str(bad), closing) from None


@router.delete("/{language}/{prompt}", summary="Say what was said before the upload")
async def remove(who: Administrator, parts: WithParts, language: Language, prompt: Name) -> Prompt:
    kept = _known(parts, prompt, language)
    try:
        return _shown(await kept.remove(prompt, language, who.agent_id))
    except KeyError:
        raise ApiError(404, "not_uploaded", "nothing was uploaded for this prompt") from None


def _kept(parts: Parts) -> Prompts:
    if parts.prompts is None:
        raise ApiError(404, "no_prompt", "this house plays no prompts")
    return parts.prompts


def _known(parts: Parts, prompt: str, language: str) -> Prompts:
    kept = _kept(parts)
    if not kept.knows(prompt, language):
        raise ApiError(404, "no_prompt", f"there is no prompt {prompt!r} in {language!r}")
    return kept


def _shown(one: PromptFacts) -> Prompt:
    return Prompt(
        prompt=one.prompt, language=one.language, words=one.words, source=one.source, seconds=one.seconds, at=one.at
    )
