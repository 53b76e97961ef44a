"""HTTP and the websocket, through the application itself."""

import asyncio
import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import pytest
from starlette.websockets import WebSocketDisconnect

from agents.auth import SESSION_S
from agents.ports import CheckResult
from agents.socket import GONE, SILENT, WRITE_S, Line
from agents.socket import _hear as hear_page
from tests.agents.client import TestClient, WebSocketTestSession
from tests.agents.fakes import PASSWORD, House, pop


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
def client(house: House) -> Iterator[TestClient]:
    with TestClient(house.app) as client:
        yield client


def log_in(client: TestClient, login: str = "1001") -> dict[str, str]:
    answer = client.post("/api/login", json={"login": login, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['token']}"}


def ticket(client: TestClient, headers: dict[str, str]) -> str:
    return str(client.post("/api/ws-ticket", headers=headers).json()["ticket"])


def hear(socket: WebSocketTestSession, kind: str) -> dict[str, Any]:
    """The next message of this kind."""
    while True:
        message: dict[str, Any] = json.loads(socket.receive_text())
        if message["type"] == kind:
            return message


def test_log_in_says_who_is_there_and_hides_the_refresh_token(client: TestClient) -> None:
    answer = client.post("/api/login", json={"login": "1001", "password": PASSWORD})
    assert answer.json()["me"] == {"id": "1001", "name": "王芳", "name_en": "Wang Fang", "role": "agent"}
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie


@pytest.mark.parametrize("login", ["1001", "nobody"])
def test_wrong_password_and_unknown_login_are_told_the_same(client: TestClient, login: str) -> None:
    answer = client.post("/api/login", json={"login": login, "password": "wrong"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "wrong_login")


def test_each_agent_has_a_day_of_his_own(house: House, client: TestClient) -> None:
    house.memory.steps["1001"] = [(house.clock(), "agent_connected", {})]
    days = [client.get("/api/me/day", headers=log_in(client, who)).json() for who in ("1001", "1002")]
    assert [day["calls"] for day in days] == [1, 0]
    assert client.get("/api/me/day").status_code == 401


def test_guessing_is_stopped_and_told_when_to_come_back(client: TestClient) -> None:
    answers = [client.post("/api/login", json={"login": "1001", "password": "wrong"}) for _ in range(6)]
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) > 0


def test_a_foreign_page_may_not_log_in(client: TestClient) -> None:
    form = {"login": "1001", "password": PASSWORD}
    assert client.post("/api/login", json=form, headers={"Origin": "https://evil.example"}).status_code == 403


def test_the_cookie_renews_the_token_until_log_out(client: TestClient) -> None:
    headers = log_in(client)
    assert client.post("/api/refresh").status_code == 200
    cookie = client.cookies["zongji_session"]
    assert client.post("/api/logout", headers=headers).status_code == 204
    assert client.get("/api/me", headers=headers).status_code == 401
    client.cookies.set("zongji_session", cookie, path="/api")
    assert client.post("/api/refresh").status_code == 401


def test_nobody_logs_out_of_a_call(client: TestClient, house: House) -> None:
    headers = log_in(client)
    house.floor.agents["1001"] = house.floor.agents["1001"].__class__("1001", "王芳", activity="talking")
    answer = client.post("/api/logout", headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "in_a_call")


@pytest.mark.parametrize("path", ["/api/me", "/api/floor", "/api/calls", "/api/calls/c-1"])
def test_nothing_is_told_to_strangers(client: TestClient, path: str) -> None:
    assert client.get(path).json()["error"]["code"] == "not_logged_in"


def test_agents_see_their_own_calls_and_supervisors_all(client: TestClient) -> None:
    agent, supervisor = log_in(client), log_in(client, "2001")
    seen = [client.get(f"/api/calls/{call}", headers=agent).status_code for call in ("c-1", "c-2", "c-3")]
    assert seen == [200, 404, 200]
    assert len(client.get("/api/calls", headers=agent).json()["calls"]) == 1
    assert len(client.get("/api/calls", headers=supervisor).json()["calls"]) == 3
    assert len(client.get("/api/floor", headers=agent).json()["agents"]) == 1
    assert len(client.get("/api/floor", headers=supervisor).json()["agents"]) == 2


def test_readiness_names_what_is_not_ready(client: TestClient, house: House) -> None:
    assert client.get("/readyz").status_code == 200
    house.health.results["asterisk"] = CheckResult(ok=False, detail="refused")
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["asterisk"]["detail"]) == (503, "refused")
    assert client.get("/healthz").status_code == 200
    assert client.get("/metrics").text == "calls_total 3\n"


