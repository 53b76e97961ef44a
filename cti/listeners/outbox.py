"""What waits for the broker: bounded, in order, one state a topic. Pure."""

from __future__ import annotations

import itertools
from collections import OrderedDict

from cti.listeners.topics import Message


class Outbox:
    """Holds at most `bound` messages. Too many: the oldest event goes, and a state only when no event is left."""

    def __init__(self, bound: int) -> None:
        self._bound = bound
        self._numbers = itertools.count()
        self._events: OrderedDict[int, Message] = OrderedDict()
        self._states: OrderedDict[str, tuple[int, Message]] = OrderedDict()
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._events) + len(self._states)

    def put(self, message: Message) -> None:
        """Takes a message; a state replaces the one of its topic that still waits, and goes to the end."""
        number = next(self._numbers)
        if message.retain:
            self._states.pop(message.topic, None)
            self._states[message.topic] = number, message
        else:
            self._events[number] = message
        if len(self) > self._bound:
            (self._events or self._states).popitem(last=False)
            self.dropped += 1

    def take(self, most: int) -> list[Message]:
        """The next messages in the order they were put; they are no longer in the box."""
        return [self._next() for _ in range(min(most, len(self)))]

    def _next(self) -> Message:
        event = next(iter(self._events), None)
        topic, (state, _) = next(iter(self._states.items()), ("", (None, None)))
        if event is not None and (state is None or event < state):
            return self._events.pop(event)
        return self._states.pop(topic)[1]
