"""More than two in a call: what each of them hears, measured in what their telephones recorded."""

from __future__ import annotations

import pytest

from agents.ports import Refused
from cti.asterisk import commands
from cti.dial_limits import Spending
from cti.phones import Account, Phone, level_db, phone, seconds_of, tone_seconds
from tests.live.conftest import House

pytestmark = pytest.mark.live
CALLER_HZ, FIRST_HZ, SECOND_HZ = 440, 880, 660
ABOUT = 0.6


async def colleague(house: House, agent_id: str = "1003", hz: int = SECOND_HZ) -> Phone:
    return (await house.agent(agent_id, hz=hz))[1]


async def talking(house: House) -> tuple[Phone, Phone]:
    """A caller who speaks with 1004."""
    _, agent = await house.agent("1004")
    caller = await house.queued()
    await house.until("agent_connected")
    await agent.wait_for("CALL_ESTABLISHED")
    return caller, agent


async def hung_up(house: House, caller: Phone, *others: Phone) -> None:
    caller.hang_up()
    await house.until("call_ended")
    await caller.wait_for("CALL_CLOSED")
    for other in others:
        await other.wait_for("CALL_CLOSED")


def heard(phone_of: Phone, hz: int) -> float:
    return tone_seconds(phone_of.heard()[-1], hz)


async def test_a_consult_is_between_the_agents_alone_and_the_caller_hears_music(house: House) -> None:
    caller, first = await talking(house)
    second = await colleague(house)
    control = house.server.control
    await control.consult("1004", "agent", "1003")
    consulted = await house.until("call_moved", event="consulted")
    await house.passes(2.0)
    await control.swap("1004")
    swapped = await house.until("call_moved", event="resumed")
    await house.passes(2.0)
    await hung_up(house, caller, first, second)

    talk_s = swapped.at - consulted.at
    assert heard(second, FIRST_HZ) == pytest.approx(talk_s, abs=ABOUT)
    assert heard(second, CALLER_HZ) == 0.0
    assert heard(first, SECOND_HZ) == pytest.approx(talk_s, abs=ABOUT)
    assert heard(caller, SECOND_HZ) == 0.0
    whole = seconds_of(caller.heard()[-1])
    in_consult = (whole - talk_s - 1.5, whole - 2.6)
    assert tone_seconds(caller.heard()[-1], FIRST_HZ, *in_consult) == 0.0
    assert level_db(caller.heard()[-1], *in_consult) > -40


async def test_a_completed_transfer_leaves_the_caller_with_the_colleague_and_frees_the_agent(house: House) -> None:
    caller, first = await talking(house)
    second = await colleague(house)
    control = house.server.control
    await control.consult("1004", "agent", "1003")
    await house.until("call_moved", event="consulted")
    await control.complete("1004")
    transferred = await house.until("call_transferred", to="1003")
    await first.wait_for("CALL_CLOSED")
    await house.holds(lambda: house.server.acd.state_of("1004").activity in {"wrap_up", "idle"})
    assert house.server.acd.state_of("1003").activity == "talking"
    await house.passes(2.0)
    await hung_up(house, caller, second)

    ended = await house.until("call_ended")
    assert (ended.agent_id, ended.outcome) == ("1003", "served")
    talk_s = ended.at - transferred.at
    assert heard(caller, SECOND_HZ) == pytest.approx(talk_s, abs=ABOUT)
    assert heard(second, CALLER_HZ) == pytest.approx(talk_s, abs=ABOUT)
    assert house.server.acd.state_of("1003").activity == "wrap_up"


async def test_an_agent_who_hangs_up_in_a_consult_has_transferred_the_call(house: House) -> None:
    caller, first = await talking(house)
    second = await colleague(house)
    await house.server.control.consult("1004", "agent", "1003")
    await house.until("call_moved", event="consulted")
    first.hang_up()
    await house.until("call_transferred", to="1003")
    await house.passes(1.0)
    await hung_up(house, caller, second)
    assert heard(caller, SECOND_HZ) > 0.5


async def test_a_consult_that_is_dropped_gives_the_caller_back(house: House) -> None:
    caller, first = await talking(house)
    second = await colleague(house)
    control = house.server.control
    await control.consult("1004", "agent", "1003")
    await house.until("call_moved", event="consulted")
    await control.drop_other("1004")
    resumed = await house.until("call_moved", event="resumed")
    await second.wait_for("CALL_CLOSED")
    await house.passes(1.5)
    await hung_up(house, caller, first)
    ended = await house.until("call_ended")
    last_s = ended.at - resumed.at
    whole = seconds_of(caller.heard()[-1])
    assert tone_seconds(caller.heard()[-1], FIRST_HZ, whole - last_s) == pytest.approx(last_s, abs=ABOUT)


