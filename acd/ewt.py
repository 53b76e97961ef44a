"""The estimated waiting time of each waiting contact, from the live state.

Those ahead compete for the agents who can serve this contact; a line that fewer of its agents share with it counts for
as much less. Agents count for as many as they take at once. `waits.forecast` makes P50 and P90 of that. Between two
events the state is the same and so is the forecast; it rises only when something got worse: more ahead, fewer agents,
longer handling, more patience ahead.
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
        channel, able = place.contact.channel, serving(place, crew, now) & crew.ready
        pace = paces[place.family.queue.name]
        ahead = sum(
            _ahead(line, place, now) * shared / crew.slots(line.able & crew.ready, channel)
            for line in lines
            if line.channel == channel and (shared := crew.slots(line.able & able, channel))
        )
        found[place.contact.id] = forecast(ahead, crew.slots(able, channel), pace.handle_s, pace.patience_s)
    return found


def serving(place: Place, crew: Crew, now: float) -> int:
    """Who may serve it now: its line's agents, while it is offered those of its phase."""
    if place.line is not None:
        return place.line.able
    family = place.family
    at = family.phase_at(place.contact.arrived_at, now, crew.staffed)
    return family.phases[at].able & ~place.barred


def _ahead(line: Line, place: Place, now: float) -> int:
    """How many in this line come before the contact."""
    mine = place.entry
    if line.rate == place.family.queue.ageing_per_s:
        return sum(entry < mine for entry in line.standing())
    score = mine.score(place.family.queue.ageing_per_s, now)
    return sum(entry.score(line.rate, now) > score for entry in line.standing())
