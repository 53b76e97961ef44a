"""Starlette's test client, imported quietly."""

import warnings

with warnings.catch_warnings():
    # It prefers httpx2, which is not among the locked packages, and says so on import.
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient, WebSocketTestSession

__all__ = ["TestClient", "WebSocketTestSession"]
