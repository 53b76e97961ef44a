"""Whatever host there is, asked with a deadline, by so many at once, and left in peace while it is down."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from cti.host import Balance, Host, HostDown, NewOrder, NoSuch, OrderStatus, Position, Quote
from cti.hosts.breaker import Breaker, Rule

T = TypeVar("T")
log = structlog.get_logger(__name__)


class GuardedHost:
    """As `cti.host.Host`; whatever goes wrong in the adapter is HostDown, at the latest after `deadline_s`.

    `sessions`: so many questions at once; others wait, within their deadline. `on_change` hears when it goes down, with
    the reason, and when it is back, with None.
    """

    def __init__(  # noqa: PLR0913 - what guards it
        self,
        host: Host,
        *,
        deadline_s: float = 3.0,
        sessions: int = 8,
        rule: Rule = Rule(),  # noqa: B008 - frozen
        clock: Callable[[], float] = time.monotonic,
        on_change: Callable[[str | None], None] = lambda _why: None,
    ) -> None:
        self._host, self._deadline_s, self._clock, self._on_change = host, deadline_s, clock, on_change
        self._gate = asyncio.Semaphore(sessions)
        self._breaker = Breaker(rule)
        self.down: str | None = None  # why, while it is

    async def authenticate(self, account: str, pin: str) -> bool:
        return await self._ask(lambda: self._host.authenticate(account, pin))

    async def balance(self, account: str) -> Balance:
        return await self._ask(lambda: self._host.balance(account))

    async def positions(self, account: str) -> tuple[Position, ...]:
        return await self._ask(lambda: self._host.positions(account))

    async def quote(self, code: str) -> Quote:
        return await self._ask(lambda: self._host.quote(code))

    async def order_status(self, account: str, order: str) -> OrderStatus:
        return await self._ask(lambda: self._host.order_status(account, order))

    async def orders(self, account: str) -> tuple[OrderStatus, ...]:
        return await self._ask(lambda: self._host.orders(account))

    async def place(self, order: NewOrder, key: str) -> str:
        return await self._ask(lambda: self._host.place(order, key))

    async def close(self) -> None:
        await self._host.close()

    async def _ask(self, question: Callable[[], Awaitable[T]]) -> T:
        if not self._breaker.may_ask(self._clock()):
            raise HostDown(f"the host is left in peace: {self.down}")
        try:
            async with asyncio.timeout(self._deadline_s), self._gate:
                answer = await question()
        except NoSuch:
            self._answered()
            raise
        except asyncio.CancelledError:
            self._breaker.unasked()
            raise
        except TimeoutError:
            self._failed(f"no answer within {self._deadline_s:g} s")
            raise HostDown(f"no answer within {self._deadline_s:g} s") from None
        except HostDown as error:
            self._failed(str(error))
            raise
        except Exception as error:  # whatever an adapter meets costs nobody more than the answer
            log.exception("the host's adapter failed")
            self._failed(f"{type(error).__name__}: {error}")
            raise HostDown(type(error).__name__) from error
        self._answered()
        return answer

    def _answered(self) -> None:
        self._breaker.succeeded()
        self._told(None)

    def _failed(self, why: str) -> None:
        self._breaker.failed(self._clock())
        if self._breaker.open:
            self._told(why)

    def _told(self, why: str | None) -> None:
        was, self.down = self.down, why
        if (was is None) != (why is None):
            self._on_change(why)
