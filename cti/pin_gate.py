"""Who a caller is, by account and PIN. A wrong PIN, an unknown account and a locked one look and take alike."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import structlog
from sqlalchemy.exc import SQLAlchemyError

from cti.host import Host, HostDown
from db.pin_tries import PinTries
from ivr.locks import Book, Rule, Tries

log = structlog.get_logger(__name__)
KEEP_S = 5.0
ANSWER_S = 1.0  # no answer comes sooner, and none later for being another


class PinGate:
    """Asks the host, unless the account or the caller's number is locked. Locks outlive calls and the server."""

    def __init__(self, host: Host, memory: PinTries, rule: Rule, clock: Callable[[], float]) -> None:
        self._host, self._memory, self._rule, self._clock = host, memory, rule, clock
        self._book = Book(rule)
        self._keeping: set[asyncio.Task[None]] = set()
        self._host_s = 0.0  # how long its last answer took

    async def open(self) -> None:
        """What was tried before; raises SQLAlchemy's errors."""
        known = await self._memory.since(self._clock() - self._rule.forget_s)
        self._book = Book(self._rule, {key: Tries(*values) for key, values in known.items()})

    async def is_right(self, account: str, pin: str, caller: str) -> bool:
        """Raises HostDown; the try then counts for nothing."""
        keys = [f"account:{account}", *([f"caller:{caller}"] if caller else [])]
        begun = time.monotonic()
        before = self._book.begin(keys, self._clock())
        right = False
        if before is None:
            await asyncio.sleep(self._host_s)
        else:
            try:
                right = await self._host.authenticate(account, pin)
            except HostDown:
                self._book.undecided(before)
                raise
            finally:  # whoever hangs up has tried too
                self._keep_soon(keys)
            self._host_s = time.monotonic() - begun
            if right:
                self._book.right(keys)
        await asyncio.sleep(max(0.0, ANSWER_S - (time.monotonic() - begun)))
        return right

    async def close(self) -> None:
        """All that was tried is kept, or has failed to be."""
        if self._keeping:
            await asyncio.wait(self._keeping, timeout=KEEP_S)

    def _keep_soon(self, keys: list[str]) -> None:
        """Nobody waits for it: a slow database is not to tell one answer from another."""
        task = asyncio.create_task(self._keep(keys), name="keep wrong PINs")
        self._keeping.add(task)
        task.add_done_callback(self._keeping.discard)

    async def _keep(self, keys: list[str]) -> None:
        found = {key: self._book.of(key) for key in keys}
        try:
            await self._memory.keep({key: (one.wrong, one.last_at, one.locked_until) for key, one in found.items()})
        except SQLAlchemyError as error:  # they are known in memory, and kept with the next
            log.warning("wrong PINs could not be kept", reason=type(error).__name__)
