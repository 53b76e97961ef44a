"""One agent's numbered messages, and one page's share of what waits to be written. Pure: no socket, no clock."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from agents.wire import CallState, Listening, Message, Pop, PopClosed, WrittenUp

SHOWN_ANYWAY = ("queue_stats", "agents_stats")  # figures that a snapshot has too, and newer


def _nobody_asks(_written: bool) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Item:
    """A message ready to be written; `written` is called once with what became of it."""

    text: str
    seq: int = 0
    written: Callable[[bool], None] = _nobody_asks


@dataclass(frozen=True, slots=True)
class Fresh:
    """A snapshot is due instead of `covers`, whose contents it shows."""

    covers: tuple[Item, ...] = ()


class Stream:
    """Numbers an agent's messages, keeps the last `size` of them, and remembers what is open on the screen."""

    def __init__(self, size: int = 500) -> None:
        self.seq = 0
        self._ring: deque[tuple[int, str]] = deque(maxlen=size)
        self._pops: dict[str, Pop] = {}
        self._calls: dict[str, CallState] = {}
        self._ended: set[str] = set()
        self._written: dict[str, WrittenUp] = {}
        self.listening: Listening | None = None

    @property
    def pops(self) -> list[Pop]:
        return list(self._pops.values())

    @property
    def calls(self) -> list[CallState]:
        return list(self._calls.values())

    @property
    def written(self) -> tuple[WrittenUp, ...]:
        """What is written of the calls on the screen."""
        return tuple(self._written.values())

    def add(self, message: Message, now: float) -> tuple[int, str]:
        """Number the message; its number and its text."""
        self.seq += 1
        stamped = message.model_copy(update={"seq": self.seq, "at": message.at or now})
        entry = (self.seq, stamped.model_dump_json())
        self._ring.append(entry)
        self._remember(stamped)
        return entry

    def since(self, seq: int) -> list[tuple[int, str]] | None:
        """What came after `seq`; None when that is not all here any more or never was."""
        if not 0 <= seq <= self.seq:
            return None
        missed = [entry for entry in self._ring if entry[0] > seq]
        return missed if len(missed) == self.seq - seq else None

    def _remember(self, message: Message) -> None:
        if isinstance(message, Pop):
            # A finished call's record stays through wrap-up, until the next one takes its place.
            for call_id in self._ended:
                self._pops.pop(call_id, None)
                self._written.pop(call_id, None)
            self._ended.clear()
            self._pops[message.call_id] = message
        elif isinstance(message, WrittenUp):
            if message.call_id in self._pops:
                self._written[message.call_id] = message
        elif isinstance(message, PopClosed):
            self._pops.pop(message.call_id, None)
            self._written.pop(message.call_id, None)
            self._calls.pop(message.call_id, None)
        elif isinstance(message, Listening):
            self.listening = None if message.state == "ended" else message
        elif isinstance(message, CallState):
            if message.state == "ended":
                self._calls.pop(message.call_id, None)
                self._ended.add(message.call_id)
            else:
                self._calls[message.call_id] = message


@dataclass(slots=True)
class Outbox:
    """What waits for one page: bounded, numbered messages in order, of each kind of figure only the newest."""

    limit: int = 200
    _queue: deque[Item] = field(default_factory=deque)
    _latest: dict[str, str] = field(default_factory=dict)
    _fresh: bool = False

    def put(self, item: Item) -> None:
        """In order. Past the limit all gives way to one snapshot; a page asks again for an answer it did not get."""
        self._queue.append(item)
        if len(self._queue) > self.limit:
            self.close()
            self._fresh = True

    def put_latest(self, kind: str, text: str) -> None:
        """Replaces what of this kind is not written yet."""
        self._latest[kind] = text

    def refresh(self) -> None:
        """The next thing written is a snapshot."""
        self._fresh = True

    def take(self) -> Item | Fresh | None:
        """The next to write, None when there is nothing."""
        if self._fresh:
            self._fresh = False
            for kind in SHOWN_ANYWAY:
                self._latest.pop(kind, None)
            covered = tuple(item for item in self._queue if item.seq)
            self._queue = deque(item for item in self._queue if not item.seq)
            return Fresh(covered)
        if self._queue:
            return self._queue.popleft()
        if self._latest:
            kind = next(iter(self._latest))
            return Item(self._latest.pop(kind))
        return None

    def close(self) -> None:
        """The page is gone; whoever waits for a message to be written learns that it was not."""
        waiting, self._queue = list(self._queue), deque()
        for item in waiting:
            item.written(False)
