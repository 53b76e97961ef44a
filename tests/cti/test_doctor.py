"""`doctor` says what is good, what is missing and the cure, and starts nothing."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from agents.pages import PAGES
from cti.doctor import Finding, examine, pages
from cti.settings import AsteriskSettings, DatabaseSettings, MqttSettings, Settings, WebSettings
from tests.cti.houses import ROOT, Place
from tests.ports import free_port


def settings(folder: Path, **more: object) -> Settings:
    asterisk = AsteriskSettings(
        sip_port=free_port(socket.SOCK_DGRAM),
        ami_port=free_port(),
        http_port=free_port(),
        provided=folder / "asterisk.json",
    )
    return Settings(**{"run_dir": folder / "run", "web": WebSettings(port=free_port()), "asterisk": asterisk, **more})  # type: ignore[arg-type]


async def findings(of: Settings) -> dict[str, Finding]:
    return {finding.what: finding async for finding in examine(of)}


async def test_what_is_absent_is_told_with_its_cure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    found = await findings(settings(tmp_path))

    missing = {what: finding.detail for what, finding in found.items() if finding.state == "missing"}
    assert missing.keys() == {"espeak-ng", "ffmpeg", "baresip", "asterisk", "prompts"}
    assert missing["ffmpeg"] == "make setup"
    assert missing["asterisk"].endswith("is absent or damaged: make setup")
    assert missing["prompts"] == "espeak-ng is missing: apt-get install espeak-ng"


def test_pages_that_are_not_built_are_told_with_their_cure(tmp_path: Path) -> None:
    assert pages(tmp_path) == Finding("missing", "pages", "the pages are not built: make setup")
    for page in PAGES:
        (tmp_path / page).touch()
    assert pages(tmp_path).state == "good"


async def test_a_taken_port_is_named_by_its_setting(tmp_path: Path) -> None:
    of = settings(tmp_path)
    with socket.socket() as other:
        other.bind(("127.0.0.1", of.web.port))
        other.listen()
        found = await findings(of)

    assert found["ports"].state == "missing"
    assert "free it or set ZONGJI_WEB__PORT" in found["ports"].detail
    assert (await findings(of))["ports"].state == "good"


async def test_a_database_out_of_reach_is_told_without_its_password(tmp_path: Path) -> None:
    url = f"postgresql+asyncpg://zongji:hidden-word@127.0.0.1:{free_port()}/zongji"

    found = (await findings(settings(tmp_path, database=DatabaseSettings(url=url))))["database"]

    assert found.state == "missing"
    assert "ZONGJI_DATABASE__URL" in found.detail
    assert "hidden-word" not in found.detail


async def test_a_broker_that_does_not_listen_is_told_and_calls_are_served_without(tmp_path: Path) -> None:
    of = settings(tmp_path, mqtt=MqttSettings(host="127.0.0.1", port=free_port()))
    away = (await findings(of))["mqtt"]
    with socket.create_server(("127.0.0.1", of.mqtt.port)):
        there = (await findings(of))["mqtt"]

    assert (away.state, there.state) == ("poor", "good")
    assert "start the broker, or mend mqtt.host" in away.detail


def test_the_command_ends_with_two_when_something_is_missing_and_leaves_nothing(here: Place) -> None:
    here.more["ASTERISK__PROVIDED"] = str(here.folder / "none.json")

    done = here.cti("doctor")

    assert done.returncode == 2
    assert "missing  asterisk" in done.stdout
    assert "good     prompts" in done.stdout
    assert here.left() == []


def test_broken_settings_are_a_finding_too(here: Place) -> None:
    here.more["WEB__PRT"] = "1"

    done = here.cti("doctor")

    assert done.returncode == 2
    assert done.stdout == (
        "  missing  settings     environment: ZONGJI_WEB__PRT: unknown key 'prt': did you mean 'port'?\n"
    )


@pytest.mark.live
def test_all_is_good_on_a_machine_that_was_set_up(here: Place) -> None:
    done = here.cti("doctor")

    assert done.returncode == 0, done.stdout
    assert all(line.startswith("  good") for line in done.stdout.splitlines() if "disk" not in line)
    assert "22." in next(line for line in done.stdout.splitlines() if "asterisk" in line)


def test_make_help_tells_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = next(line for line in makefile.splitlines() if line.startswith(".PHONY:")).split()[1:]

    assert [target for target in targets if f"\n{target}:" not in makefile] == []
    assert [line for target in targets for line in makefile.splitlines()
            if line.startswith(f"{target}:") and "##" not in line] == []  # fmt: skip
