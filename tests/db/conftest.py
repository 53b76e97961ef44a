"""Real databases: SQLite in a file, and a PostgreSQL of our own, which a test may kill, freeze and start."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from db.engine import make_engine, upgrade
from tests.processes import children

OWNER = "zongji"  # the database's own superuser, by whichever system user it runs


async def until(condition: Callable[[], object], deadline_s: float = 20.0) -> None:
    async with asyncio.timeout(deadline_s):
        while not condition():  # noqa: ASYNC110 - any condition, also of another program
            await asyncio.sleep(0.01)


@dataclass
class Postgres:
    """One server on a Unix socket in `folder`, no network port. PostgreSQL refuses root: then it runs as `user`."""

    programs: Path
    folder: Path
    user: str | None
    process: subprocess.Popen[bytes] | None = None

    def prepare(self) -> None:
        if self.user is not None:
            shutil.chown(self.folder, self.user)
        self._run("initdb", "-D", "data", "-U", OWNER, "-A", "trust", "-E", "UTF8", "--locale", "C.UTF-8", "--no-sync")

    def start(self, deadline_s: float = 30.0) -> None:
        """Return once it takes connections."""
        options = ("-k", str(self.folder), "-c", "listen_addresses=", "-c", "max_connections=50")
        with (self.folder / "log").open("ab") as out:
            self.process = subprocess.Popen(
                [self.programs / "postgres", "-D", "data", *options],
                cwd=self.folder, stdout=out, stderr=out, user=self.user, start_new_session=True,
            )  # fmt: skip
        ends = time.monotonic() + deadline_s
        while self._run("pg_isready", "-q", "-h", str(self.folder), check=False):
            log = (self.folder / "log").read_text("utf-8", "replace")[-2000:]
            assert self.process.poll() is None, f"PostgreSQL ended while starting:\n{log}"
            assert time.monotonic() < ends, f"PostgreSQL was not ready within {deadline_s:g} s:\n{log}"
            time.sleep(0.02)

    def kill(self) -> None:
        """Gone at once, with all its sessions, as after a power cut."""
        self._end(signal.SIGQUIT)

    def freeze(self) -> None:
        """It and its sessions hold every connection and say no more."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        for pid in self._pids():
            with contextlib.suppress(ProcessLookupError):  # a worker of its own may end in between
                os.kill(pid, number)

    def url(self, database: str) -> str:
        return f"postgresql+asyncpg://{OWNER}@/{database}?host={self.folder}"

    async def new_database(self) -> str:
        name = f"t{uuid.uuid4().hex[:12]}"
        connection = await asyncpg.connect(host=str(self.folder), user=OWNER, database="postgres")
        try:
            await connection.execute(f'CREATE DATABASE "{name}"')
        finally:
            await connection.close()
        return self.url(name)

    def _pids(self) -> list[int]:
        """None when a test left it dead."""
        if self.process is None or self.process.poll() is not None:
            return []
        return [self.process.pid, *children(self.process.pid)]

    def _end(self, how: signal.Signals) -> None:
        if self.process is not None and self.process.poll() is None:
            self.thaw()
            self.process.send_signal(how)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def _run(self, program: str, *arguments: str, check: bool = True) -> int:
        done = subprocess.run(
            [self.programs / program, *arguments], cwd=self.folder, user=self.user, capture_output=True, check=False
        )
        assert not (check and done.returncode), f"{program}: {done.stderr.decode(errors='replace')}"
        return done.returncode


def programs() -> Path | None:
    """The folder of the newest PostgreSQL here; Debian keeps it out of PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    program = shutil.which("postgres")
    return Path(program).resolve().parent if program else None


def unprivileged() -> str | None:
    """Whom PostgreSQL runs as: ourselves, or for root the user that came with it."""
    if os.geteuid() != 0:
        return None
    known = {one.pw_name for one in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in known)


@contextlib.contextmanager
def running_postgres() -> Iterator[Postgres]:
    """A server of its own in a folder of its own, both gone afterwards."""
    where = programs()
    if where is None:
        pytest.fail("no postgresql: run 'make setup-tests'")
    folder = Path(tempfile.mkdtemp(prefix="zj-pg-"))  # short: a Unix socket's path has 107 characters
    server = Postgres(where, folder, unprivileged())
    try:
        server.prepare()
        server.start()
        yield server
    finally:
        server.kill()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    with running_postgres() as server:
        yield server


@pytest.fixture
def postgres(postgres_server: Postgres) -> Iterator[Postgres]:
    """The server, up; however a test leaves it, the next one finds it up."""
    yield postgres_server
    postgres_server.thaw()
    if postgres_server.process is None or postgres_server.process.poll() is not None:
        postgres_server.start()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of either kind."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'zongji.db'}"
    server: Postgres = request.getfixturevalue("postgres")
    return await server.new_database()


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """A database of either kind with our schema."""
    engine = make_engine(database_url)
    await upgrade(engine)
    yield engine
    await engine.dispose()
