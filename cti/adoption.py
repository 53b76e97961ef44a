"""What a server that has just come finds in Asterisk: which calls, and where each stands. Pure.

The channels say it themselves (`cti.notes`). Where a note and the bridges disagree the bridges are right: the server
before was killed between a command and its note.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec

from cti.asterisk.messages import HOLDING, Fields
from cti.call_states import State
from cti.notes import CUSTOMER, NOTE, PARTY, Note, PartyNote, read, read_tag, variables

ARRIVALS, LEGS, FALLBACK = "arrivals", "legs", "fallback"
OURS = "z-"  # so begins the id of every leg that a server of ours has dialled
IN_A_TALK = {State.TALKING, State.HELD, State.CONSULTING, State.CONFERENCE}


@dataclass(frozen=True, slots=True)
class Channel:
    """One row of `Status`."""

    uniqueid: str
    name: str
    state: str
    bridge: str
    lobby: str
    context: str
    exten: str
    note: Note | None
    tag: PartyNote | None
    customer: bool

    @property
    def in_loop(self) -> bool:
        """It stands in one of our loops, unless it is bridged."""
        return self.context in {ARRIVALS, LEGS}


@dataclass(frozen=True, slots=True)
class Found:
    """A call. `state` is where it goes on from; the parties' notes name their legs. `unsaid`: it was connected, which
    nobody has noted; `apart`: they are to hear each other and do not; `elsewhere`: the fallback has the caller."""

    note: Note
    customer: Channel
    state: State
    owner: PartyNote | None = None
    third: PartyNote | None = None
    unsaid: bool = False
    apart: bool = False
    elsewhere: bool = False


@dataclass(slots=True)
class Plan:
    """`new`: callers of whom nothing is known; `strays`: legs that belong to nothing any more."""

    calls: list[Found] = field(default_factory=list)
    standing: list[Channel] = field(default_factory=list)
    new: list[Channel] = field(default_factory=list)
    strays: list[Channel] = field(default_factory=list)
    channels: dict[str, Channel] = field(default_factory=dict)


def placed(rows: Iterable[Fields], bridges: Iterable[Fields]) -> list[Fields]:
    """Rows of `Status` in which who stands in a lobby is in no `bridgeid`, but in that `lobby`."""
    lobbies = {one.get("bridgeuniqueid") for one in bridges if one.get("bridgetechnology") == HOLDING}
    return [
        {**row, "lobby": row["bridgeid"], "bridgeid": ""} if row.get("bridgeid") in lobbies else row for row in rows
    ]


def channel_of(row: Fields) -> Channel:
    told = variables(row)
    return Channel(
        row.get("uniqueid", ""), row.get("channel", ""), row.get("channelstatedesc", ""), row.get("bridgeid", ""),
        row.get("lobby", ""), row.get("context", ""), row.get("exten", ""), read(told.get(NOTE, "")),
        read_tag(told.get(PARTY, "")), CUSTOMER in told,
    )  # fmt: skip


def plan(rows: Iterable[Fields], run: str) -> Plan:
    """What becomes of channels that nobody here knows. `run`: the part of ids that is of this server's own calls."""
    found = [channel_of(row) for row in rows]
    made = Plan(channels={one.uniqueid: one for one in found})
    bridged: dict[str, list[Channel]] = {}
    for one in found:
        if one.bridge:
            bridged.setdefault(one.bridge, []).append(one)
    taken: set[str] = set()
    for one in found:
        if one.note is not None and f"-{run}-" not in one.note.call:
            call = _call(one, one.note, made.channels, bridged.get(one.bridge, []))
            made.calls.append(call)
            taken |= {one.uniqueid, *(party.leg for party in (call.owner, call.third) if party)}
    for one in found:
        if one.uniqueid not in taken and one.name.startswith("PJSIP/"):
            _sort(one, made)
    made.calls.sort(key=lambda one: one.note.waiting_since or one.note.arrived_at)
    return made


def _sort(one: Channel, made: Plan) -> None:
    """A channel that is in no call of ours; those who talk are left in peace."""
    if one.bridge:
        return
    if one.tag is not None and one.tag.standing and one.in_loop:
        made.standing.append(one)
    elif one.uniqueid.startswith(OURS) or one.note is not None:
        made.strays.append(one)
    elif one.context in {ARRIVALS, FALLBACK}:
        made.new.append(one)


def _call(customer: Channel, note: Note, channels: dict[str, Channel], together: list[Channel]) -> Found:
    state = State(note.state) if note.state in set(State) else State.MENU
    if customer.context == FALLBACK:
        return Found(note, customer, state, elsewhere=bool(customer.bridge))
    partner = next((one for one in together if one.tag is not None and one is not customer), None)
    if state not in IN_A_TALK:
        if partner is not None and partner.tag is not None:
            with_leg = msgspec.structs.replace(partner.tag, leg=partner.uniqueid)
            return Found(note, customer, State.TALKING, with_leg, unsaid=True)
        if state is State.RECALLING:  # the agent's leg is no more; to be rung again
            return Found(note, customer, State.TALKING, note.owner)
        return Found(note, customer, state)
    owner, third = note.owner, note.third
    if owner is not None and state is not State.CONFERENCE and partner is not None and partner.uniqueid == owner.leg:
        state = State.TALKING if state is not State.CONSULTING else State.HELD if third is None else state
    if state is State.CONSULTING and third is None:
        state = State.HELD
    apart = (
        state is State.TALKING and owner is not None and owner.leg in channels and not customer.bridge
        and not channels[owner.leg].bridge
    )  # fmt: skip
    return Found(note, customer, state, owner, third, apart=apart)
