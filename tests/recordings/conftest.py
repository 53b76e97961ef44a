"""A shelf on either database (`tests/db` has them)."""

from __future__ import annotations

from tests.db.conftest import database_url, engine, postgres, postgres_server

__all__ = ["database_url", "engine", "postgres", "postgres_server"]
