"""Prompts are replaced by what an administrator uploads, whatever is uploaded, and nothing is half-done."""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from pydub import AudioSegment
from pydub.generators import Sine

from agents.auth import Auth
from cti.audio import PromptFiles, PromptMaker
from cti.bus import Bus
from cti.events import Event
from cti.phones import seconds_of, tone_seconds
from cti.prompt_shelf import MOST_BYTES, PromptShelf
from cti.web import listening, web_running
from db.store import AgentRecord
from tests.agents.fakes import House

WORDS = {"welcome": {"zh": "您好", "en": "Welcome"}}


@dataclass
class Place:
    folder: Path
    files: PromptFiles
    shelf: PromptShelf
    url: str
    auth: Auth
    events: list[Event]
    now: float

    def headers(self, role: str = "administrator") -> dict[str, str]:
        return {"Authorization": f"Bearer {self.auth.issue(AgentRecord('9001', '', '', role, ''), self.now).access}"}

    async def put(self, body: bytes | AsyncIterator[bytes], prompt: str = "welcome", **more: str) -> httpx.Response:
        async with httpx.AsyncClient(base_url=self.url, timeout=60) as web:
            return await web.put(f"/api/prompts/zh/{prompt}", content=body, headers={**self.headers(), **more})

    def left(self) -> list[str]:
        """What lies in the folder of uploads, hidden files too."""
        return sorted(path.name for path in (self.folder / "prompts").rglob("*") if path.is_file())


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    maker = PromptMaker(tmp_path / "sounds", None, tmp_path / "prompts")
    files = await maker.ensure(WORDS, ["zh", "en"])
    bus, events = Bus(), list[Event]()
    bus.subscribe(Event, events.append)
    shelf = PromptShelf(
        maker=maker, files=files, catalogue=WORDS, languages=["zh", "en"], folder=tmp_path / "prompts", bus=bus,
        clock=lambda: 1.0,
    )  # fmt: skip
    house = House(prompts=shelf)
    async with web_running(house.app, listening("127.0.0.1", 0)) as url:
        yield Place(tmp_path, files, shelf, url, house.auth, events, house.clock())


def sound(kind: str, seconds: float = 1.5, hz: int = 700) -> bytes:
    out = io.BytesIO()
    tone = Sine(hz, sample_rate=44100).to_audio_segment(int(seconds * 1000), volume=-12)
    codec = {"m4a": "ipod", "opus": "ogg"}.get(kind, kind)
    tone.set_channels(2).export(out, format=codec)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["wav", "mp3", "m4a", "ogg", "flac", "aiff"])
async def test_any_usual_sound_is_said_from_now_on(place: Place, kind: str) -> None:
    before = place.files.path("welcome", "zh")

    answer = await place.put(sound(kind))

    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["source"], told["prompt"], told["language"]) == ("uploaded", "welcome", "zh")
    assert told["seconds"] == pytest.approx(1.7, abs=0.15)
    now = place.files.path("welcome", "zh").with_suffix(".wav")
    assert tone_seconds(now, 700) == pytest.approx(1.5, abs=0.2)
    assert AudioSegment.from_wav(io.BytesIO(now.read_bytes())).dBFS == pytest.approx(-20, abs=1.5)
    assert before.with_suffix(".wav").exists()  # whoever hears it, hears it to the end
    assert place.left() == ["welcome.wav"]
    assert [event.as_dict()["kind"] for event in place.events] == ["prompt_changed"]
    again = await PromptMaker(place.folder / "sounds", None, place.folder / "prompts").ensure(WORDS, ["zh"])
    assert again.path("welcome", "zh") == place.files.path("welcome", "zh")  # also after a restart


async def test_what_was_said_before_is_said_again_when_it_is_removed(place: Place) -> None:
    before = place.files.path("welcome", "zh")
    await place.put(sound("wav"))
    async with httpx.AsyncClient(base_url=place.url, headers=place.headers()) as web:
        removed = await web.delete("/api/prompts/zh/welcome")
        nothing = await web.delete("/api/prompts/zh/welcome")
        listed = (await web.get("/api/prompts")).json()["prompts"]
        heard = await web.get("/api/prompts/zh/welcome/audio")

    assert removed.json()["source"] == "spoken"
    assert nothing.status_code == 404
    assert place.files.path("welcome", "zh") == before
    assert [(one["prompt"], one["language"], one["source"]) for one in listed] == [
        ("welcome", "zh", "spoken"),
        ("welcome", "en", "spoken"),
    ]
    assert heard.content == before.with_suffix(".wav").read_bytes()
    assert place.left() == []


def _zip_named_wav() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("welcome.wav", sound("wav"))
    return out.getvalue()


def _playlist() -> bytes:
    return b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"


