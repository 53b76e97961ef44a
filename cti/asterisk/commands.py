"""What we may say to Asterisk: dataclasses to AMI and AGI text, with bad values refused.

Pure. Only what stands here can be expressed, so no menu, number or name can become a shell, a second action or a
second variable. Raises BadValue, which names the field.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

LONGEST_SHOWN = 80
ENDPOINT = re.compile(r"[A-Za-z0-9_-]+")
NUMBER = re.compile(r"\+?[0-9]{2,20}")
RECORDING = re.compile(r"[A-Za-z0-9-]{1,64}")
CHANNEL = re.compile(r"PJSIP/[A-Za-z0-9_-]+-[0-9a-f]{8}")
KEYS = frozenset("0123456789*#")
LONGEST_LINE = 1024  # Asterisk refuses longer input lines; counted in bytes


class BadValue(ValueError):
    """A value that must not reach AMI."""


@dataclass(frozen=True, slots=True)
class Command:
    """An action: its name and its fields in order."""

    action: str
    fields: tuple[tuple[str, str], ...] = field(default=())


def encode(command: Command, action_id: str) -> bytes:
    """The action's bytes; raises BadValue for CR, LF, NUL and over-long lines."""
    lines = [("Action", command.action), ("ActionID", action_id), *command.fields]
    return b"".join(_line(command.action, name, value) for name, value in lines) + b"\r\n"


def _line(action: str, name: str, value: str) -> bytes:
    if "\n" in value or "\r" in value or "\0" in value:
        raise BadValue(f"{action}: {name} has a line break or NUL")
    line = f"{name}: {value}".encode()
    if len(line) > LONGEST_LINE:
        raise BadValue(f"{action}: {name} is {len(line)} bytes long, {LONGEST_LINE} at most")
    return line + b"\r\n"


def _action(name: str, *fields: tuple[str, object]) -> Command:
    return Command(name, tuple((key, str(value)) for key, value in fields))


def Login(user: str, secret: str) -> Command:  # noqa: N802
    return _action("Login", ("Username", user), ("Secret", secret), ("Events", "on"))


def Ping() -> Command:  # noqa: N802
    return _action("Ping")


def Setvar(channel: str | None, variable: str, value: str) -> Command:  # noqa: N802
    """Set a channel's variable, or without channel a global one."""
    if "${" in value:
        raise BadValue(f"Setvar: {variable} has ${{")
    target = [("Channel", channel)] if channel else []
    return _action("Setvar", *target, ("Variable", variable), ("Value", value))


def Deadline(channel: str, seconds: float) -> Command:  # noqa: N802
    """The channel leaves its loop after so long, unless it is told otherwise by then."""
    return Setvar(channel, "TIMEOUT(absolute)", f"{seconds:g}")


def SpyOn(channel: str, target: str) -> Command:  # noqa: N802
    """Whom this channel is to hear, by the full name."""
    return Setvar(channel, "CTI_SPY", _name(target))


def _name(channel: str) -> str:
    """Of a channel, for the dialplan: there a part of a name means whoever has it, and a comma begins options."""
    if not CHANNEL.fullmatch(channel):
        raise BadValue(f"{channel!r} is no telephone's channel")
    return channel


def Status(variables: Iterable[str] = ()) -> Command:  # noqa: N802
    names = ",".join(variables)
    return _action("Status", *([("Variables", names)] if names else []))


def Bridges() -> Command:  # noqa: N802
    return _action("BridgeList")


def DeviceStates() -> Command:  # noqa: N802
    return _action("DeviceStateList")


def Agi(channel: str, text: str, command_id: str) -> Command:  # noqa: N802
    return _action("AGI", ("Channel", channel), ("Command", text), ("CommandID", command_id))


