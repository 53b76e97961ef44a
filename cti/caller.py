"""The caller as a menu sees one: the port of `ivr.caller` on a real leg."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, MutableMapping, Sequence
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from cti import events
from cti.logs import HIDDEN, is_secret
from ivr.values import Piece, Words

if TYPE_CHECKING:
    from cti.call import Call


class Sounds(Protocol):
    """What is said, as Asterisk finds it. Both raise KeyError for what there is no sound of."""

    def prompt(self, prompt: str, language: str) -> Path: ...
    def words(self, words: Sequence[str], language: str) -> AbstractContextManager[Path]:
        """One sound of all; it is gone afterwards."""


class Services(Protocol):
    """What a house does for callers by itself. Each may raise HungUp, and as `ivr.caller.Caller` says."""

    async def authenticate(self, call: Call, account: str, pin: str) -> bool: ...
    async def enquire(self, call: Call, ask: str) -> Mapping[str, Any]: ...
    def admission(self, number: str) -> str | None:
        """Why a caller of this number is not let in: `blocked`, or the prompt that tells it."""

    async def customer(self, call: Call) -> Mapping[str, Any] | None: ...
    def hours(self, calendar: str) -> str: ...
    def call_back(self, call: Call, number: str, queue: str, requires: str) -> bool: ...
    async def leave_message(self, call: Call, queue: str, requires: str, most_s: float) -> bool: ...


class MenuCaller:
    """Speaks prompts by id in the caller's language; what is collected becomes the call's data."""

    def __init__(self, call: Call, sounds: Sounds, services: Services) -> None:
        self._call, self._sounds, self._services = call, sounds, services

    @property
    def language(self) -> str:
        return self._call.facts.language

    @property
    def values(self) -> MutableMapping[str, Any]:
        return self._call.values

    async def set_language(self, language: str) -> None:
        self._call.facts.language = language

    async def play(self, *pieces: Piece, barge_in: bool = False) -> None:
        async with self._files(pieces) as files:
            await self._call.leg.play(files, barge_in=barge_in)

    async def ask(
        self, pieces: Sequence[Piece], *, digits: int, timeout_s: float, terminator: str = "#", between_s: float = 3.0
    ) -> str:
        async with self._files(pieces) as files:
            return await self._call.leg.ask(
                files, digits=digits, timeout_s=timeout_s, terminator=terminator, between_s=between_s
            )

    async def ask_secret(self, pieces: Sequence[Piece], *, digits: int, timeout_s: float, terminator: str = "#") -> str:
        await self._call.unheard(True)
        try:
            return await self.ask(pieces, digits=digits, timeout_s=timeout_s, terminator=terminator)
        finally:
            await self._call.unheard(False)

    def note(self, key: str, value: str, *, secret: bool = False) -> None:
        """What is secret, or is so by its name, goes no further: not to the page, nor journal, brokers and logs."""
        told = HIDDEN if secret or is_secret(key) else value
        self._call.facts.data[key] = told
        self._call.publish(events.DataCollected, key=key, value=told)
        if key == "account":
            self._call.look_up("account", value)

    def entered(self, node: str, menu: str) -> None:
        self._call.stands_at(menu, node)
        self._call.publish(events.MenuStepped, node=node, menu=menu)

    async def authenticate(self, account: str, pin: str) -> bool:
        right = await self._services.authenticate(self._call, account, pin)
        if right:
            self.note("account", account)
            self.note("verified", "yes")
        return right

    async def enquire(self, ask: str, pieces: Sequence[Piece]) -> Mapping[str, Any]:
        asked = asyncio.ensure_future(self._services.enquire(self._call, ask))
        asked.add_done_callback(lambda one: one.cancelled() or one.exception())  # the caller may be gone by then
        try:
            await self.play(*pieces, barge_in=True)
            return await asked
        finally:
            asked.cancel()

    async def look_up(self) -> Mapping[str, Any] | None:
        return await self._services.customer(self._call)

    async def hours(self, calendar: str) -> str:
        return self._services.hours(calendar)

    async def call_back(self, number: str, queue: str, requires: str) -> bool:
        return self._services.call_back(self._call, number, queue, requires)

    async def leave_message(self, queue: str, requires: str, most_s: float) -> bool:
        return await self._services.leave_message(self._call, queue, requires, most_s)

    @asynccontextmanager
    async def _files(self, pieces: Sequence[Piece]) -> AsyncIterator[list[Path]]:
        """The sounds in order; those made for this caller are gone afterwards."""
        async with AsyncExitStack() as stack:
            files: list[Path] = []
            for piece in pieces:
                if isinstance(piece, Words):
                    files.append(stack.enter_context(self._sounds.words(piece.words, self.language)))
                else:
                    prompt, _, language = piece.partition("@")
                    files.append(self._sounds.prompt(prompt, language or self.language))
            yield files
