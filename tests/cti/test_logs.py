"""No secret reaches a log, and every line of a call says which call."""

from __future__ import annotations

import asyncio
import errno
import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from cti import events
from cti.bus import Bus
from cti.logs import LogFile, context_of, hide, is_secret, log_into, log_to

PIN = "840219"


@pytest.fixture
def as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:], root.level = handlers, level


@pytest.fixture
def out(as_before: None) -> io.StringIO:
    out = io.StringIO()
    log_into(out)
    return out


def lines(out: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


@pytest.mark.parametrize(
    "name", ["pin", "PIN", "trade_pin", "ami_secret", "password", "access-token", "digits", "Digit"]
)
def test_these_names_are_secret(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize("name", ["ping", "opinion", "tokenless", "spindle", "agent", "digital", "", None, 7])
def test_these_names_are_not(name: object) -> None:
    assert not is_secret(name)


def test_a_pin_is_nowhere_in_a_whole_log(out: io.StringIO) -> None:
    log = structlog.get_logger("test")
    log.info("asked", pin=PIN, digits=PIN, password=PIN)
    log.info("nested", data={"customer": [{"Trade_PIN": PIN, "name": "王芳"}, (PIN[:0], {"secret": PIN})]})
    log.info("told as a pair", data={"key": "pin", "value": PIN})
    log.info("an event", told=events.DataCollected(at=0, key="account", value="1").as_dict(), token=PIN)
    log.info("wire text", block=f"Event: DTMFEnd\r\nDigit: {PIN}\r\nSecret: {PIN}")
    log.info("in words: pin=%s, 'password': '%s'", PIN, PIN)
    logging.getLogger("library").warning("login with token=%s", PIN)
    try:
        int(f"digits: {PIN}")
    except ValueError:
        log.exception("failed")
        logging.getLogger("library").exception("failed too")
    assert len(lines(out)) == 9
    assert PIN not in out.getvalue()
    assert "王芳" in out.getvalue()
    assert "DTMFEnd" in out.getvalue()


def test_what_is_not_secret_stays_as_it_is() -> None:
    event = {"event": "call moved", "step": "new -answered-> menu", "n": 3, "s": 0.5, "none": None, "ok": True}
    assert hide(event) == event


async def test_work_for_a_call_carries_its_id_whoever_starts_it(out: io.StringIO) -> None:
    async def work() -> None:
        structlog.get_logger("test").info("working")
        logging.getLogger("library").warning("also here")

    with structlog.contextvars.bound_contextvars(call_id="another"):
        await asyncio.create_task(work(), context=context_of("c1"))
    assert [line["call_id"] for line in lines(out)] == ["c1", "c1"]


def test_a_listener_that_fails_is_told_with_the_call(out: io.StringIO) -> None:
    bus = Bus()

    def fail(_: events.Event) -> None:
        raise RuntimeError

    bus.subscribe(events.Event, fail)
    bus.publish(events.MenuStepped(at=0, call_id="c1", node="main", menu="broker"))
    assert lines(out)[0]["call_id"] == "c1"


class Disk:
    """Has room for so many bytes, then for none."""

    def __init__(self, room: int) -> None:
        self.room, self.kept = room, b""

    def write(self, data: memoryview) -> int:
        if not self.room:
            raise OSError(errno.ENOSPC, "No space left on device")
        taken = bytes(data[: self.room])
        self.room -= len(taken)
        self.kept += taken
        return len(taken)


def test_a_full_disk_is_nobodys_trouble_who_logs(as_before: None, tmp_path: Path) -> None:
    (tmp_path / "log").symlink_to("/dev/full")
    log_to(tmp_path / "log")

    structlog.get_logger("test").info("call moved")
    logging.getLogger("library").warning("also here")


def test_lines_lost_to_a_full_disk_are_counted_once_there_is_room_and_tear_no_other() -> None:
    disk = Disk(12)
    file = LogFile(disk.write)
    for n in range(3):
        file.write(f'{{"line": {n}}}\n')
    disk.room = 1000

    file.write('{"line": 3}\n')
    file.write('{"line": "\ud800"}\n')

    assert disk.kept.decode().splitlines() == [
        '{"line": 0}',
        '{"event": "log lines were lost: the log could not be written", "lines": 2}',
        '{"line": 3}',
        '{"line": "\\ud800"}',
    ]


def test_a_line_torn_by_a_full_disk_ends_before_the_next() -> None:
    disk = Disk(5)
    file = LogFile(disk.write)
    file.write('{"line": 0}\n')
    disk.room = 1000

    file.write('{"line": 1}\n')

    assert disk.kept.decode().splitlines()[0] == '{"lin'
    assert disk.kept.decode().splitlines()[-1] == '{"line": 1}'


def test_the_log_is_for_its_owner_alone(as_before: None, tmp_path: Path) -> None:
    log_to(tmp_path / "log")

    assert (tmp_path / "log").stat().st_mode & 0o777 == 0o600
