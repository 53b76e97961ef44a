"""Events reach a real broker, also one that was away."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiomqtt
import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from cti import events
from cti.bus import Bus
from cti.listeners.mqtt import MqttListener
from cti.settings import MqttSettings
from tests.listeners.conftest import PASSWORD, USER, Broker, reader, until

pytestmark = pytest.mark.mosquitto
ROOT = "zongji/v1/main"
READY: dict[str, Any] = {"status": "ready", "activity": "idle"}
OURSELVES = """
import asyncio, sys, time
from cti.listeners.mqtt import MqttListener
from cti.settings import MqttSettings

async def main():
    async with MqttListener(MqttSettings(host="127.0.0.1", port=int(sys.argv[1])), [], time.time).running():
        await asyncio.sleep(60)

asyncio.run(main())
"""


class Gated(MqttListener):
    """Attempts are counted, and wait while the gate is shut, so that a reader can be there first."""

    def __init__(self, settings: MqttSettings) -> None:
        super().__init__(settings, ["trading"], time.time, retry_s=(0.02, 0.1))
        self.attempts = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def _client(self) -> aiomqtt.Client:
        self.attempts += 1
        await self.gate.wait()
        return await super()._client()


class House:
    """A bus with the listener on it, as the server has them."""

    def __init__(self, broker: Broker, **settings: Any) -> None:
        self.bus = Bus()
        self.mqtt = Gated(MqttSettings(host="127.0.0.1", port=broker.port, **settings))
        self.mqtt.listen(self.bus)

    def step(self, *numbers: int) -> None:
        for number in numbers:
            self.bus.publish(events.MenuStepped(at=time.time(), call_id="c1", node=str(number), menu="broker"))


@asynccontextmanager
async def running(broker: Broker, **settings: Any) -> AsyncIterator[House]:
    house = House(broker, **settings)
    async with house.mqtt.running():
        await until(lambda: house.mqtt.up)
        yield house


async def test_events_arrive_where_they_belong_in_order(broker: Broker) -> None:
    async with reader(broker) as heard, running(broker) as house:
        house.step(*range(500))
        house.bus.publish(events.AgentMoved(at=time.time(), agent_id="1001", call_id="c1", **READY))
        await until(lambda: heard.on(f"{ROOT}/agent/1001/state"))
        assert heard.numbers() == list(range(500))
        assert len(heard.on(f"{ROOT}/call/c1/menu_stepped")) == 500
        assert all(payload["v"] == 1 and payload["at"].endswith("Z") for _, payload, _ in heard.heard)
        assert heard.on(f"{ROOT}/server/status")[-1]["state"] == "online"


async def test_who_comes_late_finds_the_state_and_not_the_events(broker: Broker) -> None:
    async with running(broker) as house:
        house.step(1)
        for activity in ("offered", "talking"):
            moved = events.AgentMoved(at=time.time(), agent_id="1001", status="ready", activity=activity)
            house.bus.publish(moved)
        await until(lambda: house.mqtt.waiting == 0)
        async with reader(broker) as heard:
            await until(lambda: len({topic for topic, _, _ in heard.heard}) == 3)
            assert heard.on(f"{ROOT}/agent/1001/state")[0]["activity"] == "talking"
            assert heard.on(f"{ROOT}/queue/trading/state")[0]["waiting"] == 0
            assert heard.on(f"{ROOT}/server/status")[0]["state"] == "online"
            assert all(retained for _, _, retained in heard.heard)


async def test_what_happened_while_the_broker_was_away_is_told_in_order(broker: Broker) -> None:
    async with running(broker) as house:
        house.bus.publish(events.AgentMoved(at=time.time(), agent_id="1001", **READY))
        house.step(0)
        await until(lambda: house.mqtt.waiting == 0)
        house.mqtt.gate.clear()
        await broker.kill()
        await until(lambda: not house.mqtt.up)
        house.step(*range(1, 100))
        check = house.mqtt.check()
        assert (check.ok, check.needed) == (False, False)
        assert "99 wait, 0 dropped" in check.detail
        await broker.start()
        async with reader(broker) as heard:
            house.mqtt.gate.set()
            await until(lambda: len(heard.numbers()) == 99)
            assert heard.numbers() == list(range(1, 100))
            # This broker forgot what it had retained: it was told anew.
            await until(lambda: heard.on(f"{ROOT}/agent/1001/state"))
        assert (house.mqtt.check().ok, house.mqtt.connections, house.mqtt.dropped) == (True, 2, 0)


async def test_what_was_under_way_when_the_broker_died_is_not_lost(broker: Broker) -> None:
    async with running(broker) as house:
        house.mqtt.gate.clear()
        assert broker.process is not None
        broker.process.send_signal(signal.SIGSTOP)
        house.step(*range(60))
        await until(lambda: house.mqtt.waiting == 60 and house.mqtt._sending)
        await broker.kill()
        await broker.start()
        async with reader(broker) as heard:
            house.mqtt.gate.set()
            await until(lambda: len(heard.numbers()) == 60)
            assert heard.numbers() == list(range(60))


async def test_away_for_long_the_oldest_events_are_dropped_and_counted(broker: Broker) -> None:
    house = House(broker, outbox=20)
    house.bus.publish(events.AgentMoved(at=time.time(), agent_id="1001", **READY))
    house.step(*range(100))
    assert (house.mqtt.waiting, house.mqtt.dropped) == (20, 82)
    async with reader(broker) as heard, house.mqtt.running():
        await until(lambda: heard.on(f"{ROOT}/agent/1001/state") and len(heard.numbers()) >= 18)
        assert heard.numbers() == list(range(82, 100))


async def test_a_wrong_password_is_one_clear_line_and_the_house_goes_on(broker: Broker) -> None:
    await broker.kill()
    broker.write_config(open_to_all=False)
    await broker.start()
    house = House(broker, username=USER, password=SecretStr("wrong horse"))
    with capture_logs() as lines:
        async with house.mqtt.running():
            await until(lambda: house.mqtt.attempts >= 4)
            house.step(1)
    warnings = [line for line in lines if line["log_level"] == "warning"]
    assert len(warnings) == 1
    assert "authori" in warnings[0]["reason"].lower() or "password" in warnings[0]["reason"].lower()
    assert "wrong horse" not in str(lines)
    async with reader(broker) as heard, running(broker, username=USER, password=SecretStr(PASSWORD)) as right:
        right.step(1)
        await until(lambda: heard.numbers() == [1])


async def test_a_house_that_ends_says_goodbye_after_its_last_event(broker: Broker) -> None:
    async with reader(broker) as heard:
        async with running(broker) as house:
            house.step(*range(30))
        await until(lambda: len(heard.numbers()) == 30)
        assert [told["state"] for told in heard.on(f"{ROOT}/server/status")] == ["online", "offline"]
        assert heard.heard[-1][0] == f"{ROOT}/server/status"


async def test_a_house_that_is_killed_leaves_its_last_will(broker: Broker) -> None:
    async with reader(broker, f"{ROOT}/server/status") as heard:
        killed = await asyncio.create_subprocess_exec(sys.executable, "-c", OURSELVES, str(broker.port))
        try:
            await until(lambda: [told["state"] for _, told, _ in heard.heard] == ["online"])
        finally:
            os.kill(killed.pid, signal.SIGKILL)
            await killed.wait()
        await until(lambda: [told["state"] for _, told, _ in heard.heard] == ["online", "offline"])
    async with reader(broker, f"{ROOT}/server/status") as late:
        await until(lambda: late.heard)
        assert late.heard[0][1]["state"] == "offline"
