"""Record what our server and a real Asterisk say to each other: `python -m tests.ami.record`, after `make setup`.

Real telephones do what a story says; a tap in the link's protocol writes both directions to tests/ami/*.txt, without
secrets, heartbeats and changes of device state.
"""

from __future__ import annotations

import asyncio
import re
import sys
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest.mock import patch

from cti.asterisk import commands, link
from cti.asterisk.link import ActionRefused, Link, LinkRefused
from cti.calls import Dialling
from cti.phones import Phone
from tests.ami.tape import DEED, FOLDER, OURS, THEIRS, Said, fields_of, write
from tests.live.conftest import House, running_house

NOISE = {"DeviceStateChange", "ContactStatus", "MixMonitorStart", "MixMonitorStop"}
tape: list[Said] = []


class Tapped(link._Protocol):
    """The link's own protocol with a second pair of ears."""

    def __init__(self, owner: Link) -> None:
        super().__init__(owner)
        self._heard = bytearray()

    def data_received(self, data: bytes) -> None:
        self._heard += data
        if self._heard.startswith(b"Asterisk Call Manager"):
            banner, _, rest = bytes(self._heard).partition(b"\r\n")
            tape.append(Said(THEIRS, ((banner.decode(), ""),)))
            self._heard = bytearray(rest)
        *blocks, rest = bytes(self._heard).split(b"\r\n\r\n")
        self._heard = bytearray(rest)
        tape.extend(Said(THEIRS, fields_of(block.decode())) for block in blocks)
        super().data_received(data)

    def write(self, data: bytes) -> None:
        tape.append(Said(OURS, fields_of(data.decode())))
        super().write(data)


def deed(text: str) -> None:
    tape.append(Said(DEED, ((text, ""),)))


def cleaned(folder: str) -> list[Said]:
    """What is worth keeping, with the secret and the temporary folder taken out."""
    beats = {one.get("ActionID") for one in tape if one.get("Variable") == "CTI_ALIVE"}
    kept = [one for one in tape if one.get("ActionID") not in beats or one.get("ActionID") == ""]
    kept = [one for one in kept if one.name not in NOISE or one.get("ActionID")]
    return [Said(one.who, tuple((name, _clean(name, value, folder)) for name, value in one.block)) for one in kept]


def _clean(name: str, value: str, folder: str) -> str:
    if name == "Secret":
        return "hidden"
    return re.sub(r"(agi_threadid%3A%20)\d+", r"\g<1>1", value.replace(folder, "/house"))


async def arrives(house: House, name: str = "") -> tuple[Phone, str]:
    """A caller at the language menu."""
    before = set(house.server.calls.calls)
    deed("the caller arrives")
    caller = await house.caller("13800000001", name)
    (call_id,) = set(house.server.calls.calls) - before
    await house.until("menu_stepped", node="language", call_id=call_id)
    return caller, call_id


async def presses(caller: Phone, key: str) -> None:
    deed(f"the caller presses {key}")
    await caller.press(key)


async def queued(house: House, name: str = "") -> tuple[Phone, str]:
    caller, call_id = await arrives(house, name)
    await presses(caller, "1")
    await house.until("menu_stepped", node="main", call_id=call_id)
    await presses(caller, "2")
    await house.until("call_queued", call_id=call_id)
    return caller, call_id


async def ended(house: House, call_id: str) -> None:
    await house.until("call_ended", call_id=call_id, deadline_s=30)
    await asyncio.sleep(1.5)


async def hangs_up(house: House, who: str, phone: Phone, call_id: str) -> None:
    deed(f"the {who} hangs up")
    phone.hang_up()
    await ended(house, call_id)


async def talking(house: House, agent: Phone, name: str = "") -> tuple[Phone, str]:
    before = len(agent.events)
    caller, call_id = await queued(house, name)
    await agent.wait_for("CALL_INCOMING", since=before)
    await asyncio.sleep(0.3)
    deed("the agent answers")
    agent.accept()
    await house.until("agent_connected", call_id=call_id)
    await asyncio.sleep(0.5)
    return caller, call_id


async def served_caller_hangs_up(house: House, agent: Phone) -> None:
    """A Chinese caller through menu and queue to an agent; the caller hangs up."""
    caller, call_id = await talking(house, agent, "张三丰")
    await hangs_up(house, "caller", caller, call_id)


async def served_agent_hangs_up(house: House, agent: Phone) -> None:
    """The agent hangs up first; the caller hears goodbye."""
    _, call_id = await talking(house, agent)
    await hangs_up(house, "agent", agent, call_id)


async def hold_and_resume(house: House, agent: Phone) -> None:
    """The agent holds the caller and comes back."""
    caller, call_id = await talking(house, agent)
    await house.server.control.hold("1004")
    await asyncio.sleep(0.5)
    await house.server.link.rows(commands.Bridges())
    await house.server.control.resume("1004")
    await asyncio.sleep(0.5)
    await hangs_up(house, "caller", caller, call_id)