def _concat() -> bytes:
    return b"ffconcat version 1.0\nfile '/etc/passwd'\n"


def _silence(seconds: float, kind: str) -> bytes:
    out = io.BytesIO()
    AudioSegment.silent(int(seconds * 1000), 8000).export(out, format=kind)
    return out.getvalue()


BROKEN = {
    "empty": (b"", "no_sound"),
    "text": (b"this is no sound at all\n" * 50, "no_sound"),
    "zip": (_zip_named_wav(), "no_sound"),
    "cut off": (sound("flac")[:300], "no_sound"),
    "header alone": (sound("wav")[:44], "no_sound"),
    "playlist": (_playlist(), "no_sound"),
    "concat": (_concat(), "no_sound"),
    "silence": (_silence(2.0, "wav"), "no_sound"),
    "eleven minutes": (_silence(660.0, "mp3"), "too_long"),
}


@pytest.mark.parametrize("what", BROKEN)
async def test_what_is_no_prompt_is_refused_and_the_old_one_stays(place: Place, what: str) -> None:
    before = place.files.path("welcome", "zh")
    body, code = BROKEN[what]

    answer = await place.put(body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (422, code), answer.text
    assert str(place.folder) not in answer.text
    assert place.files.path("welcome", "zh") == before
    assert place.left() == []
    assert place.events == []


async def test_two_gigabytes_are_cut_off_as_soon_as_it_is_too_much(place: Place) -> None:
    sent = 0
    biggest = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent, biggest
        part = bytes(1_000_000)
        for _ in range(2_000):
            sent += len(part)
            yield part
            biggest = max([biggest, *(path.stat().st_size for path in (place.folder / "prompts").rglob("*.upload"))])
            await asyncio.sleep(0)

    try:
        answer = await place.put(endless())
        assert answer.status_code == 413
    except httpx.TransportError:  # it was cut off while it was still being sent
        pass

    assert sent < 4 * MOST_BYTES
    assert biggest <= MOST_BYTES + 1_000_000
    assert place.left() == []
    assert place.events == []


def _head(place: Place, length: int) -> bytes:
    token = place.headers()["Authorization"]
    put = "PUT /api/prompts/zh/welcome HTTP/1.1"
    return "\r\n".join((put, "Host: house", f"Authorization: {token}", f"Content-Length: {length}", "", "")).encode()


async def _connected(place: Place) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, port = place.url.removeprefix("http://").split(":")
    return await asyncio.open_connection(host, int(port))


async def test_who_says_beforehand_that_it_is_too_much_is_told_so_at_once(place: Place) -> None:
    reader, writer = await _connected(place)
    writer.write(_head(place, 2_000_000_000))
    async with asyncio.timeout(10):
        assert b" 413 " in await reader.readline()
    writer.close()
    await writer.wait_closed()


async def test_a_body_that_ends_before_its_length_changes_nothing(place: Place) -> None:
    _, writer = await _connected(place)
    writer.write(_head(place, 1_000_000) + sound("wav"))
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    async with asyncio.timeout(10):
        while place.left():  # noqa: ASYNC110 - the server notices in its own time
            await asyncio.sleep(0.01)
    assert place.events == []


@pytest.mark.parametrize("prompt", ["nothing", "..%2f..%2fetc%2fpasswd", "welcome.wav", "%00"])
async def test_only_prompts_of_the_house_can_be_replaced(place: Place, prompt: str) -> None:
    answer = await place.put(sound("wav"), prompt)
    assert answer.status_code in {404, 422}
    assert place.left() == []


@pytest.mark.parametrize("role", ["agent", "supervisor"])
async def test_nobody_but_an_administrator_may(place: Place, role: str) -> None:
    async with httpx.AsyncClient(base_url=place.url, headers=place.headers(role)) as web:
        answers = [
            await web.put("/api/prompts/zh/welcome", content=sound("wav")),
            await web.delete("/api/prompts/zh/welcome"),
            await web.get("/api/prompts"),
            await web.get("/api/prompts/zh/welcome/audio"),
        ]
    assert [answer.status_code for answer in answers] == [403] * 4
    assert place.left() == []


async def test_two_at_once_leave_one_whole(place: Place) -> None:
    answers = await asyncio.gather(place.put(sound("wav", hz=700)), place.put(sound("mp3", hz=900)))

    assert [answer.status_code for answer in answers] == [200, 200]
    said = place.files.path("welcome", "zh").with_suffix(".wav")
    assert sorted([tone_seconds(said, 700) > 1, tone_seconds(said, 900) > 1]) == [False, True]
    kept = place.folder / "prompts" / "zh" / "welcome.wav"
    assert seconds_of(kept) == pytest.approx(1.5, abs=0.1)
    assert kept.stat().st_mode & 0o777 == 0o640
    assert place.left() == ["welcome.wav"]
