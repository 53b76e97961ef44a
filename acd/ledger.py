"""Why this agent, why this wait: each decision as it was made, and in words when somebody asks.

A decision keeps masks and a few figures, no words: keeping costs a microsecond, explaining is done on demand.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from acd.crew import Crew
from acd.model import Contact
from acd.waiting import Entry, Place, Waiting


class Decision(NamedTuple):
    """At `at` (UTC) the contact was offered to the agent.

    Masks have one bit an agent: `able` meet the requirements of `phase`, less those `left_out`; of them `candidates`
    were free; `ready` were ready at all. `figures` is what the rule said of up to 20 candidates, smallest first to go.
    `score` is priority and age in one figure.
    """

    at: float
    contact_id: str
    agent_id: str
    queue: str
    rule: str
    phase: int
    score: float
    able: int
    left_out: int
    candidates: int
    ready: int
    figures: tuple[tuple[str, float], ...]


class Ledger:
    """The last `size` decisions."""

    def __init__(self, size: int = 10_000) -> None:
        self._decisions: deque[Decision] = deque(maxlen=size)

    def __len__(self) -> int:
        return len(self._decisions)

    def keep(self, decision: Decision) -> None:
        self._decisions.append(decision)

    def of_contact(self, contact_id: str) -> list[Decision]:
        return [one for one in self._decisions if one.contact_id == contact_id]

    def since(self, at: float) -> Iterator[Decision]:
        """Newest first."""
        for one in reversed(self._decisions):
            if one.at < at:
                return
            yield one


class Why(NamedTuple):
    """A contact's story so far in lines, each a code with its values: the desk puts it into the reader's language."""

    lines: tuple[tuple[str, dict[str, object]], ...]

    def words(self) -> list[str]:
        """In English, for logs and terminals."""
        return [WORDS[code].format(**values) for code, values in self.lines]


WORDS = {
    "unknown": "{contact} neither waits nor is in the last decisions",
    "place": "number {position} of {waiting} in {queue}, waiting {waited_s:.0f} s, score {score:.1f}",
    "asked": "asks for: {requires}",
    "preferred": "only {agents} are asked yet, for {left_s:.0f} s more",
    "able": "{able} agents meet that: {ready} of them ready, {free} free",
    "nobody": "nobody logged in meets that",
    "left_out": "not asked again yet, having missed or refused it: {agents}",
    "barred": "never asked: {agents}",
    "ring": "in {in_s:.0f} s wider: {requires}",
    "others_first": "meanwhile {count} agents who can serve it took others, last {agent} took {contact}: {because}",
    "offered": "{at:.3f}: offered to {agent} by {rule}, {candidates} of {able} were free",
    "against": "figures: {figures}",
    "ringing": "is being offered to {agent}",
}


def why(contact_id: str, room: Waiting, crew: Crew, ledger: Ledger | None, now: float) -> Why:
    """Why the contact still waits, or why it went to whom it did."""
    place = room.places.get(contact_id)
    told = [line for one in (ledger.of_contact(contact_id) if ledger else ()) for line in _offer(one)]
    if place is not None:
        order = room.in_order(now, room.of_queue[place.contact.queue].values())
        told += _waiting(place, order.index(place) + 1, len(order), crew, now)
        if place.line is not None:
            told += _passed_over(place, place.line.able, crew, ledger)
    return Why(tuple(told) or (("unknown", {"contact": contact_id}),))


class Standing(NamedTuple):
    """One who waits, as number `position` of its queue; `ringing` is the agent who is being asked."""

    contact: Contact
    position: int
    ringing: str | None
    why: Why


def standing(room: Waiting, crew: Crew, now: float) -> Iterator[Standing]:
    """Everybody who waits, queue by queue in order, with what `why` says of the present: at the cost of one sorting."""
    for places in room.of_queue.values():
        order = room.in_order(now, places.values())
        for position, place in enumerate(order, 1):
            lines = tuple(_waiting(place, position, len(order), crew, now))
            ringing = next((str(values["agent"]) for code, values in lines if code == "ringing"), None)
            yield Standing(place.contact, position, ringing, Why(lines))


def _offer(one: Decision) -> Iterator[tuple[str, dict[str, object]]]:
    counts = {"able": one.able.bit_count(), "candidates": one.candidates.bit_count()}
    yield "offered", {"at": one.at, "agent": one.agent_id, "rule": one.rule, **counts}
    if one.figures:
        figures = sorted(one.figures, key=lambda pair: pair[1])
        yield "against", {"figures": ", ".join(f"{agent} {figure:.6g}" for agent, figure in figures)}


def _waiting(
    place: Place, position: int, waiting: int, crew: Crew, now: float
) -> Iterator[tuple[str, dict[str, object]]]:
    contact, family, line = place.contact, place.family, place.line
    waited_s = now - contact.arrived_at
    yield "place", {
        "position": position, "waiting": waiting, "queue": contact.queue, "waited_s": waited_s,
        "score": place.entry.score(family.queue.ageing_per_s, now),
    }  # fmt: skip
    if line is None:
        agent = next(seat for seat in crew.numbered if place.offer_id in seat.work)
        yield "ringing", {"agent": agent.agent.id}
        return
    phase = family.phases[line.phase]
    yield "asked", {"requires": phase.requires.text or "nothing"}
    later = [one for one in family.phases[line.phase + 1 :] if one.after_s > waited_s]
    if phase.preferred and later:
        yield "preferred", {"agents": ", ".join(phase.preferred), "left_s": later[0].after_s - waited_s}
    staffed = line.able & crew.staffed
    if staffed:
        ready, free = line.able & crew.ready, line.able & crew.free[line.channel]
        yield "able", {"able": staffed.bit_count(), "ready": ready.bit_count(), "free": free.bit_count()}
    else:
        yield "nobody", {}
    for code, mask in (("left_out", line.left_out & ~place.barred), ("barred", place.barred)):
        if mask:
            yield code, {"agents": ", ".join(seat.agent.id for seat in crew.of(mask))}
    if later and not phase.preferred:
        yield "ring", {"in_s": later[0].after_s - waited_s, "requires": later[0].requires.text or "nothing"}


def _passed_over(place: Place, able: int, crew: Crew, ledger: Ledger | None) -> Iterator[tuple[str, dict[str, object]]]:
    """Agents who could have served it and were given to others since it came."""
    taken = [
        one
        for one in (ledger.since(place.contact.arrived_at) if ledger else ())
        if one.contact_id != place.contact.id and crew.seats[one.agent_id].bit & able
    ]
    if taken:
        last = taken[0]
        mine = Entry.score(place.entry, place.family.queue.ageing_per_s, last.at)
        because = "it came before in the order" if last.score >= mine else "this contact did not ask that agent yet"
        yield "others_first", {
            "count": len({one.agent_id for one in taken}), "agent": last.agent_id, "contact": last.contact_id,
            "because": f"{because} (score {last.score:.1f} against {mine:.1f})",
        }  # fmt: skip
