"""Synchronous publish and subscribe. A listener that fails is logged; the rest go on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import structlog

from cti.events import Event

log = structlog.get_logger(__name__)
E = TypeVar("E", bound=Event)


class Bus:
    """Events go to their listeners at once, in the order of subscription."""

    def __init__(self) -> None:
        self._listeners: list[tuple[type[Event], Callable[[Any], None]]] = []
        self._of: dict[type[Event], list[Callable[[Any], None]]] = {}  # by the very kind of an event

    def subscribe(self, kind: type[E], listener: Callable[[E], None]) -> None:
        """Hear every event of the kind; `Event` itself means all."""
        self._listeners.append((kind, listener))
        self._of.clear()

    def publish(self, event: Event) -> None:
        listeners = self._of.get(type(event))
        if listeners is None:
            listeners = self._of[type(event)] = [one for kind, one in self._listeners if isinstance(event, kind)]
        for listener in listeners:
            try:
                listener(event)
            except Exception:
                log.exception("a listener failed", event_kind=event.kind, call_id=event.call_id)
