"""Events to an MQTT broker, behind the calls: the bus is never kept waiting, and a broker that is away costs nothing.

`topics` says what is told and where, `outbox` what waits; here is the connection. While it is down events wait in the
outbox. When it is back what had no acknowledgement goes first, then the outbox in order, then every state anew, because
a broker may have lost what it retained. Our last will says `offline` for us if we die.
"""

from __future__ import annotations

import asyncio
import random
import secrets
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress

import aiomqtt
import structlog

from agents.ports import CheckResult
from cti import events
from cti.bus import Bus
from cti.listeners import topics
from cti.listeners.outbox import Outbox
from cti.listeners.topics import Message
from cti.settings import MqttSettings

log = structlog.get_logger(__name__)
WINDOW = 20  # messages under way at once; the client sends them in order
KEEPALIVE_S = 15
GOODBYE_S = 2.0


class MqttListener:
    """`published`, `dropped` and `connections` count since the start; `retry_s` are the first and the longest pause."""

    def __init__(
        self,
        settings: MqttSettings,
        queues: Sequence[str],
        clock: Callable[[], float],
        retry_s: tuple[float, float] = (0.5, 30.0),
    ) -> None:
        self._settings, self._clock, self._retry_s = settings, clock, retry_s
        self.root = f"{settings.prefix}/v{topics.VERSION}/{settings.site}"
        self._run_id, self._number = secrets.token_hex(4), 0
        self._queues = topics.Queues(queues)
        self._outbox = Outbox(settings.outbox)
        self._states: dict[str, Message] = {}
        self._sending: list[Message] = []
        self._more, self._idle = asyncio.Event(), asyncio.Event()
        self.up, self._reason = False, "not connected yet"
        self.published = self.connections = 0
        for state in self._queues.states(clock()):
            self._put(topics.queue_message(state, self.root, self._ident()))

    def listen(self, bus: Bus) -> None:
        bus.subscribe(events.Event, self._hear)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Connected, or trying to. At the end what waits is sent if the broker is there, then `offline`."""
        task = asyncio.create_task(self._run(), name="mqtt")
        try:
            yield
        finally:
            self._put(self._status("offline"))
            if self.up:
                with suppress(TimeoutError):
                    async with asyncio.timeout(GOODBYE_S):
                        await self._idle.wait()
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    @property
    def dropped(self) -> int:
        return self._outbox.dropped

    @property
    def waiting(self) -> int:
        return len(self._outbox) + len(self._sending)

    def check(self) -> CheckResult:
        """Calls are served without a broker, so its being away does not make the house unready."""
        where = f"{self._settings.host}:{self._settings.port}"
        detail = (
            "" if self.up else f"no broker at {where} ({self._reason}); {self.waiting} wait, {self.dropped} dropped"
        )
        return CheckResult(self.up, detail, needed=False)

    # -- from the bus ------------------------------------------------------------------------------------------------

    def _hear(self, event: events.Event) -> None:
        for message in topics.messages(event, self.root, self._ident(), self._queues.follow(event)):
            self._put(message)

    def _put(self, message: Message) -> None:
        self._outbox.put(message)
        if message.retain:
            self._states[message.topic] = message
        self._idle.clear()
        self._more.set()

    def _ident(self) -> str:
        self._number += 1
        return f"{self._run_id}-{self._number}"

    def _status(self, state: str) -> Message:
        return topics.status_message(state, self._clock(), self.root, self._ident())

    # -- to the broker -----------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        pause = self._retry_s[0]
        while True:
            try:
                async with await self._client() as client, asyncio.TaskGroup() as group:
                    group.create_task(_until_lost(client), name="mqtt watch")
                    group.create_task(self._deliver(client), name="mqtt deliver")
            except* Exception as failed:  # whatever it was: the house goes on, and so do the attempts
                pause = self._retry_s[0] if self.up else min(pause * 2, self._retry_s[1])
                self._lost(_first(failed))
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # many houses do not come back at the same moment

    async def _client(self) -> aiomqtt.Client:
        settings, will, context = self._settings, self._status("offline"), None
        if settings.tls:  # reading the system's certificates takes tens of milliseconds: not in the calls' thread
            context = await asyncio.to_thread(ssl.create_default_context, cafile=settings.ca_file)
        return aiomqtt.Client(
            settings.host or "",
            settings.port,
            username=settings.username,
            password=settings.password.get_secret_value() if settings.password else None,
            identifier=f"zongji-{settings.site}-{self._run_id}",
            will=aiomqtt.Will(will.topic, will.payload, will.qos, will.retain),
            tls_context=context,
            keepalive=KEEPALIVE_S,
            max_inflight_messages=WINDOW,
        )

    async def _deliver(self, client: aiomqtt.Client) -> None:
        client.pending_calls_threshold = WINDOW
        await _publish(client, self._status("online"))
        self._found()
        for state in self._states.values():
            self._outbox.put(state)
        while True:
            self._sending = self._sending or self._outbox.take(WINDOW)
            if not self._sending:
                self._idle.set()
                self._more.clear()
                await self._more.wait()
                continue
            async with asyncio.TaskGroup() as group:
                for message in self._sending:
                    group.create_task(_publish(client, message))
            self.published += len(self._sending)
            self._sending = []

    def _found(self) -> None:
        self.up, self._reason = True, ""
        self.connections += 1
        log.info("broker found", host=self._settings.host, waiting=self.waiting, dropped=self.dropped)

    def _lost(self, error: BaseException) -> None:
        """One line for each reason, not for each attempt."""
        self.up = False
        reason = str(error) or type(error).__name__
        if reason != self._reason:
            log.warning("broker away", host=self._settings.host, port=self._settings.port, reason=reason)
        self._reason = reason


async def _publish(client: aiomqtt.Client, message: Message) -> None:
    await client.publish(message.topic, message.payload, message.qos, message.retain)


async def _until_lost(client: aiomqtt.Client) -> None:
    """Raises MqttError as soon as the connection is lost, also while there is nothing to send."""
    async for _ in client.messages:
        pass


def _first(failed: BaseExceptionGroup[BaseException]) -> BaseException:
    error: BaseException = failed
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
