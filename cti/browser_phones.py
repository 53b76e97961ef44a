"""The telephones of pages: made in Asterisk's memory when a page asks, with a password of their own that soon expires.

A page is known by an id that it makes when it is loaded. When another page of the same person opens its line, the one
before is over, and so is whatever it was speaking with: it is rung again at the new one.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import structlog

from agents.ports import PhoneLogin, Refused
from cti.asterisk.ari import AriError

log = structlog.get_logger(__name__)
DOMAIN, BOOTH, MOST_BOOTHS = "zongji", "booth", 50
ENDPOINT = {
    "transport": "ws",
    "webrtc": "yes",
    "dtls_auto_generate_cert": "yes",
    "disallow": "all",
    "allow": "ulaw",
    "direct_media": "no",
    "dtmf_mode": "rfc4733",
    "rtp_timeout": "10",
    "rtp_timeout_hold": "300",
    "rewrite_contact": "yes",  # and so the contact goes with its websocket
    "identify_by": "auth_username,username",
    "language": "en",
}
AOR = {"max_contacts": "1", "remove_existing": "yes", "maximum_expiration": "120", "default_expiration": "60"}


class Objects(Protocol):
    """Asterisk's memory."""

    async def put(self, kind: str, name: str, fields: Mapping[str, str], /) -> None: ...
    async def has(self, kind: str, name: str, /) -> bool: ...
    async def delete(self, kind: str, name: str, /) -> None: ...


@dataclass(frozen=True, slots=True)
class _Phone:
    password: str
    context: str
    number: str
    expires_at: float


class BrowserPhones:
    """`lost(person)` is told when a person's page was replaced by another. Times are UTC epoch seconds."""

    def __init__(self, objects: Objects, clock: Callable[[], float], lost: Callable[[str], None]) -> None:
        self._objects, self._clock, self._lost = objects, clock, lost
        self._phones: dict[str, _Phone] = {}
        self._pages: dict[str, str] = {}
        self._doors: dict[str, asyncio.Lock] = {}
        self._there: set[str] = set()  # known to the Asterisk that runs now

    async def hand_out(self, person: str, until: float) -> PhoneLogin:
        """A telephone for this person's page; the password before is void. Raises Refused while Asterisk is away."""
        return await self._make(f"web{person}", "phones", "", until)

    async def hand_out_booth(self, number: str, until: float) -> PhoneLogin:
        """A telephone that can do nothing but call the house, from this number."""
        if sum(user.startswith(BOOTH) for user in self._phones) >= MOST_BOOTHS:
            raise Refused("too_many", "too many people call from booths now")
        return await self._make(f"{BOOTH}{secrets.token_hex(4)}", "arrivals", number, until)

    async def _make(self, user: str, context: str, number: str, until: float) -> PhoneLogin:
        await self._end_expired()
        phone = _Phone(secrets.token_urlsafe(18), context, number, until)
        async with self._doors.setdefault(user, asyncio.Lock()):
            try:
                await self._push(user, phone)
            except AriError as error:
                log.warning("no phone for a page", user=user, reason=str(error))
                raise Refused("no_link", "the telephone system does not answer; try again") from None
            self._phones[user] = phone
        return PhoneLogin(user, phone.password, DOMAIN, until)

    async def _push(self, user: str, phone: _Phone) -> None:
        login = {"auth_type": "userpass", "username": user, "password": phone.password}
        more = {"context": phone.context, "auth": user, "aors": user}
        if phone.number:
            more["callerid"] = f"<{phone.number}>"
        await self._objects.put("auth", user, login)
        if user in self._there:
            return  # an aor that is pushed anew would not see its contact's websocket end
        await self._objects.put("aor", user, AOR)
        await self._objects.put("endpoint", user, {**ENDPOINT, **more})
        self._there.add(user)

    async def push_again(self) -> None:
        """After Asterisk was away: what it forgot. Pages register again by themselves."""
        await self._end_expired()
        for user, phone in list(self._phones.items()):
            try:
                if not await self._objects.has("endpoint", user):
                    self._there.discard(user)
                    await self._push(user, phone)
            except AriError as error:
                log.warning("a page's phone could not be pushed again", user=user, reason=str(error))

    async def revoke(self, person: str) -> None:
        """The person has logged out: the password opens nothing any more."""
        user = f"web{person}"
        self._pages.pop(person, None)
        if user in self._phones:
            await self._end(user)

    async def _end_expired(self) -> None:
        """Passwords whose time is over open nothing any more."""
        now = self._clock()
        for user in [user for user, phone in self._phones.items() if phone.expires_at <= now]:
            await self._end(user)

    async def _end(self, user: str) -> None:
        self._phones.pop(user, None)
        self._there.discard(user)
        try:
            for kind in ("endpoint", "auth", "aor"):
                await self._objects.delete(kind, user)
        except AriError as error:
            log.warning("a page's phone could not be taken back", user=user, reason=str(error))

    def opened(self, person: str, page: str) -> None:
        """A page has opened its line."""
        before, self._pages[person] = self._pages.get(person), page
        if before is not None and before != page:
            self._lost(person)
