"""Toll fraud, strange addresses, and files that are not ours."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.ports import Refused
from cti.dial_limits import DialLimits, Spending
from cti.numbers import as_dialled, may_be_dialled
from cti.recordings.shelf import Shelf, UnknownRecording
from cti.settings import HostSettings, OutboundSettings, Settings, SettingsError
from cti.settings_load import load
from db.engine import make_engine
from db.recordings import KeptFile, RecordingLedger
from tests.scenarios.conftest import House, house, offer_s

__all__ = ["house", "offer_s"]
DEFAULT = OutboundSettings()


@pytest.mark.parametrize(
    "number",
    ["0016505551234", "+16505551234", "+8616812345", "16812345", "016812345", "9001234567", "09001234567", "", "*98"],
)
def test_premium_numbers_and_other_countries_are_outside_the_class_of_service(number: str) -> None:
    assert not may_be_dialled(as_dialled(number), DEFAULT.allowed, DEFAULT.refused)


def test_an_ordinary_number_is_inside() -> None:
    assert may_be_dialled(as_dialled("+8613800000001"), DEFAULT.allowed, DEFAULT.refused)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 20_000)), max_size=200))
def test_no_hour_has_more_calls_than_it_may(tries: list[tuple[str, float]]) -> None:
    limits, begun = DialLimits(5, 9), []
    for who, at in sorted(tries, key=lambda one: one[1]):
        if limits.takes(who, at):
            begun.append((who, at))
    for _, at in begun:
        hour = [one for one in begun if at - 3600 < one[1] <= at]
        assert len(hour) <= 9
        assert all(sum(one[0] == who for one in hour) <= 5 for who in "abc")


async def test_an_agent_cannot_dial_without_end(house: House) -> None:
    await house.agent()
    house.control._limits = DialLimits(0, 10)
    with pytest.raises(Refused) as refused:
        await house.control.dial("1004", "13800000001", None)
    assert refused.value.reason == "too_many_calls"
    assert not house.asked("Originate")


@given(
    st.lists(st.tuples(st.sampled_from(["0", "1390", "139"]), st.floats(0, 90_000), st.floats(0, 9_000)), max_size=60)
)
def test_no_day_costs_more_than_it_may_but_for_what_goes_on(calls: list[tuple[str, float, float]]) -> None:
    spending, begun = Spending({"139": 2.0, "1390": 5.0}, 100.0), []
    steps = sorted(
        [(at, 1, n) for n, (_, at, _) in enumerate(calls)] + [(at + s, 0, n) for n, (_, at, s) in enumerate(calls)]
    )
    for at, begins, n in steps:
        number, since, lasts = calls[n]
        if begins and spending.allows(at):
            spending.begins(str(n), number, at)
            begun.append((since, math.ceil(max(lasts, 1) / 60) * {"0": 5.0, "1390": 5.0, "139": 2.0}[number], lasts))
        elif not begins:
            spending.ends(str(n), at, answered=True)
    for since, _, _ in begun:
        before = sum(cost for at, cost, lasts in begun if at + lasts < since and at + lasts > since - 86_400)
        assert before < 100.0


def test_a_call_costs_begun_minutes_once_it_is_answered_and_a_day_later_nothing() -> None:
    spending = Spending({"139": 2.0}, 7.0)
    spending.begins("a", "13900000000", 0.0)
    spending.begins("b", "13900000000", 0.0)
    assert spending.spent(61.0) == 8.0
    assert not spending.allows(61.0)
    spending.ends("a", 61.0, answered=True)
    spending.ends("b", 61.0, answered=False)
    spending.ends("nobody", 61.0, answered=True)
    assert spending.spent(61.0) == 4.0
    assert spending.allows(61.0)
    assert spending.spent(61.0 + 86_400) == 0.0
    assert Spending({"139": 2.0}, 0.0).allows(1.0)


async def test_an_agent_cannot_dial_when_the_day_has_cost_enough(house: House) -> None:
    await house.agent()
    house.control._phones._spending = Spending({"1": 1.0}, 1.0)
    house.control._phones._spending.begins("before", "13800000001", house.control._calls.now())
    with pytest.raises(Refused) as refused:
        await house.control.dial("1004", "13800000001", None)
    assert refused.value.reason == "spent"
    assert not house.asked("Originate")


async def test_a_customer_is_not_sent_on_to_another_line_of_the_house(house: House) -> None:
    await house.agent()
    house.control._onward = False
    caller, call, _ = await house.talking()
    with pytest.raises(Refused) as refused:
        await house.control.transfer("1004", "number", "13800000002")
    assert refused.value.reason == "no_onward"
    assert call.state == "talking"
    house.fake.hangs_up(caller)


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest",
        "http://[fe80::1]/",
        "http://0.0.0.0/",
        "http://224.0.0.1/",
        "file:///etc/passwd",
    ],
)
def test_the_host_is_at_no_address_that_belongs_to_the_network_itself(url: str, tmp_path: Path) -> None:
    (tmp_path / "z.toml").write_text(f'[host]\nkind = "http"\nurl = "{url}"\n')
    with pytest.raises(SettingsError, match="host"):
        load(tmp_path / "z.toml")
    assert HostSettings().url is None


@pytest.mark.parametrize("name", ["../secrets.json", "/etc/passwd", "a/../../b", "..", "link.opus"])
def test_no_recording_lies_outside_its_folder(name: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x")
    folder = tmp_path / "calls"
    folder.mkdir()
    (folder / "link.opus").symlink_to(secret)
    shelf = Shelf(folder, RecordingLedger(make_engine(f"sqlite+aiosqlite:///{tmp_path}/z.db")))
    with pytest.raises(UnknownRecording):
        shelf.path(KeptFile(name, "0" * 64, 1))


def test_secrets_are_in_no_text_of_the_settings() -> None:
    told = repr(Settings(asterisk={"ami_secret": "hush-hush-hush"}, web={"token_secret": "h" * 32}))
    assert "hush-hush" not in told
    assert "h" * 32 not in told
