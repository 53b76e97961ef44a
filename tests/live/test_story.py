"""The story of a call as a supervisor reads it over HTTP."""

from __future__ import annotations

import pytest

from cti.desk_client import log_in
from cti.web import listening, web_running
from db.demo import PASSWORD
from tests.live.conftest import House, Parts

pytestmark = pytest.mark.live
IN_THEIR_OWN_TIME = {"customer_found", "pop_shown", "recording_kept"}  # when the database and the page answer
STORY = [
    "call_arrived",
    "call_moved answered",
    "menu_stepped welcome",
    "menu_stepped language",
    "menu_stepped mandarin",
    "menu_stepped main",
    "menu_stepped account_number",
    "data_collected account",
    "menu_stepped accounts",
    "call_moved queued",
    "call_queued",
    "agent_moved offered",
    "call_moved offered",
    "offer_made",
    "pop_sent",
    "phone_rang",
    "agent_moved talking",
    "offer_ended answered",
    "call_moved connected",
    "agent_connected",
    "agent_moved wrap_up",
    "call_moved hung_up",
    "call_ended served",
]


def _in_words(step: dict[str, str]) -> str:
    words = ("event", "node", "key", "activity", "reason", "outcome")
    return " ".join([step["kind"], *(step[word] for word in words if step.get(word))])


async def test_the_whole_story_is_told_over_http_each_step_in_its_order(house: House) -> None:
    async with web_running(house.app, listening("127.0.0.1", 0)) as url:
        supervisor = await log_in(url, "2001", PASSWORD)
        agent_phone = await house.agents_phone("1001")
        agent = await log_in(url, "1001", PASSWORD)
        async with agent.page():
            caller = await house.caller(name="张三丰")
            await caller.press("1110000001#", gap_s=0.1)
            connected = await house.until("agent_connected", deadline_s=30)
            await agent_phone.wait_for("CALL_ESTABLISHED")
            await house.until("pop_shown")  # in the page's own time, which may be after the phone was picked up
            caller.hang_up()
            await house.until("call_ended")
            await house.server.journal.flush()
            story = await supervisor.get(f"/api/calls/{connected.call_id}")
            newest = (await supervisor.get("/api/calls?limit=1"))["calls"]

    steps = [step for step in story["steps"] if step["kind"] not in IN_THEIR_OWN_TIME]
    assert [_in_words(step) for step in steps] == STORY
    assert [step["at"] for step in story["steps"]] == sorted(step["at"] for step in story["steps"])
    [popped, rang] = [step for step in steps if step["kind"] in ("pop_sent", "phone_rang")]
    [shown] = [step for step in story["steps"] if step["kind"] == "pop_shown"]
    assert popped["delivered"]
    assert popped["at"] <= rang["at"]
    assert popped["at"] <= shown["at"]
    assert rang["lead_s"] == pytest.approx(rang["at"] - popped["at"], abs=0.01)
    assert rang["lead_s"] >= 0
    assert (story["name"], story["number"], story["customer"]["name"]) == ("张三丰", "13800000001", "张三丰")
    assert (story["outcome"], story["hung_up_by"], story["agent_id"]) == ("served", "caller", "1001")
    assert story["data"] == {"account": "10000001"}
    assert newest[0]["id"] == connected.call_id


async def test_the_days_figures_outlive_a_restart(parts: Parts) -> None:
    async with parts.serving() as house:
        caller = await house.queued()
        caller.hang_up()
        await house.until("call_ended", outcome="abandoned_in_queue")
        await caller.wait_for("CALL_CLOSED")

    async with parts.serving() as again:
        figures = {queue.name: queue.abandoned for queue in again.server.floor.snapshot().queues}

    assert figures == {"accounts": 0, "trading": 1, "complaints": 0}
