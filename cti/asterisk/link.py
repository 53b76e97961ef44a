"""The one connection to Asterisk's manager: panoramisk's Manager behind a protocol of our own.

Messages are delivered in order to one callback that cannot hurt the link. Every action has a deadline. When the link
is lost all that was pending fails with LinkDown and nothing is sent again: whoever asked reconciles with the PBX.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import structlog
from panoramisk import Manager

from cti.asterisk import commands
from cti.asterisk.commands import Command, encode
from cti.asterisk.messages import BufferOverflow, Fields, FullyBooted, ListItem, Message, Response, parse, split

log = structlog.get_logger(__name__)
NEVER_S = 10**9
# More than the watchdog needs: what a dead link swallows fails as LinkDown, which is reconciled, never as a timeout.
DEADLINE_S = 15.0
BEFORE_UP = {"Login", "Ping"}


class LinkDown(Exception):
    """There is no connection, or it broke before the answer."""


class LinkRefused(Exception):
    """Asterisk does not let us in."""


class ActionRefused(Exception):
    """Asterisk said no; the message is its own."""


class ActionTimeout(Exception):
    """No answer within the deadline."""


@dataclass(slots=True)
class _Pending:
    """`answer` gets the response, or where `rows` are wanted the rows, or what went wrong."""

    answer: asyncio.Future[Any]
    rows: list[Fields] | None


class _Welcome:
    """What panoramisk's login callback wants to see of an answer."""

    def __init__(self, success: bool) -> None:
        self.success = success


class _Manager(Manager):  # type: ignore[misc]
    """A Manager that can be closed for good, and never sends an action twice."""

    closed = False
    connecting: asyncio.Task[Any] | None = None

    def connect(self, *args: Any, **kwargs: Any) -> Any:
        if not self.closed:
            self.connecting = super().connect(*args, **kwargs)
        return self.connecting

    def connection_made(self, made: asyncio.Future[Any]) -> None:
        if not made.cancelled():
            super().connection_made(made)

    def close_for_good(self) -> None:
        self.closed = True
        if self.connecting is not None:
            self.connecting.cancel()
        self.close()

    async def send_awaiting_actions(self, *_: Any) -> None:
        self.awaiting_actions.clear()


class _Protocol(asyncio.Protocol):
    """Bytes to ordered messages. panoramisk sets `factory`, `responses` and the like on it."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self.factory: Any = None
        self.closed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one, and says so to nobody

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._link.greeted and (end := self._buffer.find(b"\r\n")) >= 0:
            del self._buffer[: end + 2]  # the banner: one line without the blank one behind it
            self._link.greeted = True
        try:
            blocks = split(self._buffer)
        except BufferOverflow as error:
            log.warning("manager link dropped", reason=str(error))
            self.close()
            return
        for block in blocks:
            self._link.take(block)

    def write(self, data: bytes) -> None:
        if self._transport is None or self.closed:
            raise LinkDown("not connected")
        self._transport.write(data)

    def send(self, action: dict[str, Any], as_list: bool = False) -> asyncio.Future[_Welcome]:  # noqa: ARG002
        """panoramisk's own door, used by it for Login alone."""
        return self._link.login(action)

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        self._link.lost(str(exc) if exc else "closed by the far side")
        if self.factory is not None:
            self.factory.connection_lost(exc)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()


