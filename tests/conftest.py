"""What is pure comes first, then what needs servers, then browsers, then whole calls: a fault shows early."""

from __future__ import annotations

import pytest

LATER = ("mosquitto", "postgres", "browser", "live")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(
        key=lambda item: max(
            (LATER.index(mark.name) + 1 for mark in item.iter_markers() if mark.name in LATER), default=0
        )
    )
