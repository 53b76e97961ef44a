"""What the desk needs from the rest of the server; implemented elsewhere and passed to `create_app`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from agents.views import AgentView, FloorView, WaitingView


class Refused(Exception):
    """A command that cannot be done now. `reason` is a stable word for the page, `message` a sentence for people."""

    def __init__(self, reason: str, message: str = "") -> None:
        super().__init__(message or reason)
        self.reason = reason
        self.message = message or reason


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One dependency's health; `detail` is one line with the cure when it is not ok.

    Calls are served also without what is not `needed`: its being away degrades the house and leaves it ready.
    """

    ok: bool
    detail: str = ""
    needed: bool = True


class AgentLike(Protocol):
    """A person who may log in. `role` is agent, supervisor or administrator."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def name_en(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def password_hash(self) -> str: ...


class OwnState(Protocol):
    """What agents can do to themselves. Each raises `Refused` when it is impossible now."""

    async def set_status(self, agent_id: str, status: str, reason: str | None) -> None: ...

    async def log_in(self, agent_id: str) -> None:
        """A desk page is opening. Without effect when already logged in; otherwise the agent starts not-ready."""

    async def log_out(self, agent_id: str) -> None: ...

    def snapshot(self) -> FloorView: ...
    def has_in_hand(self, agent_id: str, call_id: str, /) -> bool:
        """Whether the call's record is on this agent's page."""

    def view_of(self, agent_id: str) -> AgentView | None:
        """One agent now; None for who is none."""

    def day_begins(self) -> float:
        """The house's last midnight, UTC epoch seconds."""


class CallControl(Protocol):
    """What agents can do to the call they are in. Each raises `Refused` when it is impossible now."""

    async def answer(self, agent_id: str) -> None: ...
    async def hang_up(self, agent_id: str) -> None: ...
    async def hold(self, agent_id: str) -> None: ...
    async def resume(self, agent_id: str) -> None: ...

    async def transfer(self, agent_id: str, kind: str, target: str) -> None:
        """Blind, to an `agent`, a `queue` or a `number`."""

    async def consult(self, agent_id: str, kind: str, target: str) -> None: ...
    async def swap(self, agent_id: str) -> None: ...
    async def complete(self, agent_id: str) -> None: ...
    async def conference(self, agent_id: str) -> None: ...
    async def drop_other(self, agent_id: str) -> None: ...
    async def mute(self, agent_id: str, on: bool) -> None: ...
    async def send_digits(self, agent_id: str, digits: str) -> None: ...
    async def dial(self, agent_id: str, number: str, show_as: str | None) -> None: ...


class WriteUps(Protocol):
    """What agents write of their calls. Each raises `Refused` when it is impossible now."""

    async def write_up(self, agent_id: str, call_id: str, disposition: str | None, note: str) -> None: ...
    async def finish_wrap_up(self, agent_id: str) -> None: ...
    async def extend_wrap_up(self, agent_id: str) -> None: ...


class Spying(Protocol):
    """What supervisors can do in the calls of others. Each raises `Refused` when it is impossible now."""

    async def listen(self, who: str, agent_id: str) -> None:
        """Returns as soon as the supervisor's phone is being rung."""

    async def spy_mode(self, who: str, mode: str) -> None: ...
    async def stop_listening(self, who: str) -> None: ...
    async def take_over(self, who: str) -> None: ...


class Supervision(Protocol):
    """What supervisors can do; `who` is the supervisor. Each raises `Refused` when it is impossible now."""

    @property
    def spying(self) -> Spying: ...
    async def force_status(self, who: str, agent_id: str, status: str, reason: str | None) -> None: ...
    async def force_log_out(self, who: str, agent_id: str) -> None: ...
    async def set_skills(self, who: str, agent_id: str, skills: Mapping[str, int]) -> None: ...
    async def set_queues(self, who: str, agent_id: str, queues: Sequence[str]) -> None: ...
    async def raise_priority(self, who: str, call_id: str, by: float) -> None: ...
    async def message(self, who: str, to: Sequence[str] | None, text: str) -> None: ...

    def waiting(self) -> Sequence[WaitingView]: ...
    def staff(self) -> Mapping[str, Any]:
        """Known `skills` and `queues`; by agent, the `skills` and `queues` of each and what each `serves` by them."""

    def day(self, queue: str | None) -> Mapping[str, Any]:
        """The day so far in steps; raises KeyError for no such queue."""


