"""When contacts leave a queue without an agent: too many, too long, nobody there, closed. Tested all the time."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import Protocol

from acd import ewt
from acd.crew import Crew
from acd.model import Closing, Config, Overflow, Queue, When
from acd.pace import Pace
from acd.timers import Timer, Timers
from acd.waiting import Family, Place, Waiting

EWT_CHECK_S = 5.0  # a forecast changes with what others do: one that may make a contact leave is made anew so often
COUNTED = (When.LENGTH, When.RATIO)


class Core(Protocol):
    """What is needed of the router."""

    config: Config
    crew: Crew
    room: Waiting
    paces: dict[str, Pace]
    timers: Timers

    def overflow(self, place: Place, to: str, reason: str, now: float) -> bool: ...


class Overflows:
    """`counted` are the rules on how many wait."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._open: dict[str, bool] = {}
        self._next_change: dict[str, float] = {}
        self.counted: list[tuple[Queue, Overflow]] = []
        self._hours_known = False
        self._read(core.config.queues)

    def _read(self, queues: Mapping[str, Queue]) -> None:
        self.counted = [(queue, rule) for queue in queues.values() for rule in queue.overflow if rule.when in COUNTED]
        self._watches_staff = any(rule.when is When.NOBODY for queue in queues.values() for rule in queue.overflow)
        self.keeps_hours = any(queue.hours for queue in queues.values())

    def reconfigured(self, now: float) -> None:
        """The configuration is another."""
        self._read(self._core.config.queues)
        self._watch_hours(now)

    # -- one contact -------------------------------------------------------------------------------------------------

    def arm(self, place: Place, now: float) -> None:
        """The contact waits in its queue from `place.entered_at`; its clocks run."""
        place.armed += 1
        for rule in place.family.queue.overflow:
            if rule.when is When.WAIT:
                self._core.timers.set(max(now, place.entered_at + rule.over), Timer(self._overdue, place, rule))
            elif rule.when is When.EWT:
                self._core.timers.set(now, Timer(self._forecast_due, place, (rule, place.armed)))
            elif rule.when is When.NOBODY:
                self._watch(place.family, now)
                self._set_nobody(place, rule)

    def back(self, place: Place, now: float) -> None:
        """The contact is in line again after an offer: what passed meanwhile is made up for."""
        queue = place.family.queue
        if queue.overflow:
            self.arm(place, now)
        if queue.closing is Closing.OVERFLOW and self._is_shut(queue):
            self._core.timers.set(now, Timer(self._closed_meanwhile, place, queue))

    def _stands(self, place: Place, rule: Overflow) -> bool:
        """It waits, is not being offered, and the rule still holds for it."""
        return place.line is not None and rule in place.family.queue.overflow

    def _overdue(self, place: Place, rule: Overflow, now: float) -> None:
        if self._stands(place, rule) and place.entered_at + rule.over <= now:
            self._core.overflow(place, rule.to, rule.when, now)

    def _forecast_due(self, place: Place, mark: tuple[Overflow, int], now: float) -> None:
        rule, armed = mark
        if armed != place.armed or not self._stands(place, rule):
            return
        core = self._core
        expected = ewt.expected(core.room, core.crew, core.paces, place, now)
        if expected.p50_s <= rule.over or not core.overflow(place, rule.to, rule.when, now):
            core.timers.set(now + EWT_CHECK_S, Timer(self._forecast_due, place, mark))

    # -- too many ----------------------------------------------------------------------------------------------------

    def shorten(self, now: float) -> bool:
        """The newest of too many go elsewhere; whether anybody did."""
        gone = False
        for queue, rule in self.counted:
            places = self._core.room.of_queue.get(queue.name)
            if places and len(places) > (limit := self._limit(queue, rule)):
                waiting = [place for place in places.values() if place.line is not None]
                waiting.sort(key=lambda place: (place.entered_at, place.seq), reverse=True)
                for place in waiting[: max(0, len(waiting) - limit)]:
                    gone |= self._core.overflow(place, rule.to, rule.when, now)
        return gone

    def _limit(self, queue: Queue, rule: Overflow) -> int:
        if rule.when is When.LENGTH:
            return int(rule.over)
        crew = self._core.crew
        return int(rule.over * (crew.able(queue, queue.requires) & crew.staffed).bit_count())

    # -- nobody there ------------------------------------------------------------------------------------------------

    def restaffed(self, now: float) -> None:
        """Somebody logged in or out."""
        if self._watches_staff:
            for family in list(self._core.room.families.values()):
                self._watch(family, now)

    def _watch(self, family: Family, now: float) -> None:
        if family.reach & self._core.crew.staffed:
            family.nobody_since = None
        elif family.nobody_since is None:
            family.nobody_since = now
            for rule in family.queue.overflow:
                for place in family.members if rule.when is When.NOBODY else ():
                    self._set_nobody(place, rule)

    def _set_nobody(self, place: Place, rule: Overflow) -> None:
        since = place.family.nobody_since
        if since is not None:
            self._core.timers.set(
                max(since, place.entered_at) + rule.over, Timer(self._nobody_came, place, (rule, since))
            )

    def _nobody_came(self, place: Place, mark: tuple[Overflow, float], now: float) -> None:
        rule, since = mark
        due = max(since, place.entered_at) + rule.over <= now
        if due and self._stands(place, rule) and place.family.nobody_since == since:
            self._core.overflow(place, rule.to, rule.when, now)

    # -- hours -------------------------------------------------------------------------------------------------------

    def turned_away(self, place: Place, now: float) -> bool:
        """Its queue is closed, and it went where that sends it."""
        if not self._hours_known:
            self._watch_hours(now)
        queue = place.family.queue
        if self._next_change.get(queue.name, inf) <= now:
            self._look(queue, now)
        return self._is_shut(queue) and self._core.overflow(place, queue.closed_to, "closed", now)

    def _is_shut(self, queue: Queue) -> bool:
        """As of the last look."""
        return not self._open.get(queue.name, True)

    def _watch_hours(self, now: float) -> None:
        self._hours_known = True
        self._open.clear()
        self._next_change.clear()
        kept = [queue for queue in self._core.config.queues.values() if queue.hours is not None]
        for queue in kept:  # of all it is known whether they are open, before one sends contacts to another
            self._note(queue, now)
        for queue in kept:
            self._send_on(queue, now)

    def _look(self, queue: Queue, now: float) -> None:
        self._note(queue, now)
        self._send_on(queue, now)

    def _note(self, queue: Queue, now: float) -> None:
        """Whether it is open, and until when."""
        assert queue.hours is not None  # noqa: S101
        self._open[queue.name] = queue.hours.is_open(now)
        at = queue.hours.next_change(now)
        if at is not None:
            self._next_change[queue.name] = at
            self._core.timers.set(at, Timer(self._changes, queue.name, at))

    def _send_on(self, queue: Queue, now: float) -> None:
        """Who waits where it is closed goes elsewhere, if that is what closing means there."""
        if self._is_shut(queue) and queue.closing is Closing.OVERFLOW:
            places = self._core.room.of_queue.get(queue.name, {})
            for place in [place for place in places.values() if place.line is not None]:
                self._core.overflow(place, queue.closed_to, "closed", now)

    def _closed_meanwhile(self, place: Place, queue: Queue, now: float) -> None:
        if place.line is not None and place.family.queue is queue:
            self._core.overflow(place, queue.closed_to, "closed", now)

    def _changes(self, name: str, at: float, now: float) -> None:
        queue = self._core.config.queues.get(name)
        if queue is not None and queue.hours is not None and self._next_change.get(name) == at:
            self._look(queue, now)
