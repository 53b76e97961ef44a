"""When an account or a caller has tried too many PINs. Pure; times are UTC epoch seconds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

MANY = 10_000


@dataclass(frozen=True, slots=True)
class Rule:
    """`most` wrong tries, each within `forget_s` of the one before, lock for `lock_s`."""

    most: int = 3
    lock_s: float = 1800.0
    forget_s: float = 86_400.0


@dataclass(frozen=True, slots=True)
class Tries:
    """Of one account or one caller's number; `locked_until` is in the past unless it is locked."""

    wrong: int = 0
    last_at: float = 0.0
    locked_until: float = 0.0


def after_a_try(tries: Tries, now: float, rule: Rule) -> Tries:
    """It counts as wrong until it is known to be right."""
    wrong = 1 + (tries.wrong if now - tries.last_at < rule.forget_s else 0)
    if wrong >= rule.most:
        return Tries(0, now, now + rule.lock_s)
    return Tries(wrong, now, tries.locked_until)


class Book:
    """Everybody's tries. A try is counted before it is known how it ends, so that many at once are counted too."""

    def __init__(self, rule: Rule, known: Mapping[str, Tries] | None = None) -> None:
        self._rule = rule
        self._forget_at = MANY
        self._tries = dict(known or {})

    def __len__(self) -> int:
        return len(self._tries)

    def of(self, key: str) -> Tries:
        return self._tries.get(key, Tries())

    def begin(self, keys: Iterable[str], now: float) -> dict[str, Tries] | None:
        """Counts a try and gives what stood before it; None, and counts nothing, where one of them is locked."""
        before = {key: self.of(key) for key in keys}
        if any(one.locked_until > now for one in before.values()):
            return None
        self._tries |= {key: after_a_try(one, now, self._rule) for key, one in before.items()}
        if len(self._tries) > self._forget_at:
            self._forget(now)
        return before

    def _forget(self, now: float) -> None:
        """Whoever tries one account after the other fills no memory."""
        old = now - self._rule.forget_s
        self._tries = {key: one for key, one in self._tries.items() if max(one.last_at, one.locked_until) > old}
        self._forget_at = max(MANY, 2 * len(self._tries))

    def right(self, keys: Iterable[str]) -> None:
        """The PIN was right: what was wrong before is forgiven."""
        for key in keys:
            self._tries.pop(key, None)

    def undecided(self, before: Mapping[str, Tries]) -> None:
        """Nobody could say whether it was right: the try is taken back, unless others came since."""
        for key, was in before.items():
            now = self.of(key)
            if now.wrong == was.wrong + 1 or (now.wrong == 0 and now.locked_until > was.locked_until):
                self._tries[key] = was
