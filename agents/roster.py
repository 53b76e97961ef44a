"""Who is connected, and how a message reaches all pages of an agent.

Everything runs in the server's event loop; only `deliver` waits, and never past its deadline.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import structlog

from agents.stream import Fresh, Item, Outbox, Stream
from agents.views import AgentView, FloorView, WaitingView
from agents.wire import AgentsStats, Answer, Message, QueueDispositions, QueueStats, Snapshot, Waiting

log = structlog.get_logger(__name__)
View = Literal["desk", "wallboard"]


def _tell(listener: Callable[..., None], *news: object) -> None:
    """Whoever listens may fail; the page may not."""
    try:
        listener(*news)
    except Exception:
        log.exception("a listener of the roster failed", news=news)


@dataclass(eq=False, slots=True)
class Page:
    """One open page. `next()` gives what to write next, for as long as the page lives."""

    agent_id: str
    view: View
    sees_all: bool
    close: Callable[[int], None]
    outbox: Outbox
    snapshot: Callable[[Page], Message]
    closing: bool = False
    _more: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def watching(self) -> bool:
        """Whether the floor is what it is open for."""
        return self.sees_all or self.view == "wallboard"

    def put(self, item: Item) -> None:
        self.outbox.put(item)
        self._more.set()

    def put_latest(self, kind: str, text: str) -> None:
        self.outbox.put_latest(kind, text)
        self._more.set()

    def answer(self, answer: Answer) -> None:
        self.put(Item(answer.model_dump_json()))

    async def next(self) -> Item:
        while (item := self.outbox.take()) is None:
            self._more.clear()
            await self._more.wait()
        return self._drawn(item) if isinstance(item, Fresh) else item

    def _drawn(self, fresh: Fresh) -> Item:
        def written(done: bool) -> None:
            for item in fresh.covers:
                item.written(done)

        return Item(self.snapshot(self).model_dump_json(), written=written)


class Roster:
    """Connected pages and each agent's stream.

    `clock` gives UTC epoch seconds. `on_presence(agent_id, connected)` is told of an agent's first desk page and the
    end of the last; wallboards do not count. `on_shown(agent_id, call_id, at)` is told that a record is on screen.
    Figures of the floor go out at most every `interval_s` seconds, to the desks of agents every `desks_s`.
    Those who wait are looked at every `waiting_s` seconds while a supervisor's desk is open.
    """

    def __init__(  # noqa: PLR0913 - what a house or a test may choose
        self,
        clock: Callable[[], float],
        *,
        on_presence: Callable[[str, bool], None] | None = None,
        on_shown: Callable[[str, str, float], None] | None = None,
        limit: int = 200,
        interval_s: float = 0.25,
        desks_s: float = 1.0,
        waiting_s: float = 1.0,
    ) -> None:
        self.on_presence = on_presence
        self.on_shown = on_shown
        self.clock = clock
        self.id = secrets.token_hex(4)
        self.dispositions: tuple[QueueDispositions, ...] = ()
        self.show_as: tuple[str, ...] = ()  # numbers an agent may show when dialling out
        self.wrapup_extras = 0  # so many times wrap-up may be made longer
        self._floor: Callable[[], FloorView] = lambda: FloorView(clock())
        self._agent: Callable[[str], AgentView | None] = lambda _agent_id: None
        self._seen: FloorView | None = None
        self._limit = limit
        self._pace = {True: interval_s, False: desks_s}  # by whether the page is one to watch the floor on
        self._streams: dict[str, Stream] = {}
        self._pages: dict[str, list[Page]] = {}
        self._due: set[bool] = set()
        self._waiting: Callable[[], Sequence[WaitingView]] = tuple
        self._waiting_s = waiting_s
        self._telling: asyncio.TimerHandle | None = None
        self._told: tuple[WaitingView, ...] = ()  # what every supervisor's desk has

    def show(self, floor: Callable[[], FloorView], agent: Callable[[str], AgentView | None] | None = None) -> None:
        """Where snapshots and figures come from; `agent` gives one agent without the work of the whole floor."""
        self._floor, self._seen = floor, None
        self._agent = agent or (lambda agent_id: floor().agent(agent_id))

    def show_waiting(self, waiting: Callable[[], Sequence[WaitingView]]) -> None:
        """Where the list of those who wait comes from."""
        self._waiting = waiting

    # -- sending -----------------------------------------------------------------------------------------------------

    async def deliver(self, agent_id: str, message: Message, deadline_s: float = 0.25) -> int:
        """Returns once the message is written to a desk page, at the latest at the deadline: how many have it by then.

        A page that is away gets it later.
        """
        first: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        reached = 0
        open_writes = len(self._desks(agent_id))

        def written(done: bool) -> None:
            nonlocal reached, open_writes
            reached += done
            open_writes -= 1
            if (done or open_writes == 0) and not first.done():
                first.set_result(None)

        self._send(agent_id, message, written)
        if open_writes > 0:
            await asyncio.wait([first], timeout=deadline_s)
        return reached

    def send(self, agent_id: str, message: Message) -> None:
        """Number the message and let it go out when it can; waits for nothing."""
        self._send(agent_id, message, None)

    def _send(self, agent_id: str, message: Message, written: Callable[[bool], None] | None) -> None:
        seq, text = self._stream(agent_id).add(message, self.clock())
        item = Item(text, seq, written) if written else Item(text, seq)
        for page in self._desks(agent_id):
            page.put(item)

    def floor_changed(self) -> None:
        """Something on the floor moved: the newest figures go to every page, soon and once."""
        for watching, pace_s in self._pace.items():
            if watching not in self._due:
                self._due.add(watching)
                asyncio.get_running_loop().call_later(pace_s, self._show_floor, watching)

    def _show_floor(self, watching: bool) -> None:
        self._due.discard(watching)
        pages = [page for pages in self._pages.values() for page in pages if page.watching is watching]
        if not pages:
            return
        floor = self._looked()
        queues = QueueStats(at=floor.at, queues=floor.queues).model_dump_json()
        agents = AgentsStats(at=floor.at, agents=floor.agents).model_dump_json() if watching else ""
        for page in pages:
            page.put_latest("queue_stats", queues)
            if page.sees_all:
                page.put_latest("agents_stats", agents)

    def _supervisors(self) -> list[Page]:
        return [page for pages in self._pages.values() for page in pages if page.sees_all and page.view == "desk"]

    def _tell_waiting(self) -> None:
        """Again and again while somebody sees it: reasons and forecasts change with the time alone."""
        self._telling = None
        pages = self._supervisors()
        if not pages:
            return
        self._telling = asyncio.get_running_loop().call_later(self._waiting_s, self._tell_waiting)
        before = self._told
        waiting = self._looked_who_waits()
        if waiting != before:
            text = Waiting(at=self.clock(), contacts=waiting).model_dump_json()
            for page in pages:
                page.put_latest("waiting", text)

    def _looked_who_waits(self) -> tuple[WaitingView, ...]:
        try:
            self._told = tuple(self._waiting())
        except Exception:
            log.exception("who waits could not be found out")
        return self._told

    # -- coming and going --------------------------------------------------------------------------------------------

    def join(
        self,
        agent_id: str,
        close: Callable[[int], None],
        *,
        view: View = "desk",
        sees_all: bool = False,
        resume: str = "",
    ) -> Page:
        """A page is open. It gets what it missed since `resume` ("stream:seq"), or a snapshot.

        `close(code)` is called to end it from here.
        """
        page = Page(agent_id, view, sees_all, close, Outbox(self._limit), self._snapshot)
        self._catch_up(page, resume)
        desks = len(self._desks(agent_id))
        self._pages.setdefault(agent_id, []).append(page)
        if view == "desk" and sees_all:
            self._told = ()  # a page that resumes has an old list
            if self._telling is None:
                self._telling = asyncio.get_running_loop().call_later(self._waiting_s, self._tell_waiting)
        if view == "desk" and desks == 0:
            self._tell_presence(agent_id, True)
        return page

    def leave(self, page: Page) -> None:
        """The page is gone. Safe to call twice."""
        pages = self._pages.get(page.agent_id, [])
        if page not in pages:
            return
        pages.remove(page)
        if not pages:
            del self._pages[page.agent_id]
        page.outbox.close()
        if page.view == "desk" and not self.connected(page.agent_id):
            self._tell_presence(page.agent_id, False)

    def close(self, agent_id: str, code: int) -> None:
        """End all pages of this agent, who is no longer logged in."""
        for page in list(self._pages.get(agent_id, [])):
            page.closing = True
            page.close(code)

    def shown(self, agent_id: str, call_id: str) -> None:
        """A page says the record is drawn; believed only of a record it was sent."""
        sent = any(pop.call_id == call_id for pop in self._stream(agent_id).pops)
        if sent and self.on_shown is not None:
            _tell(self.on_shown, agent_id, call_id, self.clock())

    def connected(self, agent_id: str) -> bool:
        return self.pages(agent_id) > 0

    def pages(self, agent_id: str) -> int:
        """How many desk pages the agent has open."""
        return len(self._desks(agent_id))

    def _tell_presence(self, agent_id: str, connected: bool) -> None:
        log.info("desk", agent=agent_id, connected=connected)
        if self.on_presence is not None:
            _tell(self.on_presence, agent_id, connected)

    def _catch_up(self, page: Page, resume: str) -> None:
        name, _, number = resume.rpartition(":")
        known = name == self._name(page.agent_id) and page.view == "desk" and number.isascii() and number.isdigit()
        missed = self._stream(page.agent_id).since(int(number[:15])) if known else None
        if missed is None or len(missed) > self._limit:
            page.outbox.refresh()
            return
        for seq, text in missed:
            page.put(Item(text, seq))
        # Figures are not replayed, so that a page that was away would show old ones until something moves.
        self.floor_changed()

    def _snapshot(self, page: Page) -> Message:
        stream, me = self._stream(page.agent_id), self._agent(page.agent_id)
        floor = self._looked() if page.sees_all else replace(self._recent(), agents=(me,) if me else ())
        desk = page.view == "desk"
        return Snapshot(
            seq=stream.seq,
            at=self.clock(),
            stream=self._name(page.agent_id),
            me=me,
            floor=floor,
            pops=stream.pops if desk else [],
            calls=stream.calls if desk else [],
            show_as=self.show_as if desk else (),
            wrapup_extras=self.wrapup_extras,
            dispositions=self.dispositions if desk else (),
            written=stream.written if desk else (),
            listening=stream.listening if desk else None,
            waiting=self._looked_who_waits() if desk and page.sees_all else (),
        )

    def _looked(self) -> FloorView:
        """The floor now."""
        self._seen = self._floor()
        return self._seen

    def _recent(self) -> FloorView:
        """The floor as figures go out anyway: after a restart a thousand pages come at once, each asking for it."""
        seen, oldest = self._seen, self.clock() - self._pace[True]
        return seen if seen is not None and seen.at > oldest else self._looked()

    def _name(self, agent_id: str) -> str:
        """Numbers of another run, or of whoever was logged in here before, mean nothing."""
        return f"{self.id}-{agent_id}"

    def _stream(self, agent_id: str) -> Stream:
        return self._streams.setdefault(agent_id, Stream())

    def _desks(self, agent_id: str) -> list[Page]:
        return [page for page in self._pages.get(agent_id, []) if page.view == "desk"]
