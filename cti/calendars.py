"""When a house works: weekly hours, days off by country or exchange, and what an administrator says of today. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from functools import cache
from typing import Literal

import holidays

from acd.hours import Hours, Span

Stand = Literal["open", "closed", "holiday"]
YEARS_BACK, YEARS_AHEAD = 1, 3


class NoSuchHolidays(ValueError):
    """There is no country or exchange of this name."""


@cache
def days_off(of: str, year: int) -> tuple[frozenset[date], frozenset[date]]:
    """Days without work, and days of a weekend that are worked instead, of the years about `year`.

    `of`: a country such as CN, or an exchange such as XSHG, where no weekend is ever worked. What a government has not
    announced yet is as the law has it. Raises NoSuchHolidays.
    """
    years = range(year - YEARS_BACK, year + YEARS_AHEAD)
    try:
        known = holidays.country_holidays(of, years=years)
    except NotImplementedError:
        try:
            return frozenset(holidays.financial_holidays(of, years=years)), frozenset()
        except NotImplementedError:
            raise NoSuchHolidays(f"no country or exchange {of!r}") from None
    worked = {day for day in getattr(known, "weekend_workdays", ()) if day.year in years}
    return frozenset(known), frozenset(worked)


@dataclass(frozen=True, slots=True)
class Calendar:
    """`closed` and `opened` are the house's own days, before those of `of`. A worked weekend has Monday's hours."""

    spans: tuple[Span, ...]
    zone: tzinfo = UTC
    of: str = ""
    closed: frozenset[date] = frozenset()
    opened: frozenset[date] = frozenset()

    def hours(self, year: int) -> Hours:
        """As the router has them."""
        off, worked = days_off(self.of, year) if self.of else (frozenset[date](), frozenset[date]())
        extra = (worked | self.opened) - self.closed
        return Hours(
            self.spans, self.zone, frozenset((off | self.closed) - self.opened),
            tuple((day, 0) for day in sorted(extra) if day.weekday() > 4),
        )  # fmt: skip

    def stands(self, now: float) -> Stand:
        """At this time, UTC epoch seconds."""
        day = datetime.fromtimestamp(now, self.zone).date()
        hours = self.hours(day.year)
        if hours.is_open(now):
            return "open"
        worked_else = any(span.day == day.weekday() for span in self.spans)
        return "holiday" if worked_else and day in hours.days_off else "closed"


class Calendars:
    """All of a house, by name; `override` is what an administrator says, until it is taken back."""

    def __init__(self, named: Mapping[str, Calendar]) -> None:
        self.named = dict(named)
        self.override: dict[str, Stand] = {}

    def stands(self, name: str, now: float) -> Stand:
        """Raises KeyError for none of the house's."""
        calendar = self.named[name]
        return self.override.get(name) or calendar.stands(now)

    def names(self) -> Iterable[str]:
        return self.named
