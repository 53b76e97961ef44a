"""Telephones: the real baresip, driven through its control socket. For the demo, `make call` and the live tests."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import shutil
import socket
import tempfile
import time
import wave
from array import array
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cti import orphans
from cti.audio import write_tone

MODULES = ("g711.so", "aufile.so", "aubridge.so", "sndfile.so", "auconv.so", "auresamp.so")
APPS = ("account.so", "menu.so", "ctrl_tcp.so")
PID = "pid"
RECORDINGS_KEPT = 20
HEARD = 0.02  # of full scale: our telephones send tones at 0.3, prompts lie at 0.14
WRITTEN_S = 2.0
ANY_PORT = "127.0.0.1:0"
EMPTY = 44  # bytes of a sound file's header
LONGEST_CALL_S = 600  # baresip hangs up where its sound file ends
FOLDERS = ("/usr/lib/baresip/modules", "/usr/lib/x86_64-linux-gnu/baresip/modules", "/usr/local/lib/baresip/modules")


class PhoneError(Exception):
    """A telephone does not do what it should; the message has the cure where there is one."""


@dataclass(frozen=True, slots=True)
class Account:
    """`name` is user and From; empty `password` means that none is asked for."""

    user: str
    password: str = field(repr=False)
    display_name: str = ""
    from_number: str = ""
    auto_answer: bool = False
    register: bool = True


@dataclass(frozen=True, slots=True)
class PhoneEvent:
    """What baresip reports: `kind` such as CALL_INCOMING, `at` UTC epoch seconds."""

    kind: str
    at: float
    fields: dict[str, Any]


def recordings(folder: Path, kind: str = "dec") -> list[Path]:
    """What the telephone in this folder heard (`dec`) or said (`enc`), oldest first."""
    return sorted((folder / "heard").glob(f"*-{kind}.wav"), key=lambda path: path.stat().st_mtime)


def free_port(kind: int = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Phone:
    """One baresip with one or more accounts. Use `phone(...)`, which ends it whatever happens."""

    def __init__(self, folder: Path, control_port: int) -> None:
        self.folder = folder
        self.events: list[PhoneEvent] = []
        self._port = control_port
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._more = asyncio.Condition()

    async def start(self) -> None:
        program = shutil.which("baresip")
        if program is None:
            raise PhoneError("baresip is missing: apt-get install baresip-core")
        with (self.folder / "log").open("wb") as out:
            self._process = await asyncio.create_subprocess_exec(
                program, "-f", str(self.folder), stdin=asyncio.subprocess.DEVNULL, stdout=out, stderr=out,
                start_new_session=True,
            )  # fmt: skip
        (self.folder / PID).write_text(str(self._process.pid))
        async with asyncio.timeout(10):
            while self._writer is None:
                if self._process.returncode is not None:
                    told = (self.folder / "log").read_text("utf-8", "replace").strip().splitlines()
                    raise PhoneError(f"baresip ended at once: {' / '.join(told[-3:])}")
                try:
                    reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
                except OSError:
                    await asyncio.sleep(0.02)
        self._reader = asyncio.create_task(self._read(reader), name="phone")

    async def _read(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                size = int((await reader.readuntil(b":"))[:-1])
                message = json.loads((await reader.readexactly(size + 1))[:-1])
                if message.get("event"):
                    async with self._more:
                        self.events.append(PhoneEvent(message.get("type", ""), time.time(), message))
                        self._more.notify_all()
                    if message.get("type") == "CALL_CLOSED":
                        self._forget_old()

    def command(self, name: str, params: str = "") -> None:
        assert self._writer is not None  # noqa: S101
        body = json.dumps({"command": name, "params": params, "token": "t"}, ensure_ascii=False).encode()
        self._writer.write(b"%d:%s," % (len(body), body))

    def dial(self, uri: str) -> None:
        self.command("dial", uri)

    async def press(self, digits: str, gap_s: float = 0.25) -> None:
        """RFC 4733 digits into the call."""
        for digit in digits:
            self.command("sndcode", digit)
            await asyncio.sleep(gap_s)

    def accept(self) -> None:
        self.command("accept")

    def hang_up(self) -> None:
        """Ends the call, or refuses the one that rings."""
        self.command("hangup")

    async def wait_for(self, kind: str, deadline_s: float = 10.0, since: int = 0) -> PhoneEvent:
        """The first event of the kind after the `since`-th; raises PhoneError with what came instead."""

        def found() -> PhoneEvent | None:
            return next((event for event in self.events[since:] if event.kind == kind), None)

        try:
            async with asyncio.timeout(deadline_s), self._more:
                await self._more.wait_for(lambda: found() is not None)
        except TimeoutError:
            came = [event.kind for event in self.events[since:]]
            raise PhoneError(f"no {kind} within {deadline_s:g} s; came: {came}") from None
        event = found()
        assert event is not None  # noqa: S101
        if kind == "CALL_CLOSED":
            await self._written()
        return event

    async def _written(self) -> None:
        """baresip says that a call is over before it has closed what it recorded of it."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(WRITTEN_S):
                while not all(_is_whole(path) for path in self.heard()[-1:]):  # noqa: ASYNC110 - a file of baresip's
                    await asyncio.sleep(0.01)

    def heard(self) -> list[Path]:
        """Recordings of what the far side sent, oldest first; complete once the phone has ended the call."""
        return recordings(self.folder)

    def _forget_old(self) -> None:
        for kind in ("dec", "enc"):
            for old in recordings(self.folder, kind)[:-RECORDINGS_KEPT]:
                old.unlink(missing_ok=True)

    async def stop(self) -> None:
        for action in (self._writer and self._writer.close, self._reader and self._reader.cancel):
            if action:
                action()
        process = self._process
        if process is None or process.returncode is not None:
            return
        for end in (process.terminate, process.kill):
            with contextlib.suppress(ProcessLookupError):
                end()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), 3)
                return


