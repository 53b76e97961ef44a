"""The desk's websocket protocol: JSON text messages told apart by `type`.

Server to page: each has `at` (UTC epoch seconds, the server's clock) and `seq`. `agent_state`, `pop`, `pop_closed`,
`call_state`, `listening` and `toast` are numbered: `seq` rises by one per agent, and a page resumes with
`resume=<stream>:<seq>`. The rest carry `seq` 0: `answer` goes to the page that asked; `queue_stats`, `agents_stats` and
`waiting` replace each their own and come at most four times a second, to an agent's desk and of those who wait once.
`beat` comes every 2 s: a page that hears nothing for 5 s shows old things and says so. The server's time is that of
`beat` and `snapshot`; what is sent again after a resume carries the time of its first sending.
`snapshot` carries the number it is true for; whatever the page held before is void.

Page to server: `command`, `pop_shown`, `heartbeat` (in reply to `beat`; after 20 s of silence the server closes at its
next beat, so within 22 s: 4408).
Close codes: 4401 not (any longer) logged in, 4403 foreign origin, 4408 silent, 1009 message too big.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from agents.views import AgentView, FloorView, QueueView, WaitingView

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


class Other(BaseModel):
    """The third party of a call: a colleague (`agent`), somebody outside (`number`), or a supervisor who came in."""

    model_config = ConfigDict(frozen=True)
    kind: Literal["agent", "number"]
    id: str
    name: str = ""
    state: Literal["ringing", "talking", "held"] = "ringing"


class CallState(Message):
    """Where the agent's call stands, since `since` (UTC).

    `dialling`: an outbound call whose far end rings. `consulting`: the agent speaks with `other`, the customer hears
    music; `conference`: all three speak. While talking or held, `other` may wait. `recalling`: the agent's phone was
    lost, the customer hears music until it is back. `role` is `consulted` on the page of the colleague who is asked.
    """

    type: Literal["call_state"] = "call_state"
    call_id: str
    state: Literal["ringing", "dialling", "talking", "held", "consulting", "conference", "recalling", "ended"]
    since: float
    number: str = ""
    queue: str = ""
    direction: Literal["in", "out", "callback", "voicemail"] = "in"
    role: Literal["owner", "consulted"] = "owner"
    muted: bool = False
    other: Other | None = None
    cause: str = ""


class QueueStats(Message):
    type: Literal["queue_stats"] = "queue_stats"
    queues: tuple[QueueView, ...]


class AgentsStats(Message):
    """Every agent's state; supervisors and administrators only."""

    type: Literal["agents_stats"] = "agents_stats"
    agents: tuple[AgentView, ...]


class Waiting(Message):
    """Everybody who waits, in the order of their queues; supervisors' desks only, at most once a second."""

    type: Literal["waiting"] = "waiting"
    contacts: tuple[WaitingView, ...]


SpyMode = Literal["listen", "whisper", "barge"]


class Listening(Message):
    """Where the supervisor's part in the call of `agent_id` stands. `taken`: it is the supervisor's call now.

    `ringing`: the supervisor's own phone. `cause` says why it ended before it began. `held`: of a call that was taken
    over, the customer hears music.
    """

    type: Literal["listening"] = "listening"
    agent_id: str
    mode: SpyMode = "listen"
    state: Literal["ringing", "on", "taken", "ended"]
    cause: str = ""
    held: bool = False
    number: str = ""
    name: str = ""


class Beat(Message):
    """The server is there, and this is its time."""

    type: Literal["beat"] = "beat"


class Toast(Message):
    """A line for the agent. `code` is for the page to translate, `text` is what to show when it cannot.

    With code `message` it is a supervisor's: `text` from `sender`.
    """

    type: Literal["toast"] = "toast"
    level: Literal["info", "warning", "error"] = "info"
    code: str
    text: str = ""
    sender: str = ""


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


class Disposition(BaseModel):
    """One choice of what became of a call, in both languages."""

    model_config = ConfigDict(frozen=True)
    code: str
    zh: str
    en: str


