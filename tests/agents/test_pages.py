"""The browser application's files against the server: its words, its messages, its size, and what goes out when."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from pydantic import BaseModel

from agents import schemas, views, wire
from agents.pages import BUILT, FOREVER, MISSING, PAGES, add_pages
from agents.wire import REASONS
from tests.agents.client import TestClient

ROOT = Path(__file__).parents[2]
DESK = ROOT / "agents" / "desk"
FIRST_LOAD_KB = 400
WORDS: dict[str, dict[str, Any]] = {
    language: json.loads((DESK / "src" / "locales" / f"{language}.json").read_text()) for language in ("zh-CN", "en")
}
WIRE = (DESK / "src" / "wire.ts").read_text()
SHOWN = [views.AgentView, views.QueueView, views.FloorView, wire.Problem]
SHOWN += [wire.Snapshot, wire.AgentState, wire.Pop, wire.PopClosed, wire.CallState, wire.QueueStats, wire.AgentsStats]
SHOWN += [wire.Beat, wire.Toast, wire.Answer, views.WhyLine, views.WaitingView, wire.Waiting, wire.Listening]
SHOWN += [schemas.Member, schemas.Staff, schemas.DayStep, schemas.Day]


def said_by_the_server() -> set[str]:
    """Codes of refusals and problems, states and reasons."""
    sources = [path.read_text() for room in ("agents", "cti") for path in (ROOT / room).glob("*.py")]
    pattern = r'(?:Refused\(|ApiError\(\d+, |BadUpload\(|Problem\(code=)"(\w+)"'
    codes = {code for source in sources for code in re.findall(pattern, source)}
    # Answers of HTTP that no page shows in words of its own.
    codes -= {"not_logged_in", "unknown_call", "foreign_origin", "not_found"}
    states = {"ready", "not_ready", "logged_out", "idle", "offered", "talking", "held", "wrap_up"}
    return codes | states | set(REASONS) | {"rona", "device_lost", "connection_lost", "logged_in", "forced"}


def test_every_word_the_server_may_say_is_in_both_catalogues() -> None:
    assert {"no_call", "failed", "wrong_login", "rona"} <= said_by_the_server()
    for language, words in WORDS.items():
        assert said_by_the_server() - set(words["server"]) == set(), language


def fields(name: str) -> set[str]:
    """What the page's interface of this name declares, besides what it inherits."""
    body = re.search(rf"export interface {name} (?:extends Message )?{{(.*?)\n}}", WIRE, re.DOTALL)
    assert body, f"the page knows no {name}"
    return set(re.findall(r"^  (\w+):", body[1], re.MULTILINE))


@pytest.mark.parametrize("model", SHOWN, ids=lambda model: model.__name__)
def test_the_page_knows_each_message_field_by_field(model: type[Any]) -> None:
    ours = set(model.model_fields) if issubclass(model, BaseModel) else set(model.__dataclass_fields__)
    stamped = {"seq", "at"} if issubclass(model, wire.Message) else set()
    assert fields(model.__name__) == ours - stamped


def test_the_lock_file_holds_everywhere() -> None:
    """No registry is named in it, and what it names is held to its checksum."""
    lock = json.loads((DESK / "package-lock.json").read_text())["packages"]
    parts = {name: facts for name, facts in lock.items() if name}
    assert len(parts) > 50
    assert [name for name, facts in parts.items() if "resolved" in facts or "integrity" not in facts] == []


def test_the_stores_keep_their_promises() -> None:
    """Vitest over the pure parts of the pages."""
    npm = shutil.which("npm")
    if npm is None or not (DESK / "node_modules").is_dir():
        pytest.fail("the pages' parts are not installed: run 'make setup'")
    done = subprocess.run([npm, "test", "--silent"], cwd=DESK, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


# -- what is built -------------------------------------------------------------------------------------------------


@pytest.fixture
def built() -> Path:
    if not (BUILT / "index.html").is_file():
        pytest.fail("the pages are not built: run 'make setup'")
    return BUILT


def loaded_first(page: Path) -> list[Path]:
    """The page and everything it names, with what those name besides: all that comes before anything is seen."""
    found, ahead = [page], [page]
    while ahead:
        text = ahead.pop().read_text()
        names = re.findall(r'(?:src|href)="/desk/([^"]+)"|from"\./([\w.-]+)"|import"\./([\w.-]+)"', text)
        for at_root, *beside in names:
            path = BUILT / at_root if at_root else BUILT / "assets" / "".join(beside)
            if path not in found:
                found.append(path)
                ahead += [path] if path.suffix == ".js" else []
    return found


def test_the_agents_first_load_is_small(built: Path) -> None:
    files = loaded_first(built / "index.html")
    pressed = {path.name: len(gzip.compress(path.read_bytes(), 9)) for path in files}
    assert len(files) >= 4
    assert sum(pressed.values()) < FIRST_LOAD_KB * 1000, pressed


@pytest.mark.parametrize("page", PAGES)
def test_nothing_is_inline(built: Path, page: str) -> None:
    inline = r"\son\w+=|\sstyle=|<style|<script(?![^>]*\ssrc=)|javascript:"
    assert re.findall(inline, (built / page).read_text()) == []


def test_no_script_makes_code_of_text(built: Path) -> None:
    scripts = {path.name: path.read_text() for path in (built / "assets").glob("*.js")}
    assert [name for name, text in scripts.items() if re.search(r"\beval\(|new Function\(", text)] == []


# -- how it is served ----------------------------------------------------------------------------------------------


def client_of(built: Path) -> TestClient:
    app = FastAPI()
    add_pages(app, built)
    return TestClient(app)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Two pages and one script, pressed."""
    for name in PAGES:
        (tmp_path / name).write_text(f"<title>{name}</title>")
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "a-1.js").write_text("script")
    (tmp_path / "assets" / "a-1.js.gz").write_bytes(gzip.compress(b"script"))
    return tmp_path


def test_a_house_without_pages_says_so_and_shows_them_once_they_are_there(tmp_path: Path, small: Path) -> None:
    (small / "index.html").rename(tmp_path / "away")
    client = client_of(small)
    for path in ("/desk/", "/desk/assets/a-1.js", "/wallboard", "/supervisor"):
        assert (client.get(path).status_code, client.get(path).text) == (503, MISSING)
    (tmp_path / "away").rename(small / "index.html")
    assert client.get("/desk/").text == "<title>index.html</title>"
    for page in ("wallboard", "supervisor"):
        assert client.get(f"/{page}").text == f"<title>{page}.html</title>"


def test_what_is_pressed_goes_out_pressed_and_only_to_those_who_take_it(small: Path) -> None:
    client = client_of(small)
    pressed = client.get("/desk/assets/a-1.js", headers={"Accept-Encoding": "gzip"})
    plain = client.get("/desk/assets/a-1.js", headers={"Accept-Encoding": "identity"})
    assert (pressed.text, pressed.headers["content-encoding"]) == ("script", "gzip")
    assert (plain.text, "content-encoding" in plain.headers) == ("script", False)
    assert pressed.headers["content-type"] == plain.headers["content-type"]
    assert pressed.headers["vary"] == "Accept-Encoding"


def test_parts_are_kept_forever_and_pages_are_not(small: Path) -> None:
    client = client_of(small)
    assert client.get("/desk/assets/a-1.js").headers["cache-control"] == FOREVER
    assert "cache-control" not in client.get("/desk/").headers
    assert client.get("/desk/assets/b-1.js").status_code == 404
