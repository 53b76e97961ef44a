"""REST for the telephones of pages: an agent's, and in the demo the booth's."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from agents.api import Who, WithParts, own_page
from agents.auth import Identity
from agents.parts import ApiError, Parts
from agents.ports import PhoneLogin, Refused
from agents.schemas import Error
from agents.socket import BOOTH

router = APIRouter(prefix="/api", responses={status: {"model": Error} for status in (400, 422, 503)})
BOOTH_S = 3600.0
LONGEST_S = 12 * 3600.0


class Booth(BaseModel):
    """`number`: whom the house sees calling."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"number": "13800000001"}]})
    number: Annotated[str, Field(pattern=r"^\+?[0-9]{3,20}$")]


class Phone(BaseModel):
    """`ticket` opens `/sip` once, within 30 seconds; the address is `sip:user@domain`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"user": "web1001", "password": "...", "domain": "zongji", "expires_at": 1.7676e9, "ticket": "..."}
            ]
        }
    )
    user: str
    password: str
    domain: str
    expires_at: float
    ticket: str


@router.post("/phone", summary="A telephone for this page", responses={401: {"model": Error}})
async def phone(who: Who, parts: WithParts) -> Phone:
    """SIP name and password, new each time: the one before is void."""
    until = min(who.ends_at, parts.clock() + LONGEST_S)
    try:
        login = await parts.phones.hand_out(who.agent_id, until)
    except Refused as refused:
        raise ApiError(503, refused.reason, refused.message) from refused
    return _phone(login, parts, who)


@router.post("/booth", summary="A telephone to call the house with (demo)", responses={404: {"model": Error}})
async def booth(form: Booth, request: Request, parts: WithParts) -> Phone:
    """In the demo profile only: it can call the house and nothing else."""
    if not parts.demo:
        raise ApiError(404, "not_found", "Not Found")
    own_page(request, parts)
    now = parts.clock()
    try:
        login = await parts.phones.hand_out_booth(form.number, now + BOOTH_S)
    except Refused as refused:
        raise ApiError(503, refused.reason, refused.message) from refused
    return _phone(login, parts, Identity(login.user, BOOTH, login.user, now))


def _phone(login: PhoneLogin, parts: Parts, who: Identity) -> Phone:
    ticket = parts.auth.ticket(who, parts.clock())
    return Phone(
        user=login.user, password=login.password, domain=login.domain, expires_at=login.expires_at, ticket=ticket
    )
