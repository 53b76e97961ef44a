"""Quotes and order status over a FIX 4.4 session; `simplefix` makes and takes apart the bytes.

FIX 4.4 specification: market data snapshot (V, W, Y), order status request (H, 8). A session begins anew with each
connection (ResetSeqNumFlag): nothing is asked that must not be lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

import structlog
from simplefix import FixMessage, FixParser

from cti.host import Balance, Host, HostDown, NewOrder, NoSuch, OrderState, OrderStatus, Position, Quote, Side

log = structlog.get_logger(__name__)
CONNECT_S = 3.0
CENT = Decimal("0.01")
STATES: dict[bytes, OrderState] = {
    b"0": "accepted", b"A": "accepted", b"1": "partly_filled", b"2": "filled", b"4": "cancelled", b"8": "rejected",
    b"C": "cancelled",
}  # fmt: skip
SIDES: dict[bytes, Side] = {b"1": "buy", b"2": "sell"}
TRADE, CLOSE = b"2", b"5"  # MDEntryType
UNKNOWN_ORDER, UNKNOWN_SYMBOL = b"5", b"0"  # OrdRejReason, MDReqRejReason


@dataclass(frozen=True, slots=True)
class Session:
    """Where the acceptor is and who we are to it."""

    host: str
    port: int
    sender: str
    target: str
    heartbeat_s: int = 30


class FixSession:
    """One connection at a time, made when something is asked. Raises HostDown; what waits fails with the connection."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._beating: asyncio.Task[None] | None = None
        self._waiting: dict[bytes, asyncio.Future[FixMessage]] = {}
        self._door = asyncio.Lock()
        self._out, self._in = 1, 1
        self._logged_on = asyncio.Event()
        self._ids = itertools.count(1)

    async def ask(self, kind: bytes, id_tag: int, fill: Callable[[FixMessage], None]) -> FixMessage:
        """The answer that carries our request's id in `id_tag`."""
        await self._connected()
        request = f"{int(time.time())}-{next(self._ids)}".encode()
        message = self._message(kind)
        message.append_pair(id_tag, request)
        fill(message)
        answer = self._waiting[request] = asyncio.get_running_loop().create_future()
        try:
            await self._send(message)
            return await answer
        finally:
            self._waiting.pop(request, None)

    async def close(self) -> None:
        """Logged out, if it was on."""
        if self._writer is not None and self._logged_on.is_set():
            with contextlib.suppress(HostDown):
                await self._send(self._message(b"5"))
        await self._drop("closed by us")

    async def _connected(self) -> None:
        async with self._door:
            if self._logged_on.is_set():
                return
            await self._drop("a new connection")
            where = f"{self._session.host}:{self._session.port}"
            try:
                async with asyncio.timeout(CONNECT_S):
                    reader, self._writer = await asyncio.open_connection(self._session.host, self._session.port)
                    self._out = self._in = 1
                    self._reading = asyncio.create_task(self._read(reader), name="fix")
                    logon = self._message(b"A")
                    logon.append_pair(98, 0)
                    logon.append_pair(108, self._session.heartbeat_s)
                    logon.append_pair(141, "Y")
                    await self._send(logon)
                    await self._logged_on.wait()
            except (OSError, TimeoutError) as error:
                await self._drop("no logon")
                raise HostDown(f"FIX at {where}: {type(error).__name__}") from None
            self._beating = asyncio.create_task(self._beat(), name="fix heartbeat")

    def _message(self, kind: bytes) -> FixMessage:
        message = FixMessage()
        message.append_pair(8, "FIX.4.4", header=True)
        message.append_pair(35, kind, header=True)
        message.append_pair(49, self._session.sender, header=True)
        message.append_pair(56, self._session.target, header=True)
        message.append_utc_timestamp(52, header=True)
        return message

    async def _send(self, message: FixMessage) -> None:
        if self._writer is None:
            raise HostDown("FIX: no connection")
        message.append_pair(34, self._out, header=True)
        self._out += 1
        try:
            self._writer.write(message.encode())
            await self._writer.drain()
        except OSError as error:
            raise HostDown(f"FIX: {type(error).__name__}") from None

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._session.heartbeat_s)
            await self._send(self._message(b"0"))

    async def _read(self, reader: asyncio.StreamReader) -> None:
        """Until the other side ends it, or says what cannot be."""
        parser, why = FixParser(), "the acceptor ended the session"
        silent_s = 2.5 * self._session.heartbeat_s
        try:
            while True:
                async with asyncio.timeout(silent_s):
                    data = await reader.read(65536)
                if not data:
                    break
                parser.append_buffer(data)
                while (message := parser.get_message()) is not None:
                    await self._take(message)
        except (OSError, TimeoutError, HostDown, ValueError) as error:
            why = f"{type(error).__name__} {error}".strip()
        self._logged_on.clear()
        self._fail(why)

    async def _take(self, message: FixMessage) -> None:
        """Raises HostDown when it cannot go on: a message is missing, or we are logged out."""
        number = message.get(34)
        if number is None or int(number) != self._in:
            raise HostDown(f"FIX: message {self._in} was expected, {number!r} came")
        self._in += 1
        kind = message.message_type
        if kind == b"A":
            self._logged_on.set()
        elif kind == b"1":
            answer = self._message(b"0")
            answer.append_pair(112, message.get(112) or b"")
            await self._send(answer)
        elif kind == b"5":
            raise HostDown(f"FIX: logged out: {(message.get(58) or b'').decode(errors='replace')}")
        else:
            self._answered(message)

    def _answered(self, message: FixMessage) -> None:
        """By the id of a market data request, an order status request, or of what was rejected."""
        for tag in (262, 790, 379):
            waiting = self._waiting.get(message.get(tag) or b"")
            if waiting is not None and not waiting.done():
                waiting.set_result(message)
                return

    def _fail(self, why: str) -> None:
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(HostDown(f"FIX: {why}"))

    async def _drop(self, why: str) -> None:
        self._logged_on.clear()
        self._fail(why)
        for task in (self._beating, self._reading):
            if task is not None and task is not asyncio.current_task():
                task.cancel()
                await asyncio.wait({task})
        if self._writer is not None:
            self._writer.close()
            with contextlib.suppress(OSError):
                await self._writer.wait_closed()
        self._writer = None


