"""`make menu`: a menu in the terminal. What would be said is printed, keys are read from standard input.

A line is what is keyed in ahead; an empty line is silence, the end of input a hang-up.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import Any

from ivr.caller import HungUp, NotNow
from ivr.nodes import MenuSet
from ivr.prompts import Catalogue
from ivr.run import Goodbye, GoOnWaiting, Outcome, ToQueue, run
from ivr.values import Piece, Words


class TerminalCaller:
    """The port of `ivr.caller` for one who reads and types. There is no host here, and nobody is called back."""

    def __init__(
        self, catalogue: Catalogue, language: str, read: Callable[[], str | None], tell: Callable[[str], None],
        stands: Callable[[str], str],
    ) -> None:  # fmt: skip
        self._catalogue, self._read, self._tell, self._stands = catalogue, read, tell, stands
        self.language = language
        self.values: MutableMapping[str, Any] = {}
        self._ahead: deque[str] = deque()

    async def set_language(self, language: str) -> None:
        self.language = language

    async def play(self, *pieces: Piece, barge_in: bool = False) -> None:
        if not (barge_in and self._ahead):
            for piece in pieces:
                self._tell(f"  {self._words(piece)}")

    async def ask(
        self, pieces: Sequence[Piece], *, digits: int, timeout_s: float, terminator: str = "#", between_s: float = 3.0
    ) -> str:
        del between_s
        await self.play(*pieces, barge_in=True)
        if not self._ahead:
            self._tell(f"  ? {digits} key{'s' if digits > 1 else ''} within {timeout_s:g} s")
            line = self._read()
            if line is None:
                raise HungUp
            self._ahead += line.strip()
        got = ""
        while self._ahead and len(got) < digits:
            key = self._ahead.popleft()
            if key == terminator and digits > 1:
                break
            got += key
        return got

    async def ask_secret(self, pieces: Sequence[Piece], *, digits: int, timeout_s: float, terminator: str = "#") -> str:
        return await self.ask(pieces, digits=digits, timeout_s=timeout_s, terminator=terminator)

    def note(self, key: str, value: str, *, secret: bool = False) -> None:
        self._tell(f"  = {key}: {'(secret)' if secret else value}")

    def entered(self, node: str, menu: str) -> None:
        self._tell(f"[{menu}: {node}]")

    async def authenticate(self, account: str, pin: str) -> bool:
        """No host: whoever gives both is let in."""
        return bool(account and pin)

    async def enquire(self, ask: str, pieces: Sequence[Piece]) -> Mapping[str, Any]:
        await self.play(*pieces)
        self._tell(f"  (the host is asked for {ask}: there is none in the terminal)")
        raise NotNow

    async def look_up(self) -> Mapping[str, Any] | None:
        return None

    async def hours(self, calendar: str) -> str:
        return self._stands(calendar)

    async def call_back(self, number: str, queue: str, requires: str) -> bool:
        self._tell(f"  (a callback for {number or 'nobody'} {queue} {requires})".rstrip())
        return bool(number)

    async def leave_message(self, queue: str, requires: str, most_s: float) -> bool:
        self._tell(f"  (a message of {most_s:g} s at most {queue} {requires})".rstrip())
        return True

    def _words(self, piece: Piece) -> str:
        if isinstance(piece, Words):
            return ("" if self.language == "zh" else " ").join(piece.words)
        prompt, _, language = piece.partition("@")
        return str(self._catalogue[prompt][language or self.language])


async def play(menu: MenuSet, caller: TerminalCaller) -> str:
    """How it ended, in words."""
    try:
        return _ending(await run(menu, caller))
    except HungUp:
        return "hung up"


def _ending(outcome: Outcome) -> str:
    match outcome:
        case ToQueue():
            return f"to queue {outcome.queue}: {outcome.requires or 'anybody'}, priority {outcome.priority:+d}"
        case Goodbye():
            return f"goodbye: {outcome.reason}"
        case GoOnWaiting():
            return "waits on"
