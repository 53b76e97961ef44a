"""Menus changed while the house runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from agents.ports import Refused
from cti.audio import PromptFiles
from cti.bus import Bus
from cti.events import Event
from cti.menu_versions import MenuShelf
from cti.settings import Settings
from cti.voice import Uses, Voice, catalogue_of, menu_file
from db.engine import dispose, make_engine, upgrade
from db.store import Store
from db.tables import JournalRow

NOW = 1_795_600_000.0


@dataclass
class Place:
    engine: AsyncEngine
    settings: Settings
    voice: Voice
    shelf: MenuShelf
    events: list[Event]

    def again(self) -> tuple[Voice, MenuShelf]:
        """The next server, on the same database."""
        voice = made(self.settings)
        return voice, MenuShelf(self.engine, self.settings, voice, Bus(), lambda: NOW)

    @property
    def text(self) -> str:
        return menu_file(self.settings, "broker").text


def made(settings: Settings) -> Voice:
    uses = Uses.of(settings)
    found = {name: menu_file(settings, name) for name in uses.all()}
    return Voice("broker", found, PromptFiles({}), {}, uses.surveys, uses.in_line, catalogue_of(settings))


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    engine = make_engine(f"sqlite+aiosqlite:///{tmp_path / 'house.db'}")
    await upgrade(engine)
    settings, bus, events = Settings(run_dir=tmp_path), Bus(), list[Event]()
    bus.subscribe(Event, events.append)
    voice = made(settings)
    yield Place(engine, settings, voice, MenuShelf(engine, settings, voice, bus, lambda: NOW), events)
    await dispose(engine)


def changed(text: str) -> str:
    return text.replace("tries = 2", "tries = 4")


async def test_a_published_draft_answers_new_calls_and_those_of_the_next_server(place: Place) -> None:
    before = place.voice.menu_for("8000")
    draft = await place.shelf.save_draft("broker", changed(place.text), 0, "9001")
    assert place.voice.menu_for("8000") is before

    await place.shelf.publish("broker", draft["number"], "9001")

    assert before.nodes["language"].tries == 2  # type: ignore[union-attr]
    assert place.voice.menu_for("8000").nodes["language"].tries == 4  # type: ignore[union-attr]
    voice, shelf = place.again()
    await shelf.open()
    assert voice.menu_for("8000").nodes["language"].tries == 4  # type: ignore[union-attr]
    assert [event.as_dict()["kind"] for event in place.events] == ["menu_published"]
    assert [(one["name"], one["published"]) for one in await shelf.all() if one["published"]] == [("broker", 1)]


async def test_what_has_problems_is_kept_as_a_draft_and_never_published(place: Place) -> None:
    broken = place.text.replace('queue = "complaints"', 'queue = "moon"').replace(
        'next = "language"', 'next = "welcome"'
    )

    draft = await place.shelf.save_draft("broker", broken, 0, "9001")

    told = [one["message"] for one in draft["problems"]]
    assert any("no queue 'moon'" in one for one in told)
    assert any("a loop without exit" in one or "a loop that asks the caller nothing" in one for one in told)
    with pytest.raises(Refused) as refused:
        await place.shelf.publish("broker", draft["number"], "9001")
    assert refused.value.reason == "has_problems"
    assert place.voice.menu.text == place.text


@pytest.mark.parametrize(
    "text", ["name = ", 'name = "broker"', 'name = "other"\nstart = "a"\n[nodes.a]\nkind = "hangup"\n']
)
async def test_what_is_no_menu_is_not_even_a_draft(place: Place, text: str) -> None:
    with pytest.raises(Refused) as refused:
        await place.shelf.save_draft("broker", text, 0, "9001")
    assert refused.value.reason == "no_menu"
    assert [one["number"] for one in await place.shelf.versions("broker")] == [0]


async def test_of_two_who_save_at_once_the_second_is_told(place: Place) -> None:
    answers = await asyncio.gather(
        *(place.shelf.save_draft("broker", changed(place.text), 0, who) for who in ("9001", "9002")),
        return_exceptions=True,
    )

    refused = [one for one in answers if isinstance(one, Refused)]
    assert [one.reason for one in refused] == ["conflict"]
    assert "9001" in refused[0].message or "9002" in refused[0].message


async def test_a_draft_that_changed_since_it_was_checked_is_not_published(place: Place) -> None:
    draft = await place.shelf.save_draft("broker", changed(place.text), 0, "9001")
    await place.shelf.publish("broker", draft["number"], "9001")
    with pytest.raises(Refused, match="no draft any more"):
        await place.shelf.publish("broker", draft["number"], "9002")


async def test_to_go_back_is_a_new_version_with_the_old_text(place: Place) -> None:
    draft = await place.shelf.save_draft("broker", changed(place.text), 0, "9001")
    await place.shelf.publish("broker", draft["number"], "9001")

    await place.shelf.roll_back("broker", 0, 1, "9001")

    assert place.voice.menu.text == place.text
    assert [(one["number"], one["state"]) for one in await place.shelf.versions("broker")] == [
        (2, "published"), (1, "retired"), (0, "retired"),
    ]  # fmt: skip


async def test_a_published_menu_that_no_longer_holds_leaves_the_file_and_says_so(place: Place) -> None:
    draft = await place.shelf.save_draft("broker", changed(place.text), 0, "9001")
    await place.shelf.publish("broker", draft["number"], "9001")
    async with place.engine.begin() as connection:
        await connection.exec_driver_sql("update menu_version set text = replace(text, 'complaints', 'moon')")

    voice, shelf = place.again()
    await shelf.open()

    assert voice.menu.text == place.text
    assert "menu 'broker', number 1" in (shelf.hindered or "")


async def test_the_days_callers_are_counted_on_every_way(place: Place) -> None:
    ways = {"c1": ["welcome", "language", "main"], "c2": ["welcome", "language", "language"], "c3": ["welcome"]}
    rows = [
        JournalRow(
            id=f"{call}-{n}",
            at=NOW + n,
            seq=n,
            kind="menu_stepped",
            call_id=call,
            data={"node": node, "menu": "broker"},
        )
        for call, way in ways.items()
        for n, node in enumerate(way)
    ]
    other = [
        JournalRow(id="x", at=NOW, seq=1, kind="menu_stepped", call_id="c1", data={"node": "rate", "menu": "survey"})
    ]
    old = [
        JournalRow(
            id="y", at=NOW - 1, seq=1, kind="menu_stepped", call_id="c0", data={"node": "welcome", "menu": "broker"}
        )
    ]
    await Store(place.engine).add([*rows, *other, *old])

    counts = await place.shelf.counts("broker", NOW)

    assert counts["nodes"] == {"welcome": 3, "language": 3, "main": 1}
    assert counts["left"] == {"main": 1, "language": 1, "welcome": 1}
    assert counts["edges"] == [
        {"from": "language", "to": "language", "callers": 1},
        {"from": "language", "to": "main", "callers": 1},
        {"from": "welcome", "to": "language", "callers": 2},
    ]


async def test_a_version_is_told_with_what_each_node_says_and_where_it_leads(place: Place) -> None:
    told = await place.shelf.version("broker", 0)

    nodes = {one["name"]: one for one in told["nodes"]}
    assert told["start"] == "welcome"
    assert nodes["language"]["ways"] == [
        {"on": "1", "to": "mandarin"}, {"on": "2", "to": "english"}, {"on": "failure", "to": "main"},
    ]  # fmt: skip
    assert "{cash:money}" in nodes["tell_balance"]["says"]
    with pytest.raises(KeyError):
        await place.shelf.version("broker", 7)
