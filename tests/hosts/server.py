"""A broker's host that speaks HTTP, on a port of its own: well, slow, wrong, lying or gone, as its `mood` says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response, StreamingResponse

from cti.web import listening, web_running

ACCOUNT, PIN = "10000001", "135790"
ORDER = {"order": "7", "code": "600519", "side": "B", "quantity": 200, "filled": 100, "state": "PART"}


@dataclass
class FakeBroker:
    """`asked` has every path, with the idempotency keys of orders."""

    mood: str = "well"
    asked: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    placed: dict[str, str] = field(default_factory=dict)
    url: str = ""

    async def answer(self, request: Request, path: str) -> Response:
        self.asked.append(path)
        if self.mood == "slow":
            await asyncio.sleep(30)
        if (wrong := _WRONG.get(self.mood)) is not None:
            return wrong()
        body = await self._well(request, path)
        if body is None:
            return Response(status_code=404)
        if self.mood == "lying":
            body = _lied(body)
        return JSONResponse(body)

    async def _well(self, request: Request, path: str) -> Any:
        if request.headers.get("authorization") != "Bearer of-the-house":
            return {"refused": True}
        if path.startswith("quotes/"):
            code = path.partition("/")[2]
            price = {"code": code, "name": "贵州茅台", "price": "1480.05", "change_percent": -1.25, "at": 1.79e9}
            return price if code == "600519" else None
        _, account, what, *rest = path.split("/")
        return await self._of_account(request, what, rest) if account == ACCOUNT else None

    async def _of_account(self, request: Request, what: str, rest: list[str]) -> Any:
        if what == "verify":
            return {"right": (await request.json())["pin"] == PIN}
        if what == "balance":
            return {"money": {"available": "1203.05"}, "securities": 20_000}
        if what == "positions":
            return {"positions": [{"code": "600519", "name": "贵州茅台", "quantity": 200, "value": 296_010.0}]}
        if what == "orders" and request.method == "POST":
            key = request.headers["idempotency-key"]
            self.keys.append(key)
            return {"order": self.placed.setdefault(key, str(len(self.placed) + 1))}
        if what == "orders":
            return ORDER if rest == ["7"] else ({"orders": [ORDER]} if not rest else None)
        return None


def _endless() -> Response:
    async def more() -> AsyncIterator[bytes]:
        for _ in range(1000):  # as good as endless
            yield b"[" * 65536
            await asyncio.sleep(0)

    return StreamingResponse(more(), media_type="application/json")


_WRONG = {
    "broken": lambda: Response(status_code=500),
    "no_json": lambda: Response("<html>maintenance</html>"),
    "elsewhere": lambda: RedirectResponse("http://127.0.0.1:9/metadata"),
    "endless": _endless,
}


def _lied(body: Any) -> Any:
    """Every figure is no figure, every text another's."""
    if isinstance(body, dict):
        return {key: _lied(value) for key, value in body.items()}
    if isinstance(body, list):
        return [_lied(value) for value in body]
    return "NaN" if isinstance(body, int | float) or str(body).replace(".", "").isdigit() else "?"


@asynccontextmanager
async def fake_broker() -> AsyncIterator[FakeBroker]:
    broker, app = FakeBroker(), FastAPI()

    @app.api_route("/v1/{path:path}", methods=["GET", "POST"])
    async def any_question(request: Request, path: str) -> Response:
        return await broker.answer(request, path)

    async with web_running(app, listening("127.0.0.1", 0)) as url:
        broker.url = f"{url}/v1"
        yield broker


QUESTIONS: dict[str, dict[str, Any]] = {
    "balance": {"path": "/accounts/{account}/balance", "fields": {"cash": "money.available"}},
    "orders": {
        "path": "/accounts/{account}/orders", "each": "orders",
        "words": {"B": "buy", "S": "sell", "PART": "partly_filled"},
    },
    "order_status": {
        "path": "/accounts/{account}/orders/{order}", "words": {"B": "buy", "S": "sell", "PART": "partly_filled"},
    },
}  # fmt: skip
