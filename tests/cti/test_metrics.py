"""What Prometheus reads is what happened."""

from __future__ import annotations

from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from agents.views import AgentView, FloorView, QueueView
from cti import events
from cti.bus import Bus
from cti.metrics import COUNTERS, GAUGES, Metrics, Readings

CALL: dict[str, Any] = {"call_id": "c1", "queue": "trading"}


class House:
    def __init__(self) -> None:
        self.bus = Bus()
        agents = [AgentView("1001", "王芳", status="ready"), AgentView("1002", "李伟", status="ready")]
        self.floor = FloorView(0.0, (QueueView("trading", waiting=3, ready=2),), tuple(agents))
        self.gauges: dict[str, float] = {"calls_live": 1}
        self.metrics = Metrics(lambda: Readings(self.floor, self.gauges, {"mqtt_dropped": 7}))
        self.metrics.listen(self.bus)

    def says(self, name: str, **labels: str) -> float | None:
        text = self.metrics.text().decode()
        samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
        return next((one.value for one in samples if one.name == name and one.labels == labels), None)


@pytest.fixture
def house() -> House:
    return House()


def ended(outcome: str, at: float = 30.0, talk_s: float = 0.0) -> events.CallEnded:
    return events.CallEnded(at=at, outcome=outcome, hung_up_by="caller", duration_s=30, talk_s=talk_s, **CALL)


def test_calls_are_counted_by_outcome(house: House) -> None:
    for outcome in ("served", "served", "abandoned_in_menu"):
        house.bus.publish(ended(outcome))
    house.bus.publish(events.CallFailed(at=0, error="x", **CALL))
    assert house.says("zongji_calls_total", outcome="served") == 2
    assert house.says("zongji_calls_total", outcome="abandoned_in_menu") == 1
    assert house.says("zongji_calls_failed_total") == 1


def test_waiting_is_measured_for_those_served_and_those_who_left(house: House) -> None:
    house.bus.publish(events.CallQueued(at=10, requires="", priority=0, **CALL))
    house.bus.publish(events.AgentConnected(at=14, waited_s=4.0, **CALL))
    house.bus.publish(ended("served", talk_s=16.0))
    house.bus.publish(events.CallQueued(at=100, requires="", priority=0, **CALL))
    house.bus.publish(ended("abandoned_in_queue", at=125))
    name = "zongji_queue_wait_seconds"
    assert house.says(f"{name}_sum", queue="trading", result="answered") == 4.0
    assert house.says(f"{name}_sum", queue="trading", result="abandoned") == 25.0
    assert house.says(f"{name}_bucket", queue="trading", result="answered", le="5.0") == 1
    assert house.says("zongji_talk_seconds_sum", queue="trading") == 16.0


def test_offers_are_counted_by_result_and_the_pops_lead_is_measured(house: House) -> None:
    for reason in ("rona", "answered", "rona"):
        house.bus.publish(events.OfferEnded(at=0, offer_id="o1", reason=reason, **CALL))
    for lead in (0.02, None):
        house.bus.publish(events.PhoneRang(at=0, lead_s=lead, **CALL))
    assert house.says("zongji_offers_total", queue="trading", result="rona") == 2
    assert house.says("zongji_pop_lead_seconds_count") == 1


def test_what_is_live_is_read_when_it_is_asked(house: House) -> None:
    assert house.says("zongji_calls_live") == 1
    house.gauges["calls_live"] = 5
    assert house.says("zongji_calls_live") == 5
    assert house.says("zongji_queue_waiting", queue="trading") == 3
    assert house.says("zongji_queue_ready", queue="trading") == 2
    assert house.says("zongji_agents", status="ready", activity="idle") == 2
    assert house.says("zongji_mqtt_dropped_total") == 7


def test_two_houses_do_not_share_counts() -> None:
    one, other = House(), House()
    one.bus.publish(ended("served"))
    assert other.says("zongji_calls_total", outcome="served") is None


def test_every_reading_has_its_words() -> None:
    assert all(text.endswith(".") for text in (GAUGES | COUNTERS).values())
