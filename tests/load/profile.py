"""Where the server's CPU goes while calls flow: by what it is for, and by our own functions. Pure.

A sample belongs to the innermost of its functions that says what it is for; what no line below knows is asyncio's own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SAMPLER = Path(__file__).with_name("sampler")
AREAS = {  # a part of the path, and what it is for; the first that fits
    "/sqlalchemy/": "database", "/aiosqlite/": "database", "/sqlite3/": "database", f"{ROOT}/db/": "database",
    "/structlog/": "logs", "/logging/": "logs", f"{ROOT}/cti/logs": "logs",
    "/uvicorn/": "pages", "/websockets/": "pages", "/wsproto/": "pages", "/starlette/": "pages", "/fastapi/": "pages",
    f"{ROOT}/agents/": "pages",
    f"{ROOT}/cti/asterisk/": "AMI", "/panoramisk/": "AMI",
    f"{ROOT}/acd/": "routing", f"{ROOT}/cti/dispatcher": "routing",
    f"{ROOT}/cti/floor": "agents' states", f"{ROOT}/cti/today": "agents' states",
    f"{ROOT}/cti/bus": "events", f"{ROOT}/cti/listeners/": "events", f"{ROOT}/cti/metrics": "events",
    f"{ROOT}/cti/__main__": "asyncio", f"{ROOT}/cti/up": "asyncio", f"{ROOT}/cti/keeper": "asyncio",
    f"{ROOT}/cti/": "the call's story", f"{ROOT}/ivr/": "the call's story",
}  # fmt: skip


def sampled(into: Path) -> dict[str, str]:
    """What the environment of a process has to say to be sampled from its SIGUSR1 to its end."""
    return {"PYTHONPATH": str(SAMPLER), "CPU_SAMPLES": str(into)}


def area_of(stack: list[str]) -> str:
    for function in stack:
        for part, area in AREAS.items():
            if part in function:
                return area
    return "asyncio"


def own(stack: list[str]) -> str:
    """The innermost function of ours."""
    mine = (one for one in stack if one.startswith(f"{ROOT}/") and "/.venv/" not in one)
    return next(mine, f"{ROOT}/-").removeprefix(f"{ROOT}/")


def table(samples: Mapping[str, int], server_ms: float, most: int = 15) -> list[tuple[str, str, float]]:
    """Rows of ("area" or "function", its name, milliseconds a call), each kind with the dearest first.

    `samples`: how often each stack was seen; `server_ms`: what a call costs in all.
    """
    each = server_ms / max(1, sum(samples.values()))
    areas: Counter[str] = Counter()
    functions: Counter[str] = Counter()
    for key, count in samples.items():
        stack = key.split("\n")
        areas[area_of(stack)] += count
        functions[own(stack)] += count
    return [
        *(("area", name, count * each) for name, count in areas.most_common()),
        *(("function", name, count * each) for name, count in functions.most_common(most)),
    ]
