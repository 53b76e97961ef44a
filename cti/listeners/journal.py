"""Every event into the journal; every call's record as it changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields

from cti import events
from cti.bus import Bus
from cti.call import Call, Facts
from db.journal import Journal

RECORDED = (
    events.CallArrived, events.CallMade, events.CallQueued, events.AgentConnected, events.CallTransferred,
    events.CallEnded,
)  # fmt: skip

FACTS = tuple(one.name for one in fields(Facts) if one.name != "customer")


class JournalListener:
    """Writes behind the call path; nothing here waits."""

    def __init__(self, journal: Journal, call: Callable[[str], Call | None]) -> None:
        self._journal, self._call = journal, call

    def listen(self, bus: Bus) -> None:
        bus.subscribe(events.Event, self._write)

    def _write(self, event: events.Event) -> None:
        data = event.as_dict()
        for key in ("kind", "at", "call_id", "agent_id"):
            data.pop(key, None)
        self._journal.write(event.kind, event.at, data, event.call_id, event.agent_id)
        if isinstance(event, events.CallWrittenUp):
            self._journal.keep("write_up", _write_up(event))
        call = self._call(event.call_id) if event.call_id and isinstance(event, RECORDED) else None
        if call is not None:
            self._journal.keep("call", _row(call))


def _write_up(event: events.CallWrittenUp) -> dict[str, object]:
    return {
        "call_id": event.call_id,
        "agent_id": event.agent_id,
        "at": event.at,
        "queue": event.queue,
        "disposition": event.disposition,
        "note": event.note,
    }


def _row(call: Call) -> dict[str, object]:
    facts = {name: getattr(call.facts, name) for name in FACTS}
    facts["path"], facts["data"] = list(call.facts.path), dict(call.facts.data)
    customer = call.facts.customer
    return {
        "id": call.id,
        "arrived_at": call.facts.arrived_at,
        "ended_at": call.facts.ended_at,
        "number": call.facts.number,
        "queue": call.facts.queue,
        "agent_id": call.facts.agent_id,
        "customer_id": customer["id"] if customer else None,
        "outcome": call.facts.outcome if call.facts.ended_at else None,
        "facts": {**facts, "customer": customer and {"id": customer["id"], "name": customer["name"]}},
    }
