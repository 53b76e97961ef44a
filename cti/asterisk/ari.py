"""Asterisk's REST interface, for one thing only: objects of PJSIP that live in its memory.

What is pushed is in force when `put` returns, lies on no disk, and is gone when Asterisk restarts.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType

import httpx

DEADLINE_S = 5.0


class AriError(Exception):
    """Asterisk did not take it, or did not answer; one line that says which."""


class Ari:
    """`base` such as http://127.0.0.1:5188; an async context manager."""

    def __init__(self, base: str, user: str, secret: str) -> None:
        self._client = httpx.AsyncClient(
            base_url=f"{base}/ari/asterisk/config/dynamic/res_pjsip", auth=(user, secret), timeout=DEADLINE_S,
            trust_env=False,
        )  # fmt: skip

    async def __aenter__(self) -> Ari:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def put(self, kind: str, name: str, fields: Mapping[str, str]) -> None:
        """Make or replace an object (`auth`, `aor`, `endpoint`); raises AriError."""
        body = {"fields": [{"attribute": key, "value": value} for key, value in fields.items()]}
        await self._ask("PUT", kind, name, body)

    async def has(self, kind: str, name: str) -> bool:
        """Whether it is there; raises AriError."""
        return await self._ask("GET", kind, name, None) != 404

    async def delete(self, kind: str, name: str) -> None:
        """Without effect when it is not there; raises AriError."""
        await self._ask("DELETE", kind, name, None)

    async def _ask(self, method: str, kind: str, name: str, body: object) -> int:
        try:
            answer = await self._client.request(method, f"/{kind}/{name}", json=body)
        except httpx.HTTPError as error:
            raise AriError(f"{kind} {name}: {type(error).__name__} {error}") from None
        absent = answer.status_code == 404 and method != "PUT"
        if answer.status_code >= 400 and not absent:
            raise AriError(f"{kind} {name}: {answer.status_code} {answer.text[:200]}")
        return answer.status_code
