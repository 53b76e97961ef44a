"""REST: who was let in or refused, and what people of the house have done, from the journal."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict

from agents.auth import Identity
from agents.parts import Parts, administrator, parts_of, remembered
from agents.schemas import Error

router = APIRouter(prefix="/api/audit", responses={status: {"model": Error} for status in (400, 401, 403, 422, 503)})
# Of the journal's kinds, those in which somebody of the house has decided something.
KINDS = (
    "access", "agent_forced", "call_made", "call_scored", "call_taken_over", "call_transferred", "menu_published",
    "message_sent", "order_settled", "priority_raised", "prompt_changed", "queues_changed", "recording_heard",
    "skills_changed", "supervisor_left", "supervisor_listened", "switch_changed",
)  # fmt: skip


class Deed(BaseModel):
    """`kind` and `data` as the journal has them; `by` did it, `agent_id` is whom it was done to, if anybody."""

    at: float
    kind: str
    by: str
    agent_id: str | None
    call_id: str | None
    data: dict[str, Any]


class Audit(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "deeds": [
                        {
                            "at": 1.7676e9, "kind": "access", "by": "1001", "agent_id": None, "call_id": None,
                            "data": {"what": "logged_in", "address": "10.0.0.7"},
                        }
                    ]
                }
            ]
        }
    )  # fmt: skip
    deeds: list[Deed]


@router.get("", summary="Who did what")
async def audit(
    _who: Annotated[Identity, Depends(administrator)],
    parts: Annotated[Parts, Depends(parts_of)],
    before: Annotated[float, Query(ge=0, le=1e11)] = 1e11,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Audit:
    """Newest first, those before `before` (UTC epoch seconds): the next page begins with the last one's time."""
    rows = await remembered(parts.memory.deeds(KINDS, before, limit))
    return Audit(deeds=[_deed(**row) for row in rows])


def _deed(at: float, kind: str, agent_id: str | None, call_id: str | None, data: dict[str, Any]) -> Deed:
    """Where nobody else is named, the one whom it is about has done it."""
    by = data.get("by")
    rest = {key: value for key, value in data.items() if key != "by"}
    return Deed(
        at=at, kind=kind, by=by or agent_id or "", agent_id=agent_id if by else None, call_id=call_id, data=rest
    )  # fmt: skip
