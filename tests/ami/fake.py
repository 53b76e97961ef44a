"""A fake Asterisk manager with behaviour, on a real socket, that speaks in recorded words.

Every message is a block of tests/ami/*.txt with only the ids put in. What follows on what is what the recordings show,
and `test_fake.py` holds it to them: the recorded actions and deeds, played to the fake, give the recorded answers.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from tests.ami import tape
from tests.ami.tape import DEED, OURS, THEIRS, Said

RECORDINGS = tuple(sorted(path.stem for path in tape.FOLDER.glob("*.txt")))
NOBODY = "nobody-1.1"
LOBBY, TALK = "holding_bridge", "simple_bridge"
Key = tuple[str, ...]


@dataclass(eq=False)
class Channel:
    """A channel as the dialplan sees it. `role` is caller or agent."""

    role: str
    uniqueid: str
    name: str
    number: str = "13800000001"
    shown: str = "<unknown>"
    state: str = "Ring"
    bridge: str = ""
    lobby: str = ""
    dialled_by: str = ""
    born: bool = True
    in_loop: bool = False
    dying: bool = False
    context: str = "arrivals"
    exten: str = "8000"
    queue: list[Said] = field(default_factory=list)
    playing: Said | None = None
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def other_of(self) -> Callable[[Channel], bool]:
        return lambda one: one is not self and bool(self.bridge) and one.bridge == self.bridge


class Words:
    """What Asterisk was heard to say, by event, its manner, and who it was about."""

    def __init__(self) -> None:
        self._blocks: dict[Key, tuple[tuple[str, str], ...]] = {}
        self.banner = b""
        for name in RECORDINGS:
            asked: dict[str, Said] = {}
            for said in tape.read(name):
                if said.who == OURS:
                    asked[said.get("CommandID") or said.get("ActionID")] = said
                    asked[said.get("ActionID")] = said
                elif said.who == THEIRS and said.name.startswith("Asterisk Call Manager"):
                    self.banner = f"{said.name}/{said.block[0][1]}\r\n".encode() if said.block[0][1] else b""
                    self.banner = self.banner or f"{said.block[0][0]}\r\n".encode()
                elif said.who == THEIRS:
                    self._blocks.setdefault(key_of(said, asked), said.block)

    def find(self, *key: str) -> tuple[tuple[str, str], ...]:
        """The block that was heard; a message in this manner about the other role will do."""
        found = self._blocks.get(key) or self._blocks.get((*key[:-1], "agent" if key[-1] == "caller" else "caller"))
        if found is None:
            raise LookupError(f"never recorded: {key}")
        return found


def key_of(said: Said, asked: dict[str, Said]) -> Key:
    """Which message this is, whatever the ids in it. `asked`: our actions by ActionID and CommandID."""
    event, action = said.get("Event"), asked.get(said.get("ActionID"))
    role = "caller" if said.get("Channel").startswith("PJSIP/caller") else "agent"
    if not event:
        return ("Response", action.name if action else "", said.get("Response"), said.get("Message").split(":")[0][:8])
    if event == "AsyncAGIExec":
        command = asked.get(said.get("CommandId"))
        verb = command.get("Command").split(" ")[0] if command else ""
        result = unquote(said.get("Result")).split(" ")[1].removeprefix("result=").strip()
        return (event, verb, "key" if int(result) > 0 else result, role)
    manner = {
        "Newstate": said.get("ChannelStateDesc"),
        "Hangup": said.get("Cause"),
        "HangupRequest": said.get("Cause").replace("16", ""),  # an ordinary end, said or not
        "BridgeEnter": said.get("BridgeTechnology"),
        "BridgeLeave": said.get("BridgeTechnology"),
        "BridgeListItem": said.get("BridgeTechnology"),
        "OriginateResponse": said.get("Response"),
    }
    return (event, manner.get(event, ""), role)


class FakeAsterisk:
    """One manager port with the channels behind it. Deeds of people are its methods."""

    def __init__(self) -> None:
        self.words = Words()
        self.port = 0
        self.received: list[Said] = []
        self.mistakes: list[Exception] = []
        self.log_ins = 0
        self.channels: dict[str, Channel] = {}
        self.away: set[str] = set()
        self.devices = {f"PJSIP/agent{n}": "NOT_INUSE" for n in (1001, 1002, 1003, 1004)}
        self.auto_answer: set[str] = set()
        self.joins = True
        self.endless: set[str] = set()
        self.not_begun: set[str] = set()
        self.secret = "right"
        self.deaf = False
        self.mute_log_in = False
        self.boots = True
        self.slow_birth = False
        self.chop: int | None = None
        self.unanswered: set[str] = set()
        self.late: dict[str, float] = {}
        self.refuses: dict[str, Key] = {}
        self.instead: dict[str, Callable[[Said], None]] = {}
        self._lines: list[_Line] = []
        self._server: asyncio.Server | None = None
        self._n = itertools.count(1)
        self._timers: list[asyncio.TimerHandle] = []

    # -- the socket --------------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Listen; after a `close` on the same port again."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        for timer in self._timers:
            timer.cancel()
        if self._server is not None:
            self._server.close()
        lines = list(self._lines)
        self.cut()
        async with asyncio.timeout(4):
            await asyncio.gather(*(line.ended.wait() for line in lines))

    def cut(self) -> None:
        """Every connection breaks; the channels live on."""
        for line in self._lines:
            line.abort()
        self._lines.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = _Line(self, reader, writer)
        self._lines.append(line)
        await line.run()
        if line in self._lines:
            self._lines.remove(line)

    def raw(self, data: bytes) -> None:
        """Bytes as they are, to whoever is logged in."""
        if not self.deaf:
            for line in self._lines:
                if line.logged_in:
                    line.put(data)

    @property
    def connected(self) -> bool:
        return any(line.logged_in for line in self._lines)

    # -- speaking ----------------------------------------------------------------------------------------------------

    def say(self, event: str, manner: str, channel: Channel, **fields: str) -> None:
        """An event about the channel, in recorded words."""
        self.raw(self._about(self.words.find(event, manner, channel.role), channel, fields))

    def _about(self, block: tuple[tuple[str, str], ...], channel: Channel, fields: dict[str, str]) -> bytes:
        new = {
            "Uniqueid": channel.uniqueid,
            "Linkedid": channel.uniqueid,
            "Channel": channel.name,
            "CallerIDNum": channel.number,
            "CallerIDName": channel.shown,
            "BridgeUniqueid": channel.bridge or channel.lobby,
            **fields,
        }
        return tape.bytes_of((name, self._env(v, channel) if name == "Env" else new.get(name, v)) for name, v in block)

    def _env(self, recorded: str, channel: Channel) -> str:
        new = {
            "agi_channel": channel.name,
            "agi_uniqueid": channel.uniqueid,
            "agi_callerid": channel.number,
            "agi_calleridname": "unknown" if channel.shown == "<unknown>" else channel.shown,
            "agi_context": channel.context,
        }
        lines = (line.partition(": ") for line in unquote(recorded).split("\n"))
        return quote("\n".join(f"{name}{colon}{new.get(name, value)}" for name, colon, value in lines), safe="")

    def respond(self, said: Said, *manner: str) -> None:
        """The recorded response to this action; by default its success."""
        words = self.words.find("Response", said.name, *(manner or self._success(said.name)))
        target = said.get("Channel1") if "Channel1" in dict(words).get("Message", "") else ""
        target = target or said.get("Channel2") or said.get("Channel")
        fields = {"ActionID": said.get("ActionID")}
        data = tape.bytes_of((name, fields.get(name, value.replace(NOBODY, target))) for name, value in words)
        if said.name in self.late:
            self._timers.append(asyncio.get_running_loop().call_later(self.late[said.name], self.raw, data))
        else:
            self.raw(data)

    def _success(self, action: str) -> Key:
        found = [key for key in self.words._blocks if key[:3] == ("Response", action, "Success")]
        return found[0][2:]

    # -- what people do ----------------------------------------------------------------------------------------------

    def caller_arrives(self, number: str = "13800000001", name: str = "<unknown>") -> Channel:
        n = next(self._n)
        channel = Channel("caller", f"zongji-17.{n}", f"PJSIP/caller-{n:08x}", number, name)
        self.channels[channel.uniqueid] = channel
        self.say("Newchannel", "", channel)
        self._enter(channel)
        return channel

    def presses(self, channel: Channel, key: str) -> None:
        self.say("DTMFEnd", "", channel, Digit=key)
        playing = channel.playing
        if playing is not None and key in playing.get("Command").split('"')[3]:
            self._played(channel, "key", f"200%20result%3D{ord(key)}%20endpos%3D1440%0A")

    def answers(self, channel: Channel) -> None:
        channel.state, channel.context, channel.exten = "Up", "legs", "leg"
        self.say("Newstate", "Up", channel)
        self._enter(channel)
        self._originated(channel, "Success")

    def refuses_the_call(self, channel: Channel, cause: str = "17") -> None:
        """486 from the agent's phone; as cause 21 it is 603, whose messages are alike."""
        self.say("HangupRequest", "17", channel, Cause=cause)
        self._originated(channel, "Failure")
        self.channels.pop(channel.uniqueid)
        self.say("Hangup", "17", channel, Cause=cause)

    def picks_up_and_hangs_up(self, channel: Channel, *, in_loop: bool) -> None:
        """200 OK and BYE in one breath: the channel reaches its loop, or ends before it."""
        channel.state, channel.context, channel.exten = "Up", "legs", "leg"
        self.say("Newstate", "Up", channel)
        if in_loop:
            self._enter(channel)
        self._originated(channel, "Success")
        self.hangs_up(channel)

    def hangs_up(self, channel: Channel) -> None:
        """BYE from this side."""
        self.say("HangupRequest", "", channel)
        cause = "16" if channel.bridge or channel.lobby else "0"
        if channel.bridge:
            self._leave_bridge(channel)
        self._leave_loop(channel)
        self.say("SoftHangupRequest", "", channel, Cause="16")
        self._gone(channel, cause)

    def loses_hang_up(self, channel: Channel) -> None:
        """A BYE within a millisecond of a Bridge: asked for, never carried out; the dead leg stays bridged."""
        channel.dying = True
        self.say("HangupRequest", "", channel)

    def is_born(self, channel: Channel) -> None:
        """With `slow_birth`: the channel of an Originate comes to be, and rings."""
        channel.born = True
        self.say("Newchannel", "", channel, CallerIDNum="<unknown>", CallerIDName="<unknown>")
        if channel.uniqueid in self.channels and channel.state == "Down":
            channel.state = "Ringing"
            self.say("Newstate", "Ringing", channel)

    def agent_leg(self, agent: str = "1004") -> Channel | None:
        """The newest leg of this agent's phone."""
        mine = [one for one in self.channels.values() if one.name.startswith(f"PJSIP/agent{agent}-")]
        return mine[-1] if mine else None

    # -- what channels do --------------------------------------------------------------------------------------------

    def _enter(self, channel: Channel) -> None:
        """Its loop: a customer takes commands, and whoever is told something; all others stand in a lobby."""
        channel.bridge = ""
        customer = channel.role == "caller" or bool(channel.variables.get("CTI_CUSTOMER"))
        if customer or channel.exten == "told":
            channel.in_loop, channel.context = True, "arrivals" if customer else channel.context
            self.say("AsyncAGIStart", "", channel)
            self._run(channel)
        else:
            channel.lobby = "lobby"
            self.say("BridgeEnter", LOBBY, channel)

    def _leave_loop(self, channel: Channel) -> None:
        if channel.playing is not None:
            self._played(channel, "-1", "200%20result%3D-1%20endpos%3D2720%0A")
        if channel.in_loop:
            channel.in_loop = False
            self.say("AsyncAGIEnd", "", channel)
        elif channel.lobby:
            self.say("BridgeLeave", LOBBY, channel)
            channel.lobby = ""

    def _leave_bridge(self, channel: Channel) -> None:
        """This one leaves, so the other does, and returns to its loop."""
        others = [one for one in self.channels.values() if channel.other_of(one)]
        self.say("BridgeLeave", TALK, channel)
        for other in others:
            self.say("BridgeLeave", TALK, other)
            if not other.dying:
                self._back(other)
        channel.bridge = ""

    def _back(self, channel: Channel) -> None:
        channel.context, channel.exten = "legs", "leg"
        self._enter(channel)

    def _gone(self, channel: Channel, cause: str) -> None:
        self.channels.pop(channel.uniqueid, None)
        if channel.born:
            self.say("Hangup", cause, channel)

    def _originated(self, channel: Channel, how: str) -> None:
        if channel.dialled_by:
            self.say("OriginateResponse", how, channel, ActionID=channel.dialled_by)
            channel.dialled_by = ""

    def _run(self, channel: Channel) -> None:
        while channel.in_loop and channel.playing is None and channel.queue:
            if any(part in channel.queue[0].get("Command") for part in self.not_begun):
                return
            said = channel.queue.pop(0)
            verb = said.get("Command").split(" ")[0]
            if verb == "STREAM":
                channel.playing = said
                if not any(part in said.get("Command") for part in self.endless):
                    self._played(channel, "0", "")
                continue
            if verb == "ANSWER" and channel.state == "Ring":
                channel.state = "Up"
                self.say("Newstate", "Up", channel)
            self._exec(channel, verb, "0", said, {})

    def _played(self, channel: Channel, how: str, result: str) -> None:
        playing, channel.playing = channel.playing, None
        if playing is not None:
            more = {"Result": result} if result else {}
            self._exec(channel, "STREAM", how, playing, more)
        self._run(channel)

    def _exec(self, channel: Channel, verb: str, how: str, said: Said, fields: dict[str, str]) -> None:
        words = self.words.find("AsyncAGIExec", verb, how, channel.role)
        self.raw(self._about(words, channel, {"CommandId": said.get("CommandID"), **fields}))

    # -- actions -----------------------------------------------------------------------------------------------------

    def take(self, said: Said) -> None:
        """Carry out one action of a logged-in client."""
        self.received.append(said)
        if said.name in self.unanswered:
            return
        if said.name in self.instead:
            self.instead[said.name](said)
        elif said.name in self.refuses:
            self.respond(said, *self.refuses[said.name])
        else:
            self.carry_out(said)

    def carry_out(self, said: Said) -> None:
        handler = _ACTIONS.get(said.name)
        if handler is None:
            self.respond(Said(OURS, (("Action", "Command"), *said.block[1:])), "Error", "Permissi")
        else:
            handler(self, said)

    def _ping(self, said: Said) -> None:
        self.respond(said)

    def _setvar(self, said: Said) -> None:
        if said.get("Channel") and said.get("Channel") not in self.channels:
            self.respond(said, "Error", "No such ")
        else:
            if said.get("Channel"):
                self.channels[said.get("Channel")].variables[said.get("Variable")] = said.get("Value")
            data = (("Response", "Success"), ("ActionID", said.get("ActionID")), ("Message", "Variable Set"))
            self.raw(tape.bytes_of(data))

    def _status(self, said: Said) -> None:
        self.respond(said)
        ours = {"ActionID": said.get("ActionID")}
        for one in self.channels.values():
            if one.born:
                more = {"BridgeID": one.bridge or one.lobby, "ChannelStateDesc": one.state, "Context": one.context}
                self._row(one, {**ours, **more}, said.get("Variables").split(","))
        self.raw(tape.bytes_of((n, ours.get(n, v)) for n, v in self.words.find("StatusComplete", "", "agent")))

    def _bridges(self, said: Said) -> None:
        self.respond(said)
        ours = {"ActionID": said.get("ActionID")}
        for lobby in {one.lobby for one in self.channels.values() if one.lobby}:
            row = dict(self.words.find("BridgeListItem", LOBBY, "agent")) | ours | {"BridgeUniqueid": lobby}
            self.raw(tape.bytes_of(row.items()))
        end = self.words.find("BridgeListComplete", "", "agent")
        self.raw(tape.bytes_of((name, ours.get(name, value)) for name, value in end))

    def _row(self, channel: Channel, fields: dict[str, str], wanted: list[str]) -> None:
        """A row of Status, with the variables that were asked for."""
        words = self.words.find("Status", "", channel.role)
        told = tuple(("Variable", f"{name}={channel.variables.get(name, '')}") for name in wanted)
        self.raw(self._about((*(pair for pair in words if pair[0] != "Variable"), *told), channel, fields))

    def _device_states(self, said: Said) -> None:
        self.respond(said)
        ours = {"ActionID": said.get("ActionID")}
        for device, state in self.devices.items():
            row = dict(self.words.find("DeviceStateChange", "", "agent")) | ours | {"Device": device, "State": state}
            self.raw(tape.bytes_of(row.items()))
        end = self.words.find("DeviceStateListComplete", "", "agent")
        self.raw(tape.bytes_of((name, ours.get(name, value)) for name, value in end))

    def _agi(self, said: Said) -> None:
        channel = self.channels.get(said.get("Channel"))
        if channel is None or channel.dying:
            self.respond(said, "Error", "Channel ")
            return
        self.respond(said)
        channel.queue.append(said)
        self._run(channel)

    def _originate(self, said: Said) -> None:
        endpoint = said.get("Channel")
        n = next(self._n)
        shown, _, number = said.get("CallerID").removeprefix('"').removesuffix(">").partition('" <')
        channel = Channel("agent", said.get("ChannelId"), f"{endpoint}-{n:08x}", number, shown or "<unknown>", "Down")
        channel.dialled_by, channel.context = said.get("ActionID"), "phones"
        pairs = (value.partition("=") for name, value in said.block if name == "Variable")
        channel.variables = {name: value for name, _, value in pairs}
        self.respond(said)
        if endpoint.removeprefix("PJSIP/") in self.away:
            channel.name = endpoint
            self._originated(channel, "Failure")
            return
        self.channels[channel.uniqueid] = channel
        channel.born = False
        if not self.slow_birth:
            self.is_born(channel)
        if endpoint.removeprefix("PJSIP/") in self.auto_answer:
            self.answers(channel)

    def _redirect(self, said: Said) -> None:
        channel = self.channels.get(said.get("Channel"))
        if channel is None:
            self.respond(said, "Error", "Channel ")
            return
        self.respond(said)
        channel.context, channel.exten = said.get("Context"), said.get("Exten")
        if channel.bridge:
            self._leave_bridge(channel)
        else:
            self._leave_loop(channel)
        if channel.context == "talks":
            self._join(channel, channel.exten)
        else:
            self._enter(channel)

    def _join(self, channel: Channel, name: str) -> None:
        """What the dialplan does: Bridge, and back in the loop afterwards, or at once when there is nobody."""
        other = next((one for one in self.channels.values() if one.name == name), None)
        if other is None or channel.dying or not self.joins:
            self._back(channel)
            return
        if other.bridge:
            self._leave_bridge(other)
        self._leave_loop(other)
        channel.bridge = other.bridge = f"bridge-{next(self._n)}"
        for n, leg in enumerate((other, channel), 1):
            self.say("BridgeEnter", TALK, leg, BridgeNumChannels=str(n))

    def _control(self, said: Said) -> None:
        channel = self.channels.get(said.get("Channel"))
        if channel is None:
            self.respond(said, "Error", "No such ")
            return
        self.respond(said)
        self._played(channel, "0", "200%20result%3D0%20endpos%3D2720%0A")

    def _hang_up(self, said: Said) -> None:
        channel = self.channels.get(said.get("Channel"))
        if channel is None or not channel.born:
            self.respond(said, "Error", "No such ")
            return
        self.respond(said)
        if channel.state in {"Down", "Ringing"}:
            self._originated(channel, "Failure")
            self._gone(channel, "26")
            return
        if channel.bridge:
            self._leave_bridge(channel)
        self._leave_loop(channel)
        self.say("SoftHangupRequest", "", channel, Cause=said.get("Cause"))
        self._gone(channel, "16")


