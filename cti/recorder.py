"""Every connected call is recorded, from the answer to its end, on the customer's leg. Implements `cti.call.Recorder`.

A call goes on whatever becomes of its recording: what hinders it is an event and a line in `/readyz`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from agents.ports import RecordingFile
from cti import events
from cti.asterisk.link import ActionRefused, ActionTimeout, LinkDown
from cti.bus import Bus
from cti.call import Call
from cti.call_states import State
from cti.recordings.finishing import Finisher
from cti.recordings.following import Following, followed
from cti.recordings.shelf import Shelf, UnknownRecording
from cti.recordings.timeline import About

log = structlog.get_logger(__name__)
WHOLE_S, LOOK_S = 5.0, 0.05
GOING_S = 0.7  # within it a channel that is refused to us is known to be gone
HEADER = 44  # bytes of a .wav before its sound
AGAIN_S = 60.0
DAY_S = 86400.0


@dataclass(slots=True)
class _Recording:
    call: Call
    name: str
    following: Following


class Recorder:
    """`spool`: where Asterisk writes. `keep_s`: how long a queue's recordings are kept, 0 for ever.

    `recorded` gives the ids of what was recorded of a call, `story` a call as the journal has it.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what it joins
        self,
        bus: Bus,
        clock: Callable[[], float],
        spool: Path,
        shelf: Shelf,
        finisher: Finisher,
        keep_s: Callable[[str], float],
        recorded: Callable[[str], Awaitable[list[str]]],
        story: Callable[[str], Awaitable[dict[str, Any] | None]],
    ) -> None:
        self._bus, self._clock, self._spool, self._shelf, self._finisher = bus, clock, spool, shelf, finisher
        self._keep_s, self._recorded, self._story = keep_s, recorded, story
        self._running: dict[str, _Recording] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._kept = asyncio.Event()
        self.hindered: str | None = None
        self._stopping = False
        self._all_known = False
        self._began = clock()
        bus.subscribe(events.CallMoved, self._moved)
        bus.subscribe(events.CallTransferred, self._transferred)
        bus.subscribe(events.CallEnded, self._ended)

    # -- what calls ask ----------------------------------------------------------------------------------------------

    async def begin(self, call: Call) -> None:
        """The customer's leg, which is up and parked, is recorded from now on. Raises HungUp."""
        one = _Recording(call, call.id, Following(self._clock()))
        try:
            await call.leg.record(one.name)
        except (ActionRefused, ActionTimeout, LinkDown) as error:
            self._failed(call.id, str(error))
        else:
            self._running[call.id] = one

    def know_all(self) -> None:
        """Which calls of an earlier run are recorded yet is known: whatever else lies in the spool is over."""
        self._all_known = True
        self._kept.set()

    def go_on(self, call: Call, steps: list[dict[str, Any]]) -> None:
        """It was being recorded when a server before was killed, and is yet."""
        following = followed(steps) or Following(call.facts.arrived_at)
        following.moved(self._clock(), call.state, call.facts.agent_id)
        self._running[call.id] = _Recording(call, call.id, following)

    async def silence(self, call: Call, on: bool) -> None:
        """Nothing of this call is in its recording, or all is again. Raises HungUp."""
        one = self._running.get(call.id)
        if one is None:
            return
        try:
            await call.leg.silence(on)
        except (ActionRefused, ActionTimeout) as error:
            await asyncio.wait({call.leg.gone}, timeout=GOING_S)
            if call.leg.gone.done():
                return
            self._failed(call.id, str(error))
            if on:  # rather none than one with a secret in it
                one.following.agents = ()
                self._running.pop(call.id, None)
                self._spawn(self._discard(one))
            return
        now = self._clock()
        one.following.silenced(now, on)
        self._bus.publish(events.RecordingSilenced(at=now, call_id=call.id, on=on))

    # -- what happens ------------------------------------------------------------------------------------------------

    def _moved(self, event: events.CallMoved) -> None:
        one = self._running.get(event.call_id or "")
        if one is not None:
            one.following.moved(event.at, State(event.after), one.call.facts.agent_id)

    def _transferred(self, event: events.CallTransferred) -> None:
        one = self._running.get(event.call_id or "")
        if one is not None:
            one.following.moved(event.at, one.call.state, event.to)

    def _ended(self, event: events.CallEnded) -> None:
        one = self._running.pop(event.call_id or "", None)
        if one is not None:
            work = self._keep(one, event.at) if one.following.connected else self._discard(one)
            self._spawn(work)

    async def _keep(self, one: _Recording, ended_at: float) -> None:
        facts, call = one.call.facts, one.call
        await asyncio.wait({call.leg.gone}, timeout=WHOLE_S)
        await self._whole(one)
        await self._put_away(call.id, facts.queue or "", facts.number, one.following, ended_at)

    async def _put_away(self, call_id: str, queue: str, number: str, following: Following, ended_at: float) -> None:
        said, heard = self._files(call_id)
        keep_s, begun_at = self._keep_s(queue), following.begun_at
        keep_until = begun_at + keep_s if keep_s else None
        about = About(call_id, queue, number, following.agents, begun_at, following.segments(ended_at), keep_until)
        try:
            recording_id = await self._finisher.keep(about, said, heard, self._clock())
        except (OSError, SQLAlchemyError) as error:  # Asterisk's files stay where they are, for `recover`
            self._failed(call_id, str(error))
            return
        await self._remove(said, heard)
        self._bus.publish(events.RecordingKept(at=self._clock(), call_id=call_id, recording_id=recording_id))
        self._kept.set()

    async def recover(self) -> None:
        """What Asterisk has finished and nobody put away: a server was killed, or a disk full. The rest waits."""
        left = {path.name.removesuffix("-r.wav") for path in self._spool.glob("*-r.wav")}
        for call_id in sorted(left - {one.name for one in self._running.values()}):
            said, heard = self._files(call_id)
            if not (_closed(said) and _closed(heard)):
                continue
            try:
                story = await self._story(call_id)
            except SQLAlchemyError as error:
                log.warning("recordings that were left cannot be put away yet", reason=str(error))
                return
            following = followed(story["steps"]) if story else None
            if story is None or following is None or not following.connected:
                log.info("a recording of a call in which nobody spoke was removed", call_id=call_id)
                await self._remove(said, heard)
                continue
            ended_at = story["ended_at"] or said.stat().st_mtime
            await self._put_away(call_id, story["queue"] or "", story["number"], following, ended_at)

    async def _remove(self, *paths: Path) -> None:
        for path in paths:
            await asyncio.to_thread(path.unlink, missing_ok=True)

    def _files(self, call_id: str) -> tuple[Path, Path]:
        return self._spool / f"{call_id}-r.wav", self._spool / f"{call_id}-t.wav"

    async def _whole(self, one: _Recording) -> None:
        """Asterisk closes them a moment after the channel's end; a file that is not closed by then is kept as it is."""
        said, heard = self._files(one.name)
        try:
            async with asyncio.timeout(WHOLE_S):
                while not (_closed(said) and _closed(heard)):  # noqa: ASYNC110 - files of another program
                    await asyncio.sleep(LOOK_S)
        except TimeoutError:
            log.warning("a recording was not closed in time", call_id=one.call.id)

    async def _discard(self, one: _Recording) -> None:
        """Nobody spoke with this caller."""
        await asyncio.wait({one.call.leg.gone}, timeout=WHOLE_S)
        await self._whole(one)
        await self._remove(*self._files(one.name))

    def _failed(self, call_id: str, reason: str) -> None:
        log.error("a call is not recorded", call_id=call_id, reason=reason)
        self.hindered = reason
        self._bus.publish(events.RecordingFailed(at=self._clock(), call_id=call_id, reason=reason))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name="recording")
        self._tasks.add(task)
        task.add_done_callback(self._over)

    def _over(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a recording could not be put away", exc_info=error)

    # -- running -----------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """What is kept is made small, and deleted when its time is over."""
        work = asyncio.create_task(self._work(), name="recordings")
        try:
            yield
        finally:
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=WHOLE_S)
            self._stopping = True
            self._finisher.stop()
            self._kept.set()
            await asyncio.wait({work}, timeout=WHOLE_S)  # not cut short: a connection torn out of its work stays open
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)

    async def _work(self) -> None:
        looked = 0.0
        await self._finisher.clear()
        while not self._stopping:
            await self._finisher.work_off(self._clock)
            if self._all_known and self._clock() - looked > DAY_S:
                looked = self._clock()
                await self.recover()
                await self._tidy()
            try:
                async with asyncio.timeout(AGAIN_S):
                    await self._kept.wait()
            except TimeoutError:
                continue
            self._kept.clear()

    async def _tidy(self) -> None:
        try:
            gone = await self._shelf.delete_due(self._clock())
            left = await self._shelf.sweep(self._began)
        except (OSError, SQLAlchemyError) as error:
            log.error("recordings are not tidied up", reason=str(error))  # noqa: TRY400 - one line is enough
            return
        if gone:
            log.info("recordings beyond their time were deleted", number=len(gone))
        if left:
            log.info("files that no recording has any more were removed", names=left[:10], number=len(left))

    # -- for the pages (port of `agents`) ----------------------------------------------------------------------------

    async def of_call(self, call_id: str) -> list[RecordingFile]:
        found = [await self.recording(one) for one in await self._recorded(call_id)]
        return [one for one in found if one is not None]

    async def recording(self, recording_id: str) -> RecordingFile | None:
        try:
            entry = await self._shelf.last(recording_id)
            paths = [self._shelf.path(file) for file in entry.files] if entry.kind == "converted" else []
        except UnknownRecording:
            return None
        return RecordingFile(recording_id, entry.facts, paths[0] if paths else None)

    def heard(self, recording_id: str, by: str, call_id: str) -> None:
        self._bus.publish(events.RecordingHeard(at=self._clock(), call_id=call_id, recording_id=recording_id, by=by))

    async def settled(self) -> None:
        """Every call that has ended is on the shelf."""
        while self._tasks:
            await asyncio.wait(self._tasks)


def _closed(path: Path) -> bool:
    """The header says how long the sound is."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(HEADER)
    except OSError:
        return False
    return len(head) == HEADER and int.from_bytes(head[40:44], "little") == size - HEADER
