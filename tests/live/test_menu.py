"""Callers in the menu: impatient, silent, and fast."""

from __future__ import annotations

import pytest

from tests.live.conftest import House
from tests.live.tones import PROMPT_S

pytestmark = pytest.mark.live
AT_ONCE_S = PROMPT_S / 2


async def test_no_key_at_all_ends_with_a_person(house: House) -> None:
    caller = await house.caller()

    queued = await house.until("call_queued", deadline_s=90)
    caller.hang_up()

    assert queued.queue == "accounts"
    assert (await house.until("call_ended")).outcome == "abandoned_in_queue"
    assert house.told("menu_stepped", "node") == ["welcome", "language", "main", "operator"]


async def test_a_key_during_the_welcome_gets_on_at_once_and_answers_the_next_menu(house: House) -> None:
    caller = await house.caller()
    await house.until("menu_stepped", node="welcome")
    await house.passes(0.3)  # the welcome is being spoken
    pressed = house.server.clock()
    await caller.press("2", gap_s=0.0)

    english = await house.until("menu_stepped", node="english", deadline_s=20)
    await house.until("menu_stepped", node="main")
    caller.hang_up()
    await house.until("call_ended")

    assert english.at - pressed < AT_ONCE_S


async def test_a_key_during_an_excuse_is_the_next_try(house: House) -> None:
    caller = await house.caller()
    await caller.press("17", gap_s=0.1)
    await house.until("menu_stepped", node="main")
    await house.passes(0.3)  # "sorry, that is not a valid choice" is being spoken
    pressed = house.server.clock()
    await caller.press("2", gap_s=0.0)

    queued = await house.until("call_queued", deadline_s=20)
    caller.hang_up()
    await house.until("call_ended")

    assert queued.queue == "trading"
    assert queued.at - pressed < AT_ONCE_S


@pytest.mark.parametrize("gap_s", [0.08, 0.2])
async def test_everything_typed_ahead_straight_after_the_answer_reaches_the_queue(house: House, gap_s: float) -> None:
    caller = await house.caller()
    await caller.press("1110000001#", gap_s=gap_s)

    queued = await house.until("call_queued", deadline_s=20)
    caller.hang_up()
    await house.until("call_ended")

    assert queued.queue == "accounts"
    assert house.told("data_collected", "value") == ["10000001"]


async def test_who_was_served_is_asked_how_it_was_and_the_answer_is_stored(house: House) -> None:
    _, agent = await house.agent("1003")
    caller = await house.queued(keys="14")
    connected = await house.until("agent_connected", queue="complaints")
    await house.passes(0.5)
    agent.hang_up()
    await house.until("menu_stepped", node="rate")
    await caller.press("7")
    await house.passes(0.5)
    await caller.press("4")
    answered = await house.until("survey_answered")
    await caller.wait_for("CALL_CLOSED", 15)
    assert (answered.call_id, answered.agent_id) == (connected.call_id, "1003")
    assert answered.answers == {"satisfaction": "4"}
    assert (await house.until("call_ended")).outcome == "served"
    await house.server.journal.flush()
    story = await house.server.store.call_story(connected.call_id)
    assert story is not None
    assert [step["answers"] for step in story["steps"] if step["kind"] == "survey_answered"] == [{"satisfaction": "4"}]
    await house.server.write_ups.write_up("1003", connected.call_id, "settled", "")
    await house.server.write_ups.finish_wrap_up("1003")