_ACTIONS: dict[str, Callable[[FakeAsterisk, Said], None]] = {
    "Ping": FakeAsterisk._ping,
    "Setvar": FakeAsterisk._setvar,
    "Status": FakeAsterisk._status,
    "DeviceStateList": FakeAsterisk._device_states,
    "AGI": FakeAsterisk._agi,
    "Originate": FakeAsterisk._originate,
    "BridgeList": FakeAsterisk._bridges,
    "Redirect": FakeAsterisk._redirect,
    "ControlPlayback": FakeAsterisk._control,
    "Hangup": FakeAsterisk._hang_up,
}


class _Line:
    """One manager connection."""

    def __init__(self, house: FakeAsterisk, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.logged_in = False
        self.ended = asyncio.Event()
        self._house, self._reader, self._writer = house, reader, writer
        self._out: asyncio.Queue[bytes] = asyncio.Queue()

    def put(self, data: bytes) -> None:
        self._out.put_nowait(data)

    def abort(self) -> None:
        self._writer.transport.abort()

    async def run(self) -> None:
        pump = asyncio.create_task(self._pump(), name="fake's pump")
        if not self._house.deaf:
            self.put(self._house.words.banner)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                block = (await self._reader.readuntil(b"\r\n\r\n")).decode()
                if not self._house.deaf:
                    self._take(Said(OURS, tape.fields_of(block)))
        await self._end(pump)

    async def _end(self, pump: asyncio.Task[None]) -> None:
        pump.cancel()
        with suppress(asyncio.CancelledError):
            await pump
        self._writer.close()
        with suppress(ConnectionError):
            await self._writer.wait_closed()
        self.ended.set()

    def _take(self, said: Said) -> None:
        house = self._house
        if said.name != "Login":
            try:
                house.take(said)
            except Exception as error:  # a mistake in a test or in the fake, shown at its end
                house.mistakes.append(error)
            return
        house.log_ins += 1
        if house.mute_log_in:
            return
        self.logged_in = said.get("Secret") == house.secret
        manner = ("Success", "Authenti") if self.logged_in else ("Error", "Authenti")
        words = house.words.find("Response", "Login", *manner)
        mine = {"ActionID": said.get("ActionID")}
        self.put(tape.bytes_of((name, mine.get(name, value)) for name, value in words))
        if not self.logged_in:
            self._out.put_nowait(b"")
        elif house.boots:
            self.put(tape.bytes_of(house.words.find("FullyBooted", "", "agent")))

    async def _pump(self) -> None:
        with suppress(ConnectionError):
            while True:
                data = await self._out.get()
                if not data:
                    self._writer.close()
                    return
                size = self._house.chop or len(data)
                for at in range(0, len(data), size):
                    self._writer.write(data[at : at + size])
                    if self._house.chop:
                        await asyncio.sleep(0)


@asynccontextmanager
async def fake_asterisk() -> AsyncIterator[FakeAsterisk]:
    """Listening on a free port; gone afterwards."""
    fake = FakeAsterisk()
    await fake.open()
    try:
        yield fake
    finally:
        await fake.close()
    if fake.mistakes:
        raise fake.mistakes[0]


__all__ = ["DEED", "RECORDINGS", "Channel", "FakeAsterisk", "fake_asterisk", "key_of"]
