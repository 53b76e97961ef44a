"""The desk's websocket protocol: JSON text messages told apart by `type`.

Server to page: each has `at` (UTC epoch seconds, the server's clock) and `seq`. `agent_state`, `pop`, `pop_closed`,
`call_state` and `toast` are numbered: `seq` rises by one per agent, and a page resumes with `resume=<stream>:<seq>`.
The rest carry `seq` 0: `answer` goes to the page that asked, `queue_stats` and `agents_stats` replace each other.
`beat` comes every 2 s: a page that hears nothing for 5 s shows old things and says so. The server's time is that of
`beat` and `snapshot`; what is sent again after a resume carries the time of its first sending.
`snapshot` carries the number it is true for; whatever the page held before is void.

Page to server: `command`, `pop_shown`, `heartbeat` (in reply to `beat`; after 20 s of silence the server closes, 4408).
Close codes: 4401 not (any longer) logged in, 4403 foreign origin, 4408 silent, 1009 message too big.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from agents.views import AgentView, FloorView, QueueView

REASONS = ("break", "lunch", "meeting", "training", "paperwork")
"""Reasons an agent may choose for not-ready; the system's own (rona, device_lost...) are not among them."""


class Message(BaseModel):
    """Base of what the server says; `seq` and `at` are stamped as it goes out."""

    model_config = ConfigDict(frozen=True)
    seq: int = 0
    at: float = 0.0


class AgentState(Message):
    """The page owner's own state moved."""

    type: Literal["agent_state"] = "agent_state"
    agent: AgentView


class Pop(Message):
    """The customer's record for a call about to ring. `customer` is None when the number is unknown.

    `waited_s` is the time in queue; `ivr_path` the menu nodes visited; `data` what the menu collected.
    """

    type: Literal["pop"] = "pop"
    call_id: str
    contact_id: str
    number: str
    queue: str
    waited_s: float
    caller_name: str = ""
    language: str = ""
    customer: dict[str, Any] | None = None
    ivr_path: list[str] = Field(default_factory=list)
    data: dict[str, str] = Field(default_factory=dict)


class PopClosed(Message):
    """The record is to leave the screen: the call went elsewhere. `reason` as the router gave it (rona, left...)."""

    type: Literal["pop_closed"] = "pop_closed"
    call_id: str
    reason: str = ""


class CallState(Message):
    """Where the agent's call stands, since `since` (UTC)."""

    type: Literal["call_state"] = "call_state"
    call_id: str
    state: Literal["ringing", "talking", "held", "ended"]
    since: float
    number: str = ""
    queue: str = ""


class QueueStats(Message):
    type: Literal["queue_stats"] = "queue_stats"
    queues: tuple[QueueView, ...]


class AgentsStats(Message):
    """Every agent's state; supervisors and administrators only."""

    type: Literal["agents_stats"] = "agents_stats"
    agents: tuple[AgentView, ...]


class Beat(Message):
    """The server is there, and this is its time."""

    type: Literal["beat"] = "beat"


class Toast(Message):
    """A line for the agent. `code` is for the page to translate, `text` is what to show when it cannot."""

    type: Literal["toast"] = "toast"
    level: Literal["info", "warning", "error"] = "info"
    code: str
    text: str = ""


class Problem(BaseModel):
    model_config = ConfigDict(frozen=True)
    code: str
    message: str


class Answer(Message):
    """What became of the command with this key."""

    type: Literal["answer"] = "answer"
    key: str
    ok: bool
    error: Problem | None = None


class Snapshot(Message):
    """Everything the page needs to draw itself; `stream` names the numbering that `seq` belongs to."""

    type: Literal["snapshot"] = "snapshot"
    stream: str
    me: AgentView | None
    floor: FloorView
    pops: list[Pop]
    calls: list[CallState]
    reasons: tuple[str, ...] = REASONS


ServerMessage = Annotated[
    Snapshot | AgentState | Pop | PopClosed | CallState | QueueStats | AgentsStats | Beat | Toast | Answer,
    Field(discriminator="type"),
]


class _FromPage(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class StatusArgs(_FromPage):
    """Not-ready needs a reason of `REASONS`; ready takes none."""

    status: Literal["ready", "not_ready"]
    reason: Literal["break", "lunch", "meeting", "training", "paperwork"] | None = None

    @model_validator(mode="after")
    def _reason_where_needed(self) -> StatusArgs:
        if (self.status == "not_ready") != (self.reason is not None):
            raise ValueError("not_ready needs a reason, ready takes none")
        return self


class NoArgs(_FromPage):
    pass


Key = Annotated[str, Field(min_length=8, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]


class SetStatus(_FromPage):
    type: Literal["command"] = "command"
    key: Key
    name: Literal["set_status"] = "set_status"
    args: StatusArgs


class CallCommand(_FromPage):
    type: Literal["command"] = "command"
    key: Key
    name: Literal["answer", "hang_up", "hold", "resume", "finish_wrap_up"]
    args: NoArgs = NoArgs()


class PopShown(_FromPage):
    """The record is drawn. `at` is the page's clock, for its own log; the server counts with its own."""

    type: Literal["pop_shown"] = "pop_shown"
    call_id: Annotated[str, Field(max_length=64)]
    at: float


class Heartbeat(_FromPage):
    type: Literal["heartbeat"] = "heartbeat"


Command = SetStatus | CallCommand
ClientMessage = Annotated[
    Annotated[Command, Field(discriminator="name")] | PopShown | Heartbeat, Field(discriminator="type")
]
client_messages: TypeAdapter[SetStatus | CallCommand | PopShown | Heartbeat] = TypeAdapter(ClientMessage)
server_messages: TypeAdapter[Message] = TypeAdapter(ServerMessage)
