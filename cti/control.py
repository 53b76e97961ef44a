"""What agents do to the call they are in: commands of the desk, carried out on the call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog

from acd.core import Acd
from agents.ports import Refused
from cti.asterisk.link import ActionRefused, ActionTimeout, LinkDown
from cti.call import Call
from cti.call_states import ImpossibleMove
from cti.calls import Calls
from cti.floor import Floor
from ivr.caller import HungUp

log = structlog.get_logger(__name__)


class CallDesk:
    """Implements the port `CallControl` of `agents`."""

    def __init__(self, acd: Acd, calls: Calls, floor: Floor) -> None:
        self._acd, self._calls, self._floor = acd, calls, floor

    async def answer(self, agent_id: str) -> None:
        raise Refused("answer_on_phone", f"pick up phone {self._floor.phone_of(agent_id)}")

    async def hang_up(self, agent_id: str) -> None:
        await self._try(agent_id, Call.hang_up)

    async def hold(self, agent_id: str) -> None:
        await self._try(agent_id, Call.hold)

    async def resume(self, agent_id: str) -> None:
        await self._try(agent_id, Call.resume)

    async def transfer(self, agent_id: str, kind: str, target: str) -> None:
        raise Refused("impossible_now", f"{agent_id} to {kind} {target}")

    async def consult(self, agent_id: str, kind: str, target: str) -> None:
        raise Refused("impossible_now", f"{agent_id} to {kind} {target}")

    async def swap(self, agent_id: str) -> None:
        raise Refused("impossible_now", agent_id)

    async def complete(self, agent_id: str) -> None:
        raise Refused("impossible_now", agent_id)

    async def conference(self, agent_id: str) -> None:
        raise Refused("impossible_now", agent_id)

    async def drop_other(self, agent_id: str) -> None:
        raise Refused("impossible_now", agent_id)

    async def mute(self, agent_id: str, on: bool) -> None:
        raise Refused("impossible_now", f"{agent_id} {on}")

    async def send_digits(self, agent_id: str, digits: str) -> None:
        raise Refused("impossible_now", f"{agent_id} {len(digits)}")

    async def dial(self, agent_id: str, number: str, show_as: str | None) -> None:
        raise Refused("impossible_now", f"{agent_id} {number} {show_as}")

    async def _try(self, agent_id: str, what: Callable[[Call], Awaitable[None]]) -> None:
        """Do it to the agent's call."""
        call = self._call_of(agent_id)
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
            log.warning("Asterisk is slow to carry out a command", call_id=call.id, command=what.__name__)

    def _call_of(self, agent_id: str) -> Call:
        call = self._calls.calls.get(self._acd.state_of(agent_id).contact_id or "")
        if call is None or call.facts.agent_id != agent_id:
            raise Refused("no_call", "you have no call")
        return call
