"""When a host is left in peace: the circuit breaker (M. Nygard, Release It!, 2007). Pure; times are seconds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """After `failures` in a row nothing is asked for `rest_s`; then one question tries how it is."""

    failures: int = 5
    rest_s: float = 10.0


@dataclass(slots=True)
class Breaker:
    """Ask `may_ask`, then tell how it went: `succeeded` or `failed`."""

    rule: Rule = Rule()
    _failures: int = 0
    _rests_until: float | None = None
    _trying: bool = False

    @property
    def open(self) -> bool:
        """Whether the host counts as down."""
        return self._rests_until is not None

    def may_ask(self, now: float) -> bool:
        """While it rests nobody; then one, until it is known how that went."""
        if self._rests_until is None:
            return True
        if self._trying or now < self._rests_until:
            return False
        self._trying = True
        return True

    def succeeded(self) -> None:
        self._failures, self._rests_until, self._trying = 0, None, False

    def failed(self, now: float) -> None:
        self._failures += 1
        if self._trying or self._failures >= self.rule.failures:
            self._rests_until, self._trying = now + self.rule.rest_s, False

    def unasked(self) -> None:
        """The question was given up by whoever asked: it says nothing of the host."""
        self._trying = False