@dataclass(frozen=True, slots=True)
class Control:
    """Everything a command can reach."""

    own: OwnState
    calls: CallControl
    write_ups: WriteUps
    supervision: Supervision


@dataclass(frozen=True, slots=True)
class PhoneLogin:
    """How a page's telephone registers: SIP user and password, the domain of its address, until when (UTC)."""

    user: str
    password: str = field(repr=False)
    domain: str
    expires_at: float


class PagePhones(Protocol):
    """The telephones of pages. What is handed out is good until `until` (UTC epoch seconds)."""

    async def hand_out(self, person: str, until: float) -> PhoneLogin:
        """For this person's page; the password before is void. Raises Refused while Asterisk is away."""

    async def hand_out_booth(self, number: str, until: float) -> PhoneLogin:
        """A telephone that can only call the house, from this number. Raises Refused while Asterisk is away."""

    async def revoke(self, person: str) -> None: ...

    def opened(self, person: str, page: str) -> None:
        """A page has opened its line; another page of the same person has lost its own."""


@dataclass(frozen=True, slots=True)
class Access:
    """`who`: the person, empty for nobody we know. `reason`: of a refusal, why, or what was asked for."""

    what: Literal["logged_in", "logged_out", "login_refused", "forbidden"]
    who: str
    address: str
    reason: str = ""


class Memory(Protocol):
    """What is remembered. `agent` gives None for the unknown and the deactivated."""

    async def agent(self, agent_id: str, /) -> AgentLike | None: ...

    async def call_story(self, call_id: str, /) -> Mapping[str, Any] | None:
        """The call with its `agent_id` and its `steps`, each with `at`, `kind`, perhaps `agent_id`; None if unknown."""

    async def missed(self, agent_id: str, since: float, /) -> Sequence[Mapping[str, Any]]:
        """Offers that ended without the agent since then (UTC), newest first."""

    async def agent_steps(
        self, agent_id: str, since: float, kinds: Sequence[str], /
    ) -> Sequence[tuple[float, str, Mapping[str, Any]]]:
        """Time, kind and data of the agent's events since then, in order, and of the last `agent_moved` before."""

    async def deeds(self, kinds: Sequence[str], before: float, limit: int, /) -> Sequence[Mapping[str, Any]]:
        """What was done before then (UTC), newest first: `at`, `kind`, `agent_id`, `call_id`, `data`."""

    async def recent_calls(self, limit: int, agent_id: str | None = None) -> Sequence[Mapping[str, Any]]:
        """Newest first; with `agent_id` only that agent's calls."""


@dataclass(frozen=True, slots=True)
class RecordingFile:
    """What is kept of a call: `facts` has `call_id`, `agents`, `begun_at`, `segments`, and once it was made small
    `seconds` and `peaks`. `path` is its sound, None while it is being made."""

    id: str
    facts: Mapping[str, Any]
    path: Path | None


class Recordings(Protocol):
    """Recorded calls. Each may raise the database's own errors."""

    async def of_call(self, call_id: str, /) -> Sequence[RecordingFile]: ...
    async def recording(self, recording_id: str, /) -> RecordingFile | None: ...
    def heard(self, recording_id: str, by: str, call_id: str, /) -> None:
        """Somebody was given the sound: it is noted."""


class BadUpload(Exception):
    """What was sent is not taken; `code` is `too_large`, `too_long`, `no_sound`, `disk_full` or `not_kept`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class PromptFacts:
    """How a prompt is said now; `at` is when it was uploaded, UTC epoch seconds."""

    prompt: str
    language: str
    words: str
    source: Literal["spoken", "file", "uploaded"]
    seconds: float
    at: float | None


class Prompts(Protocol):
    """What callers hear, and what it is replaced by."""

    def knows(self, prompt: str, language: str, /) -> bool: ...
    async def all(self) -> Sequence[PromptFacts]: ...
    def sound(self, prompt: str, language: str, /) -> Path: ...
    def check_size(self, size: int, /) -> None:
        """Raises BadUpload for more bytes than a recording has."""

    async def put(self, prompt: str, language: str, body: AsyncIterator[bytes], by: str, /) -> PromptFacts:
        """Raises BadUpload; then nothing has changed."""

    async def remove(self, prompt: str, language: str, by: str, /) -> PromptFacts:
        """Raises KeyError when nothing was uploaded."""


@dataclass(frozen=True, slots=True)
class HouseNow:
    """`calendars`: how each stands; `overrides`: those an administrator has set."""

    closed: bool
    blocked: tuple[str, ...]
    calendars: Mapping[str, str]
    overrides: Mapping[str, str]


class Switches(Protocol):
    """What administrators switch. Each may raise Refused, and the database's own errors; then nothing has changed."""

    def house(self) -> HouseNow: ...
    async def close_house(self, closed: bool, by: str, /) -> None: ...
    async def block(self, numbers: Collection[str], by: str, /) -> None: ...
    async def override(self, calendar: str, stands: Literal["open", "closed"] | None, by: str, /) -> None: ...


