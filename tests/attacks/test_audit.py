"""Who came, who was refused, and who did what: it is noted, and administrators alone may read it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import get_args, get_type_hints

from agents.audit_api import KINDS
from agents.ports import Access
from cti import events
from cti.bus import Bus
from cti.listeners.journal import JournalListener
from db.engine import dispose, make_engine, upgrade
from db.journal import Journal
from db.store import Store
from tests.agents.client import TestClient
from tests.agents.fakes import House
from tests.agents.test_web import log_in, ticket

ADDRESS = "testclient"
DESK = Path(__file__).parents[2] / "agents" / "desk"


def test_every_log_in_and_log_out_is_noted_and_every_one_that_is_refused() -> None:
    house = House()
    with TestClient(house.app) as client:
        client.post("/api/login", json={"login": "1001", "password": "guessed"})
        client.post("/api/login", json={"login": "my-password-by-mistake", "password": "1001"})
        token = log_in(client)
        client.post("/api/logout", headers=token)
    assert house.witnessed == [
        Access("login_refused", "1001", ADDRESS, "wrong_login"),
        Access("login_refused", "", ADDRESS, "wrong_login"),
        Access("logged_in", "1001", ADDRESS),
        Access("logged_out", "1001", ADDRESS),
    ]


def test_whoever_tries_what_is_not_his_is_noted() -> None:
    house = House()
    with TestClient(house.app) as client:
        token = log_in(client)
        for path in ("/api/audit", "/api/staff", "/api/house"):
            assert client.get(path, headers=token).status_code == 403
        with client.websocket_connect(f"/ws?ticket={ticket(client, token)}") as socket:
            socket.send_json(
                {"type": "command", "key": "key-0001", "name": "force_status",
                 "args": {"agent_id": "1002", "status": "not_ready"}}
            )  # fmt: skip
            while (answer := socket.receive_json())["type"] != "answer":
                pass
    assert answer["error"]["code"] == "forbidden"
    tried = [one.reason for one in house.witnessed if one.what == "forbidden" and one.who == "1001"]
    assert tried == ["GET /api/audit", "GET /api/staff", "GET /api/house", "force_status"]


def test_an_administrator_reads_it_page_by_page() -> None:
    house = House()
    house.memory.done = [
        {"at": 1.0, "kind": "access", "agent_id": "1001", "call_id": None, "data": {"what": "logged_in"}},
        {"at": 2.0, "kind": "agent_forced", "agent_id": "1001", "call_id": None,
         "data": {"by": "2001", "status": "not_ready"}},
        {"at": 3.0, "kind": "call_moved", "agent_id": None, "call_id": "c-1", "data": {}},
    ]  # fmt: skip
    with TestClient(house.app) as client:
        mine = log_in(client, "9001")
        newest = client.get("/api/audit?limit=1", headers=mine).json()["deeds"]
        older = client.get(f"/api/audit?before={newest[0]['at']}", headers=mine).json()["deeds"]
    assert [(one["kind"], one["by"], one["agent_id"]) for one in newest] == [("agent_forced", "2001", "1001")]
    assert [(one["kind"], one["by"], one["agent_id"]) for one in older] == [("access", "1001", None)]
    assert newest[0]["data"] == {"status": "not_ready"}


def test_every_kind_that_is_read_is_one_the_house_writes_and_whoever_is_named_is_in_it() -> None:
    known = {re.sub(r"(?<!^)(?=[A-Z])", "_", one.__name__).lower(): one for one in events.Event.__subclasses__()}
    assert set(KINDS) <= set(known)
    named = {name for name, kind in known.items() if "by" in kind.__struct_fields__}
    assert named - set(KINDS) == {"callback_asked", "customer_found"}  # asked for by callers; `by` is how it was found


def test_every_deed_has_words_in_both_languages() -> None:
    whats = set(get_args(get_type_hints(Access)["what"]))
    wanted = {f"deed_{one}" for one in (set(KINDS) - {"access"}) | whats}
    for language in ("en", "zh-CN"):
        words = json.loads((DESK / "src" / "locales" / f"{language}.json").read_text())["server"]
        assert {name for name in words if name.startswith("deed_")} == wanted


async def test_the_journal_keeps_it(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite+aiosqlite:///{tmp_path / 'audit.db'}")
    await upgrade(engine)
    journal, store, bus = Journal(engine, tmp_path / "spool"), Store(engine), Bus()
    JournalListener(journal, lambda _call: None).listen(bus)
    journal.start()
    bus.publish(events.Access(at=1.0, agent_id="1001", what="logged_in", address="10.0.0.7"))
    bus.publish(events.AgentForced(at=2.0, agent_id="1001", by="2001", status="not_ready"))
    bus.publish(events.CallMoved(at=3.0, call_id="c-1", before="new", event="answered", after="menu"))
    await journal.flush()
    assert [(one["kind"], one["agent_id"]) for one in await store.deeds(KINDS, 1e11, 10)] == [
        ("agent_forced", "1001"),
        ("access", "1001"),
    ]
    assert [one["data"] for one in await store.deeds(KINDS, 2.0, 10)] == [
        {"what": "logged_in", "address": "10.0.0.7", "reason": ""}
    ]
    await journal.stop()
    await dispose(engine)