class Link:
    """Actions out, messages in."""

    def __init__(  # noqa: PLR0913 - where, who, and who listens
        self,
        *,
        host: str,
        port: int,
        user: str,
        secret: str,
        on_message: Callable[[Message], None],
        on_up: Callable[[], None] = lambda: None,
        on_down: Callable[[str], None] = lambda _: None,
        ping_every_s: float = 5.0,
        ping_deadline_s: float = 8.0,
        reconnect_s: int = 1,
    ) -> None:
        self.greeted = False
        self.events = self.dropped = self.actions = 0
        self._where = f"{host}:{port}"
        self._user, self._secret = user, secret
        self._on_message, self._on_up, self._on_down = on_message, on_up, on_down
        self._ping_every_s, self._ping_deadline_s = ping_every_s, ping_deadline_s
        self._ids = itertools.count(1)
        self._pending: dict[str, _Pending] = {}
        self._up = False
        self._refused: str | None = None
        self._first = asyncio.Event()
        self._watchdog: asyncio.Task[None] | None = None
        self._manager = _Manager(
            host=host,
            port=port,
            username=user,
            secret=secret,
            ping_delay=NEVER_S,
            ping_interval=NEVER_S,
            reconnect_timeout=reconnect_s,
            protocol_factory=lambda: _Protocol(self),
            loop=asyncio.get_running_loop(),
        )

    @property
    def up(self) -> bool:
        return self._up

    async def start(self, deadline_s: float = 10.0) -> None:
        """Logged in and booted; raises LinkRefused for a wrong secret, LinkDown when nobody is there."""
        self._manager.connect()
        try:
            async with asyncio.timeout(deadline_s):
                await self._first.wait()
        except TimeoutError:
            await self.close()
            raise LinkDown(f"no Asterisk manager answers at {self._where}") from None
        if self._refused is not None:
            await self.close()
            raise LinkRefused(f"Asterisk at {self._where} refuses user {self._user!r}: {self._refused}")

    async def close(self) -> None:
        """Gone for good: nothing reconnects, nothing is pending."""
        self._manager.close_for_good()
        if self._watchdog is not None:
            self._watchdog.cancel()
        self.lost("closed by us")
        await asyncio.sleep(0)  # lets the transport tell its protocol

    # -- actions -----------------------------------------------------------------------------------------------------

    def send(self, command: Command, deadline_s: float = DEADLINE_S) -> asyncio.Future[Response]:
        """Written now; the future gets what `action` gives or raises. For pipelining."""
        return self._send(command, deadline_s, None)

    async def action(self, command: Command, deadline_s: float = DEADLINE_S) -> Response:
        """The response; raises ActionRefused, ActionTimeout, LinkDown or BadValue."""
        return await self.send(command, deadline_s)

    async def rows(self, command: Command, deadline_s: float = DEADLINE_S) -> list[Fields]:
        """The rows of an action that answers with a list; raises as `action` does."""
        rows: list[Fields] = await self._send(command, deadline_s, [])
        return rows

    def _send(self, command: Command, deadline_s: float, rows: list[Fields] | None) -> asyncio.Future[Any]:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Any] = loop.create_future()
        action_id = f"z{next(self._ids)}"
        data = encode(command, action_id)
        timer = loop.call_later(deadline_s, self._expire, action_id, f"{command.action}: no answer from {self._where}"
                                f" in {deadline_s:g} s")  # fmt: skip
        self._pending[action_id] = _Pending(answer, rows)

        def settled(done: asyncio.Future[Any]) -> None:
            timer.cancel()
            self._pending.pop(action_id, None)
            # An answer nobody awaits any more (a pipelined command of an ended call) is no fault worth a warning.
            _ = done.cancelled() or done.exception()

        answer.add_done_callback(settled)
        try:
            if not self.up and command.action not in BEFORE_UP:
                raise LinkDown("not up")  # noqa: TRY301 - the one answer to both
            self._manager.protocol.write(data)
            self.actions += 1
        except (LinkDown, AttributeError):
            answer.set_exception(LinkDown(f"no link to {self._where}"))
        return answer

    def _expire(self, action_id: str, reason: str) -> None:
        pending = self._pending.get(action_id)
        if pending is not None and not pending.answer.done():
            pending.answer.set_exception(ActionTimeout(reason))

    # -- what the protocol says --------------------------------------------------------------------------------------

    def login(self, action: dict[str, Any]) -> asyncio.Future[_Welcome]:
        """Log in with the Manager's own words; its callback learns whether we are in."""
        loop = asyncio.get_running_loop()
        welcome: asyncio.Future[_Welcome] = loop.create_future()
        answer = self.send(commands.Login(action["Username"], action["Secret"]), self._ping_deadline_s)
        self._watchdog = asyncio.create_task(self._watch(answer), name="ping watchdog")

        def tell(done: asyncio.Future[Response]) -> None:
            error = done.exception()
            if isinstance(error, ActionRefused):
                self._refused = str(error)
                log.error("manager refuses our log-in", where=self._where, user=self._user, reason=str(error))
                self._manager.closed = not self._first.is_set()
                self._first.set()
            welcome.set_result(_Welcome(error is None))

        answer.add_done_callback(tell)
        return welcome

    def take(self, block: bytes) -> None:
        """One block from the wire; never raises."""
        try:
            message = parse(block)
            if message is None:
                self.dropped += 1
            elif isinstance(message, Response):
                self._answered(message)
            elif isinstance(message, ListItem):
                self._listed(message)
            else:
                self.events += 1
                if isinstance(message, FullyBooted):
                    self._booted()
                self._on_message(message)
        except Exception:
            log.exception("a message could not be handled", block=block[:200])

    def _answered(self, message: Response) -> None:
        pending = self._pending.get(message.action_id)
        if pending is None or pending.answer.done():
            return
        if not message.ok:
            pending.answer.set_exception(ActionRefused(message.message))
        elif pending.rows is None:
            pending.answer.set_result(message)

    def _listed(self, message: ListItem) -> None:
        pending = self._pending.get(message.action_id)
        if pending is None or pending.rows is None or pending.answer.done():
            return
        if message.last:
            pending.answer.set_result(pending.rows)
        else:
            pending.rows.append(message.fields)

    def _booted(self) -> None:
        if self.up:
            return
        self._refused = None
        self._up = True
        self._first.set()
        self._on_up()

    def lost(self, reason: str) -> None:
        """All that is pending fails; nothing will be sent again."""
        was_up = self.up
        self._up = False
        self.greeted = False
        pending, self._pending = self._pending, {}
        for one in pending.values():
            if not one.answer.done():
                one.answer.set_exception(LinkDown(f"link to {self._where} lost: {reason}"))
        if self._watchdog is not None:
            self._watchdog.cancel()
            self._watchdog = None
        if was_up:
            (log.info if self._manager.closed else log.warning)("manager link lost", where=self._where, reason=reason)
            try:
                self._on_down(reason)
            except Exception:  # panoramisk has yet to hear of it, and connects again
                log.exception("a listener failed")

    async def _watch(self, logged_in: asyncio.Future[Response]) -> None:
        """A link that does not answer, from the log-in on, is closed after one ping interval and one deadline."""
        try:
            await logged_in
            while True:
                await asyncio.sleep(self._ping_every_s)
                started = time.monotonic()
                await self.action(commands.Ping(), self._ping_deadline_s)
                log.debug("ping", s=round(time.monotonic() - started, 4))
        except ActionTimeout as error:
            log.warning("manager does not answer", where=self._where, reason=str(error))
            self._manager.protocol.close()
        except (ActionRefused, LinkDown):
            return
