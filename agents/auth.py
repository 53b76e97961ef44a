"""Who may come in: passwords, tokens, websocket tickets, log-in limits, origins. `now` is UTC epoch seconds.

An access token lives 15 minutes in the page's memory. The refresh token lives a working day in a cookie scripts cannot
read; it needs no record here, so pages stay logged in when the server is restarted. Only log-outs are remembered.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

import jwt
from pwdlib import PasswordHash

from agents.ports import AgentLike
from agents.windows import Windows

ACCESS_S = 15 * 60.0
SESSION_S = 12 * 3600.0
TICKET_S = 30.0
SEES_ALL = frozenset({"supervisor", "administrator"})
Kind = Literal["access", "refresh", "recording"]
LISTEN_S = 600.0

_passwords = PasswordHash.recommended()
_nobody: list[str] = []


class Denied(Exception):
    """Not let in; the message is for people and tells an attacker nothing."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a token speaks for. `session` and its start are the same from log-in to log-out."""

    agent_id: str
    role: str
    session: str
    started_at: float

    @property
    def ends_at(self) -> float:
        return self.started_at + SESSION_S

    @property
    def sees_all(self) -> bool:
        return self.role in SEES_ALL


@dataclass(frozen=True, slots=True)
class Tokens:
    access: str
    refresh: str
    access_expires_at: float
    refresh_expires_at: float


def hash_password(password: str) -> str:
    return _passwords.hash(password)


def verify(password: str, agent: AgentLike | None) -> bool:
    """Whether the password is this agent's. As much work for nobody as for somebody; tens of milliseconds of CPU."""
    if not _nobody:
        _nobody.append(_passwords.hash(secrets.token_hex(16)))
    right = _passwords.verify(password, agent.password_hash if agent is not None else _nobody[0])
    return right and agent is not None


class Auth:
    """Issues and reads tokens signed with `secret` (at least 32 bytes, else ValueError).

    `origins` are the foreign origins, such as "https://desk.example.com", whose pages may connect besides our own.
    """

    def __init__(self, secret: str, *, origins: Sequence[str] = ()) -> None:
        if len(secret.encode()) < 32:
            raise ValueError("the token secret needs at least 32 bytes; make one with: openssl rand -hex 32")
        self._secret = secret
        self._origins = frozenset(origin.rstrip("/").lower() for origin in origins)
        self._ended: dict[str, float] = {}
        self._out_since: dict[str, float] = {}
        self._tickets: dict[str, tuple[Identity, float]] = {}
        self.limit = LoginLimit()

    def issue(self, agent: AgentLike, now: float) -> Tokens:
        """Tokens for a new session."""
        return self._tokens(Identity(agent.id, agent.role, secrets.token_urlsafe(12), now), now, now + SESSION_S)

    def renew(self, agent: AgentLike, who: Identity, now: float, until: float) -> Tokens:
        """New tokens for the same session, with the role the agent has by now; the session's end stays."""
        return self._tokens(Identity(agent.id, agent.role, who.session, who.started_at), now, until)

    def _tokens(self, who: Identity, now: float, end: float) -> Tokens:
        short = min(now + ACCESS_S, end)
        return Tokens(self._sign(who, "access", short), self._sign(who, "refresh", end), short, end)

    def read(self, token: str, kind: Kind, now: float) -> Identity:
        """Who the token speaks for. Raises Denied when it is forged, of another kind, expired or logged out."""
        return self._read(token, kind, now)[0]

    def read_until(self, token: str, kind: Kind, now: float) -> tuple[Identity, float]:
        """As `read`, with the time the token expires."""
        who, _, until = self._read(token, kind, now)
        return who, until

    def _sign(self, who: Identity, kind: Kind, until: float, about: str = "") -> str:
        claims = {
            "sub": who.agent_id,
            "role": who.role,
            "sid": who.session,
            "start": who.started_at,
            "kind": kind,
            "about": about,
            "exp": until,
        }
        return jwt.encode(claims, self._secret, algorithm="HS256")

    def _read(self, token: str, kind: Kind, now: float) -> tuple[Identity, str, float]:
        # The library would compare with its own clock.
        options = {"verify_exp": False, "require": ["sub", "role", "sid", "start", "kind", "exp"]}
        try:
            claims = jwt.decode(token, self._secret, algorithms=["HS256"], options=options)  # type: ignore[arg-type]
        except jwt.InvalidTokenError as error:
            raise Denied("not logged in") from error
        until = float(claims["exp"])
        who = Identity(str(claims["sub"]), str(claims["role"]), str(claims["sid"]), float(claims["start"]))
        if claims["kind"] != kind or until <= now or self.has_ended(who):
            raise Denied("not logged in")
        return who, str(claims.get("about", "")), until

    def end(self, who: Identity, now: float) -> None:
        """Log out: every token and ticket of the session is void from now on.

        An agent is one person at one desk: all his sessions end, else another page would log him in again.
        """
        self._ended = {session: until for session, until in self._ended.items() if until > now}
        self._ended[who.session] = now + SESSION_S
        if who.role == "agent":
            self.end_all(who.agent_id, now)

    def end_all(self, agent_id: str, now: float) -> None:
        """Every session of this person has ended."""
        self._out_since[agent_id] = now

    def has_ended(self, who: Identity) -> bool:
        return who.session in self._ended or who.started_at <= self._out_since.get(who.agent_id, float("-inf"))

    def listening_link(self, who: Identity, recording_id: str, now: float) -> str:
        """For one recording, ten minutes long: a player asks for it piece by piece, and without our headers."""
        return self._sign(who, "recording", now + LISTEN_S, recording_id)

    def listener(self, token: str, recording_id: str, now: float) -> Identity:
        """Who may hear this recording by this link; raises Denied."""
        who, about, _ = self._read(token, "recording", now)
        if about != recording_id:
            raise Denied("this link is another recording's")
        return who

    def ticket(self, who: Identity, now: float) -> str:
        """For one websocket, within 30 seconds."""
        self._tickets = {key: kept for key, kept in self._tickets.items() if kept[1] > now}
        ticket = secrets.token_urlsafe(24)
        self._tickets[ticket] = (who, now + TICKET_S)
        return ticket

    def redeem(self, ticket: str, now: float) -> Identity:
        """Raises Denied when it is unknown, used, late or logged out."""
        who, until = self._tickets.pop(ticket, (None, 0.0))
        if who is None or until <= now or self.has_ended(who):
            raise Denied("the ticket is not valid; ask for a new one")
        return who

    def origin_allowed(self, origin: str | None, host: str) -> bool:
        """Whether a page of this origin may connect. No origin means no browser: the ticket alone decides."""
        if origin is None:
            return True
        parts = urlsplit(origin.lower())
        own = parts.scheme in {"http", "https"} and parts.netloc == host.lower()
        return bool(parts.netloc) and (own or origin.lower() in self._origins)


class LoginLimit:
    """At most `tries` attempts in `within_s` for one login from one address, `per_address` for an address in all."""

    def __init__(self, tries: int = 5, per_address: int = 30, within_s: float = 60.0) -> None:
        self._tries, self._per_address, self._windows = tries, per_address, Windows(within_s)

    def attempt(self, login: str, address: str, now: float) -> float:
        """Count an attempt. 0 when it may go on, else the seconds to wait; a refused attempt is not counted."""
        return self._windows.attempt({(login, address): self._tries, ("", address): self._per_address}, now)

    def succeeded(self, login: str, address: str) -> None:
        """The right password clears the login's count, not the address's."""
        self._windows.forget((login, address))
