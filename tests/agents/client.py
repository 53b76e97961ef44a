"""Starlette's test client, imported quietly, and one question to a house by one of its people."""

import warnings
from typing import Any

import httpx
from fastapi import FastAPI

from db.store import AgentRecord

with warnings.catch_warnings():
    # It prefers httpx2, which is not among the locked packages, and says so on import.
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient, WebSocketTestSession

__all__ = ["TestClient", "WebSocketTestSession", "asked"]


async def asked(app: FastAPI, method: str, path: str, who: str, role: str, **more: Any) -> httpx.Response:
    """As this person, who is logged in; as nobody where `who` is empty."""
    parts = app.state.parts
    token = parts.auth.issue(AgentRecord(who, "", "", role, ""), parts.clock()).access
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://house") as web:
        headers = {"Authorization": f"Bearer {token}"} if who else {}
        return await web.request(method, path, headers=headers, **more)
