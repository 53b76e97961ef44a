"""What must stay shut: callers without the right word, and every way from the manager to a shell."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cti.phones import Account, phone
from tests.live.conftest import PASSWORD, House

pytestmark = pytest.mark.live

STRANGERS = [
    Account("caller", "wrong", register=False),
    Account("caller", "", register=False),
    Account("nobody", PASSWORD, register=False),
    Account("agent1001", "wrong", register=False),
    Account("agent1001", PASSWORD, register=False),  # agents are called, they do not call in as callers
]
ABSENT = {
    "not registered": [f"core show application {one}" for one in ("System", "TrySystem", "ExternalIVR", "Originate")],
    "No function by that name": [f"core show function {one}" for one in ("SHELL", "CURL", "ENV", "FILE")],
    "0 modules loaded": [
        f"module show like {one}" for one in ("app_system", "app_externalivr", "func_shell", "func_curl", "pbx_spool")
    ],
}
REFUSED: dict[str, dict[str, str]] = {
    "Command": {"Command": "core show version"},
    "UpdateConfig": {"SrcFilename": "manager.conf", "DstFilename": "manager.conf"},
    "GetConfig": {"Filename": "manager.conf"},
    "ModuleLoad": {"Module": "app_system.so", "LoadType": "load"},
    "Originate": {"Channel": "Local/leg@legs", "Application": "System", "Data": "touch {file}", "Async": "true"},
    "Reload": {},
}


async def test_callers_without_the_right_word_are_refused(house: House) -> None:
    for account in STRANGERS:
        async with phone(house.sip, [account]) as stranger:
            stranger.dial(f"sip:8000@{house.sip}")
            closed = await stranger.wait_for("CALL_CLOSED")
        assert closed.fields["param"][:3] in {"401", "403", "603"} | {"500", "503"}, (account.user, closed.fields)

    assert not house.told("call_arrived", "call_id")


async def test_what_gives_a_shell_is_not_loaded(house: House) -> None:
    found = {
        command: answer
        for words, commands in ABSENT.items()
        for command in commands
        if words not in (answer := await house.pbx.console(command))
    }

    assert found == {}


async def test_our_manager_user_can_do_nothing_but_calls(house: House, tmp_path: Path) -> None:
    file = tmp_path / "made-by-a-shell"
    house.foreseen.append("Could not find application")
    caller = await house.queued()
    [leg] = house.server.calls.legs
    async with _manager(house) as manager:
        answers = {
            action: await manager.ask(action, **{key: value.format(file=file) for key, value in fields.items()})
            for action, fields in REFUSED.items()
        }
        await manager.ask("AGI", Channel=leg, Command=f'EXEC System "touch {file}"', CommandID="shell")
        await manager.ask("AGI", Channel=leg, Command=f'EXEC TrySystem "touch {file}"', CommandID="shell")
        await manager.ask("Setvar", Channel=leg, Variable="X", Value=f"${{SHELL(touch {file})}}")
    caller.hang_up()
    await house.until("call_ended")

    assert {action: answer for action, answer in answers.items() if "Response: Error" not in answer} == {}
    assert not file.exists()


class Manager:
    """A manager session of our own user that may say anything."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def ask(self, action: str, **fields: str) -> str:
        lines = {"Action": action, **fields}
        self._writer.write(("".join(f"{name}: {value}\r\n" for name, value in lines.items()) + "\r\n").encode())
        async with asyncio.timeout(5):
            while "Response:" not in (block := (await self._reader.readuntil(b"\r\n\r\n")).decode()):
                pass
        return block


@asynccontextmanager
async def _manager(house: House) -> AsyncIterator[Manager]:
    reader, writer = await asyncio.open_connection("127.0.0.1", house.server.settings.asterisk.ami_port)
    try:
        manager = Manager(reader, writer)
        await reader.readline()
        assert "Success" in await manager.ask("Login", Username="zongji", Secret=PASSWORD, Events="off")
        yield manager
    finally:
        writer.close()
        await writer.wait_closed()
