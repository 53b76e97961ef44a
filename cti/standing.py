"""Legs that stay up between calls: the telephone answers once, and a call is then a matter of one Bridge."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from cti.asterisk.channel import Leg
from cti.asterisk.link import ActionRefused, ActionTimeout, LinkDown
from ivr.caller import HungUp

log = structlog.get_logger(__name__)
AGAIN_S = 2.0


class StandingLegs:
    """Keeps a leg for each agent for whom one is wanted. `dial` rings a telephone that answers by itself.

    `is_free`: nobody speaks with the agent; a telephone that does is not rung a second time.
    """

    def __init__(self, dial: Callable[[str], Awaitable[Leg]], is_free: Callable[[str], bool]) -> None:
        self._dial, self._is_free = dial, is_free
        self._keepers: dict[str, asyncio.Task[None]] = {}
        self._legs: dict[str, Leg] = {}

    def of(self, agent_id: str) -> Leg | None:
        """The agent's leg, if it is up."""
        leg = self._legs.get(agent_id)
        return leg if leg is not None and not leg.gone.done() else None

    def want(self, agent_id: str, wanted: bool) -> None:
        """From now on, or no longer. Safe to say again."""
        keeper = self._keepers.get(agent_id)
        if wanted and keeper is None:
            self._keepers[agent_id] = asyncio.create_task(self._keep(agent_id), name=f"standing leg of {agent_id}")
        elif not wanted and keeper is not None:
            del self._keepers[agent_id]
            keeper.cancel()

    def take_up(self, agent_id: str, leg: Leg) -> None:
        """It stood when a server before was killed, and stands yet."""
        self._legs[agent_id] = leg

    async def _keep(self, agent_id: str) -> None:
        leg = self.of(agent_id)
        try:
            while True:
                if leg is None and self._is_free(agent_id):
                    leg = await self._up(agent_id)
                if leg is not None:
                    await asyncio.wait({leg.gone})
                    self._legs.pop(agent_id, None)
                    leg = None
                await asyncio.sleep(AGAIN_S)
        finally:
            self._legs.pop(agent_id, None)
            if leg is not None and not leg.gone.done():
                await leg.hang_up()

    async def _up(self, agent_id: str) -> Leg | None:
        try:
            leg = await self._dial(agent_id)
            try:
                await leg.parked()
            except asyncio.CancelledError:
                await leg.hang_up()
                raise
        except (ActionRefused, ActionTimeout, LinkDown, HungUp) as error:
            log.info("no standing leg yet", agent=agent_id, reason=str(error) or "not answered")
            return None
        self._legs[agent_id] = leg
        return leg

    async def close(self) -> None:
        """All of them end."""
        keepers = list(self._keepers.values())
        self._keepers.clear()
        for keeper in keepers:
            keeper.cancel()
        await asyncio.gather(*keepers, return_exceptions=True)
