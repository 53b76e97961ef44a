"""What is told to a broker and where; no broker needed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti import events
from cti.listeners.outbox import Outbox
from cti.listeners.topics import Message, Queues, QueueState, messages, status_message

AT = 1_767_576_600.25
ROOT = "zongji/v1/main"
MOVED: dict[str, Any] = {"status": "ready", "activity": "wrap_up", "until": AT + 15}


def said(event: events.Event) -> tuple[str, dict[str, Any], bool]:
    (message,) = messages(event, ROOT, "r-1")
    return message.topic, json.loads(message.payload), message.retain


def moved(call_id: str, after: str, at: float = AT, queue: str | None = "trading") -> events.CallMoved:
    return events.CallMoved(at=at, call_id=call_id, queue=queue, before="-", event="-", after=after)


@pytest.mark.parametrize(
    ("event", "topic", "retain"),
    [
        (
            events.OfferMade(at=AT, call_id="c1", agent_id="1001", offer_id="o1", waited_s=2),
            "call/c1/offer_made",
            False,
        ),
        (events.MenuStepped(at=AT, call_id="c1", node="main", menu="broker"), "call/c1/menu_stepped", False),
        (events.AgentMoved(at=AT, agent_id="1001", call_id="c1", **MOVED), "agent/1001/state", True),
        (events.AgentMoved(at=AT, agent_id="a/+#", **MOVED), "agent/a%2F%2B%23/state", True),
        (events.PopShown(at=AT, agent_id="1001"), "agent/1001/pop_shown", False),
        (events.LinkChanged(at=AT, up=True), "server/link", True),
        (events.Event(at=AT, queue="trading"), "queue/trading/event", False),
        (events.Event(at=AT), "server/event", False),
    ],
)
def test_each_event_has_its_place(event: events.Event, topic: str, retain: bool) -> None:
    assert said(event)[0::2] == (f"{ROOT}/{topic}", retain)


def test_a_payload_names_its_version_event_and_time() -> None:
    _, payload, _ = said(events.AgentMoved(at=AT, agent_id="1001", **MOVED))
    assert payload == {
        "v": 1,
        "id": "r-1",
        "event": "agent_moved",
        "at": "2026-01-05T01:30:00.250Z",
        "agent_id": "1001",
        "status": "ready",
        "activity": "wrap_up",
        "until": "2026-01-05T01:30:15.250Z",
    }


def test_what_a_caller_keyed_in_never_goes_out() -> None:
    collected = events.DataCollected(at=AT, call_id="c1", key="account", value="840219")
    failed = events.CallFailed(
        at=AT, call_id="c1", error="ValueError: 840219", extra={"pin": "840219", "note": "840219"}
    )
    for event in (collected, failed):
        assert "840219" not in str(said(event))
    assert said(failed)[1]["error"] == "ValueError"


def test_what_a_supervisor_wrote_stays_in_the_house() -> None:
    _, payload, _ = said(events.MessageSent(at=AT, by="2001", to=["1001"], text="secret"))
    assert (payload["event"], payload["to"], "text" in payload) == ("message_sent", ["1001"], False)


def test_a_queue_is_followed_from_the_steps_of_its_calls() -> None:
    queues = Queues(["trading"])
    assert queues.follow(moved("c1", "queued", AT)) == QueueState("trading", AT, 1, 0, AT)
    assert queues.follow(moved("c2", "queued", AT + 1)) == QueueState("trading", AT + 1, 2, 0, AT)
    assert queues.follow(moved("c1", "offered", AT + 2)) is None
    assert queues.follow(moved("c3", "menu", queue=None)) is None
    assert queues.follow(moved("c1", "talking", AT + 3)) == QueueState("trading", AT + 3, 1, 1, AT + 1)
    assert queues.follow(moved("c1", "ending", AT + 4)) == QueueState("trading", AT + 4, 1, 0, AT + 1)
    assert queues.follow(moved("c2", "ended", AT + 5)) == QueueState("trading", AT + 5)


def test_a_call_that_missed_its_agent_keeps_its_place() -> None:
    queues = Queues()
    for call_id, after, at in [("c1", "queued", 0), ("c2", "queued", 1), ("c1", "offered", 2), ("c1", "queued", 3)]:
        queues.follow(moved(call_id, after, at))
    assert queues.states(4) == [QueueState("trading", 4, 2, 0, 0)]


def test_a_queue_state_goes_out_with_the_step_that_made_it_and_stays() -> None:
    step, state = messages(moved("c1", "queued"), ROOT, "r-1", QueueState("trading", AT, 1, 0, AT))
    assert (step.topic, step.retain) == (f"{ROOT}/call/c1/call_moved", False)
    assert (state.topic, state.retain) == (f"{ROOT}/queue/trading/state", True)
    told = json.loads(state.payload)
    assert (told["waiting"], told["longest_since"]) == (1, "2026-01-05T01:30:00.250Z")
    assert json.loads(status_message("offline", AT, ROOT, "r-2").payload)["state"] == "offline"


def event(number: int) -> Message:
    return Message("call", b"%d" % number)


def state(topic: str, number: int) -> Message:
    return Message(topic, b"%d" % number, retain=True)


def test_the_newest_state_of_a_topic_replaces_the_older_and_order_is_kept() -> None:
    box = Outbox(10)
    for message in (state("a", 1), event(2), state("b", 3), state("a", 4), event(5)):
        box.put(message)
    assert box.take(10) == [event(2), state("b", 3), state("a", 4), event(5)]


def test_a_full_outbox_drops_the_oldest_event_and_states_last() -> None:
    box = Outbox(3)
    for message in (state("a", 1), event(2), event(3), event(4), state("b", 5), state("c", 6)):
        box.put(message)
    assert (box.take(9), box.dropped) == ([state("a", 1), state("b", 5), state("c", 6)], 3)
    for number, topic in enumerate("abcd"):
        box.put(state(topic, number))
    assert (box.take(9), box.dropped) == ([state("b", 1), state("c", 2), state("d", 3)], 4)


@given(st.lists(st.sampled_from(["", "a", "b", "c"])), st.integers(1, 8))
def test_an_outbox_never_grows_and_never_turns_order(put: list[str], bound: int) -> None:
    box = Outbox(bound)
    for number, topic in enumerate(put):
        box.put(state(topic, number) if topic else event(number))
        assert len(box) <= bound
    numbers = [int(message.payload) for message in box.take(len(put))]
    assert numbers == sorted(numbers)
    assert len(box) == 0


@pytest.mark.parametrize(
    ("event", "secret"),
    [
        (events.CallerVerified(at=AT, call_id="c1", account="10000001"), "10000001"),
        (events.CallerRefused(at=AT, call_id="c1", account="10000001"), "10000001"),
        (events.CallbackAsked(at=AT, call_id="c1", callback_id="b1", number="13912345678", since=AT), "13912345678"),
        (events.SwitchChanged(at=AT, name="blocked", value={"numbers": ["16812345678"]}, by="9001"), "16812345678"),
    ],
)
def test_what_callers_keyed_in_goes_to_no_broker(event: events.Event, secret: str) -> None:
    [message] = messages(event, "zongji/v1/main", "x")
    assert secret not in message.payload.decode()
