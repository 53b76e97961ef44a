"""The estimated waiting time of each waiting contact, from the live state.

Those ahead compete for the agents who can serve this contact; a line that fewer of its agents share with it counts for
as much less. Agents count for as many as they take at once. `waits.forecast` makes P50 and P90 of that. Between two
events the state is the same and so is the forecast; it rises only when something got worse: more ahead, fewer agents,
longer handling, more patience ahead.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping

from acd.crew import Crew
from acd.pace import Pace
from acd.waiting import Entry, Line, Place, Waiting
from acd.waits import Forecast, forecast


def expected(room: Waiting, crew: Crew, paces: Mapping[str, Pace], place: Place, now: float) -> Forecast:
    """How long this contact will wait yet, from now, if it stays."""
    return next(iter(expectations(room, crew, paces, [place], now).values()))


def expectations(
    room: Waiting, crew: Crew, paces: Mapping[str, Pace], places: Iterable[Place], now: float
) -> dict[str, Forecast]:
    """As `expected`, for several: contact id to forecast."""
    lines = _Lines(room, crew, now)
    found: dict[str, Forecast] = {}
    for place in places:
        channel, able = place.contact.channel, serving(place, crew, now) & crew.ready
        pace = paces[place.family.queue.name]
        ahead = sum(weight * lines.ahead(line, place) for line, weight in lines.competing(channel, able))
        found[place.contact.id] = forecast(ahead, crew.slots(able, channel), pace.handle_s, pace.patience_s)
    return found


class _Lines:
    """All lines at one moment. What many contacts ask alike is found out once."""

    def __init__(self, room: Waiting, crew: Crew, now: float) -> None:
        self._lines, self._crew, self._now = list(room.lines()), crew, now
        self._competing: dict[tuple[str, int], list[tuple[Line, float]]] = {}
        self._entries: dict[Line, list[Entry]] = {}
        self._scores: dict[Line, list[float]] = {}

    def competing(self, channel: str, able: int) -> list[tuple[Line, float]]:
        """The lines that want one of these agents, each with the share of its agents that are among them."""
        known = self._competing.get((channel, able))
        if known is None:
            crew = self._crew
            known = self._competing[channel, able] = [
                (line, shared / crew.slots(line.able & crew.ready, channel))
                for line in self._lines
                if line.channel == channel and (shared := crew.slots(line.able & able, channel))
            ]
        return known

    def ahead(self, line: Line, place: Place) -> int:
        """How many in this line come before the contact."""
        mine, rate = place.entry, place.family.queue.ageing_per_s
        if line.rate == rate:
            entries = self._entries.get(line)
            if entries is None:
                entries = self._entries[line] = sorted(line.standing())
            return bisect_left(entries, mine)
        scores = self._scores.get(line)
        if scores is None:
            scores = self._scores[line] = sorted(entry.score(line.rate, self._now) for entry in line.standing())
        return len(scores) - bisect_right(scores, mine.score(rate, self._now))


def serving(place: Place, crew: Crew, now: float) -> int:
    """Who may serve it now: its line's agents, while it is offered those of its phase."""
    if place.line is not None:
        return place.line.able
    family = place.family
    at = family.phase_at(place.contact.arrived_at, now, crew.staffed)
    return family.phases[at].able & ~place.barred
