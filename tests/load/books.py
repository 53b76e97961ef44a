"""What is compared when all is over: the server's journal, Asterisk's own records, and the server's log."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import text

from db.engine import dispose, make_engine
from tests.load import checker
from tests.load.house import LoadHouse


async def journal(house: LoadHouse) -> list[checker.Entry]:
    """Every entry, in order."""
    engine = make_engine(house.database_url)
    async with engine.connect() as connection:
        rows = await connection.execute(text("SELECT kind, at, call_id, agent_id, data FROM journal ORDER BY at, seq"))
        found = [checker.Entry(kind, at, call_id, _uniqueid(data), agent) for kind, at, call_id, agent, data in rows]
    await dispose(engine)
    return found


def _uniqueid(data: Any) -> str:
    """From an entry as the database gives it: SQLite has text."""
    found = json.loads(data) if isinstance(data, str) else data
    return str((found or {}).get("uniqueid", ""))


def differences(
    house: LoadHouse, entries: Sequence[checker.Entry], away: Sequence[tuple[float, float]] = ()
) -> list[str]:
    """Where Asterisk's records (CEL) and the journal do not tell the same."""
    cel = (house.folder / "pbx" / "log" / "cel-custom" / "Master.csv").read_text()
    return checker.faults(checker.read_cel(cel), entries, away)


def errors(house: LoadHouse) -> list[str]:
    """Lines of the server's log."""
    return [line for line in (house.run_dir / "zongji.log").read_text().splitlines() if '"level":"error"' in line]
