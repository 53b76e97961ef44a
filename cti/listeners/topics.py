"""What the house tells a broker: events become messages. Pure.

Topics stand under `<prefix>/v1/<site>/`; ARCHITECTURE.md has their table. A payload is a JSON object:

    {"v": 1, "id": "5f0c-17", "event": "offer_made", "at": "2026-01-05T01:30:00.250Z", "call_id": ..., ...}

`v` is the version of this form: fields may be added, none changes its meaning. `id` is the message's own; delivery is
at least once, so a reader who must not count twice keeps the last ids. `at` and other times are ISO 8601 in UTC,
durations are seconds and end in `_s`. The rest are the event's fields (`cti/events.py`) that have a value.

What a caller keyed in never goes out, nor what an agent noted or a supervisor writes, nor an error's free text; a
caller's number does: give the broker a password.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import msgspec

from cti import events
from cti.call_states import State
from cti.logs import is_secret

VERSION = 1
WAITING = {State.QUEUED, State.OFFERED}
TALKING = {State.TALKING, State.HELD, State.CONSULTING, State.CONFERENCE, State.RECALLING}
TIMES = {"until", "longest_since"}
# What callers keyed in, and what people wrote or thought of each other.
KEPT_BACK: dict[type[events.Event], tuple[str, ...]] = {
    events.DataCollected: ("value",),
    events.CallerVerified: ("account",),
    events.CallerRefused: ("account",),
    events.CallbackAsked: ("number",),
    events.CallWrittenUp: ("note",),
    events.MessageSent: ("text",),
    events.CallScored: ("answers", "score"),
    events.SwitchChanged: ("value",),
    events.OrderSettled: ("account", "code", "side", "quantity", "limit", "number"),
    events.CallFailed: ("extra",),
}


@dataclass(frozen=True, slots=True)
class Message:
    """`retain`: a state, which the broker keeps for those who come later; the newest of a topic replaces the others."""

    topic: str
    payload: bytes
    retain: bool = False
    qos: int = 1


@dataclass(frozen=True, slots=True)
class QueueState:
    """`longest_since` is when the first of those waiting came into the queue, UTC epoch seconds."""

    queue: str
    at: float
    waiting: int = 0
    talking: int = 0
    longest_since: float | None = None


def messages(event: events.Event, root: str, ident: str, queue: QueueState | None = None) -> list[Message]:
    """What one event says to the broker; `queue` is the state it left behind, if it changed one."""
    fields = _public(event.as_dict())
    kind, at = fields.pop("kind"), fields.pop("at")
    for name in KEPT_BACK.get(type(event), ()):
        fields.pop(name, None)
    if isinstance(event, events.CallFailed):
        fields = {**fields, "error": event.error.partition(":")[0]}
    retain = isinstance(event, events.AgentMoved | events.LinkChanged)
    said = [Message(f"{root}/{_place(event)}", payload(kind, at, ident, fields), retain)]
    return said if queue is None else [*said, queue_message(queue, root, f"{ident}q")]


def queue_message(state: QueueState, root: str, ident: str) -> Message:
    fields = {key: value for key, value in asdict(state).items() if key != "at" and value is not None}
    return Message(f"{root}/queue/{_level(state.queue)}/state", payload("queue_moved", state.at, ident, fields), True)


def status_message(state: str, at: float, root: str, ident: str) -> Message:
    """`online` or `offline`; the broker itself says the latter for a server that died, `at` is then its log-in."""
    return Message(f"{root}/server/status", payload("server_status", at, ident, {"state": state}), True)


def payload(kind: str, at: float, ident: str, fields: Mapping[str, Any]) -> bytes:
    told = {key: _iso(value) if key in TIMES else value for key, value in fields.items()}
    return msgspec.json.encode({"v": VERSION, "id": ident, "event": kind, "at": _iso(at), **told})


def _place(event: events.Event) -> str:
    if isinstance(event, events.AgentMoved):
        return f"agent/{_level(event.agent_id)}/state"
    if isinstance(event, events.LinkChanged):
        return "server/link"
    for name, value in (("call", event.call_id), ("agent", event.agent_id), ("queue", event.queue)):
        if value:
            return f"{name}/{_level(value)}/{event.kind}"
    return f"server/{event.kind}"


def _level(name: str | None) -> str:
    """One level of a topic: the broker's own signs (/ + #) are escaped."""
    return quote(name or "", safe="")


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _public(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _public(inner) for key, inner in value.items() if not is_secret(key)}
    if isinstance(value, list | tuple):
        return [_public(inner) for inner in value]
    return value


@dataclass(slots=True)
class _Queue:
    """Calls in the order of their coming, with the time; those an agent talks to."""

    waiting: OrderedDict[str, float] = field(default_factory=OrderedDict)
    talking: set[str] = field(default_factory=set)


class Queues:
    """Every queue's state, followed from the calls' steps at a cost that does not grow with those who wait."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._queues = {name: _Queue() for name in names}

    def states(self, at: float) -> list[QueueState]:
        return [self._state(name, at) for name in self._queues]

    def follow(self, event: events.Event) -> QueueState | None:
        """The queue's new state, if this event changed it. A call offered to an agent waits on, in its place."""
        if not isinstance(event, events.CallMoved) or not event.queue or not event.call_id:
            return None
        queue = self._queues.setdefault(event.queue, _Queue())
        before = self._state(event.queue, event.at)
        if event.after in WAITING:
            queue.waiting.setdefault(event.call_id, event.at)
        else:
            queue.waiting.pop(event.call_id, None)
        (queue.talking.add if event.after in TALKING else queue.talking.discard)(event.call_id)
        after = self._state(event.queue, event.at)
        return None if after == before else after

    def _state(self, name: str, at: float) -> QueueState:
        queue = self._queues[name]
        longest = next(iter(queue.waiting.values()), None)
        return QueueState(name, at, len(queue.waiting), len(queue.talking), longest)
