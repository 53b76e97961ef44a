"""What Prometheus may ask: counts and durations fed by events, and what is live, read when it asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from agents.views import FloorView
from cti import events
from cti.bus import Bus

WAIT_S = (1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600, 1200)
TALK_S = (10, 30, 60, 120, 180, 300, 600, 1200, 2400)
LEAD_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)

GAUGES = {
    "calls_live": "Calls under way.",
    "legs_live": "Channels under way.",
    "link_up": "Whether the manager link to Asterisk is up.",
    "journal_away": "Whether the database is away and the journal goes to its spool.",
    "journal_stuck": "Whether not even the spool can be written.",
    "journal_waiting": "Journal entries in memory only.",
    "mqtt_up": "Whether the broker is connected.",
    "mqtt_waiting": "Messages that wait for the broker.",
}
COUNTERS = {
    "ami_events": "Messages heard from Asterisk.",
    "ami_dropped": "Messages from Asterisk that were dropped.",
    "ami_actions": "Actions sent to Asterisk.",
    "journal_stored": "Journal entries stored.",
    "journal_lost": "Journal entries lost because neither database nor spool took them.",
    "journal_refused": "Journal entries that the database refused for themselves, kept aside.",
    "mqtt_published": "Messages that the broker has acknowledged.",
    "mqtt_dropped": "Messages dropped because the outbox was full.",
    "mqtt_connections": "Times the broker was connected to.",
}


@dataclass(frozen=True, slots=True)
class Readings:
    """What is live now; the names are those of GAUGES and COUNTERS."""

    floor: FloorView
    gauges: Mapping[str, float]
    counters: Mapping[str, float]


class _Live(Collector):
    def __init__(self, read: Callable[[], Readings]) -> None:
        self._read = read

    def collect(self) -> Iterator[Metric]:
        now = self._read()
        for name, value in now.gauges.items():
            yield GaugeMetricFamily(f"zongji_{name}", GAUGES[name], value)
        for name, value in now.counters.items():
            yield CounterMetricFamily(f"zongji_{name}", COUNTERS[name], value)
        waiting = GaugeMetricFamily("zongji_queue_waiting", "Contacts that wait for an agent.", labels=["queue"])
        ready = GaugeMetricFamily("zongji_queue_ready", "Agents who may be offered a contact.", labels=["queue"])
        for queue in now.floor.queues:
            waiting.add_metric([queue.name], queue.waiting)
            ready.add_metric([queue.name], queue.ready)
        agents: dict[tuple[str, str], int] = {}
        for agent in now.floor.agents:
            agents[agent.status, agent.activity] = agents.get((agent.status, agent.activity), 0) + 1
        people = GaugeMetricFamily("zongji_agents", "Agents by status and activity.", labels=["status", "activity"])
        for labels, number in agents.items():
            people.add_metric(labels, number)
        yield from (waiting, ready, people)

    def describe(self) -> list[Metric]:
        """Nothing is read while the house is being built."""
        return []


class Metrics:
    """A registry of its own, so that two houses in one process do not share counts."""

    def __init__(self, read: Callable[[], Readings]) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        registry.register(_Live(read))
        self._calls = Counter("zongji_calls", "Calls that ended, by outcome.", ["outcome"], registry=registry)
        self._failed = Counter("zongji_calls_failed", "Calls that met an error of ours.", registry=registry)
        self._offers = Counter("zongji_offers", "Offers by result.", ["queue", "result"], registry=registry)
        self._wait = Histogram(
            "zongji_queue_wait_seconds",
            "Time in queue until an agent was connected or the caller left.",
            ["queue", "result"],
            buckets=WAIT_S,
            registry=registry,
        )
        self._talk = Histogram(
            "zongji_talk_seconds", "Talk time of served calls.", ["queue"], buckets=TALK_S, registry=registry
        )
        self._lead = Histogram(
            "zongji_pop_lead_seconds",
            "From the record on the agent's page to the first ring of the phone.",
            buckets=LEAD_S,
            registry=registry,
        )
        self._queued_at: dict[str, float] = {}

    def listen(self, bus: Bus) -> None:
        bus.subscribe(events.CallQueued, self._queued)
        bus.subscribe(events.AgentConnected, self._connected)
        bus.subscribe(events.CallEnded, self._ended)
        bus.subscribe(events.OfferEnded, self._offer_ended)
        bus.subscribe(events.PhoneRang, self._rang)
        bus.subscribe(events.CallFailed, lambda _: self._failed.inc())

    def text(self) -> bytes:
        return generate_latest(self.registry)

    def _queued(self, event: events.CallQueued) -> None:
        self._queued_at[event.call_id or ""] = event.at

    def _connected(self, event: events.AgentConnected) -> None:
        self._queued_at.pop(event.call_id or "", None)
        self._wait.labels(event.queue or "", "answered").observe(event.waited_s)

    def _ended(self, event: events.CallEnded) -> None:
        self._calls.labels(event.outcome).inc()
        queued_at = self._queued_at.pop(event.call_id or "", None)
        if queued_at is not None:
            self._wait.labels(event.queue or "", "abandoned").observe(event.at - queued_at)
        if event.talk_s:
            self._talk.labels(event.queue or "").observe(event.talk_s)

    def _offer_ended(self, event: events.OfferEnded) -> None:
        self._offers.labels(event.queue or "", event.reason).inc()

    def _rang(self, event: events.PhoneRang) -> None:
        if event.lead_s is not None:
            self._lead.observe(event.lead_s)
