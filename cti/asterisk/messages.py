"""AMI bytes to frozen dataclasses: pure, incremental, bounded.

A block is split off whole before it is decoded, so a character is never cut by a read. The event's name is looked at
first: what nobody uses is dropped before a line of it is parsed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from urllib.parse import unquote_plus

import msgspec

MOST_BYTES = 1 << 20
END = b"\r\n\r\n"
GOOD = (b"Response: Success", b"Response: Follows", b"Response: Goodbye")
HOLDING = "holding_bridge"
Fields = Mapping[str, str]


class BufferOverflow(Exception):
    """A block without end grew past the bound: the far side does not speak AMI."""


class AsyncAgiStart(msgspec.Struct, frozen=True, gc=False):
    """`quoted` is the environment as it came: most of these are returns to the loop, of which nobody asks for it."""

    uniqueid: str
    channel: str
    quoted: str

    @property
    def env(self) -> dict[str, str]:
        lines = unquote_plus(self.quoted).splitlines()
        return {name: value for name, colon, value in (line.partition(": ") for line in lines) if colon}


class AsyncAgiExec(msgspec.Struct, frozen=True, gc=False):
    uniqueid: str
    command_id: str
    code: int
    result: str
    data: str


class AsyncAgiEnd(msgspec.Struct, frozen=True, gc=False):
    uniqueid: str


class OriginateResponse(msgspec.Struct, frozen=True, gc=False):
    uniqueid: str
    action_id: str
    ok: bool
    reason: int


class Hangup(msgspec.Struct, frozen=True, gc=False):
    uniqueid: str
    cause: int
    tech_cause: str


class HangupRequest(msgspec.Struct, frozen=True, gc=False):
    uniqueid: str


class NewChannel(msgspec.Struct, frozen=True, gc=False):
    uniqueid: str
    channel: str


class NewState(msgspec.Struct, frozen=True, gc=False):
    uniqueid: str
    state_desc: str


class BridgeEnter(msgspec.Struct, frozen=True, gc=False):
    uniqueid: str
    bridge_id: str
    technology: str

    @property
    def lobby(self) -> bool:
        """Nobody hears anybody there."""
        return self.technology == HOLDING


class BridgeLeave(msgspec.Struct, frozen=True, gc=False):
    uniqueid: str
    bridge_id: str


class RoomJoined(msgspec.Struct, frozen=True, gc=False):
    uniqueid: str
    room: str


class SpyStarted(msgspec.Struct, frozen=True, gc=False):
    """The channel `uniqueid` hears another from now on."""

    uniqueid: str


class DtmfEnd(msgspec.Struct, frozen=True, gc=False):
    uniqueid: str
    digit: str
    direction: str


class DeviceState(msgspec.Struct, frozen=True, gc=False):
    device: str
    state: str


class FullyBooted(msgspec.Struct, frozen=True, gc=False):
    """`uptime_s`: how long it has been up."""

    uptime_s: int = 0


class Shutdown(msgspec.Struct, frozen=True, gc=False):
    pass


class Response(msgspec.Struct, frozen=True, gc=False):
    """The answer to an action."""

    action_id: str
    ok: bool
    message: str


class ListItem(msgspec.Struct, frozen=True, gc=False):
    """One row of an action that answers with a list; `last` closes it."""

    action_id: str
    event: str
    fields: Fields
    last: bool


Message = (
    AsyncAgiStart | AsyncAgiExec | AsyncAgiEnd | OriginateResponse | Hangup | HangupRequest | NewChannel | NewState
    | BridgeEnter | BridgeLeave | RoomJoined | SpyStarted | DtmfEnd | DeviceState | FullyBooted | Shutdown | Response
    | ListItem
)  # fmt: skip


def split(buffer: bytearray) -> list[bytes]:
    """Take the whole blocks out of the buffer, leave the rest; raises BufferOverflow."""
    end = buffer.rfind(END)
    if end < 0:
        if len(buffer) > MOST_BYTES:
            raise BufferOverflow(f"more than {MOST_BYTES} bytes without an end of message")
        return []
    blocks = bytes(buffer[:end]).split(END)
    del buffer[: end + len(END)]
    return [block for block in blocks if block]


def parse(block: bytes) -> Message | None:
    """The message, or None when nobody uses it or it is none."""
    if block.startswith(b"Event: "):
        end = block.find(b"\r\n")
        make = EVENTS.get(block[7 : end if end >= 0 else len(block)])
        if make is not None:
            return make(block)
        return _list_item(_fields(block)) if b"\r\nActionID: " in block else None
    if not block.startswith(b"Response: "):
        return None
    ok = block.startswith(GOOD)
    return Response(_field(block, b"ActionID"), ok, _field(block, b"Message"))


def _fields(block: bytes) -> Fields:
    fields: dict[str, str] = {}
    for line in block.decode("utf-8", "replace").split("\r\n"):
        name, colon, value = line.partition(":")
        if colon:
            key = name.lower()
            value = value.removeprefix(" ")
            fields[key] = f"{fields[key]}\n{value}" if key in fields else value
    return fields


def _list_item(fields: Fields) -> ListItem:
    last = fields.get("eventlist", "").lower() in {"complete", "cancelled"} or fields["event"].endswith("Complete")
    return ListItem(fields["actionid"], fields["event"], fields, last)


def _number(text: str) -> int:
    return int(text) if text.isdigit() else 0


def _field(block: bytes, name: bytes) -> str:
    """One field's value; what nobody asks for is never looked at. Its name as Asterisk writes it."""
    begin = block.find(b"\r\n" + name + b": ")
    if begin < 0:
        return ""
    begin += len(name) + 4
    end = block.find(b"\r\n", begin)
    return block[begin : end if end >= 0 else len(block)].decode("utf-8", "replace")