def _started_from(folder: Path) -> str:
    return f"-f {folder.resolve()}"


async def reclaim(folder: Path) -> int | None:
    """End the telephone that an earlier run left behind in this folder, and the folder; its pid, or None."""
    found = await orphans.end(folder / PID, _started_from(folder))
    shutil.rmtree(folder, ignore_errors=True)
    return found


@contextlib.contextmanager
def _made(folder: Path | None) -> Iterator[Path]:
    if folder is None:
        with tempfile.TemporaryDirectory(prefix="zongji-phone-") as name:
            yield Path(name)
        return
    folder.mkdir(mode=0o700, parents=True)
    try:
        yield folder.resolve()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def phone(
    proxy: str,
    accounts: Sequence[Account],
    *,
    tone_hz: int = 440,
    folder: Path | None = None,
    listen: str = ANY_PORT,
) -> AsyncIterator[Phone]:
    """A telephone on loopback that speaks a tone; gone afterwards, with its folder.

    It takes calls at `listen` without being registered. Recordings of what it hears lie in the folder while it lives; a
    temporary one unless it is named.
    """
    with _made(folder) as home:
        await asyncio.to_thread(write_tone, home / "tone.wav", tone_hz, LONGEST_CALL_S)
        one = await _started(home, proxy, accounts, listen)
        try:
            yield one
        finally:
            await one.stop()


async def _started(home: Path, proxy: str, accounts: Sequence[Account], listen: str, tries: int = 3) -> Phone:
    """Between finding a free control port and taking it somebody else may take it: then with another."""
    while True:
        port, tries = free_port(), tries - 1
        _configure(home, port, proxy, accounts, listen)
        one = Phone(home, port)
        try:
            await one.start()
        except BaseException as error:
            await one.stop()
            if not (isinstance(error, PhoneError) and tries):
                raise
        else:
            return one


