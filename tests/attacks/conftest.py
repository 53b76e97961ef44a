"""The house of `tests.live` for what is attacked over SIP; the fake one of `tests.agents` for what comes by the web."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.agents import fakes
from tests.agents.client import TestClient
from tests.live.conftest import house, parts, recordings

__all__ = ["client", "house", "office", "parts", "recordings"]


@pytest.fixture
def office() -> fakes.House:
    return fakes.House()


@pytest.fixture
def client(office: fakes.House) -> Iterator[TestClient]:
    with TestClient(office.app) as client:
        yield client