class Menus(Protocol):
    """Menus and their versions; number 0 is the file. Each raises KeyError for what there is not, and the database's
    own errors; those that change something raise Refused."""

    async def all(self) -> Sequence[Mapping[str, Any]]: ...
    async def versions(self, name: str, /) -> Sequence[Mapping[str, Any]]: ...
    async def version(self, name: str, number: int, /) -> Mapping[str, Any]: ...
    async def save_draft(self, name: str, text: str, base: int, by: str, /) -> Mapping[str, Any]: ...
    async def publish(self, name: str, number: int, by: str, /) -> Mapping[str, Any]: ...
    async def roll_back(self, name: str, to: int, base: int, by: str, /) -> Mapping[str, Any]: ...
    async def counts(self, name: str, since: float, /) -> Mapping[str, Any]:
        """Callers of the day that began at `since`, UTC epoch seconds."""


@dataclass(frozen=True, slots=True)
class Sought:
    """Times are UTC epoch seconds, of the call's arrival; what is empty is not asked for."""

    since: float
    until: float
    queue: str = ""
    agent_id: str = ""
    number: str = ""
    scored: bool | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Found:
    recording: RecordingFile
    at: float
    queue: str
    number: str
    score: float | None


@dataclass(frozen=True, slots=True)
class MessageFile:
    """A message that was left; `agent_id` has heard it, `brought_by` is the call that brings it to an agent now."""

    id: str
    number: str
    queue: str
    at: float
    seconds: float
    path: Path
    agent_id: str | None
    brought_by: str | None


class LaterContacts(Protocol):
    """Customers who wait off the line."""

    async def message(self, message_id: str, /) -> MessageFile | None:
        """May raise the database's own errors."""

    async def messages(self, since: float, /) -> Sequence[Mapping[str, Any]]:
        """Left since then (UTC), newest first, heard or not. May raise the database's own errors."""

    async def given_up(self, since: float, /) -> Sequence[Mapping[str, Any]]:
        """Callers who gave up in a queue since then (UTC), newest first. May raise the database's own errors."""

    def callbacks(self) -> Sequence[Mapping[str, Any]]: ...
    def recover(self, call_id: str, story: Mapping[str, Any], by: str, /) -> None:
        """Raises Refused."""


@dataclass(frozen=True, slots=True)
class WantedOrder:
    """`key` is the page's, the same when it sends it again; `limit` in yuan, as text."""

    key: str
    code: str
    side: Literal["buy", "sell"]
    quantity: int
    limit: str


class Orders(Protocol):
    """Orders that agents take. May raise the database's own errors."""

    async def place(self, call_id: str, wanted: WantedOrder, by: str, /) -> Mapping[str, Any]:
        """Raises Refused, or KeyError when the call is over."""

    async def of_call(self, call_id: str, /) -> Sequence[Mapping[str, Any]]: ...


class HostPanel(Protocol):
    """What the broker's host says of the customer in a call."""

    async def facts(self, call_id: str, /, *, anew: bool = False) -> Mapping[str, Any]:
        """As `agents.host_api.HostFacts`; raises KeyError when the call is over."""


class Quality(Protocol):
    """Recordings found and scored. Each may raise the database's own errors."""

    async def find(self, sought: Sought, /) -> Sequence[Found]: ...
    async def card(self, recording: RecordingFile, /) -> Mapping[str, Any] | None: ...
    async def fill(
        self, recording: RecordingFile, agent_id: str, answers: Mapping[str, float | None], comment: str, by: str, /
    ) -> Mapping[str, Any]:
        """Raises Refused."""

    async def report(self, since: float, until: float, queue: str, agent_id: str, /) -> Sequence[Mapping[str, Any]]: ...


class Health(Protocol):
    async def checks(self) -> Mapping[str, CheckResult]: ...
