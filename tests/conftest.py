"""What is pure comes first, then what needs servers, then browsers, then whole calls: a fault shows early.

Tests that are stopped, by whatever signal, end what they have started.
"""

from __future__ import annotations

import signal
from types import FrameType

import pytest

from cti.keeper import ends_with_parent

LATER = ("mosquitto", "postgres", "browser", "live")


def pytest_configure(config: pytest.Config) -> None:
    signal.signal(signal.SIGTERM, _as_ctrl_c)
    if hasattr(config, "workerinput"):
        ends_with_parent(signal.SIGTERM)


def _as_ctrl_c(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(
        key=lambda item: max(
            (LATER.index(mark.name) + 1 for mark in item.iter_markers() if mark.name in LATER), default=0
        )
    )
