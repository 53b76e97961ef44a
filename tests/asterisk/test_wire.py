"""AMI bytes in, AMI bytes out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.asterisk import commands
from cti.asterisk.messages import AsyncAgiExec, BufferOverflow, Hangup, Message, NewState, Response, parse, split

# As Asterisk 22.10.1 wrote them, less the fields nobody reads.
RECORDED = (
    "Event: AsyncAGIExec\r\nPrivilege: agi,all\r\nChannel: PJSIP/caller-00000000\r\nCallerIDName: 张三丰\r\n"
    "Uniqueid: zongji-1795514776.0\r\nCommandId: agi-2\r\nResult: 200%20result%3D0%20endpos%3D8000%0A\r\n\r\n"
    "Event: RTCPSent\r\nPrivilege: reporting,all\r\nChannel: PJSIP/caller-00000000\r\n\r\n"
    "Event: Newstate\r\nChannelStateDesc: Ringing\r\nUniqueid: z-1\r\n\r\n"
    "Event: Hangup\r\nUniqueid: z-1\r\nCause: 26\r\nTechCause: 487\r\n\r\n"
    "Response: Success\r\nActionID: z9\r\nMessage: Variable Set\r\n\r\n"
).encode()
EXPECTED: list[Message] = [
    AsyncAgiExec("zongji-1795514776.0", "agi-2", 200, "0", ""),
    NewState("z-1", "Ringing"),
    Hangup("z-1", 26, "487"),
]


@given(st.lists(st.integers(1, 40), min_size=1))
def test_any_cutting_of_the_stream_gives_the_same_messages(sizes: list[int]) -> None:
    buffer, at, found, turn = bytearray(), 0, [], 0
    while at < len(RECORDED):
        size = sizes[turn % len(sizes)]
        buffer += RECORDED[at : at + size]
        at, turn = at + size, turn + 1
        found += [message for block in split(buffer) if (message := parse(block)) is not None]

    assert found[:3] == EXPECTED
    assert isinstance(found[3], Response)
    assert found[3].ok
    assert len(found) == 4


def test_a_name_cut_inside_a_character_is_whole() -> None:
    assert split(bytearray(RECORDED))[0].decode().count("张三丰") == 1


def test_a_stream_without_end_is_refused() -> None:
    with pytest.raises(BufferOverflow):
        split(bytearray(b"x" * (1 << 20) + b"x"))


@pytest.mark.parametrize("value", ["a\r\nAction: Originate", "a\nb", "a\0b", "x" * 1100, "张" * 400])
def test_values_that_would_break_out_of_a_field_are_refused(value: str) -> None:
    with pytest.raises(commands.BadValue):
        commands.encode(commands.Setvar("chan", "NAME", value), "z1")


def test_a_second_variable_cannot_be_smuggled_into_originate() -> None:
    with pytest.raises(commands.BadValue):
        commands.Originate("agent1", "z-1", timeout_s=5, variables=[("NAME", "x,EVIL=1")])


@pytest.mark.parametrize("endpoint", ["1&PJSIP/x", "x@context", "x/y", "", "a b"])
def test_an_endpoint_is_a_name_and_nothing_more(endpoint: str) -> None:
    with pytest.raises(commands.BadValue):
        commands.Originate(endpoint, "z-1", timeout_s=5)


def test_an_agi_argument_cannot_end_its_quotes() -> None:
    with pytest.raises(commands.BadValue):
        commands.stream_file('x" "', "")


@pytest.mark.parametrize("target", ["PJSIP/agent1004-0000001,qEw", "Local/x@y-00000001", "PJSIP/a", "PJSIP/a-0000001g"])
def test_nobody_is_heard_but_a_telephone_by_its_full_name(target: str) -> None:
    with pytest.raises(commands.BadValue):
        commands.SpyOn("z-1", target)
    assert commands.SpyOn("z-1", "PJSIP/agent1004-0000001f").fields[-1] == ("Value", "PJSIP/agent1004-0000001f")
