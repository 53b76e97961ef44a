"""A whole server in a process of its own, on a database of its own, with somebody else's (fake) Asterisk and no sounds.

`python -m tests.served FOLDER AMI_PORT AGENTS` says its address and runs until its input ends.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
import time
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from agents.auth import Auth, hash_password
from cti.app import Server, spare_the_collector
from cti.audio import PromptFiles
from cti.logs import log_to
from cti.secrets import Secrets
from cti.settings import AsteriskSettings, QueueSettings, Settings
from cti.settings_demo import DEMO_QUEUES
from cti.voice import MENUS, Voice
from cti.web import listening, web_running
from db.demo import PASSWORD, seed_demo
from db.engine import dispose, make_engine, upgrade
from db.store import Store
from db.tables import AgentRow
from ivr import menus

ROOT = Path(__file__).parents[1]
AMI_SECRET, TOKEN_SECRET = "right", "for the tests alone, in no house"
FIRST_AGENT = 1005  # those before are the demo's
SKILLS = {"mandarin": 5, "english": 5, "trading": 5, "accounts": 5}
WRAP_UP_S = 2.0


def token(agent_id: str, role: str = "agent") -> str:
    """As log-in gives it, without the work that log-in is."""
    return Auth(TOKEN_SECRET).issue(_Person(agent_id, role), time.time()).access


class _Person:
    name = name_en = password_hash = ""

    def __init__(self, agent_id: str, role: str) -> None:
        self.id, self.role = agent_id, role


def agent_ids(count: int) -> list[str]:
    return [str(FIRST_AGENT + n) for n in range(count)]


async def _staffed(settings: Settings, agents: int) -> None:
    """The demo's people and so many agents more, all with the demo's password."""
    engine = make_engine(settings.database_url)
    await upgrade(engine)
    store = Store(engine)
    await seed_demo(store, hash_password, time.time())
    words = hash_password(PASSWORD)
    await store.add(
        AgentRow(
            id=one, name=f"坐席{one}", name_en=f"Agent {one}", role="agent", password_hash=words, phone=f"agent{one}",
            skills=SKILLS, active=True,
        )
        for one in agent_ids(agents)
    )  # fmt: skip
    await store.close()
    await dispose(engine)


def _voice() -> Voice:
    names = tomllib.loads((MENUS / "prompts.toml").read_text("utf-8"))
    paths = {pair: Path("/sounds", *reversed(pair)) for pair in itertools.product(names, ("zh", "en"))}
    broker = menus.parse((MENUS / "broker.toml").read_text("utf-8"), "broker.toml")
    return Voice("broker", {"broker": broker}, PromptFiles(paths))


@asynccontextmanager
async def served(folder: Path, ami_port: int, agents: int = 0) -> AsyncIterator[tuple[Server, str]]:
    """The server and its address."""
    settings = Settings(
        run_dir=folder,
        asterisk=AsteriskSettings(own=False, ami_port=ami_port),
        queues=[QueueSettings(**{**queue, "wrapup_s": WRAP_UP_S}) for queue in DEMO_QUEUES],
    )
    await _staffed(settings, agents)
    server = Server(settings, Secrets(AMI_SECRET, TOKEN_SECRET, PASSWORD, PASSWORD), _voice())
    async with server.running() as app, web_running(app, listening("127.0.0.1", 0)) as url:
        yield server, url


async def main(folder: str, ami_port: str, agents: str) -> None:
    log_to(Path(folder) / "zongji.log")
    async with served(Path(folder), int(ami_port), int(agents)) as (_, url):
        spare_the_collector()
        print(url, flush=True)  # noqa: T201
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
