"""What the settings say, as the router has it."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from acd.core import Acd
from acd.events import ConfigChanged
from cti.from_settings import acd_config
from cti.settings import QueueSettings, Settings

ZONE = ZoneInfo("Asia/Shanghai")
SETTINGS = Settings(queues=[QueueSettings(name="service", calendar="service"), QueueSettings(name="always")])


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        (datetime(2026, 11, 25, 10, tzinfo=ZONE), True),
        (datetime(2026, 11, 25, 18, tzinfo=ZONE), False),
        (datetime(2026, 11, 28, 10, tzinfo=ZONE), False),
        (datetime(2026, 10, 10, 10, tzinfo=ZONE), True),  # a Saturday that is worked for the National Day
        (datetime(2026, 10, 1, 10, tzinfo=ZONE), False),
    ],
)
def test_a_queue_is_open_as_its_calendar_is(when: datetime, expected: bool) -> None:
    acd = Acd(acd_config(SETTINGS))
    assert acd.is_open("service", when.timestamp()) is expected
    assert acd.is_open("always", when.timestamp())


@pytest.mark.parametrize("stands", ["open", "closed"])
def test_what_an_administrator_says_of_the_calendar_is_in_force_at_once(stands: str) -> None:
    acd = Acd(acd_config(SETTINGS))
    for hour in (10, 18):
        now = datetime(2026, 11, 25, hour, tzinfo=ZONE).timestamp()
        acd.handle(ConfigChanged(acd_config(SETTINGS, {"service": stands})), now)
        assert acd.is_open("service", now) is (stands == "open")
        assert acd.is_open("always", now)
        acd.handle(ConfigChanged(acd_config(SETTINGS)), now)
        assert acd.is_open("service", now) is (hour == 10)
