"""Who is let in, and what administrators switch."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine

from agents.ports import Refused
from cti.bus import Bus
from cti.calendars import Calendar, Calendars
from cti.events import Event
from cti.switches import Switches, admission
from db.engine import dispose, make_engine, upgrade


@pytest.mark.parametrize(
    ("number", "closed", "anonymous", "expected"),
    [
        ("13800000001", False, "refuse", None),
        ("16812345678", False, "serve", "blocked"),
        ("17012345678", False, "serve", "blocked"),
        ("1701", False, "serve", "blocked"),
        ("", False, "serve", None),
        ("", False, "refuse", "anonymous"),
        ("", True, "refuse", "emergency"),
        ("13800000001", True, "serve", "emergency"),
        ("16812345678", True, "serve", "blocked"),
    ],
)
def test_the_blocked_are_turned_down_before_anything_is_said(
    number: str, closed: bool, anonymous: str, expected: str | None
) -> None:
    blocked = ["16812345678", "170*"]
    assert admission(number, blocked=blocked, closed=closed, anonymous=anonymous) == expected  # type: ignore[arg-type]


@given(st.text("0123456789", min_size=1, max_size=15), st.lists(st.text("0123456789*", max_size=4), max_size=5))
def test_nobody_is_blocked_who_is_not_on_the_list(number: str, blocked: list[str]) -> None:
    found = admission(number, blocked=blocked, closed=False, anonymous="refuse")
    listed = any(number == one or (one.endswith("*") and number.startswith(one.removesuffix("*"))) for one in blocked)
    assert found == ("blocked" if listed else None)


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    engine = make_engine(f"sqlite+aiosqlite:///{tmp_path / 'house.db'}")
    await upgrade(engine)
    yield engine
    await dispose(engine)


def switches(engine: AsyncEngine, events: list[Event]) -> Switches:
    bus = Bus()
    bus.subscribe(Event, events.append)
    calendars = Calendars({"service": Calendar((), ZoneInfo("Asia/Shanghai"))})
    return Switches(engine, bus, lambda: 1_795_600_000.0, calendars, "serve")


async def test_what_is_switched_is_in_force_at_once_and_for_the_next_server(engine: AsyncEngine) -> None:
    events: list[Event] = []
    first = switches(engine, events)
    await first.open()
    await first.close_house(True, "9001")
    await first.block(["170*", "170*", "168"], "9001")
    await first.override("service", "open", "9001")

    for one in (first, switches(engine, [])):
        await one.open()
        assert one.admission("138") == "emergency"
        assert one.admission("168") == "blocked"
        assert one.house().calendars == {"service": "open"}
        assert one.house().blocked == ("168", "170*")
    assert [event.as_dict()["name"] for event in events] == ["closure", "blocked", "calendars"]

    await first.override("service", None, "9001")
    assert first.house().calendars == {"service": "closed"}


async def test_what_cannot_be_kept_is_not_in_force(engine: AsyncEngine) -> None:
    house = switches(engine, [])
    await house.open()
    with pytest.raises(Refused, match="no calendar"):
        await house.override("moon", "open", "9001")
    async with engine.begin() as connection:
        await connection.exec_driver_sql("drop table switch")
    with pytest.raises(Exception, match="switch"):
        await house.close_house(True, "9001")
    assert house.admission("138") is None
