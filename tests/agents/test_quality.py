"""Recordings found and scored over HTTP, on a real database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from agents.ports import RecordingFile
from cti.bus import Bus
from cti.events import Event
from cti.quality import QualityDesk
from cti.scoring import Card, Question
from db.engine import dispose, make_engine, upgrade
from db.store import Store
from db.tables import CallRow, JournalRow
from tests.agents.client import asked
from tests.agents.fakes import House

CARD = Card("service", (Question("greeting", "问候", "Greeting"), Question("=cmd", "承诺", "Promises", "fatal")))
GOOD = {"agent_id": "1001", "answers": {"greeting": 4, "=cmd": 1}, "comment": "很好"}
SPAN = {"since": 0, "until": 1e10}


@dataclass
class Place:
    house: House
    events: list[Event]

    async def ask(
        self, method: str, path: str, who: str = "2001", role: str = "supervisor", **more: object
    ) -> httpx.Response:
        return await asked(self.house.app, method, f"/api{path}", who, role, **more)

    async def found(self, who: str = "2001", role: str = "supervisor", **wanted: object) -> list[str]:
        answer = await self.ask("GET", "/recordings", who, role, params={**SPAN, **wanted})
        assert answer.status_code == 200, answer.text
        return [one["id"] for one in answer.json()["recordings"]]


def kept(n: int, agent: str, queue: str, number: str) -> tuple[list[CallRow | JournalRow], RecordingFile]:
    """A call that came in at `n`, its recording and what the journal has of both."""
    call, recording = f"c{n}", f"r-{n}"
    rows: list[CallRow | JournalRow] = [
        CallRow(id=call, arrived_at=float(n), ended_at=n + 60.0, number=number, queue=queue, agent_id=agent,
                customer_id=None, outcome="served", facts={}),
        JournalRow(id=f"k{n}", at=float(n), seq=1, kind="recording_kept", call_id=call,
                   data={"recording_id": recording}),
        JournalRow(id=f"a{n}", at=float(n), seq=2, kind="agent_connected", call_id=call, agent_id=agent, data={}),
    ]  # fmt: skip
    facts = {"call_id": call, "agents": [agent], "begun_at": float(n), "segments": [], "queue": queue, "seconds": 60.0}
    return rows, RecordingFile(recording, facts, None)


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    engine = make_engine(f"sqlite+aiosqlite:///{tmp_path / 'house.db'}")
    await upgrade(engine)
    house, bus, events = House(), Bus(), list[Event]()
    bus.subscribe(Event, events.append)
    calls = [
        (1, "1001", "trading", "13800000001"),
        (2, "1002", "accounts", "13900000002"),
        (3, "1001", "survey", "1%1"),
    ]
    for one in calls:
        rows, recording = kept(*one)
        await Store(engine).add(rows)
        house.recordings.keep(recording)
    cards, of_queue = {"service": CARD}, {"trading": "service", "accounts": "service"}
    quality = QualityDesk(engine, house.recordings, cards, of_queue, bus, lambda: 100.0)
    house.take(quality=quality)
    yield Place(house, events)
    await dispose(engine)


async def test_recordings_are_found_by_what_is_known_of_their_call(place: Place) -> None:
    assert await place.found() == ["r-3", "r-2", "r-1"]
    assert await place.found(queue="trading") == ["r-1"]
    assert await place.found(agent="1002") == ["r-2"]
    assert await place.found(number="0000002") == ["r-2"]
    assert await place.found(number="%") == ["r-3"]
    assert await place.found(since=2, until=3) == ["r-2"]
    assert await place.found(limit=1) == ["r-3"]
    assert await place.found("1002", "agent") == ["r-2"]
    assert await place.found("1002", "agent", agent="1001") == ["r-2"]
    bad = await place.ask("GET", "/recordings", params={"since": 5, "until": 5})
    assert (bad.status_code, bad.json()["error"]["message"]) == (422, "until must be later than since")


async def test_a_call_is_scored_by_a_supervisor_and_scored_again(place: Place) -> None:
    empty = (await place.ask("GET", "/recordings/r-1/scorecard")).json()
    assert ([one["code"] for one in empty["questions"]], empty["filled"]) == (["greeting", "=cmd"], None)

    first = await place.ask("PUT", "/recordings/r-1/scorecard", json=GOOD)
    assert first.json()["filled"]["score"] == pytest.approx(80.0)
    again = await place.ask("PUT", "/recordings/r-1/scorecard", json={**GOOD, "answers": {"greeting": 5, "=cmd": 0}})
    assert again.json()["filled"]["score"] == 0.0

    assert await place.found(scored=True) == ["r-1"]
    assert await place.found(scored=False) == ["r-3", "r-2"]
    assert [event.as_dict()["score"] for event in place.events] == [pytest.approx(80.0), 0.0]
    mine = await place.ask("GET", "/recordings/r-1/scorecard", "1001", "agent")
    assert mine.json()["filled"]["comment"] == "很好"


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("r-1", {**GOOD, "answers": {"greeting": 4}}, 422, "bad_answers"),
        ("r-1", {**GOOD, "agent_id": "1002"}, 422, "not_to_be_scored"),
        ("r-3", GOOD, 404, "no_card"),
        ("r-9", GOOD, 404, "no_recording"),
    ],
)
async def test_what_cannot_be_scored_is_refused(place: Place, path: str, body: object, status: int, code: str) -> None:
    answer = await place.ask("PUT", f"/recordings/{path}/scorecard", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert place.events == []


async def test_agents_score_nobody_and_see_nothing_of_others(place: Place) -> None:
    await place.ask("PUT", "/recordings/r-1/scorecard", json=GOOD)
    assert (await place.ask("PUT", "/recordings/r-1/scorecard", "1001", "agent", json=GOOD)).status_code == 403
    assert (await place.ask("GET", "/recordings/r-1/scorecard", "1002", "agent")).status_code == 404
    assert (await place.ask("GET", "/scorecards", "1002", "agent", params=SPAN)).json() == {"agents": []}


async def test_the_report_is_a_table_that_no_program_takes_for_formulas(place: Place) -> None:
    await place.ask("PUT", "/recordings/r-1/scorecard", json=GOOD)

    told = (await place.ask("GET", "/scorecards", params=SPAN)).json()["agents"]
    table = (await place.ask("GET", "/scorecards.csv", params=SPAN)).text

    assert [(one["agent_id"], one["cards"], one["mean"]) for one in told] == [("1001", 1, 80.0)]
    assert table == "agent,cards,mean,lowest,'=cmd,greeting\n1001,1,80.0,80.0,1.000,0.800\n"
    assert (await place.ask("GET", "/scorecards", params={**SPAN, "queue": "accounts"})).json() == {"agents": []}
