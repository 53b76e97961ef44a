"""What cannot start says one clear line that names place and cure, ends with exit code 2, and leaves nothing."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from cti.audio import write_hold_music
from cti.pbx import Pbx, PbxConfig
from tests.cti.houses import CLI, ROOT, Place
from tests.ports import free_port, free_rtp

PROVIDED = ROOT / ".pbx" / "asterisk.json"
SECRET = "the-word-of-that-Asterisk"


def refused(here: Place, command: str = "up") -> str:
    """The one line with which the command is refused; nothing is half-started."""
    done = here.cti(command)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert "ready" not in done.stdout
    lines = done.stderr.splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("zongji: ")
    return lines[0].removeprefix("zongji: ")


@contextmanager
def holding(kind: int, port: int) -> Iterator[None]:
    """Somebody else has the port."""
    with socket.socket(socket.AF_INET, kind) as other:
        other.bind(("127.0.0.1", port))
        if kind == socket.SOCK_STREAM:
            other.listen()
        yield


@asynccontextmanager
async def another_asterisk(here: Place) -> AsyncIterator[Pbx]:
    """An Asterisk that this house did not start, at the ports of the place."""
    folder = here.folder / "other"
    await asyncio.to_thread(write_hold_music, folder / "moh" / "hold.wav")
    rtp, last = free_rtp()
    config = PbxConfig(
        folder / "pbx", PROVIDED, "127.0.0.1", here.sip, here.ami, here.http, rtp, last,
        SECRET, SECRET, {"agent1001": SECRET}, folder / "moh",
    )  # fmt: skip
    pbx = Pbx(config, ROOT / "asterisk-config")
    await pbx.start()
    try:
        yield pbx
    finally:
        await pbx.stop()


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ("[web\n", "zongji.toml:1: no TOML"),
        ('[web]\norigins = "many"\n', "zongji.toml:2: web.origins"),
        (
            'skills = ["a"]\n[[queues]]\nname = "q"\nrequires = "bond >= 2"\n',
            "zongji.toml:4: queues[0].requires: unknown skill 'bond' (known: a)",
        ),
        ('[[queues]]\nname = "q"\nrequires = "mandarin >="\n', "expected a level from 1 to 10"),
        ('menu = "nowhere"\n', "menu 'nowhere': there is no ivr/menus/nowhere.toml: mend 'menu'"),
        ('menus_dir = "{folder}"\nmenu = "mine"\n', "mine.toml:4: node 'island': no caller can reach it: lead a node"),
    ],
)
def test_broken_settings_are_refused_before_anything_starts(here: Place, settings: str, line: str) -> None:
    (here.folder / "mine.toml").write_text(
        'name = "mine"\nstart = "end"\nnodes.end.kind = "hangup"\n[nodes.island]\nkind = "hangup"\n'
    )
    file = here.folder / "zongji.toml"
    file.write_text(settings.replace("{folder}", str(here.folder)), "utf-8")
    here.more["SETTINGS"] = str(file)

    with ThreadPoolExecutor() as together:
        told = list(together.map(refused, [here, here], ["check", "up"]))

    assert [line in one for one in told] == [True, True], told
    assert here.left() == []


@pytest.mark.parametrize(
    ("port", "kind", "line"),
    [
        ("web", socket.SOCK_STREAM, "web.port: 127.0.0.1:{}: Address already in use: free it or set ZONGJI_WEB__PORT"),
        ("sip", socket.SOCK_DGRAM, "asterisk.sip_port: 127.0.0.1:{}: Address already in use: free it or set ZONGJI_"),
        ("ami", socket.SOCK_STREAM, "asterisk.ami_port: 127.0.0.1:{}: Address already in use: free it or set ZONGJI_"),
    ],
)
@pytest.mark.live
def test_a_taken_port_is_named_with_the_setting_that_moves_it(here: Place, port: str, kind: int, line: str) -> None:
    number = getattr(here, port)

    with holding(kind, number):
        assert line.format(number) in refused(here)

    assert here.left() == []


def test_an_asterisk_that_was_not_provided(here: Place) -> None:
    here.more["ASTERISK__PROVIDED"] = str(here.folder / "nothing.json")

    assert "no Asterisk provided" in (line := refused(here))
    assert "run: " in line
    assert here.left() == []


@pytest.mark.parametrize("where", ["below a file", "/proc/zongji"])
def test_a_run_folder_that_cannot_be_written(here: Place, where: str) -> None:
    (here.folder / "file").touch()
    run_dir = here.folder / "file" / "run" if where == "below a file" else Path(where)
    here.more["RUN_DIR"] = str(run_dir)

    assert refused(here).startswith(f"run_dir: {run_dir}")
    assert here.left() == []


@pytest.mark.parametrize("content", ['{"ami_secret": ', "[]", '{"ami_secret": "x"}'])
def test_damaged_secrets(here: Place, content: str) -> None:
    here.run_dir.mkdir()
    file = here.run_dir / "secrets.json"
    file.write_text(content)
    file.chmod(0o600)

    done = here.cti("up")

    assert done.returncode == 2
    assert "secrets.json" in done.stderr or "web.token_secret: the demo profile has no default" in done.stderr
    assert "Traceback" not in done.stderr
    assert here.left() == []


def test_production_without_secrets_starts_nothing_and_names_each(here: Place) -> None:
    here.more["PROFILE"] = "production"

    done = here.cti("up")

    assert done.returncode == 2
    assert [line.split(": ")[1] for line in done.stderr.splitlines()] == [
        "asterisk.ami_secret", "web.token_secret", "asterisk.caller_password", "asterisk.phone_password",
    ]  # fmt: skip
    assert here.left() == []


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql+asyncpg://zongji:hidden-word@127.0.0.1:{port}/zongji", "Errno 111"),
        ("sqlite+aiosqlite:////proc/zongji.db", "No such file or directory"),
    ],
)
@pytest.mark.live
def test_a_database_that_is_not_there(here: Place, url: str, words: str) -> None:
    here.more["DATABASE__URL"] = url.format(port=free_port())

    line = refused(here)

    assert line.startswith("database.url: ")
    assert words in line
    assert line.endswith("set ZONGJI_DATABASE__URL")
    assert "hidden-word" not in line
    assert here.left() == []


@pytest.mark.live
async def test_a_wrong_manager_secret(here: Place) -> None:
    here.more |= {"ASTERISK__OWN": "no", "ASTERISK__AMI_SECRET": "not the word at all"}
    async with another_asterisk(here):
        line = await asyncio.to_thread(refused, here)

    assert line.startswith("asterisk.ami_secret: ")
    assert "refuses user 'zongji'" in line
    assert "ZONGJI_ASTERISK__AMI_SECRET" in line
    assert here.left() == []


def test_an_asterisk_elsewhere_that_does_not_answer(here: Place) -> None:
    here.more |= {"ASTERISK__OWN": "no", "ASTERISK__AMI_SECRET": SECRET}

    assert f"asterisk.host: no Asterisk manager answers at 127.0.0.1:{here.ami}" in (line := refused(here))
    assert "ZONGJI_ASTERISK__HOST" in line
    assert here.left() == []


@pytest.mark.live
def test_a_second_house_in_the_folder_is_refused_and_harms_not_the_first(here: Place) -> None:
    with here.up() as first:
        second = here.cti("up")

        assert second.returncode == 2
        assert second.stderr == (f"zongji: {here.run_dir}/pid: already running as process {first.pid}: make stop\n")
        assert here.get("/readyz")["ready"] is True
        stopped = here.cti("stop")
        assert (stopped.returncode, stopped.stdout) == (0, f"stopped process {first.pid}\n")
        assert first.wait(20) == 0
        assert here.left() == []

    assert here.cti("stop").stdout == "nothing was running\n"


@pytest.mark.parametrize("sign", ["run/pid", "run/pbx/log/console.log", "run/zongji.db"])
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.live
def test_a_start_that_is_broken_off_leaves_nothing(here: Place, sign: str, how: signal.Signals) -> None:
    with subprocess.Popen(
        [*CLI, "up"], cwd=ROOT, env=here.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    ) as process:  # fmt: skip
        ends = time.monotonic() + 60
        while not (here.folder / sign).exists():
            assert process.poll() is None
            assert time.monotonic() < ends
            time.sleep(0.005)
        process.send_signal(how)
        process.send_signal(how)
        told, _ = process.communicate(timeout=40)

    assert "Traceback" not in told
    assert process.returncode != 2
    assert here.left() == []


def test_a_stale_pid_file_neither_stops_a_stranger_nor_a_start(here: Place) -> None:
    stranger = subprocess.Popen(["sleep", "60"])
    here.run_dir.mkdir()
    (here.run_dir / "pid").write_text(str(stranger.pid))
    try:
        assert here.cti("stop").stdout == "nothing was running\n"
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_every_command_says_what_it_does() -> None:
    done = subprocess.run([*CLI, "--help"], cwd=ROOT, capture_output=True, text=True, check=True)

    for command in ("up", "stop", "check", "call", "render", "doctor"):
        assert command in done.stdout


def test_a_provided_note_that_is_damaged(here: Place) -> None:
    note = here.folder / "asterisk.json"
    note.write_text(json.dumps({"argv": "x"}))
    here.more["ASTERISK__PROVIDED"] = str(note)

    assert "is damaged" in refused(here)
    assert here.left() == []
