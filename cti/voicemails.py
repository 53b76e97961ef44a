"""Messages that callers leave: kept in files, and in line for an agent until one has heard them."""

from __future__ import annotations

import asyncio
import secrets
import wave
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from cti import events
from cti.bus import Bus
from cti.call import Call, Wish
from cti.calls import Calls
from db.callbacks import Waiting

log = structlog.get_logger(__name__)
LEAST_S = 1.0
SILENCE_S = 5.0
AGAIN_S = 60.0
KEEP_S = 1.0
LOOK_S = 3600.0
MOST_LISTED = 200


@dataclass(frozen=True, slots=True)
class Message:
    """`state`: `new` until an agent has heard it, then `heard`."""

    id: str
    call_id: str
    number: str
    queue: str
    requires: str
    language: str
    at: float
    seconds: float
    state: str = "new"
    agent_id: str | None = None


class Voicemails:
    """`folder` holds the sound of each, `<id>.wav`; Asterisk writes there and plays from there.

    `keep_s`: how long a queue's messages are kept, 0 for ever. One that nobody has heard is kept until somebody has.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what it joins
        self, bus: Bus, clock: Callable[[], float], calls: Calls, memory: Waiting, folder: Path,
        keep_s: Callable[[str], float],
    ) -> None:  # fmt: skip
        self._bus, self._clock, self._calls, self._memory = bus, clock, calls, memory
        self.folder, self._keep_s = folder, keep_s
        self._in_line: dict[str, Message] = {}  # by the call that brings one to an agent
        self._tasks: set[asyncio.Task[None]] = set()
        bus.subscribe(events.AgentConnected, self._heard)
        bus.subscribe(events.CallEnded, self._ended)
        self._closing = False

    def sound(self, message_id: str) -> Path:
        return self.folder / f"{message_id}.wav"

    async def message(self, message_id: str) -> Message | None:
        """Raises SQLAlchemy's errors."""
        found = await self._memory.message(message_id)
        return Message(**found) if found else None

    async def since(self, since: float) -> list[Message]:
        """Those left since then (UTC), newest first. Raises SQLAlchemy's errors."""
        return [Message(**row) for row in await self._memory.messages_since(since, MOST_LISTED)]

    def brought_by(self, message_id: str) -> str | None:
        """The call that brings this message to an agent now."""
        return next((call_id for call_id, one in self._in_line.items() if one.id == message_id), None)

    async def take(self, call: Call, wish: Wish, most_s: float) -> bool:
        """What the caller says now; whether it is long enough to be one. Kept also when the caller just hangs up."""
        message_id = f"v{secrets.token_urlsafe(12)}"
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder.resolve() / message_id
        try:
            await call.leg.take_message(path, most_s, SILENCE_S)
        finally:
            seconds = _seconds(path.with_suffix(".wav"))
            kept = seconds >= LEAST_S
            if kept:
                path.with_suffix(".wav").chmod(0o640)
                self._left(call, Message(
                    message_id, call.id, call.facts.number, wish.queue, wish.requires, call.facts.language,
                    self._clock(), seconds,
                ))  # fmt: skip
            else:
                path.with_suffix(".wav").unlink(missing_ok=True)
        return kept

    def _left(self, call: Call, message: Message) -> None:
        call.chose("voicemail")
        call.publish(events.MessageLeft, voicemail_id=message.id, seconds=message.seconds)
        self._keep(message)
        self._put_in_line(message)

    def _put_in_line(self, message: Message) -> None:
        """With the time at which it was left."""
        call = self._calls.make_for(message.number, "voicemail", message.language)
        call.facts.data["voicemail"] = message.id
        self._in_line[call.id] = message
        wish = Wish(message.queue, message.requires)
        call.waiting_as(wish, message.at, self.sound(message.id).resolve().with_suffix(""))
        self._calls.begin(call)

    def _heard(self, event: events.AgentConnected) -> None:
        message = self._in_line.get(event.call_id or "")
        if message is not None:
            self._in_line[event.call_id or ""] = heard = replace(message, state="heard", agent_id=event.agent_id)
            self._keep(heard)

    def _ended(self, event: events.CallEnded) -> None:
        """One that nobody has heard goes into line again."""
        message = self._in_line.pop(event.call_id or "", None)
        if message is not None and message.state == "new" and not self._closing:
            asyncio.get_running_loop().call_later(AGAIN_S, self._again, message)

    def _again(self, message: Message) -> None:
        if not self._closing:
            self._put_in_line(message)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Raises SQLAlchemy's errors. What nobody had heard when the server went is in line again."""
        self._waiting = [Message(**row) for row in await self._memory.messages("new")]
        try:
            yield
        finally:
            self._closing = True
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=5.0)

    def begin(self) -> None:
        """The house is open: what has waited is in line."""
        for message in self._waiting:
            self._put_in_line(message)
        self._look()

    def _look(self) -> None:
        """Once an hour: whose time is over."""
        if not self._closing:
            self._spawn(self._forget(), "forget old messages")
            asyncio.get_running_loop().call_later(LOOK_S, self._look)

    async def _forget(self) -> None:
        try:
            await self.forget_due()
        except (SQLAlchemyError, OSError) as error:
            log.warning("messages beyond their time could not be deleted", reason=type(error).__name__)

    async def forget_due(self) -> None:
        """Those beyond their time are gone: the sound first, so that nothing is left of it whenever this is cut short.

        Raises SQLAlchemy's errors, and OSError.
        """
        now, in_hand = self._clock(), {one.id for one in self._in_line.values()}
        for message in [Message(**row) for row in await self._memory.messages("heard")]:
            keep_s = self._keep_s(message.queue)
            if keep_s and message.at + keep_s <= now and message.id not in in_hand:
                self.sound(message.id).unlink(missing_ok=True)
                await self._memory.forget_message(message.id)
                log.info("a message beyond its time was deleted", voicemail=message.id)

    def _keep(self, message: Message) -> None:
        self._spawn(self._kept(message), f"keep {message.id}")

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Not cut short when the house closes: a connection torn out of its work stays open."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _kept(self, message: Message) -> None:
        while True:
            try:
                await self._memory.keep_message(asdict(message))
            except (SQLAlchemyError, OSError) as error:
                log.warning("a message could not be kept yet", voicemail=message.id, reason=type(error).__name__)
                if self._closing:
                    return
                await asyncio.sleep(KEEP_S)
            else:
                return


def _seconds(path: Path) -> float:
    """0 for what is no sound."""
    try:
        with wave.open(str(path)) as file:
            return float(file.getnframes() / file.getframerate())
    except (OSError, EOFError, wave.Error):
        return 0.0
