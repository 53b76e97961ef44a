"""When the house works: the country's days off, its worked weekends, the exchange's, and the house's own."""

from __future__ import annotations

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from acd.hours import Span
from cti.calendars import Calendar, Calendars, NoSuchHolidays, days_off

ZONE = ZoneInfo("Asia/Shanghai")
WEEK = tuple(Span(day, time(9), time(17)) for day in range(5))


def at(day: date, hour: int = 10) -> float:
    return datetime.combine(day, time(hour), ZONE).timestamp()


@pytest.mark.parametrize(
    ("day", "service", "exchange"),
    [
        (date(2026, 2, 13), "open", "open"),
        (date(2026, 2, 14), "open", "closed"),  # a Saturday that is worked for the Spring Festival
        (date(2026, 2, 17), "holiday", "holiday"),
        (date(2026, 10, 7), "holiday", "holiday"),
        (date(2026, 11, 25), "open", "open"),
        (date(2026, 11, 28), "closed", "closed"),
    ],
)
def test_the_country_works_some_weekends_and_the_exchange_none(day: date, service: str, exchange: str) -> None:
    assert Calendar(WEEK, ZONE, "CN").stands(at(day)) == service
    assert Calendar(WEEK, ZONE, "XSHG").stands(at(day)) == exchange


def test_the_houses_own_days_come_before_the_countrys() -> None:
    calendar = Calendar(
        WEEK, ZONE, "CN", frozenset({date(2026, 11, 25)}), frozenset({date(2026, 2, 17), date(2026, 11, 28)})
    )

    assert calendar.stands(at(date(2026, 11, 25))) == "holiday"
    assert calendar.stands(at(date(2026, 2, 17))) == "open"
    assert calendar.stands(at(date(2026, 11, 28))) == "open"
    assert calendar.stands(at(date(2026, 11, 28), 18)) == "closed"


def test_an_administrator_overrides_until_it_is_taken_back() -> None:
    house = Calendars({"service": Calendar(WEEK, ZONE)})
    house.override["service"] = "closed"
    assert house.stands("service", at(date(2026, 11, 25))) == "closed"
    del house.override["service"]
    assert house.stands("service", at(date(2026, 11, 25))) == "open"


def test_no_country_and_no_exchange_is_refused_by_name() -> None:
    with pytest.raises(NoSuchHolidays, match="no country or exchange 'XYZ'"):
        days_off("XYZ", 2026)
