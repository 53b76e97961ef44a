"""What agents write of their calls: during the talk and in wrap-up, kept as it is typed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from acd import events as on
from acd.agent_states import Activity
from acd.core import Acd
from agents.ports import Refused
from cti import events
from cti.bus import Bus
from cti.call import Call
from cti.calls import Calls
from cti.settings import QueueSettings
from cti.talk import call_of


@dataclass(frozen=True, slots=True)
class Rules:
    """`extras`: so many times wrap-up may be made longer, by `extra_s` seconds each."""

    queues: Mapping[str, QueueSettings]
    extra_s: float
    extras: int


class WriteUps:
    """Implements the port of `agents`. A call is kept until its last agent is through with it."""

    def __init__(  # noqa: PLR0913, PLR0917 - what it joins
        self,
        acd: Acd,
        bus: Bus,
        calls: Calls,
        tell_acd: Callable[[on.Event], None],
        clock: Callable[[], float],
        rules: Rules,
    ) -> None:
        self._acd, self._bus, self._calls, self._tell_acd, self._clock = acd, bus, calls, tell_acd, clock
        self._rules = rules
        self._kept: dict[str, Call] = {}
        self._extended: dict[str, int] = {}
        bus.subscribe(events.AgentConnected, self._began)
        bus.subscribe(events.CallTransferred, self._began)
        bus.subscribe(events.AgentMoved, self._moved)

    def call(self, call_id: str) -> Call | None:
        """A call that lives, or is being written up."""
        return self._calls.calls.get(call_id) or self._kept.get(call_id)

    def _began(self, event: events.Event) -> None:
        call = self._calls.calls.get(event.call_id or "")
        if call is not None:
            self._kept[call.id] = call

    def _moved(self, event: events.AgentMoved) -> None:
        """Whoever has no part in a call any more leaves nothing of it here."""
        if event.activity == Activity.IDLE:
            self._extended.pop(event.agent_id or "", None)
            at_hand = {call_of(one) for agent in self._acd.agents for one in self._acd.state_of(agent).contacts}
            for call_id in [one for one in self._kept if one not in at_hand and one not in self._calls.calls]:
                del self._kept[call_id]

    async def write_up(self, agent_id: str, call_id: str, disposition: str | None, note: str) -> None:
        """Raises Refused unless it is a call the agent has at hand, and the disposition one of its queue."""
        contacts = self._acd.state_of(agent_id).contacts
        contact_id = next((one for one in contacts if call_of(one) == call_id), None)
        call = self.call(call_id)
        if contact_id is None or call is None:
            raise Refused("no_call", "this call is not yours to write up")
        if disposition is not None and disposition not in self._choices(call):
            raise Refused("unknown_disposition", f"{disposition} is none of this queue's")
        facts = call.facts
        if (disposition or "", note) != (facts.disposition, facts.note):
            facts.disposition, facts.note = disposition or "", note
            self._bus.publish(
                events.CallWrittenUp(
                    at=self._clock(), call_id=call_id, agent_id=agent_id, queue=facts.queue,
                    disposition=facts.disposition, note=note,
                )
            )  # fmt: skip
        self._tell_acd(on.WrittenUp(contact_id, agent_id, complete=bool(facts.disposition)))

    def _choices(self, call: Call) -> set[str]:
        queue = self._rules.queues.get(call.facts.queue or "")
        return {one.code for one in queue.dispositions} if queue else set()

    async def finish_wrap_up(self, agent_id: str) -> None:
        state = self._acd.state_of(agent_id)
        if state.activity is not Activity.WRAP_UP:
            raise Refused("not_in_wrap_up", "there is no wrap-up to finish")
        if state.owes:
            raise Refused("disposition_needed", "choose what became of the call first")
        self._tell_acd(on.WrapUpFinished(agent_id))

    async def extend_wrap_up(self, agent_id: str) -> None:
        if self._acd.state_of(agent_id).activity is not Activity.WRAP_UP:
            raise Refused("not_in_wrap_up", "there is no wrap-up to make longer")
        if self._extended.get(agent_id, 0) >= self._rules.extras:
            raise Refused("no_more_time", f"wrap-up was made longer {self._rules.extras} times already")
        self._extended[agent_id] = self._extended.get(agent_id, 0) + 1
        self._tell_acd(on.WrapUpExtended(agent_id, self._rules.extra_s))