class QueueDispositions(BaseModel):
    """The choices of one queue; `forced`: wrap-up goes on until one is chosen."""

    model_config = ConfigDict(frozen=True)
    queue: str
    forced: bool = False
    choices: tuple[Disposition, ...] = ()


class WrittenUp(Message):
    """What is written of a call so far, as the server has it."""

    type: Literal["written_up"] = "written_up"
    call_id: str
    disposition: str = ""
    note: str = ""


class Snapshot(Message):
    """Everything the page needs to draw itself; `stream` names the numbering that `seq` belongs to."""

    type: Literal["snapshot"] = "snapshot"
    stream: str
    me: AgentView | None
    floor: FloorView
    pops: list[Pop]
    calls: list[CallState]
    listening: Listening | None = None
    waiting: tuple[WaitingView, ...] = ()
    reasons: tuple[str, ...] = REASONS
    show_as: tuple[str, ...] = ()
    wrapup_extras: int = 0
    dispositions: tuple[QueueDispositions, ...] = ()
    written: tuple[WrittenUp, ...] = ()


ServerMessage = Annotated[
    Snapshot
    | AgentState
    | Pop
    | PopClosed
    | CallState
    | QueueStats
    | AgentsStats
    | WrittenUp
    | Waiting
    | Listening
    | Beat
    | Toast
    | Answer,
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


class Command(_FromPage):
    """Something an agent wants done. `name` says what; a command sent again under its key is done once."""

    type: Literal["command"] = "command"
    key: Key
    name: str


class SetStatus(Command):
    name: Literal["set_status"] = "set_status"
    args: StatusArgs


class Plain(Command):
    """What needs no more words. `swap` changes whom the agent speaks with; `complete` leaves the two others together;
    `drop_other` ends the third party's part, also of a conference."""

    name: Literal[
        "answer", "hang_up", "hold", "resume", "finish_wrap_up", "extend_wrap_up",
        "swap", "complete", "conference", "drop_other",
    ]  # fmt: skip
    args: NoArgs = NoArgs()


Number = Annotated[str, Field(pattern=r"^\+?[0-9]{2,20}$")]
Id = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+$")]


class AgentTarget(_FromPage):
    kind: Literal["agent"]
    id: Id


class QueueTarget(_FromPage):
    kind: Literal["queue"]
    id: Id


class NumberTarget(_FromPage):
    kind: Literal["number"]
    id: Number


class TransferArgs(_FromPage):
    to: Annotated[AgentTarget | QueueTarget | NumberTarget, Field(discriminator="kind")]


class ConsultArgs(_FromPage):
    to: Annotated[AgentTarget | NumberTarget, Field(discriminator="kind")]


class MuteArgs(_FromPage):
    on: bool


class DigitsArgs(_FromPage):
    digits: Annotated[str, Field(pattern=r"^[0-9*#]{1,32}$")]


class DialArgs(_FromPage):
    """`show_as`: the number the far end sees, one of `Snapshot.show_as`; None is the house's own."""

    number: Number
    show_as: Number | None = None


class Transfer(Command):
    """Blind: the customer goes to a colleague, a queue or a number; the agent's part is over at once."""

    name: Literal["transfer"] = "transfer"
    args: TransferArgs


class Consult(Command):
    """The customer hears music while the agent speaks with somebody else."""

    name: Literal["consult"] = "consult"
    args: ConsultArgs


class Mute(Command):
    name: Literal["mute"] = "mute"
    args: MuteArgs


class SendDigits(Command):
    """Keys to whomever the agent speaks with."""

    name: Literal["send_digits"] = "send_digits"
    args: DigitsArgs


class Dial(Command):
    """A call to the outside."""

    name: Literal["dial"] = "dial"
    args: DialArgs


class WriteUpArgs(_FromPage):
    """`disposition` of the call's queue, None while none is chosen; the note as it is now, whole."""

    call_id: Annotated[str, Field(min_length=1, max_length=64)]
    disposition: Annotated[str, Field(max_length=40)] | None = None
    note: Annotated[str, Field(max_length=4000)] = ""


class WriteUp(Command):
    """May be sent as often as something is typed, in the talk and in wrap-up."""

    name: Literal["write_up"] = "write_up"
    args: WriteUpArgs


class OfAgent(_FromPage):
    agent_id: Id


class ModeArgs(_FromPage):
    mode: SpyMode


class ForceArgs(_FromPage):
    """`reason` is why, for the journal; the agent's own reason is then `forced`."""

    agent_id: Id
    status: Literal["ready", "not_ready"]
    reason: Literal["break", "lunch", "meeting", "training", "paperwork"] | None = None


Level = Annotated[int, Field(ge=1, le=10)]


class SkillsArgs(_FromPage):
    """All the agent's skills from now on."""

    agent_id: Id
    skills: Annotated[dict[Id, Level], Field(max_length=200)]


class QueuesArgs(_FromPage):
    """All the queues the agent serves from now on; none means every queue whose requirements are met."""

    agent_id: Id
    queues: Annotated[list[Id], Field(max_length=200)]


class PriorityArgs(_FromPage):
    """`by` is as much as so many seconds of waiting, where a queue ages by one a second."""

    call_id: Id
    by: Annotated[float, Field(ge=-1e6, le=1e6)]


class MessageArgs(_FromPage):
    """`to` is None for everybody who is logged in."""

    to: Annotated[list[Id], Field(min_length=1, max_length=500)] | None = None
    text: Annotated[str, Field(min_length=1, max_length=500)]


class Listen(Command):
    """The supervisor's own phone rings and is then in the agent's call."""

    name: Literal["listen"] = "listen"
    args: OfAgent


class SetSpyMode(Command):
    """`whisper`: the agent hears the supervisor, the customer does not; `barge`: both hear."""

    name: Literal["spy_mode"] = "spy_mode"
    args: ModeArgs


class PlainSupervision(Command):
    """`take_over`: the customer speaks with the supervisor, the agent's part is over."""

    name: Literal["stop_listening", "take_over"]
    args: NoArgs = NoArgs()


class ForceStatus(Command):
    name: Literal["force_status"] = "force_status"
    args: ForceArgs


class ForceLogOut(Command):
    name: Literal["force_log_out"] = "force_log_out"
    args: OfAgent


class SetSkills(Command):
    name: Literal["set_skills"] = "set_skills"
    args: SkillsArgs


class SetQueues(Command):
    name: Literal["set_queues"] = "set_queues"
    args: QueuesArgs


class RaisePriority(Command):
    name: Literal["raise_priority"] = "raise_priority"
    args: PriorityArgs


class SendMessage(Command):
    name: Literal["message"] = "message"
    args: MessageArgs


class PopShown(_FromPage):
    """The record is drawn. `at` is the page's clock, for its own log; the server counts with its own."""

    type: Literal["pop_shown"] = "pop_shown"
    call_id: Annotated[str, Field(max_length=64)]
    at: float


class Heartbeat(_FromPage):
    type: Literal["heartbeat"] = "heartbeat"


OwnCommand = SetStatus | Plain | WriteUp | Transfer | Consult | Mute | SendDigits | Dial
SupervisorCommand = (
    Listen | SetSpyMode | PlainSupervision | ForceStatus | ForceLogOut | SetSkills | SetQueues | RaisePriority
    | SendMessage
)  # fmt: skip
AnyCommand = OwnCommand | SupervisorCommand
ClientMessage = Annotated[
    Annotated[AnyCommand, Field(discriminator="name")] | PopShown | Heartbeat, Field(discriminator="type")
]
client_messages: TypeAdapter[AnyCommand | PopShown | Heartbeat] = TypeAdapter(ClientMessage)
server_messages: TypeAdapter[Message] = TypeAdapter(ServerMessage)
