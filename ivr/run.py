"""Walk a menu with a caller, until the outcome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ivr.caller import Caller, NoSuch, NotNow
from ivr.nodes import (
    Authenticate,
    Branch,
    CallBack,
    Collect,
    Each,
    Enqueue,
    Enquire,
    HangUp,
    LeaveMessage,
    LookUp,
    Menu,
    MenuSet,
    Node,
    OpeningHours,
    Say,
    SetLanguage,
    WaitOn,
    skills_asked,
)
from ivr.values import Piece, pieces


@dataclass(frozen=True, slots=True)
class ToQueue:
    queue: str
    requires: str = ""
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Goodbye:
    reason: str


@dataclass(frozen=True, slots=True)
class GoOnWaiting:
    pass


Outcome = ToQueue | Goodbye | GoOnWaiting


async def run(menu: MenuSet, caller: Caller, begin: str = "") -> Outcome:
    """The caller's way through the menu, from its start or from another node; raises HungUp when the caller ends it."""
    name = begin or menu.start
    while True:
        caller.entered(name, menu.name)
        step = await _step(menu.nodes[name], caller)
        if not isinstance(step, str):
            return step
        name = step


async def _step(node: Node, caller: Caller) -> str | Outcome:  # noqa: C901, PLR0911, PLR0912 - one line a kind
    match node:
        case Say():
            await caller.play(*_said(node.prompts, caller), barge_in=True)
            return node.next
        case Menu():
            return await _choose(node, caller)
        case Collect():
            return await _collect(node, caller)
        case SetLanguage():
            await caller.set_language(node.language)
            return node.next
        case Authenticate():
            return await _authenticate(node, caller)
        case Enquire():
            return await _enquire(node, caller)
        case Each():
            return await _each(node, caller)
        case Branch():
            return node.match.get(str(caller.values.get(node.on, "")), node.otherwise)
        case LookUp():
            return await _look_up(node, caller)
        case OpeningHours():
            found = await caller.hours(node.calendar)
            return node.open if found == "open" else (found == "holiday" and node.holiday) or node.closed
        case CallBack():
            number = str(caller.values.get(node.number, ""))
            asked = await caller.call_back(number, node.queue, skills_asked(node, caller.language))
            return node.next if asked else node.refused
        case LeaveMessage():
            await caller.play(*_said(node.prompts, caller))
            left = await caller.leave_message(node.queue, skills_asked(node, caller.language), node.most_s)
            return node.next if left else node.nothing
        case WaitOn():
            return GoOnWaiting()
        case Enqueue():
            return ToQueue(node.queue, skills_asked(node, caller.language), node.priority)
        case HangUp():
            await caller.play(*_said(node.prompts, caller))
            return Goodbye(node.reason)


def _said(prompts: Sequence[str], caller: Caller, **more: Any) -> list[Piece]:
    return pieces(prompts, {**caller.values, **more}, caller.language)


async def _choose(node: Menu, caller: Caller) -> str:
    prompts: Sequence[str] = node.prompts
    for _ in range(node.tries):
        key = await caller.ask(_said(prompts, caller), digits=1, timeout_s=node.timeout_s)
        if key in node.match:
            return node.match[key]
        prompts = (node.invalid if key else node.timeout, *node.prompts)
    return node.failure


async def _collect(node: Collect, caller: Caller) -> str:
    prompts: Sequence[str] = node.prompts
    for _ in range(node.tries):
        ask = caller.ask_secret if node.secret else caller.ask
        said = _said(prompts, caller)
        digits = await ask(said, digits=node.max_digits, timeout_s=node.timeout_s, terminator=node.terminator)
        if len(digits) >= node.min_digits and not (node.among and set(digits) - set(node.among)):
            if not node.secret:
                caller.values[node.into] = digits
            caller.note(node.into, digits, secret=node.secret)
            return node.next
        prompts = (node.invalid if digits else node.timeout, *node.prompts)
    return node.failure


async def _authenticate(node: Authenticate, caller: Caller) -> str:
    if caller.values.get("verified"):
        return node.next
    prompts: Sequence[str] = node.account
    for _ in range(node.tries):
        said = _said(prompts, caller)
        account = await caller.ask(said, digits=node.max_digits, timeout_s=node.timeout_s)
        pin = await caller.ask_secret(_said(node.pin, caller), digits=node.pin_digits, timeout_s=node.timeout_s)
        try:
            if await caller.authenticate(account, pin):
                caller.values.update(account=account, verified="yes")
                return node.next
        except NotNow:
            return node.down
        prompts = (node.refused if account and pin else node.timeout, *node.account)
    return node.failure


async def _enquire(node: Enquire, caller: Caller) -> str:
    try:
        caller.values.update(await caller.enquire(node.ask, _said(node.prompts, caller)))
    except NoSuch:
        return node.unknown
    except NotNow:
        return node.down
    return node.next


async def _each(node: Each, caller: Caller) -> str:
    said = [
        piece
        for one in list(caller.values.get(node.of, ()))[: node.most]
        for piece in _said(node.prompts, caller, **one)
    ]
    await caller.play(*said, barge_in=True)
    return node.next


async def _look_up(node: LookUp, caller: Caller) -> str:
    customer = await caller.look_up()
    if customer is None:
        return node.unknown
    caller.values["tier"] = str(customer.get("tier", ""))
    return node.found
