"""Houses with real parts behind the pages that are about them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from cti.audio import PromptMaker
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
    yield Administered(house, voice, switches, shelf)
    await dispose(engine)


@asynccontextmanager
async def recorded(house: LiveHouse, folder: Path) -> AsyncIterator[LiveHouse]:
    """A house with two recordings of today, which are scored by a card."""
    engine = make_engine(f"sqlite+aiosqlite:///{folder / 'house.db'}")
    await upgrade(engine)
    today = int(house.clock())
    for n, number in ((today - 60, "13800000001"), (today - 30, "13900000002")):
        rows, recording = kept(n, "1001", "trading", number)
        await Store(engine).add(rows)
        house.recordings.keep(recording)
    quality = QualityDesk(engine, house.recordings, {"service": CARD}, {"trading": "service"}, Bus(), house.clock)
    house.take(quality=quality)
    yield house
    await dispose(engine)
