"""A channel's conversation takes only the answers to its own commands."""

from __future__ import annotations

import asyncio

from cti.asterisk.agi import AgiConversation, AgiResult
from cti.asterisk.commands import Command
from cti.asterisk.messages import AsyncAgiExec, Response

CHANNEL = "zongji-1.1"


class Wire:
    """Takes commands; `ids` are their CommandIDs."""

    def __init__(self) -> None:
        self.ids: list[str] = []

    def send(self, command: Command) -> asyncio.Future[Response]:
        self.ids.append(dict(command.fields)["CommandID"])
        return asyncio.get_running_loop().create_future()


async def test_an_answer_to_a_server_that_was_killed_is_not_taken_for_ours() -> None:
    killed, ours = Wire(), Wire()
    left = asyncio.create_task(AgiConversation(killed.send, CHANNEL).command("ANSWER", 5.0))
    conversation = AgiConversation(ours.send, CHANNEL)
    asked = asyncio.create_task(conversation.command("ANSWER", 5.0))
    await asyncio.sleep(0)
    left.cancel()

    conversation.on_exec(AsyncAgiExec(CHANNEL, killed.ids[0], 200, "-1", ""))
    conversation.on_exec(AsyncAgiExec(CHANNEL, ours.ids[0], 200, "0", ""))

    assert await asked == AgiResult(200, "0", "")
    assert killed.ids[0].rpartition("-")[0] != ours.ids[0].rpartition("-")[0]
