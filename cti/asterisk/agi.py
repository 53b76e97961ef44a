"""The AsyncAGI conversation of one channel: our own table of commands under way."""

from __future__ import annotations

import asyncio
import itertools
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from cti.asterisk import commands
from cti.asterisk.link import ActionRefused, LinkDown
from cti.asterisk.messages import AsyncAgiExec, Response
from ivr.caller import HungUp


class LeftLoop(Exception):
    """The channel was taken out of its loop before the command had an answer."""


@dataclass(frozen=True, slots=True)
class AgiResult:
    """`code` 200 is good; `data` is the word in brackets, such as `timeout`."""

    code: int
    result: str
    data: str


class AgiConversation:
    """Commands may be sent before the last has answered; each has its own id, deadline and end."""

    def __init__(self, send: Callable[[commands.Command], asyncio.Future[Response]], uniqueid: str) -> None:
        self._send = send
        self._uniqueid = uniqueid
        self._pending: dict[str, asyncio.Future[AgiResult]] = {}
        self._under_way: set[str] = set()  # also those whose answer nobody awaits any more
        self._quiet = asyncio.Event()
        self._quiet.set()
        # What a server before us left queued on this channel still answers: its ids must not be ours.
        token = secrets.token_hex(4)
        self._ids = (f"agi-{token}-{n}" for n in itertools.count(1))

    async def command(self, text: str, deadline_s: float) -> AgiResult:
        """The result; raises HungUp, LeftLoop, LinkDown or TimeoutError."""
        command_id = next(self._ids)
        answer: asyncio.Future[AgiResult] = asyncio.get_running_loop().create_future()
        self._pending[command_id] = answer
        try:
            self._begin(text, command_id)
            async with asyncio.timeout(deadline_s):
                return await answer
        finally:
            self._pending.pop(command_id, None)
            del answer  # an error in it has this frame, which would have it: both would wait for the garbage collector

    def send(self, text: str) -> None:
        """A command whose answer nobody awaits."""
        self._begin(text, next(self._ids))

    def _begin(self, text: str, command_id: str) -> None:
        self._under_way.add(command_id)
        self._quiet.clear()
        self._send(commands.Agi(self._uniqueid, text, command_id)).add_done_callback(
            lambda accepted: self._accepted(command_id, accepted)
        )

    async def quiet(self, most_s: float) -> bool:
        """Asterisk carries out nothing on this channel; False when it does so still after that time."""
        if self._quiet.is_set():
            return True
        try:
            async with asyncio.timeout(most_s):
                await self._quiet.wait()
        except TimeoutError:
            return False
        return True

    def _is_over(self, command_id: str) -> None:
        self._under_way.discard(command_id)
        if not self._under_way:
            self._quiet.set()

    def _accepted(self, command_id: str, accepted: asyncio.Future[Response]) -> None:
        error = None if accepted.cancelled() else accepted.exception()
        if error is not None:
            self._is_over(command_id)
        pending = self._pending.get(command_id)
        if error is not None and pending is not None and not pending.done():
            # Refused means that there is no such channel in a loop: the same as having left it.
            pending.set_exception(LeftLoop() if isinstance(error, ActionRefused) else error)

    def on_exec(self, message: AsyncAgiExec) -> None:
        self._is_over(message.command_id)
        pending = self._pending.get(message.command_id)
        if pending is not None and not pending.done():
            pending.set_result(AgiResult(message.code, message.result, message.data))

    def on_end(self) -> None:
        self._fail(LeftLoop)

    def on_hangup(self) -> None:
        self._fail(HungUp)

    def on_link_down(self) -> None:
        self._fail(LinkDown)

    def _fail(self, error: type[Exception]) -> None:
        self._under_way.clear()
        self._quiet.set()
        for pending in list(self._pending.values()):
            if not pending.done():
                pending.set_exception(error())
