"""What a recording is of: its call, and what was when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

What = Literal["talk", "hold", "consult", "conference", "silenced"]


@dataclass(frozen=True, slots=True)
class Segment:
    """Seconds from the beginning of the recording. `silenced`: nothing was to be heard, as for a PIN."""

    what: What
    begins: float
    ends: float
    agent_id: str | None = None


@dataclass(frozen=True, slots=True)
class About:
    """`begun_at` is UTC epoch seconds; `keep_until` too, None meaning for ever. The customer is left, agents right."""

    call_id: str
    queue: str
    number: str
    agents: tuple[str, ...]
    begun_at: float
    segments: tuple[Segment, ...]
    keep_until: float | None = None

    def __post_init__(self) -> None:
        """Raises ValueError when a segment ends before it begins, or begins before the one ahead of it."""
        begins = [one.begins for one in self.segments]
        if any(one.ends < one.begins or one.begins < 0 for one in self.segments) or begins != sorted(begins):
            raise ValueError("segments are to be in order, each with an end behind its beginning")

    def as_facts(self) -> dict[str, Any]:
        return {**asdict(self), "agents": list(self.agents), "segments": [asdict(one) for one in self.segments]}


def about_of(facts: dict[str, Any]) -> About:
    """The inverse of `as_facts`; what else stands in the facts is left alone."""
    known = {name: facts[name] for name in ("call_id", "queue", "number", "begun_at", "keep_until")}
    segments: Sequence[dict[str, Any]] = facts["segments"]
    return About(**known, agents=tuple(facts["agents"]), segments=tuple(Segment(**one) for one in segments))
