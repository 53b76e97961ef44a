"""A recording that was changed, taken away or swapped is found and named; a lawful deletion is not a fault."""

from __future__ import annotations

import asyncio
import hashlib
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncEngine

from cti.recordings.shelf import HEAD, Shelf, UnknownRecording
from cti.recordings.timeline import About, Segment, about_of
from cti.recordings.verify import verify
from db.engine import dispose, make_engine, upgrade
from db.recordings import RecordingLedger
from db.tables import RecordingEntryRow
from tests.served import ROOT

NOW = 1_800_000_000.0
ABOUT = About("c1", "trading", "+8613800000001", ("1001",), NOW - 60, (Segment("talk", 0.0, 60.0, "1001"),), NOW + 10)


class House:
    """Three calls on the shelf."""

    def __init__(self, engine: AsyncEngine, folder: Path) -> None:
        self.engine, self.folder, self.ledger = engine, folder / "calls", RecordingLedger(engine)
        self.shelf = Shelf(self.folder, self.ledger)
        self.ids: list[str] = []

    async def fill(self, source: Path) -> House:
        for n in range(3):
            await asyncio.to_thread(source.write_bytes, f"call number {n}".encode() * 100)
            self.ids.append(await self.shelf.keep(ABOUT, {"r.wav": source}, NOW))
        return self

    def file(self, n: int) -> Path:
        return self.folder / f"{self.ids[n]}.r.wav"

    async def faults(self) -> list[str]:
        return list(verify(self.folder, await self.ledger.links()))


@pytest.fixture
async def house(engine: AsyncEngine, tmp_path: Path) -> House:
    return await House(engine, tmp_path).fill(tmp_path / "source")


async def test_untouched_recordings_have_no_fault_and_are_for_owner_and_group_alone(house: House) -> None:
    assert await house.faults() == []
    assert {stat.S_IMODE(house.file(n).stat().st_mode) for n in range(3)} == {0o640}
    assert about_of((await house.shelf.last(house.ids[0])).facts) == ABOUT


async def test_one_flipped_byte_is_found(house: House) -> None:
    content = bytearray(house.file(1).read_bytes())
    content[700] ^= 1
    house.file(1).write_bytes(content)
    assert await house.faults() == [f"{house.file(1).name}: was changed"]


async def test_a_deleted_file_is_found(house: House) -> None:
    house.file(0).unlink()
    assert await house.faults() == [f"{house.file(0).name}: missing"]


async def test_a_swapped_pair_is_found_and_says_what_belongs_where(house: House) -> None:
    first, last = house.file(0).read_bytes(), house.file(2).read_bytes()
    house.file(0).write_bytes(last)
    house.file(2).write_bytes(first)
    assert await house.faults() == [
        f"{house.file(0).name}: holds what belongs in {house.file(2).name}",
        f"{house.file(2).name}: holds what belongs in {house.file(0).name}",
    ]


@pytest.mark.parametrize(
    ("seq", "fault"),
    [(2, "ledger: entries 2 to 2 are missing"), (3, "ledger: entries 3 to 3 at its end are missing")],
)
async def test_a_removed_entry_is_found_also_at_the_end(house: House, seq: int, fault: str) -> None:
    async with house.engine.begin() as connection:
        await connection.execute(delete(RecordingEntryRow).where(RecordingEntryRow.seq == seq))
    assert fault in await house.faults()


@pytest.mark.parametrize(
    "value",
    [
        {"body": '{"files":[]}'},
        {"body": "{", "hash": hashlib.sha256(b"{").hexdigest()},
        {"recording_id": "another"},
        {"hash": "f" * 64},
    ],
)
async def test_an_edited_entry_is_found(house: House, value: dict[str, str]) -> None:
    async with house.engine.begin() as connection:
        await connection.execute(update(RecordingEntryRow).where(RecordingEntryRow.seq == 2).values(**value))
    assert any(fault.startswith("ledger: entry 2 ") for fault in await house.faults())


async def test_a_ledger_whose_head_was_taken_away_is_not_called_good(house: House) -> None:
    (house.folder / HEAD).unlink()
    assert len(await house.faults()) == 1


async def test_what_is_deleted_in_time_is_gone_and_verifies_clean(house: House) -> None:
    assert await house.shelf.delete_due(NOW + 9) == []
    assert sorted(await house.shelf.delete_due(NOW + 10)) == sorted(house.ids)
    assert [one.name for one in house.folder.iterdir()] == [HEAD]
    assert await house.faults() == []
    with pytest.raises(UnknownRecording):
        await house.shelf.last(house.ids[0])


async def test_what_a_killed_server_left_is_swept_away_and_nothing_else(house: House) -> None:
    """A half of a file, and the files of a recording whose deletion had got its entry, and no more."""
    files = {name: house.folder / name for name in ("x.r.wav.partial", "y.r.wav.partial", "unknown.r.wav")}
    for file in files.values():
        file.write_bytes(b"half")
        os.utime(file, (NOW, NOW))
    os.utime(files["y.r.wav.partial"], (NOW + 2, NOW + 2))  # another server is just writing it
    kept = house.file(0).read_bytes()
    await house.shelf.delete(house.ids[0], "retention", NOW)
    house.file(0).write_bytes(kept)
    assert await house.shelf.sweep(NOW + 1) == sorted([house.file(0).name, "x.r.wav.partial"])
    assert [name for name, file in files.items() if file.exists()] == ["y.r.wav.partial", "unknown.r.wav"]
    assert await house.shelf.sweep(NOW + 1) == []
    assert await house.faults() == []


async def test_a_converted_recording_replaces_its_originals(house: House, tmp_path: Path) -> None:
    (tmp_path / "small").write_bytes(b"small")
    await house.shelf.replace(house.ids[0], {"opus": tmp_path / "small"}, {"peaks": [1, 2]}, NOW)
    assert not house.file(0).exists()
    assert (await house.shelf.last(house.ids[0])).facts["peaks"] == [1, 2]
    assert await house.faults() == []


async def test_a_file_that_cannot_be_copied_leaves_nothing_behind(house: House, tmp_path: Path) -> None:
    before = sorted(house.folder.iterdir())
    with pytest.raises(OSError, match="No such file"):
        await house.shelf.keep(ABOUT, {"r.wav": tmp_path / "absent"}, NOW)
    assert sorted(house.folder.iterdir()) == before


def test_segments_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="in order"):
        About("c", "q", "1", (), NOW, (Segment("hold", 5.0, 6.0), Segment("talk", 0.0, 5.0)))


async def test_the_command_names_the_file_and_ends_with_one(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite+aiosqlite:///{tmp_path / 'zongji.db'}")
    await upgrade(engine)
    house = await House(engine, tmp_path).fill(tmp_path / "source")
    await dispose(engine)
    good = await asyncio.to_thread(_command, tmp_path)
    await asyncio.to_thread(house.file(1).write_bytes, b"")
    bad = await asyncio.to_thread(_command, tmp_path)
    assert (good.returncode, good.stdout) == (0, "3 entries checked, 0 faults\n"), good.stderr
    assert bad.returncode == 1
    assert bad.stdout.startswith(f"{house.file(1).name}: was changed\n")


def _command(run_dir: Path) -> subprocess.CompletedProcess[str]:
    known = {**os.environ, "ZONGJI_RUN_DIR": str(run_dir)}
    return subprocess.run(
        [sys.executable, "-m", "cti", "verify-recordings"], cwd=ROOT, env=known,
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
