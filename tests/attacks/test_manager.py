"""Nothing but what we mean reaches the manager: no second line, second variable, second command, other channel."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.asterisk import commands
from cti.asterisk.commands import BadValue, Command
from cti.asterisk.messages import BufferOverflow, parse, split
from tests.agents.client import TestClient
from tests.agents.fakes import House
from tests.agents.test_web import hear, log_in, ticket

BREAKS = ["1380000\r\nAction: Originate", "138\n0001", "138\r0001", "138\x000001"]
EVERY: dict[str, Any] = {
    "Setvar channel": lambda bad: commands.Setvar(bad, "A", "b"),
    "Setvar variable": lambda bad: commands.Setvar("c", bad, "b"),
    "Setvar value": lambda bad: commands.Setvar("c", "A", bad),
    "Status variables": lambda bad: commands.Status([bad]),
    "Agi channel": lambda bad: commands.Agi(bad, "NOOP", "1"),
    "Agi text": lambda bad: commands.Agi("c", bad, "1"),
    "Originate endpoint": lambda bad: commands.Originate(bad, "z-1", timeout_s=1),
    "Originate id": lambda bad: commands.Originate("agent1", bad, timeout_s=1),
    "Originate number": lambda bad: commands.Originate("agent1", "z-1", timeout_s=1, number=bad),
    "Originate variable": lambda bad: commands.Originate("agent1", "z-1", timeout_s=1, variables=[("A", bad)]),
    "Hangup": lambda bad: commands.Hangup(bad, 16),
    "Join one": lambda bad: commands.Join(bad, "PJSIP/agent1-00000001"),
    "Join other": lambda bad: commands.Join("c", bad),
    "Redirect channel": lambda bad: commands.Redirect(bad, "legs", "leg", 1),
    "Redirect exten": lambda bad: commands.Redirect("c", "legs", bad, 1),
    "PlayDTMF": lambda bad: commands.PlayDtmf("c", bad),
    "ControlPlayback": lambda bad: commands.ControlPlayback(bad, "stop"),
    "SpyOn": lambda bad: commands.SpyOn("c", bad),
}


@pytest.mark.parametrize("bad", BREAKS)
@pytest.mark.parametrize("field", EVERY)
def test_no_field_of_any_action_can_begin_another_line(field: str, bad: str) -> None:
    with pytest.raises(BadValue):
        commands.encode(EVERY[field](bad), "z1")


@given(st.text(max_size=200), st.text(max_size=200))
def test_a_callers_name_and_number_stay_inside_their_field(name: str, number: str) -> None:
    """What callers send as their name goes to the agent's telephone as it may be, and never as more than one field."""
    made = commands.Originate("agent1", "z-1", timeout_s=1, caller_name=name, caller_number=number)
    lines = commands.encode(made, "z1").decode().split("\r\n")
    assert len(lines) == len(made.fields) + 4
    [shown] = [line for line in lines if line.startswith("CallerID: ")]
    assert shown.count('"') == 2
    assert (shown.count("<"), shown.count(">")) == (1, 1)


@pytest.mark.parametrize("value", ["x,EVIL=1", "${SHELL(id)}", "a,b,c", "${EVIL}"])
def test_a_variable_is_one_variable_and_nothing_is_evaluated(value: str) -> None:
    with pytest.raises(BadValue):
        commands.Originate("agent1", "z-1", timeout_s=1, variables=[("A", value)])
    if "${" in value:
        with pytest.raises(BadValue):
            commands.Setvar("c", "A", value)


@pytest.mark.parametrize(
    "number", ["1&PJSIP/x", "13800000001@evil", "13800000001/x", "Local/1@legs", "*98", "1;2", "ａ１"]
)
def test_a_dialled_number_is_digits(number: str) -> None:
    with pytest.raises(BadValue):
        commands.Originate("trunk", "z-1", timeout_s=1, number=number)


@pytest.mark.parametrize("path", ['x" "System', "a\\b", 'a"'])
def test_a_sounds_name_cannot_become_a_second_argument(path: str) -> None:
    for make in (commands.stream_file, lambda one, _: commands.record_file(one, 1, 1)):
        with pytest.raises(BadValue):
            make(path, "")


