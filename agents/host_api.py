"""REST: what the broker's host says of the customer in hand."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, ConfigDict

from agents.auth import Identity
from agents.parts import ApiError, Parts, current, parts_of
from agents.schemas import PRINTABLE, Error

router = APIRouter(prefix="/api", responses={st: {"model": Error} for st in (401, 404, 422)})
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
