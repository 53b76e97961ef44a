"""The caller as a menu sees one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class HungUp(Exception):
    """The caller is gone; raised out of every method of a Caller."""


class Caller(Protocol):
    """Prompts are named by id; the implementation knows the sound in the caller's language."""

    @property
    def language(self) -> str: ...
    async def set_language(self, language: str) -> None: ...
    async def play(self, *prompts: str, barge_in: bool = False) -> None:
        """Heard to the end; with `barge_in` until a key is pressed, which is kept for the next question."""

    async def ask_secret(self, prompts: Sequence[str], *, digits: int, timeout_s: float, terminator: str = "#") -> str:
        """As `ask`; neither the question nor the answer is in any recording or log."""

    async def ask(
        self, prompts: Sequence[str], *, digits: int, timeout_s: float, terminator: str = "#", between_s: float = 3.0
    ) -> str:
        """At most `digits` keys; empty on silence. Barge-in and type-ahead are the implementation's."""

    def note(self, key: str, value: str, *, secret: bool = False) -> None:
        """Keep what was collected; of what is secret only that it was."""

    def entered(self, node: str) -> None:
        """The caller stands at this node now."""
