"""`make call`: a real caller through the running house, and the story of the call as the journal tells it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cti.desk_client import Desk, DeskError, log_in
from cti.phones import HEARD, Account, Phone, phone, recordings, seconds_of, tone_level
from cti.secrets import gather
from cti.settings import Settings
from cti.up import PHONES, say
from cti.voice import StartError
from db.demo import PASSWORD

SUPERVISOR = "2001"
SERVING = ("1001", "1002", "1003")  # the demo's agents who serve accounts
NAME, NUMBER, ACCOUNT = "张三丰", "13800000001", "10000001"
KEYS = {"language": "1", "main": "1", "account_number": f"{ACCOUNT}#"}
THINKS_S = 1.0  # a caller listens a little before pressing a key
TALK_S = 3.0
LONGEST_S = 90.0
CALLER_HZ, AGENT_HZ = 440, 880
LEFT_OUT = ("at", "kind", "queue", "uniqueid", "offer_id", "pages", "priority")


@dataclass
class Story:
    """What the journal has told of our call so far."""

    call_id: str
    begun_at: float
    steps: list[dict[str, Any]] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    def step(self, kind: str, **fields: Any) -> dict[str, Any] | None:
        """The last of the kind with these fields."""
        found = (s for s in reversed(self.steps) if s["kind"] == kind and all(s.get(k) == v for k, v in fields.items()))
        return next(found, None)


async def try_call(settings: Settings) -> None:
    """A caller chooses accounts, enters a number, waits, talks and hangs up; raises StartError with what went wrong."""
    base = f"http://{settings.web.host}:{settings.web.port}"
    try:
        supervisor = await log_in(base, SUPERVISOR, PASSWORD)
        async with asyncio.timeout(LONGEST_S):
            async with _somebody_ready(supervisor):
                await _place(settings, supervisor)
    except DeskError as error:
        raise StartError(f"{error}") from None
    except TimeoutError:
        raise StartError(f"the call was not over after {LONGEST_S:.0f} s: see {settings.run_dir}/zongji.log") from None


# -- agents -----------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def _somebody_ready(supervisor: Desk) -> AsyncIterator[None]:
    """Whoever is ready may take the call; when nobody is, the page of an agent whose desk is empty is opened."""
    agents = {agent["id"]: agent for agent in (await supervisor.get("/api/floor"))["agents"]}
    serving = [agents[one] for one in SERVING if one in agents]
    ready = [one for one in serving if one["status"] == "ready" and one["activity"] == "idle" and one["reachable"]]
    empty = sorted((one for one in serving if not one["connected"]), key=lambda one: one["activity"] != "idle")
    if ready:
        say("ready at their desks: " + ", ".join(f"{one['id']} {one['name']}" for one in ready))
        yield
        return
    if not empty:
        raise StartError("agents 1001, 1002 and 1003 are at their desks and none is ready: press Ready on one")
    desk = await log_in(supervisor.base, empty[0]["id"], PASSWORD)
    async with desk.page():
        say(f"nobody was ready: opened the page of {desk.login} {empty[0]['name']}")
        yield
    await _leave_as_found(supervisor, desk, empty[0]["status"])


async def _leave_as_found(supervisor: Desk, desk: Desk, before: str) -> None:
    """Logged out again, unless somebody opened this agent's page meanwhile."""
    agents = (await supervisor.get("/api/floor"))["agents"]
    if before == "logged_out" and not any(one["id"] == desk.login and one["connected"] for one in agents):
        await desk.post("/api/logout", {})


# -- the call ---------------------------------------------------------------------------------------------------------


async def _place(settings: Settings, supervisor: Desk) -> None:
    asterisk = settings.asterisk
    proxy = f"{asterisk.sip_host}:{asterisk.sip_port}"
    kept = gather(settings)
    async with phone(proxy, [Account("caller", kept.caller_password, NAME, NUMBER, register=False)]) as caller:
        say(f"{NAME}, {NUMBER}, dials 8000 ...")
        dialled_at = time.time()
        caller.dial(f"sip:8000@{proxy}")
        await caller.wait_for("CALL_ESTABLISHED")
        story = await _find(supervisor, dialled_at)
        async for step in _told(supervisor, story):
            say(_line(story, step))
            await _act(caller, step)
        await caller.wait_for("CALL_CLOSED")
        await _judge(story, caller.heard()[-1], settings.run_dir / PHONES)


async def _act(caller: Phone, step: dict[str, Any]) -> None:
    """What the caller does at this step."""
    if step["kind"] == "menu_stepped" and step["node"] in KEYS:
        await asyncio.sleep(THINKS_S)
        await caller.press(KEYS[step["node"]])
    elif step["kind"] == "agent_connected":
        await asyncio.sleep(TALK_S)
        caller.hang_up()


