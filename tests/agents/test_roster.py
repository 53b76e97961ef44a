import asyncio
import json
from typing import Any

import pytest

from agents.roster import Page, Roster
from agents.views import AgentView, FloorView, QueueView
from agents.wire import Answer, Toast
from tests.agents.fakes import Clock, pop


@pytest.fixture
def roster() -> Roster:
    roster = Roster(Clock(), interval_s=0.0, desks_s=0.0, limit=10)
    floor = FloorView(5.0, (QueueView("accounts", waiting=2),), (AgentView("1001", "王芳"), AgentView("1002", "李伟")))
    roster.show(lambda: floor)
    return roster


def ignore(_code: int) -> None:
    pass


async def read(page: Page) -> dict[str, Any]:
    item = await page.next()
    item.written(True)
    message: dict[str, Any] = json.loads(item.text)
    return message


async def opened(roster: Roster, agent_id: str = "1001", **options: Any) -> tuple[Page, dict[str, Any]]:
    page = roster.join(agent_id, ignore, **options)
    return page, await read(page)


async def test_a_new_page_begins_with_a_snapshot_of_what_its_owner_may_see(roster: Roster) -> None:
    _, agent = await opened(roster)
    _, supervisor = await opened(roster, "2001", sees_all=True)
    assert agent["type"] == "snapshot"
    assert agent["me"]["id"] == "1001"
    assert [each["id"] for each in agent["floor"]["agents"]] == ["1001"]
    assert len(supervisor["floor"]["agents"]) == 2


async def test_deliver_returns_once_a_page_has_the_record(roster: Roster) -> None:
    page, _ = await opened(roster)
    pushing = asyncio.create_task(roster.deliver("1001", pop(), deadline_s=30))
    message = await read(page)
    assert (message["type"], message["seq"]) == ("pop", 1)
    assert await pushing == 1


async def test_one_good_page_is_enough(roster: Roster) -> None:
    good, _ = await opened(roster)
    await opened(roster)
    pushing = asyncio.create_task(roster.deliver("1001", pop(), deadline_s=30))
    await read(good)
    assert await pushing == 1


async def test_deliver_is_over_at_once_when_nobody_is_there(roster: Roster) -> None:
    assert await roster.deliver("1001", pop(), deadline_s=30) == 0


async def test_deliver_reaches_nobody_when_no_page_takes_it_in_time(roster: Roster) -> None:
    await opened(roster)
    assert await roster.deliver("1001", pop(), deadline_s=0.0) == 0


async def test_deliver_does_not_wait_for_a_page_that_goes(roster: Roster) -> None:
    page, _ = await opened(roster)
    pushing = asyncio.create_task(roster.deliver("1001", pop(), deadline_s=30))
    await asyncio.sleep(0)
    roster.leave(page)
    assert await pushing == 0


async def test_a_record_pushed_while_the_snapshot_is_due_is_in_the_snapshot(roster: Roster) -> None:
    page = roster.join("1001", ignore)
    pushing = asyncio.create_task(roster.deliver("1001", pop(), deadline_s=30))
    await asyncio.sleep(0)
    snapshot = await read(page)
    assert [each["call_id"] for each in snapshot["pops"]] == ["c-9"]
    assert snapshot["seq"] == 1
    assert await pushing == 1


async def test_a_page_that_comes_back_gets_what_it_missed(roster: Roster) -> None:
    page, snapshot = await opened(roster)
    roster.leave(page)
    roster.send("1001", Toast(code="missed"))
    back = roster.join("1001", ignore, resume=f"{snapshot['stream']}:{snapshot['seq']}")
    message = await read(back)
    assert (message["type"], message["code"], message["seq"]) == ("toast", "missed", 1)


async def test_numbers_of_another_agent_are_not_resumed(roster: Roster) -> None:
    _, before = await opened(roster)
    _, after = await opened(roster, "1002", resume=f"{before['stream']}:{before['seq']}")
    assert (after["type"], after["me"]["id"]) == ("snapshot", "1002")


