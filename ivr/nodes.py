"""The nodes of a menu: frozen data, no behaviour. `ivr.menus` holds what it reads to these types and bounds.

A prompt is an id; `id@en` says it in that language whatever the caller's is (for the choice of language itself), and
`{cash:money}` says a value of the caller's (`ivr.values`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field

from ivr.enquiries import ENQUIRIES, LISTS
from ivr.values import is_value, value_of

Key = Annotated[str, Field(pattern=r"^[0-9*#]$")]
Tries = Annotated[int, Field(ge=1, le=20)]
Digits = Annotated[int, Field(ge=1, le=64)]
Seconds = Annotated[float, Field(gt=0, le=300)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    prompts: tuple[str, ...]
    next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Menu:
    """One key chooses; after `tries` silences or wrong keys the caller goes to `failure`."""

    prompts: tuple[str, ...]
    match: Mapping[Key, str]
    failure: str
    invalid: str = "invalid"
    timeout: str = "timeout"
    tries: Tries = 3
    timeout_s: Seconds = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Collect:
    """Digits into `into`; fewer than `min_digits`, or one that is not `among` those asked for, counts as a wrong try.

    `secret`: they are in no recording or log.
    """

    prompts: tuple[str, ...]
    into: str
    next: str
    failure: str
    secret: bool = False
    among: Annotated[str, Field(pattern=r"^[0-9*#]*$")] = ""
    min_digits: Digits = 1
    max_digits: Digits = 20
    invalid: str = "invalid"
    timeout: str = "timeout"
    tries: Tries = 3
    timeout_s: Seconds = 6.0
    terminator: Key = "#"


@dataclass(frozen=True, slots=True, kw_only=True)
class SetLanguage:
    language: str
    next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Authenticate:
    """Account and PIN, at most `tries` times; then `failure`. Whoever has done it in this call is asked nothing.

    What is said of a wrong PIN, an unknown and a locked account is the same: `refused`. `down`: the host is.
    """

    account: tuple[str, ...]
    pin: tuple[str, ...]
    next: str
    failure: str
    down: str
    refused: str = "not_verified"
    timeout: str = "timeout"
    tries: Tries = 3
    min_digits: Digits = 6
    max_digits: Digits = 12
    pin_digits: Digits = 6
    timeout_s: Seconds = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Enquire:
    """One of `ivr.enquiries`, while `prompts` are said. `unknown`: the host knows no such thing; `down`: it is down."""

    ask: str
    next: str
    unknown: str
    down: str
    prompts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Each:
    """Says of each in a list (`ivr.enquiries.LISTS`) what it has, `most` at most; a key goes on to `next`."""

    of: str
    prompts: tuple[str, ...]
    next: str
    most: Tries = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """By what the value `on` is; `otherwise` also when there is none."""

    on: str
    match: Mapping[str, str]
    otherwise: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LookUp:
    """The customer's record by the caller's number; it gives `tier`, to branch on."""

    found: str
    unknown: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningHours:
    """Where a calendar of the house stands now; on a day off to `holiday`, or else to `closed`."""

    calendar: str
    open: str
    closed: str
    holiday: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallBack:
    """The caller is called back at the number in `number`, with the place in line of now, or as new in `queue`.

    `refused`: that number may not be called, or too often.
    """

    next: str
    refused: str
    number: str = "caller"
    queue: str = ""
    requires: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveMessage:
    """A message of `most_s` seconds at most, for the agents of `queue`; `nothing` when nobody spoke."""

    prompts: tuple[str, ...]
    next: str
    nothing: str
    queue: str = ""
    requires: str = ""
    most_s: Seconds = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitOn:
    """Back into line, where the caller has not lost the place. Only for menus of those who wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enqueue:
    """`requires` is a skill expression; `{language}` in it becomes the skill of the caller's language."""

    queue: str
    requires: str = ""
    priority: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class HangUp:
    prompts: tuple[str, ...] = ()
    reason: str = "goodbye"


SKILL_OF_LANGUAGE = {"zh": "mandarin", "en": "english"}

