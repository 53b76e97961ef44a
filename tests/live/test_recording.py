"""Recordings of whole calls: one timeline, each side on its own track, silence where a secret was keyed in."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydub import AudioSegment

from cti.phones import level_db, tone_seconds
from cti.recorder import _closed
from cti.recordings.timeline import Segment, about_of
from cti.recordings.verify import verify
from db.store import AgentRecord
from ivr.menus import parse
from tests.live.conftest import House

pytestmark = pytest.mark.live
CALLER_HZ, FIRST_HZ, SECOND_HZ = 440, 880, 660


async def kept(house: House, call_id: str) -> Any:
    """The recording's last entry, made small."""
    recorder = house.server.recorder
    assert recorder is not None
    recording = await house.until("recording_kept", call_id=call_id)
    async with asyncio.timeout(60):
        while (entry := await recorder._shelf.last(recording.recording_id)).kind != "converted":  # noqa: ASYNC110 - a table
            await asyncio.sleep(0.1)
    return entry


def sides(house: House, entry: Any, folder: Path) -> tuple[Path, Path]:
    """The customer's and the other side as tracks of their own."""
    [file] = entry.files
    both = AudioSegment.from_file(house.server.settings.recorded_calls / file.name).split_to_mono()
    paths = folder / "left.wav", folder / "right.wav"
    for side, path in zip(both, paths, strict=True):
        side.set_sample_width(2).set_frame_rate(8000).export(path, format="wav").close()
    return paths


def of(segments: tuple[Segment, ...], what: str, agent: str | None = None) -> Segment:
    return next(one for one in segments if one.what == what and agent in {None, one.agent_id})


