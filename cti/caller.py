"""The caller as a menu sees one: the port of `ivr.caller` on a real leg."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cti import events
from cti.logs import HIDDEN, is_secret

if TYPE_CHECKING:
    from cti.call import Call


class MenuCaller:
    """Speaks prompts by id in the caller's language; what is collected becomes the call's data."""

    def __init__(self, call: Call, prompt: Callable[[str, str], Path]) -> None:
        self._call = call
        self._prompt = prompt

    @property
    def language(self) -> str:
        return self._call.facts.language

    async def set_language(self, language: str) -> None:
        self._call.facts.language = language

    async def play(self, *prompts: str, barge_in: bool = False) -> None:
        await self._call.leg.play(self._files(prompts), barge_in=barge_in)

    async def ask(
        self, prompts: Sequence[str], *, digits: int, timeout_s: float, terminator: str = "#", between_s: float = 3.0
    ) -> str:
        return await self._call.leg.ask(
            self._files(prompts), digits=digits, timeout_s=timeout_s, terminator=terminator, between_s=between_s
        )

    async def ask_secret(self, prompts: Sequence[str], *, digits: int, timeout_s: float, terminator: str = "#") -> str:
        await self._call.unheard(True)
        try:
            return await self.ask(prompts, digits=digits, timeout_s=timeout_s, terminator=terminator)
        finally:
            await self._call.unheard(False)

    def note(self, key: str, value: str, *, secret: bool = False) -> None:
        """What is secret, or is so by its name, goes no further: not to the page, nor journal, brokers and logs."""
        told = HIDDEN if secret or is_secret(key) else value
        self._call.facts.data[key] = told
        self._call.publish(events.DataCollected, key=key, value=told)
        if key == "account":
            self._call.look_up("account", value)

    def entered(self, node: str) -> None:
        self._call.facts.path.append(node)
        self._call.publish(events.MenuStepped, node=node)

    def _files(self, prompts: Sequence[str]) -> list[Path]:
        pairs = (prompt.partition("@") for prompt in prompts)
        return [self._prompt(prompt, language or self.language) for prompt, _, language in pairs]
