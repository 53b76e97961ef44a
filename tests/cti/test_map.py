"""ARCHITECTURE.md says what is so."""

from __future__ import annotations

from pathlib import Path

import pytest

from acd import agent_states
from cti import call_states

ROOT = Path(__file__).parents[2]
MAP = (ROOT / "ARCHITECTURE.md").read_text("utf-8")


@pytest.mark.parametrize("diagram", [call_states.diagram(), agent_states.diagram()])
def test_the_state_diagrams_are_those_of_the_tables(diagram: str) -> None:
    assert f"```mermaid\n{diagram}\n```" in MAP


@pytest.mark.parametrize("package", ["cti", "acd", "ivr", "agents", "db", "asterisk-config"])
def test_every_package_is_on_the_map(package: str) -> None:
    assert f"`{package}/" in MAP


def test_every_room_of_the_server_is_on_the_map() -> None:
    rooms = {file.name for file in (ROOT / "cti").glob("*.py")} - {"__init__.py", "__main__.py"}
    small = {"bus.py", "caller.py", "call_states.py", "events.py", "numbers.py", "settings_demo.py", "toml_lines.py"}
    assert [room for room in sorted(rooms - small) if f"`cti/{room}`" not in MAP] == []