def _agi_start(block: bytes) -> AsyncAgiStart:
    return AsyncAgiStart(_field(block, b"Uniqueid"), _field(block, b"Channel"), _field(block, b"Env"))


_RESULT = re.compile(r"(\d{3}) result=(\S*)(?: \((.*?)\))?")
_PLAIN = re.compile(r"(\d{3})%20result%3D([-\w.]*)(?:%0A|%20endpos|$)")  # as nearly all are, still quoted


def _agi_exec(block: bytes) -> AsyncAgiExec:
    told = _field(block, b"Result")
    if (plain := _PLAIN.match(told)) is not None:
        return AsyncAgiExec(
            _field(block, b"Uniqueid"), _field(block, b"CommandId"), int(plain[1]), plain[2], ""
        )  # fmt: skip
    found = _RESULT.match(unquote_plus(told))
    code, result, data = found.groups() if found else ("0", "-1", "")
    return AsyncAgiExec(_field(block, b"Uniqueid"), _field(block, b"CommandId"), int(code), result, data or "")


def _originated(block: bytes) -> OriginateResponse:
    return OriginateResponse(
        _field(block, b"Uniqueid"),
        _field(block, b"ActionID"),
        _field(block, b"Response") == "Success",
        _number(_field(block, b"Reason")),
    )


def _hung_up(block: bytes) -> Hangup:
    return Hangup(_field(block, b"Uniqueid"), _number(_field(block, b"Cause")), _field(block, b"TechCause"))


def _of_channel(cls: type, *names: bytes) -> Callable[[bytes], Message]:
    def make(block: bytes) -> Message:
        message: Message = cls(_field(block, b"Uniqueid"), *[_field(block, name) for name in names])
        return message

    return make


def _device_state(block: bytes) -> Message:
    if b"\r\nActionID: " in block:
        return _list_item(_fields(block))
    return DeviceState(_field(block, b"Device"), _field(block, b"State"))


EVENTS: dict[bytes, Callable[[bytes], Message]] = {
    b"AsyncAGIStart": _agi_start,
    b"AsyncAGIExec": _agi_exec,
    b"AsyncAGIEnd": _of_channel(AsyncAgiEnd),
    b"OriginateResponse": _originated,
    b"Hangup": _hung_up,
    b"HangupRequest": _of_channel(HangupRequest),
    b"Newchannel": _of_channel(NewChannel, b"Channel"),
    b"Newstate": _of_channel(NewState, b"ChannelStateDesc"),
    b"BridgeEnter": _of_channel(BridgeEnter, b"BridgeUniqueid", b"BridgeTechnology"),
    b"BridgeLeave": _of_channel(BridgeLeave, b"BridgeUniqueid"),
    b"ConfbridgeJoin": _of_channel(RoomJoined, b"Conference"),
    b"ChanSpyStart": lambda block: SpyStarted(_field(block, b"SpyerUniqueid")),
    b"DTMFEnd": _of_channel(DtmfEnd, b"Digit", b"Direction"),
    b"DeviceStateChange": _device_state,
    b"FullyBooted": lambda block: FullyBooted(_number(_field(block, b"Uptime"))),
    b"Shutdown": lambda _: Shutdown(),
}
