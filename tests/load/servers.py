"""A database and a broker of our own, to be hurt."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from tests.db.conftest import Postgres, programs, unprivileged
from tests.listeners.conftest import PATH, Broker


@contextmanager
def postgres() -> Iterator[Postgres]:
    where = programs()
    if where is None:
        raise SystemExit("no postgresql: run 'make setup-tests'")
    folder = Path(tempfile.mkdtemp(prefix="zj-pg-"))
    server = Postgres(where, folder, unprivileged())
    try:
        server.prepare()
        server.start()
        yield server
    finally:
        server.kill()
        shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def mosquitto() -> AsyncIterator[Broker]:
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path=PATH)
    if program is None:
        raise SystemExit("no mosquitto: run 'make setup-tests'")
    folder = Path(tempfile.mkdtemp(prefix="zj-mq-"))
    broker = Broker(folder, program)
    broker.write_config()
    await broker.start()
    try:
        yield broker
    finally:
        await broker.kill()
        shutil.rmtree(folder, ignore_errors=True)
