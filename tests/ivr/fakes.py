"""Callers with behaviour: one answers as the script says, one has a keypad and does not wait to be asked."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from ivr.caller import HungUp, NotNow
from ivr.values import Piece, Words


def said(piece: Piece) -> str:
    """A prompt by its id, a value by its words."""
    return " ".join(piece.words) if isinstance(piece, Words) else piece


class ScriptedCaller:
    """Each item answers one question: the keys pressed, "" for silence, None for hanging up."""

    def __init__(self, *script: str | None, language: str = "zh") -> None:
        self._script = list(script)
        self.language = language
        self.heard: list[str] = []
        self.unheard: list[str] = []  # prompts of secret questions
        self.path: list[str] = []
        self.data: dict[str, str] = {}
        self.values: dict[str, Any] = {}
        self.pins: dict[str, str] = {}
        self.host: dict[str, Mapping[str, Any] | Exception] = {}
        self.stands = "open"
        self.customer: Mapping[str, Any] | None = None
        self.called_back: list[tuple[str, str, str]] = []
        self.may_be_called = True
        self.message = True

    async def set_language(self, language: str) -> None:
        self.language = language

    async def play(self, *pieces: Piece, barge_in: bool = False) -> None:
        self.heard += map(said, pieces)

    async def ask(
        self, pieces: Sequence[Piece], *, digits: int, timeout_s: float, terminator: str = "#", between_s: float = 3.0
    ) -> str:
        self.heard += map(said, pieces)
        keys = self._script.pop(0) if self._script else ""
        if keys is None:
            raise HungUp
        return keys[:digits]

    async def ask_secret(self, pieces: Sequence[Piece], *, digits: int, timeout_s: float, terminator: str = "#") -> str:
        self.unheard += map(said, pieces)
        return await self.ask(pieces, digits=digits, timeout_s=timeout_s, terminator=terminator)

    def note(self, key: str, value: str, *, secret: bool = False) -> None:
        self.data[key] = "(hidden)" if secret else value

    def entered(self, node: str, menu: str) -> None:
        self.path.append(node)

    async def authenticate(self, account: str, pin: str) -> bool:
        if "down" in self.host:
            raise NotNow
        return self.pins.get(account) == pin

    async def enquire(self, ask: str, pieces: Sequence[Piece]) -> Mapping[str, Any]:
        await self.play(*pieces)
        answer = self.host.get(ask, NotNow())
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def look_up(self) -> Mapping[str, Any] | None:
        return self.customer

    async def hours(self, calendar: str) -> str:
        return self.stands

    async def call_back(self, number: str, queue: str, requires: str) -> bool:
        self.called_back.append((number, queue, requires))
        return self.may_be_called

    async def leave_message(self, queue: str, requires: str, most_s: float) -> bool:
        return self.message


class TypingCaller(ScriptedCaller):
    """Keys lie in a buffer until asked for, and end what may be ended; `during` has the keys pressed in a prompt.

    `heard` has every prompt that began, `to_the_end` those that were not cut short.
    """

    def __init__(self, ahead: str = "", *, during: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self._buffer = deque(ahead)
        self._during = dict(during or {})
        self.to_the_end: list[str] = []

    async def play(self, *pieces: Piece, barge_in: bool = False) -> None:
        for prompt in map(said, pieces):
            if barge_in and self._buffer:
                return
            self.heard.append(prompt)
            self._buffer += self._during.pop(prompt, "")
            if not (barge_in and self._buffer):
                self.to_the_end.append(prompt)

    async def ask(
        self, pieces: Sequence[Piece], *, digits: int, timeout_s: float, terminator: str = "#", between_s: float = 3.0
    ) -> str:
        await self.play(*pieces, barge_in=True)
        got = ""
        while self._buffer and len(got) < digits:
            key = self._buffer.popleft()
            if key == terminator and digits > 1:
                break
            got += key
        return got
