"""REST: recordings found, scored and reported on."""

from __future__ import annotations

import csv
import io
from collections.abc import Awaitable, Mapping
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, ConfigDict, Field

from agents.auth import Identity
from agents.parts import ApiError, Parts, current, parts_of, remembered
from agents.ports import Found, Quality, RecordingFile, Refused, Sought
from agents.schemas import PRINTABLE, Error

T = TypeVar("T")
router = APIRouter(prefix="/api", responses={st: {"model": Error} for st in (400, 401, 403, 404, 422, 503)})
Who = Annotated[Identity, Depends(current)]
WithParts = Annotated[Parts, Depends(parts_of)]
Id = Annotated[str, Path(min_length=1, max_length=64, pattern=PRINTABLE)]
Text = Annotated[str, Query(max_length=64, pattern=r"^[^\x00-\x1f\x7f]*$")]
Time = Annotated[float, Query(ge=0, le=1e11)]
FORMULA = ("=", "+", "-", "@", "\t", "\r")
LINE: Any = {
    "id": "Zx9...", "call_id": "c1", "begun_at": 1.7676e9, "seconds": 65.2, "agents": ["1001"], "queue": "trading",
    "number": "13800000001", "score": 87.5,
}  # fmt: skip
CARD: Any = {
    "name": "service",
    "questions": [
        {"code": "greeting", "zh": "规范问候", "en": "Greeting", "kind": "points", "weight": 1.0, "best": 5.0}
    ],
    "filled": {"agent_id": "1001", "scorer_id": "2001", "at": 1.7676e9, "answers": {"greeting": 4}, "score": 80.0,
               "comment": ""},
}  # fmt: skip
REPORT: Any = {"agent_id": "1001", "cards": 4, "mean": 82.5, "lowest": 60.0, "questions": {"greeting": 0.8}}


def _example(example: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [example]})


class Table(PlainTextResponse):
    media_type = "text/csv"


class RecordingLine(BaseModel):
    """`score` is None while nobody has scored it; `seconds` while its sound is being made."""

    id: str
    call_id: str
    begun_at: float
    seconds: float | None
    agents: list[str]
    queue: str
    number: str
    score: float | None


class RecordingsFound(BaseModel):
    model_config = _example({"recordings": [LINE]})
    recordings: list[RecordingLine]


class Question(BaseModel):
    """`kind`: points from 0 to `best`, yes_no, or fatal, of which a 0 makes the whole score 0."""

    code: str
    zh: str
    en: str
    kind: str
    weight: float
    best: float


class Filled(BaseModel):
    agent_id: str
    scorer_id: str
    at: float
    answers: dict[str, float | None]
    score: float
    comment: str


class Scorecard(BaseModel):
    model_config = _example(CARD)
    name: str
    questions: list[Question]
    filled: Filled | None


