"""The figures of a day: counted once, gone at midnight, the same again from the journal."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cti.call import HEAD
from cti.events import AgentConnected, CallEnded, CallQueued, Event
from cti.today import SENT_BACK, Today

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 3, 2, 12, tzinfo=SHANGHAI).timestamp()
HOUR = 3600.0


def connected(at: float, waited_s: float, queue: str = "trading") -> AgentConnected:
    return AgentConnected(at=at, call_id="c1", agent_id="1001", queue=queue, waited_s=waited_s)


def ended(at: float, outcome: str, queue: str | None = "trading") -> CallEnded:
    return CallEnded(
        at=at, call_id="c1", queue=queue, outcome=outcome, hung_up_by="caller", duration_s=9.0, talk_s=0.0
    )  # fmt: skip


def counting(*happened: Event, now: float = NOON) -> Today:
    today = Today(SHANGHAI, {"trading": 10.0, "accounts": 30.0})
    for event in happened:
        today.take(event.kind, event.at, event.as_dict(), now)
    return today


def test_each_queue_has_its_own_target() -> None:
    today = counting(connected(NOON, 10.0), connected(NOON, 10.1), connected(NOON, 30.0, "accounts"))

    assert today.of("trading", NOON) == {"answered": 2, "answered_in_target": 1, "abandoned": 0}
    assert today.of("accounts", NOON) == {"answered": 1, "answered_in_target": 1, "abandoned": 0}


def test_only_who_left_the_queue_has_abandoned_it() -> None:
    today = counting(
        ended(NOON, "abandoned_in_queue"), ended(NOON, "served"), ended(NOON, "abandoned_in_menu", None)
    )  # fmt: skip

    assert today.of("trading", NOON)["abandoned"] == 1


def test_at_midnight_of_the_house_everything_begins_anew() -> None:
    today = counting(connected(NOON, 1.0))

    assert today.of("trading", NOON + 12 * HOUR - 0.001)["answered"] == 1
    assert today.of("trading", NOON + 12 * HOUR)["answered"] == 0
    assert today.begins_at(NOON + 12 * HOUR) == NOON + 12 * HOUR


def test_what_happened_yesterday_is_not_counted_today() -> None:
    assert counting(connected(NOON - 12.1 * HOUR, 1.0)).of("trading", NOON)["answered"] == 0


def queued(at: float, priority: float = 0.0, queue: str = "trading") -> Event:
    return CallQueued(at=at, call_id="c", queue=queue, requires="", priority=int(priority))


def test_the_day_in_steps_says_what_came_and_what_became_of_it() -> None:
    today = counting(
        queued(NOON), queued(NOON), queued(NOON, HEAD), connected(NOON + 1, 4.0), connected(NOON + 1, 16.0),
        ended(NOON + 901, "abandoned_in_queue"),
    )  # fmt: skip
    first, second = today.day("trading", NOON + 1000)["steps"]
    assert (first["at"], first["offered"], first["answered"], first["abandoned"]) == (NOON, 2, 2, 0)
    assert (first["service_level"], first["mean_wait_s"]) == (0.5, 10.0)
    assert (second["abandoned"], second["service_level"], second["mean_wait_s"]) == (1, 0.0, None)


def test_all_queues_together_are_their_sum_and_no_such_queue_is_an_error() -> None:
    today = counting(queued(NOON), queued(NOON, queue="accounts"))
    assert [one["offered"] for one in today.day(None, NOON)["steps"]] == [2]
    with pytest.raises(KeyError):
        today.day("nowhere", NOON)


def test_who_is_put_into_line_again_has_come_once() -> None:
    assert SENT_BACK == HEAD


def test_a_callback_is_offered_once_and_a_message_is_no_call() -> None:
    queued: dict[str, Any] = {"call_id": "c1", "queue": "trading", "requires": "", "priority": 0}
    today = counting(
        CallQueued(at=NOON, **queued),
        CallQueued(at=NOON, **queued, channel="callback"),
        AgentConnected(at=NOON, call_id="c1", agent_id="1001", queue="trading", waited_s=90.0, channel="callback"),
        CallQueued(at=NOON, **queued, channel="voicemail"),
        AgentConnected(at=NOON, call_id="c2", agent_id="1001", queue="trading", waited_s=5.0, channel="voicemail"),
    )

    assert today.of("trading", NOON) == {"answered": 1, "answered_in_target": 0, "abandoned": 0}
    assert today.day("trading", NOON)["steps"][-1]["offered"] == 1
