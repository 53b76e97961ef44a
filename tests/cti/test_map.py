"""ARCHITECTURE.md and README.md say what is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from acd import agent_states
from cti import call_states
from cti.settings import AsteriskSettings, DatabaseSettings, MqttSettings, QueueSettings, Settings, WebSettings

SETTINGS = (Settings, WebSettings, AsteriskSettings, DatabaseSettings, MqttSettings, QueueSettings)
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


@pytest.mark.parametrize("readme", ["README.md", "README.zh-CN.md"])
def test_every_setting_is_in_both_readmes(readme: str) -> None:
    words = set(re.findall(r"\w+", (ROOT / readme).read_text("utf-8")))
    assert [name for model in SETTINGS for name in model.model_fields if name not in words] == []


def test_both_readmes_name_the_same_commands_files_and_settings() -> None:
    def named(readme: str) -> set[str]:
        text = re.sub(r"```.*?```", "", (ROOT / readme).read_text("utf-8"), flags=re.DOTALL)
        quoted = {word.split()[0] for word in re.findall(r"`([!-~][^`\n]*)`", text)}
        linked = set(re.findall(r"\]\((\w+\.md)\)", text)) - {"README.md"}
        plain = quoted | linked | set(re.findall(r"make [a-z]+|-m cti [a-z]+", text))
        return {word.partition("=")[0].partition("<")[0] for word in plain}

    assert named("README.md") == named("README.zh-CN.md")