def Originate(  # noqa: N802, PLR0913 - the fields of the action
    endpoint: str,
    channel_id: str,
    *,
    timeout_s: float,
    caller_name: str = "",
    caller_number: str = "",
    variables: Iterable[tuple[str, str]] = (),
    number: str = "",
) -> Command:
    """Dial an endpoint, or `number` through it, into the park loop; idempotent by `channel_id`, always asynchronous."""
    pairs = []
    for name, value in variables:
        if "," in value or "${" in value:
            raise BadValue(f"Originate: variable {name} has a comma or ${{")
        pairs.append(("Variable", f"{name}={value}"))
    if not ENDPOINT.fullmatch(endpoint):
        raise BadValue(f"Originate: {endpoint!r} is no endpoint's name")
    if number and not NUMBER.fullmatch(number):
        raise BadValue(f"Originate: {number!r} is no telephone number")
    return _action(
        "Originate",
        ("Channel", f"PJSIP/{number}@{endpoint}" if number else f"PJSIP/{endpoint}"),
        ("ChannelId", channel_id),
        ("Context", "legs"),
        ("Exten", "leg"),
        ("Priority", 1),
        ("Timeout", int(timeout_s * 1000)),
        ("CallerID", f'"{_shown(caller_name)}" <{_shown(caller_number)}>'),
        ("Async", "true"),
        *pairs,
    )


def _shown(text: str) -> str:
    """A caller's own words as a telephone may show them: no line break, quote or bracket, and not long."""
    return "".join(mark for mark in text if mark.isprintable() and mark not in '"<>\\')[:LONGEST_SHOWN]


def Hangup(channel: str, cause: int) -> Command:  # noqa: N802
    return _action("Hangup", ("Channel", channel), ("Cause", cause))


def Join(channel: str, other: str) -> Command:  # noqa: N802
    """The two hear each other; `other` by its full name, which stands in a lobby."""
    return Redirect(channel, "talks", _name(other), 1)


def Redirect(channel: str, context: str, exten: str, priority: int | str, extra: str = "") -> Command:  # noqa: N802
    """Elsewhere in the dialplan; `extra` goes there in the same moment."""
    place = (("Context", context), ("Exten", exten), ("Priority", priority))
    both = (("ExtraChannel", extra), *((f"Extra{name}", value) for name, value in place)) if extra else ()
    return _action("Redirect", ("Channel", channel), *place, *both)


def PlayDtmf(channel: str, key: str) -> Command:  # noqa: N802
    """The far end of the channel hears this key."""
    if key not in KEYS:
        raise BadValue(f"PlayDTMF: {key!r} is no key")
    return _action("PlayDTMF", ("Channel", channel), ("Digit", key))


def MixMonitorMute(channel: str, on: bool) -> Command:  # noqa: N802
    """Silence in every recording of this channel, in both directions, or sound again; time goes on."""
    return _action("MixMonitorMute", ("Channel", channel), ("Direction", "both"), ("State", 1 if on else 0))


def ControlPlayback(channel: str, control: str) -> Command:  # noqa: N802
    return _action("ControlPlayback", ("Channel", channel), ("Control", control))


# AGI -----------------------------------------------------------------------------------------------------------------


def _quoted(text: str) -> str:
    if '"' in text or "\\" in text:
        raise BadValue(f"AGI: {text!r} has a quote or backslash")
    return f'"{text}"'


def answer() -> str:
    return "ANSWER"


def noop() -> str:
    return "NOOP"


def stream_file(path: str, escape: str) -> str:
    """Play a file (no extension) until its end or one of the escape keys."""
    return f"STREAM FILE {_quoted(path)} {_quoted(escape)}"


def silence() -> str:
    """A tone that nobody hears, until something else plays."""
    return "EXEC PlayTones 0/1000"


def record(name: str) -> str:
    """Write what this channel says to NAME-r.wav and what it hears to NAME-t.wav, from now to its end."""
    if not RECORDING.fullmatch(name):
        raise BadValue(f"AGI: {name!r} is no name for a recording")
    return f"EXEC MixMonitor ,r({name}-r.wav)t({name}-t.wav)"


def record_file(path: str, most_s: float, silence_s: float) -> str:
    """What is said goes into `path`.wav, until a key, the end of its time, or so much silence."""
    return f'RECORD FILE {_quoted(path)} wav "0123456789*#" {int(most_s * 1000)} s={max(1, int(silence_s))}'


def set_music(on: bool) -> str:
    return f"SET MUSIC {'ON' if on else 'OFF'}"
