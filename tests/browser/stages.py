"""Houses with real parts behind the pages that are about them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from cti.audio import PromptMaker, write_tone
from cti.bus import Bus
from cti.calendars import Calendar, Calendars
from cti.menu_versions import MenuShelf
from cti.prompt_shelf import PromptShelf
from cti.quality import QualityDesk
from cti.scoring import Card, Question
from cti.settings import Settings
from cti.switches import Switches
from cti.voice import Uses, Voice, catalogue_of, menu_file
from db.engine import dispose, make_engine, upgrade
from db.store import Store
from db.tables import JournalRow
from tests.agents.test_quality import kept
from tests.browser.house import LiveHouse

WORDS = {"welcome": {"zh": "您好", "en": "Welcome"}}
CARD = Card("service", (
    Question("greeting", "规范问候", "Greeting"),
    Question("closing", "礼貌结束", "Closing", "yes_no"),
    Question("promises", "未承诺收益", "No promises", "fatal"),
))  # fmt: skip

TALK = {  # a minute in which one side speaks after the other, with a hold between
    "segments": [{"what": what, "begins": begins, "ends": ends, "agent_id": "1001"}
                 for what, begins, ends in (("talk", 0.0, 24.0), ("hold", 24.0, 36.0), ("talk", 36.0, 60.0))],
    "peaks": [[(n * 37 % 60 + 20) * (n // 30 % 2 == side and not 240 <= n < 360) for n in range(600)]
              for side in (0, 1)],
}  # fmt: skip

MORNING: list[tuple[float, str, str, dict[str, str]]] = [  # seconds ago, and who did what, newest first
    (40, "access", "9001", {"what": "logged_in", "address": "10.1.2.9"}),
    (190, "agent_forced", "1001", {"by": "2001", "status": "not_ready", "reason": "lunch"}),
    (700, "access", "1002", {"what": "login_refused", "address": "10.1.2.44", "reason": "wrong_login"}),
    (900, "access", "1001", {"what": "logged_in", "address": "10.1.2.31"}),
]


@dataclass
class Administered:
    house: LiveHouse
    voice: Voice
    switches: Switches
    prompts: PromptShelf


@asynccontextmanager
async def administered(house: LiveHouse, folder: Path) -> AsyncIterator[Administered]:
    """A house whose menus, prompts and switches are real, with a morning's callers."""
    engine = make_engine(f"sqlite+aiosqlite:///{folder / 'house.db'}")
    await upgrade(engine)
    settings, bus = Settings(run_dir=folder), Bus()
    maker = PromptMaker(folder / "sounds", None, folder / "prompts")
    files = await maker.ensure(WORDS, ["zh", "en"])
    uses = Uses.of(settings)
    found = {name: menu_file(settings, name) for name in uses.all()}
    voice = Voice("broker", found, files, {}, uses.surveys, uses.in_line, catalogue_of(settings))
    switches = Switches(engine, bus, house.clock, Calendars({"service": Calendar(())}), "serve")
    shelf = PromptShelf(
        maker=maker, files=files, catalogue=WORDS, languages=["zh", "en"], folder=folder / "prompts", bus=bus,
        clock=house.clock,
    )  # fmt: skip
    menus = MenuShelf(engine, settings, voice, bus, house.clock)
    house.take(menus=menus, switches=switches, prompts=shelf)
    walked = ["welcome", "language", "mandarin", "main", "quotes"]
    await Store(engine).add(
        JournalRow(
            id=f"{call}-{n}", at=house.clock() + n / 100, seq=n, kind="menu_stepped", call_id=f"c{call}",
            data={"node": node, "menu": "broker"},
        )
        for call in range(12) for n, node in enumerate(walked[: 3 + call % 3])
    )  # fmt: skip
    house.memory.done = [
        {"at": house.clock() - ago, "kind": kind, "agent_id": agent, "call_id": None, "data": data}
        for ago, kind, agent, data in MORNING
    ]
    yield Administered(house, voice, switches, shelf)
    await dispose(engine)


@asynccontextmanager
async def recorded(house: LiveHouse, folder: Path) -> AsyncIterator[LiveHouse]:
    """A house with two recordings of today, which are scored by a card."""
    engine = make_engine(f"sqlite+aiosqlite:///{folder / 'house.db'}")
    await upgrade(engine)
    today, sound = int(house.clock()), folder / "talk.wav"
    await asyncio.to_thread(write_tone, sound, 440, 60)
    for n, number in ((today - 60, "13800000001"), (today - 30, "13900000002")):
        rows, recording = kept(n, "1001", "trading", number)
        await Store(engine).add(rows)
        house.recordings.keep(replace(recording, facts={**recording.facts, **TALK}, path=sound))
    quality = QualityDesk(engine, house.recordings, {"service": CARD}, {"trading": "service"}, Bus(), house.clock)
    house.take(quality=quality)
    yield house
    await dispose(engine)