class FixHost:
    """Quotes and order status over FIX; all else is asked of `other`."""

    def __init__(self, session: FixSession, other: Host) -> None:
        self._session, self._other = session, other

    async def quote(self, code: str) -> Quote:
        def fill(message: FixMessage) -> None:
            for tag, value in ((263, 0), (264, 1), (267, 2), (269, TRADE), (269, CLOSE), (146, 1), (55, code)):
                message.append_pair(tag, value)

        answer = await self._session.ask(b"V", 262, fill)
        if answer.message_type == b"Y":
            if answer.get(281) == UNKNOWN_SYMBOL:
                raise NoSuch(f"code {code}")
            raise HostDown("FIX: the quote was refused")
        if answer.message_type != b"W" or answer.get(55) != code.encode():
            raise HostDown(f"FIX: asked for a quote of {code}, told of {answer.get(55)!r}")
        prices = _entries(answer)
        price, close = prices.get(TRADE), prices.get(CLOSE)
        if not price or price <= 0 or not close or close <= 0:
            raise HostDown("FIX: a quote without its prices")
        name = (answer.get(107) or b"").decode("utf-8", "replace")
        return Quote(code, name, price, ((price / close - 1) * 100).quantize(CENT), time.time())

    async def order_status(self, account: str, order: str) -> OrderStatus:
        def fill(message: FixMessage) -> None:
            for tag, value in ((37, order), (11, order), (1, account), (55, "[N/A]"), (54, 1)):
                message.append_pair(tag, value)

        answer = await self._session.ask(b"H", 790, fill)
        if answer.message_type != b"8":
            raise HostDown("FIX: the order's status was refused")
        if answer.get(39) == b"8" and answer.get(103) == UNKNOWN_ORDER:
            raise NoSuch(f"order {order}")
        if answer.get(37) != order.encode() or answer.get(1) not in {None, account.encode()}:
            raise HostDown(f"FIX: asked for order {order}, told of another")
        state, side = STATES.get(answer.get(39) or b""), SIDES.get(answer.get(54) or b"")
        if state is None or side is None:
            raise HostDown("FIX: an order of no known state or side")
        code = (answer.get(55) or b"").decode("ascii", "replace")
        return OrderStatus(order, code, side, _count(answer, 38), _count(answer, 14), state)

    async def authenticate(self, account: str, pin: str) -> bool:
        return await self._other.authenticate(account, pin)

    async def balance(self, account: str) -> Balance:
        return await self._other.balance(account)

    async def positions(self, account: str) -> tuple[Position, ...]:
        return await self._other.positions(account)

    async def orders(self, account: str) -> tuple[OrderStatus, ...]:
        return await self._other.orders(account)

    async def place(self, order: NewOrder, key: str) -> str:
        return await self._other.place(order, key)

    async def close(self) -> None:
        await self._session.close()
        await self._other.close()


def _entries(message: FixMessage) -> dict[bytes, Decimal]:
    """Prices by the type of their entry; each begins a part of the repeating group."""
    found: dict[bytes, Decimal] = {}
    kind = b""
    for tag, value in message.pairs:
        if int(tag) == 269:
            kind = value
        elif int(tag) == 270 and kind:
            found[kind] = _amount(value)
    return found


def _amount(value: bytes) -> Decimal:
    try:
        amount = Decimal(value.decode("ascii"))
    except (InvalidOperation, UnicodeDecodeError):
        raise HostDown("FIX: no amount where one belongs") from None
    if not amount.is_finite() or abs(amount) >= 10**12:
        raise HostDown("FIX: an amount that cannot be")
    return amount


def _count(message: FixMessage, tag: int) -> int:
    amount = _amount(message.get(tag) or b"")
    if amount != int(amount) or amount < 0:
        raise HostDown(f"FIX: tag {tag} is no count")
    return int(amount)
