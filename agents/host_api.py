"""REST: what the broker's host says of the customer in hand."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from agents.auth import Identity
from agents.parts import ApiError, Parts, current, parts_of, remembered
from agents.ports import Refused, WantedOrder
from agents.schemas import PRINTABLE, Error

router = APIRouter(prefix="/api", responses={st: {"model": Error} for st in (400, 401, 404, 422, 503)})
EXAMPLE: Any = {
    "state": "ready", "account": "10000001", "cash": "1203.05", "securities": "296010.00", "total": "297213.05",
    "positions": [{"code": "600519", "name": "贵州茅台", "quantity": 200, "value": "296010.00"}],
    "orders": [{"order": "40001", "code": "600519", "side": "buy", "quantity": 200, "filled": 100,
                "state": "partly_filled"}],
}  # fmt: skip


class Position(BaseModel):
    code: str
    name: str
    quantity: int
    value: str


class Order(BaseModel):
    order: str
    code: str
    side: Literal["buy", "sell"]
    quantity: int
    filled: int
    state: Literal["accepted", "partly_filled", "filled", "cancelled", "rejected"]


PLACING: Any = {"key": "page-0001-1", "code": "600519", "side": "buy", "quantity": 100, "limit": "1480.00"}


class Placing(BaseModel):
    """`key` is the page's own: the same again places nothing and says what became of the first. `limit` in yuan."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [PLACING]})
    key: str = Field(min_length=8, max_length=64, pattern=r"^[A-Za-z0-9-]+$")
    code: str = Field(pattern=r"^[0-9]{6}$")
    side: Literal["buy", "sell"]
    quantity: int = Field(ge=1, le=10_000_000)
    limit: str = Field(pattern=r"^[0-9]{1,9}(\.[0-9]{1,3})?$")


class TakenOrder(BaseModel):
    """`state`: placed (`number` is the host's), pending while the host does not answer, refused, expired (never asked),
    or unknown: asked and not answered in time, to be looked after."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{**PLACING, "at": 1.7676e9, "state": "placed", "number": "40001"}]}
    )
    key: str
    code: str
    side: Literal["buy", "sell"]
    quantity: int
    limit: str
    at: float
    state: Literal["pending", "placed", "refused", "expired", "unknown"]
    number: str


class TakenOrders(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"orders": [{**PLACING, "at": 1.7676e9, "state": "pending", "number": ""}]}]}
    )
    orders: list[TakenOrder]


class HostFacts(BaseModel):
    """`state`: `ready`; `down`, the host is; `none`: no account is known, or there is no host. Amounts in yuan."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})
    state: Literal["ready", "down", "none"]
    account: str = ""
    cash: str = ""
    securities: str = ""
    total: str = ""
    positions: list[Position] = []
    orders: list[Order] = []


@router.get("/calls/{call_id}/host", summary="The customer's account, while the call lives")
async def host(
    who: Annotated[Identity, Depends(current)], parts: Annotated[Parts, Depends(parts_of)],
    call_id: Annotated[str, Path(max_length=64, pattern=PRINTABLE)],
    anew: Annotated[bool, Query(description="asked again, however fresh")] = False,
) -> HostFacts:  # fmt: skip
    """It was asked when the call was offered. An agent sees that of the call in hand."""
    panel = parts.host_panel
    if panel is None or not (who.sees_all or parts.control.own.has_in_hand(who.agent_id, call_id)):
        raise ApiError(404, "unknown_call", "you have no such call")
    try:
        return HostFacts.model_validate(await panel.facts(call_id, anew=anew))
    except KeyError:
        raise ApiError(404, "unknown_call", "this call is over") from None


CallId = Annotated[str, Path(max_length=64, pattern=PRINTABLE)]


@router.post("/calls/{call_id}/orders", summary="Take an order of the customer in hand")
async def place(
    who: Annotated[Identity, Depends(current)], parts: Annotated[Parts, Depends(parts_of)], call_id: CallId,
    body: Placing,
) -> TakenOrder:  # fmt: skip
    """Kept before the host is told; while the host does not answer it waits, for so long as the house allows."""
    if parts.orders is None or not parts.control.own.has_in_hand(who.agent_id, call_id):
        raise ApiError(404, "unknown_call", "you have no such call, or this house takes no orders")
    wanted = WantedOrder(body.key, body.code, body.side, body.quantity, body.limit)
    try:
        found = await remembered(parts.orders.place(call_id, wanted, who.agent_id), KeyError, Refused)
    except KeyError:
        raise ApiError(404, "unknown_call", "this call is over") from None
    except Refused as refused:
        raise ApiError(422, refused.reason, refused.message) from None
    return TakenOrder.model_validate(found)


@router.get("/calls/{call_id}/orders", summary="The orders taken in a call")
async def orders(
    who: Annotated[Identity, Depends(current)], parts: Annotated[Parts, Depends(parts_of)], call_id: CallId
) -> TakenOrders:
    """An agent sees those of the call in hand."""
    if parts.orders is None or not (who.sees_all or parts.control.own.has_in_hand(who.agent_id, call_id)):
        raise ApiError(404, "unknown_call", "you have no such call, or this house takes no orders")
    return TakenOrders.model_validate({"orders": list(await remembered(parts.orders.of_call(call_id)))})
