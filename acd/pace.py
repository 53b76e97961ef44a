"""How a queue has been going lately: handle time and patience, learned from what happens."""

from __future__ import annotations

MEMORY = 200.0  # contacts, about: older ones fade
LEAST_S = 1.0
TRUST = 10.0  # contacts that the figures of the configuration are worth at the start


class Pace:
    """Seconds. Both figures start at what the house expects and follow what is seen."""

    __slots__ = ("_handled", "_handled_s", "_left", "_waited_s")

    def __init__(self, handle_s: float, patience_s: float | None) -> None:
        self._handled, self._handled_s = TRUST, TRUST * handle_s
        self._left = TRUST if patience_s else 0.0
        self._waited_s = TRUST * patience_s if patience_s else 0.0

    @property
    def handle_s(self) -> float:
        """Mean time from answer to the end of wrap-up."""
        return max(LEAST_S, self._handled_s / self._handled)

    @property
    def patience_s(self) -> float | None:
        """Mean patience, None while nobody has left: all the waiting there was, over the number of those who left.

        The maximum-likelihood estimate for exponential patience that is cut off by the answer (D. R. Cox and D. Oakes
        1984, "Analysis of Survival Data", 3.2).
        """
        return max(LEAST_S, self._waited_s / self._left) if self._left else None

    def handled(self, seconds: float) -> None:
        keep = 1.0 - 1.0 / MEMORY
        self._handled = self._handled * keep + 1.0
        self._handled_s = self._handled_s * keep + seconds

    def stayed(self, waited_s: float) -> None:
        """It was answered or went elsewhere, and had not given up by then."""
        self._faded(waited_s, 0.0)

    def left(self, waited_s: float) -> None:
        self._faded(waited_s, 1.0)

    def _faded(self, waited_s: float, left: float) -> None:
        keep = 1.0 - 1.0 / MEMORY
        self._waited_s = self._waited_s * keep + waited_s
        self._left = self._left * keep + left
