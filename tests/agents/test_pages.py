"""The pages' files: every word in both languages, nothing inline, and every word the server may say is known."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agents.web import PAGES
from agents.wire import REASONS

ROOT = Path(__file__).parents[2]
WORDS = (PAGES / "words.js").read_text()
SCRIPTS = {path.name: path.read_text() for path in sorted(PAGES.glob("*.js"))}
MARKUP = {path.name: path.read_text() for path in sorted(PAGES.glob("*.html"))}
DEFINED = dict(re.findall(r'^  (\w+): \[(".*")\],$', WORDS, re.MULTILINE))


def said_by_the_server() -> set[str]:
    """Codes of refusals and problems, states and reasons."""
    sources = [path.read_text() for room in ("agents", "cti") for path in (ROOT / room).glob("*.py")]
    pattern = r'(?:Refused\(|ApiError\(\d+, |Problem\(code=)"(\w+)"'
    codes = {code for source in sources for code in re.findall(pattern, source)}
    # Answers of HTTP that no page shows in words of its own.
    codes -= {"not_logged_in", "unknown_call", "foreign_origin"}
    states = {"ready", "not_ready", "logged_out", "idle", "offered", "talking", "held", "wrap_up"}
    return codes | states | set(REASONS) | {"rona", "device_lost", "connection_lost", "logged_in", "forced"}


def used_by_the_pages() -> set[str]:
    used = {key for text in MARKUP.values() for key in re.findall(r'data-t="(\w+)"', text)}
    return used | {key for text in SCRIPTS.values() for key in re.findall(r'\bt\("(\w+)"\)', text)}


def test_every_word_is_there_in_both_languages() -> None:
    lines = [line for line in WORDS.splitlines() if re.match(r"^  \w+: ", line)]
    assert len(lines) == len(DEFINED) > 50
    wrong = [key for key, both in DEFINED.items() if len(re.findall(r'"[^"]+"', both)) != 2]
    assert wrong == []


def test_every_word_the_pages_use_is_defined() -> None:
    assert used_by_the_pages() - set(DEFINED) == set()


def test_every_word_the_server_may_say_is_defined() -> None:
    assert {"no_call", "failed", "wrong_login", "rona"} <= said_by_the_server()
    assert said_by_the_server() - set(DEFINED) == set()


@pytest.mark.parametrize("name", MARKUP)
def test_nothing_is_inline(name: str) -> None:
    inline = r"\son\w+=|\sstyle=|<style|<script(?![^>]*\ssrc=)|javascript:"
    assert re.findall(inline, MARKUP[name]) == []


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_script_begins_with_what_it_is_for_and_writes_no_markup(name: str) -> None:
    assert SCRIPTS[name].startswith("// ")
    assert re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", SCRIPTS[name]) == []