class Filling(BaseModel):
    """Every question is answered; None where it does not apply."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"agent_id": "1001", "answers": {"greeting": 4}, "comment": ""}]},
    )
    agent_id: str = Field(min_length=1, max_length=32, pattern=PRINTABLE)
    answers: dict[str, float | None] = Field(max_length=100)
    comment: str = Field("", max_length=2000, pattern=r"^[^\x00]*$")


class ReportLine(BaseModel):
    """`questions`: the mean of each, from 0 to 1 of its best."""

    agent_id: str
    cards: int
    mean: float
    lowest: float
    questions: dict[str, float]


class Report(BaseModel):
    model_config = _example({"agents": [REPORT]})
    agents: list[ReportLine]


@router.get("/recordings", summary="Recorded calls, the newest first")
async def found(  # noqa: PLR0913, PLR0917 - what may be asked for
    who: Who, parts: WithParts, since: Time, until: Time, queue: Text = "", agent: Text = "", number: Text = "",
    scored: bool | None = None, limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> RecordingsFound:  # fmt: skip
    """By when the call came in. Supervisors find all, an agent those in which he spoke."""
    if until <= since:
        raise ApiError(422, "invalid", "until must be later than since")
    sought = Sought(since, until, queue, agent if who.sees_all else who.agent_id, number, scored, limit)
    rows = await remembered(_quality(parts).find(sought))
    return RecordingsFound(recordings=[_line(one) for one in rows])


@router.get("/recordings/{recording_id}/scorecard", summary="The questions, and what was answered")
async def scorecard(who: Who, parts: WithParts, recording_id: Id) -> Scorecard:
    """Supervisors see all, agents those of their own calls that are about them."""
    quality, recording = await _recording(who, parts, recording_id)
    told = await remembered(quality.card(recording))
    if told is None:
        raise ApiError(404, "no_card", "this queue's calls are not scored")
    card = Scorecard.model_validate(told)
    mine = who.sees_all or (card.filled is not None and card.filled.agent_id == who.agent_id)
    return card if mine else card.model_copy(update={"filled": None})


@router.put("/recordings/{recording_id}/scorecard", summary="Score the call")
async def fill(who: Who, parts: WithParts, recording_id: Id, body: Filling) -> Scorecard:
    if not who.sees_all:
        raise ApiError(403, "forbidden", "only supervisors score calls")
    quality, recording = await _recording(who, parts, recording_id)
    filled = quality.fill(recording, body.agent_id, body.answers, body.comment, who.agent_id)
    return Scorecard.model_validate(await _told(filled))


@router.get("/scorecards", summary="Scores by agent")
async def report(who: Who, parts: WithParts, since: Time, until: Time, queue: Text = "") -> Report:
    """Supervisors see everybody, an agent himself."""
    return Report.model_validate({"agents": await _report(who, parts, since, until, queue)})


@router.get(
    "/scorecards.csv", summary="The same as a table", response_class=Table,
    responses={200: {"content": {"text/csv": {"example": "agent,cards,mean,lowest\n1001,4,82.5,60.0\n"}}}},
)  # fmt: skip
async def report_csv(who: Who, parts: WithParts, since: Time, until: Time, queue: Text = "") -> Table:
    lines = await _report(who, parts, since, until, queue)
    codes = sorted({code for line in lines for code in line["questions"]})
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["agent", "cards", "mean", "lowest", *map(_defused, codes)])
    for line in lines:
        means = [f"{line['questions'][code]:.3f}" if code in line["questions"] else "" for code in codes]
        writer.writerow(
            [_defused(line["agent_id"]), line["cards"], f"{line['mean']:.1f}", f"{line['lowest']:.1f}", *means]
        )
    return Table(out.getvalue())


def _defused(text: str) -> str:
    """No table program takes it for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


async def _report(who: Identity, parts: Parts, since: float, until: float, queue: str) -> list[Mapping[str, Any]]:
    if until <= since:
        raise ApiError(422, "invalid", "until must be later than since")
    agent = "" if who.sees_all else who.agent_id
    return list(await remembered(_quality(parts).report(since, until, queue, agent)))


async def _recording(who: Identity, parts: Parts, recording_id: str) -> tuple[Quality, RecordingFile]:
    quality = _quality(parts)
    found = await remembered(parts.recordings.recording(recording_id)) if parts.recordings else None
    if found is None or not (who.sees_all or who.agent_id in found.facts["agents"]):
        raise ApiError(404, "no_recording", "there is no such recording")
    return quality, found


async def _told(question: Awaitable[T]) -> T:
    try:
        return await remembered(question, Refused)
    except Refused as refused:
        raise ApiError(404 if refused.reason == "no_card" else 422, refused.reason, refused.message) from None


def _quality(parts: Parts) -> Quality:
    if parts.quality is None:
        raise ApiError(404, "no_recording", "this house records no calls")
    return parts.quality


def _line(one: Found) -> RecordingLine:
    facts = one.recording.facts
    return RecordingLine(
        id=one.recording.id, call_id=facts["call_id"], begun_at=facts["begun_at"], seconds=facts.get("seconds"),
        agents=list(facts["agents"]), queue=one.queue, number=one.number, score=one.score,
    )  # fmt: skip
