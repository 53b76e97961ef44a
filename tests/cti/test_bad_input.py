"""What cannot start says one clear line, names the place, and ends with exit code 2."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ("[web\n", "zongji.toml"),
        ('[web]\nport = "many"\n', "zongji.toml:2: web.port"),
        (
            'skills = ["a"]\n[[queues]]\nname = "q"\nrequires = "bond >= 2"\n',
            "zongji.toml:4: queues[0].requires: unknown",
        ),
        ('[[queues]]\nname = "q"\nrequires = "mandarin >="\n', "expected a level from 1 to 10"),
        ('[[queues]]\nname = "only"\n', "no queue 'accounts'"),
        ('menu_file = "nowhere.toml"\n', "nowhere.toml"),
    ],
)
def test_broken_settings_are_refused_before_anything_starts(tmp_path: Path, settings: str, words: str) -> None:
    file = tmp_path / "zongji.toml"
    file.write_text(settings, "utf-8")
    env = {**os.environ, "ZONGJI_SETTINGS": str(file), "ZONGJI_RUN_DIR": str(tmp_path / "run")}

    done = subprocess.run(
        [sys.executable, "-m", "cti", "check"],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
