"""AMI bytes to frozen dataclasses: pure, incremental, bounded.

A block is split off whole before it is decoded, so a character is never cut by a read. The event's name is looked at
first: what nobody uses is dropped before a line of it is parsed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote_plus

MOST_BYTES = 1 << 20
END = b"\r\n\r\n"
Fields = Mapping[str, str]


class BufferOverflow(Exception):
    """A block without end grew past the bound: the far side does not speak AMI."""


@dataclass(frozen=True, slots=True)
class AsyncAgiStart:
    uniqueid: str
    channel: str
    env: dict[str, str]


@dataclass(frozen=True, slots=True)
class AsyncAgiExec:
    uniqueid: str
    command_id: str
    code: int
    result: str
    data: str


@dataclass(frozen=True, slots=True)
class AsyncAgiEnd:
    uniqueid: str


@dataclass(frozen=True, slots=True)
class OriginateResponse:
    uniqueid: str
    action_id: str
    ok: bool
    reason: int


@dataclass(frozen=True, slots=True)
class Hangup:
    uniqueid: str
    cause: int
    tech_cause: str


@dataclass(frozen=True, slots=True)
class HangupRequest:
    uniqueid: str


@dataclass(frozen=True, slots=True)
class NewChannel:
    uniqueid: str
    channel: str


@dataclass(frozen=True, slots=True)
class NewState:
    uniqueid: str
    state_desc: str


@dataclass(frozen=True, slots=True)
class BridgeEnter:
    uniqueid: str
    bridge_id: str


@dataclass(frozen=True, slots=True)
class BridgeLeave:
    uniqueid: str
    bridge_id: str


@dataclass(frozen=True, slots=True)
class RoomJoined:
    uniqueid: str
    room: str


@dataclass(frozen=True, slots=True)
class SpyStarted:
    """The channel `uniqueid` hears another from now on."""

    uniqueid: str


@dataclass(frozen=True, slots=True)
class DtmfEnd:
    uniqueid: str
    digit: str
    direction: str


@dataclass(frozen=True, slots=True)
class DeviceState:
    device: str
    state: str


@dataclass(frozen=True, slots=True)
class FullyBooted:
    pass


@dataclass(frozen=True, slots=True)
class Shutdown:
    pass


@dataclass(frozen=True, slots=True)
class Response:
    """The answer to an action; `fields` has the rest, names in lower case."""

    action_id: str
    ok: bool
    message: str
    fields: Fields


@dataclass(frozen=True, slots=True)
class ListItem:
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
        name = block[7 : block.find(b"\r\n") if b"\r\n" in block else len(block)]
        make = EVENTS.get(name)
        if make is not None:
            return make(_fields(block))
        return _list_item(_fields(block)) if b"\r\nActionID: " in block else None
    fields = _fields(block)
    if "response" not in fields:
        return None
    ok = fields["response"] in {"Success", "Follows", "Goodbye"}
    return Response(fields.get("actionid", ""), ok, fields.get("message", ""), fields)


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


def _agi_start(fields: Fields) -> AsyncAgiStart:
    lines = unquote_plus(fields.get("env", "")).splitlines()
    pairs = (line.partition(": ") for line in lines)
    return AsyncAgiStart(
        fields.get("uniqueid", ""), fields.get("channel", ""), {name: value for name, colon, value in pairs if colon}
    )


_RESULT = re.compile(r"(\d{3}) result=(\S*)(?: \((.*?)\))?")


def _agi_exec(fields: Fields) -> AsyncAgiExec:
    found = _RESULT.match(unquote_plus(fields.get("result", "")))
    code, result, data = found.groups() if found else ("0", "-1", "")
    return AsyncAgiExec(fields.get("uniqueid", ""), fields.get("commandid", ""), int(code), result, data or "")


def _originated(fields: Fields) -> OriginateResponse:
    return OriginateResponse(
        fields.get("uniqueid", ""),
        fields.get("actionid", ""),
        fields.get("response") == "Success",
        _number(fields.get("reason", "")),
    )


def _of_channel(cls: type, *names: str) -> Callable[[Fields], Message]:
    def make(fields: Fields) -> Message:
        message: Message = cls(fields.get("uniqueid", ""), *(fields.get(name, "") for name in names))
        return message

    return make


EVENTS: dict[bytes, Callable[[Fields], Message]] = {
    b"AsyncAGIStart": _agi_start,
    b"AsyncAGIExec": _agi_exec,
    b"AsyncAGIEnd": _of_channel(AsyncAgiEnd),
    b"OriginateResponse": _originated,
    b"Hangup": lambda f: Hangup(f.get("uniqueid", ""), _number(f.get("cause", "")), f.get("techcause", "")),
    b"HangupRequest": _of_channel(HangupRequest),
    b"Newchannel": _of_channel(NewChannel, "channel"),
    b"Newstate": _of_channel(NewState, "channelstatedesc"),
    b"BridgeEnter": _of_channel(BridgeEnter, "bridgeuniqueid"),
    b"BridgeLeave": _of_channel(BridgeLeave, "bridgeuniqueid"),
    b"ConfbridgeJoin": _of_channel(RoomJoined, "conference"),
    b"ChanSpyStart": lambda f: SpyStarted(f.get("spyeruniqueid", "")),
    b"DTMFEnd": _of_channel(DtmfEnd, "digit", "direction"),
    b"DeviceStateChange": lambda f: (
        _list_item(f) if "actionid" in f else DeviceState(f.get("device", ""), f.get("state", ""))
    ),
    b"FullyBooted": lambda _: FullyBooted(),
    b"Shutdown": lambda _: Shutdown(),
}