Node = (
    Say | Menu | Collect | SetLanguage | Authenticate | Enquire | Each | Branch | LookUp | OpeningHours | CallBack
    | LeaveMessage | WaitOn | Enqueue | HangUp
)  # fmt: skip

KINDS: dict[str, type[Node]] = {
    "say": Say,
    "menu": Menu,
    "collect": Collect,
    "language": SetLanguage,
    "authenticate": Authenticate,
    "enquire": Enquire,
    "each": Each,
    "branch": Branch,
    "look_up": LookUp,
    "hours": OpeningHours,
    "callback": CallBack,
    "voicemail": LeaveMessage,
    "wait": WaitOn,
    "queue": Enqueue,
    "hangup": HangUp,
}
ASKING = (Menu, Collect, Authenticate, LeaveMessage)  # where the caller has a say, or hangs up
AT_ONCE = (SetLanguage, Branch, OpeningHours, WaitOn, Enqueue)  # left in the moment in which they are entered


@dataclass(frozen=True, slots=True)
class MenuSet:
    """A whole menu; `lines` has each node's line in `file`, for messages; `text` is what it was read from."""

    name: str
    start: str
    nodes: Mapping[str, Node]
    file: str = ""
    lines: Mapping[str, int] = field(default_factory=dict)
    text: str = ""


_WAYS = ("next", "open", "closed", "holiday", "found", "unknown", "nothing", "refused", "otherwise", "failure", "down")
_TOLD = ("account", "pin", "prompts", "invalid", "timeout")


def ways(node: Node) -> tuple[tuple[str, str], ...]:
    """Where it may go on: what must happen for it (a key, a value, or the name of a field), and the next node."""
    chosen = tuple(node.match.items()) if isinstance(node, Menu | Branch) else ()
    named = ((name, getattr(node, name, "")) for name in _WAYS if not _is_prompt(node, name))
    return (*chosen, *((name, target) for name, target in named if target))


def _is_prompt(node: Node, name: str) -> bool:
    return isinstance(node, Authenticate) and name == "refused"


def exits(node: Node) -> tuple[str, ...]:
    """The names of the nodes that may come next."""
    return tuple(target for _, target in ways(node))


def said_by(node: Node) -> tuple[str, ...]:
    """Every prompt and value the node may say."""
    told = [getattr(node, name, ()) for name in _TOLD]
    told += [node.refused] if isinstance(node, Authenticate) else []
    return tuple(piece for one in told for piece in ((one,) if isinstance(one, str) else one))


def prompts_of(node: Node) -> tuple[str, ...]:
    """Every prompt the node may play."""
    return tuple(piece for piece in said_by(node) if not is_value(piece))


def values_said(node: Node) -> tuple[str, ...]:
    """The keys of the values it says; raises ValueError for one that is no value."""
    return tuple(value_of(piece).key for piece in said_by(node) if is_value(piece))


def needs(node: Node) -> tuple[str, ...]:
    """The keys of the values without which it cannot be."""
    match node:
        case Enquire():
            return ENQUIRIES[node.ask].needs if node.ask in ENQUIRIES else ()
        case Each():
            known = LISTS.get(node.of, ())
            return (node.of, *(key for key in values_said(node) if key not in known))
        case CallBack():
            return (node.number,)
        case _:
            return values_said(node)


def gives(node: Node) -> tuple[str, ...]:
    """The keys of the values that are there after it."""
    match node:
        case Collect():
            return (node.into,)
        case Authenticate():
            return ("account", "verified")
        case LookUp():
            return ("tier",)
        case Enquire() if node.ask in ENQUIRIES:
            return (*ENQUIRIES[node.ask].gives, *(ENQUIRIES[node.ask].lists or ()))
        case _:
            return ()


def skills_asked(node: Enqueue | CallBack | LeaveMessage, language: str) -> str:
    """The skill expression for a caller of this language."""
    return node.requires.replace("{language}", SKILL_OF_LANGUAGE.get(language, language))
