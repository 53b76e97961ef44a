"""What supervisors do to agents and to those who wait; listening is tried on the real Asterisk."""

from __future__ import annotations

import json
from typing import Any

import pytest

from acd.agent_states import Activity, Status
from agents.ports import Refused
from tests.scenarios.conftest import House


def told(house: House, kind: str) -> list[dict[str, Any]]:
    """What agents' pages were told of this kind."""
    messages = [json.loads(text) for _, text in house.seen]
    return [one for one in messages if one["type"] == kind]


async def refused(work: Any) -> str:
    with pytest.raises(Refused) as problem:
        await work
    return problem.value.reason


async def test_a_forced_state_is_told_apart_from_one_that_was_chosen_and_kept_with_who_did_it(house: House) -> None:
    await house.agent()
    await house.supervision.force_status("2001", "1004", "not_ready", "training")
    state = house.acd.state_of("1004")
    assert (state.status, state.reason) == (Status.NOT_READY, "forced")
    forced = await house.until("agent_forced")
    assert (forced.agent_id, forced.by, forced.status, forced.reason) == ("1004", "2001", "not_ready", "training")
    await house.holds(lambda: [one["code"] for one in told(house, "toast")] == ["forced_not_ready"])
    await house.supervision.force_status("2001", "1004", "ready", None)
    assert house.acd.state_of("1004").available


async def test_nobody_is_forced_who_is_away_or_unknown(house: House) -> None:
    assert await refused(house.supervision.force_status("2001", "1004", "not_ready", None)) == "logged_out"
    assert await refused(house.supervision.force_log_out("2001", "1004")) == "logged_out"
    assert await refused(house.supervision.force_status("2001", "7", "ready", None)) == "unknown_agent"
    assert house.events == [] or {one.kind for one in house.events}.isdisjoint({"agent_forced"})


async def test_an_agent_in_a_call_is_not_logged_out_and_a_state_waits_for_its_end(house: House) -> None:
    await house.agent()
    caller, _, _ = await house.talking()
    assert await refused(house.supervision.force_log_out("2001", "1004")) == "agent_in_a_call"
    await house.supervision.force_status("2001", "1004", "not_ready", None)
    assert house.acd.state_of("1004").activity is Activity.TALKING
    house.fake.hangs_up(caller)
    await house.holds(lambda: house.acd.state_of("1004").reason == "forced")
    await house.supervision.force_log_out("2001", "1004")
    assert house.acd.state_of("1004").status is Status.LOGGED_OUT


async def test_skills_and_queues_count_from_the_next_decision_on_and_are_kept(house: House) -> None:
    await house.agent()
    await house.supervision.set_queues("2001", "1004", ["accounts"])
    caller, _ = await house.queued()
    assert house.acd.state_of("1004").activity is Activity.IDLE
    await house.supervision.set_skills("2001", "1004", {"mandarin": 9, "trading": 1})
    await house.supervision.set_queues("2001", "1004", ["trading", "accounts"])
    await house.until("agent_connected", agent_id="1004")
    assert house.kept.all["1004", "skills"] == {"mandarin": 9, "trading": 1}
    assert house.kept.all["1004", "queues"] == ["trading", "accounts"]
    assert house.supervision.staff()["agents"]["1004"]["serves"] == ["accounts", "trading"]
    changed = await house.until("skills_changed")
    assert (changed.by, changed.skills) == ("2001", {"mandarin": 9, "trading": 1})
    house.fake.hangs_up(caller)


async def test_what_does_not_exist_or_cannot_be_kept_changes_nothing(house: House) -> None:
    before = house.acd.agents["1004"]
    assert await refused(house.supervision.set_skills("2001", "1004", {"juggling": 3})) == "unknown_skill"
    assert await refused(house.supervision.set_queues("2001", "1004", ["nowhere"])) == "unknown_queue"
    house.kept.away = True
    assert await refused(house.supervision.set_skills("2001", "1004", {"trading": 3})) == "memory_away"
    assert house.acd.agents["1004"] == before
    assert house.kept.all == {}


async def test_who_is_raised_is_served_first_and_the_list_says_so(house: House) -> None:
    one, first = await house.queued("13800000001")
    other, second = await house.queued("13800000002")
    await house.holds(lambda: [one.call_id for one in house.supervision.waiting()] == [first.id, second.id])
    await house.supervision.raise_priority("2001", second.id, 600)
    views = house.supervision.waiting()
    assert [(one.call_id, one.position, one.priority) for one in views] == [(second.id, 1, 600.0), (first.id, 2, 0.0)]
    assert views[1].name == "张三丰"
    assert views[0].p50_s is None  # nobody is there
    assert "nobody" in [line.code for line in views[0].why]
    await house.agent()
    await house.until("agent_connected", call_id=second.id)
    raised = await house.until("priority_raised")
    assert (raised.by, raised.points, raised.priority) == ("2001", 600, 600.0)
    assert await refused(house.supervision.raise_priority("2001", second.id, 60)) == "unknown_call"
    for caller in (one, other):
        house.fake.hangs_up(caller)


async def test_who_was_raised_stays_so_when_the_agents_telephone_is_lost_before_the_bridge(house: House) -> None:
    caller, call = await house.queued()
    await house.supervision.raise_priority("2001", call.id, 500.0)
    house.fake.joins = False
    await house.agent()
    await house.until("call_moved", event="offer_lost", call_id=call.id)
    await house.holds(lambda: house.acd.contact(call.id) is not None)  # in line again
    contact = house.acd.contact(call.id)
    house.fake.joins = True
    await house.until("agent_connected", call_id=call.id)
    assert contact is not None
    assert contact.priority == 500.0
    house.fake.hangs_up(caller)


async def test_a_message_comes_to_those_who_are_in_under_its_senders_name(house: House) -> None:
    await house.agent()
    await house.supervision.message("2001", None, "<i>请</i>就绪")
    await house.holds(lambda: told(house, "toast"))
    [toast] = told(house, "toast")
    assert (toast["code"], toast["text"], toast["sender"]) == ("message", "<i>请</i>就绪", "刘洋")
    sent = await house.until("message_sent")
    assert (sent.by, sent.to) == ("2001", ["1004"])
    assert await refused(house.supervision.message("2001", ["1001"], "x")) == "nobody_reached"
    assert await refused(house.supervision.message("2001", ["7"], "x")) == "unknown_agent"


async def test_listening_is_refused_without_a_call_or_a_telephone_and_nothing_is_to_be_stopped(house: House) -> None:
    await house.agent()
    assert await refused(house.supervision.spying.listen("2001", "1004")) == "not_talking"
    caller, _, _ = await house.talking()
    assert await refused(house.supervision.spying.listen("2001", "1004")) == "no_phone"
    for work in (
        house.supervision.spying.stop_listening("2001"), house.supervision.spying.take_over("2001"),
        house.supervision.spying.spy_mode("2001", "barge"),
    ):  # fmt: skip
        assert await refused(work) == "not_listening"
    house.fake.hangs_up(caller)
