"""What a caller hears and may choose while waiting: the music is on before and after."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import structlog

import ivr.run
from cti.caller import MenuCaller
from ivr.caller import HungUp
from ivr.in_line import Outlook, Treatment, told
from ivr.nodes import MenuSet
from ivr.run import Goodbye
from ivr.values import Piece, pieces

if TYPE_CHECKING:
    from cti.call import Call

log = structlog.get_logger(__name__)
BREATH_S = 0.05  # whom somebody has answered by then needs no music, and no time to end it


class Treating:
    """Of one caller, in one wait. Its failure costs nobody a place."""

    def __init__(
        self, call: Call, caller: MenuCaller, treatment: Treatment, menu: Callable[[str], MenuSet | None],
        outlook: Callable[[], Outlook | None],
    ) -> None:  # fmt: skip
        self._call, self._caller, self._treatment = call, caller, treatment
        self._menu, self._outlook = menu, outlook

    async def go_on(self, first: str) -> None:
        """Until it is cancelled, or the caller has chosen to wait no longer."""
        try:
            await asyncio.sleep(BREATH_S)
            await self._call.leg.music(True)
            await self._say([first] if first else [])
            turn = 0
            while True:
                key = await self._call.leg.key(self._treatment.every_s)
                if key is None:
                    said, values = told(self._treatment, turn, self._outlook())
                    turn += 1
                    await self._say(pieces(said, values, self._caller.language), barge_in=True)
                elif key in self._treatment.offers and await self._chosen(self._treatment.offers[key]):
                    return
        except HungUp:
            return
        except Exception:
            log.exception("what is said to those who wait failed", call_id=self._call.id)

    async def _say(self, said: Sequence[Piece], *, barge_in: bool = False) -> None:
        if said:
            await self._caller.play(*said, barge_in=barge_in)
            await self._call.leg.music(True)

    async def _chosen(self, name: str) -> bool:
        """Whether the caller waits no longer."""
        menu = self._menu(name)
        if menu is None:
            return False
        outcome = await ivr.run.run(menu, self._caller)
        if isinstance(outcome, Goodbye):
            self._call.waits_no_longer(outcome.reason)
            return True
        await self._call.leg.music(True)
        return False
