"""An agent's commands: each done once however often it is sent, each answered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import structlog

from agents.ports import Control, Refused, Supervision
from agents.wire import Answer, AnyCommand, Problem

log = structlog.get_logger(__name__)
KEPT = 200
KEPT_S = 600.0
AT_ONCE = 8


# How each is carried out: by whom, for which agent, with which arguments.
COMMANDS: dict[str, Callable[[Control, str, Any], Awaitable[None]]] = {
    "set_status": lambda to, agent, args: to.own.set_status(agent, args.status, args.reason),
    "finish_wrap_up": lambda to, agent, _: to.write_ups.finish_wrap_up(agent),
    "extend_wrap_up": lambda to, agent, _: to.write_ups.extend_wrap_up(agent),
    "write_up": lambda to, agent, args: to.write_ups.write_up(agent, args.call_id, args.disposition, args.note),
    "answer": lambda to, agent, _: to.calls.answer(agent),
    "hang_up": lambda to, agent, _: to.calls.hang_up(agent),
    "hold": lambda to, agent, _: to.calls.hold(agent),
    "resume": lambda to, agent, _: to.calls.resume(agent),
    "transfer": lambda to, agent, args: to.calls.transfer(agent, args.to.kind, args.to.id),
    "consult": lambda to, agent, args: to.calls.consult(agent, args.to.kind, args.to.id),
    "swap": lambda to, agent, _: to.calls.swap(agent),
    "complete": lambda to, agent, _: to.calls.complete(agent),
    "conference": lambda to, agent, _: to.calls.conference(agent),
    "drop_other": lambda to, agent, _: to.calls.drop_other(agent),
    "mute": lambda to, agent, args: to.calls.mute(agent, args.on),
    "send_digits": lambda to, agent, args: to.calls.send_digits(agent, args.digits),
    "dial": lambda to, agent, args: to.calls.dial(agent, args.number, args.show_as),
}


# The same for supervisors: what they do to others. Nobody else may.
SUPERVISION: dict[str, Callable[[Supervision, str, Any], Awaitable[None]]] = {
    "listen": lambda to, who, args: to.spying.listen(who, args.agent_id),
    "spy_mode": lambda to, who, args: to.spying.spy_mode(who, args.mode),
    "stop_listening": lambda to, who, _: to.spying.stop_listening(who),
    "take_over": lambda to, who, _: to.spying.take_over(who),
    "force_status": lambda to, who, args: to.force_status(who, args.agent_id, args.status, args.reason),
    "force_log_out": lambda to, who, args: to.force_log_out(who, args.agent_id),
    "set_skills": lambda to, who, args: to.set_skills(who, args.agent_id, args.skills),
    "set_queues": lambda to, who, args: to.set_queues(who, args.agent_id, args.queues),
    "raise_priority": lambda to, who, args: to.raise_priority(who, args.call_id, args.by),
    "message": lambda to, who, args: to.message(who, args.to, args.text),
}
FORBIDDEN = Problem(code="forbidden", message="only supervisors may do this")


@dataclass(frozen=True, slots=True)
class _Known:
    command: AnyCommand
    at: float
    task: asyncio.Task[Problem | None]


class Commands:
    """Carries out commands in tasks of their own: a page that goes away does not leave one half done.

    A key is remembered while its command runs, then for ten minutes or until 200 newer ones of its agent.
    """

    def __init__(
        self, control: Control, clock: Callable[[], float], end_sessions: Callable[[str], Awaitable[None]]
    ) -> None:
        self._control, self._clock, self._end_sessions = control, clock, end_sessions
        self._known: dict[str, dict[str, _Known]] = {}  # oldest first

    async def run(self, agent_id: str, command: AnyCommand, *, sees_all: bool = False) -> Answer:
        """The answer; the same one again for a command sent again under its key. `sees_all`: a supervisor asks."""
        if command.name in SUPERVISION and not sees_all:
            return self._answer(command, FORBIDDEN)
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

    def _answer(self, command: AnyCommand, error: Problem | None) -> Answer:
        return Answer(at=self._clock(), key=command.key, ok=error is None, error=error)

    async def _carry_out(self, agent_id: str, command: AnyCommand) -> Problem | None:
        try:
            if command.name in SUPERVISION:
                await SUPERVISION[command.name](self._control.supervision, agent_id, command.args)
            else:
                await COMMANDS[command.name](self._control, agent_id, command.args)
            if command.name == "force_log_out":  # else the page would log in again at once
                await self._end_sessions(command.args.agent_id)
        except Refused as refused:
            return Problem(code=refused.reason, message=refused.message)
        except Exception:
            log.exception("command failed", agent=agent_id, command=command.name)
            return Problem(code="failed", message="the server could not do this; try again")
        return None
