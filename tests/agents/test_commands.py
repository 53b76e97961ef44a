import asyncio
from typing import get_args

import pytest
from pydantic import ValidationError

from agents.commands import COMMANDS, KEPT, SUPERVISION
from agents.wire import AnyCommand, Plain, SetStatus, StatusArgs, client_messages
from tests.agents.fakes import House


def command(name: str, key: str = "key-0001") -> Plain:
    return Plain.model_validate({"key": key, "name": name})


async def test_each_command_is_carried_out_once_however_often_it_is_sent() -> None:
    house = House()
    house.floor.move("1001", activity="talking")
    commands = house.commands
    together = await asyncio.gather(*(commands.run("1001", command("hold")) for _ in range(5)))
    again = await commands.run("1001", command("hold"))
    assert house.floor.done == ["hold"]
    assert all(answer.ok for answer in [*together, again])


async def test_a_key_is_remembered_for_ten_minutes_and_then_forgotten() -> None:
    house = House()
    commands = house.commands
    ready: AnyCommand = SetStatus(key="key-0001", args=StatusArgs(status="ready"))
    await commands.run("1001", ready)
    house.clock.forward(599)
    await commands.run("1001", ready)
    assert len(house.floor.done) == 1
    house.clock.forward(2)
    await commands.run("1001", ready)
    assert len(house.floor.done) == 2


async def test_a_command_that_is_still_running_is_never_forgotten() -> None:
    house = House()
    house.floor.move("1001", activity="talking")
    house.floor.quick.clear()
    commands = house.commands
    first = asyncio.create_task(commands.run("1001", command("hold", "key-slow")))
    await asyncio.sleep(0)
    for number in range(KEPT + 1):
        await commands.run("1001", SetStatus(key=f"key-{number:04}", args=StatusArgs(status="ready")))
    again = asyncio.create_task(commands.run("1001", command("hold", "key-slow")))
    house.floor.quick.set()
    assert (await first).ok
    assert (await again).ok
    assert house.floor.done.count("hold") == 1


async def test_a_refusal_is_answered_with_its_reason_and_remembered() -> None:
    house = House()
    commands = house.commands
    first = await commands.run("1001", command("hold"))
    house.floor.move("1001", activity="talking")
    again = await commands.run("1001", command("hold"))
    assert first.error is not None
    assert first.error.code == "no_call"
    assert again.error == first.error
    assert house.floor.done == []


async def test_a_key_belongs_to_one_command() -> None:
    house = House()
    commands = house.commands
    await commands.run("1001", SetStatus(key="key-0001", args=StatusArgs(status="ready")))
    answer = await commands.run("1001", command("hold"))
    assert answer.error is not None
    assert answer.error.code == "key_reused"


async def test_two_agents_may_choose_the_same_key() -> None:
    house = House()
    commands = house.commands
    ready: AnyCommand = SetStatus(key="key-0001", args=StatusArgs(status="ready"))
    assert (await commands.run("1001", ready)).ok
    assert (await commands.run("1002", ready)).ok
    assert len(house.floor.done) == 2


async def test_a_fault_of_ours_is_answered_and_not_told_in_detail() -> None:
    house = House()
    house.floor.broken = True
    answer = await house.commands.run("1001", command("hold"))
    assert answer.error is not None
    assert answer.error.code == "failed"
    assert "fire" not in answer.error.message


def test_every_command_on_the_wire_has_its_handler() -> None:
    names = {one for kind in get_args(AnyCommand) for one in get_args(kind.model_fields["name"].annotation)}
    assert names == set(COMMANDS) | set(SUPERVISION)


@pytest.mark.parametrize(
    "args",
    [
        '{"status":"not_ready"}',
        '{"status":"ready","reason":"break"}',
        '{"status":"not_ready","reason":"rona"}',
        '{"status":"logged_out"}',
        '{"status":"ready","more":1}',
    ],
)
def test_a_status_no_agent_may_choose_is_refused(args: str) -> None:
    text = f'{{"type":"command","key":"key-0001","name":"set_status","args":{args}}}'
    with pytest.raises(ValidationError):
        client_messages.validate_json(text)


def test_a_chosen_status_is_understood() -> None:
    text = '{"type":"command","key":"key-0001","name":"set_status","args":{"status":"not_ready","reason":"lunch"}}'
    message = client_messages.validate_json(text)
    assert isinstance(message, SetStatus)
    assert message.args.reason == "lunch"
