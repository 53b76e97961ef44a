"""Callbacks carried out: kept, put in line with their own time, and tried again."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from agents.ports import Refused
from cti import events
from cti.bus import Bus
from cti.call import Call, Wish
from cti.callback_rules import OPEN, Request, Rules, after_attempt, due, let_go, refusal, taken_up
from cti.calls import Calls
from cti.numbers import as_dialled
from db.callbacks import Waiting

log = structlog.get_logger(__name__)
LOOK_S = 1.0
DAY_S = 86_400.0
NOT_REACHED = {"not_reached", "not_served", "server_stopped", "failed"}


class Callbacks:
    """All that are open, in memory and in the database. `may_dial` is the house's class of service.

    `near`: whether who came into this queue then would be served soon. With it the customer's phone is called first,
    when that is so; else the agent's, when it is the customer's turn.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what it joins
        self, bus: Bus, clock: Callable[[], float], calls: Calls, memory: Waiting, rules: Rules,
        may_dial: Callable[[str], bool], language: str, near: Callable[[str, float], bool] | None = None,
    ) -> None:  # fmt: skip
        self._bus, self._clock, self._calls, self._memory, self._rules = bus, clock, calls, memory, rules
        self._may_dial, self._language, self._near = may_dial, language, near
        self._known: dict[str, Request] = {}  # of the last day, or open
        self._carried: dict[str, str] = {}  # call that carries one out: which
        self._keeping: asyncio.Queue[Request] = asyncio.Queue()
        self._looking: asyncio.Task[None] | None = None
        bus.subscribe(events.CallEnded, self._call_ended)

    @property
    def open(self) -> list[Request]:
        return [one for one in self._known.values() if one.state in OPEN]

    @property
    def states(self) -> dict[str, str]:
        """By the call they came of, those of the last day and all that are open; of several the newest."""
        return {one.call_id: one.state for one in self._known.values()}

    def refused(self, number: str, caller: str) -> str | None:
        """Why this number is not called back: `class_of_service`, `already`, `too_often`."""
        if not self._may_dial(number):
            return "class_of_service"
        return refusal(self._known.values(), number, caller, self._clock(), self._rules)

    def ask(self, call: Call, number: str, wish: Wish, since: float) -> Request:
        """Whoever is in this call is called back, once it has ended."""
        now = self._clock()
        request = Request(
            _new_id(), call.id, number, call.facts.number, wish.queue, wish.requires, wish.priority,
            call.facts.language, since, now, now + self._rules.expires_s,
        )  # fmt: skip
        call.publish(events.CallbackAsked, callback_id=request.id, number=number, since=since)
        self._is(request)
        return request

    def recover(self, call_id: str, story: Mapping[str, Any], requires: str, since: float, by: str) -> Request:
        """Somebody who gave up in a queue is called back, with that place in line; raises Refused."""
        number, now = as_dialled(str(story.get("number") or "")), self._clock()
        why = self.refused(number, "") if number else "no_number"
        if why is not None:
            raise Refused(why, f"{number or 'nobody'} is not called back: {why}")
        language = str(story.get("language") or self._language)
        return self._at_once(Request(
            _new_id(), call_id, number, "", str(story["queue"]), requires, 0.0, language, since, now,
            now + self._rules.expires_s,
        ), by)  # fmt: skip

    def _at_once(self, request: Request, by: str | None) -> Request:
        """Nobody is on the line any more: it is in line from now on."""
        request = replace(request, state="waiting", due_at=request.asked_at)
        self._bus.publish(
            events.CallbackAsked(
                at=request.asked_at, call_id=request.call_id, queue=request.queue, callback_id=request.id,
                number=request.number, since=request.since, by=by,
            )
        )  # fmt: skip
        self._is(request)
        return request

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Raises SQLAlchemy's errors. Whoever was being called when the server went is in line again."""
        now = self._clock()
        for row in await self._memory.callbacks(OPEN, now - DAY_S):
            request = Request(**row)
            self._known[request.id] = taken_up(request, now)
        keeping = asyncio.create_task(self._keep(), name="keep callbacks")
        try:
            yield
        finally:
            if self._looking is not None:
                self._looking.cancel()
            self._keeping.put_nowait(END)
            await asyncio.wait({keeping}, timeout=5.0)
            keeping.cancel()

    def begin(self) -> None:
        """The house is open: whose time has come is put in line from now on.

        Calls of an earlier run are there again: who speaks with an agent already, or with the menu yet, is not called.
        """
        for call in self._calls.calls.values():
            if (carried := self._known.get(call.facts.carries)) is not None:
                self._carried[call.id] = carried.id
                self._known[carried.id] = replace(carried, state="calling")
            for request in self.open:
                if request.call_id == call.id:
                    self._known[request.id] = replace(request, state="asked")
        self._looking = asyncio.create_task(self._look(), name="look after callbacks")

    def _is(self, request: Request) -> None:
        """What it is from now on: in memory, in the journal, in the database."""
        before = self._known.get(request.id)
        self._known[request.id] = request
        self._keeping.put_nowait(request)
        if before is not None and before != request:
            self._bus.publish(
                events.CallbackMoved(
                    at=self._clock(), call_id=request.call_id, queue=request.queue, callback_id=request.id,
                    state=request.state, tries=request.tries,
                    due_at=request.due_at if request.state == "waiting" else None,
                )
            )  # fmt: skip

    async def _look(self) -> None:
        """Once a second: whose time has come, and what is old and closed."""
        while True:
            now = self._clock()
            for request in list(self._known.values()):
                if request.state not in OPEN and now - request.asked_at > DAY_S:
                    del self._known[request.id]
                elif self._too_early(request):
                    continue
                elif (moved := due(request, now)) != request:
                    self._is(moved)
                    if moved.state == "calling":
                        self._put_in_line(moved)
            await asyncio.sleep(LOOK_S)

    def _too_early(self, request: Request) -> bool:
        """A customer who is called first is called when the turn is near."""
        waits = request.state == "waiting" and self._clock() < request.expires_at
        return waits and self._near is not None and not self._near(request.queue, request.since)

    def _put_in_line(self, request: Request) -> None:
        call = self._calls.make_for(request.number, "callback", request.language)
        self._carried[call.id] = call.facts.carries = request.id
        since = request.since if self._near is not None else None
        call.waiting_as(Wish(request.queue, request.requires, request.priority, since=since), request.since)
        self._calls.begin(call)

    def _make_good(self, call: Call) -> None:
        """Who was lost with Asterisk while waiting or talking is called back, with the place in line of then."""
        facts, now = call.facts, self._clock()
        number = as_dialled(facts.number)
        if not facts.queue or facts.direction != "in" or self.refused(number, facts.number) is not None:
            return
        since = facts.waiting_since or facts.arrived_at
        self._at_once(Request(
            _new_id(), call.id, number, facts.number, facts.queue, "", 0.0, facts.language, since, now,
            now + self._rules.expires_s,
        ), None)  # fmt: skip

    def _call_ended(self, event: events.CallEnded) -> None:
        now = self._clock()
        lost = self._calls.calls.get(event.call_id or "") if event.outcome == "pbx_restart" else None
        if lost is not None:
            self._make_good(lost)
        carried = self._carried.pop(event.call_id or "", None)
        if carried is not None:
            reached, tried = event.outcome not in NOT_REACHED, event.outcome == "not_reached"
            request = self._known[carried]
            self._is(after_attempt(request, reached=reached, tried=tried, now=now, rules=self._rules))
        for request in self.open:
            if request.call_id == event.call_id and request.state == "asked":
                self._is(let_go(request, now))

    async def _keep(self) -> None:
        """One after another, each again until the database has it."""
        while (request := await self._keeping.get()) is not END:
            while True:
                try:
                    await self._memory.keep_callback(asdict(request))
                    break
                except (SQLAlchemyError, OSError) as error:
                    log.warning("a callback could not be kept yet", callback=request.id, reason=type(error).__name__)
                    await asyncio.sleep(LOOK_S)


def _new_id() -> str:
    return f"b{secrets.token_hex(8)}"


END = Request("", "", "", "", "", "", 0.0, "", 0.0, 0.0, 0.0)
