"""An agent's commands: each done once however often it is sent, each answered."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable

import structlog

from agents.ports import CallControl, Refused
from agents.wire import Answer, Command, Problem, SetStatus

log = structlog.get_logger(__name__)
KEPT = 200
AT_ONCE = 8


async def _set_status(control: CallControl, agent_id: str, command: Command) -> None:
    if isinstance(command, SetStatus):
        await control.set_status(agent_id, command.args.status, command.args.reason)


COMMANDS: dict[str, Callable[[CallControl, str, Command], Awaitable[None]]] = {
    "set_status": _set_status,
    "answer": lambda control, agent_id, _: control.answer(agent_id),
    "hang_up": lambda control, agent_id, _: control.hang_up(agent_id),
    "hold": lambda control, agent_id, _: control.hold(agent_id),
    "resume": lambda control, agent_id, _: control.resume(agent_id),
    "finish_wrap_up": lambda control, agent_id, _: control.finish_wrap_up(agent_id),
}


class Commands:
    """Carries out commands in tasks of their own: a page that goes away does not leave one half done."""

    def __init__(self, control: CallControl, clock: Callable[[], float]) -> None:
        self._control, self._clock = control, clock
        self._done: dict[str, OrderedDict[str, tuple[Command, asyncio.Task[Problem | None]]]] = {}

    async def run(self, agent_id: str, command: Command) -> Answer:
        """The answer; the same one again for a command sent again under its key."""
        kept = self._done.setdefault(agent_id, OrderedDict())
        known = kept.get(command.key)
        if known is None:
            if sum(not task.done() for _, task in kept.values()) >= AT_ONCE:
                return self._answer(command, Problem(code="too_many", message="too many commands at once"))
            known = command, asyncio.create_task(self._carry_out(agent_id, command))
            kept[command.key] = known
            while len(kept) > KEPT:
                kept.popitem(last=False)
        elif known[0] != command:
            return self._answer(command, Problem(code="key_reused", message="this key belongs to another command"))
        return self._answer(command, await asyncio.shield(known[1]))

    def _answer(self, command: Command, error: Problem | None) -> Answer:
        return Answer(at=self._clock(), key=command.key, ok=error is None, error=error)

    async def _carry_out(self, agent_id: str, command: Command) -> Problem | None:
        try:
            await COMMANDS[command.name](self._control, agent_id, command)
        except Refused as refused:
            return Problem(code=refused.reason, message=refused.message)
        except Exception:
            log.exception("command failed", agent=agent_id, command=command.name)
            return Problem(code="failed", message="the server could not do this; try again")
        return None