def test_a_house_without_what_calls_do_not_need_is_ready_and_degraded(client: TestClient, house: House) -> None:
    assert client.get("/readyz").json()["degraded"] is False
    house.health.results["mqtt"] = CheckResult(ok=False, detail="no broker", needed=False)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["ready"], answer.json()["degraded"]) == (200, True, True)


@pytest.mark.parametrize("path", ["/desk/", "/wallboard"])
def test_pages_allow_no_foreign_and_no_inline_script(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]


def test_a_desk_gets_its_snapshot_then_the_record(client: TestClient, house: House) -> None:
    told: list[tuple[str, bool]] = []
    house.roster.on_presence = lambda agent_id, connected: told.append((agent_id, connected))
    assert client.portal is not None
    with client.websocket_connect(f"/ws?ticket={ticket(client, log_in(client))}") as socket:
        assert hear(socket, "snapshot")["me"]["status"] == "not_ready"
        assert client.portal.call(house.roster.deliver, "1001", pop(), 5.0) == 1
        assert hear(socket, "pop")["number"] == "+8613800000001"
    assert told == [("1001", True), ("1001", False)]


def test_a_command_is_answered_and_a_bad_one_named(client: TestClient) -> None:
    with client.websocket_connect(f"/ws?ticket={ticket(client, log_in(client))}") as socket:
        socket.send_json({"type": "command", "key": "key-0001", "name": "set_status", "args": {"status": "ready"}})
        assert hear(socket, "answer")["ok"] is True
        for bad in ('{"type":"command","key":"key-0002","name":"fly"}', "[]", "{", "[" * 4000):
            socket.send_text(bad)
            assert hear(socket, "answer")["error"]["code"] == "bad_message"


@pytest.mark.parametrize(
    ("origin", "good_ticket", "code"), [("https://evil.example", True, 4403), ("http://testserver", False, 4401)]
)
def test_the_line_is_closed_to_strangers(client: TestClient, origin: str, good_ticket: bool, code: int) -> None:
    key = ticket(client, log_in(client)) if good_ticket else "invented"
    line = client.websocket_connect(f"/ws?ticket={key}", headers={"Origin": origin})
    with line as socket, pytest.raises(WebSocketDisconnect) as closed:
        socket.receive_text()
    assert closed.value.code == code


def test_log_out_closes_the_line(client: TestClient) -> None:
    headers = log_in(client)
    with client.websocket_connect(f"/ws?ticket={ticket(client, headers)}") as socket:
        hear(socket, "snapshot")
        client.post("/api/logout", headers=headers)
        with pytest.raises(WebSocketDisconnect) as closed:
            hear(socket, "never")
    assert closed.value.code == 4401


def test_the_line_ends_with_the_session(client: TestClient, house: House) -> None:
    headers = log_in(client)
    house.clock.forward(SESSION_S - 0.05)
    headers = {"Authorization": f"Bearer {client.post('/api/refresh').json()['token']}"}
    line = client.websocket_connect(f"/ws?ticket={ticket(client, headers)}")
    with line as socket, pytest.raises(WebSocketDisconnect) as closed:
        hear(socket, "never")
    assert closed.value.code == 4401


