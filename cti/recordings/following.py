"""What was when in one call, followed from its steps. Pure; times are UTC epoch seconds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cti.call_states import Happening, State
from cti.recordings.timeline import Segment, What

HEARD_AS: dict[State, What] = {
    State.TALKING: "talk",
    State.HELD: "hold",
    State.RECALLING: "hold",
    State.CONSULTING: "consult",
    State.CONFERENCE: "conference",
}

LEAST_S = 0.001  # of the journal's steps two may say one thing: that they talk, and then who
BEGINS = {Happening.ANSWERED, Happening.CONNECTED}  # of a call to us, of one that an agent makes


class Following:
    """A recording's segments, as they come to be. `agents`: everybody who spoke in it, in order."""

    def __init__(self, begun_at: float) -> None:
        self.begun_at = begun_at
        self.agents: tuple[str, ...] = ()
        self._segments: list[Segment] = []
        self._what: What | None = None
        self._whose: str | None = None
        self._since = self._silent_since = 0.0

    @property
    def connected(self) -> bool:
        """Somebody has spoken with the customer."""
        return bool(self.agents)

    def moved(self, at: float, after: State, agent_id: str | None) -> None:
        """The call stands there from now on, and is this agent's."""
        what = HEARD_AS.get(after)
        if what is not None and agent_id and agent_id not in self.agents:
            self.agents = (*self.agents, agent_id)
        if (what, agent_id) == (self._what, self._whose):
            return
        self._close(at)
        self._what, self._whose, self._since = what, agent_id, at

    def silenced(self, at: float, on: bool) -> None:
        """Nothing is to be heard from now on, or all again."""
        if on:
            self._silent_since = at
        elif self._silent_since:
            self._segments.append(self._segment("silenced", self._silent_since, at, None))
            self._silent_since = 0.0

    def segments(self, ended_at: float) -> tuple[Segment, ...]:
        """All, in order, the last one ending now."""
        self.silenced(ended_at, False)
        self._close(ended_at)
        self._what = None
        return tuple(sorted(self._segments, key=lambda one: one.begins))

    def _close(self, at: float) -> None:
        if self._what is not None and at - self._since > LEAST_S:
            self._segments.append(self._segment(self._what, self._since, at, self._whose))

    def _segment(self, what: What, begins: float, ends: float, agent_id: str | None) -> Segment:
        begins, ends = (round(max(0.0, one - self.begun_at), 3) for one in (begins, ends))
        return Segment(what, begins, max(begins, ends), agent_id)


def followed(steps: Iterable[Mapping[str, Any]]) -> Following | None:
    """The same from a call's journal, for one whose server did not see its end; None when it was never answered."""
    following: Following | None = None
    state, agent_id = State.NEW, None
    for step in steps:
        kind, at = step["kind"], float(step["at"])
        if kind == "call_moved":
            state = State(step["after"])
            if following is None and step["event"] in BEGINS:
                following = Following(at)
        elif kind == "agent_connected":
            agent_id = step["agent_id"]
        elif kind == "call_transferred":
            agent_id = step["to"]
        elif kind == "recording_silenced" and following is not None:
            following.silenced(at, bool(step["on"]))
            continue
        else:
            continue
        if following is not None:
            following.moved(at, state, agent_id)
    return following
