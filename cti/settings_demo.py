"""The demo broker's house: what the settings are when nobody wrote any."""

from __future__ import annotations

from typing import Any

DEMO_SKILLS = ["mandarin", "english", "accounts", "trading", "complaints"]

DEMO_QUEUES: list[dict[str, Any]] = [
    {"name": "accounts", "requires": "accounts >= 1"},
    {"name": "trading", "requires": "trading >= 1", "priority": 5},
    {
        "name": "complaints",
        "requires": "complaints >= 3",
        "rings": [{"after_s": 30.0, "requires": "complaints >= 1"}],
        "wrapup_s": 30.0,
    },
]
