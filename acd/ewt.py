"""The estimated waiting time of each waiting contact, from the live state.

Those ahead compete for the agents who can serve this contact; a line that fewer of its agents share with it counts for
as much less. `waits.forecast` makes P50 and P90 of that. Between two events the state is the same and so is the
forecast; it rises only when something got worse: more ahead, fewer agents, longer handling, more patience ahead.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from acd.crew import Crew
from acd.pace import Pace
from acd.waiting import Line, Place, Waiting
from acd.waits import Forecast, forecast


def expected(room: Waiting, crew: Crew, paces: Mapping[str, Pace], place: Place, now: float) -> Forecast:
    """How long this contact will wait yet, from now, if it stays."""
    return next(iter(expectations(room, crew, paces, [place], now).values()))


def expectations(
    room: Waiting, crew: Crew, paces: Mapping[str, Pace], places: Iterable[Place], now: float
) -> dict[str, Forecast]:
    """As `expected`, for several: contact id to forecast."""
    lines = list(room.lines())
    found: dict[str, Forecast] = {}
    for place in places:
        able = serving(place, crew, now) & crew.ready
        pace = paces[place.family.queue.name]
        ahead = sum(
            _ahead(line, place, now) * _shared(line, able, crew.ready)
            for line in lines
            if line.channel == place.contact.channel and line.able & able
        )
        found[place.contact.id] = forecast(ahead, able.bit_count(), pace.handle_s, pace.patience_s)
    return found


def serving(place: Place, crew: Crew, now: float) -> int:
    """Who may serve it now: its line's agents, while it is offered those of its phase."""
    if place.line is not None:
        return place.line.able
    family = place.family
    at = family.phase_at(now - place.contact.arrived_at, crew.staffed)
    return family.phases[at].able & ~place.barred


def _ahead(line: Line, place: Place, now: float) -> int:
    """How many in this line come before the contact."""
    mine = place.entry
    if line.rate == place.family.queue.ageing_per_s:
        return sum(entry < mine for entry in line.heap if entry.place.line is line)
    score = mine.score(place.family.queue.ageing_per_s, now)
    return sum(entry.score(line.rate, now) > score for entry in line.heap if entry.place.line is line)


def _shared(line: Line, able: int, ready: int) -> float:
    """The share of the line's agents who may serve the contact too."""
    theirs = line.able & ready
    return (theirs & able).bit_count() / theirs.bit_count()
