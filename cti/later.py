"""Customers who wait off the line, as pages see them. Implements `agents.ports.LaterContacts`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from agents.ports import MessageFile, Refused
from cti.callbacks import Callbacks
from cti.voicemails import Voicemails
from db.store import Store

SHOWN = ("id", "call_id", "number", "queue", "since", "state", "tries", "due_at")
LISTED = ("id", "number", "queue", "at", "seconds", "state", "agent_id")
GIVEN_UP = {"abandoned_in_queue", "overflowed"}


class Later:
    """Joins the two for the web application."""

    def __init__(self, callbacks: Callbacks, voicemails: Voicemails, memory: Store) -> None:
        self._callbacks, self._voicemails, self._memory = callbacks, voicemails, memory

    async def message(self, message_id: str) -> MessageFile | None:
        found = await self._voicemails.message(message_id)
        path = self._voicemails.sound(message_id)
        if found is None or path.is_symlink() or not path.is_file():
            return None
        return MessageFile(
            found.id, found.number, found.queue, found.at, found.seconds, path, found.agent_id,
            self._voicemails.brought_by(found.id),
        )  # fmt: skip

    async def messages(self, since: float) -> list[dict[str, Any]]:
        return [{key: getattr(one, key) for key in LISTED} for one in await self._voicemails.since(since)]

    async def given_up(self, since: float) -> list[dict[str, Any]]:
        rows, states = await self._memory.given_up(since, sorted(GIVEN_UP)), self._callbacks.states
        return [{**row, "callback": states.get(row["call_id"], "")} for row in rows]

    def callbacks(self) -> list[dict[str, Any]]:
        rows = (asdict(one) for one in self._callbacks.open)
        return [{key: row[key] for key in SHOWN} for row in rows]

    def recover(self, call_id: str, story: Mapping[str, Any], by: str) -> None:
        """Raises Refused."""
        if story.get("outcome") not in GIVEN_UP or not story.get("queue"):
            raise Refused("not_abandoned", "this caller did not give up in a queue")
        queued = [step for step in story["steps"] if step["kind"] == "call_queued"]
        first = queued[0] if queued else {}
        since = float(first.get("at", story["arrived_at"]))
        self._callbacks.recover(call_id, story, str(first.get("requires", "")), since, by)
