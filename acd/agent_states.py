"""An agent's state, on two axes, and the one door through which it changes.

Status is what the agent chose; activity is what the agent is doing. A choice made while busy is pending and lands when
the agent is idle again. Both tables are literal; `move` moves or raises, and `diagram` draws them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum


class Status(StrEnum):
    READY = "ready"
    NOT_READY = "not_ready"
    LOGGED_OUT = "logged_out"


class Activity(StrEnum):
    IDLE = "idle"
    OFFERED = "offered"
    TALKING = "talking"
    HELD = "held"
    WRAP_UP = "wrap_up"


class Happening(StrEnum):
    CHANGED = "changed"
    OFFERED = "offered"
    OFFER_LOST = "offer_lost"
    MISSED = "missed"
    DEVICE_FAILED = "device_failed"
    ANSWERED = "answered"
    HELD = "held"
    RESUMED = "resumed"
    DONE = "done"
    EXTENDED = "extended"
    FINISHED = "finished"


A, H = Activity, Happening
TABLE: dict[Activity, dict[Happening, Activity]] = {
    A.IDLE: {H.CHANGED: A.IDLE, H.OFFERED: A.OFFERED},
    A.OFFERED: {
        H.CHANGED: A.OFFERED,
        H.ANSWERED: A.TALKING,
        H.OFFER_LOST: A.IDLE,
        H.MISSED: A.IDLE,
        H.DEVICE_FAILED: A.IDLE,
    },
    A.TALKING: {H.CHANGED: A.TALKING, H.HELD: A.HELD, H.DONE: A.WRAP_UP},
    A.HELD: {H.CHANGED: A.HELD, H.RESUMED: A.TALKING, H.DONE: A.WRAP_UP},
    A.WRAP_UP: {H.CHANGED: A.WRAP_UP, H.EXTENDED: A.WRAP_UP, H.FINISHED: A.IDLE},
}
RONA, DEVICE_LOST, CONNECTION_LOST, FORCED = "rona", "device_lost", "connection_lost", "forced"
SYSTEM_REASONS = frozenset({RONA, DEVICE_LOST, CONNECTION_LOST, FORCED})
FALLS: dict[Happening, str] = {H.MISSED: RONA, H.DEVICE_FAILED: DEVICE_LOST}  # not-ready, for the system's reason
UNSPECIFIED = "unspecified"

Choice = tuple[Status, str | None]


class ImpossibleMove(Exception):
    """The event does not belong to the state."""


@dataclass(frozen=True, slots=True)
class AgentState:
    """`since` and `until` are UTC: when status or activity last changed, and when the server ends the activity."""

    status: Status
    reason: str | None
    activity: Activity
    since: float
    until: float | None = None
    pending: Choice | None = None
    contact_id: str | None = None
    reachable: bool = False

    @property
    def may_be_offered(self) -> bool:
        return self.status is Status.READY and self.activity is Activity.IDLE and self.reachable


def new(choice: Choice, reachable: bool, now: float) -> AgentState:
    """An agent nobody knew before."""
    status, reason = _tidy(choice)
    return AgentState(status, reason, Activity.IDLE, now, reachable=reachable)


def move(  # noqa: PLR0913 - the one door takes what any event may bring
    state: AgentState,
    event: Happening,
    now: float,
    *,
    choice: Choice | None = None,
    reachable: bool | None = None,
    contact_id: str | None = None,
    until: float | None = None,
) -> AgentState:
    """The state after `event` at `now` (UTC); raises ImpossibleMove naming event and state.

    CHANGED takes `choice` and `reachable`; OFFERED takes `contact_id` and `until`; DONE and EXTENDED take `until`.
    """
    activity = TABLE[state.activity].get(event)
    if activity is None or (event is H.OFFERED and not state.may_be_offered):
        raise ImpossibleMove(f"an agent who is {_describe(state)} cannot have {event}")
    if event is H.CHANGED:
        return _changed(state, choice, reachable, now)
    if event is H.EXTENDED:
        return replace(state, until=until)
    if activity is A.IDLE:
        return _landed(state, event, now)
    keep = contact_id if event is H.OFFERED else state.contact_id
    return replace(state, activity=activity, since=now, until=until, contact_id=keep)


def _changed(state: AgentState, choice: Choice | None, reachable: bool | None, now: float) -> AgentState:
    flipped = reachable is not None and reachable != state.reachable
    if flipped:
        state = replace(state, reachable=bool(reachable))
    if choice is None:
        return state
    if choice[0] is state.status and choice[1] in {None, state.reason}:
        # A report about the desk repeats the present status; only a person who repeats it takes back what is pending.
        return state if flipped else replace(state, pending=None)
    if state.activity is not A.IDLE:
        return replace(state, pending=_tidy(choice))
    status, reason = _tidy(choice)
    return replace(state, status=status, reason=reason, since=now, pending=None)


def _landed(state: AgentState, event: Happening, now: float) -> AgentState:
    status, reason = state.pending or (state.status, state.reason)
    if event in FALLS and status is Status.READY:
        status, reason = Status.NOT_READY, FALLS[event]
    return AgentState(status, reason, A.IDLE, now, reachable=state.reachable)


def _tidy(choice: Choice) -> Choice:
    status, reason = choice
    if status is Status.READY:
        return status, None
    return status, (reason or UNSPECIFIED) if status is Status.NOT_READY else reason


def _describe(state: AgentState) -> str:
    reach = "" if state.reachable else " and unreachable"
    return f"{state.status}{f' ({state.reason})' if state.reason else ''}, {state.activity}{reach}"


def diagram() -> str:
    """Both axes as one Mermaid state diagram, for ARCHITECTURE.md: activity from the table, status beside it."""
    shown = [
        f"        {before} --> {after}: {event}"
        for before, row in TABLE.items()
        for event, after in row.items()
        if event is not H.CHANGED
    ]
    chosen = [f"        {one} --> {other}: chosen" for one in Status for other in Status if one is not other]
    fallen = [f"        {Status.READY} --> {Status.NOT_READY}: {event} ({reason})" for event, reason in FALLS.items()]
    return "\n".join(
        [
            "stateDiagram-v2",
            "    state agent {",
            f"        [*] --> {A.IDLE}",
            *shown,
            "        --",
            f"        [*] --> {Status.LOGGED_OUT}",
            *chosen,
            *fallen,
            "    }",
        ]
    )