async def _find(supervisor: Desk, dialled_at: float) -> Story:
    """Our call among the newest: by number and nearest in time."""
    while True:
        calls = (await supervisor.get("/api/calls?limit=20"))["calls"]
        ours = [one for one in calls if one["number"] == NUMBER and one["arrived_at"] > dialled_at - 1.0]
        if ours:
            found = min(ours, key=lambda one: abs(one["arrived_at"] - dialled_at))
            return Story(found["id"], found["arrived_at"])
        await asyncio.sleep(0.05)


async def _told(supervisor: Desk, story: Story) -> AsyncIterator[dict[str, Any]]:
    """The steps as they come, until the call has ended."""
    while story.step("call_ended") is None:
        story.facts = await supervisor.get(f"/api/calls/{story.call_id}")
        steps = story.facts.pop("steps")
        known, story.steps = len(story.steps), steps
        for step in steps[known:]:
            yield step
        await asyncio.sleep(0.1)


def _line(story: Story, step: dict[str, Any]) -> str:
    said = [f"{key}={_said(key, value)}" for key, value in step.items() if key not in LEFT_OUT and value is not None]
    return f"  {step['at'] - story.begun_at:8.3f} s  {step['kind']:<16} {' '.join(said)}"


def _said(key: str, value: Any) -> str:
    if key == "lead_s":
        return f"{value * 1000:.1f}ms"
    return f"{value:.3f}" if isinstance(value, float) else f"{value}"


# -- the judgement ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Heard:
    """Levels of the other side's tone, of full scale."""

    before_bridge: float
    by_caller: float
    by_agent: float


async def _judge(story: Story, caller_heard: Path, phones: Path) -> None:
    """Say what was measured; raises StartError naming what should not be so."""
    agent_id = story.facts.get("agent_id")
    connected, rang = story.step("agent_connected"), story.step("phone_rang", agent_id=agent_id)
    if connected is None or rang is None:
        raise StartError(f"call {story.call_id} reached no agent: {story.facts.get('outcome')}")
    talk_s = story.steps[-1]["at"] - connected["at"]
    before, during = await asyncio.to_thread(_levels, caller_heard, talk_s)
    heard = Heard(before, during, await _level_at_agent(phones, connected["at"]))
    customer = (story.facts.get("customer") or {}).get("name", "an unknown customer")
    ended = f"{story.facts['outcome']}, hung up by {story.facts['hung_up_by']}"
    say(f"\ncall {story.call_id}: {ended}, {talk_s:.1f} s of talk with {agent_id}")
    say(f"  the page had {customer} {rang['lead_s'] * 1000:.1f} ms before the phone rang, {_seen(story, rang)}")
    say(
        f"  the caller heard the agent's {AGENT_HZ} Hz at {during:.3f} of full scale, before the bridge at {before:.3f}"
    )
    say(f"  the agent's phone heard the caller's {CALLER_HZ} Hz at {heard.by_agent:.3f} of full scale")
    if wrong := _wrong(story, heard, rang):
        raise StartError("; ".join(wrong))


def _wrong(story: Story, heard: Heard, rang: dict[str, Any]) -> list[str]:
    popped = story.step("pop_sent", agent_id=story.facts["agent_id"]) or {}
    checks = {
        f"the caller is {story.facts['name']!r} in the journal, not {NAME!r}": story.facts["name"] == NAME,
        "the page did not get the record": popped.get("delivered"),
        "the phone rang before the page had the record": rang["lead_s"] >= 0,
        "the caller did not hear the agent": heard.by_caller >= HEARD,
        "the caller heard the agent before the bridge": heard.before_bridge < HEARD,
        "the agent's phone did not hear the caller (is it one of the demo's?)": heard.by_agent >= HEARD,
        f"the call ended as {story.facts['outcome']}": story.facts["outcome"] == "served",
    }
    return [words for words, right in checks.items() if not right]


def _seen(story: Story, rang: dict[str, Any]) -> str:
    shown = story.step("pop_shown", agent_id=story.facts["agent_id"])
    if shown is None:
        return "but did not say that it shows it"
    lead_ms = (rang["at"] - shown["at"]) * 1000
    return f"on screen {abs(lead_ms):.1f} ms {'before' if lead_ms >= 0 else 'after'} it"


def _levels(heard: Path, talk_s: float) -> tuple[float, float]:
    """The agent's tone before and during the talk, which is the recording's end."""
    whole = seconds_of(heard)
    begin = whole - talk_s
    return tone_level(heard, AGENT_HZ, 0.0, begin - 0.5), tone_level(heard, AGENT_HZ, begin + 0.5, whole)


async def _level_at_agent(phones: Path, since: float) -> float:
    """From the demo telephone's own recording, which is whole a moment after the call."""
    level = 0.0
    for _ in range(30):
        files = [path for path in recordings(phones) if path.stat().st_mtime >= since]
        level = max((tone_level(path, CALLER_HZ) for path in files), default=0.0)
        if level >= HEARD:
            break
        await asyncio.sleep(0.1)
    return level
