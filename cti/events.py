"""What happened: frozen, past-tense events on the bus. `at` is UTC epoch seconds.

`as_dict()` is what the journal stores and MQTT carries, so a field's name is part of the product's outside.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import msgspec


@cache
def _kind(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


class Event(msgspec.Struct, frozen=True, kw_only=True, gc=False):
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
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if value is not None:
                found[name] = value
        return found


class CallArrived(Event, frozen=True, kw_only=True):
    uniqueid: str
    number: str
    name: str
    dialled: str


class CallMade(Event, frozen=True, kw_only=True):
    """An agent calls somebody outside."""

    number: str


class CallMoved(Event, frozen=True, kw_only=True):
    """One step of the call's state table."""

    before: str
    event: str
    after: str


class CallTakenUp(Event, frozen=True, kw_only=True):
    """A server before was killed, and this one goes on from the state in which it finds the call."""

    state: str


class CustomerFound(Event, frozen=True, kw_only=True):
    customer_id: int | None
    by: str


class MenuStepped(Event, frozen=True, kw_only=True):
    node: str
    menu: str


class DataCollected(Event, frozen=True, kw_only=True):
    key: str
    value: str


class CallQueued(Event, frozen=True, kw_only=True):
    """`channel`: None for a caller on the line; `callback` or `voicemail` for one who is not."""

    requires: str
    priority: int
    channel: str | None = None


class CallOverflowed(Event, frozen=True, kw_only=True):
    """It left `queue` without an agent: `to` another queue, or where those go who can wait no longer."""

    to: str
    reason: str


class OfferMade(Event, frozen=True, kw_only=True):
    offer_id: str
    waited_s: float


class PopSent(Event, frozen=True, kw_only=True):
    """The customer's record was written to the agent's page (`delivered`) before the phone was dialled."""

    delivered: bool
    pages: int


class PopShown(Event, frozen=True, kw_only=True):
    """The agent's page said that the record is on screen."""


class PhoneRang(Event, frozen=True, kw_only=True):
    """`lead_s`: seconds from the pop written to the first sign of the phone; never negative."""

    lead_s: float | None


class OfferEnded(Event, frozen=True, kw_only=True):
    offer_id: str
    reason: str


class AgentConnected(Event, frozen=True, kw_only=True):
    waited_s: float
    channel: str | None = None


class CallRearranged(Event, frozen=True, kw_only=True):
    """Somebody was asked into the talk, answered, did not answer or left; or the agent is muted or heard again."""


class CallTransferred(Event, frozen=True, kw_only=True):
    """It is `to`'s call now, an agent's or somebody's outside; `by` is the agent who handed it over."""

    by: str
    to: str


class CallWrittenUp(Event, frozen=True, kw_only=True):
    """What an agent wrote of it; said again whenever that has changed. The note is personal: it goes to no broker."""

    disposition: str
    note: str


class SurveyAnswered(Event, frozen=True, kw_only=True):
    """What the caller said of the call with this agent, by question."""

    answers: dict[str, str]


class CallerVerified(Event, frozen=True, kw_only=True):
    """By account and PIN."""

    account: str


class CallerRefused(Event, frozen=True, kw_only=True):
    """Account and PIN were not right, or one of account and caller is locked."""

    account: str


class OrderSettled(Event, frozen=True, kw_only=True):
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


class HostChanged(Event, frozen=True, kw_only=True):
    """The broker's host counts as down, or is back."""

    up: bool
    reason: str = ""


class SwitchChanged(Event, frozen=True, kw_only=True):
    """`by` has switched this: the emergency closure, the block list, a calendar."""

    name: str
    value: dict[str, Any]
    by: str


class MenuPublished(Event, frozen=True, kw_only=True):
    """`by` has put this number of a menu in force."""

    menu: str
    number: int
    by: str


class PromptChanged(Event, frozen=True, kw_only=True):
    """`by` has `uploaded` a recording of it, or `removed` one."""

    prompt: str
    language: str
    by: str
    how: str


class CallbackAsked(Event, frozen=True, kw_only=True):
    """The caller waits no longer on the line, but keeps the place of `since`; `by`: the supervisor who asked for it."""

    callback_id: str
    number: str
    since: float
    by: str | None = None


class CallbackMoved(Event, frozen=True, kw_only=True):
    """`state` as in `cti.callbacks`; `due_at` is when it is tried next, UTC epoch seconds."""

    callback_id: str
    state: str
    tries: int
    due_at: float | None = None


class MessageLeft(Event, frozen=True, kw_only=True):
    """The caller has spoken a message of so many seconds, which an agent of the queue is to hear."""

    voicemail_id: str
    seconds: float


class RecordingSilenced(Event, frozen=True, kw_only=True):
    """Nothing of the call is in its recording from now on, or all again."""

    on: bool


class RecordingKept(Event, frozen=True, kw_only=True):
    """The call's recording is on the shelf, under this id."""

    recording_id: str


class RecordingHeard(Event, frozen=True, kw_only=True):
    """Somebody was given its sound."""

    recording_id: str
    by: str


class CallScored(Event, frozen=True, kw_only=True):
    """`by` has scored the agent's part in it, from 0 to 100."""

    recording_id: str
    by: str
    score: float
    answers: dict[str, float | None]


class RecordingFailed(Event, frozen=True, kw_only=True):
    """The call goes on, or went, without a recording."""

    reason: str


class CallEnded(Event, frozen=True, kw_only=True):
    outcome: str
    hung_up_by: str
    duration_s: float
    talk_s: float


class AgentMoved(Event, frozen=True, kw_only=True):
    status: str
    activity: str
    reason: str | None = None
    until: float | None = None


class SupervisorListened(Event, frozen=True, kw_only=True):
    """`by` takes part in the agent's call from now on, in this `mode`: listen, whisper or barge."""

    by: str
    mode: str


class SupervisorLeft(Event, frozen=True, kw_only=True):
    """`by` hears the agent's call no longer."""

    by: str


class CallTakenOver(Event, frozen=True, kw_only=True):
    """`by` has the agent's call now."""

    by: str


class AgentForced(Event, frozen=True, kw_only=True):
    """`by` has chosen the agent's status; `reason` is why."""

    by: str
    status: str
    reason: str | None = None


class SkillsChanged(Event, frozen=True, kw_only=True):
    by: str
    skills: dict[str, int]


class QueuesChanged(Event, frozen=True, kw_only=True):
    """`queues` empty: all whose requirements are met."""

    by: str
    queues: list[str]


class PriorityRaised(Event, frozen=True, kw_only=True):
    """`priority` is what it is now, `points` by how much it was raised."""

    by: str
    points: float
    priority: float


class MessageSent(Event, frozen=True, kw_only=True):
    """`by` has written this to the agents `to`."""

    by: str
    to: list[str]
    text: str


class Access(Event, frozen=True, kw_only=True):
    """Somebody was let in, has left, or was refused; `what` as `agents.ports.Access` has it."""

    what: str
    address: str = ""
    reason: str = ""


class LinkChanged(Event, frozen=True, kw_only=True):
    up: bool
    reason: str = ""


class CallFailed(Event, frozen=True, kw_only=True):
    """A call met an error of ours: it was sent to the fallback, the server went on."""

    error: str
    extra: dict[str, str] = msgspec.field(default_factory=dict)