async def test_a_consult_that_is_dropped_while_it_rings_leaves_nobody_ringing(house: House) -> None:
    caller, first = await talking(house)
    _, second = await house.agent("1003", auto_answer=False)
    control = house.server.control
    await control.consult("1004", "agent", "1003")
    await second.wait_for("CALL_INCOMING")
    await control.drop_other("1004")
    await second.wait_for("CALL_CLOSED")
    await house.until("call_moved", event="resumed")
    await house.holds(lambda: house.server.acd.state_of("1003").activity == "idle")
    await hung_up(house, caller, first)


async def test_a_colleague_who_does_not_answer_leaves_the_agent_with_the_caller_on_hold(house: House) -> None:
    caller, first = await talking(house)
    _, second = await house.agent("1003", auto_answer=False)
    control = house.server.control
    call = next(iter(house.server.calls.calls.values()))
    await control.consult("1004", "agent", "1003")
    await second.wait_for("CALL_INCOMING")
    second.hang_up()  # busy, or rejected
    await house.holds(lambda: call.talk and call.talk.third is None)
    assert (call.state, call.talk and call.talk.cause) in {("held", "busy"), ("held", "rejected")}
    await control.resume("1004")
    await hung_up(house, caller, first)


async def test_in_a_conference_each_hears_both_others(house: House) -> None:
    caller, first = await talking(house)
    second = await colleague(house)
    control = house.server.control
    await control.consult("1004", "agent", "1003")
    await house.until("call_moved", event="consulted")
    await control.conference("1004")
    together = await house.until("call_moved", event="conferred")
    await house.passes(2.5)
    await control.drop_other("1004")
    left = await house.until("call_moved", event="other_left")
    await second.wait_for("CALL_CLOSED")
    await house.passes(1.0)
    await hung_up(house, caller, first)

    talk_s = left.at - together.at
    assert heard(caller, SECOND_HZ) == pytest.approx(talk_s, abs=ABOUT)
    assert heard(second, CALLER_HZ) == pytest.approx(talk_s, abs=ABOUT)
    assert heard(first, SECOND_HZ) > talk_s - ABOUT
    assert heard(second, FIRST_HZ) > talk_s - ABOUT
    assert heard(first, CALLER_HZ) > talk_s - ABOUT


async def test_an_agent_may_leave_a_conference_and_the_two_others_go_on(house: House) -> None:
    caller, first = await talking(house)
    second = await colleague(house)
    control = house.server.control
    await control.consult("1004", "agent", "1003")
    await house.until("call_moved", event="consulted")
    await control.conference("1004")
    await house.until("call_moved", event="conferred")
    await control.hang_up("1004")
    transferred = await house.until("call_transferred", to="1003")
    await first.wait_for("CALL_CLOSED")
    await house.passes(1.5)
    await hung_up(house, caller, second)
    ended = await house.until("call_ended")
    assert heard(caller, SECOND_HZ) > ended.at - transferred.at - ABOUT


async def test_a_caller_who_leaves_a_conference_ends_it_for_all(house: House) -> None:
    caller, first = await talking(house)
    second = await colleague(house)
    await house.server.control.consult("1004", "agent", "1003")
    await house.until("call_moved", event="consulted")
    await house.server.control.conference("1004")
    await house.until("call_moved", event="conferred")
    await hung_up(house, caller, first, second)


async def test_a_blind_transfer_to_a_colleague_brings_the_record_along(house: House) -> None:
    caller, first = await talking(house)
    desk, second = await house.agent("1003", hz=SECOND_HZ)
    await house.server.control.transfer("1004", "agent", "1003")
    await first.wait_for("CALL_CLOSED")
    connected = await house.until("agent_connected", agent_id="1003")
    await house.passes(1.5)
    await hung_up(house, caller, second)
    popped = desk.first("pop")
    assert popped is not None
    assert popped[1].call_id == connected.call_id
    assert popped[1].ivr_path[0] == "welcome"
    assert heard(caller, SECOND_HZ) > 1.0


