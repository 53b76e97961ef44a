"""What one asks of us may be neither endless nor slow. An ASGI layer around everything; websockets pass."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from agents.parts import ApiError, problem

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES = 512 * 1024  # the longest body we expect is a menu's text
BODY_S = 15.0
UPLOADS = "/api/prompts/"  # which bound themselves as they come
CLOSING = {"Connection": "close"}  # whatever else comes of the body is read by nobody


class Bounded:
    """Bodies beyond `most_bytes`, or not whole within `body_s`, are answered before anybody reads them."""

    def __init__(self, app: ASGIApp, most_bytes: int = MOST_BYTES, body_s: float = BODY_S) -> None:
        self._app, self._most_bytes, self._body_s = app, most_bytes, body_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(UPLOADS):
            await self._app(scope, receive, send)
            return
        try:
            body = await self._whole(scope, receive)
        except ApiError as refused:
            await problem(refused)(scope, receive, send)
            return
        told = [body]

        async def once() -> Message:
            return told.pop() if told else await receive()

        await self._app(scope, once, send)

    async def _whole(self, scope: Scope, receive: Receive) -> Message:
        told = dict(scope["headers"]).get(b"content-length", b"0")
        if told.isdigit() and int(told) > self._most_bytes:
            raise self._too_big()
        parts: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self._body_s):
                while True:
                    message = await receive()
                    if message["type"] != "http.request":
                        return message
                    parts.append(message.get("body", b""))
                    size += len(parts[-1])
                    if size > self._most_bytes:
                        raise self._too_big()
                    if not message.get("more_body"):
                        return {"type": "http.request", "body": b"".join(parts), "more_body": False}
        except TimeoutError:
            told = f"a request is to be here within {self._body_s:g} s"
            raise ApiError(408, "too_slow", told, CLOSING) from None

    def _too_big(self) -> ApiError:
        return ApiError(413, "too_big", f"no more than {self._most_bytes} bytes", CLOSING)


class Rate:
    """At most `often` a second over time, `burst` at once: whoever goes beyond is let go. Pure; time in seconds."""

    def __init__(self, often: float, burst: float) -> None:
        self._often, self._burst, self._left, self._at = often, burst, burst, 0.0

    def takes(self, now: float) -> bool:
        """One more, now."""
        self._left = min(self._burst, self._left + max(0.0, now - self._at) * self._often)
        self._at = now
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True
