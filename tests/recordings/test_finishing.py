"""Two tracks become one small file with the customer left; originals stay until it is proven."""

from __future__ import annotations

import asyncio
import wave
from pathlib import Path

import pytest
from pydub import AudioSegment
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncEngine

from cti.audio import write_tone
from cti.recordings.finishing import Finisher
from cti.recordings.shelf import Shelf
from cti.recordings.timeline import About
from cti.recordings.tracks import BadTrack, convert, read_track
from cti.recordings.verify import verify
from db.recordings import RecordingLedger
from db.tables import RecordingEntryRow

NOW = 1_800_000_000.0
ABOUT = About("c1", "trading", "+8613800000001", ("1001",), NOW - 3, ())


@pytest.fixture
def tracks(tmp_path: Path) -> tuple[Path, Path]:
    """The customer speaks loud, three seconds; the agent faintly, two."""
    said, heard = tmp_path / "x-r.wav", tmp_path / "x-t.wav"
    write_tone(said, 440, 3, 0.5)
    write_tone(heard, 1000, 2, 0.1)
    return said, heard


@pytest.mark.parametrize("kind", ["opus", "mp3"])
def test_the_customer_is_left_and_the_length_is_kept(tracks: tuple[Path, Path], tmp_path: Path, kind: str) -> None:
    made = convert(*tracks, tmp_path / f"call.{kind}")
    with made.path.open("rb") as opened:
        found = AudioSegment.from_file(opened, format="ogg" if kind == "opus" else kind)
    left, right = found.set_sample_width(2).split_to_mono()
    assert abs(len(left) - 3000) <= 50
    assert left[500:1500].rms > 3 * right[500:1500].rms > 0
    assert right[2300:2900].rms < right[500:1500].rms / 3  # what is left over of the other side
    assert max(made.left) in range(49, 52)
    assert max(made.right) in range(9, 12)
    assert made.right[-1] == 0


def test_a_track_without_sizes_in_its_header_is_read_whole(tracks: tuple[Path, Path]) -> None:
    whole = read_track(tracks[0])
    data = bytearray(tracks[0].read_bytes())
    data[4:8] = data[40:44] = bytes(4)
    tracks[0].write_bytes(data)
    assert read_track(tracks[0]).raw_data == whole.raw_data


@pytest.mark.parametrize("content", [b"", b"RIFFnonsense", b"PK\x03\x04 a zip"])
def test_a_broken_track_is_refused_and_leaves_nothing(
    tracks: tuple[Path, Path], tmp_path: Path, content: bytes
) -> None:
    tracks[0].write_bytes(content)
    with pytest.raises(BadTrack, match="cannot be read"):
        convert(*tracks, tmp_path / "call.opus")
    assert not list(tmp_path.glob("call*"))


def test_a_track_of_another_rate_is_refused(tracks: tuple[Path, Path], tmp_path: Path) -> None:
    with wave.open(str(tracks[0]), "wb") as opened:
        opened.setparams((1, 2, 16000, 0, "NONE", ""))
        opened.writeframes(bytes(3200))
    with pytest.raises(BadTrack, match="8 kHz"):
        convert(*tracks, tmp_path / "call.opus")


class House:
    def __init__(self, engine: AsyncEngine, folder: Path) -> None:
        self.alarms: list[str | None] = []
        self.engine, self.folder, self.ledger = engine, folder / "calls", RecordingLedger(engine)
        self.shelf = Shelf(self.folder, self.ledger)
        self.workplace = folder / "converting"
        self.finisher = Finisher(self.shelf, self.workplace, self.alarms.append)

    async def faults(self) -> list[str]:
        return list(verify(self.folder, await self.ledger.links()))


@pytest.fixture
def house(engine: AsyncEngine, tmp_path: Path) -> House:
    return House(engine, tmp_path)


async def test_a_kept_call_is_converted_once_and_its_tracks_go(house: House, tracks: tuple[Path, Path]) -> None:
    recording = await house.finisher.keep(ABOUT, *tracks, NOW)
    assert [one.recording_id for one in await house.shelf.unconverted()] == [recording]
    assert await house.finisher.work_off(lambda: NOW) == 1
    assert await house.finisher.work_off(lambda: NOW) == 0
    assert await house.shelf.unconverted() == []
    entry = await house.shelf.last(recording)
    assert [file.name for file in entry.files] == [f"{recording}.opus"]
    assert entry.facts["seconds"] == 3.0
    assert len(list(house.folder.iterdir())) == 2
    assert await house.faults() == []


async def test_one_that_cannot_be_converted_stays_and_holds_up_nobody(house: House, tracks: tuple[Path, Path]) -> None:
    good = tracks[0].read_bytes()
    await asyncio.to_thread(tracks[0].write_bytes, b"broken")
    broken = await house.finisher.keep(ABOUT, *tracks, NOW)
    await asyncio.to_thread(tracks[0].write_bytes, good)
    await house.finisher.keep(ABOUT, *tracks, NOW)
    assert await house.finisher.work_off(lambda: NOW) == 1
    assert len((await house.shelf.last(broken)).files) == 2
    assert await house.faults() == []


async def test_a_hindrance_is_told_and_the_work_done_when_it_is_over(house: House, tracks: tuple[Path, Path]) -> None:
    """A folder that is away stands for a full disk: both are an OSError."""
    await house.finisher.keep(ABOUT, *tracks, NOW)
    away = house.folder.rename(house.folder.with_name("away"))
    assert await house.finisher.work_off(lambda: NOW) == 0
    assert house.alarms[-1]
    away.rename(house.folder)
    assert await house.finisher.work_off(lambda: NOW) == 1
    assert house.alarms[-1] is None


async def test_an_entry_that_cannot_be_read_holds_up_nobody(house: House, tracks: tuple[Path, Path]) -> None:
    await house.finisher.keep(ABOUT, *tracks, NOW)
    good = await house.finisher.keep(ABOUT, *tracks, NOW)
    async with house.engine.begin() as connection:
        await connection.execute(update(RecordingEntryRow).where(RecordingEntryRow.seq == 1).values(body="{"))
    assert await house.finisher.work_off(lambda: NOW) == 1
    assert (await house.shelf.last(good)).kind == "converted"


async def test_a_conversion_that_is_given_up_leaves_nothing(house: House, tracks: tuple[Path, Path]) -> None:
    """Nor does the encoder, whose own files would lie where everybody's do."""
    recording = await house.finisher.keep(ABOUT, *tracks, NOW)
    work = asyncio.create_task(house.finisher.work_off(lambda: NOW))
    async with asyncio.timeout(20):
        while not list(house.workplace.glob("*/*")):  # noqa: ASYNC110 - another program's file
            await asyncio.sleep(0.005)
    house.finisher.stop()
    assert await work == 0
    assert list(house.workplace.iterdir()) == []
    assert len((await house.shelf.last(recording)).files) == 2


async def test_what_a_killed_server_had_half_converted_is_gone_with_the_next(house: House) -> None:
    (house.workplace / "tmpabc").mkdir(parents=True)
    (house.workplace / "tmpabc" / "call.opus").write_bytes(b"half a call")
    await house.finisher.clear()
    assert not house.workplace.exists()