async def test_a_blind_transfer_to_a_queue_waits_there_with_music(house: House) -> None:
    caller, first = await talking(house)
    await house.server.control.transfer("1004", "queue", "complaints")
    await first.wait_for("CALL_CLOSED")
    sent = await house.until("call_queued", queue="complaints")
    [waiting] = house.server.acd.waiting("complaints", sent.at)
    assert waiting.arrived_at == pytest.approx(sent.at, abs=0.5)  # the talk before was no wait
    second = await colleague(house)
    await house.until("agent_connected", agent_id="1003")
    await hung_up(house, caller, second)
    assert (await house.until("call_ended")).outcome == "served"


async def test_a_colleague_who_cannot_take_a_call_is_not_asked(house: House) -> None:
    caller, first = await talking(house)
    with pytest.raises(Refused, match="cannot take a call"):
        await house.server.control.consult("1004", "agent", "1003")
    with pytest.raises(Refused, match="no colleague"):
        await house.server.control.transfer("1004", "agent", "7777")
    assert next(iter(house.server.calls.calls.values())).state == "talking"
    await hung_up(house, caller, first)


async def outside(house: House, *, auto_answer: bool = True) -> Phone:
    """Whoever has the number 13912345678 outside."""
    account = Account("13912345678", "", auto_answer=auto_answer, register=False)
    listen = house.gateway.removeprefix("sip:")
    return await house.stack.enter_async_context(phone(house.sip, [account], tone_hz=SECOND_HZ, listen=listen))


async def test_an_agent_dials_out_and_both_hear_each_other(house: House) -> None:
    desk, first = await house.agent("1004")
    line = await outside(house)
    await house.server.control.dial("1004", "13912345678", None)
    made = await house.until("call_made")
    await house.until("agent_connected", call_id=made.call_id)
    assert house.server.acd.state_of("1004").activity == "talking"
    await house.passes(2.0)
    await house.server.control.hang_up("1004")
    ended = await house.until("call_ended")
    await first.wait_for("CALL_CLOSED")
    await line.wait_for("CALL_CLOSED")
    assert ended.outcome == "served"
    assert heard(line, FIRST_HZ) > 1.4
    assert heard(first, SECOND_HZ) > 1.4
    assert [one.state for one in desk.call_states()][:2] == ["dialling", "talking"]
    assert house.server.acd.state_of("1004").activity == "wrap_up"


async def test_an_agent_may_give_up_while_the_own_phone_rings(house: House) -> None:
    _, first = await house.agent("1004", auto_answer=False)
    await house.server.control.dial("1004", "13912345678", None)
    await first.wait_for("CALL_INCOMING")
    await house.server.control.hang_up("1004")
    await first.wait_for("CALL_CLOSED")
    ended = await house.until("call_ended")
    assert (ended.outcome, ended.hung_up_by) == ("not_reached", "agent")
    await house.holds(lambda: house.server.acd.state_of("1004").available)


async def test_an_agent_who_turns_the_own_call_down_is_free_again(house: House) -> None:
    _, first = await house.agent("1004", auto_answer=False)
    await house.server.control.dial("1004", "13912345678", None)
    await first.wait_for("CALL_INCOMING")
    first.hang_up()
    assert (await house.until("call_ended")).outcome == "not_reached"
    await house.holds(lambda: house.server.acd.state_of("1004").available)


async def test_a_number_that_is_busy_is_told_and_the_agent_is_free(house: House) -> None:
    desk, first = await house.agent("1004")
    line = await outside(house, auto_answer=False)
    await house.server.control.dial("1004", "13912345678", None)
    await line.wait_for("CALL_INCOMING")
    line.hang_up()
    ended = await house.until("call_ended")
    await first.wait_for("CALL_CLOSED")
    assert ended.outcome == "not_reached"
    last = desk.call_states()[-1]
    assert (last.state, last.direction) == ("ended", "out")
    assert last.cause in {"busy", "rejected"}
    await house.holds(lambda: house.server.acd.state_of("1004").activity == "idle")


async def test_a_call_to_the_outside_ends_in_time_and_no_more_is_spent_than_may_be(house: House) -> None:
    phones = house.server.phones
    phones._outbound = phones._outbound.model_copy(update={"longest_s": 2.0})
    phones._spending = Spending({"139": 1.0}, 1.0)
    await house.agent("1004")
    line = await outside(house)
    await house.server.control.dial("1004", "13912345678", None)
    await house.until("agent_connected")
    await line.wait_for("CALL_CLOSED")
    assert (await house.until("call_ended")).outcome == "served"
    assert phones._spending.spent(house.server.calls.now()) == 1.0
    with pytest.raises(Refused, match="as much as they may"):
        await house.server.control.dial("1004", "13912345678", None)


