"""The caller as a menu sees one."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any, Protocol

from ivr.values import Piece


class HungUp(Exception):
    """The caller is gone; raised out of every method of a Caller."""


class NoSuch(Exception):
    """The host knows no such account, code or order."""


class NotNow(Exception):
    """The host cannot be asked now, or does not answer in time."""


class Caller(Protocol):
    """Prompts are named by id; the implementation knows the sound in the caller's language.

    `values` is what the menu may say or branch on. It is in no journal and on no page, and lasts as long as the call.
    """

    @property
    def language(self) -> str: ...
    @property
    def values(self) -> MutableMapping[str, Any]: ...
    async def set_language(self, language: str) -> None: ...
    async def play(self, *pieces: Piece, barge_in: bool = False) -> None:
        """Heard to the end; with `barge_in` until a key is pressed, which is kept for the next question."""

    async def ask_secret(self, pieces: Sequence[Piece], *, digits: int, timeout_s: float, terminator: str = "#") -> str:
        """As `ask`; neither the question nor the answer is in any recording or log."""

    async def ask(
        self, pieces: Sequence[Piece], *, digits: int, timeout_s: float, terminator: str = "#", between_s: float = 3.0
    ) -> str:
        """At most `digits` keys; empty on silence. Barge-in and type-ahead are the implementation's."""

    def note(self, key: str, value: str, *, secret: bool = False) -> None:
        """Keep what was collected; of what is secret only that it was."""

    def entered(self, node: str, menu: str) -> None:
        """The caller stands at this node of this menu now."""

    async def authenticate(self, account: str, pin: str) -> bool:
        """Whether the account is the caller's. Why not is told to nobody, and the answer takes as long either way."""

    async def enquire(self, ask: str, pieces: Sequence[Piece]) -> Mapping[str, Any]:
        """What the host says, as in `ivr.enquiries`, asked while the pieces are said; raises NoSuch or NotNow."""

    async def look_up(self) -> Mapping[str, Any] | None:
        """The customer's record, if there is one."""

    async def hours(self, calendar: str) -> str:
        """`open`, `closed` or `holiday`."""

    async def call_back(self, number: str, queue: str, requires: str) -> bool:
        """Whether the caller will be called back at this number, with the place in line they have now."""

    async def leave_message(self, queue: str, requires: str, most_s: float) -> bool:
        """After the tone; whether something was said. It goes to the queue's agents."""