async def hang_up_in_menu(house: House, _: Phone) -> None:
    """The caller hangs up while the menu speaks."""
    caller, call_id = await arrives(house)
    await hangs_up(house, "caller", caller, call_id)


async def hang_up_in_queue(house: House, _: Phone) -> None:
    """Nobody is ready; the caller waits with music and hangs up."""
    await house.server.floor.set_status("1004", "not_ready", "break")
    caller, call_id = await queued(house)
    await asyncio.sleep(1.0)
    await hangs_up(house, "caller", caller, call_id)
    await house.server.floor.set_status("1004", "ready", None)


async def hang_up_while_ringing(house: House, agent: Phone) -> None:
    """The caller hangs up while the agent's phone rings."""
    before = len(agent.events)
    caller, call_id = await queued(house)
    await agent.wait_for("CALL_INCOMING", since=before)
    await asyncio.sleep(0.3)
    await hangs_up(house, "caller", caller, call_id)


async def agent_no_answer(house: House, agent: Phone) -> None:
    """The agent's phone rings until the offer's time is over."""
    caller, call_id = await queued(house)
    await house.until("offer_ended", call_id=call_id)
    await asyncio.sleep(1.0)
    await hangs_up(house, "caller", caller, call_id)
    await house.server.floor.set_status("1004", "ready", None)


async def agent_busy(house: House, agent: Phone) -> None:
    """The agent's phone refuses with 486."""
    before = len(agent.events)
    caller, call_id = await queued(house)
    await agent.wait_for("CALL_INCOMING", since=before)
    await asyncio.sleep(0.3)
    await house.server.floor.set_status("1004", "not_ready", "break")
    deed("the agent refuses")
    agent.hang_up()
    await house.until("offer_ended", call_id=call_id)
    await asyncio.sleep(1.0)
    await hangs_up(house, "caller", caller, call_id)
    await house.server.floor.set_status("1004", "ready", None)


async def phone_away(house: House, _: Phone) -> None:
    """A phone that is not registered is dialled."""
    leg = await house.server.calls.dial("agent1003", Dialling(5.0, caller_number="13800000001"))
    await leg.gone
    await asyncio.sleep(1.0)


async def refusals(house: House, _: Phone) -> None:
    """What Asterisk says of channels that are not there, and of one that is."""
    await house.server.floor.set_status("1004", "not_ready", "break")
    caller, call_id = await queued(house)
    await asyncio.sleep(1.0)
    here = house.server.calls.calls[call_id].leg.uniqueid
    for command in (
        commands.Hangup("nobody-1.1", 16),
        commands.Agi("nobody-1.1", commands.noop(), "agi-nobody"),
        commands.Redirect("nobody-1.1", "legs", "leg", 1),
        commands.Setvar("nobody-1.1", "CTI_CALL", "x"),
        commands.ControlPlayback("nobody-1.1", "stop"),
        commands.ControlPlayback(here, "stop"),
        commands.Status(),
        commands.Ping(),
        commands._action("Command", ("Command", "core show version")),
    ):
        with suppress(ActionRefused):
            await house.server.link.action(command)
    await asyncio.sleep(0.5)
    await hangs_up(house, "caller", caller, call_id)
    await house.server.floor.set_status("1004", "ready", None)


STORIES: tuple[Callable[[House, Phone], Awaitable[None]], ...] = (
    served_caller_hangs_up, served_agent_hangs_up, hold_and_resume, hang_up_in_menu, hang_up_in_queue,
    hang_up_while_ringing, agent_busy, phone_away, refusals, agent_no_answer,
)  # fmt: skip


async def _wrong_secret(house: House) -> None:
    wrong = Link(
        host="127.0.0.1", port=house.server.settings.asterisk.ami_port, user="zongji", secret="wrong",
        on_message=lambda _: None,
    )  # fmt: skip
    with suppress(LinkRefused):
        await wrong.start()


async def main(wanted: set[str]) -> None:
    with tempfile.TemporaryDirectory(prefix="zj") as folder, patch.object(link, "_Protocol", Tapped):

        def keep(name: str, doc: Any) -> None:
            if not wanted or name in wanted:
                write(FOLDER / f"{name}.txt", str(doc).strip(), cleaned(folder))
            tape.clear()

        async with running_house(Path(folder)) as house:
            _, agent = await house.agent("1004", auto_answer=False)
            keep("log_in", "Logged in and booted: what is alive, and the state of each device.")
            await _wrong_secret(house)
            keep("log_in_refused", "A wrong secret.")
            for story in STORIES:
                await house.holds(lambda: house.server.acd.state_of("1004").available)
                tape.clear()
                print(story.__name__, flush=True)  # noqa: T201
                await story(house, agent)
                keep(story.__name__, story.__doc__)


if __name__ == "__main__":
    asyncio.run(main(set(sys.argv[1:])))