def _configure(folder: Path, control_port: int, proxy: str, accounts: Sequence[Account], listen: str) -> None:
    modules = next((path for path in FOLDERS if Path(path).is_dir()), FOLDERS[0])
    (folder / "heard").mkdir(exist_ok=True)
    rtp = free_port(socket.SOCK_DGRAM)
    lines = [
        f"module_path {modules}",
        "call_max_calls 4",
        f"audio_source aufile,{folder}/tone.wav",
        f"audio_player aubridge,{folder.name}",
        f"audio_alert aubridge,{folder.name}",
        "auplay_srate 8000",
        "ausrc_srate 8000",
        "audio_level no",
        f"rtp_ports {min(rtp, 60000)}-{min(rtp, 60000) + 200}",
        "net_interface 127.0.0.1",
        f"sip_listen {listen}",
        f"snd_path {folder}/heard",
        f"ctrl_tcp_listen 127.0.0.1:{control_port}",
        *(f"module {module}" for module in MODULES if Path(modules, module).exists()),
        *(f"module_app {module}" for module in APPS),
    ]
    (folder / "config").write_text("\n".join(lines) + "\n", "utf-8")
    (folder / "accounts").touch(mode=0o600)
    (folder / "accounts").write_text("".join(f"{_account(one, proxy)}\n" for one in accounts), "utf-8")
    (folder / "contacts").touch()


def _account(one: Account, proxy: str) -> str:
    display = f'"{one.display_name}" ' if one.display_name else ""
    options = [
        f"auth_user={one.user}",
        f"auth_pass={one.password}",
        f'outbound="sip:{proxy};transport=udp"',
        f"answermode={'auto' if one.auto_answer else 'manual'}",
        f"regint={300 if one.register else 0}",
        "audio_codecs=pcmu",
        "ptime=20",
    ]
    host = proxy.partition(":")[0]
    address = f"<sip:{one.from_number or one.user}@{host};transport=udp>"
    return ";".join([display + address, *options])


# -- what was heard ---------------------------------------------------------------------------------------------------


def sound_of(path: Path) -> tuple[array[int], int]:
    with wave.open(str(path)) as sound:
        return array("h", sound.readframes(sound.getnframes()))[:: sound.getnchannels()], sound.getframerate()


def _is_whole(path: Path) -> bool:
    """A sound file's header gets its lengths, and often the file its sound, when it is closed."""
    size = path.stat().st_size
    with path.open("rb") as file:
        told = int.from_bytes(file.read(8)[4:8], "little")
    return size > EMPTY and told + 8 == size


def _part(path: Path, from_s: float, to_s: float) -> tuple[array[int], int]:
    frames, rate = sound_of(path)
    return frames[int(max(from_s, 0.0) * rate) : int(max(0.0, min(to_s * rate, len(frames))))], rate


def seconds_of(path: Path) -> float:
    """How long a recording lasts."""
    frames, rate = sound_of(path)
    return len(frames) / rate


def tone_level(path: Path, hz: float, from_s: float = 0.0, to_s: float = math.inf) -> float:
    """Amplitude of one frequency, 0 to 1, by the Goertzel algorithm (G. Goertzel, 1958)."""
    return level_of(*_part(path, from_s, to_s), hz)


def tone_seconds(path: Path, hz: float, from_s: float = 0.0, to_s: float = math.inf) -> float:
    """How long a tone is heard, counted in tenths of a second; a rest too short to tell tones apart counts for none."""
    part, rate = _part(path, from_s, to_s)
    size = rate // 10
    windows = (part[begin : begin + size] for begin in range(0, len(part) - size // 2, size))
    return sum(level_of(window, rate, hz) > HEARD for window in windows) / 10


def level_db(path: Path, from_s: float = 0.0, to_s: float = math.inf) -> float:
    """Root mean square of everything heard, in dBFS; -120 for silence."""
    part, _ = _part(path, from_s, to_s)
    power = sum(frame * frame for frame in part) / len(part) if part else 0.0
    return max(-120.0, 10 * math.log10(max(power, 1e-3) / 32768**2))


def level_of(part: array[int], rate: int, hz: float) -> float:
    if not part:
        return 0.0
    turn = 2 * math.cos(2 * math.pi * hz / rate)
    one = two = 0.0
    for frame in part:
        one, two = frame + turn * one - two, one
    power = one * one + two * two - turn * one * two
    return 2 * math.sqrt(max(power, 0.0)) / len(part) / 32768
