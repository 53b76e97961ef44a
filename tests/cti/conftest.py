"""A place for a house, and a database for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cti.houses import Place, place
from tests.db.conftest import postgres, postgres_server

__all__ = ["postgres", "postgres_server"]


@pytest.fixture
def here() -> Iterator[Place]:
    with place() as one:
        yield one
