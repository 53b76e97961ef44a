"""What a menu does without an agent: enquiries, PINs, hours, branches, and what those who wait may choose."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from ivr import menus
from ivr.caller import HungUp, NoSuch, NotNow
from ivr.nodes import MenuSet
from ivr.run import Goodbye, GoOnWaiting, ToQueue, run
from tests.ivr.fakes import ScriptedCaller
from tests.ivr.test_broker_menu import problems_of

FOLDER = Path(menus.__file__).parent
ACCOUNT, PIN = "10000001", "135790"


def shipped(name: str) -> MenuSet:
    return menus.parse((FOLDER / f"{name}.toml").read_text("utf-8"), f"{name}.toml")


def known(*script: str | None) -> ScriptedCaller:
    caller = ScriptedCaller("1", "5", *script)
    caller.pins[ACCOUNT] = PIN
    return caller


async def until_gone(menu: MenuSet, caller: ScriptedCaller) -> None:
    with pytest.raises(HungUp):
        await run(menu, caller)


async def test_a_balance_is_said_to_whoever_knows_the_pin() -> None:
    caller = known("1", ACCOUNT, PIN, None)
    caller.host["balance"] = {"cash": Decimal("1203.05"), "securities": Decimal(0), "total": Decimal("1203.05")}

    await until_gone(shipped("broker"), caller)

    at = caller.heard.index("cash_is")
    assert caller.heard[at + 1] == "一 千 二 百 零 三 元 零 五 分"
    assert caller.heard[at + 3] == "零 元"
    assert caller.unheard == ["pin"]
    assert PIN not in str(caller.values)
    assert PIN not in str(caller.data)


async def test_whoever_is_known_is_not_asked_again() -> None:
    caller = known("1", ACCOUNT, PIN, "2", None)
    caller.host["balance"] = {"cash": Decimal(1), "securities": Decimal(1), "total": Decimal(2)}
    caller.host["positions"] = {
        "holdings": 2,
        "positions": [
            {"code": "600519", "quantity": 200, "value": Decimal(10)},
            {"code": "000001", "quantity": 1, "value": Decimal("0.10")},
        ],
    }

    await until_gone(shipped("broker"), caller)

    assert caller.heard.count("pin") == 1
    assert caller.heard.count("position_is") == 2
    assert "六 零 零 五 幺 九" in caller.heard
    assert caller.heard[-2] == "一 角"


async def test_three_wrong_pins_end_with_a_person_and_are_told_alike() -> None:
    caller = known("1", ACCOUNT, "000000", "99999999", "000000", ACCOUNT, "111111")

    outcome = await run(shipped("broker"), caller)

    assert isinstance(outcome, ToQueue)
    assert caller.heard.count("not_verified") == 2


async def test_a_host_that_is_down_is_said_so_and_the_menu_goes_on() -> None:
    caller = known("1", ACCOUNT, PIN, "3", "600519", "3", "000000", None)
    caller.host.update(balance=NotNow(), quote=NoSuch())

    await until_gone(shipped("broker"), caller)

    assert caller.heard.count("host_down") == 1
    assert caller.heard.count("no_such") == 2


async def test_an_order_is_told_by_its_state() -> None:
    caller = known("4", ACCOUNT, PIN, "40001", None)
    caller.host["order_status"] = {"order_state": "partly_filled", "code": "600519", "quantity": 500, "filled": 200}

    await until_gone(shipped("broker"), caller)

    at = caller.heard.index("order_partly_filled")
    assert caller.heard[at + 1 : at + 3] == ["filled_is", "二 百"]


async def test_a_callback_is_confirmed_with_its_number_read_back() -> None:
    caller = ScriptedCaller("1")
    caller.values["caller"] = "13800000001"

    outcome = await run(shipped("callback"), caller)

    assert outcome == Goodbye("callback")
    assert "幺 三 八 零 零 零 零 零 零 零 幺" in caller.heard
    assert caller.called_back == [("13800000001", "", "")]


async def test_a_caller_without_a_number_is_asked_for_one() -> None:
    caller = ScriptedCaller("13900000000", "1")

    assert await run(shipped("callback"), caller) == Goodbye("callback")
    assert caller.called_back == [("13900000000", "", "")]


async def test_a_number_that_may_not_be_called_is_refused_and_waiting_goes_on() -> None:
    caller = ScriptedCaller("1", "0085212345678", "1", "", "", "")
    caller.values["caller"] = "13800000001"
    caller.may_be_called = False

    assert await run(shipped("callback"), caller) == GoOnWaiting()
    assert caller.heard.count("callback_refused") == 2


@pytest.mark.parametrize(("spoken", "reason"), [(True, "voicemail"), (False, "no_message")])
async def test_a_message_is_confirmed_if_something_was_said(spoken: bool, reason: str) -> None:
    caller = ScriptedCaller()
    caller.message = spoken

    assert await run(shipped("voicemail"), caller) == Goodbye(reason)


HOURS = """
name = "hours"
start = "hours"
[nodes.hours]
kind = "hours"
calendar = "service"
open = "who"
closed = "closed"
holiday = "off"
[nodes.who]
kind = "look_up"
found = "tier"
unknown = "closed"
[nodes.tier]
kind = "branch"
on = "tier"
match = { gold = "gold" }
otherwise = "closed"
[nodes.gold]
kind = "hangup"
reason = "gold"
[nodes.closed]
kind = "hangup"
reason = "closed"
[nodes.off]
kind = "hangup"
reason = "off"
"""


@pytest.mark.parametrize(
    ("stands", "customer", "reason"),
    [
        ("open", {"tier": "gold"}, "gold"),
        ("open", {"tier": "silver"}, "closed"),
        ("open", None, "closed"),
        ("closed", {"tier": "gold"}, "closed"),
        ("holiday", {"tier": "gold"}, "off"),
    ],
)
async def test_hours_and_the_customers_tier_lead_the_way(
    stands: str, customer: dict[str, str] | None, reason: str
) -> None:
    caller = ScriptedCaller()
    caller.stands, caller.customer = stands, customer

    assert await run(menus.parse(HOURS, "hours.toml"), caller) == Goodbye(reason)


BAD = """
name = "bad"
start = "first"
[nodes.first]
kind = "say"
prompts = ["hello", "{cash:money}", "{cash:shoes}"]
next = "second"
[nodes.second]
kind = "branch"
on = "cash"
match = { 1 = "first" }
otherwise = "menu"
[nodes.menu]
kind = "menu"
prompts = ["hello"]
match = { 1 = "first", 2 = "host", 3 = "hours", 4 = "wait", 5 = "end", 6 = "each" }
failure = "end"
[nodes.host]
kind = "enquire"
ask = "weather"
next = "end"
unknown = "end"
down = "end"
[nodes.hours]
kind = "hours"
calendar = "moon"
open = "end"
closed = "end"
[nodes.wait]
kind = "wait"
[nodes.each]
kind = "each"
of = "shoes"
prompts = ["hello"]
next = "end"
[nodes.end]
kind = "hangup"
"""


def test_what_a_menu_cannot_do_is_found_before_a_caller_meets_it() -> None:
    told = [str(one) for one in problems_of(menus.parse(BAD, "bad.toml"), {"hello", "invalid", "timeout"})]

    for expected in (
        "node 'first': a loop that asks the caller nothing",
        "node 'second': a loop that asks the caller nothing",
        "'{cash:shoes}' is no value",
        "node 'host': no enquiry 'weather'",
        "node 'hours': no calendar 'moon'",
        "node 'wait': nobody waits yet",
        "node 'each': no list 'shoes'",
    ):
        assert any(expected in line for line in told), (expected, told)


def test_a_value_that_nothing_gives_is_found() -> None:
    text = BAD.replace(', "{cash:shoes}"', "")

    told = [str(one) for one in problems_of(menus.parse(text, "bad.toml"), {"hello", "invalid", "timeout"})]

    assert any("node 'first': nothing gives 'cash'" in line for line in told)
