"""No secret reaches a log, and every line of a call says which call."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from cti import events
from cti.bus import Bus
from cti.logs import context_of, hide, is_secret, log_into

PIN = "840219"


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    out, root = io.StringIO(), logging.getLogger()
    handlers, level = root.handlers[:], root.level
    log_into(out)
    yield out
    structlog.reset_defaults()
    root.handlers[:], root.level = handlers, level


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
    bus.publish(events.MenuStepped(at=0, call_id="c1", node="main"))
    assert lines(out)[0]["call_id"] == "c1"
