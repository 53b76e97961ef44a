"""Who may supervise, what goes over the wire, and how often."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pydantic import ValidationError
from starlette.websockets import WebSocketDisconnect

from agents.commands import SUPERVISION
from agents.parts import NOT_LOGGED_IN
from agents.roster import Roster
from agents.views import WaitingView
from agents.wire import Snapshot, Waiting, client_messages, server_messages
from tests.agents.fakes import House
from tests.agents.test_web import client, hear, house, log_in, ticket

__all__ = ["client", "house"]  # fixtures
ARGS: dict[str, dict[str, Any]] = {
    "listen": {"agent_id": "1001"},
    "spy_mode": {"mode": "barge"},
    "stop_listening": {},
    "take_over": {},
    "force_status": {"agent_id": "1001", "status": "not_ready", "reason": "training"},
    "force_log_out": {"agent_id": "1001"},
    "set_skills": {"agent_id": "1001", "skills": {"trading": 9}},
    "set_queues": {"agent_id": "1001", "queues": ["trading"]},
    "raise_priority": {"call_id": "c-1", "by": 60},
    "message": {"to": ["1001"], "text": "<b>你好</b>"},
}


def command(name: str, **args: Any) -> Any:
    said = {"type": "command", "key": f"key-{name}", "name": name, "args": args or ARGS[name]}
    return client_messages.validate_python(said)


def test_every_command_of_supervisors_is_tried_here() -> None:
    assert set(ARGS) == set(SUPERVISION)


@pytest.mark.parametrize("name", SUPERVISION)
async def test_an_agent_may_do_nothing_to_others_and_nothing_happens(name: str) -> None:
    house = House()
    house.floor.move("1001", activity="talking")
    answer = await house.commands.run("1002", command(name))
    assert answer.error is not None
    assert answer.error.code == "forbidden"
    assert house.supervision.done == house.floor.done == []


@pytest.mark.parametrize(
    "name", sorted(set(SUPERVISION) - {"stop_listening", "take_over", "spy_mode", "force_log_out"})
)
async def test_a_supervisor_may_and_is_named_and_a_key_counts_once(name: str) -> None:
    house = House()
    house.floor.move("1001", activity="talking")
    answers = [await house.commands.run("2001", command(name), sees_all=True) for _ in range(2)]
    assert [answer.ok for answer in answers] == [True, True]
    assert len(house.supervision.done) == 1
    assert house.supervision.done[0].startswith("2001 ")


def test_a_supervisors_socket_commands_and_an_agents_and_a_wallboards_do_not(client: Any, house: House) -> None:
    message = command("raise_priority").model_dump_json()
    for login, view, code in (
        ("1001", "desk", "forbidden"),
        ("2001", "wallboard", "wallboard"),
        ("2001", "desk", None),
    ):
        with client.websocket_connect(f"/ws?ticket={ticket(client, log_in(client, login))}&view={view}") as socket:
            socket.send_text(message)
            error = hear(socket, "answer")["error"]
        assert (error and error["code"]) == code
    assert house.supervision.done == ["2001 raise c-1 60"]


def test_whoever_is_logged_out_by_a_supervisor_stays_out(client: Any, house: House) -> None:
    headers = log_in(client)
    with client.websocket_connect(f"/ws?ticket={ticket(client, headers)}") as agent:
        hear(agent, "snapshot")
        supervisor = log_in(client, "2001")
        with client.websocket_connect(f"/ws?ticket={ticket(client, supervisor)}") as socket:
            socket.send_text(command("force_log_out").model_dump_json())
            assert hear(socket, "answer")["ok"]
        with pytest.raises(WebSocketDisconnect) as closed:
            hear(agent, "what it is not told any more")
    assert closed.value.code == NOT_LOGGED_IN
    assert client.get("/api/me", headers=headers).status_code == 401
    assert client.get("/api/me", headers=supervisor).status_code == 200
    assert house.floor.agents["1001"].status == "logged_out"


@pytest.mark.parametrize("path", ["/api/staff", "/api/day"])
def test_figures_of_others_are_for_supervisors(client: Any, path: str) -> None:
    assert client.get(path, headers=log_in(client)).status_code == 403
    assert client.get(path, headers=log_in(client, "2001")).status_code == 200


def test_a_day_of_a_queue_that_does_not_exist_is_not_found(client: Any) -> None:
    assert client.get("/api/day?queue=nowhere", headers=log_in(client, "2001")).status_code == 404


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("spy_mode", {"mode": "shout"}),
        ("set_skills", {"agent_id": "1001", "skills": {"trading": 11}}),
        ("set_skills", {"agent_id": "1001", "skills": {"trading": 0}}),
        ("force_status", {"agent_id": "1001", "status": "logged_out"}),
        ("force_status", {"agent_id": "1001", "status": "not_ready", "reason": "forced"}),
        ("message", {"to": None, "text": ""}),
        ("message", {"to": None, "text": "x" * 501}),
        ("message", {"to": [], "text": "x"}),
        ("raise_priority", {"call_id": "c-1", "by": 1e9}),
    ],
)
def test_what_makes_no_sense_is_refused(name: str, args: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        command(name, **args)


async def test_those_who_wait_are_looked_at_only_while_a_supervisors_desk_is_open() -> None:
    looked = 0
    waiting = [WaitingView("c-1", "trading")]

    def look() -> list[WaitingView]:
        nonlocal looked
        looked += 1
        return waiting

    roster = Roster(lambda: 0.0, waiting_s=0.01)
    roster.show_waiting(look)
    roster.join("1001", lambda _: None)
    roster.join("2001", lambda _: None, view="wallboard", sees_all=True)
    assert looked == 0
    page = roster.join("2001", lambda _: None, sees_all=True)
    snapshot = server_messages.validate_json((await page.next()).text)
    assert isinstance(snapshot, Snapshot)
    assert [one.call_id for one in snapshot.waiting] == ["c-1"]
    waiting.append(WaitingView("c-2", "trading"))
    async with asyncio.timeout(5):
        changed = server_messages.validate_json((await page.next()).text)
    assert isinstance(changed, Waiting)
    assert [one.call_id for one in changed.contacts] == ["c-1", "c-2"]
    for one in list(roster._supervisors()):
        roster.leave(one)
    await asyncio.sleep(0.03)
    seen = looked
    await asyncio.sleep(0.03)
    assert looked == seen
