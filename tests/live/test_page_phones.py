"""Telephones of pages: pushed into the real Asterisk, reached through the server's own port."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
import websockets
from websockets.asyncio.client import ClientConnection

from cti.desk_client import DeskError, log_in
from cti.web import listening, web_running
from db.demo import PASSWORD as LOGIN
from tests.live.conftest import House

pytestmark = pytest.mark.live


def md5(*parts: str) -> str:
    return hashlib.md5(":".join(parts).encode(), usedforsecurity=False).hexdigest()


@dataclass
class SipPage:
    """A page's SIP, spoken by hand."""

    line: ClientConnection
    user: str
    number: int = 0

    async def ask(self, method: str, uri: str, login: str, more: str = "") -> str:
        self.number += 1
        await self.line.send(
            f"{method} {uri} SIP/2.0\r\nVia: SIP/2.0/WS page.invalid;branch=z9hG4bK{secrets.token_hex(6)}\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:{self.user}@zongji>;tag=t1\r\nTo: <sip:{self.user}@zongji>\r\n"
            f"Call-ID: {login}\r\nCSeq: {self.number} {method}\r\n"
            f"Contact: <sip:{self.user}@page.invalid;transport=ws>\r\nExpires: 60\r\n{more}Content-Length: 0\r\n\r\n"
        )
        return str(await self.line.recv())

    async def register(self, password: str, user: str = "") -> str:
        """The status line of the last answer."""
        uri, call = "sip:zongji", secrets.token_hex(8)
        first = await self.ask("REGISTER", uri, call)
        found = dict(re.findall(r'(\w+)="([^"]*)"', first.partition("WWW-Authenticate")[2]))
        if "nonce" not in found:
            return first.splitlines()[0]
        name = user or self.user
        proof = md5(md5(name, found["realm"], password), found["nonce"], "00000001", "c", "auth", md5("REGISTER", uri))
        answer = await self.ask(
            "REGISTER", uri, call,
            f'Authorization: Digest username="{name}",realm="{found["realm"]}",nonce="{found["nonce"]}",uri="{uri}",'
            f'response="{proof}",algorithm=MD5,qop=auth,nc=00000001,cnonce="c",opaque="{found.get("opaque", "")}"\r\n',
        )  # fmt: skip
        return answer.splitlines()[0]


@asynccontextmanager
async def line_of(url: str, ticket: str, user: str, page: str = "page-0001") -> AsyncIterator[SipPage]:
    address = f"{url.replace('http', 'ws')}/sip?ticket={ticket}&page={page}"
    async with websockets.connect(address, subprotocols=[websockets.Subprotocol("sip")], proxy=None) as line:
        yield SipPage(line, user)


async def test_a_page_registers_with_what_it_was_given_and_with_nothing_else(house: House) -> None:
    house.foreseen += ["failed for"]  # Asterisk notes who came with a wrong password
    async with web_running(house.app, listening("127.0.0.1", 0)) as url:
        desk = await log_in(url, "1001", LOGIN)
        given = await desk.post("/api/phone", {})
        async with line_of(url, given["ticket"], given["user"]) as page:
            assert "401" in await page.register("a guess")
            assert "401" in await page.register(given["password"], user="agent1001")
            assert "200" in await page.register(given["password"])
            await house.holds(lambda: house.server.floor.is_registered("web1001"))
            newer = await desk.post("/api/phone", {})
            assert "401" in await page.register(given["password"])
            assert "200" in await page.register(newer["password"])
        await house.holds(lambda: not house.server.floor.is_registered("web1001"))


async def test_nobody_has_a_line_without_a_ticket_or_from_a_foreign_page(house: House) -> None:
    async with web_running(house.app, listening("127.0.0.1", 0)) as url:
        desk = await log_in(url, "1001", LOGIN)
        ticket = (await desk.post("/api/phone", {}))["ticket"]
        address = f"{url.replace('http', 'ws')}/sip?page=page-0001&ticket="
        for wrong, origin, code in (("", None, 4401), ("made-up", None, 4401), (ticket, "http://evil.example", 4403)):
            async with websockets.connect(
                address + wrong, origin=websockets.Origin(origin) if origin else None
            ) as line:
                with pytest.raises(websockets.ConnectionClosed) as closed:
                    await line.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == code


async def test_a_newer_page_takes_the_line_over(house: House) -> None:
    async with web_running(house.app, listening("127.0.0.1", 0)) as url:
        desk = await log_in(url, "1001", LOGIN)
        first, second = await desk.post("/api/phone", {}), await desk.post("/api/phone", {})
        async with (
            line_of(url, first["ticket"], "web1001", "page-0001") as old,
            line_of(url, second["ticket"], "web1001", "page-0002") as new,
        ):
            with pytest.raises(websockets.ConnectionClosed) as closed:
                await old.line.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 4409
            assert "200" in await new.register(second["password"])


async def test_a_page_that_may_only_register_calls_nobody(house: House) -> None:
    house.foreseen += ["failed for"]
    async with web_running(house.app, listening("127.0.0.1", 0)) as url:
        desk = await log_in(url, "1001", LOGIN)
        given = await desk.post("/api/phone", {})
        async with line_of(url, given["ticket"], given["user"]) as page:
            answer = await page.ask("INVITE", "sip:8000@zongji", "c1")
            assert answer.splitlines()[0].split()[1] == "401"
    assert not house.server.calls.calls


async def test_what_asterisk_forgot_is_pushed_again(house: House) -> None:
    async with web_running(house.app, listening("127.0.0.1", 0)) as url:
        desk = await log_in(url, "1001", LOGIN)
        given = await desk.post("/api/phone", {})
        await house.pbx.stop()
        await house.until("link_changed", up=False)
        with pytest.raises(DeskError, match="503"):
            await desk.post("/api/phone", {})
        await house.pbx.start()
        await house.holds(lambda: house.server.link.up, 20)

        async def again() -> str:
            ticket = (await desk.post("/api/ws-ticket", {}))["ticket"]
            async with line_of(url, ticket, given["user"]) as page:
                return await page.register(given["password"])

        assert "200" in await again()
