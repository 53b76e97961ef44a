"""An agent's commands: each done once however often it is sent, each answered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from agents.ports import CallControl, Refused
from agents.wire import Answer, Command, Problem, SetStatus

log = structlog.get_logger(__name__)
KEPT = 200
KEPT_S = 600.0
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


@dataclass(frozen=True, slots=True)
class _Known:
    command: Command
    at: float
    task: asyncio.Task[Problem | None]


class Commands:
    """Carries out commands in tasks of their own: a page that goes away does not leave one half done.

    A key is remembered while its command runs, then for ten minutes or until 200 newer ones of its agent.
    """

    def __init__(self, control: CallControl, clock: Callable[[], float]) -> None:
        self._control, self._clock = control, clock
        self._known: dict[str, dict[str, _Known]] = {}  # oldest first

    async def run(self, agent_id: str, command: Command) -> Answer:
        """The answer; the same one again for a command sent again under its key."""
        kept = self._known[agent_id] = self._worth_keeping(agent_id)
        known = kept.get(command.key)
        if known is None:
            if sum(not one.task.done() for one in kept.values()) >= AT_ONCE:
                return self._answer(command, Problem(code="too_many", message="too many commands at once"))
            task = asyncio.create_task(self._carry_out(agent_id, command))
            known = kept[command.key] = _Known(command, self._clock(), task)
        elif known.command != command:
            return self._answer(command, Problem(code="key_reused", message="this key belongs to another command"))
        return self._answer(command, await asyncio.shield(known.task))

    def _worth_keeping(self, agent_id: str) -> dict[str, _Known]:
        kept = self._known.get(agent_id, {})
        newest, since = set(list(kept)[-KEPT:]), self._clock() - KEPT_S
        return {key: one for key, one in kept.items() if not one.task.done() or (key in newest and one.at > since)}

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
