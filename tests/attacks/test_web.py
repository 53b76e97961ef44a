"""Whoever comes by the web: too much, too slowly, too often, under another name, or after the end."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import jwt
import pytest
from starlette.websockets import WebSocketDisconnect

from agents.limits import MOST_BYTES, Bounded, Rate
from agents.socket import BURST, TOO_OFTEN
from cti import web
from cti.settings import WebSettings
from cti.voice import StartError
from cti.web import Impatient, listening, spoken_to, web_running
from tests.agents.client import TestClient
from tests.agents.fakes import PASSWORD, House
from tests.agents.test_web import hear, log_in, ticket


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


# -- bodies ------------------------------------------------------------------------------------------------------------


def test_a_body_without_measure_is_refused_before_it_is_read(client: TestClient) -> None:
    huge = {"login": "1001", "password": "x" * (MOST_BYTES + 1)}
    assert code_of(client.post("/api/login", json=huge)) == (413, "too_big")

    def dripping() -> Any:
        for _ in range(20):
            yield b"x" * 65_536

    assert code_of(client.post("/api/login", content=dripping())) == (413, "too_big")


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[1,",
        b"\xff\xfe",
        b"null",
        b"[]",
        b'{"login": {"$ne": ""}, "password": 1}',
        b"[" * 50_000,
        b'{"a":' * 9000,
    ],
)
def test_a_malformed_body_is_named_and_breaks_nothing(client: TestClient, body: bytes) -> None:
    answer = client.post("/api/login", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in {400, 422}
    assert "code" in answer.json()["error"]
    assert client.get("/healthz").status_code == 200


async def test_a_body_that_drips_is_given_up() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError("nobody is to wait for it")

    sent: list[Any] = []

    async def receive() -> Any:
        await asyncio.sleep(0.02)
        return {"type": "http.request", "body": b"x", "more_body": True}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "path": "/api/login", "headers": []}
    await Bounded(app, body_s=0.1)(scope, receive, send)
    assert sent[0]["status"] == 408


async def test_a_request_whose_headers_never_end_costs_its_line(office: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Impatient, "ask_s", 0.3)
    taken = listening("127.0.0.1", 0)
    port = taken.getsockname()[1]
    async with web_running(office.app, taken):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
        begun = time.monotonic()
        async with asyncio.timeout(5):
            while True:
                try:
                    writer.write(b"X-Drop: 1\r\n")
                    await writer.drain()
                    if await asyncio.wait_for(reader.read(10), 0.05) == b"":
                        break
                except TimeoutError:
                    continue
                except ConnectionError:
                    break
        assert time.monotonic() - begun < 3
        writer.close()


# -- the websocket -----------------------------------------------------------------------------------------------------


def test_a_page_that_floods_is_let_go(client: TestClient) -> None:
    code = 0
    with client.websocket_connect(f"/ws?ticket={ticket(client, log_in(client))}") as socket:
        for _ in range(int(BURST) * 2):
            socket.send_text('{"type": "heartbeat"}')
        while not code:
            code = socket.receive().get("code", 0)
    assert code == TOO_OFTEN


def test_a_rate_lets_a_burst_pass_and_no_more() -> None:
    rate = Rate(10.0, 5.0)
    assert [rate.takes(0.0) for _ in range(7)] == [True] * 5 + [False] * 2
    assert [rate.takes(0.1), rate.takes(0.1)] == [True, False]


@pytest.mark.parametrize(
    "text", ["x" * 20_000, "{" * 1000, '{"type":"command"}', '{"type":"command","key":1,"name":"dial"}']
)
def test_nonsense_on_the_line_harms_nobody(client: TestClient, text: str) -> None:
    headers = log_in(client)
    try:
        with client.websocket_connect(f"/ws?ticket={ticket(client, headers)}") as socket:
            hear(socket, "snapshot")
            socket.send_text(text)
            assert hear(socket, "answer")["ok"] is False
    except WebSocketDisconnect as closed:
        assert closed.code == 1009  # noqa: PT017 - too big: the line is closed, and nothing else
    assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    ("origin", "good", "code"), [("https://evil.example", True, 4403), ("", False, 4401), ("null", True, 4403)]
)
def test_no_line_for_a_foreign_page_nor_without_a_ticket(
    client: TestClient, origin: str, good: bool, code: int
) -> None:
    given = ticket(client, log_in(client)) if good else "invented"
    with (
        pytest.raises(WebSocketDisconnect) as closed,
        client.websocket_connect(f"/ws?ticket={given}", headers={"Origin": origin} if origin else {}) as socket,
    ):
        socket.receive_text()
    assert closed.value.code == code


def test_a_ticket_that_was_used_is_used(client: TestClient) -> None:
    once = ticket(client, log_in(client))
    with client.websocket_connect(f"/ws?ticket={once}") as socket:
        hear(socket, "snapshot")
    with pytest.raises(WebSocketDisconnect) as closed, client.websocket_connect(f"/ws?ticket={once}") as socket:
        socket.receive_text()
    assert closed.value.code == 4401


# -- who one is --------------------------------------------------------------------------------------------------------


def test_guessing_passwords_is_stopped_for_known_and_unknown_alike(client: TestClient) -> None:
    answers = {
        login: [client.post("/api/login", json={"login": login, "password": "wrong"}) for _ in range(7)]
        for login in ("1001", "nobody")
    }
    for tried in answers.values():
        assert [one.status_code for one in tried] == [401] * 5 + [429] * 2
        assert int(tried[-1].headers["retry-after"]) > 0
    assert [one.json() for one in answers["1001"]] == [one.json() for one in answers["nobody"]]


def test_a_name_that_does_not_exist_takes_as_long_as_one_that_does(office: House) -> None:
    """By the same work: the time itself is a median of interleaved tries, within a generous bound."""
    took: dict[str, list[float]] = {"1001": [], "nobody": []}
    with TestClient(office.app) as client:
        client.post("/api/login", json={"login": "9001", "password": "x"})
        for _ in range(5):
            for login, times in took.items():
                begun = time.perf_counter()
                client.post("/api/login", json={"login": login, "password": "wrong"})
                times.append(time.perf_counter() - begun)
    known, unknown = (median(times) for times in took.values())
    assert 1 / 3 < known / unknown < 3


def test_one_address_cannot_try_everybody(client: TestClient) -> None:
    tried = [client.post("/api/login", json={"login": f"a{n}", "password": "x"}).status_code for n in range(40)]
    assert tried[:30] == [401] * 30
    assert set(tried[30:]) == {429}


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_a_token_of_ones_own_making_is_none(client: TestClient, algorithm: str) -> None:
    now = time.time()
    claims = {"sub": "9001", "role": "administrator", "sid": "x", "start": now, "kind": "access", "exp": now + 900}
    key = "" if algorithm == "none" else "another secret " * 4
    forged = jwt.encode(claims, key, algorithm=algorithm)
    assert client.get("/api/calls", headers={"Authorization": f"Bearer {forged}"}).status_code == 401


def test_a_token_is_worth_nothing_when_its_time_is_over_or_after_log_out(client: TestClient, office: House) -> None:
    headers = log_in(client, "2001")
    assert client.get("/api/calls", headers=headers).status_code == 200
    office.clock.forward(16 * 60)
    assert client.get("/api/calls", headers=headers).status_code == 401
    headers = log_in(client, "2001")
    client.post("/api/logout", headers=headers)
    assert client.get("/api/calls", headers=headers).status_code == 401


def test_whoever_is_no_supervisor_any_more_loses_it_with_the_next_renewal(client: TestClient, office: House) -> None:
    log_in(client, "2001")
    known = office.memory.people
    known["2001"] = replace(known["2001"], role="agent")
    token = client.post("/api/refresh").json()["token"]
    assert jwt.decode(token, options={"verify_signature": False})["role"] == "agent"


SUPERVISORS = [
    ("listen", {"agent_id": "1002"}), ("spy_mode", {"mode": "barge"}), ("take_over", {}), ("stop_listening", {}),
    ("force_status", {"agent_id": "1002", "status": "ready"}), ("force_log_out", {"agent_id": "1002"}),
    ("set_skills", {"agent_id": "1001", "skills": {"trading": 10}}), ("set_queues", {"agent_id": "1001", "queues": []}),
    ("raise_priority", {"call_id": "c1", "by": 100}), ("message", {"to": None, "text": "x"}),
]  # fmt: skip


def test_an_agent_has_no_supervisors_commands(client: TestClient) -> None:
    with client.websocket_connect(f"/ws?ticket={ticket(client, log_in(client))}") as socket:
        for n, (name, args) in enumerate(SUPERVISORS):
            command = {"type": "command", "key": f"attack-{n:04d}", "name": name, "args": args}
            socket.send_text(json.dumps(command))
            answer = hear(socket, "answer")
            assert (answer["ok"], answer["error"]["code"]) == (False, "forbidden"), name


@pytest.mark.parametrize(
    "path",
    [
        "/api/recordings?since=0&until=9", "/api/scorecards?since=0&until=9", "/api/house", "/api/menus",
        "/api/prompts",
        "/api/callbacks", "/api/recordings/..%2f..%2fsecrets.json/audio", "/api/calls/c-of-somebody-else",
    ],
)  # fmt: skip
def test_an_agent_sees_nothing_that_is_not_his(client: TestClient, path: str) -> None:
    answer = client.get(path, headers=log_in(client))
    assert answer.status_code in {200, 403, 404}
    if answer.status_code == 200:
        assert not any(answer.json().values()), "an agent is shown what is not his"


@pytest.mark.parametrize(
    "path",
    ["/..%2f..%2fpyproject.toml", "/assets/../../../pyproject.toml", "/assets/%2e%2e/%2e%2e/web.py", "//etc/passwd"],
)
def test_no_path_leads_out_of_the_pages(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code in {404, 307, 405} or b"<!doctype html" in answer.content.lower()
    assert b"[project]" not in answer.content
    assert b"root:" not in answer.content


# -- TLS ---------------------------------------------------------------------------------------------------------------


async def test_a_house_makes_a_certificate_of_its_own_and_speaks_tls(office: House, tmp_path: Path) -> None:
    files = spoken_to(WebSettings(tls=True), tmp_path)
    assert files is not None
    certificate, key = files
    assert (certificate.stat().st_mode & 0o777, key.stat().st_mode & 0o777) == (0o600, 0o600)
    assert spoken_to(WebSettings(tls=True), tmp_path) == files
    made = certificate.read_bytes()
    spoken_to(WebSettings(tls=True), tmp_path)
    assert certificate.read_bytes() == made, "pages would have to trust it anew at each start"
    taken = listening("127.0.0.1", 0)
    trusted = ssl.create_default_context(cafile=str(certificate))
    async with web_running(office.app, taken, files) as url:
        assert url.startswith("https://127.0.0.1:")
        port = int(url.rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusted)
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        answer = await reader.read()
        writer.close()
        assert answer.startswith(b"HTTP/1.1 200")
        plain_reader, plain = await asyncio.open_connection("127.0.0.1", port)
        plain.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await plain_reader.readexactly(12)
        plain.close()


def test_a_certificate_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(StartError, match=r"web\.certificate: .*nowhere"):
        spoken_to(WebSettings(certificate=tmp_path / "nowhere", key=tmp_path / "key"), tmp_path)


async def test_a_file_that_is_no_certificate_is_named(office: House, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    taken = listening("127.0.0.1", 0)
    try:
        with pytest.raises(StartError, match=r"web\.certificate"):
            async with web_running(office.app, taken, (tmp_path / "a", tmp_path / "a")):
                pass
    finally:
        taken.close()


def test_the_right_password_still_lets_in_after_all_this(client: TestClient) -> None:
    assert client.post("/api/login", json={"login": "1001", "password": PASSWORD}).status_code == 200
    assert web.ASK_S <= 10