def test_who_logs_out_while_a_page_is_joining_stays_logged_out(client: TestClient, house: House) -> None:
    headers = log_in(client)
    house.floor.letting_in.clear()
    with ThreadPoolExecutor(1) as other, client.websocket_connect(f"/ws?ticket={ticket(client, headers)}") as socket:
        leaving = other.submit(client.post, "/api/logout", headers=headers)
        wait([leaving], timeout=0.3)  # it may have to wait for the page, but must not be overtaken by it
        assert client.portal is not None
        client.portal.call(house.floor.letting_in.set)
        assert leaving.result().status_code == 204
        with pytest.raises(WebSocketDisconnect) as closed:
            hear(socket, "never")
    assert closed.value.code == 4401
    assert house.floor.agents["1001"].status == "logged_out"


async def test_a_page_that_is_being_closed_gives_no_more_commands() -> None:
    house = House()
    house.floor.move("1001", status="logged_out")
    page = house.roster.join("1001", lambda _code: None)
    house.roster.close("1001", 4401)
    text = '{"type":"command","key":"key-0001","name":"set_status","args":{"status":"ready"}}'
    tasks: set[asyncio.Task[None]] = set()
    hear_page(text, house.app.state.parts, page, tasks, "10.0.0.7")
    await asyncio.gather(*tasks)
    assert house.floor.agents["1001"].status == "logged_out"


def test_the_server_speaks_also_when_nothing_happens() -> None:
    house = House(silence_s=5.0)
    with TestClient(house.app) as client, client.websocket_connect(f"/ws?ticket={ticket(client, log_in(client))}") as s:
        assert [hear(s, "beat")["at"] for _ in range(2)] == [house.clock()] * 2


def paths_to_get() -> list[str]:
    """Every GET there is, with values nobody expects in the place of parameters."""
    strange = ["c-1", "%00", "%F0%9F%92%A9", "%C3%28", "..%2f..%2fetc", "'", "x" * 500, "%0d%0a"]
    paths = [path for path, methods in House().app.openapi()["paths"].items() if "get" in methods]
    filled = [re.sub(r"{\w+}", value, path) for path in paths for value in (strange if "{" in path else strange[:1])]
    queries = [f"/api/calls?limit={limit}" for limit in ("0", "-1", "1e9", "9" * 5000, "%00", "")]
    pages = ["/", "/desk/", "/wallboard", "/desk/%00", "/desk/..%2fapi.py", "/nothing", "/api/nothing", "/openapi.json"]
    return [*filled, *queries, *pages]


@pytest.mark.parametrize("memory_away", [False, True])
def test_no_get_answers_that_the_server_failed(house: House, memory_away: bool) -> None:
    with TestClient(house.app, raise_server_exceptions=False) as client:
        headers = log_in(client, "2001")
        house.memory.away = memory_away
        answers = {path: client.get(path, headers=headers).status_code for path in paths_to_get()}
    assert [path for path, status in answers.items() if status == 500] == []
    assert answers["/api/calls/c-1"] == (503 if memory_away else 200)


@pytest.mark.parametrize("login", ["1001\x00", "\ud800", "\n", "x" * 65])
def test_a_login_no_house_could_give_is_refused_before_anybody_looks(client: TestClient, login: str) -> None:
    body = json.dumps({"login": login, "password": "x"})
    answer = client.post("/api/login", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422


def test_log_in_says_that_it_is_the_house_that_cannot(house: House) -> None:
    house.memory.away = True
    with TestClient(house.app, raise_server_exceptions=False) as client:
        answer = client.post("/api/login", json={"login": "1001", "password": PASSWORD})
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "memory_away")


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (Line(100.0), None),
        (Line(100.0, writing_since=119.0), None),
        (Line(100.0, writing_since=119.5 - WRITE_S), GONE),
        (Line(99.5), SILENT),
        (Line(99.0, writing_since=100.0), SILENT),
    ],
)
def test_a_page_that_says_or_takes_nothing_is_given_up(line: Line, code: int | None) -> None:
    assert line.dead(119.5, 20.0) == code


def test_a_silent_page_is_taken_for_gone() -> None:
    with TestClient(House(silence_s=0.01).app) as client:
        line = client.websocket_connect(f"/ws?ticket={ticket(client, log_in(client))}")
        with line as socket, pytest.raises(WebSocketDisconnect) as closed:
            hear(socket, "never")
    assert closed.value.code == 4408
