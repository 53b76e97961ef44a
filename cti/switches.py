"""What administrators switch while the house runs: an emergency closure, the block list, a calendar's override.

Implements `agents.ports.Switches`. The decision itself is `admission`, which is pure.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy.ext.asyncio import AsyncEngine

from agents.ports import HouseNow, Refused
from cti import events
from cti.bus import Bus
from cti.calendars import Calendars
from db.switches import SwitchStore

Admission = Literal["blocked", "emergency", "anonymous"]
CLOSURE, BLOCKED, CALENDARS = "closure", "blocked", "calendars"
MOST_BLOCKED = 10_000


def admission(
    number: str, *, blocked: Collection[str], closed: bool, anonymous: Literal["serve", "refuse"]
) -> Admission | None:
    """Why a caller is not let in, None for whoever is. An entry of `blocked` that ends in `*` is a beginning."""
    if number and any(number == one or (one.endswith("*") and number.startswith(one[:-1])) for one in blocked):
        return "blocked"
    if closed:
        return "emergency"
    return "anonymous" if not number and anonymous == "refuse" else None


@dataclass(slots=True)
class _Now:
    closed: bool = False
    blocked: tuple[str, ...] = ()


class Switches:
    """In memory for every call, in the database for the next server."""

    def __init__(  # noqa: PLR0913, PLR0917 - what it joins
        self, engine: AsyncEngine, bus: Bus, clock: Callable[[], float], calendars: Calendars,
        anonymous: Literal["serve", "refuse"], on_calendars: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        """`on_calendars`: the override of a calendar has changed, and with it the queues that are open by it."""
        self._on_calendars = on_calendars
        self._store, self._bus, self._clock = SwitchStore(engine), bus, clock
        self._calendars, self._anonymous = calendars, anonymous
        self._now = _Now()

    async def open(self) -> None:
        """As it was left; raises SQLAlchemy's errors."""
        for name, value in (await self._store.all()).items():
            self._is(name, value)

    def admission(self, number: str) -> Admission | None:
        """Why this caller is not let in."""
        now = self._now
        return admission(number, blocked=now.blocked, closed=now.closed, anonymous=self._anonymous)

    def house(self) -> HouseNow:
        now = self._clock()
        stands = {name: self._calendars.stands(name, now) for name in self._calendars.names()}
        return HouseNow(self._now.closed, self._now.blocked, stands, dict(self._calendars.override))

    async def close_house(self, closed: bool, by: str) -> None:
        await self._set(CLOSURE, {"closed": closed}, by)

    async def block(self, numbers: Collection[str], by: str) -> None:
        if len(numbers) > MOST_BLOCKED:
            raise Refused("too_many", f"at most {MOST_BLOCKED} numbers")
        await self._set(BLOCKED, {"numbers": sorted(set(numbers))}, by)

    async def override(self, calendar: str, stands: Literal["open", "closed"] | None, by: str) -> None:
        if calendar not in self._calendars.named:
            raise Refused("no_calendar", f"there is no calendar {calendar}")
        said = {**self._calendars.override, calendar: stands}
        await self._set(CALENDARS, {name: one for name, one in said.items() if one}, by)

    async def _set(self, name: str, value: dict[str, Any], by: str) -> None:
        """Kept first: what a restart would forget is not in force."""
        await self._store.keep(name, value, by, self._clock())
        self._is(name, value)
        self._bus.publish(events.SwitchChanged(at=self._clock(), name=name, value=value, by=by))

    def _is(self, name: str, value: dict[str, Any]) -> None:
        if name == CLOSURE:
            self._now.closed = bool(value.get("closed"))
        elif name == BLOCKED:
            self._now.blocked = tuple(value.get("numbers", ()))
        elif name == CALENDARS:
            self._calendars.override = {one: how for one, how in value.items() if one in self._calendars.named}
            self._on_calendars()
