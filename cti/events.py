"""What happened: frozen, past-tense events on the bus. `at` is UTC epoch seconds.

`as_dict()` is what the journal stores and MQTT carries, so a field's name is part of the product's outside.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any


@cache
def _kind(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(one.name for one in fields(kind))


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    at: float
    call_id: str | None = None
    agent_id: str | None = None
    queue: str | None = None

    @property
    def kind(self) -> str:
        """The event's name in the journal and in topics, such as `call_arrived`."""
        return _kind(type(self).__name__)

    def as_dict(self) -> dict[str, Any]:
        found: dict[str, Any] = {"kind": self.kind}
        cls: Any = self.__class__
        for name in _names(cls):
            value = getattr(self, name)
            if value is not None:
                found[name] = value
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class CallArrived(Event):
    uniqueid: str
    number: str
    name: str
    dialled: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallMade(Event):
    """An agent calls somebody outside."""

    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallMoved(Event):
    """One step of the call's state table."""

    before: str
    event: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTakenUp(Event):
    """A server before was killed, and this one goes on from the state in which it finds the call."""

    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerFound(Event):
    customer_id: int | None
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuStepped(Event):
    node: str
    menu: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DataCollected(Event):
    key: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallQueued(Event):
    """`channel`: None for a caller on the line; `callback` or `voicemail` for one who is not."""

    requires: str
    priority: int
    channel: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOverflowed(Event):
    """It left `queue` without an agent: `to` another queue, or where those go who can wait no longer."""

    to: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferMade(Event):
    offer_id: str
    waited_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PopSent(Event):
    """The customer's record was written to the agent's page (`delivered`) before the phone was dialled."""

    delivered: bool
    pages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PopShown(Event):
    """The agent's page said that the record is on screen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneRang(Event):
    """`lead_s`: seconds from the pop written to the first sign of the phone; never negative."""

    lead_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferEnded(Event):
    offer_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentConnected(Event):
    waited_s: float
    channel: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRearranged(Event):
    """Somebody was asked into the talk, answered, did not answer or left; or the agent is muted or heard again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTransferred(Event):
    """It is `to`'s call now, an agent's or somebody's outside; `by` is the agent who handed it over."""

    by: str
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallWrittenUp(Event):
    """What an agent wrote of it; said again whenever that has changed. The note is personal: it goes to no broker."""

    disposition: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyAnswered(Event):
    """What the caller said of the call with this agent, by question."""

    answers: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerVerified(Event):
    """By account and PIN."""

    account: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerRefused(Event):
    """Account and PIN were not right, or one of account and caller is locked."""

    account: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSettled(Event):
    """An order that the agent took at `taken_at` came to this `state` (`cti.order_rules`)."""

    taken_at: float
    state: str
    number: str
    account: str
    code: str
    side: str
    quantity: int
    limit: str
    tries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HostChanged(Event):
    """The broker's host counts as down, or is back."""

    up: bool
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchChanged(Event):
    """`by` has switched this: the emergency closure, the block list, a calendar."""

    name: str
    value: dict[str, Any]
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuPublished(Event):
    """`by` has put this number of a menu in force."""

    menu: str
    number: int
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptChanged(Event):
    """`by` has `uploaded` a recording of it, or `removed` one."""

    prompt: str
    language: str
    by: str
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackAsked(Event):
    """The caller waits no longer on the line, but keeps the place of `since`; `by`: the supervisor who asked for it."""

    callback_id: str
    number: str
    since: float
    by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackMoved(Event):
    """`state` as in `cti.callbacks`; `due_at` is when it is tried next, UTC epoch seconds."""

    callback_id: str
    state: str
    tries: int
    due_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageLeft(Event):
    """The caller has spoken a message of so many seconds, which an agent of the queue is to hear."""

    voicemail_id: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingSilenced(Event):
    """Nothing of the call is in its recording from now on, or all again."""

    on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingKept(Event):
    """The call's recording is on the shelf, under this id."""

    recording_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingHeard(Event):
    """Somebody was given its sound."""

    recording_id: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallScored(Event):
    """`by` has scored the agent's part in it, from 0 to 100."""

    recording_id: str
    by: str
    score: float
    answers: dict[str, float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingFailed(Event):
    """The call goes on, or went, without a recording."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnded(Event):
    outcome: str
    hung_up_by: str
    duration_s: float
    talk_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentMoved(Event):
    status: str
    activity: str
    reason: str | None = None
    until: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisorListened(Event):
    """`by` takes part in the agent's call from now on, in this `mode`: listen, whisper or barge."""

    by: str
    mode: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisorLeft(Event):
    """`by` hears the agent's call no longer."""

    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTakenOver(Event):
    """`by` has the agent's call now."""

    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentForced(Event):
    """`by` has chosen the agent's status; `reason` is why."""

    by: str
    status: str
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillsChanged(Event):
    by: str
    skills: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuesChanged(Event):
    """`queues` empty: all whose requirements are met."""

    by: str
    queues: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorityRaised(Event):
    """`priority` is what it is now, `points` by how much it was raised."""

    by: str
    points: float
    priority: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageSent(Event):
    """`by` has written this to the agents `to`."""

    by: str
    to: list[str]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Access(Event):
    """Somebody was let in, has left, or was refused; `what` as `agents.ports.Access` has it."""

    what: str
    address: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkChanged(Event):
    up: bool
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFailed(Event):
    """A call met an error of ours: it was sent to the fallback, the server went on."""

    error: str
    extra: dict[str, str] = field(default_factory=dict)
