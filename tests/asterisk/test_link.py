"""The link's promises, on a fake manager that speaks in recorded words."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from cti.asterisk import commands
from cti.asterisk.agi import AgiConversation, LeftLoop
from cti.asterisk.commands import BadValue
from cti.asterisk.link import ActionRefused, ActionTimeout, Link, LinkDown, LinkRefused
from cti.asterisk.messages import AsyncAgiExec, AsyncAgiStart, FullyBooted, Message, NewChannel
from ivr.caller import HungUp
from tests.ami.fake import FakeAsterisk, fake_asterisk
from tests.ami.tape import Said
from tests.ports import free_port


async def holds(condition: Callable[[], object], deadline_s: float = 10.0) -> None:
    async with asyncio.timeout(deadline_s):
        while not condition():  # noqa: ASYNC110 - any condition
            await asyncio.sleep(0.005)


class Party:
    """A link to the fake, and what it was told."""

    def __init__(self, port: int, *, knows: bool = True, every_s: float = 30.0, deadline_s: float = 30.0) -> None:
        self.heard: list[Message] = []
        self.ups = 0
        self.downs: list[str] = []
        self.link = Link(
            host="127.0.0.1",
            port=port,
            user="zongji",
            secret="right" if knows else "wrong",
            on_message=self.hear,
            on_up=self.up,
            on_down=self.downs.append,
            ping_every_s=every_s,
            ping_deadline_s=deadline_s,
        )

    def hear(self, message: Message) -> None:
        self.heard.append(message)
        if isinstance(message, NewChannel) and message.channel.startswith("PJSIP/caller-bad"):
            raise RuntimeError("a listener's mistake")

    def up(self) -> None:
        self.ups += 1

    @property
    def pending(self) -> int:
        return len(self.link._pending)


@pytest.fixture
async def fake() -> AsyncIterator[FakeAsterisk]:
    async with fake_asterisk() as fake:
        yield fake
    await holds(lambda: asyncio.all_tasks() == {asyncio.current_task()})


@pytest.fixture
async def party(fake: FakeAsterisk) -> AsyncIterator[Party]:
    party = Party(fake.port)
    await party.link.start()
    yield party
    await party.link.close()
    assert party.pending == 0


# -- coming up --------------------------------------------------------------------------------------------------------


async def test_up_means_logged_in_and_booted(fake: FakeAsterisk, party: Party) -> None:
    assert party.link.up
    assert party.ups == 1
    assert [type(one) for one in party.heard] == [FullyBooted]


async def test_logged_in_is_not_yet_up(fake: FakeAsterisk) -> None:
    fake.boots = False
    party = Party(fake.port)

    with pytest.raises(LinkDown):
        await party.link.start(0.3)

    assert fake.log_ins == 1
    assert party.ups == 0


async def test_a_wrong_secret_is_said_once_and_not_tried_again(fake: FakeAsterisk) -> None:
    party = Party(fake.port, knows=False)

    with pytest.raises(LinkRefused, match=rf"127.0.0.1:{fake.port} refuses user 'zongji': Authentication failed"):
        await party.link.start()

    await asyncio.sleep(1.3)  # longer than the pause before a reconnect
    assert fake.log_ins == 1
    assert not party.link.up


async def test_nobody_there_names_the_place() -> None:
    port = free_port()
    party = Party(port)

    with pytest.raises(LinkDown, match=f"no Asterisk manager answers at 127.0.0.1:{port}"):
        await party.link.start(0.3)


async def test_a_manager_that_comes_late_is_waited_for(fake: FakeAsterisk) -> None:
    await fake.close()
    party = Party(fake.port)
    starting = asyncio.create_task(party.link.start())
    await asyncio.sleep(0.1)
    await fake.open()

    await starting

    assert party.link.up
    await party.link.close()


async def test_a_secret_that_is_wrong_after_a_reconnect_is_tried_until_it_is_right(
    fake: FakeAsterisk, party: Party
) -> None:
    fake.secret = "changed"
    fake.cut()
    await holds(lambda: fake.log_ins == 2)
    assert not party.link.up
    fake.secret = "right"

    await holds(lambda: party.link.up)

    assert party.ups == 2


# -- actions ----------------------------------------------------------------------------------------------------------


async def test_an_action_is_answered(party: Party) -> None:
    assert (await party.link.action(commands.Ping())).ok
    assert party.pending == 0


async def test_a_refusal_says_asterisks_words(party: Party) -> None:
    with pytest.raises(ActionRefused, match="No such channel"):
        await party.link.action(commands.Hangup("nobody", 16))
    with pytest.raises(ActionRefused, match="Channel does not exist: nobody"):
        await party.link.action(commands.Redirect("nobody", "legs", "leg", 1))

    assert party.pending == 0


async def test_an_answer_after_the_deadline_changes_nothing(fake: FakeAsterisk, party: Party) -> None:
    fake.late["Ping"] = 0.15
    with pytest.raises(ActionTimeout, match="Ping: no answer"):
        await party.link.action(commands.Ping(), 0.05)
    assert party.pending == 0

    del fake.late["Ping"]
    await asyncio.sleep(0.2)

    assert (await party.link.action(commands.Ping())).ok


async def test_a_pipelined_action_has_a_deadline_too(fake: FakeAsterisk, party: Party) -> None:
    fake.unanswered = {"Ping", "Status"}

    answer = party.link.send(commands.Ping(), 0.05)
    with pytest.raises(ActionTimeout):
        await answer
    with pytest.raises(ActionTimeout):
        await party.link.rows(commands.Status(), 0.05)

    assert party.pending == 0


async def test_who_gives_up_waiting_leaves_nothing_behind(fake: FakeAsterisk, party: Party) -> None:
    fake.unanswered = {"Ping"}
    waiting = asyncio.create_task(party.link.action(commands.Ping()))
    await holds(lambda: party.pending == 1)

    waiting.cancel()

    await holds(lambda: party.pending == 0)


@pytest.mark.parametrize("value", ["a\r\nAction: Originate", "a\nb", "a\0b", "x" * 1100, "张" * 400])
async def test_a_bad_value_is_refused_before_a_byte_is_written(fake: FakeAsterisk, party: Party, value: str) -> None:
    with pytest.raises(BadValue):
        await party.link.action(commands.Setvar(None, "NAME", value))

    await party.link.action(commands.Ping())
    assert [one.name for one in fake.received] == ["Ping"]
    assert party.pending == 0


async def test_a_list_is_complete(fake: FakeAsterisk, party: Party) -> None:
    one, two = fake.caller_arrives(), fake.caller_arrives(name="张三丰")

    rows = await party.link.rows(commands.Status())

    assert [row["uniqueid"] for row in rows] == [one.uniqueid, two.uniqueid]
    assert rows[1]["calleridname"] == "张三丰"
    assert len(await party.link.rows(commands.DeviceStates())) == 4
    assert party.pending == 0


async def test_a_list_is_refused(fake: FakeAsterisk, party: Party) -> None:
    with pytest.raises(ActionRefused, match="Permission denied"):
        await party.link.rows(commands.Command("QueueStatus"))

    assert party.pending == 0


async def test_a_list_cut_in_the_middle_fails(fake: FakeAsterisk, party: Party) -> None:
    fake.caller_arrives()

    def cut_short(said: Said) -> None:
        fake.respond(said)
        asyncio.get_running_loop().call_later(0.05, fake.cut)

    fake.instead["Status"] = cut_short

    with pytest.raises(LinkDown):
        await party.link.rows(commands.Status())

    assert party.pending == 0


# -- losing it --------------------------------------------------------------------------------------------------------


def test_a_half_open_link_is_noticed_within_fifteen_seconds_and_before_any_action_times_out() -> None:
    made = inspect.signature(Link.__init__).parameters
    noticed_s = made["ping_every_s"].default + made["ping_deadline_s"].default

    assert noticed_s <= 15
    for door in (Link.send, Link.action, Link.rows):
        assert inspect.signature(door).parameters["deadline_s"].default > noticed_s


async def test_a_half_open_link_is_dropped_and_made_anew(fake: FakeAsterisk) -> None:
    party = Party(fake.port, every_s=0.1, deadline_s=0.5)
    await party.link.start()
    fake.deaf = True
    clock = asyncio.get_running_loop().time
    since = clock()

    with pytest.raises(LinkDown):
        await party.link.action(commands.Status())
    assert clock() - since < 5.0
    fake.deaf = False

    await holds(lambda: party.link.up)
    assert party.ups == 2
    await party.link.close()


async def test_a_manager_that_accepts_and_never_speaks_is_left_and_tried_again(fake: FakeAsterisk) -> None:
    party = Party(fake.port, every_s=0.1, deadline_s=0.1)
    await party.link.start()
    fake.deaf = True
    fake.cut()
    await holds(lambda: party.downs)
    await asyncio.sleep(1.3)  # a new connection stands by now, and is as silent
    fake.deaf = False

    await holds(lambda: party.link.up)
    await party.link.close()


async def test_all_that_is_pending_fails_at_once_and_is_never_sent_again(fake: FakeAsterisk, party: Party) -> None:
    fake.unanswered = {"Originate", "AGI", "Redirect"}
    asked = [
        party.link.send(commands.Originate("agent1001", "z-1", timeout_s=5)),
        party.link.send(commands.Agi("x", "NOOP", "agi-1")),
        party.link.send(commands.Redirect("x", "legs", "leg", 1)),
    ]
    await holds(lambda: len(fake.received) == 3)

    fake.cut()
    failures = await asyncio.gather(*asked, return_exceptions=True)

    assert [type(one) for one in failures] == [LinkDown] * 3
    assert party.pending == 0
    await holds(lambda: party.ups == 2)
    await party.link.action(commands.Ping())
    assert [one.name for one in fake.received] == ["Originate", "AGI", "Redirect", "Ping"]


async def test_nothing_is_written_while_the_link_is_down(fake: FakeAsterisk, party: Party) -> None:
    fake.cut()
    await holds(lambda: party.downs)

    with pytest.raises(LinkDown, match=f"127.0.0.1:{fake.port}"):
        await party.link.action(commands.Ping())

    assert fake.received == []


async def test_a_closed_link_stays_closed(fake: FakeAsterisk) -> None:
    party = Party(fake.port)
    await party.link.start()

    await party.link.close()

    await asyncio.sleep(1.3)
    assert fake.log_ins == 1


# -- what comes over it -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 7])
async def test_a_stream_cut_anywhere_is_heard_whole(fake: FakeAsterisk, size: int) -> None:
    fake.chop = size
    party = Party(fake.port)
    await party.link.start()

    channel = fake.caller_arrives(name="张三丰")

    await holds(lambda: len(party.heard) == 3)
    started = party.heard[-1]
    assert isinstance(started, AsyncAgiStart)
    assert started.env["agi_calleridname"] == "张三丰"
    assert started.channel == channel.name
    await party.link.close()


async def test_a_listener_that_fails_does_not_hurt_the_link(fake: FakeAsterisk, party: Party) -> None:
    good = fake.caller_arrives()
    fake.raw(b"Event: Newchannel\r\nUniqueid: bad\r\nChannel: PJSIP/caller-bad\r\n\r\n")
    after = [fake.caller_arrives() for _ in range(3)]

    await holds(lambda: len(party.heard) == 1 + 2 * 4 + 1)

    told = [message.uniqueid for message in party.heard if isinstance(message, NewChannel)]
    assert told == [good.uniqueid, "bad", *(one.uniqueid for one in after)]
    assert (await party.link.action(commands.Ping())).ok
    assert party.downs == []


async def test_a_listener_that_fails_when_the_link_is_lost_does_not_keep_it_from_coming_back(
    fake: FakeAsterisk, party: Party
) -> None:
    def fails(_reason: str) -> None:
        raise RuntimeError("a listener's mistake")

    party.link._on_down = fails
    fake.cut()
    await holds(lambda: party.ups == 2)

    assert (await party.link.action(commands.Ping())).ok


async def test_junk_is_passed_over(fake: FakeAsterisk, party: Party) -> None:
    junk = [b"\r\n\r\n", b"no colon at all\r\n\r\n", b"\xff\xfe: \xff\r\n\r\n", b"Event: \r\n\r\n", b"Event\r\n\r\n",
            b"Response: Success\r\nActionID: never-asked\r\n\r\n", b"Event: Hangup\r\nCause: x\r\n\r\n",
            b"Event: AsyncAGIExec\r\nResult: %zz\r\n\r\n", b": \r\n\r\n"]  # fmt: skip
    for one in junk:
        fake.raw(one)

    assert (await party.link.action(commands.Ping())).ok
    assert party.downs == []


async def test_a_block_without_end_drops_the_link_which_comes_back(fake: FakeAsterisk, party: Party) -> None:
    for _ in range(40):
        fake.raw(b"x" * 65536)

    await holds(lambda: party.downs)
    await holds(lambda: party.link.up)

    assert party.ups == 2


async def test_events_nobody_uses_are_dropped_before_they_are_parsed(
    fake: FakeAsterisk, party: Party, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[bytes] = []
    from cti.asterisk import messages  # noqa: PLC0415 - what is watched

    real = messages._field

    def counted(block: bytes, name: bytes) -> str:
        parsed.append(block)
        return real(block, name)

    monkeypatch.setattr(messages, "_field", counted)
    for _ in range(5):
        fake.raw(b"Event: RTCPSent\r\nChannel: x\r\n\r\n")

    await party.link.action(commands.Ping())

    assert party.link.dropped == 5
    assert {block.split(b":")[0] for block in parsed} == {b"Response"}
    assert party.link.events == 1


# -- AGI --------------------------------------------------------------------------------------------------------------


def _conversation(party: Party) -> AgiConversation:
    return AgiConversation(party.link.send, "x")


async def _asked(fake: FakeAsterisk, talk: AgiConversation, *texts: str) -> list[asyncio.Task[object]]:
    fake.unanswered = {"AGI"}
    tasks = [asyncio.create_task(talk.command(text, 20.0)) for text in texts]
    await holds(lambda: len(fake.received) == len(texts))
    return list(tasks)


async def test_agi_results_find_their_commands_in_any_order(fake: FakeAsterisk, party: Party) -> None:
    talk = _conversation(party)
    tasks = await _asked(fake, talk, "ONE", "TWO", "THREE")
    ids = {said.get("Command"): said.get("CommandID") for said in fake.received}

    for text in ("THREE", "ONE", "TWO"):
        talk.on_exec(AsyncAgiExec("x", ids[text], 200, text.lower(), ""))
    talk.on_exec(AsyncAgiExec("x", "agi-of-somebody-else", 200, "no", ""))

    assert [getattr(result, "result", "") for result in await asyncio.gather(*tasks)] == ["one", "two", "three"]
    assert not talk._pending


@pytest.mark.parametrize(
    ("happens", "error"), [("on_end", LeftLoop), ("on_hangup", HungUp), ("on_link_down", LinkDown)]
)
async def test_agi_commands_fail_when_the_channel_or_the_link_goes(
    fake: FakeAsterisk, party: Party, happens: str, error: type[Exception]
) -> None:
    talk = _conversation(party)
    tasks = await _asked(fake, talk, "ONE", "TWO")

    getattr(talk, happens)()

    assert [type(one) for one in await asyncio.gather(*tasks, return_exceptions=True)] == [error] * 2
    assert not talk._pending


async def test_a_lost_link_fails_agi_commands_by_itself(fake: FakeAsterisk, party: Party) -> None:
    talk = _conversation(party)
    tasks = await _asked(fake, talk, "ONE")

    fake.cut()

    assert [type(one) for one in await asyncio.gather(*tasks, return_exceptions=True)] == [LinkDown]


async def test_a_channel_that_is_not_there_has_left_its_loop(party: Party) -> None:
    with pytest.raises(LeftLoop):
        await _conversation(party).command(commands.stream_file(str(Path("/x")), ""), 5.0)
