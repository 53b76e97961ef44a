"""Callers off the line over HTTP, on a real database: who gave up, who is called back, what was left to be heard."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from cti.bus import Bus
from cti.callback_rules import Rules
from cti.callbacks import Callbacks
from cti.calls import Calls
from cti.later import Later
from cti.voicemails import Message, Voicemails
from db.callbacks import Waiting
from db.engine import dispose, make_engine, upgrade
from db.store import Store
from db.tables import CallRow
from tests.agents.client import asked
from tests.agents.fakes import House

DAY_S = 86_400.0
KEPT_S = 30 * DAY_S
RULES = Rules(tries=3, spacing_s=600.0, expires_s=DAY_S, per_number=1, per_day=3)
ZHANG, LI, WANG = "+8613800000001", "+8613800000002", "+8613800000003"


@dataclass
class Place:
    """`ZHANG`, `LI` and `WANG`, who may not be dialled, gave up; `LI` has been served since. One message is left."""

    house: House
    store: Store
    memory: Waiting
    voicemails: Voicemails

    async def ask(
        self, method: str, path: str, who: str = "2001", role: str = "supervisor", **more: Any
    ) -> httpx.Response:
        return await asked(self.house.app, method, f"/api{path}", who, role, **more)

    async def leave(self, message: Message) -> Path:
        """It is left: its sound, and what is known of it."""
        await self.memory.keep_message(asdict(message))
        sound = self.voicemails.sound(message.id)
        sound.parent.mkdir(exist_ok=True)
        sound.write_bytes(b"RIFF")
        return sound


def call(now: float, call_id: str, number: str, ago_s: float, outcome: str, **facts: object) -> CallRow:
    return CallRow(
        id=call_id, arrived_at=now - ago_s, ended_at=now - ago_s + 60, number=number, queue="trading", agent_id=None,
        customer_id=None, outcome=outcome, facts=facts,
    )  # fmt: skip


@asynccontextmanager
async def off_the_line(house: House, folder: Path) -> AsyncIterator[Place]:
    engine = make_engine(f"sqlite+aiosqlite:///{folder / 'house.db'}")
    await upgrade(engine)
    store, memory, bus, now = Store(engine), Waiting(engine), Bus(), house.clock()
    calls = Calls(lambda: pytest.fail("no call is begun here"), lambda _device, _state: None)
    callbacks = Callbacks(bus, house.clock, calls, memory, RULES, lambda number: not WANG.endswith(number), "zh")
    voicemails = Voicemails(bus, house.clock, calls, memory, folder / "voicemail", lambda _queue: KEPT_S)
    await store.add([
        call(now, "c1", ZHANG, 3600, "abandoned_in_queue", customer={"name": "张三丰"}),
        call(now, "c2", LI, 3500, "abandoned_in_queue"),
        call(now, "c3", LI, 1800, "served"),
        call(now, "c4", WANG, 900, "overflowed"),
        call(now, "c5", ZHANG, 2 * DAY_S, "abandoned_in_queue"),
    ])  # fmt: skip
    for one in ("c1", "c4"):
        house.memory.stories[one] = {
            "id": one, "number": {"c1": ZHANG, "c4": WANG}[one], "queue": "trading", "outcome": "abandoned_in_queue",
            "arrived_at": now - 3600, "agent_id": None,
            "steps": [{"at": now - 3590, "kind": "call_queued", "requires": "trading >= 3"}],
        }  # fmt: skip
    house.take(later=Later(callbacks, voicemails, store))
    place = Place(house, store, memory, voicemails)
    await place.leave(Message("v1", "c6", ZHANG, "trading", "", "zh", now - 600, 12.5))
    yield place
    await dispose(engine)


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with off_the_line(House(), tmp_path) as found:
        yield found


async def given_up(place: Place, **wanted: float) -> list[tuple[str, bool, str]]:
    calls = (await place.ask("GET", "/abandoned", params=wanted)).json()["calls"]
    return [(one["call_id"], one["back"], one["callback"]) for one in calls]


async def test_who_gave_up_today_who_has_called_again_and_who_is_called_back(place: Place) -> None:
    assert await given_up(place) == [("c4", False, ""), ("c2", True, ""), ("c1", False, "")]
    assert [one[0] for one in await given_up(place, since=0)] == ["c4", "c2", "c1", "c5"]

    recovered = await place.ask("POST", "/callbacks", json={"call_id": "c1"})
    assert recovered.status_code == 200
    assert await given_up(place) == [("c4", False, ""), ("c2", True, ""), ("c1", False, "waiting")]
    [due] = (await place.ask("GET", "/callbacks")).json()["callbacks"]
    assert (due["number"], due["since"], due["state"]) == (ZHANG[3:], place.house.clock() - 3590, "waiting")

    refused = await place.ask("POST", "/callbacks", json={"call_id": "c4"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "class_of_service")
    assert await given_up(place) == [("c4", False, ""), ("c2", True, ""), ("c1", False, "waiting")]


async def test_messages_are_listed_newest_first_heard_or_not(place: Place) -> None:
    now = place.house.clock()
    await place.leave(
        Message("v2", "c7", LI, "accounts", "", "en", now - 60, 3.0, state="heard", agent_id="1001")
    )  # fmt: skip
    await place.leave(Message("v0", "c8", LI, "accounts", "", "en", now - 8 * DAY_S, 3.0))

    told = (await place.ask("GET", "/voicemails")).json()["messages"]
    assert [(one["id"], one["state"], one["agent_id"]) for one in told] == [
        ("v2", "heard", "1001"),
        ("v1", "new", None),
    ]
    assert "requires" not in told[0]
    all_of_them = (await place.ask("GET", "/voicemails", params={"since": 0})).json()["messages"]
    assert [one["id"] for one in all_of_them] == ["v2", "v1", "v0"]


@pytest.mark.parametrize("path", ["/abandoned", "/voicemails", "/callbacks"])
async def test_agents_do_not_see_them_and_a_house_without_them_says_so(place: Place, path: str) -> None:
    assert (await place.ask("GET", path, "1001", "agent")).status_code == 403
    place.house.take(later=None)
    assert (await place.ask("GET", path)).status_code == 404


async def test_what_was_heard_is_kept_as_long_as_its_queue_says_and_then_gone(place: Place) -> None:
    now = place.house.clock()
    old = Message("v-old", "c7", LI, "trading", "", "zh", now - KEPT_S, 3.0, state="heard", agent_id="1001")
    sounds = {
        one.id: await place.leave(one)
        for one in (old, replace(old, id="v-young", at=now - KEPT_S + 1), replace(old, id="v-new", state="new"))
    }  # fmt: skip

    await place.voicemails.forget_due()

    assert {name: sound.exists() for name, sound in sounds.items()} == {"v-old": False, "v-young": True, "v-new": True}
    assert [one.id for one in await place.voicemails.since(0.0)] == ["v1", "v-young", "v-new"]


async def test_for_ever_is_for_ever_and_a_sound_that_is_gone_already_is_no_hindrance(place: Place) -> None:
    now = place.house.clock()
    old = Message("v-old", "c7", LI, "trading", "", "zh", now - 9 * KEPT_S, 3.0, state="heard", agent_id="1001")
    sound = await place.leave(old)
    place.voicemails._keep_s = lambda _queue: 0.0
    await place.voicemails.forget_due()
    assert sound.exists()
    place.voicemails._keep_s = lambda _queue: KEPT_S
    sound.unlink()
    await place.voicemails.forget_due()
    assert await place.voicemails.message("v-old") is None
