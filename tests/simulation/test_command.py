"""`python -m cti simulate` and `replay`: what they print, and how they refuse."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cti.settings import load
from tests.simulation.bank import convert

ROOT = Path(__file__).parents[2]
BANK = """\
type,vru_exit,q_time,outcome,ser_start,ser_exit,ser_time,server
PS,8:00:00,0,AGENT,8:00:00,8:03:00,180,AVI
NW,8:01:00,120,AGENT,8:03:00,8:04:30,90,AVI
PS,8:01:30,45,HANG,0:00:00,0:00:00,0,NO_SERVER
PS,8:02:00,0,HANG,0:00:00,0:00:00,0,NO_SERVER
PS,8:02:30,0,PHANTOM,0:00:00,0:00:00,0,NO_SERVER
PS,9:00:00,0,AGENT,9:00:00,9:02:00,120,TALI
"""
SCENARIO = """
seed = 7
[run]
contacts = 2000
warmup = 200
batches = 10
[system]
lines = 20
[queue]
agent_rule = "longest_idle"
target_s = 30
[[class]]
name = "A"
rate_per_s = 0.03
service = {dist = "exponential", mean = 300.0}
patience = {dist = "exponential", mean = 90.0}
requires = "a >= 1"
rings = [{after_s = 20, requires = "a >= 1 or b >= 1"}]
[[class]]
name = "B"
rates_per_s = [0.01, 0.03]
period_s = 3600
service = {dist = "lognormal", mean = 300.0, sd = 200.0}
requires = "b >= 1"
priority = 5
[[agents]]
count = 8
skills = {a = 2, b = 1}
[[agents]]
count = 8
skills = {b = 3}
"""
MEASURES = {
    "offered", "blocked", "p_blocked", "entered", "p_wait", "mean_wait_s", "asa_s", "p_abandon",
    "p_served_within_target", "mean_queue",
}  # fmt: skip


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cti", *words], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, "COLUMNS": "200"},
    )  # fmt: skip


@pytest.mark.parametrize("readme", ["README.md", "README.zh-CN.md"])
def test_what_the_readme_shows_is_understood(readme: str, tmp_path: Path) -> None:
    shown = (ROOT / readme).read_text("utf-8").split("```toml\n")[1:]
    settings, scenario = (block.split("```")[0] for block in shown)
    (tmp_path / "zongji.toml").write_text(settings, "utf-8")
    (tmp_path / "scenario.toml").write_text(scenario.replace("50000", "500").replace("5000", "50"), "utf-8")

    assert json.loads(run("simulate", str(tmp_path / "scenario.toml"), "--json").stdout)["total"]["offered"] == 500
    [queue] = load(tmp_path / "zongji.toml").queues
    assert (queue.overflow[0].to, queue.hours[0].opens.hour, queue.rings[0].after_s) == ("accounts", 9, 20.0)


@pytest.fixture
def scenario(tmp_path: Path) -> str:
    file = tmp_path / "scenario.toml"
    file.write_text(SCENARIO)
    return str(file)


def test_simulate_prints_json_with_every_measure(scenario: str) -> None:
    told = json.loads(run("simulate", scenario, "--json").stdout)
    assert set(told) >= {"total", "classes", "agents"}
    assert set(told["classes"]) == {"A", "B"}
    for measures in (told["total"], *told["classes"].values()):
        assert set(measures) == MEASURES
        assert measures["entered"] == measures["offered"] - measures["blocked"]
        assert set(measures["p_wait"]) == {"mean", "half_width"}
    assert told["total"]["offered"] == 2000
    assert len(told["agents"]) == 16
    assert all(0 < one["occupancy"] <= 1 for one in told["agents"])


def test_the_same_seed_prints_the_same(scenario: str) -> None:
    assert run("simulate", scenario, "--json").stdout == run("simulate", scenario, "--json").stdout


def test_rules_are_compared_side_by_side(scenario: str) -> None:
    done = run("simulate", scenario, "--compare", "longest_idle,most_skilled")
    assert done.returncode == 0
    assert "longest_idle, target 30 s" in done.stdout
    assert "most_skilled, target 30 s" in done.stdout
    assert "within P50" in done.stdout
    assert set(json.loads(run("simulate", scenario, "--compare", "cost,round_robin", "--json").stdout)) == {
        "cost",
        "round_robin",
    }


def test_replay_prints_the_real_waits_beside_the_replayed(scenario: str, tmp_path: Path) -> None:
    day = tmp_path / "day.csv"
    rows = [f"{n * 20.0},{'AB'[n % 2]},300,{'' if n % 3 else 60},{n % 7}" for n in range(300)]
    day.write_text("arrival_s,class,service_s,patience_s,waited_s\n" + "\n".join(rows) + "\n")
    done = run("replay", str(day), "--scenario", scenario)
    assert done.returncode == 0, done.stderr
    assert "waited then, s: mean" in done.stdout
    assert [line.split()[0] for line in done.stdout.splitlines()[-3:]] == ["00", "01", "all"]
    told = json.loads(run("replay", str(day), "--scenario", scenario, "--json").stdout)
    assert told["total"]["offered"] == 300


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("arrival_s,class,service_s\n1,A,2\n", "day.csv:1: no column 'patience_s'"),
        ("arrival_s,class,service_s,patience_s\n1,Z,2,\n", "day.csv:2: class 'Z'"),
        ("arrival_s,class,service_s,patience_s\n1,A,two,\n", "day.csv:2: service_s: 'two'"),
        ("arrival_s,class,service_s,patience_s\n1,A,2,-5\n", "day.csv:2: patience_s: '-5'"),
        (f"arrival_s,class,service_s,patience_s\n1,A,2,\n{'x' * 200_000},A,2,\n", "day.csv:3: field larger than"),
        ("arrival_s,class,service_s,patience_s\n", "no contacts"),
    ],
)
def test_a_bad_day_is_refused_with_line_and_column(scenario: str, tmp_path: Path, text: str, words: str) -> None:
    day = tmp_path / "day.csv"
    day.write_text(text)
    done = run("replay", str(day), "--scenario", scenario)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("text", "words"), [("[run\n", "bad.toml: "), ("[run]\ncontact = 5\n", "at least one"), ("", "at least one")]
)
def test_a_bad_scenario_is_refused_with_its_file(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "bad.toml"
    file.write_text(text)
    for done in (run("simulate", str(file)), run("simulate", str(tmp_path / "absent.toml"))):
        assert done.returncode == 2
        assert "Traceback" not in done.stderr
    assert words in run("simulate", str(file)).stderr


def test_an_unknown_rule_is_refused(scenario: str) -> None:
    done = run("simulate", scenario, "--compare", "nearest")
    assert (done.returncode, "no rule 'nearest'" in done.stderr) == (2, True)


def test_a_banks_day_is_replayed(tmp_path: Path) -> None:
    recorded = tmp_path / "bank.csv"
    recorded.write_text(BANK)
    day, scenario = convert(recorded, tmp_path)

    done = run("replay", str(day), "--scenario", str(scenario))

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].split()[:2] == ["all", "3"]
    assert len(day.read_text().splitlines()) == 1 + 4
