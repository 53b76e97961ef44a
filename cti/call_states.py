"""The call's state table: literal, with one door.

`move` is the only way from one state to the next; what is not in the table is refused, naming event and state.
"""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    NEW = "new"
    MENU = "menu"
    QUEUED = "queued"
    OFFERED = "offered"
    DIALLING = "dialling"
    TALKING = "talking"
    HELD = "held"
    CONSULTING = "consulting"
    CONFERENCE = "conference"
    RECALLING = "recalling"
    FORWARDING = "forwarding"
    ENDING = "ending"
    ENDED = "ended"


class Happening(StrEnum):
    ANSWERED = "answered"
    QUEUED = "queued"
    OFFERED = "offered"
    OFFER_LOST = "offer_lost"
    CONNECTED = "connected"
    HELD = "held"
    RESUMED = "resumed"
    CONSULTED = "consulted"
    CONFERRED = "conferred"
    OTHER_LEFT = "other_left"
    TRANSFERRED = "transferred"
    SENT_ON = "sent_on"
    FORWARDED = "forwarded"
    AGENT_LOST = "agent_lost"
    DIALLED = "dialled"
    AGENT_LEFT = "agent_left"
    SAID_GOODBYE = "said_goodbye"
    HUNG_UP = "hung_up"


S, H = State, Happening
TABLE: dict[State, dict[Happening, State]] = {
    S.NEW: {H.ANSWERED: S.MENU, H.QUEUED: S.QUEUED, H.DIALLED: S.DIALLING, H.HUNG_UP: S.ENDED},
    S.MENU: {H.QUEUED: S.QUEUED, H.SAID_GOODBYE: S.ENDING, H.HUNG_UP: S.ENDED},
    S.QUEUED: {H.OFFERED: S.OFFERED, H.SAID_GOODBYE: S.ENDING, H.HUNG_UP: S.ENDED},
    S.OFFERED: {H.CONNECTED: S.TALKING, H.DIALLED: S.DIALLING, H.OFFER_LOST: S.QUEUED, H.HUNG_UP: S.ENDED},
    S.DIALLING: {H.CONNECTED: S.TALKING, H.QUEUED: S.QUEUED, H.AGENT_LEFT: S.ENDING, H.HUNG_UP: S.ENDED},
    S.TALKING: {
        H.HELD: S.HELD,
        H.CONSULTED: S.CONSULTING,
        H.CONFERRED: S.CONFERENCE,
        H.TRANSFERRED: S.TALKING,
        H.SENT_ON: S.QUEUED,
        H.FORWARDED: S.FORWARDING,
        H.AGENT_LOST: S.RECALLING,
        H.AGENT_LEFT: S.ENDING,
        H.HUNG_UP: S.ENDED,
    },
    S.HELD: {
        H.RESUMED: S.TALKING,
        H.CONSULTED: S.CONSULTING,
        H.SENT_ON: S.QUEUED,
        H.FORWARDED: S.FORWARDING,
        H.AGENT_LOST: S.RECALLING,
        H.AGENT_LEFT: S.ENDING,
        H.HUNG_UP: S.ENDED,
    },
    S.CONSULTING: {
        H.RESUMED: S.TALKING,
        H.OTHER_LEFT: S.HELD,
        H.CONFERRED: S.CONFERENCE,
        H.TRANSFERRED: S.TALKING,
        H.AGENT_LOST: S.RECALLING,
        H.AGENT_LEFT: S.ENDING,
        H.HUNG_UP: S.ENDED,
    },
    S.CONFERENCE: {
        H.OTHER_LEFT: S.TALKING,
        H.TRANSFERRED: S.TALKING,
        H.AGENT_LOST: S.RECALLING,
        H.AGENT_LEFT: S.ENDING,
        H.HUNG_UP: S.ENDED,
    },
    S.RECALLING: {H.RESUMED: S.TALKING, H.SENT_ON: S.QUEUED, H.AGENT_LEFT: S.ENDING, H.HUNG_UP: S.ENDED},
    S.FORWARDING: {H.CONNECTED: S.TALKING, H.SENT_ON: S.QUEUED, H.HUNG_UP: S.ENDED},
    S.ENDING: {H.HUNG_UP: S.ENDED},
    S.ENDED: {},
}


class ImpossibleMove(Exception):
    """The event does not belong to the state."""


def move(state: State, happening: Happening) -> State:
    """The state after `happening`; raises ImpossibleMove naming both."""
    try:
        return TABLE[state][happening]
    except KeyError:
        raise ImpossibleMove(f"a call that is {state} cannot have {happening}") from None


def diagram() -> str:
    """The table as a Mermaid state diagram, for ARCHITECTURE.md."""
    lines = ["stateDiagram-v2", f"    [*] --> {S.NEW}"]
    lines += [f"    {before} --> {after}: {event}" for before, row in TABLE.items() for event, after in row.items()]
    return "\n".join([*lines, f"    {S.ENDED} --> [*]"])
