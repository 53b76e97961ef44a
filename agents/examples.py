"""Examples for the interface's description, where a model has no place for its own."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from agents.views import AgentView, FloorView, QueueView

AT = 1_767_576_600.0
CALL: dict[str, Any] = {
    "id": "c1767576600-5f0c21-1",
    "number": "13800000001",
    "queue": "trading",
    "agent_id": "1001",
    "outcome": "served",
    "arrived_at": AT,
    "connected_at": AT + 21,
    "ended_at": AT + 140,
    "customer": {"id": 1, "name": "陈晨"},
}
STORY = {
    **CALL,
    "steps": [
        {"at": AT, "kind": "call_arrived", "agent_id": None, "number": "13800000001", "dialled": "8000"},
        {"at": AT + 9, "kind": "call_queued", "agent_id": None, "queue": "trading", "priority": 0},
        {"at": AT + 12, "kind": "offer_made", "agent_id": "1001", "offer_id": "o1", "waited_s": 3.0},
        {"at": AT + 140, "kind": "call_ended", "agent_id": "1001", "outcome": "served", "talk_s": 119.0},
    ],
}
FLOOR = asdict(
    FloorView(
        AT,
        (QueueView("trading", waiting=1, longest_since=AT - 9, logged_in=2, ready=0, busy=2, answered=41),),
        (AgentView("1001", "王芳", "Wang Fang", "ready", activity="talking", since=AT - 60, queue="trading"),),
    )
)


def json_of(example: Any, kind: str = "application/json") -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route whose answer looks like this."""
    return {200: {"content": {kind: {"example": example}}}}
