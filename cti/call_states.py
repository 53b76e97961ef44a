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
    TALKING = "talking"
    HELD = "held"
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
    AGENT_LEFT = "agent_left"
    SAID_GOODBYE = "said_goodbye"
    HUNG_UP = "hung_up"


S, H = State, Happening
TABLE: dict[State, dict[Happening, State]] = {
    S.NEW: {H.ANSWERED: S.MENU, H.HUNG_UP: S.ENDED},
    S.MENU: {H.QUEUED: S.QUEUED, H.SAID_GOODBYE: S.ENDING, H.HUNG_UP: S.ENDED},
    S.QUEUED: {H.OFFERED: S.OFFERED, H.SAID_GOODBYE: S.ENDING, H.HUNG_UP: S.ENDED},
    S.OFFERED: {H.CONNECTED: S.TALKING, H.OFFER_LOST: S.QUEUED, H.HUNG_UP: S.ENDED},
    S.TALKING: {H.HELD: S.HELD, H.AGENT_LEFT: S.ENDING, H.HUNG_UP: S.ENDED},
    S.HELD: {H.RESUMED: S.TALKING, H.AGENT_LEFT: S.ENDING, H.HUNG_UP: S.ENDED},
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