@pytest.mark.parametrize("resume", ["", "other:0", "{id}:99", "{id}:-1", "{id}:x", "{id}:²", "{id}:" + "9" * 5000, ":"])
async def test_a_resume_that_cannot_be_honoured_gives_a_snapshot(roster: Roster, resume: str) -> None:
    _, message = await opened(roster, resume=resume.replace("{id}", f"{roster.id}-1001"))
    assert message["type"] == "snapshot"


async def test_a_slow_page_gets_a_snapshot_and_holds_up_nobody(roster: Roster) -> None:
    slow, _ = await opened(roster)
    quick, _ = await opened(roster)
    for number in range(25):
        roster.send("1001", Toast(code=str(number)))
        assert (await read(quick))["code"] == str(number)
    message = await read(slow)
    assert (message["type"], message["seq"]) == ("snapshot", 25)


async def test_figures_are_coalesced_and_colleagues_hidden_from_agents(roster: Roster) -> None:
    agent, _ = await opened(roster)
    supervisor, _ = await opened(roster, "2001", sees_all=True, view="wallboard")
    for _ in range(100):
        roster.floor_changed()
    assert (await read(agent))["type"] == "queue_stats"
    assert [(await read(supervisor))["type"] for _ in range(2)] == ["queue_stats", "agents_stats"]
    assert agent.outbox.take() is None
    assert supervisor.outbox.take() is None


async def test_an_agents_desk_gets_figures_less_often_than_a_wallboard() -> None:
    """Four times a second to a thousand desks would be most of the server's work, and nobody reads so fast."""
    roster = Roster(Clock(), interval_s=0.01, desks_s=30.0)
    roster.show(lambda: FloorView(5.0, (QueueView("accounts"),)))
    agent, _ = await opened(roster)
    board, _ = await opened(roster, view="wallboard")
    supervisor, _ = await opened(roster, "2001", sees_all=True)
    for _ in range(2):
        roster.floor_changed()
        assert (await read(board))["type"] == "queue_stats"
        assert [(await read(supervisor))["type"] for _ in range(2)] == ["queue_stats", "agents_stats"]

    assert agent.outbox.take() is None


async def test_presence_is_the_first_desk_page_and_the_last(roster: Roster) -> None:
    told: list[tuple[str, bool]] = []
    roster.on_presence = lambda agent_id, connected: told.append((agent_id, connected))
    board = roster.join("1001", ignore, view="wallboard")
    first, second = roster.join("1001", ignore), roster.join("1001", ignore)
    for page in (first, second, second, board):
        roster.leave(page)
    assert told == [("1001", True), ("1001", False)]


async def test_a_listener_that_fails_neither_stops_a_page_nor_leaves_one_behind(roster: Roster) -> None:
    def fail(*_: object) -> None:
        raise KeyError("nobody I know")

    roster.on_presence = roster.on_shown = fail
    page, _ = await opened(roster)
    roster.send("1001", pop())
    roster.shown("1001", "c-9")
    assert (await read(page))["type"] == "pop"
    roster.leave(page)
    assert roster.pages("1001") == 0


async def test_a_wallboard_gets_no_records(roster: Roster) -> None:
    board, _ = await opened(roster, view="wallboard")
    assert await roster.deliver("1001", pop()) == 0
    assert board.outbox.take() is None


async def test_shown_is_believed_only_of_a_record_that_was_sent(roster: Roster) -> None:
    told: list[tuple[str, str, float]] = []
    roster.on_shown = lambda agent_id, call_id, at: told.append((agent_id, call_id, at))
    roster.send("1001", pop())
    roster.shown("1001", "c-9")
    roster.shown("1001", "c-invented")
    roster.shown("1002", "c-9")
    assert told == [("1001", "c-9", roster.clock())]


async def test_an_answer_goes_to_the_page_that_asked(roster: Roster) -> None:
    asking, _ = await opened(roster)
    other, _ = await opened(roster)
    asking.answer(Answer(key="k", ok=True))
    assert (await read(asking))["type"] == "answer"
    assert other.outbox.take() is None


async def test_closing_an_agent_closes_every_page(roster: Roster) -> None:
    codes: list[int] = []
    roster.join("1001", codes.append)
    roster.join("1001", codes.append, view="wallboard")
    roster.close("1001", 4401)
    assert codes == [4401, 4401]
