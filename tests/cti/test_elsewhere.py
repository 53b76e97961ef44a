"""Whole houses with other people's parts: an Asterisk we did not start, and PostgreSQL."""

from __future__ import annotations

import asyncio
import json
import time
import urllib.error
from collections.abc import Callable
from typing import Any

import pytest

from cti.desk_client import log_in
from cti.phones import Account, phone
from db.demo import PASSWORD
from tests.cti.houses import Place
from tests.cti.test_bad_input import SECRET, another_asterisk
from tests.db.conftest import Postgres


async def until(found: Callable[[], Any], deadline_s: float = 30.0) -> Any:
    """What it finds, as soon as it finds something; asked in a thread."""
    async with asyncio.timeout(deadline_s):
        while not (value := await asyncio.to_thread(found)):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.1)
        return value


def supervisor(here: Place) -> str:
    token: str = here.get("/api/login", body={"login": "2001", "password": PASSWORD})["token"]
    return token


def ended_calls(here: Place, token: str) -> list[dict[str, Any]]:
    """None yet while the database is away."""
    try:
        return [call for call in here.get("/api/calls", token)["calls"] if call["ended_at"]]
    except urllib.error.HTTPError as error:
        with error:
            if error.code != 503:
                raise
        return []


@pytest.mark.live
async def test_a_call_through_an_asterisk_that_somebody_else_started(here: Place) -> None:
    """It sees our prompts at a path of its own."""
    seen_at = here.folder / "seen"
    seen_at.symlink_to(here.run_dir / "sounds")
    here.more |= {
        "ASTERISK__OWN": "no",
        "ASTERISK__AMI_SECRET": SECRET,
        "ASTERISK__SOUNDS_DIR": str(seen_at),
    }
    async with another_asterisk(here) as asterisk:
        up = here.up()
        process = await asyncio.to_thread(up.__enter__)
        try:
            account = Account("caller", SECRET, "李晓梅", "13800000002", register=False)
            async with phone(f"127.0.0.1:{here.sip}", [account]) as caller:
                caller.dial(f"sip:8000@127.0.0.1:{here.sip}")
                await caller.wait_for("CALL_ESTABLISHED")
                await asyncio.sleep(1.5)
                playing = await asterisk.console("core show channels verbose")
                caller.hang_up()
                await caller.wait_for("CALL_CLOSED")
            token = await asyncio.to_thread(supervisor, here)
            [call] = await until(lambda: ended_calls(here, token))
            story = await asyncio.to_thread(here.get, f"/api/calls/{call['id']}", token)
            errors = asterisk.log_lines("ERROR", "WARNING")
        finally:
            await asyncio.to_thread(up.__exit__, None, None, None)
        assert process.returncode == 0
        assert asterisk.alive

    assert call["outcome"] == "abandoned_in_menu"
    assert call["customer"]["name"] == "李晓梅"
    assert "menu_stepped" in [step["kind"] for step in story["steps"]]
    assert "caller" in playing
    assert not [line for line in errors if "does not exist" in line or str(here.folder) in line]
    assert here.left() == []


@pytest.mark.live
@pytest.mark.postgres
async def test_a_house_on_postgresql_that_goes_away_during_a_call(here: Place, postgres: Postgres) -> None:
    here.more["DATABASE__URL"] = await postgres.new_database()
    up = here.up()
    await asyncio.to_thread(up.__enter__)
    try:
        token = await asyncio.to_thread(supervisor, here)
        agent = await log_in(f"http://127.0.0.1:{here.web}", "1001", PASSWORD)
        password = json.loads((here.run_dir / "secrets.json").read_text())["caller_password"]
        account = Account("caller", password, "张三丰", "13800000001", register=False)
        async with agent.page(), phone(f"127.0.0.1:{here.sip}", [account]) as caller:
            caller.dial(f"sip:8000@127.0.0.1:{here.sip}")
            await caller.wait_for("CALL_ESTABLISHED")
            await until(lambda: here.figure("zongji_calls_live"))
            await asyncio.to_thread(postgres.kill)
            killed_at = time.time()
            await caller.press("1110000001#")
            ready = await until(lambda: _journal_away(here))
            await until(lambda: here.figure("zongji_queue_wait_seconds_count") and time.time() > killed_at + 3)
            caller.hang_up()
            await caller.wait_for("CALL_CLOSED")
            await asyncio.to_thread(postgres.start)
        [call] = await until(lambda: ended_calls(here, token))
        story = await asyncio.to_thread(here.get, f"/api/calls/{call['id']}", token)
    finally:
        await asyncio.to_thread(up.__exit__, None, None, None)

    assert ready["checks"]["database"]["ok"] is False
    kinds = [step["kind"] for step in story["steps"]]
    once = ("call_arrived", "call_queued", "agent_connected", "call_ended")
    assert [kind for kind in kinds if kind in once] == list(once)
    assert [step["at"] for step in story["steps"]] == sorted(step["at"] for step in story["steps"])
    assert story["steps"][0]["at"] < killed_at < story["steps"][-1]["at"]
    assert story["name"] == "张三丰"
    assert here.left() == []


def _journal_away(here: Place) -> Any:
    """The readiness, once the journal knows that its database is away."""
    ready = here.ready()
    return ready if not ready["checks"]["journal"]["ok"] else None


def test_what_another_asterisk_needs_is_written_for_its_administrator_alone(here: Place) -> None:
    here.more |= {"ASTERISK__OWN": "no", "ASTERISK__AMI_SECRET": SECRET, "ASTERISK__SOUNDS_DIR": "/srv/prompts"}
    folder = here.folder / "for-them"

    done = here.cti("render", str(folder), "--server", "10.0.0.5")

    assert done.returncode == 0, done.stderr
    written = {file.name: file.read_text() for file in folder.iterdir()}
    assert sorted(written) == [
        "ari.conf", "codecs.conf", "extensions.conf", "http.conf", "manager.conf", "pjsip.conf", "queues.conf",
        "rtp.conf", "sorcery.conf",
    ]  # fmt: skip
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}
    assert "permit = 10.0.0.5/255.255.255.255" in written["manager.conf"]
    assert f"secret = {SECRET}" in written["manager.conf"]
    assert "Playback(/srv/prompts/zh/fallback-" in written["extensions.conf"]
    assert here.left() == []


def test_render_refuses_a_folder_it_cannot_write(here: Place) -> None:
    done = here.cti("render", "/proc/zongji")

    assert done.returncode == 2
    assert done.stderr.startswith("zongji: ")
    assert "/proc/zongji" in done.stderr
