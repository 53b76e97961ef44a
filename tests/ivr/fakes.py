"""A caller with behaviour: presses what the script says, hears everything."""

from __future__ import annotations

from collections.abc import Sequence

from ivr.caller import HungUp


class ScriptedCaller:
    """Each item answers one question: the keys pressed, "" for silence, None for hanging up."""

    def __init__(self, *script: str | None, language: str = "zh") -> None:
        self._script = list(script)
        self.language = language
        self.heard: list[str] = []
        self.path: list[str] = []
        self.data: dict[str, str] = {}

    async def set_language(self, language: str) -> None:
        self.language = language

    async def play(self, *prompts: str) -> None:
        self.heard += prompts

    async def ask(
        self, prompts: Sequence[str], *, digits: int, timeout_s: float, terminator: str = "#", between_s: float = 3.0
    ) -> str:
        self.heard += prompts
        keys = self._script.pop(0) if self._script else ""
        if keys is None:
            raise HungUp
        return keys[:digits]

    def note(self, key: str, value: str) -> None:
        self.data[key] = value

    def entered(self, node: str) -> None:
        self.path.append(node)
