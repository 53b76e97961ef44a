"""When a queue is open: weekly spans in local time, days off, extra days. Pure: the time zone is passed in as data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

DAYS_AHEAD = 400


@dataclass(frozen=True, slots=True)
class Span:
    """`day` 0 is Monday; from `opens` (included) to `closes` (not included), None for the end of the day."""

    day: int
    opens: time
    closes: time | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.day <= 6 or (self.closes is not None and self.closes <= self.opens):
            raise ValueError(f"no such span: {self}")


@dataclass(frozen=True, slots=True)
class Hours:
    """`days_off` are closed whatever the week says; `worked` days are open as the given weekday is."""

    spans: tuple[Span, ...]
    zone: tzinfo = UTC
    days_off: frozenset[date] = frozenset()
    worked: tuple[tuple[date, int], ...] = ()

    def is_open(self, now: float) -> bool:
        """Whether it is open at this time (UTC epoch seconds)."""
        day = datetime.fromtimestamp(now, self.zone).date()
        return any(start <= now < end for start, end in self._open_on(day))

    def next_change(self, now: float) -> float | None:
        """When it opens or closes next, UTC epoch seconds; None when it never does within a year."""
        first = datetime.fromtimestamp(now, self.zone).date()
        being = self.is_open(now)
        for ahead in range(DAYS_AHEAD):
            for start, end in self._open_on(first + timedelta(days=ahead)):
                for at in (start, end):
                    if at > now and self.is_open(at) != being:
                        return at
        return None

    def _open_on(self, day: date) -> Iterator[tuple[float, float]]:
        weekday = dict(self.worked).get(day, day.weekday())
        if day in self.days_off:
            return
        for span in sorted(self.spans, key=lambda span: span.opens):
            if span.day == weekday:
                start = datetime.combine(day, span.opens, self.zone)
                end = datetime.combine(day + timedelta(days=span.closes is None), span.closes or time(), self.zone)
                yield start.timestamp(), end.timestamp()