@pytest.mark.parametrize("name", ["a,b", "../x", "x|touch y", "x)(t", "a b", "x" * 65])
def test_a_recordings_name_is_no_option_and_no_path(name: str) -> None:
    with pytest.raises(BadValue):
        commands.record(name)


def test_there_is_no_word_for_an_application_of_the_attackers_choice() -> None:
    """Every action and AGI command we can express, and none of them runs a program."""
    made = [
        one for one in vars(commands).values() if callable(one) and getattr(one, "__module__", "") == commands.__name__
    ]
    assert made
    agi = [commands.answer(), commands.noop(), commands.silence(), commands.record("c1"), commands.set_music(True)]
    assert {text.split()[1] for text in agi if text.startswith("EXEC")} <= {"PlayTones", "MixMonitor"}
    originate = dict(commands.Originate("agent1", "z-1", timeout_s=1).fields)
    assert "Application" not in originate
    assert (originate["Context"], originate["Async"]) == ("legs", "true")


# -- from the page -----------------------------------------------------------------------------------------------------

FROM_A_PAGE: dict[str, tuple[str, Any]] = {
    "number dialled": ("dial", lambda bad: {"number": bad}),
    "number shown": ("dial", lambda bad: {"number": "13800000001", "show_as": bad}),
    "transfer to a number": ("transfer", lambda bad: {"to": {"kind": "number", "id": bad}}),
    "transfer to an agent": ("transfer", lambda bad: {"to": {"kind": "agent", "id": bad}}),
    "transfer to a queue": ("transfer", lambda bad: {"to": {"kind": "queue", "id": bad}}),
    "consult": ("consult", lambda bad: {"to": {"kind": "number", "id": bad}}),
    "keys": ("send_digits", lambda bad: {"digits": bad}),
    "agent to listen to": ("listen", lambda bad: {"agent_id": bad}),
}
BAD = [*BREAKS, "1&PJSIP/x", "138@context", "${SHELL(id)}", "138,EVIL=1"]


@pytest.mark.parametrize("bad", BAD)
def test_no_command_of_a_page_gets_further_than_its_door(client: TestClient, office: House, bad: str) -> None:
    headers = log_in(client)
    with client.websocket_connect(f"/ws?ticket={ticket(client, headers)}") as socket:
        for n, (name, args) in enumerate(FROM_A_PAGE.values()):
            before = list(office.floor.done) if hasattr(office.floor, "done") else []
            command = {"type": "command", "key": f"attack-{n:04d}", "name": name, "args": args(bad)}
            socket.send_text(json.dumps(command))
            answer = hear(socket, "answer")
            assert (answer["ok"], answer["error"]["code"]) == (False, "bad_message"), (name, answer)
            assert (list(office.floor.done) if hasattr(office.floor, "done") else []) == before


@pytest.mark.parametrize("bad", BAD)
def test_no_number_of_a_booth_gets_further_than_its_door(client: TestClient, bad: str) -> None:
    assert client.post("/api/booth", json={"number": bad}).status_code == 422


# -- from the PBX's side -----------------------------------------------------------------------------------------------

PIECES = [
    *(b"Event: ", b"Response: ", b"\r\n\r\n", b"\r\n", b"Uniqueid: ", b"ActionID: z1", b"Env: %0A%", b"Result: 200%20"),
    *(b"AsyncAGIStart", b"AsyncAGIExec", b"Hangup", b"BridgeEnter", b"DTMFEnd", b"OriginateResponse", b"\xff\xfe"),
]


@given(st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=40)), max_size=60), st.integers(1, 50))
def test_no_stream_of_bytes_breaks_the_reading_of_it(parts: list[bytes], cut: int) -> None:
    stream, buffer = b"".join(parts), bytearray()
    for at in range(0, len(stream), cut):
        buffer += stream[at : at + cut]
        for block in split(buffer):
            parse(block)
    assert len(buffer) <= len(stream)


def test_a_stream_that_never_ends_a_message_does_not_fill_the_memory() -> None:
    buffer, refused = bytearray(), False
    while not refused:
        buffer += b"x" * 65_536
        try:
            split(buffer)
        except BufferOverflow:
            refused = True
    assert len(buffer) < 1_200_000


def test_a_command_has_no_field_but_its_own() -> None:
    assert commands.encode(Command("Ping"), "z1") == b"Action: Ping\r\nActionID: z1\r\n\r\n"
