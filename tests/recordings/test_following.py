"""What was when in a recorded call."""

from __future__ import annotations

from cti.call_states import State
from cti.recordings.following import Following, followed
from cti.recordings.timeline import Segment


def test_a_call_with_hold_consult_and_a_transfer_is_one_timeline() -> None:
    following = Following(100.0)
    for at, state, agent in (
        (101, State.MENU, None), (105, State.QUEUED, None), (110, State.TALKING, "1001"), (120, State.HELD, "1001"),
        (130, State.CONSULTING, "1001"), (140, State.TALKING, "1001"), (141, State.TALKING, "1002"),
        (150, State.ENDED, "1002"),
    ):  # fmt: skip
        following.moved(at, state, agent)
    assert following.agents == ("1001", "1002")
    assert following.segments(150) == (
        Segment("talk", 10, 20, "1001"),
        Segment("hold", 20, 30, "1001"),
        Segment("consult", 30, 40, "1001"),
        Segment("talk", 40, 41, "1001"),
        Segment("talk", 41, 50, "1002"),
    )


def test_what_is_silenced_is_marked_also_when_the_call_ends_in_it() -> None:
    following = Following(100.0)
    following.silenced(102, True)
    following.silenced(107, False)
    following.silenced(108, True)
    assert following.segments(109) == (Segment("silenced", 2, 7), Segment("silenced", 8, 9))
    assert not following.connected


def test_what_stays_the_same_is_one_segment() -> None:
    following = Following(0.0)
    for at in (10, 11, 12):
        following.moved(at, State.TALKING, "1001")
    assert following.segments(20) == (Segment("talk", 10, 20, "1001"),)


def test_the_journal_tells_the_same_of_a_call_whose_server_was_killed() -> None:
    def moved(at: float, event: str, after: str) -> dict[str, object]:
        return {"kind": "call_moved", "at": at, "event": event, "after": after, "agent_id": None}

    steps = [
        moved(100, "answered", "menu"),
        {"kind": "recording_silenced", "at": 101, "on": True},
        {"kind": "recording_silenced", "at": 104, "on": False},
        moved(110, "connected", "talking"),
        {"kind": "agent_connected", "at": 110, "agent_id": "1001"},
        moved(120, "held", "held"),
    ]
    following = followed(steps)
    assert following is not None
    assert following.agents == ("1001",)
    told = [one for one in following.segments(130) if one.ends > one.begins]
    assert told == [Segment("silenced", 1, 4), Segment("talk", 10, 20, "1001"), Segment("hold", 20, 30, "1001")]
    assert followed([moved(100, "hung_up", "ended")]) is None
