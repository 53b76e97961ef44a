"""One leg: a channel of Asterisk that stands in a loop of ours and is moved by us.

Customers stand in AsyncAGI, where they hear and are asked; whoever is to speak with them stands by in a lobby, a bridge
in which nobody hears anybody. From there Asterisk moves a channel into a talk as it is.
Each method is short and says what is true when it returns. Every await fails with `HungUp` once the channel is gone,
so a story that is told with these methods ends wherever the caller ends it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import structlog

from cti.asterisk import commands
from cti.asterisk.agi import AgiConversation, AgiResult, LeftLoop
from cti.asterisk.link import ActionRefused, ActionTimeout, Link, LinkDown
from cti.asterisk.messages import (
    AsyncAgiEnd,
    AsyncAgiExec,
    AsyncAgiStart,
    BridgeEnter,
    BridgeLeave,
    DtmfEnd,
    Hangup,
    HangupRequest,
    NewChannel,
    NewState,
    OriginateResponse,
    RoomJoined,
    SpyStarted,
)
from ivr.caller import HungUp

T = TypeVar("T")
log = structlog.get_logger(__name__)

EVERY_KEY = "0123456789*#"
NORMAL_CLEARING, ANSWERED_ELSEWHERE, UNSEEN = 16, 26, 127  # Q.850; 127 is for an end nobody was told of
LOST_HANGUP_S = 0.7  # a BYE within a millisecond of a Bridge can be lost: asked for, yet never carried out
LATE_HANGUP_S = 0.5  # a failed Originate's Hangup tells more than its response; it comes within this
PLAY_DEADLINE_S = 120.0
PARKED_STATES = {"Ring", "Up"}  # of a channel in no bridge: whoever has called us or answered us is in the loop
TRIES = 3
HUSH_TRIES = 10
LOOP = ("legs", "leg", 1)
RINGING = ("legs", "ring", 1)
TOLD = ("legs", "told", 1)
ROOM = ("rooms", "room", 1)
SPIES = "spies"
SPY_MODES = ("listen", "whisper", "barge")
KEY_S = 0.25  # a key sounds for 0.1 s, and the far end wants to hear that it ended
INTERRUPTED = AgiResult(code=-1, result="-1", data="")
SPY_BEGIN_S = 5.0
BEGIN_S = 0.15  # an idle loop takes up to 100 ms to begin the next command
PLAYED_OUT = {"0", "-1"}


@dataclass(frozen=True, slots=True)
class Gone:
    """How a channel ended: Q.850 cause and, where there was one, the SIP code."""

    cause: int
    tech_cause: str


class Leg:
    """A channel, known by its Uniqueid from before its birth (our own ChannelId) to its end."""

    def __init__(self, link: Link, uniqueid: str, *, channel: str = "") -> None:
        self.uniqueid = uniqueid
        self.channel = channel
        self.gone: asyncio.Future[Gone] = asyncio.get_running_loop().create_future()
        self.rang = asyncio.Event()
        self.answered = bool(channel)
        self.muted = False
        self.recorded = False
        self.customer = False  # for whom the fallback is, if the server should not come back
        self._noted: tuple[str, str] | None = None
        self._music = False  # it is to hear music whenever nothing else plays
        self._link = link
        self._agi = AgiConversation(link.send, uniqueid)
        self._parked = asyncio.Event()
        self._settled = asyncio.Event()  # parked or bridged, and not on the way
        self._in_room = asyncio.Event()
        self._spying = asyncio.Event()
        self._born = bool(channel)
        self.dialled = bool(channel)  # whether the PBX was ever told of it
        self._cancel_cause: int | None = None
        self._digits: deque[str] = deque()
        self._digit_came = asyncio.Event()
        self._playing = False
        self._asked_to_end = False
        self._left = False
        self._bridge = ""
        self._lobby = ""
        self._known = asyncio.Event()
        self._known.set()

    # -- what Asterisk says ------------------------------------------------------------------------------------------

    def hear(self, message: object) -> None:
        """Take one message about this channel, in order."""
        handler = _HANDLERS.get(type(message))
        if handler is not None:
            handler(self, message)

    def _on_start(self, message: AsyncAgiStart) -> None:
        self.channel = message.channel
        self._born, self.answered, self._lobby = True, True, ""
        self._is_parked()
        self._go_on_with_music()

    def _is_parked(self) -> None:
        self._in_room.clear()
        self._parked.set()
        self._settled.set()

    def goes_on_with_music(self) -> None:
        """It hears music already, or should: nobody waits until it is sure."""
        self._music = True
        if self._parked.is_set():
            self._go_on_with_music()

    def _go_on_with_music(self) -> None:
        """Into its loop a leg comes without, by whatever way."""
        if self._music:
            self._agi.send(commands.set_music(True))

    def _on_the_way(self) -> None:
        self._parked.clear()
        self._settled.clear()

    def _on_exec(self, message: AsyncAgiExec) -> None:
        self._agi.on_exec(message)

    def _on_left_loop(self, _: AsyncAgiEnd) -> None:
        self._on_the_way()
        self._agi.on_end()

    def _on_born(self, message: NewChannel) -> None:
        self.channel, self._born = message.channel, True
        if self._cancel_cause is not None:
            self._link.send(commands.Hangup(self.uniqueid, self._cancel_cause))

    def _on_state(self, message: NewState) -> None:
        if message.state_desc == "Ringing":
            self.rang.set()
        elif message.state_desc == "Up":
            self.answered = True

    def _on_digit(self, message: DtmfEnd) -> None:
        if message.direction == "Received":
            self._digits.append(message.digit)
            self._digit_came.set()

    def _on_bridge_enter(self, message: BridgeEnter) -> None:
        if message.lobby:
            self.answered, self._lobby = True, message.bridge_id
            self._is_parked()
            return
        self._music = False
        self._parked.clear()
        self._settled.set()
        self._bridge = message.bridge_id

    def _on_bridge_leave(self, message: BridgeLeave) -> None:
        """The next thing this leg says is where it stands then, or Hangup; or it is in another bridge already."""
        if self._lobby == message.bridge_id:
            self._lobby = ""
            self._on_the_way()
        elif self._bridge == message.bridge_id:
            self._bridge = ""
            if not self._parked.is_set():
                self._settled.clear()

    def _on_room_joined(self, _: RoomJoined) -> None:
        self._in_room.set()

    def _on_spy_started(self, _: SpyStarted) -> None:
        self._spying.set()

    def _on_hangup_request(self, _: HangupRequest) -> None:
        self._left = True
        asyncio.get_running_loop().call_later(LOST_HANGUP_S, self._end_if_still_there)

    def _end_if_still_there(self) -> None:
        if not self.gone.done() and self._link.up:
            self._link.send(commands.Hangup(self.uniqueid, NORMAL_CLEARING))

    def _on_hangup(self, message: Hangup) -> None:
        self.lost(message.cause, message.tech_cause)

    def _on_originated(self, message: OriginateResponse) -> None:
        if not message.ok:
            delay = LATE_HANGUP_S if self._born else 0.0
            asyncio.get_running_loop().call_later(delay, self.lost, 0, "")

    def lost(self, cause: int = 0, tech_cause: str = "") -> None:
        """The channel is no more: everything that waits for it fails with HungUp."""
        if self.gone.done():
            return
        self.gone.set_result(Gone(cause, tech_cause))
        self._agi.on_hangup()
        self._on_the_way()
        self._known.set()

    def link_down(self) -> None:
        """Nobody knows where this leg stands, until it is `found` or `lost`."""
        self._known.clear()
        self._on_the_way()
        self._bridge = self._lobby = ""
        self._agi.on_link_down()

    @property
    def in_doubt(self) -> bool:
        return not self._known.is_set()

    def found(self, channel: str, state: str, bridge_id: str, lobby: str, *, ours: bool) -> None:
        """After a loss of the link: this is where the leg stands; `ours`: in one of our loops, unless bridged.

        Its own messages since then came first and count.
        """
        self.channel, self._born = channel, True
        if state == "Ringing":
            self.rang.set()
        self.answered = self.answered or state == "Up"
        if bridge_id:
            self._bridge = bridge_id if not self._parked.is_set() else self._bridge
            self._settled.set()
        elif ours and state in PARKED_STATES and not self._bridge:
            self._lobby = lobby
            self._is_parked()
            self._go_on_with_music()
        self._known.set()
        if self._noted is not None:
            self._link.send(commands.Setvar(self.uniqueid, *self._noted))
        if self._asked_to_end or self._left:
            self._link.send(commands.Hangup(self.uniqueid, NORMAL_CLEARING))

    def bridged_with(self, other: Leg) -> bool:
        return bool(self._bridge) and self._bridge == other._bridge

    def note(self, name: str, text: str) -> None:
        """What the channel says of itself to whoever asks for it, also after a loss of the link.

        At once: what is known of a call when its server is killed is never older than what was done to it.
        """
        if (name, text) != self._noted and self._born and not self.gone.done():
            self._noted = name, text
            self._link.send(commands.Setvar(self.uniqueid, name, text))

    @property
    def wants_renewal(self) -> bool:
        """It stands in its loop, which has an end."""
        return self.customer and self._parked.is_set() and not self.gone.done()

    def renew(self, seconds: float) -> None:
        """The server lives: it stays in its loop for so long without another word."""
        self._link.send(commands.Deadline(self.uniqueid, seconds))

    # -- waiting -----------------------------------------------------------------------------------------------------

    async def until(self, awaitable: Awaitable[T]) -> T:
        """The awaitable's result; raises HungUp as soon as the channel is gone."""
        task = asyncio.ensure_future(awaitable)
        try:
            waiting: list[asyncio.Future[Any]] = [task, self.gone]
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            raise HungUp
        finally:
            if not task.done():
                task.cancel()

    async def known(self) -> None:
        """After a loss of the link: the PBX has said where this leg stands."""
        if not self._is_now(self._known):
            await self.until(self._known.wait())

    async def parked(self) -> None:
        """The leg stands in its loop: a customer takes commands, others may be joined with one."""
        if not self._is_now(self._parked):
            await self.until(self._parked.wait())

    async def settled(self) -> None:
        """The leg stands in its loop or in a bridge, and may be bridged with another."""
        if not self._is_now(self._settled):
            await self.until(self._settled.wait())

    def _is_now(self, event: asyncio.Event) -> bool:
        """So already; a task to wait for it would cost more than all the rest."""
        return event.is_set() and not self.gone.done()

    @property
    def ended_by_us(self) -> bool:
        return self._asked_to_end

    async def _command(self, text: str, deadline_s: float = PLAY_DEADLINE_S) -> AgiResult:
        """The result, or INTERRUPTED when the leg was taken out of its loop meanwhile and is back."""
        await self.parked()
        try:
            return await self._agi.command(text, deadline_s)
        except LinkDown:
            await self.known()
        except LeftLoop:
            await self.parked()
        return INTERRUPTED

    async def _surely(self, text: str) -> None:
        """A command that may be given again is given until it was carried out."""
        for _ in range(TRIES):
            if await self._command(text, 15.0) is not INTERRUPTED:
                return

    # -- what we do with it ------------------------------------------------------------------------------------------

    async def answer(self) -> None:
        """The call is up, media flows."""
        await self._surely(commands.answer())

    async def play(self, files: Sequence[Path], *, barge_in: bool = False) -> None:
        """All was heard to its end; with `barge_in` the first key ends it and is kept for the next `ask`."""
        for file in files:
            if not barge_in:
                await self._stream(file, "")
            elif self._digits or await self._stream_until_key(file):
                return

    async def ask(
        self, files: Sequence[Path], *, digits: int, timeout_s: float, terminator: str = "#", between_s: float = 3.0
    ) -> str:
        """At most `digits` keys, with type-ahead and barge-in; empty on silence."""
        await self.play(files, barge_in=True)
        if self.recorded and len(self._digits) < digits:
            # Where nothing plays, each key would cut its own length out of the recording.
            await self._surely(commands.silence())
        got = ""
        while len(got) < digits:
            key = await self.key(between_s if got else timeout_s)
            if key is None or (key == terminator and digits > 1):
                break
            got += key
        return got

    async def _stream(self, file: Path, escape: str) -> AgiResult:
        self._playing, self._music = True, False
        try:
            return await self._command(commands.stream_file(str(file), escape))
        finally:
            self._playing = False

    async def _stream_until_key(self, file: Path) -> bool:
        """True when a key ended it. A key that came before the file began is no escape: Asterisk is told to stop."""
        stream = asyncio.create_task(self._stream(file, EVERY_KEY))
        key = asyncio.create_task(self._a_key())
        try:
            await asyncio.wait({stream, key}, return_when=asyncio.FIRST_COMPLETED)
            while not stream.done():
                await asyncio.wait({stream}, timeout=BEGIN_S)
                if not stream.done():
                    await self.stop_playing()
            return (await stream).result not in PLAYED_OUT or bool(self._digits)
        finally:
            stream.cancel()
            key.cancel()

    async def stop_playing(self) -> None:
        """What plays now ends at once; its `play` returns."""
        if self._playing and not self.gone.done():
            await self._stop()

    async def _stop(self) -> None:
        try:
            await self._link.action(commands.ControlPlayback(self.uniqueid, "stop"))
        except (ActionRefused, ActionTimeout, LinkDown) as error:
            log.debug("nothing was playing", uniqueid=self.uniqueid, reason=str(error))

    async def _hush(self) -> None:
        """Nothing is being carried out on this leg, nor would be when it is back: what has not begun waits for that."""
        for _ in range(HUSH_TRIES):
            if await self._agi.quiet(BEGIN_S) or self.gone.done():
                return
            await self._stop()
        log.warning("a leg is joined in the middle of a command", uniqueid=self.uniqueid)

    async def key(self, timeout_s: float) -> str | None:
        """The next key, also one that was pressed before; None when there is none in this time."""
        try:
            async with asyncio.timeout(timeout_s):
                await self.until(self._a_key())
        except TimeoutError:
            return None
        return self._digits.popleft()

    async def _a_key(self) -> None:
        """A key lies in the type-ahead."""
        while not self._digits:
            self._digit_came.clear()
            await self._digit_came.wait()

    async def music(self, on: bool) -> None:
        """Music on hold plays from now on, or no longer; also when the leg has been elsewhere, but for a bridge."""
        self._music = on
        await self._surely(commands.set_music(on))

    async def hears_ring(self) -> None:
        """It hears it ring, until it is joined with another or is back in its loop."""
        await self._to(RINGING)

    async def listens(self) -> None:
        """No customer, it takes commands all the same, until it is joined with one or is back in its loop."""
        await self._to(TOLD)

    async def take_message(self, path: Path, most_s: float, silence_s: float) -> None:
        """What it says goes into a .wav at `path`, until a key, so much silence, or the end of its time."""
        self._music = False
        await self._command(commands.record_file(str(path), most_s, silence_s), most_s + 15.0)

    async def record(self, name: str) -> None:
        """From now to its end what it says and what it hears is written to files of this name. Raises ActionRefused."""
        result = await self._command(commands.record(name), 15.0)
        if result.code != 200 or result.result != "0":
            raise ActionRefused(f"MixMonitor: {result.code} {result.result}")
        self.recorded = True

    async def silence(self, on: bool) -> None:
        """Nothing of this leg is in its recording, or all is again; it stays so whatever becomes of the link."""
        while self.recorded:
            try:
                await self._link.action(commands.MixMonitorMute(self.uniqueid, on))
            except LinkDown:
                await self.known()
            else:
                return

    async def mute(self, on: bool) -> None:
        """Nobody hears this leg; it stays so from bridge to bridge."""
        await self._link.action(commands.Setvar(self.uniqueid, "MUTEAUDIO(in)", "on" if on else "off"))
        self.muted = on

    async def send_keys(self, keys: str) -> None:
        """Its far end hears these keys, one after another."""
        for key in keys:
            await self._link.action(commands.PlayDtmf(self.uniqueid, key))
            await asyncio.sleep(KEY_S)

    async def bridge(self, other: Leg) -> None:
        """Both hear each other; whoever was bridged with one of them is back in their loop. `other` is no customer.

        Raises ActionRefused when they do not come together, HungUp when one is gone.
        """
        while True:
            await self.settled()
            await other._stand_by()
            await self._hush()
            self._on_the_way()
            try:
                await self._link.action(commands.Join(self.uniqueid, other.channel))
            except LinkDown:
                if await self._together(other):
                    return
            except ActionRefused:
                if self.gone.done():
                    raise HungUp from None
                raise
            else:
                await self.settled()
                if not self.bridged_with(other):
                    raise ActionRefused(f"{self.channel} and {other.channel} did not come together")
                return

    async def _stand_by(self) -> None:
        """In a lobby: from one talk straight into another it would be deaf to whoever counts his packets from below.

        What Asterisk translates for a leg is translated anew only after it has been out of a talk (22.10.1 of Debian).
        """
        await self.settled()
        if not self._lobby:
            await self.to_loop()

    async def unbridge(self, other: Leg) -> None:
        """Both stand in their loops again. Raises HungUp when one is gone, LinkDown when they still talk."""
        self._on_the_way()
        other._on_the_way()
        try:
            await self._link.action(commands.Redirect(self.uniqueid, *LOOP))
        except LinkDown:
            if await self._together(other):
                raise
        await self.parked()
        await other.parked()

    async def to_loop(self) -> None:
        """Back in its loop from wherever it is; whoever was bridged with it is back in theirs."""
        await self._to(LOOP)

    async def _to(self, place: tuple[str, str, int]) -> None:
        while True:
            self._on_the_way()
            try:
                await self._link.action(commands.Redirect(self.uniqueid, *place))
            except LinkDown:
                await self.known()
                if not self._parked.is_set():
                    continue
            await self.parked()
            return

    async def into_room(self, room: str, third: Leg, other: Leg) -> None:
        """This leg and `other`, who are bridged, and `third`, who is parked: each hears the two others."""
        everybody = (self, other, third)
        for leg in everybody:
            await self._link.action(commands.Setvar(leg.uniqueid, "CTI_ROOM", room))
        for leg in everybody:
            leg._on_the_way()
            leg._in_room.clear()
        await self._link.action(commands.Redirect(self.uniqueid, *ROOM, extra=other.uniqueid))
        await self._link.action(commands.Redirect(third.uniqueid, *ROOM))
        for leg in everybody:
            await leg.until(leg._in_room.wait())

    async def spy_on(self, other: Leg, mode: str) -> None:
        """This leg, which is up, hears both sides of what `other` is in; `whisper`: `other` hears it, `barge`: all do.

        It goes on whomever `other` speaks with, and ends, in the loop, with `other`. Again with another mode it changes
        that. Raises HungUp when this leg goes, TimeoutError when nothing is to be heard after five seconds.
        """
        if mode not in SPY_MODES:
            raise ValueError(f"{mode!r} is none of {', '.join(SPY_MODES)}")
        await self._link.action(commands.SpyOn(self.uniqueid, other.channel))
        self._spying.clear()
        self._on_the_way()
        await self._link.action(commands.Redirect(self.uniqueid, SPIES, mode, 1))
        async with asyncio.timeout(SPY_BEGIN_S):
            await self.until(self._spying.wait())

    async def out_of_room(self, other: Leg) -> None:
        """The two are bridged again; whoever else was in the room stays there alone."""
        for leg in (self, other):
            leg._on_the_way()
        await self._link.action(commands.Redirect(self.uniqueid, *LOOP, extra=other.uniqueid))
        await self.bridge(other)

    async def _together(self, other: Leg) -> bool:
        """Whether they are in one bridge, as the PBX says after a loss of the link."""
        await self.known()
        await other.known()
        return self.bridged_with(other)

    def drop(self) -> None:
        """Its telephone is no more: the channel ends as if that had ended it."""
        if not self.gone.done():
            self._link.send(commands.Hangup(self.uniqueid, NORMAL_CLEARING))

    async def hang_up(self, cause: int = NORMAL_CLEARING) -> None:
        """The channel is gone, or will be: as soon as it is born, or found after a loss of the link."""
        self._asked_to_end = True
        if self.gone.done():
            return
        if not self.dialled:
            self.lost()
            return
        if not self._born:
            self._cancel_cause = cause
        try:
            await self._link.action(commands.Hangup(self.uniqueid, cause))
        except (ActionRefused, ActionTimeout, LinkDown) as error:
            log.debug("not hung up now", uniqueid=self.uniqueid, reason=str(error))
            if self._born and isinstance(error, ActionRefused):
                self.lost()
        if self._link.up:
            await asyncio.wait({self.gone}, timeout=5.0)


_HANDLERS: dict[type, Callable[..., None]] = {
    AsyncAgiStart: Leg._on_start,
    AsyncAgiExec: Leg._on_exec,
    AsyncAgiEnd: Leg._on_left_loop,
    NewChannel: Leg._on_born,
    NewState: Leg._on_state,
    DtmfEnd: Leg._on_digit,
    BridgeEnter: Leg._on_bridge_enter,
    BridgeLeave: Leg._on_bridge_leave,
    RoomJoined: Leg._on_room_joined,
    SpyStarted: Leg._on_spy_started,
    HangupRequest: Leg._on_hangup_request,
    Hangup: Leg._on_hangup,
    OriginateResponse: Leg._on_originated,
}