async def heard_by_those_who_may(house: House, call_id: str) -> None:
    """By a link of their own, in pieces, and noted; nobody else finds it."""
    parts = house.app.state.parts

    def bearer(who: str, role: str) -> dict[str, str]:
        person = AgentRecord(who, "", "", role, "")
        return {"Authorization": f"Bearer {parts.auth.issue(person, parts.clock()).access}"}

    transport = httpx.ASGITransport(app=house.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://house") as web:
        where = f"/api/calls/{call_id}/recordings"
        [told] = (await web.get(where, headers=bearer("2001", "supervisor"))).json()["recordings"]
        [mine] = (await web.get(where, headers=bearer("1003", "agent"))).json()["recordings"]
        assert told["id"] == mine["id"]
        assert (await web.get(where, headers=bearer("1001", "agent"))).status_code == 404
        assert (await web.get(where)).status_code == 401
        piece = await web.get(told["audio"], headers={"Range": "bytes=0-99"})
        assert (piece.status_code, len(piece.content), piece.headers["content-type"]) == (206, 100, "audio/ogg")
        whole = await web.get(told["audio"])
        assert whole.content[:100] == piece.content
        other = told["audio"].replace(told["id"], "another")
        assert (await web.get(other)).status_code == 401
        assert (await web.get(told["audio"].partition("?")[0])).status_code == 422
    assert house.told("recording_heard", "by") == ["2001", "2001"]


async def test_hold_and_an_attended_transfer_are_one_timeline_with_both_sides(house: House, tmp_path: Path) -> None:
    _, first = await house.agent("1004", hz=FIRST_HZ)
    caller = await house.queued("13800000001")
    call_id = (await house.until("agent_connected")).call_id
    control = house.server.control
    await house.passes(1.5)
    await control.hold("1004")
    await house.passes(1.5)
    await control.resume("1004")
    _, second = await house.agent("1003", hz=SECOND_HZ)
    await control.consult("1004", "agent", "1003")
    await house.until("call_moved", event="consulted")
    await house.passes(1.0)
    await control.complete("1004")
    await house.until("call_transferred", to="1003")
    await house.passes(2.0)
    caller.hang_up()
    for one in (caller, first, second):
        await one.wait_for("CALL_CLOSED")
    entry = await kept(house, call_id)
    about = about_of(entry.facts)
    assert about.agents == ("1004", "1003")
    said, heard = sides(house, entry, tmp_path)
    early, hold, late = of(about.segments, "talk"), of(about.segments, "hold"), of(about.segments, "talk", "1003")
    span = (late.begins + 0.3, late.ends - 0.3)
    assert tone_seconds(said, CALLER_HZ, *span) > 1.0
    assert tone_seconds(said, SECOND_HZ) == 0.0
    assert tone_seconds(heard, SECOND_HZ, *span) > 1.0
    assert tone_seconds(heard, FIRST_HZ, early.begins, early.ends) > 0.8
    assert tone_seconds(heard, FIRST_HZ, hold.begins + 0.3, hold.ends - 0.2) == 0.0
    assert level_db(heard, hold.begins + 0.4, hold.ends - 0.2) > -40  # music
    [file] = entry.files
    path = house.server.settings.recorded_calls / file.name
    assert path.stat().st_mode & 0o777 == 0o640
    assert call_id not in file.name
    ledger = house.server.recorder._shelf._ledger  # type: ignore[union-attr]
    assert list(verify(path.parent, await ledger.links())) == []
    await heard_by_those_who_may(house, call_id)
    monitor = house.server.settings.run_dir / "pbx" / "spool" / "monitor"
    assert list(monitor.iterdir()) == []


PIN_MENU = """
name = "pin"
start = "pin"
[nodes.pin]
kind = "collect"
prompts = ["account_number"]
into = "pin"
secret = true
min_digits = 4
max_digits = 4
next = "trading"
failure = "trading"
[nodes.trading]
kind = "queue"
queue = "trading"
"""


async def test_what_is_keyed_in_secretly_is_silence_in_the_recording_and_nowhere_else(
    house: House, tmp_path: Path
) -> None:
    menu = parse(PIN_MENU, "pin.toml")
    house.server._shared = replace(house.server._shared, menu_for=lambda _: menu)
    _, agent = await house.agent("1004", hz=FIRST_HZ)
    caller = await house.caller("13800000001")
    await house.until("menu_stepped", node="pin")
    await house.passes(1.0)
    await caller.press("7392")
    call_id = (await house.until("agent_connected")).call_id
    await house.passes(1.5)
    caller.hang_up()
    await agent.wait_for("CALL_CLOSED")
    entry = await kept(house, call_id)
    about = about_of(entry.facts)
    said, heard = sides(house, entry, tmp_path)
    silent, talk = of(about.segments, "silenced"), of(about.segments, "talk")
    assert silent.ends - silent.begins > 1.5
    for side in (said, heard):
        assert level_db(side, silent.begins + 0.2, silent.ends - 0.2) < -70
    assert tone_seconds(said, CALLER_HZ, talk.begins, talk.ends) > 1.0
    assert "7392" not in repr([event.as_dict() for event in house.events])
    await house.server.journal.flush()
    assert "7392" not in repr(await house.server.store.call_story(call_id))
    assert not [line for line in house.pbx.log_lines("") if "7392" in line]


async def test_who_hangs_up_while_asked_for_a_secret_leaves_nothing_and_no_alarm(house: House) -> None:
    menu = parse(PIN_MENU, "pin.toml")
    house.server._shared = replace(house.server._shared, menu_for=lambda _: menu)
    caller = await house.caller("13800000001")
    await house.until("recording_silenced", on=True)
    await caller.press("7")
    caller.hang_up()
    await house.until("call_ended")
    recorder = house.server.recorder
    assert recorder is not None
    await recorder.settled()
    assert house.told("recording_failed", "reason") == []
    assert recorder.hindered is None
    assert list(recorder._spool.iterdir()) == []


async def test_a_recording_that_a_killed_server_left_is_put_away_by_the_next(house: House) -> None:
    _, agent = await house.agent("1004")
    caller = await house.queued("13800000001")
    call_id = (await house.until("agent_connected")).call_id
    recorder = house.server.recorder
    assert recorder is not None
    await house.passes(1.0)
    recorder._running.clear()  # as if another server had begun it
    caller.hang_up()
    await agent.wait_for("CALL_CLOSED")
    await house.until("call_ended")
    await house.server.journal.flush()
    await house.holds(lambda: all(map(_closed, recorder._files(call_id))))
    await recorder.recover()
    entry = await kept(house, call_id)
    about = about_of(entry.facts)
    assert (about.call_id, about.agents, about.queue) == (call_id, ("1004",), "trading")
    assert of(about.segments, "talk", "1004").ends - of(about.segments, "talk", "1004").begins > 0.9
    assert list(recorder._spool.iterdir()) == []


async def test_a_caller_with_whom_nobody_spoke_leaves_no_recording(house: House) -> None:
    caller = await house.queued()
    caller.hang_up()
    await house.until("call_ended")
    recorder = house.server.recorder
    assert recorder is not None
    await recorder.settled()
    assert list((house.server.settings.run_dir / "pbx" / "spool" / "monitor").iterdir()) == []
    assert await recorder._shelf.present() == []