async def test_numbers_outside_the_class_of_service_are_not_dialled(house: House) -> None:
    await house.agent("1004")
    for number in ("0044123456789", "+44123456789", "16812345"):
        with pytest.raises(Refused, match="may not be dialled"):
            await house.server.control.dial("1004", number, None)
    assert not house.server.calls.calls


async def test_a_muted_agent_is_not_heard(house: House) -> None:
    caller, first = await talking(house)
    await house.passes(1.0)
    await house.server.control.mute("1004", True)
    await house.passes(2.0)
    await house.server.control.mute("1004", False)
    await house.passes(1.0)
    await hung_up(house, caller, first)
    talked = tone_seconds(first.heard()[-1], CALLER_HZ)
    assert heard(caller, FIRST_HZ) == pytest.approx(talked - 2.0, abs=ABOUT)


async def test_keys_reach_the_far_end(house: House) -> None:
    caller, first = await talking(house)
    await house.server.control.send_digits("1004", "12#")

    def digits() -> list[str]:
        return [event.fields["param"] for event in caller.events if event.kind == "CALL_DTMF_START"]

    await house.holds(lambda: digits() == ["1", "2", "#"])
    await hung_up(house, caller, first)


async def test_a_page_that_is_gone_and_back_has_its_caller_again(house: House) -> None:
    desk, first = await house.agent("1004", kind="web")
    caller = await house.queued()
    await house.until("agent_connected")
    await first.wait_for("CALL_ESTABLISHED")
    await house.passes(1.0)
    first.hang_up()  # nobody pressed anything on the desk: the page went
    lost = await house.until("call_moved", event="agent_lost")
    await house.passes(0.5)
    back = await house.until("call_moved", event="resumed")
    assert back.at - lost.at < 5.0
    await house.passes(1.5)
    caller.hang_up()
    ended = await house.until("call_ended")
    await caller.wait_for("CALL_CLOSED")
    assert (ended.outcome, ended.agent_id) == ("served", "1004")
    whole = seconds_of(caller.heard()[-1])
    last_s = ended.at - back.at
    assert tone_seconds(caller.heard()[-1], FIRST_HZ, whole - last_s) == pytest.approx(last_s, abs=ABOUT)
    assert [one.state for one in desk.call_states()] == ["ringing", "talking", "recalling", "talking", "ended"]


async def test_a_page_that_stays_away_gives_its_caller_to_the_next_before_all_others(house: House) -> None:
    _, first = await house.agent("1004", kind="web")
    lost_one = await house.queued("13800000001")
    connected = await house.until("agent_connected")
    waiting = await house.queued("13800000003")
    await first.stop()
    house.server.calls.link.send(commands.Hangup(house.leg_of("1004"), 16))
    await house.until("call_moved", event="agent_lost")
    again = await house.until("call_moved", event="sent_on", deadline_s=20)
    assert again.call_id == connected.call_id
    second = await colleague(house, "1001")
    await house.until("agent_connected", call_id=connected.call_id, agent_id="1001")
    assert len(house.server.acd.waiting("trading", again.at)) == 1
    await hung_up(house, lost_one)
    await house.until("agent_connected", agent_id="1001")
    waiting.hang_up()
    await second.wait_for("CALL_CLOSED")


async def test_a_standing_leg_takes_one_call_after_the_other_and_stays_up(house: House) -> None:
    house.server.floor.answers = dict.fromkeys(house.server.floor.queues, "standing")
    _, phone_ = await house.agent("1004")
    await phone_.wait_for("CALL_ESTABLISHED")
    await house.holds(lambda: house.server.floor.standing.of("1004"))
    for turn in range(2):
        caller = await house.queued()
        [call] = house.server.calls.calls.values()
        await house.until("agent_connected", call_id=call.id)
        await house.passes(1.0)
        if turn:
            caller.hang_up()
        else:
            await house.server.control.hang_up("1004")
        await house.until("call_ended", call_id=call.id)
        await caller.wait_for("CALL_CLOSED", 15)
        assert tone_seconds(caller.heard()[-1], FIRST_HZ) > 0.5
        await house.holds(lambda: house.server.acd.state_of("1004").available)
    assert [event.kind for event in phone_.events].count("CALL_ESTABLISHED") == 1
    await house.server.floor.log_out("1004")
    await phone_.wait_for("CALL_CLOSED")
