"""What we are built of: each part is pinned and sealed, and a known weakness stops `make check`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.audit import advised_of_pages, advised_of_python, unpinned, unsealed

ROOT = Path(__file__).parents[2]
HASH = "--hash=sha256:" + 64 * "0"


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-dev.txt"])
def test_every_requirement_has_one_version_and_a_hash(file: str) -> None:
    text = (ROOT / file).read_text()
    assert text.count("--hash=sha256:") > 50
    assert unpinned(text) == []


@pytest.mark.parametrize(
    "line",
    ["loose>=1.0", "bare==1.0", f"loose>=1.0 \\\n    {HASH}", f"far @ git+https://example.org/far \\\n    {HASH}"],
)
def test_a_requirement_that_may_change_under_us_is_named(line: str) -> None:
    sealed = f"good[extra]==1.0 ; python_version < '4' \\\n    {HASH}\n    # via us\n"
    assert unpinned(f"# made by make lock\n{sealed}{line}\n") == [line.split(maxsplit=1)[0]]


def test_a_part_of_the_pages_must_be_sealed_and_run_nothing() -> None:
    parts = {
        "": {"name": "desk"},
        "node_modules/good": {"integrity": "sha512-x"},
        "node_modules/unsealed": {"version": "1.0.0"},
        "node_modules/elsewhere": {"integrity": "sha512-x", "resolved": "git+ssh://example.org/elsewhere"},
        "node_modules/runs": {"integrity": "sha512-x", "hasInstallScript": True},
    }
    assert unsealed({"packages": parts}) == ["node_modules/unsealed", "node_modules/elsewhere", "node_modules/runs"]


def test_a_known_weakness_is_bad_and_what_nobody_knows_is_counted() -> None:
    told = {
        "dependencies": [
            {"name": "weak", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1", "2.0"]}]},
            {"name": "sound", "version": "1.0", "vulns": []},
            {"name": "unknown", "skip_reason": "not found"},
        ]
    }
    found = advised_of_python(told)
    assert (found.bad, found.asked, found.unasked) == (["weak 1.0: PYSEC-1, mended in 1.1, 2.0"], 2, 1)


def test_the_pages_parts_are_judged_alike() -> None:
    weak = {"vulnerabilities": {"weak": {"severity": "high", "range": "<2"}}}
    assert advised_of_pages(weak, 3).bad == ["weak <2: high"]
    away = advised_of_pages({"message": "405 Method Not Allowed"}, 3)
    assert (away.bad, away.asked, away.unasked) == ([], 0, 3)
