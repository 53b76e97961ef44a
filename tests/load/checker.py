"""Asterisk's own records (CEL) against our journal: every call accounted for, once, with the same times. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

CLOSE_S = 1.0  # so far apart the two may be while a server is there and the machine is busy


@dataclass(frozen=True, slots=True)
class Cel:
    """One line of Asterisk's: `at` is UTC epoch seconds."""

    kind: str
    at: float
    uniqueid: str
    channel: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One of our journal's."""

    kind: str
    at: float
    call_id: str | None
    uniqueid: str = ""
    agent_id: str | None = None


def read_cel(text: str) -> list[Cel]:
    rows = (line.replace('"', "").split(",") for line in text.splitlines() if line)
    return [Cel(kind, float(at), uniqueid, channel) for kind, at, uniqueid, channel in rows]


def faults(
    cel: Iterable[Cel], journal: Iterable[Entry], away: Sequence[tuple[float, float]] = (), caller: str = "PJSIP/caller"
) -> list[str]:
    """What does not agree, a line each. `away`: when no server was there; what happened then it learnt afterwards."""
    by_channel: dict[str, list[Cel]] = defaultdict(list)
    for row in cel:
        if row.channel.startswith(caller):
            by_channel[row.uniqueid].append(row)
    of_call: dict[str, list[Entry]] = defaultdict(list)
    call_of: dict[str, list[str]] = defaultdict(list)
    for entry in journal:
        if entry.call_id is not None:
            of_call[entry.call_id].append(entry)
        if entry.kind == "call_arrived" and entry.call_id is not None:
            call_of[entry.uniqueid].append(entry.call_id)
    found = []
    for uniqueid, rows in by_channel.items():
        calls = call_of.pop(uniqueid, [])
        if len(calls) != 1:
            found.append(f"channel {uniqueid}: {len(calls)} calls in the journal, not one")
        else:
            found += _of_one(uniqueid, rows, of_call[calls[0]], away)
    return found + [f"channel {one}: in the journal, and Asterisk knows nothing of it" for one in call_of]


def _of_one(uniqueid: str, rows: list[Cel], entries: list[Entry], away: Sequence[tuple[float, float]]) -> list[str]:
    found = []
    ended = [entry for entry in entries if entry.kind == "call_ended"]
    if len(ended) != 1:
        return [f"channel {uniqueid}: its call has ended {len(ended)} times"]
    for theirs, ours in (("CHAN_START", "call_arrived"), ("CHAN_END", "call_ended")):
        at = [row.at for row in rows if row.kind == theirs]
        said = [entry.at for entry in entries if entry.kind == ours]
        if not at or not _agree(at[0], said[0], away):
            found.append(f"channel {uniqueid}: {theirs} at {at[:1]}, {ours} at {said[0]:.3f}")
    bridged = [row.at for row in rows if row.kind == "BRIDGE_ENTER"]
    connected = [entry.at for entry in entries if entry.kind == "agent_connected"]
    if bool(bridged) != bool(connected):
        found.append(f"channel {uniqueid}: {len(bridged)} times in a bridge, connected {len(connected)} times")
    elif bridged and not _agree(bridged[0], connected[0], away):
        found.append(f"channel {uniqueid}: bridged at {bridged[0]:.3f}, connected at {connected[0]:.3f}")
    return found


def _agree(theirs: float, ours: float, away: Sequence[tuple[float, float]]) -> bool:
    """The same time; or ours is when the server was there again."""
    if abs(theirs - ours) <= CLOSE_S:
        return True
    return any(begins - CLOSE_S <= theirs <= ends + CLOSE_S and ours <= ends + CLOSE_S for begins, ends in away)
