"""Rings whom no router chose: a colleague asked in, an agent's own phone, somebody outside. Implements `Telephones`."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable
from contextlib import suppress

import structlog

from acd.model import Contact
from acd.skills import parse
from cti.asterisk.channel import UNSEEN, Leg
from cti.asterisk.link import ActionRefused, ActionTimeout, LinkDown
from cti.call import HEAD, Call, Overflowed
from cti.calls import Calls, Dialling
from cti.dial_limits import Spending
from cti.dispatcher import Dispatcher
from cti.floor import COLLEAGUES, Floor
from cti.notes import PartyNote
from cti.numbers import may_be_dialled
from cti.settings import OutboundSettings
from cti.talk import NotReached, Party
from ivr.caller import HungUp

log = structlog.get_logger(__name__)
ASK_S = 30.0
OWN_S = 20.0
OUTSIDE_S = 45.0
AGAIN_S, TRY_S = 0.2, 1.5  # a page answers by itself, within a tenth of a second
# Q.850 causes as the desk knows them; what is not here is "failed".
CAUSES = {
    1: "unknown_number", 3: "unreachable", 17: "busy", 18: "no_answer", 19: "no_answer", 20: "unreachable",
    21: "rejected", 22: "unknown_number", 28: "unknown_number", 34: "lines_busy", UNSEEN: "no_link",
}  # fmt: skip


class LineTelephones:
    """Each method ends with a leg that is parked, or raises NotReached with nothing left ringing."""

    def __init__(self, calls: Calls, floor: Floor, dispatcher: Dispatcher, outbound: OutboundSettings) -> None:
        self._calls, self._floor, self._dispatcher, self._outbound = calls, floor, dispatcher, outbound
        self._asked = itertools.count(1)
        self._spending = Spending(outbound.prices, outbound.per_day)

    async def colleague(self, call: Call, agent_id: str) -> Party:
        contact_id = f"{call.id}+{next(self._asked)}"
        since = call.facts.waiting_since or call.facts.arrived_at
        contact = Contact(contact_id, COLLEAGUES, since, HEAD, parse(f"agent = {agent_id}"))
        try:
            async with asyncio.timeout(ASK_S):
                return await self._dispatcher.ask(call, contact)
        except TimeoutError:
            raise NotReached("no_answer") from None
        except Overflowed as error:
            raise NotReached(error.reason) from None
        finally:
            self._dispatcher.leave(contact_id)

    async def again(self, call: Call, lost: Party, grace_s: float) -> Party:
        try:
            async with asyncio.timeout(grace_s):
                while True:
                    await self._floor.until_reachable(lost.id)
                    # It may be the telephone that is just going, of which nobody has told us: it never answers.
                    with suppress(NotReached, TimeoutError):
                        async with asyncio.timeout(TRY_S):
                            return await self.own(call, lost.id, lost.contact_id)
                    await asyncio.sleep(AGAIN_S)
        except TimeoutError:
            raise NotReached("not_back") from None

    async def own(self, call: Call, agent_id: str, contact_id: str = "") -> Party:
        return await _answered(self._floor.ring(agent_id, call, OWN_S, contact_id or call.id, auto=True))

    async def outside(self, call: Call, number: str) -> Party:
        return await _answered(self._dial_out(call, number))

    def may_dial(self, number: str) -> bool:
        """Whether there is a line to the outside, and the house's class of service has this number."""
        chosen = self._outbound
        return chosen.trunk is not None and may_be_dialled(number, chosen.allowed, chosen.refused)

    def may_spend(self) -> bool:
        """What calls to the outside cost today leaves room for another."""
        return self._spending.allows(self._calls.now())

    async def _dial_out(self, call: Call, number: str, leg: Leg | None = None) -> Party:
        shown = call.facts.show_as or self._outbound.shows
        customer = leg is not None
        tag = "" if customer else PartyNote("number", number).tag()
        how = Dialling(OUTSIDE_S, caller_number=shown, number=number, tag=tag, customer=customer)
        leg = await self._calls.dial(self._outbound.trunk or "", how, leg)
        self._pays_for(leg, number)
        return Party("number", number, leg)

    def _pays_for(self, leg: Leg, number: str) -> None:
        """It costs from now to its end, which comes in time."""
        self._spending.begins(leg.uniqueid, number, self._calls.now())
        end = asyncio.get_running_loop().call_later(self._outbound.longest_s, leg.drop)

        def gone(_: object) -> None:
            end.cancel()
            self._spending.ends(leg.uniqueid, self._calls.now(), answered=leg.answered)

        leg.gone.add_done_callback(gone)

    async def customer(self, call: Call) -> None:
        await _answered(self._dial_out(call, call.facts.number, call.leg))


async def _answered(ringing: Awaitable[Party]) -> Party:
    """The party, once its leg is parked; else it rings no longer."""
    try:
        party = await ringing
    except (ActionRefused, ActionTimeout) as error:
        log.info("could not be rung", reason=str(error))
        raise NotReached("unreachable") from None
    except LinkDown:
        raise NotReached("no_link") from None
    try:
        await party.leg.parked()
    except HungUp:
        raise NotReached(CAUSES.get(party.leg.gone.result().cause, "failed")) from None
    except BaseException:
        await party.release()
        raise
    return party
