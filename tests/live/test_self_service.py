"""What callers get without an agent, heard in what their telephones recorded."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from cti.hosts.demo import PIN
from cti.phones import Account, Phone, phone
from cti.settings import HostSettings
from ivr import spoken
from tests.hosts.server import fake_broker
from tests.live.conftest import PASSWORD, House, Parts
from tests.live.tones import heard_prompts

pytestmark = pytest.mark.live
ACCOUNT = "10000001"
WRONG = "000000"
KEY_S = 0.1


async def in_self_service(house: House, language: str = "1", number: str = "13800000001") -> Phone:
    caller = await house.caller(number)
    await caller.press(f"{language}5", gap_s=KEY_S)
    return caller


async def hears_to_the_end(house: House, caller: Phone, node: str, times: int = 1) -> list[tuple[str, str]]:
    """Once the caller stands at this node for so many times: everything heard by then."""
    await house.holds(lambda: house.told("menu_stepped", "node").count(node) >= times, 60)
    await house.passes(0.5)
    caller.hang_up()
    await house.until("call_ended")
    await caller.wait_for("CALL_CLOSED")
    return heard_prompts(caller.heard()[-1])


def says(language: str, prompt: str, amount: Decimal) -> list[str]:
    return [prompt, *spoken.money(amount.quantize(Decimal("0.01")), language)]


@pytest.mark.parametrize(("key", "language"), [("1", "zh"), ("2", "en")])
async def test_a_balance_is_told_to_the_fen_once_the_caller_is_known(house: House, key: str, language: str) -> None:
    caller = await in_self_service(house, key)
    await caller.press(f"1{ACCOUNT}#{PIN}", gap_s=KEY_S)
    heard = await hears_to_the_end(house, caller, "self_service", times=2)

    host = house.server.host
    assert host is not None
    balance = await host.balance(ACCOUNT)
    expected = says(language, "cash_is", balance.cash)
    assert {spoken_in for spoken_in, _ in heard[3:]} == {language}
    said = [name for _, name in heard]
    begins = said.index("cash_is")
    assert said[begins : begins + len(expected)] == expected
    assert said[begins + len(expected)] == "securities_are"
    assert "total_is" in said
    assert house.told("caller_verified", "account") == [ACCOUNT]
    assert PIN not in str([event.as_dict() for event in house.events])
    assert not list((house.server.settings.run_dir / "sounds" / "said").iterdir())


async def test_a_quote_is_told_by_its_code(house: House) -> None:
    caller = await in_self_service(house)
    await caller.press("3600519", gap_s=KEY_S)
    heard = [name for _, name in await hears_to_the_end(house, caller, "self_service", times=2)]

    begins = heard.index("position_is")
    assert heard[begins + 1 : begins + 7] == spoken.digits("600519", "zh")
    assert heard[begins + 7] == "price_is"
    assert "price_unit" in heard[begins:]


async def test_three_wrong_pins_lock_account_and_caller_in_every_later_call(house: House) -> None:
    caller = await in_self_service(house)
    await caller.press("1", gap_s=KEY_S)
    for times in (1, 2, 3):
        await caller.press(f"{ACCOUNT}#{WRONG}", gap_s=KEY_S)
        await house.holds(lambda times=times: len(house.told("caller_refused", "account")) == times)
        await house.passes(0.5)  # what is said of it begins
    first = await hears_to_the_end(house, caller, "operator")

    house.events.clear()
    again = await in_self_service(house, number="13800000009")
    await again.press(f"1{ACCOUNT}#{PIN}", gap_s=KEY_S)
    await house.until("caller_refused", account=ACCOUNT)
    await house.passes(3.0)
    again.hang_up()
    await house.until("call_ended")
    await again.wait_for("CALL_CLOSED")

    house.events.clear()
    other = await in_self_service(house)
    await other.press(f"110000002#{PIN}", gap_s=KEY_S)
    await house.until("caller_refused", account="10000002")
    other.hang_up()
    await house.until("call_ended")
    await other.wait_for("CALL_CLOSED")

    assert [name for _, name in first].count("not_verified") == 2  # after the third the caller goes to a person
    assert "not_verified" in [name for _, name in heard_prompts(again.heard()[-1])]


@pytest.mark.parametrize("mood", ["slow", "broken"])
async def test_a_host_that_does_not_answer_is_said_so_in_time_and_the_menu_goes_on(parts: Parts, mood: str) -> None:
    async with fake_broker() as broker:
        broker.mood = mood
        host = HostSettings(kind="http", url=broker.url, deadline_s=1.0, failures=2, rest_s=60.0)
        settings = parts.settings.model_copy(update={"host": host})
        async with replace(parts, settings=settings).serving() as house:
            caller = await in_self_service(house)
            for times in (1, 2, 3):
                await caller.press("3600519", gap_s=KEY_S)
                await house.holds(lambda times=times: house.told("menu_stepped", "node").count("host_down") == times)
                await house.passes(2.2)  # what is said of it
            heard = [name for _, name in await hears_to_the_end(house, caller, "self_service", times=4)]
            asked = [event.at for event in house.events if getattr(event, "node", "") == "quote"]
            told = [event.at for event in house.events if getattr(event, "node", "") == "host_down"]

            assert heard.count("host_down") == 3
            assert max(end - begin for begin, end in zip(asked, told, strict=True)) < 2.5
            assert len(broker.asked) == 2  # the third time it is left in peace
            assert house.told("host_changed", "up") == [False]
            assert not (await house.server.checks())["host"].ok


async def test_the_blocked_are_turned_down_and_a_closed_house_says_so(house: House) -> None:
    await house.server.switches.block(["139*"], "9001")
    account = Account("caller", PASSWORD, "", "13900000001", register=False)
    blocked = await house.stack.enter_async_context(phone(house.sip, [account]))
    blocked.dial(f"sip:8000@{house.sip}")
    await blocked.wait_for("CALL_CLOSED")
    assert (await house.until("call_ended")).outcome == "blocked"
    assert not house.told("menu_stepped", "node")

    house.events.clear()
    await house.server.switches.close_house(True, "9001")
    caller = await house.caller()
    await caller.wait_for("CALL_CLOSED")
    assert (await house.until("call_ended")).outcome == "emergency"
    assert heard_prompts(caller.heard()[-1]) == [("zh", "emergency")]
