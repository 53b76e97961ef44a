"""Menus changed while the house runs: drafted, checked, published, rolled back. Implements `agents.ports.Menus`."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from agents.ports import Refused
from cti import events
from cti.bus import Bus
from cti.settings import Settings
from cti.voice import Uses, Voice, problems_of
from db.menus import Conflict, MenuStore, MenuVersion
from ivr import menus
from ivr.check import Problem
from ivr.menus import BadMenu
from ivr.nodes import KINDS, MenuSet, Node, said_by, ways

log = structlog.get_logger(__name__)
FILE = 0  # the number of what lies in the house's files
DAY_S = 86_400.0
_KIND_OF = {cls: kind for kind, cls in KINDS.items()}


class MenuShelf:
    """Over the files of the house. What is published is in `voice` at once: new calls get it."""

    def __init__(
        self, engine: AsyncEngine, settings: Settings, voice: Voice, bus: Bus, clock: Callable[[], float]
    ) -> None:
        self._store, self._settings, self._voice, self._bus, self._clock = (
            MenuStore(engine),
            settings,
            voice,
            bus,
            clock,
        )
        self._turn = asyncio.Lock()  # one administrator after the other
        self._uses = Uses.of(settings)
        self._files = dict(voice.menus)
        self.hindered: str | None = None  # why a menu that was published is not in force

    async def open(self) -> None:
        """What was published is in force again, if it still holds; raises SQLAlchemy's errors."""
        for one in await self._store.published():
            if one.name not in self._files:
                continue
            menu, problems = self._read(one.name, one.text, one.number)
            if menu is None or problems:
                self.hindered = f"menu {one.name!r}, number {one.number}: {problems[0]['message']}: the file is used"
                log.error("a published menu cannot be used", reason=self.hindered)
            else:
                self._voice.menus[one.name] = menu

    async def as_begun(self, name: str, file: str) -> MenuSet | None:
        """The menu as it was when a call began with it; as it is now, when that cannot be had any more."""
        now = self._voice.menus.get(name)
        if now is None or now.file == file:
            return now
        number = file.removeprefix(f"{name} ")
        try:
            text = await self._text(name, int(number) if number.isdigit() else FILE)
        except (KeyError, SQLAlchemyError, OSError):
            return now
        menu, _ = self._read(name, text, int(number) if number.isdigit() else FILE)
        return menu or now

    async def all(self) -> list[dict[str, Any]]:
        """Each menu with the number in force, and that of its draft."""
        found = []
        for name in self._files:
            versions = await self._store.of(name)
            states = {one.state: one.number for one in reversed(versions)}
            found.append({"name": name, "published": states.get("published", FILE), "draft": states.get("draft")})
        return found

    async def versions(self, name: str) -> list[dict[str, Any]]:
        """The newest first, the file last; raises KeyError."""
        _ = self._files[name]
        found = [{key: value for key, value in asdict(one).items() if key not in {"text", "name"}}
                 for one in await self._store.of(name)]  # fmt: skip
        in_force = not any(one["state"] == "published" for one in found)
        file = {"number": FILE, "state": "published" if in_force else "retired", "by": "", "at": 0.0, "comment": ""}
        return [*found, file]

    async def version(self, name: str, number: int) -> dict[str, Any]:
        """The text, its nodes and ways, and its problems; raises KeyError."""
        text = await self._text(name, number)
        menu, problems = self._read(name, text, number)
        return {
            "name": name, "number": number, "text": text, "problems": problems, "start": menu.start if menu else "",
            "nodes": [_drawn(one, node) for one, node in menu.nodes.items()] if menu else [],
        }  # fmt: skip

    async def save_draft(self, name: str, text: str, base: int, by: str) -> dict[str, Any]:
        """Kept with its problems, as long as it is a menu at all; raises KeyError, Refused."""
        _ = self._files[name]
        menu, problems = self._read(name, text, base)
        if menu is None:
            raise Refused("no_menu", problems[0]["message"])
        kept = await self._drafted(name, text, base, by)
        return await self.version(name, kept.number)

    async def publish(self, name: str, number: int, by: str) -> dict[str, Any]:
        """New calls get it from now on; raises KeyError, Refused."""
        text = await self._text(name, number)
        menu, problems = self._read(name, text, number)
        if menu is None or problems:
            raise Refused("has_problems", f"line {problems[0]['line']}: {problems[0]['message']}")
        async with self._turn:
            try:
                kept = await self._store.publish(name, number, text, by, self._clock())
            except Conflict as conflict:
                raise Refused("conflict", str(conflict)) from None
            self._in_force(kept, menu)
        return await self.version(name, number)

    async def roll_back(self, name: str, to: int, base: int, by: str) -> dict[str, Any]:
        """The text of an older number is in force again, as a new one; raises KeyError, Refused."""
        text = await self._text(name, to)
        menu, problems = self._read(name, text, to)
        if menu is None or problems:
            raise Refused("has_problems", problems[0]["message"])
        draft = await self._drafted(name, text, base, by, f"as number {to}")
        return await self.publish(name, draft.number, by)

    async def _drafted(self, name: str, text: str, base: int, by: str, comment: str = "") -> MenuVersion:
        async with self._turn:
            try:
                return await self._store.save_draft(name, text, base, by, self._clock(), comment)
            except Conflict as conflict:
                raise Refused("conflict", str(conflict)) from None

    async def counts(self, name: str, since: float) -> dict[str, Any]:
        """How many of a day's callers went each way (`from`, `to`), were at each node, and left the menu there."""
        _ = self._files[name]
        here, along, left = Counter[str](), Counter[tuple[str, str]](), Counter[str]()
        before: tuple[str, str] | None = None
        async for call_id, node in self._store.steps(name, since, since + DAY_S):
            here[node] += 1
            if before is not None and before[0] == call_id:
                along[before[1], node] += 1
            elif before is not None:
                left[before[1]] += 1
            before = (call_id, node)
        if before is not None:
            left[before[1]] += 1
        edges = [{"from": one, "to": other, "callers": n} for (one, other), n in sorted(along.items())]
        return {"since": since, "nodes": dict(here), "left": dict(left), "edges": edges}

    async def _text(self, name: str, number: int) -> str:
        file = self._files[name]
        if number == FILE:
            return file.text
        found = next((one for one in await self._store.of(name) if one.number == number), None)
        if found is None:
            raise KeyError(number)
        return found.text

    def _read(self, name: str, text: str, number: int) -> tuple[MenuSet | None, list[dict[str, Any]]]:
        """The menu, if it is one, and what is wrong with it."""
        try:
            menu = menus.parse(text, f"{name} {number}" if number else f"{name}.toml")
        except BadMenu as bad:
            return None, [{"line": _line_in(str(bad)), "node": "", "message": str(bad)}]
        if menu.name != name:
            told = f"its name is {menu.name!r}: a menu keeps its name {name!r}"
            return None, [{"line": 1, "node": "", "message": told}]
        found = problems_of(self._settings, menu, self._voice.catalogue, self._uses)
        return menu, [_told(one) for one in dict.fromkeys(found)]

    def _in_force(self, version: MenuVersion, menu: MenuSet) -> None:
        self._voice.menus[version.name] = menu
        self.hindered = None
        self._bus.publish(
            events.MenuPublished(at=self._clock(), menu=version.name, number=version.number, by=version.by)
        )  # fmt: skip


def _told(problem: Problem) -> dict[str, Any]:
    return {"line": problem.line, "node": problem.node, "message": problem.message}


def _line_in(told: str) -> int:
    """The line that an error's text names, such as `broker 3:17: ...` or `... (at line 17, column 2)`."""
    words = told.replace(",", " ").replace(":", " ").split()
    after = [words[n + 1] for n, word in enumerate(words[:-1]) if word == "line" and words[n + 1].isdigit()]
    plain = [word for word in words[1:4] if word.isdigit()]
    return int((after or plain[-1:] or ["1"])[0])


def _drawn(name: str, node: Node) -> Mapping[str, Any]:
    told = [{"on": on, "to": to} for on, to in ways(node)]
    return {"name": name, "kind": _KIND_OF[type(node)], "says": list(said_by(node)), "ways": told}
