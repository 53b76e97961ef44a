"""Callers with behaviour: one answers as the script says, one has a keypad and does not wait to be asked."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

from ivr.caller import HungUp


class ScriptedCaller:
    """Each item answers one question: the keys pressed, "" for silence, None for hanging up."""

    def __init__(self, *script: str | None, language: str = "zh") -> None:
        self._script = list(script)
        self.language = language
        self.heard: list[str] = []
        self.unheard: list[str] = []  # prompts of secret questions
        self.path: list[str] = []
        self.data: dict[str, str] = {}

    async def set_language(self, language: str) -> None:
        self.language = language

    async def play(self, *prompts: str, barge_in: bool = False) -> None:
        self.heard += prompts

    async def ask(
        self, prompts: Sequence[str], *, digits: int, timeout_s: float, terminator: str = "#", between_s: float = 3.0
    ) -> str:
        self.heard += prompts
        keys = self._script.pop(0) if self._script else ""
        if keys is None:
            raise HungUp
        return keys[:digits]

    async def ask_secret(self, prompts: Sequence[str], *, digits: int, timeout_s: float, terminator: str = "#") -> str:
        self.unheard += prompts
        return await self.ask(prompts, digits=digits, timeout_s=timeout_s, terminator=terminator)

    def note(self, key: str, value: str, *, secret: bool = False) -> None:
        self.data[key] = "(hidden)" if secret else value

    def entered(self, node: str) -> None:
        self.path.append(node)


class TypingCaller(ScriptedCaller):
    """Keys lie in a buffer until asked for, and end what may be ended; `during` has the keys pressed in a prompt.

    `heard` has every prompt that began, `to_the_end` those that were not cut short.
    """

    def __init__(self, ahead: str = "", *, during: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self._buffer = deque(ahead)
        self._during = dict(during or {})
        self.to_the_end: list[str] = []

    async def play(self, *prompts: str, barge_in: bool = False) -> None:
        for prompt in prompts:
            if barge_in and self._buffer:
                return
            self.heard.append(prompt)
            self._buffer += self._during.pop(prompt, "")
            if not (barge_in and self._buffer):
                self.to_the_end.append(prompt)

    async def ask(
        self, prompts: Sequence[str], *, digits: int, timeout_s: float, terminator: str = "#", between_s: float = 3.0
    ) -> str:
        await self.play(*prompts, barge_in=True)
        got = ""
        while self._buffer and len(got) < digits:
            key = self._buffer.popleft()
            if key == terminator and digits > 1:
                break
            got += key
        return got
