"""What agents write of their calls: during the talk and in wrap-up, kept as it is typed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import structlog

from acd import events as on
from acd.agent_states import Activity
from acd.core import Acd
from agents.ports import Refused
from cti import events
from cti.bus import Bus
from cti.settings import QueueSettings
from cti.talk import call_of

log = structlog.get_logger(__name__)
REMEMBERED = 5000  # calls; of older ones the archive knows
LATE_S = 24 * 3600.0  # so long after its arrival a call may be written up


@dataclass(frozen=True, slots=True)
class Rules:
    """`extras`: so many times wrap-up may be made longer, by `extra_s` seconds each."""

    queues: Mapping[str, QueueSettings]
    extra_s: float
    extras: int


class Archive(Protocol):
    """What is known of calls of the past; raises while it cannot be asked."""

    async def part_in_call(self, agent_id: str, call_id: str, /) -> tuple[float, str] | None: ...


class _Part:
    """A call of late: its queue, who spoke in it, and what each wrote."""

    __slots__ = ("agents", "queue")

    def __init__(self) -> None:
        self.queue = ""
        self.agents: dict[str, tuple[str, str]] = {}


class WriteUps:
    """Implements the port of `agents`. Each agent who had a part in a call writes for himself, also later that day."""

    def __init__(  # noqa: PLR0913, PLR0917 - what it joins
        self,
        acd: Acd,
        bus: Bus,
        tell_acd: Callable[[on.Event], None],
        clock: Callable[[], float],
        rules: Rules,
        archive: Archive,
    ) -> None:
        self._acd, self._bus, self._tell_acd, self._clock = acd, bus, tell_acd, clock
        self._rules, self._archive = rules, archive
        self._recent: dict[str, _Part] = {}
        for kind in (events.AgentConnected, events.CallTransferred, events.OfferEnded):
            bus.subscribe(kind, self._spoke)

    def _spoke(self, event: events.Event) -> None:
        """This agent has a part in this call from now on."""
        if event.call_id is None or event.agent_id is None or getattr(event, "reason", "answered") != "answered":
            return
        part = self._remember(event.call_id, event.queue or "", event.agent_id)
        if part.agents[event.agent_id][0]:  # written while he was only asked in
            self._tell_complete(event.agent_id, event.call_id, complete=True)

    def _remember(self, call_id: str, queue: str, agent_id: str) -> _Part:
        part = self._recent.setdefault(call_id, _Part())
        part.queue = queue
        part.agents.setdefault(agent_id, ("", ""))
        while len(self._recent) > REMEMBERED:
            del self._recent[next(iter(self._recent))]
        return part

    async def write_up(self, agent_id: str, call_id: str, disposition: str | None, note: str) -> None:
        """Raises Refused unless the agent had a part in the call of late, and the disposition is one of its queue."""
        part = self._recent.get(call_id)
        if part is None or agent_id not in part.agents:
            part = await self._of_the_past(agent_id, call_id)
        if disposition is not None and disposition not in self._choices(part.queue):
            raise Refused("unknown_disposition", f"{disposition} is none of this queue's")
        written = (disposition or "", note)
        if written != part.agents[agent_id]:
            part.agents[agent_id] = written
            self._bus.publish(
                events.CallWrittenUp(
                    at=self._clock(), call_id=call_id, agent_id=agent_id, queue=part.queue or None,
                    disposition=disposition or "", note=note,
                )
            )  # fmt: skip
        self._tell_complete(agent_id, call_id, complete=bool(disposition))

    async def _of_the_past(self, agent_id: str, call_id: str) -> _Part:
        """Before a restart, or so many calls ago."""
        try:
            found = await self._archive.part_in_call(agent_id, call_id)
        except Exception as error:
            log.warning("cannot tell whose call it was", call_id=call_id, agent=agent_id, reason=str(error))
            raise Refused("try_again", "the server's memory is away: what you wrote is sent again") from None
        if found is None or self._clock() - found[0] > LATE_S:
            raise Refused("not_your_write_up", "this call is not yours to write up")
        return self._remember(call_id, found[1], agent_id)

    def _tell_complete(self, agent_id: str, call_id: str, *, complete: bool) -> None:
        """The router, if the agent has the call at hand yet."""
        contacts = self._acd.state_of(agent_id).contacts if agent_id in self._acd.agents else ()
        for contact_id in contacts:
            if call_of(contact_id) == call_id:
                self._tell_acd(on.WrittenUp(contact_id, agent_id, complete=complete))

    def _choices(self, queue: str) -> set[str]:
        known = self._rules.queues.get(queue)
        return {one.code for one in known.dispositions} if known else set()

    async def finish_wrap_up(self, agent_id: str) -> None:
        state = self._acd.state_of(agent_id)
        if state.activity is not Activity.WRAP_UP:
            raise Refused("not_in_wrap_up", "there is no wrap-up to finish")
        if state.owes:
            raise Refused("disposition_needed", "choose what became of the call first")
        self._tell_acd(on.WrapUpFinished(agent_id))

    async def extend_wrap_up(self, agent_id: str) -> None:
        state = self._acd.state_of(agent_id)
        if state.activity is not Activity.WRAP_UP:
            raise Refused("not_in_wrap_up", "there is no wrap-up to make longer")
        if state.extended >= self._rules.extras:
            raise Refused("no_more_time", f"wrap-up was made longer {self._rules.extras} times already")
        self._tell_acd(on.WrapUpExtended(agent_id, self._rules.extra_s))
