"""A small call centre with behaviour, in memory, behind the desk's ports."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from fastapi import FastAPI

from agents.auth import Auth, hash_password
from agents.commands import Commands
from agents.ports import Access, CheckResult, Control, PhoneLogin, Prompts, RecordingFile, Refused
from agents.roster import Roster
from agents.views import AgentView, FloorView, QueueView, WaitingView
from agents.web import create_app
from agents.wire import AgentState, CallState, Listening, Pop, Toast, WrittenUp

PASSWORD = "correct horse"
HASH = hash_password(PASSWORD)
SECRET = "s" * 32


class Clock:
    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += seconds


class Ticking(Clock):
    """The real time, which can be moved forward besides."""

    def __init__(self) -> None:
        super().__init__(0.0)

    def __call__(self) -> float:
        return time.time() + self.now


@dataclass(frozen=True, slots=True)
class Person:
    id: str
    name: str
    name_en: str
    role: str = "agent"
    password_hash: str = HASH


PEOPLE = (
    Person("1001", "王芳", "Wang Fang"),
    Person("1002", "李伟", "Li Wei"),
    Person("2001", "刘洋", "Liu Yang", "supervisor"),
    Person("9001", "管理员", "Administrator", "administrator"),
)


class FakeMemory:
    def __init__(self) -> None:
        self.people: dict[str, Person] = {person.id: person for person in PEOPLE}
        self.away = False
        self.offers: list[tuple[str, dict[str, Any]]] = []
        self.done: list[dict[str, Any]] = []
        self.steps: dict[str, list[tuple[float, str, dict[str, Any]]]] = {}
        offer = {"at": 1.0, "kind": "offer_made", "agent_id": "1001"}
        self.stories: dict[str, dict[str, Any]] = {
            "c-1": {"id": "c-1", "agent_id": "1001", "queue": "accounts", "steps": []},
            "c-2": {"id": "c-2", "agent_id": "1002", "queue": "trading", "steps": []},
            "c-3": {"id": "c-3", "agent_id": "1002", "queue": "trading", "steps": [offer]},
        }

    def _reach(self) -> None:
        if self.away:
            raise ConnectionError("the database is away")

    async def agent(self, agent_id: str, /) -> Person | None:
        self._reach()
        return self.people.get(agent_id)

    async def call_story(self, call_id: str, /) -> Mapping[str, Any] | None:
        self._reach()
        return self.stories.get(call_id)

    async def agent_steps(
        self, agent_id: str, since: float, kinds: Sequence[str], /
    ) -> Sequence[tuple[float, str, Mapping[str, Any]]]:
        self._reach()
        return self.steps.get(agent_id, [])

    async def missed(self, agent_id: str, since: float, /) -> Sequence[Mapping[str, Any]]:
        self._reach()
        return [one for whose, one in self.offers if whose == agent_id and one["at"] >= since]

    async def deeds(self, kinds: Sequence[str], before: float, limit: int, /) -> Sequence[Mapping[str, Any]]:
        self._reach()
        found = [one for one in self.done if one["kind"] in kinds and one["at"] < before]
        return sorted(found, key=lambda one: -one["at"])[:limit]

    async def recent_calls(self, limit: int, agent_id: str | None = None) -> Sequence[Mapping[str, Any]]:
        self._reach()
        rows = [story for story in self.stories.values() if agent_id in (None, story["agent_id"])]
        return [{key: value for key, value in row.items() if key != "steps"} for row in rows][:limit]


class FakeFloor:
    """Agents who are ready, talk, hold and wrap up; no telephone."""

    def __init__(self, clock: Clock, roster: Roster) -> None:
        self.clock, self.roster = clock, roster
        self.agents = {p.id: AgentView(p.id, p.name, p.name_en, since=clock()) for p in PEOPLE if p.role == "agent"}
        self.queues = [QueueView("accounts"), QueueView("trading"), QueueView("complaints")]
        self.done: list[str] = []
        self.broken = False
        self.refuses = ""  # why no number may be dialled
        self.quick = asyncio.Event()  # cleared, what is done to a call takes until it is set
        self.quick.set()
        self.letting_in = asyncio.Event()  # cleared, log-ins take until it is set
        self.letting_in.set()

    def day_begins(self) -> float:
        return self.clock() - 4 * 3600

    def view_of(self, agent_id: str) -> AgentView | None:
        return self.snapshot().agent(agent_id)

    def has_in_hand(self, agent_id: str, call_id: str, /) -> bool:
        return self.agents[agent_id].call_id == call_id

    def snapshot(self) -> FloorView:
        agents = [replace(a, connected=self.roster.connected(a.id)) for a in self.agents.values()]
        return FloorView(self.clock(), tuple(self.queues), tuple(agents))

    def move(self, agent_id: str, **changes: Any) -> None:
        self.agents[agent_id] = replace(self.agents[agent_id], since=self.clock(), **changes)
        self.roster.send(agent_id, AgentState(agent=self.agents[agent_id]))

    async def _act(self, agent_id: str, name: str, needs: set[str], **changes: Any) -> None:
        if self.broken:
            raise RuntimeError("the switch is on fire")
        await self.quick.wait()
        if self.agents[agent_id].activity not in needs:
            raise Refused("no_call", "there is no call for this")
        self.done.append(name)
        self.move(agent_id, **changes)
        call_states = {"talking": "talking", "held": "held", "wrap_up": "ended"}
        if state := call_states.get(self.agents[agent_id].activity):
            values = {"call_id": "c-9", "state": state, "since": self.clock()}
            self.roster.send(agent_id, CallState.model_validate(values))

    async def hang_up(self, agent_id: str) -> None:
        await self._act(agent_id, "hang_up", {"talking", "held"}, activity="wrap_up", until=self.clock() + 15)

    async def answer(self, agent_id: str) -> None:
        await self._act(agent_id, "answer", {"offered"}, activity="talking")

    async def hold(self, agent_id: str) -> None:
        await self._act(agent_id, "hold", {"talking"}, activity="held")

    async def resume(self, agent_id: str) -> None:
        await self._act(agent_id, "resume", {"held"}, activity="talking")

    async def transfer(self, agent_id: str, kind: str, target: str) -> None:
        name = f"transfer {kind} {target}"
        await self._act(agent_id, name, {"talking", "held"}, activity="wrap_up", until=self.clock() + 15)

    async def consult(self, agent_id: str, kind: str, target: str) -> None:
        await self._act(agent_id, f"consult {kind} {target}", {"talking", "held"}, activity="held")

    async def swap(self, agent_id: str) -> None:
        await self._act(agent_id, "swap", {"talking", "held"})

    async def complete(self, agent_id: str) -> None:
        await self._act(agent_id, "complete", {"held"}, activity="wrap_up", until=self.clock() + 15)

    async def conference(self, agent_id: str) -> None:
        await self._act(agent_id, "conference", {"talking", "held"}, activity="talking")

    async def drop_other(self, agent_id: str) -> None:
        await self._act(agent_id, "drop_other", {"talking", "held"}, activity="talking")

    async def mute(self, agent_id: str, on: bool) -> None:
        await self._act(agent_id, f"mute {on}", {"talking", "held"})

    async def send_digits(self, agent_id: str, digits: str) -> None:
        await self._act(agent_id, f"send_digits {digits}", {"talking"})

    async def dial(self, agent_id: str, number: str, show_as: str | None) -> None:
        if self.refuses:
            raise Refused(self.refuses)
        await self._act(agent_id, f"dial {number} {show_as}", {"idle"}, activity="talking")

    async def write_up(self, agent_id: str, call_id: str, disposition: str | None, note: str) -> None:
        await self._act(agent_id, f"write_up {disposition} {note}", {"talking", "held", "wrap_up", "idle"})
        self.roster.send(agent_id, WrittenUp(call_id=call_id, disposition=disposition or "", note=note))

    async def extend_wrap_up(self, agent_id: str) -> None:
        extended = self.agents[agent_id].extended + 1
        await self._act(agent_id, "extend_wrap_up", {"wrap_up"}, until=self.clock() + 30, extended=extended)

    async def finish_wrap_up(self, agent_id: str) -> None:
        await self._act(agent_id, "finish_wrap_up", {"wrap_up"}, activity="idle", until=None)

    async def set_status(self, agent_id: str, status: str, reason: str | None) -> None:
        self.done.append(f"{status} {reason}")
        self.move(agent_id, status=status, reason=reason)

    async def log_in(self, agent_id: str) -> None:
        await self.letting_in.wait()
        if self.agents[agent_id].status == "logged_out":
            self.move(agent_id, status="not_ready", reason="login")

    async def log_out(self, agent_id: str) -> None:
        if self.agents[agent_id].activity in {"talking", "held"}:
            raise Refused("in_a_call", "finish the call first")
        self.move(agent_id, status="logged_out", reason=None)


class FakeSupervision:
    """Supervisors who do things to the agents of a `FakeFloor`; whom they hear is only written down."""

    def __init__(self, floor: FakeFloor) -> None:
        self.floor = floor
        self.done: list[str] = []
        self.heard: dict[str, Listening] = {}
        self.skills = {one: {"mandarin": 8, "trading": 4} for one in floor.agents}
        self.queues: dict[str, list[str]] = {one: [] for one in floor.agents}
        self.contacts: list[WaitingView] = []
        self.days: dict[str | None, dict[str, Any]] = {}

    @property
    def spying(self) -> FakeSupervision:
        return self

    def _agent(self, agent_id: str) -> AgentView:
        if agent_id not in self.floor.agents:
            raise Refused("unknown_agent", f"there is no agent {agent_id}")
        return self.floor.agents[agent_id]

    def _tell(self, who: str, **changes: Any) -> None:
        self.heard[who] = self.heard[who].model_copy(update=changes)
        self.floor.roster.send(who, self.heard[who])

    async def listen(self, who: str, agent_id: str) -> None:
        if self._agent(agent_id).activity not in {"talking", "held"}:
            raise Refused("not_talking", f"{agent_id} is in no call")
        self.done.append(f"{who} listen {agent_id}")
        self.heard[who] = Listening(agent_id=agent_id, state="ringing")
        self._tell(who, state="on")

    async def spy_mode(self, who: str, mode: str) -> None:
        if who not in self.heard:
            raise Refused("not_listening", "you are in nobody's call")
        self.done.append(f"{who} {mode}")
        self._tell(who, mode=mode)

    async def stop_listening(self, who: str) -> None:
        self.done.append(f"{who} stop")
        self._tell(who, state="ended")
        del self.heard[who]

    async def take_over(self, who: str) -> None:
        self.done.append(f"{who} take_over")
        self._tell(who, state="taken")

    async def force_status(self, who: str, agent_id: str, status: str, reason: str | None) -> None:
        self._agent(agent_id)
        self.done.append(f"{who} {status} {reason} {agent_id}")
        self.floor.move(agent_id, status=status, reason=None if status == "ready" else "forced")
        self.floor.roster.floor_changed()

    async def force_log_out(self, who: str, agent_id: str) -> None:
        if self._agent(agent_id).activity != "idle":
            raise Refused("agent_in_a_call", f"{agent_id} is in a call")
        self.done.append(f"{who} log_out {agent_id}")
        self.floor.move(agent_id, status="logged_out", reason=None)

    async def set_skills(self, who: str, agent_id: str, skills: Mapping[str, int]) -> None:
        self._agent(agent_id)
        self.done.append(f"{who} skills {agent_id}")
        self.skills[agent_id] = dict(skills)

    async def set_queues(self, who: str, agent_id: str, queues: Sequence[str]) -> None:
        self._agent(agent_id)
        self.done.append(f"{who} queues {agent_id}")
        self.queues[agent_id] = list(queues)

    async def raise_priority(self, who: str, call_id: str, by: float) -> None:
        self.done.append(f"{who} raise {call_id} {by:g}")

    async def message(self, who: str, to: Sequence[str] | None, text: str) -> None:
        self.done.append(f"{who} message")
        for agent_id in to if to is not None else list(self.floor.agents):
            self.floor.roster.send(agent_id, Toast(code="message", text=text, sender="刘洋"))

    def waiting(self) -> Sequence[WaitingView]:
        return self.contacts

    def staff(self) -> Mapping[str, Any]:
        known = [queue.name for queue in self.floor.queues]
        agents = {
            one: {"skills": self.skills[one], "queues": self.queues[one], "serves": self.queues[one] or known}
            for one in self.skills
        }
        return {"skills": ["mandarin", "english", "trading"], "queues": known, "agents": agents}

    def day(self, queue: str | None) -> Mapping[str, Any]:
        if queue is not None and queue not in {one.name for one in self.floor.queues}:
            raise KeyError(queue)
        nothing = {"queue": queue or "", "step_s": 900, "formula": "in time / all", "steps": []}
        return self.days.get(queue, nothing)


class FakeRecordings:
    """What was recorded, by call; who heard it."""

    def __init__(self) -> None:
        self.kept: dict[str, RecordingFile] = {}
        self.hearings: list[tuple[str, str]] = []

    def keep(self, one: RecordingFile) -> None:
        self.kept[one.facts["call_id"]] = one

    async def of_call(self, call_id: str, /) -> list[RecordingFile]:
        return [self.kept[call_id]] if call_id in self.kept else []

    async def recording(self, recording_id: str, /) -> RecordingFile | None:
        return next((one for one in self.kept.values() if one.id == recording_id), None)

    def heard(self, recording_id: str, by: str, call_id: str, /) -> None:
        self.hearings.append((recording_id, by))


class FakePhones:
    """Telephones of pages, in memory."""

    def __init__(self) -> None:
        self.passwords: dict[str, str] = {}
        self.pages: list[tuple[str, str]] = []
        self.away = False

    async def hand_out(self, person: str, until: float) -> PhoneLogin:
        return self._make(f"web{person}", until)

    async def hand_out_booth(self, number: str, until: float) -> PhoneLogin:
        return self._make(f"booth{number}", until)

    def _make(self, user: str, until: float) -> PhoneLogin:
        if self.away:
            raise Refused("no_link", "the telephone system does not answer")
        self.passwords[user] = f"secret {len(self.passwords) + 1} of {user}"
        return PhoneLogin(user, self.passwords[user], "zongji", until)

    async def revoke(self, person: str) -> None:
        self.passwords.pop(f"web{person}", None)

    def opened(self, person: str, page: str) -> None:
        self.pages.append((person, page))


@dataclass
class FakeHealth:
    results: dict[str, CheckResult] = field(default_factory=lambda: {"asterisk": CheckResult(True, "22.5")})

    async def checks(self) -> Mapping[str, CheckResult]:
        return self.results


class House:
    """Everything `create_app` needs, and the application."""

    def __init__(
        self,
        *,
        silence_s: float = 20.0,
        clock: Clock | None = None,
        sip_url: str = "ws://127.0.0.1:9/ws",
        demo: bool = True,
        prompts: Prompts | None = None,
    ) -> None:
        self.clock = clock or Clock()
        self.roster = Roster(self.clock, interval_s=0.0, desks_s=0.0)
        self.floor = FakeFloor(self.clock, self.roster)
        self.supervision = FakeSupervision(self.floor)
        self.memory, self.health = FakeMemory(), FakeHealth()
        self.phones, self.recordings = FakePhones(), FakeRecordings()
        self.auth = Auth(SECRET, origins=["https://desk.example.com"])
        self.control = Control(own=self.floor, calls=self.floor, write_ups=self.floor, supervision=self.supervision)
        self.witnessed: list[Access] = []
        self.app: FastAPI = create_app(
            control=self.control,
            memory=self.memory,
            roster=self.roster,
            auth=self.auth,
            health=self.health,
            metrics_text=lambda: b"calls_total 3\n",
            version="9.9",
            demo=demo,
            clock=self.clock,
            silence_s=silence_s,
            phones=self.phones,
            sip_url=sip_url,
            recordings=self.recordings,
            prompts=prompts,
            witness=self.witnessed.append,
        )

    def take(self, **more: Any) -> None:
        """These parts too, such as real ones."""
        self.app.state.parts = replace(self.app.state.parts, **more)

    @property
    def commands(self) -> Commands:
        commands: Commands = self.app.state.parts.commands
        return commands


def pop(call_id: str = "c-9") -> Pop:
    """What the server sends before the phone of the agent rings."""
    return Pop(call_id=call_id, contact_id=call_id, number="+8613800000001", queue="accounts", waited_s=12.0)
