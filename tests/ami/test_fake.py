"""The fake says what Asterisk 22.10.1 said: recorded actions and deeds are played to it, the answers compared."""

from __future__ import annotations

import asyncio
from collections import defaultdict

import pytest

from tests.ami import tape
from tests.ami.fake import RECORDINGS, Channel, FakeAsterisk, Key, fake_asterisk, key_of
from tests.ami.tape import DEED, OURS, THEIRS, Said

STORIES = [name for name in RECORDINGS if not name.startswith("log_in")]
Heard = dict[str, list[Key]]


def _by_subject(said: list[Said]) -> Heard:
    """Answers by their action, events by their channel: between these Asterisk's threads keep no order."""
    heard: Heard = defaultdict(list)
    asked = {one.get(name): one for one in said if one.who == OURS for name in ("ActionID", "CommandID")}
    for one in said:
        if one.who == THEIRS and not one.name.startswith("Asterisk"):
            key = key_of(one, asked)
            heard[one.get("ActionID") or one.get("Uniqueid")].append(key)
    return {subject: keys for subject, keys in heard.items() if subject}


class Player:
    """Our side of a recording, and the people's."""

    def __init__(self, fake: FakeAsterisk, said: list[Said]) -> None:
        self._fake, self._said = fake, said
        self._heard: list[Said] = []
        self._names: dict[str, str] = {}
        self._caller: Channel | None = None

    async def play(self) -> list[Said]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._fake.port)
        await reader.readline()
        login = (("Action", "Login"), ("ActionID", "in"), ("Secret", self._fake.secret))
        writer.write(tape.bytes_of(login))
        for _ in range(2):
            await reader.readuntil(b"\r\n\r\n")
        reading = asyncio.create_task(self._read(reader))
        for one in self._said:
            if one.who == OURS:
                writer.write(tape.bytes_of(self._with_its_name(one)))
            elif one.who == DEED:
                self._do(one.name)
            await self._settled(one)
        writer.close()
        await reading
        return self._heard

    def _with_its_name(self, one: Said) -> tape.Block:
        """A Redirect into a talk names the agent's channel, which is the fake's own here."""
        agent = self._fake.agent_leg()
        joins = one.get("Context") == "talks" and agent is not None
        return tuple((n, agent.name if joins and agent and n == "Exten" else v) for n, v in one.block)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while data := await reader.read(65536):
            for block in data.decode().split("\r\n\r\n"):
                if block:
                    self._heard.append(Said(THEIRS, tape.fields_of(block)))

    async def _settled(self, one: Said) -> None:
        """Until the fake has taken what was said and has nothing more to say."""
        async with asyncio.timeout(5):
            while one.who == OURS and not self._taken(one):  # noqa: ASYNC110 - the other end of a socket
                await asyncio.sleep(0)
        for _ in range(8):
            await asyncio.sleep(0)

    def _taken(self, one: Said) -> bool:
        return any(taken.get("ActionID") == one.get("ActionID") for taken in self._fake.received)

    def _do(self, deed: str) -> None:
        fake, agent = self._fake, self._fake.agent_leg()
        if deed == "the caller arrives":
            born = next(one for one in self._said if one.name == "Newchannel" and "caller" in one.get("Channel"))
            self._caller = fake.caller_arrives(name=born.get("CallerIDName"))
            fake.channels.pop(self._caller.uniqueid)
            self._names[self._caller.uniqueid] = self._caller.uniqueid = born.get("Uniqueid")
            fake.channels[self._caller.uniqueid] = self._caller
            return
        who = self._caller if deed.startswith("the caller") else agent
        assert who is not None
        if "presses" in deed:
            fake.presses(who, deed[-1])
        else:
            {"hangs up": fake.hangs_up, "answers": fake.answers, "refuses": fake.refuses_the_call}[
                deed.removeprefix("the caller ").removeprefix("the agent ")
            ](who)

    def recorded_names(self, heard: list[Said]) -> list[Said]:
        return [
            Said(one.who, tuple((n, self._names.get(v, v) if n == "Uniqueid" else v) for n, v in one.block))
            for one in heard
        ]


@pytest.mark.parametrize("name", STORIES)
async def test_the_fake_tells_the_recorded_story(name: str) -> None:
    recorded = tape.read(name)
    async with fake_asterisk() as fake:
        fake.away = {"agent1003"}
        fake.endless = {"language", "main", "queue_wait"}
        fake.not_begun = {"language"} if name == "hang_up_in_menu" else set()  # gone within the 100 ms of a command
        player = Player(fake, recorded)
        said = player.recorded_names(await player.play())

    ours = [one for one in recorded if one.who == OURS]
    assert _by_subject([*ours, *said]) == _by_subject(recorded)


def test_no_recording_holds_a_secret() -> None:
    secrets = {one.get("Secret") for name in RECORDINGS for one in tape.read(name)} - {""}

    assert secrets == {"hidden"}
