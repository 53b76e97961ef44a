"""What is made of the channels that a killed server has left: notes read back, bridges believed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.adoption import placed, plan
from cti.call_states import State
from cti.notes import NOTE, PARTY, Note, PartyNote, read, read_tag, variables, write

TALK = Note("c1-aaaaaa-1", "talking", 100.0, queue="trading", waiting_since=101.0, connected_at=105.0)
AGENT = PartyNote("agent", "1001", "c1-aaaaaa-1", leg="z-aaaaaa-2")


def row(uniqueid: str, name: str = "PJSIP/caller-00000001", **more: Any) -> dict[str, str]:
    told = {"uniqueid": uniqueid, "channel": name, "channelstatedesc": "Up", "context": "arrivals", **more}
    note, tag = told.pop("note", None), told.pop("tag", None)
    lines = [f"{NOTE}={write(note)}" if note else f"{NOTE}=", f"{PARTY}={tag.tag()}" if tag else f"{PARTY}="]
    return {**told, "variable": "\n".join(lines)}


def agents(uniqueid: str = "z-aaaaaa-2", tag: PartyNote = AGENT, **more: Any) -> dict[str, str]:
    return row(uniqueid, "PJSIP/agent1001-00000002", **{"context": "legs", "tag": tag, **more})


@given(st.builds(Note, st.text(max_size=20), st.sampled_from([*State]), st.floats(0, 2e9), st.text("+0123456789")))
def test_a_note_is_read_back_as_it_was_written(note: Note) -> None:
    assert read(write(note)) == note
    assert variables({"variable": f"A=1\n{NOTE}={write(note)}"})[NOTE] == write(note)


@given(st.text())
def test_what_is_no_note_is_none(text: str) -> None:
    assert read(f"{text}x") is None
    found = read_tag(text)
    assert found is None or text.count("|") == 4


def test_a_note_too_long_for_a_channel_is_refused() -> None:
    with pytest.raises(ValueError, match="900 at most"):
        write(replace_note(requires="x" * 900))


def replace_note(**more: Any) -> Note:
    return Note(**{"call": "c1-aaaaaa-1", "state": "queued", "arrived_at": 1.0, **more})


def test_two_who_talk_are_one_call_and_no_stray() -> None:
    note = Note(**{**{f: getattr(TALK, f) for f in TALK.__struct_fields__}, "owner": AGENT})
    found = plan([row("17.1", bridgeid="b", note=note), agents(bridgeid="b")], "bbbbbb")
    [call] = found.calls
    assert (call.state, call.owner, call.apart, call.unsaid) == (State.TALKING, AGENT, False, False)
    assert (found.strays, found.new, found.standing) == ([], [], [])


def test_the_bridge_is_believed_before_the_note() -> None:
    waits = replace_note(state="queued", queue="trading")
    [call] = plan([row("17.1", bridgeid="b", note=waits), agents(bridgeid="b")], "bbbbbb").calls
    assert (call.state, call.unsaid, call.owner and call.owner.leg) == (State.TALKING, True, "z-aaaaaa-2")

    held = replace_note(state="held", owner=AGENT)
    [call] = plan([row("17.1", bridgeid="b", note=held), agents(bridgeid="b")], "bbbbbb").calls
    assert call.state is State.TALKING

    talks = replace_note(state="talking", owner=AGENT)
    [call] = plan([row("17.1", note=talks), agents()], "bbbbbb").calls
    assert call.apart

    [call] = plan([row("17.1", note=talks)], "bbbbbb").calls  # the agent is gone
    assert not call.apart


def test_legs_that_rang_or_stand_alone_are_ended_and_standing_ones_kept() -> None:
    standing = PartyNote("agent", "1002", standing=True)
    found = plan([agents(channelstatedesc="Ringing"), agents("z-aaaaaa-3", standing), row("17.9")], "bbbbbb")
    assert [one.uniqueid for one in found.strays] == ["z-aaaaaa-2"]
    assert [one.uniqueid for one in found.standing] == ["z-aaaaaa-3"]
    assert [one.uniqueid for one in found.new] == ["17.9"]


def test_who_stands_in_a_lobby_is_in_no_talk() -> None:
    bridges = [{"bridgeuniqueid": "b", "bridgetechnology": "holding_bridge"}, {"bridgeuniqueid": "t"}]
    waits, talks = placed([agents(bridgeid="b"), agents("z-aaaaaa-3", bridgeid="t")], bridges)
    assert (waits["bridgeid"], waits["lobby"], talks["bridgeid"]) == ("", "b", "t")
    assert [one.uniqueid for one in plan([waits, talks], "bbbbbb").strays] == ["z-aaaaaa-2"]


def test_whoever_the_fallback_serves_is_left_there_and_whoever_waits_in_it_is_taken_back() -> None:
    waits = replace_note(state="queued", queue="trading")
    rows = [row("17.1", context="fallback", bridgeid="b", note=waits), row("17.2", context="fallback", note=waits)]
    served, waiting = plan(rows, "bbbbbb").calls
    assert (served.elsewhere, waiting.elsewhere) == (True, False)


def test_those_who_wait_come_in_their_order() -> None:
    rows = [row(f"17.{n}", note=replace_note(call=f"c-aaaaaa-{n}", waiting_since=float(n))) for n in (3, 1, 2)]
    assert [one.note.call for one in plan(rows, "bbbbbb").calls] == [f"c-aaaaaa-{n}" for n in (1, 2, 3)]


def test_a_call_of_our_own_that_we_have_ended_is_a_stray() -> None:
    note = replace_note(call="c1-bbbbbb-1")
    found = plan([row("17.1", note=note)], "bbbbbb")
    assert (found.calls, [one.uniqueid for one in found.strays]) == ([], ["17.1"])


@pytest.mark.parametrize("state", [State.RECALLING, State.CONSULTING])
def test_a_talk_in_between_goes_on_from_what_is_sure(state: State) -> None:
    note = replace_note(state=state.value, owner=AGENT)
    [call] = plan([row("17.1", note=note)], "bbbbbb").calls
    assert call.state is (State.TALKING if state is State.RECALLING else State.HELD)
    assert replace(call, owner=None).third is None
