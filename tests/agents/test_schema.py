"""Whatever its own description allows to be asked, and what it does not: the server never fails, and keeps to it.

A whole server on a real port with a real database (SQLite) and the fake Asterisk; schemathesis makes up the requests.
"""

from __future__ import annotations

import asyncio
import queue
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from tests.agents.fakes import House
from tests.ami.fake import fake_asterisk
from tests.served import served, token

SCHEMA = schemathesis.openapi.from_dict(House().app.openapi())
OPERATIONS: dict[str, Any] = {
    f"{one.ok().method} {one.ok().path}": one.ok() for one in SCHEMA.get_all_operations() if isinstance(one, Ok)
}
WHO = {"nobody": "", "1001": "agent", "2001": "supervisor", "9001": "administrator"}
EXAMPLES = 20  # of each kind, for each operation and person
CHECKS = [response_schema_conformance, status_code_conformance]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The server's address; it runs in a thread of its own."""
    said: queue.Queue[str | Exception] = queue.Queue()
    over = asyncio.Event()

    async def run(folder: Path) -> None:
        async with fake_asterisk() as fake, served(folder, fake.port) as (_, address):
            said.put(address)
            await over.wait()

    def work(folder: Path) -> None:
        try:
            runner.run(run(folder))
        except Exception as error:
            said.put(error)

    with tempfile.TemporaryDirectory(prefix="zj") as folder, asyncio.Runner() as runner:
        thread = threading.Thread(target=work, args=(Path(folder),))
        thread.start()
        address = said.get(timeout=60)
        if isinstance(address, Exception):
            raise address
        yield address
        runner.get_loop().call_soon_threadsafe(over.set)
        thread.join(30)
        assert not thread.is_alive()
        assert said.empty()


@pytest.mark.parametrize("who", [one for one, role in WHO.items() if role])
def test_those_who_ask_are_logged_in(url: str, who: str) -> None:
    case = OPERATIONS["get /api/me"].Case()
    answer = case.call(base_url=url, headers={"Authorization": f"Bearer {token(who, WHO[who])}"})
    assert answer.json()["id"] == who


def takes_something(operation: Any) -> bool:
    return bool(list(operation.body) or list(operation.iter_parameters()))


WITH, AGAINST = GenerationMode.POSITIVE, GenerationMode.NEGATIVE
ASKED = [
    pytest.param(name, mode, id=f"{name} {mode.value}")
    for name, operation in OPERATIONS.items()
    for mode in ((WITH, AGAINST) if takes_something(operation) else (WITH,))
]


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize(("name", "mode"), ASKED)
def test_no_request_makes_the_server_fail(url: str, name: str, mode: GenerationMode, who: str) -> None:
    @given(case=OPERATIONS[name].as_strategy(generation_mode=mode))
    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    def ask(case: Any) -> None:
        # A new session each time: the one before may have logged out.
        headers = {"Authorization": f"Bearer {token(who, WHO[who])}"} if WHO[who] else {}
        answer = case.call(base_url=url, headers=headers, timeout=30)
        assert answer.status_code != 500, case.as_curl_command()  # 503 is an answer where it is said: it names the cure
        case.validate_response(answer, checks=CHECKS)

    ask()
