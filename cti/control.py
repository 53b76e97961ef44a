"""What agents do to the call they are in, and how they begin one: commands of the desk, carried out on the call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog

from acd import events as on
from acd.core import Acd
from acd.model import Contact
from agents.ports import Refused
from cti.asterisk.link import ActionRefused, ActionTimeout, LinkDown
from cti.call import HEAD, Call, Wish
from cti.call_states import ImpossibleMove
from cti.calls import Calls
from cti.dial_limits import DialLimits
from cti.floor import COLLEAGUES, Floor
from cti.numbers import as_dialled
from cti.settings import OutboundSettings
from cti.talk import Party, Talk, Third, call_of
from cti.telephones import LineTelephones
from ivr.caller import HungUp

log = structlog.get_logger(__name__)


class CallDesk:
    """Implements the port `CallControl` of `agents`."""

    def __init__(  # noqa: PLR0913, PLR0917 - what it joins
        self,
        acd: Acd,
        calls: Calls,
        floor: Floor,
        phones: LineTelephones,
        tell_acd: Callable[[on.Event], None],
        outbound: OutboundSettings,
        onward: bool = True,
    ) -> None:
        self._onward = onward
        self._limits = DialLimits(outbound.per_agent_hour, outbound.per_hour)
        self._acd, self._calls, self._floor, self._phones = acd, calls, floor, phones
        self._tell_acd, self._outbound = tell_acd, outbound

    # -- the call they are in ----------------------------------------------------------------------------------------

    async def answer(self, agent_id: str) -> None:
        raise Refused("answer_on_phone", f"pick up phone {self._floor.phone_of(agent_id)}")

    async def hang_up(self, agent_id: str) -> None:
        """A colleague who was asked in leaves; the agent whose call it is ends it, or leaves it to the third."""
        call = self._call_of(agent_id)
        third = call.talk.third if call.talk else None
        if third is not None and third.id == agent_id and third.party is not None:
            await third.party.leg.hang_up()
        else:
            await self._try(call, Call.hang_up)

    async def hold(self, agent_id: str) -> None:
        await self._in_talk(agent_id, Talk.hold)

    async def resume(self, agent_id: str) -> None:
        await self._in_talk(agent_id, Talk.resume)

    async def swap(self, agent_id: str) -> None:
        await self._in_talk(agent_id, Talk.swap)

    async def complete(self, agent_id: str) -> None:
        await self._in_talk(agent_id, Talk.complete)

    async def conference(self, agent_id: str) -> None:
        await self._in_talk(agent_id, Talk.conference)

    async def drop_other(self, agent_id: str) -> None:
        await self._in_talk(agent_id, Talk.drop_third)

    async def mute(self, agent_id: str, on: bool) -> None:
        await self._in_talk(agent_id, lambda talk: talk.mute(on))

    async def send_digits(self, agent_id: str, digits: str) -> None:
        await self._in_talk(agent_id, lambda talk: talk.send_keys(digits))

    async def transfer(self, agent_id: str, kind: str, target: str) -> None:
        call = self._own_call(agent_id)
        if kind == "number":
            number = as_dialled(target)
            if not self._onward:
                raise Refused("no_onward", "customers are not left alone with somebody outside here")
            self._check_number(agent_id, number)
            await self._try(call, lambda call: call.forward(number))
            return
        if kind == "agent":
            self._check_colleague(agent_id, target)
            wish = Wish(call.facts.queue or self._floor.queues[0], priority=HEAD, colleague=target)
        elif target in self._floor.queues:
            wish = Wish(target)
        else:
            raise Refused("unknown_queue", f"there is no queue {target}")
        await self._try(call, lambda call: call.transfer(wish))

    async def consult(self, agent_id: str, kind: str, target: str) -> None:
        call = self._own_call(agent_id)
        if kind == "number":
            target = as_dialled(target)
            self._check_number(agent_id, target)
            third = Third(kind, target)
        else:
            self._check_colleague(agent_id, target)
            third = Third(kind, target, self._floor.name_of(target))
        ring = self._phones.outside if kind == "number" else self._phones.colleague
        await self._in_talk(agent_id, lambda talk: talk.consult(third, lambda: ring(call, target)))

    # -- a call of their own -----------------------------------------------------------------------------------------

    async def dial(self, agent_id: str, number: str, show_as: str | None) -> None:
        """The agent's phone answers, then the far end is rung."""
        number = as_dialled(number)
        if agent_id not in self._acd.agents:
            raise Refused("unknown_agent", "only agents make calls")
        if show_as is not None and show_as not in self._outbound.show_as:
            raise Refused("not_yours_to_show", f"{show_as} is none of the house's numbers")
        if not self._acd.state_of(agent_id).reachable:
            raise Refused("phone_away", "your phone is not registered")
        self._check_number(agent_id, number)
        call = self._calls.make(number, agent_id)
        call.facts.show_as = show_as or self._outbound.shows
        self._tell_acd(on.ContactTaken(Contact(call.id, COLLEAGUES, call.facts.arrived_at), agent_id))
        if call.id not in self._acd.state_of(agent_id).contacts:
            self._calls.forget(call)
            raise Refused("busy", "finish the call or the wrap-up first")
        self._floor.shows(agent_id, call)
        self._calls.start(call)

    # -- what may be -------------------------------------------------------------------------------------------------

    def _check_number(self, agent_id: str, number: str) -> None:
        """It may be called, and counts from now on."""
        if self._outbound.trunk is None:
            raise Refused("no_trunk", "this house has no line to the outside: set outbound.trunk")
        if not self._phones.may_dial(number):
            raise Refused("class_of_service", f"{number} may not be dialled from here")
        if not self._phones.may_spend():
            log.warning("no more calls to the outside today: they have cost enough", agent=agent_id)
            raise Refused("spent", "calls to the outside have cost as much as they may in a day")
        if not self._limits.takes(agent_id, self._calls.now()):
            raise Refused("too_many_calls", "too many calls to the outside in an hour: a supervisor can help")

    def _check_colleague(self, agent_id: str, target: str) -> None:
        if target == agent_id or target not in self._acd.agents:
            raise Refused("unknown_agent", f"there is no colleague {target}")
        if not self._acd.state_of(target).available:
            raise Refused("agent_busy", f"{target} cannot take a call now")

    async def _in_talk(self, agent_id: str, what: Callable[[Talk], Awaitable[None]]) -> None:
        """Do it in the talk that is the agent's own."""
        await self._try(self._own_call(agent_id), lambda call: what(call.in_talk()))

    async def _try(self, call: Call, what: Callable[[Call], Awaitable[None]]) -> None:
        try:
            with structlog.contextvars.bound_contextvars(call_id=call.id):
                await what(call)
        except (ImpossibleMove, ActionRefused) as error:
            raise Refused("impossible_now", str(error)) from None
        except HungUp:
            raise Refused("impossible_now", "one of the two has hung up") from None
        except (LinkDown, ActionTimeout) as error:
            raise Refused("no_link", f"nothing was changed, try again: {error}") from None
        except TimeoutError:
            log.warning("Asterisk is slow to carry out a command", call_id=call.id)

    def _call_of(self, agent_id: str) -> Call:
        if agent_id in self._acd.agents:
            call = self._calls.calls.get(call_of(self._acd.state_of(agent_id).contact_id) or "")
        else:  # a supervisor, who may have taken it over
            call = next((one for one in self._calls.calls.values() if one.party_of(agent_id)), None)
        if call is None or (call.party_of(agent_id) is None and call.facts.agent_id != agent_id):
            raise Refused("no_call", "you have no call")
        return call

    def _own_call(self, agent_id: str) -> Call:
        """A colleague who was asked in has no say in the call."""
        call = self._call_of(agent_id)
        owner: Party | None = call.talk.owner if call.talk else call.agent
        if owner is not None and owner.id != agent_id:
            raise Refused("not_your_call", "this is your colleague's call")
        return call
