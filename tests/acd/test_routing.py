"""Rings, preferred and excluded agents, ageing, capacity, overflow, hours, and changes while contacts wait."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any

import pytest

from acd import events as on
from acd.agent_states import Activity, Status
from acd.core import Unknown
from acd.effects import WakeAt
from acd.hours import Hours, Span
from acd.model import CHANNELS, Channel, Closing, Config, Contact, Overflow, Queue, Ring, When
from acd.skills import parse
from tests.acd.house import OFFICE, House

GOLD = Queue("q", parse("gold >= 5"), rings=(Ring(20.0, parse("gold >= 3")), Ring(60.0, parse(""))))


# -- rings, preferred, excluded ----------------------------------------------------------------------------------------


def test_rings_widen_with_waiting_time() -> None:
    house = House(GOLD).agent("best", {"gold": 9}).call("first").answer()
    house.agent("good", {"gold": 3}).agent("any").call("c")
    assert house.at(19.9).tick().offers == []
    assert house.at(20.0).tick().offers == [("c", "good")]


def test_a_ring_that_nobody_logged_in_can_meet_is_passed_over() -> None:
    house = House(GOLD).agent("any").call("c")
    assert house.offers == [("c", "any")]


def test_and_it_comes_back_when_somebody_for_it_logs_in() -> None:
    house = House(GOLD).agent("any").call("a").answer().call("b")
    house.agent("best", {"gold": 9})
    assert house.offers == [("b", "best")]
    house.answer().call("c")
    house.tell(on.ContactDone("a", "any")).tell(on.WrapUpFinished("any"))
    assert house.offers == []


def test_a_ring_is_waited_out_where_that_is_asked_for() -> None:
    strict = Queue("q", parse("gold >= 5"), rings=(Ring(20.0, parse("")),), skip_rings=False)
    house = House(strict).agent("any").call("c")
    assert house.offers == []
    assert house.at(20.0).tick().offers == [("c", "any")]


def test_preferred_agents_are_asked_first_for_a_bounded_time() -> None:
    house = House(Queue("q", wrapup_s=0)).agent("manager").agent("other").call("x").answer()
    house.call("c", preferred=("manager",), prefer_s=10.0)
    assert house.offers == []
    assert house.at(10.0).tick().offers == [("c", "other")]


def test_a_preferred_agent_who_is_free_in_time_gets_the_contact() -> None:
    house = House(Queue("q", wrapup_s=0)).agent("manager").agent("other").call("x").answer()
    house.call("c", preferred=("manager",), prefer_s=10.0)
    assert house.at(9.0).tell(on.ContactDone("x", "manager")).offers == [("c", "manager")]


def test_nobody_waits_for_a_preferred_agent_who_is_not_logged_in() -> None:
    house = House(Queue("q")).agent("manager").out("manager").agent("other")
    assert house.call("c", preferred=("manager",), prefer_s=10.0).offers == [("c", "other")]


def test_a_preferred_agent_must_be_able_too() -> None:
    house = House(Queue("q", parse("gold >= 5"))).agent("manager").agent("best", {"gold": 5})
    assert house.call("c", preferred=("manager",), prefer_s=10.0).offers == [("c", "best")]


def test_an_excluded_agent_is_never_asked_not_even_one_who_joins_later() -> None:
    house = House(Queue("q")).call("c", excluded=("a",)).agent("a")
    assert house.offers == []
    assert house.agent("b").offers == [("c", "b")]


# -- order -------------------------------------------------------------------------------------------------------------


def test_a_lower_priority_is_overtaken_only_for_a_bounded_time() -> None:
    """Ten points more, and one point for a second of waiting: whoever came ten seconds earlier is served first."""
    house = House(Queue("q", wrapup_s=0))
    house.at(0).call("low")
    house.at(9).call("high", priority=10)
    house.at(11).call("late", priority=10)
    assert house.order == ["high", "low", "late"]
    assert house.at(1000).order == ["high", "low", "late"]
    assert [house.at(20).agent("a").offers, house.answer().tell(on.ContactDone("high", "a")).offers] == [
        [("high", "a")],
        [("low", "a")],
    ]


def test_queues_that_age_at_different_rates_share_one_order_that_turns_over() -> None:
    house = House(Queue("slow", ageing_per_s=0.5, priority=20), Queue("fast", ageing_per_s=1.0))
    house.at(0).call("s", "slow").call("f", "fast")
    assert house.at(39).order == ["s", "f"]
    assert house.at(41).order == ["f", "s"]
    assert house.at(41).agent("a").offers == [("f", "a")]


def test_a_missed_offer_keeps_the_place_among_those_who_came_later() -> None:
    house = House(Queue("q", offer_timeout_s=10)).agent("a").call("first").at(1).call("second").call("third")
    house.at(10).tick()
    assert house.withdrawn == [("first", "rona")]
    assert house.order == ["first", "second", "third"]
    assert house.at(11).agent("b").offers == [("first", "b")]


def test_a_supervisor_raises_a_priority_while_the_contact_waits() -> None:
    house = House(Queue("q")).call("a").call("b")
    house.tell(on.ContactChanged(Contact("b", "q", 99.0, priority=5)))
    assert house.order == ["b", "a"]
    assert house.acd.waiting()[0].arrived_at == 0.0


def test_raising_a_priority_does_not_stop_what_rings() -> None:
    house = House(Queue("q")).agent("a").call("c").tell(on.ContactChanged(Contact("c", "q", 0.0, priority=5)))
    assert house.withdrawn == []
    assert house.acd.state_of("a").activity is Activity.OFFERED


def test_another_queue_while_it_rings_takes_the_offer_back() -> None:
    house = House(Queue("q"), Queue("other", parse("gold"))).agent("a").call("c")
    house.tell(on.ContactChanged(Contact("c", "other", 0.0)))
    assert house.withdrawn == [("c", "changed")]
    assert house.order == ["c"]
    assert house.agent("b", {"gold": 1}).offers == [("c", "b")]


# -- how offers end ----------------------------------------------------------------------------------------------------


def test_busy_three_times_in_a_row_makes_not_ready() -> None:
    house = House(Queue("q")).agent("a").call("c")
    for offer_id in (1, 2, 3):
        assert house.acd.state_of("a").status is Status.READY
        house.tell(on.OfferRefused(offer_id, "busy"))
    assert (house.acd.state_of("a").status, house.acd.state_of("a").reason) == (Status.NOT_READY, "rona")


def test_a_device_at_fault_is_told_apart_from_a_missed_offer() -> None:
    house = House(Queue("q")).agent("a").agent("b").call("c").tell(on.OfferRefused(1, "device"))
    assert house.acd.state_of("a").reason == "device_lost"
    assert house.offers == [("c", "b")]


def test_a_page_lost_while_it_rings_gives_the_contact_to_the_next() -> None:
    house = House(Queue("q")).agent("a").agent("b").call("c").tell(on.AgentChanged("a", reachable=False))
    assert (house.withdrawn, house.offers) == ([("c", "device_lost")], [("c", "b")])


def test_an_agent_who_logs_out_while_it_rings_is_gone() -> None:
    house = House(Queue("q")).agent("a").call("c").out("a")
    assert house.withdrawn == [("c", "agent_left")]
    assert house.acd.state_of("a").status is Status.LOGGED_OUT


def test_missed_limit_may_be_higher() -> None:
    house = House(Queue("q"), missed_limit=2).agent("a").call("c").tell(on.OfferTimedOut(1))
    assert (house.acd.state_of("a").status, house.offers) == (Status.READY, [("c", "a")])
    house.tell(on.OfferTimedOut(2))
    assert house.acd.state_of("a").reason == "rona"


def test_who_chooses_ready_again_may_have_what_they_missed() -> None:
    house = House(Queue("q")).agent("a").agent("b").call("c").call("d")
    house.tell(on.OfferTimedOut(1)).tell(on.AgentChanged("a", status=Status.READY))
    assert house.offers == [("c", "a")]


def test_who_turned_a_contact_down_is_asked_again_after_a_while() -> None:
    """Another agent is ready but talks for long: the caller does not wait for that one alone."""
    house = House(Queue("q"), again_s=30.0).agent("a").agent("b").call("c").answer().call("d")
    house.tell(on.OfferRefused(2, "busy"))
    assert house.at(29.9).tick().offers == []
    assert house.at(30.0).tick().offers == [("d", "b")]


def test_an_offer_answered_in_the_moment_of_its_end_is_answered() -> None:
    house = House(Queue("q", offer_timeout_s=10)).agent("a").call("c").at(10.001).answer()
    assert house.withdrawn == []
    assert house.acd.state_of("a").activity is Activity.TALKING


def test_wrap_up_may_be_extended_and_ends_by_itself() -> None:
    house = House(Queue("q", wrapup_s=10)).agent("a").call("c").answer().tell(on.ContactDone("c", "a"))
    house.tell(on.WrapUpExtended("a", 30.0))
    assert house.acd.state_of("a").until == 40.0
    assert house.at(10).tick().acd.state_of("a").activity is Activity.WRAP_UP
    assert house.at(40).tick().acd.state_of("a").activity is Activity.IDLE


# -- capacity ----------------------------------------------------------------------------------------------------------


def test_a_chat_does_not_lock_voice_out_and_voice_locks_chats_out() -> None:
    house = House(Queue("q")).agent("a").call("chat", channel="chat").answer()
    assert house.call("voice").offers == [("voice", "a")]
    house.answer()
    assert house.acd.state_of("a").contact_id == "voice"
    assert house.call("another", channel="chat").offers == []


def test_so_many_chats_at_once_as_the_agent_takes() -> None:
    house = House(Queue("q")).agent("a", capacity={"chat": 2})
    taken = []
    for name in ("c1", "c2", "c3"):
        taken += house.call(name, channel="chat").offers
        house.answer()
    assert taken == [("c1", "a"), ("c2", "a")]


def test_an_agent_without_calls_in_the_vector_gets_none() -> None:
    house = House(Queue("q")).agent("a", capacity={"voice": 0})
    assert house.call("c").offers == []
    assert house.call("d", channel="mail").offers == [("d", "a")]


def test_who_wishes_to_be_not_ready_gets_no_more_chats() -> None:
    house = House(Queue("q")).agent("a").call("c1", channel="chat").answer()
    house.tell(on.AgentChanged("a", status=Status.NOT_READY, reason="lunch"))
    assert house.call("c2", channel="chat").offers == []
    house.tell(on.AgentChanged("a", status=Status.READY))
    assert house.offers == [("c2", "a")]


# -- overflow and hours ------------------------------------------------------------------------------------------------


def test_the_newest_of_too_many_overflow_also_when_the_limit_shrinks() -> None:
    def limited(most: float) -> Queue:
        return Queue("q", overflow=(Overflow(When.LENGTH, most, "voicemail"),))

    house = House(limited(2)).call("a").call("b").call("c")
    assert house.overflows == [("c", "voicemail", "length")]
    house.tell(on.ConfigChanged(Config({"q": limited(1)})))
    assert house.overflows == [("b", "voicemail", "length")]
    assert house.order == ["a"]


def test_waiting_too_long_leads_to_another_queue_with_all_the_time_waited() -> None:
    house = House(Queue("q", overflow=(Overflow(When.WAIT, 30.0, "other"),)), Queue("other")).call("c")
    assert house.at(29.0).tick().overflows == []
    assert house.at(30.0).tick().overflows == [("c", "other", "wait")]
    assert house.acd.waiting("other", 30.0)[0].arrived_at == 0.0
    assert house.agent("a", queues=frozenset({"other"})).offers == [("c", "a")]


def test_a_contact_never_overflows_in_a_circle() -> None:
    to = [Queue(a, overflow=(Overflow(When.WAIT, 5.0, b),)) for a, b in (("p", "q"), ("q", "p"))]
    house = House(*to).call("c", "p")
    assert [house.at(now).tick().overflows for now in (5.0, 10.0, 15.0)] == [[("c", "q", "wait")], [], []]
    assert house.order == ["c"]


def test_nobody_logged_in_for_so_long() -> None:
    house = House(Queue("q", parse("gold"), overflow=(Overflow(When.NOBODY, 10.0, "voicemail"),)))
    house.agent("a", {"gold": 1}).call("x").answer().call("c").at(100).out("a")
    assert house.overflows == []
    house.tell(on.ContactDone("x", "a")).tell(on.WrapUpFinished("a"))
    assert house.acd.state_of("a").status is Status.LOGGED_OUT
    assert house.at(109).tick().overflows == []
    assert house.at(110).tick().overflows == [("c", "voicemail", "nobody")]


def test_too_many_for_each_agent_logged_in() -> None:
    house = House(Queue("q", overflow=(Overflow(When.RATIO, 2.0, "voicemail"),))).agent("a").call("x").answer()
    house.call("c1").call("c2").call("c3")
    assert house.overflows == [("c3", "voicemail", "ratio")]


def test_a_forecast_too_long_overflows_also_when_it_becomes_so_later() -> None:
    slow = Queue("q", handle_s=100.0, overflow=(Overflow(When.EWT, 150.0, "callback"),))
    house = House(slow).agent("a").agent("b").call("x").answer().call("y").answer().call("c")
    assert house.overflows == []
    house.tell(on.AgentChanged("b", status=Status.NOT_READY, reason="lunch"))
    house.tell(on.ContactDone("y", "b")).tell(on.WrapUpFinished("b")).call("d")
    assert house.overflows == [("d", "callback", "ewt")]
    assert house.order == ["c"]


MONDAY_9 = datetime(2026, 1, 5, 9, tzinfo=UTC).timestamp()
HOUR = 3600.0


def test_a_closed_queue_takes_nobody() -> None:
    house = House(Queue("q", hours=OFFICE, closed_to="goodbye")).at(MONDAY_9 - 1).call("early")
    assert house.overflows == [("early", "goodbye", "closed")]
    assert house.at(MONDAY_9).call("c").overflows == []


@pytest.mark.parametrize(("closing", "left"), [(Closing.SERVE, ["c"]), (Closing.OVERFLOW, [])])
def test_those_who_wait_at_closing_time_are_served_or_sent_on(closing: Closing, left: list[str]) -> None:
    house = House(Queue("q", hours=OFFICE, closing=closing)).at(MONDAY_9 + HOUR).call("c")
    house.at(MONDAY_9 + 8 * HOUR).tick()
    assert house.order == left
    assert not house.acd.is_open("q", house.now)


def test_hours_know_holidays_worked_days_and_midnight() -> None:
    shanghai = timezone(timedelta(hours=8))
    hours = Hours(
        (Span(0, time(9), time(17)), Span(4, time(22))),
        shanghai,
        days_off=frozenset({date(2026, 1, 12)}),
        worked=((date(2026, 1, 10), 0),),
    )

    def at(day: int, hour: int) -> float:
        return datetime(2026, 1, day, hour, tzinfo=shanghai).timestamp()

    assert hours.is_open(at(5, 9))
    assert not hours.is_open(at(5, 17))
    assert not hours.is_open(at(12, 10))
    assert hours.is_open(at(10, 10))
    assert hours.is_open(at(9, 23))
    assert not hours.is_open(at(10, 0))
    assert hours.next_change(at(5, 10)) == at(5, 17)
    assert hours.next_change(at(10, 18)) == at(16, 22)
    assert Hours(()).next_change(0.0) is None


# -- changes while contacts wait ---------------------------------------------------------------------------------------


def waiting_house() -> House:
    house = House(Queue("q", parse("gold >= 5"), wrapup_s=0), Queue("r", wrapup_s=0))
    for n in range(6):
        house.at(n).call(f"c{n}", "q" if n % 2 else "r")
    return house


def test_a_rule_changes_while_contacts_wait() -> None:
    house = waiting_house()
    queues = {name: Queue(name, parse("gold >= 5"), rule="most_skilled", wrapup_s=0) for name in "qr"}
    house.at(10).tell(on.ConfigChanged(Config(queues)))
    assert house.order == [f"c{n}" for n in range(6)]
    house.agent("low", {"gold": 5})
    assert house.offers == [("c0", "low")]


def test_a_ring_changes_while_contacts_wait() -> None:
    house = waiting_house().agent("any")
    assert house.offers == [("c0", "any")]
    house.answer()
    wider = Queue("q", parse("gold >= 5"), rings=(Ring(8.0, parse("")),), wrapup_s=0, skip_rings=False)
    house.at(8).tell(on.ConfigChanged(Config({"q": wider, "r": Queue("r", wrapup_s=0)})))
    assert house.at(9).tell(on.ContactDone("c0", "any")).offers == [("c1", "any")]
    assert house.order == ["c1", "c2", "c3", "c4", "c5"]


def test_capacity_changes_while_contacts_wait() -> None:
    house = House(Queue("q")).agent("a").call("c1").answer().call("c2").call("c3")
    channels = {**CHANNELS, "voice": Channel(3, 2)}
    house.tell(on.ConfigChanged(Config({"q": Queue("q")}, channels)))
    assert house.offers == [("c2", "a")]
    assert house.order == ["c2", "c3"]


def test_a_queue_that_is_no_more_keeps_those_who_wait_in_it() -> None:
    house = waiting_house().tell(on.ConfigChanged(Config({"r": Queue("r", wrapup_s=0)})))
    assert house.order == [f"c{n}" for n in range(6)]
    assert house.at(20).agent("best", {"gold": 9}).offers == [("c0", "best")]
    with pytest.raises(Unknown, match="queue 'nowhere'"):
        house.call("new", "nowhere")


def test_skills_change_while_contacts_wait() -> None:
    house = waiting_house().agent("a", {"gold": 1})
    house.answer().agent("b", {"gold": 9})
    assert house.offers == [("c1", "b")]
    house.tell(on.AgentChanged("b", house.acd.agents["a"]))
    assert house.order[0] == "c1"


def test_ten_thousand_contacts_leave_nothing_behind() -> None:
    chance = random.Random(3)
    house = House(Queue("q", parse(""), rings=(Ring(5.0, parse("gold")),), wrapup_s=1.0)).agent("a").agent("b")
    for n in range(10_000):
        house.at(n / 2).call(f"c{n}")
        for contact_id, agent_id in house.offers:
            house.answer()
            house.tell(on.ContactDone(contact_id, agent_id))
        if chance.random() < 0.9:
            house.tell(on.ContactLeft(f"c{chance.randrange(n + 1)}"))
    for contact in house.acd.waiting():
        house.tell(on.ContactLeft(contact.id))
    house.at(1e6).tick()
    room, crew = house.acd.room, house.acd.crew
    assert not room.places
    assert not any(line.heap for family in room.families.values() for line in family.lines.values())
    assert not room.narrowed
    assert not any(seat.work or seat.skipped for seat in crew.seats.values())
    assert len(house.acd.timers) == 0


def test_contacts_with_the_same_preferred_agents_outlive_a_change_of_configuration() -> None:
    """Their family is made anew once, and still learns what agents can do."""
    house = House(Queue("q", wrapup_s=0)).agent("manager").call("x").answer()
    for name in ("c1", "c2"):
        house.call(name, preferred=("manager", "new"), prefer_s=50.0)
    house.tell(on.ConfigChanged(Config({"q": Queue("q", wrapup_s=0)})))
    house.agent("new")
    assert house.offers == [("c1", "new")]
    assert len(house.acd.room.families) == 1


def test_a_raised_priority_in_a_queue_that_closed_meanwhile_sends_nobody_away() -> None:
    house = House(Queue("q", hours=OFFICE)).at(MONDAY_9 + HOUR).call("c").at(MONDAY_9 + 9 * HOUR)
    house.tell(on.ContactChanged(Contact("c", "q", 0.0, priority=5)))
    assert house.overflows == []
    assert house.order == ["c"]


def test_a_channel_that_is_no_more_keeps_those_who_wait_on_it() -> None:
    house = House(Queue("q")).call("c", channel="chat").call("d")
    house.tell(on.ConfigChanged(Config({"q": Queue("q")}, {"voice": Channel(3)})))
    assert house.order == ["c", "d"]
    assert house.agent("a").offers == [("c", "a"), ("d", "a")]


def test_a_miss_of_an_earlier_visit_is_not_taken_for_one_of_this() -> None:
    """The same contact comes again; what was due for its first visit changes nothing for the second."""
    house = House(Queue("q"), again_s=30.0).agent("a").agent("busy").call("x").answer()
    house.call("c").tell(on.OfferRefused(2, "rejected")).tell(on.ContactLeft("c"))
    house.at(20).call("c").tell(on.OfferRefused(3, "rejected"))
    assert house.at(31).tick().offers == []
    assert house.tell(on.AgentChanged("busy", status=Status.READY)).offers == [("c", "busy")]


def test_a_contact_keeps_no_place_by_a_priority_it_had() -> None:
    house = House(Queue("q", ageing_per_s=0.0))
    for contact_id, priority in (("first", 9.0), ("second", 5.0), ("third", 3.0)):
        house.call(contact_id, priority=priority)
    house.tell(on.ContactChanged(Contact("second", "q", 0.0, priority=0.0)))
    served = [house.agent(agent_id).offers for agent_id in ("x", "y", "z")]
    assert served == [[("first", "x")], [("third", "y")], [("second", "z")]]


@pytest.mark.parametrize("n", range(12))
def test_what_is_due_happens_at_its_time_whatever_the_rounding_of_sums(n: int) -> None:
    now, after_s = 100.0 + 1.337 * n, 20.1
    ring = House(Queue("q", parse("s"), (Ring(after_s, parse("t")),), skip_rings=False)).at(now)
    ring.agent("t", {"t": 1}).agent("s", {"s": 1}, capacity={"voice": 0}).call("c")
    assert ring.at(now + after_s).tick().offers == [("c", "t")]
    over = House(Queue("q", overflow=(Overflow(When.WAIT, after_s, "voicemail"),))).at(now).call("c")
    assert over.at(now + after_s).tick().overflows == [("c", "voicemail", "wait")]


def test_a_tick_that_comes_too_early_is_asked_for_again() -> None:
    house = House(Queue("q", overflow=(Overflow(When.WAIT, 20.0, "voicemail"),))).call("c")
    assert house.told == [WakeAt(20.0)]
    assert house.at(19.9995).tick().told == [WakeAt(20.0)]


def test_queues_that_are_no_more_stay_in_their_order() -> None:
    names = [f"q{n}" for n in range(20)]
    house = House(*map(Queue, names))
    for name in names:
        house.call(f"c-{name}", name)
    house.tell(on.ConfigChanged(Config({"q": Queue("q")})))
    assert [*house.acd.config.queues] == ["q", *names]


def test_an_offer_missed_after_closing_time_leaves_nobody_in_a_closed_queue() -> None:
    house = House(Queue("q", hours=OFFICE, closing=Closing.OVERFLOW)).at(MONDAY_9 + 8 * HOUR - 5.0)
    house.agent("a").call("c").at(MONDAY_9 + 8 * HOUR).tick()
    assert house.order == ["c"]
    house.at(MONDAY_9 + 8 * HOUR + 15.0).tick()
    assert (house.overflows, house.order) == ([("c", "closed", "closed")], [])


def test_whether_a_queue_is_open_is_known_before_the_first_contact() -> None:
    house = House(Queue("q", hours=OFFICE), Queue("r"))
    assert not house.acd.is_open("q", MONDAY_9 - 1.0)
    assert house.acd.is_open("q", MONDAY_9)
    assert house.acd.is_open("r", MONDAY_9 - 1.0)


def test_a_forecast_knows_how_many_at_once_an_agent_takes() -> None:
    house = House(Queue("q", handle_s=180.0)).agent("a", capacity={"chat": 3}).agent("b", capacity={"chat": 0})
    for n in range(4):
        house.call(f"c{n}", channel="chat")
    forecast = house.acd.expected("c3", 0.0)
    assert forecast is not None
    assert forecast.mean_s == pytest.approx(180.0 / 3)


def test_who_changed_while_waiting_is_counted_once_in_the_forecasts_of_others() -> None:
    house = House(Queue("q", ageing_per_s=0.0)).agent("a").call("talking").answer()
    for contact_id, priority in (("first", 9.0), ("second", 5.0), ("last", 1.0)):
        house.call(contact_id, priority=priority)
    before = house.acd.expected("last", 0.0)
    for priority in (6.0, 4.0, 7.0):
        house.tell(on.ContactChanged(Contact("second", "q", 0.0, priority=priority)))
    assert house.acd.expected("last", 0.0) == before


def test_waits_that_end_elsewhere_are_waits_that_were_borne() -> None:
    house = House(Queue("q", patience_s=60.0, overflow=(Overflow(When.WAIT, 500.0, "voicemail"),))).call("c")
    house.at(500.0).tick()
    assert (house.acd.paces["q"].patience_s or 0.0) > 100.0


def test_two_rings_at_the_same_time_are_refused() -> None:
    with pytest.raises(ValueError, match="each ring must come later than the one before"):
        Queue("q", rings=(Ring(5.0, parse("s")), Ring(5.0, parse("t"))))


def test_queues_that_close_together_send_nobody_into_each_other() -> None:
    night: dict[str, Any] = {"hours": OFFICE, "closing": Closing.OVERFLOW}
    house = House(Queue("p"), Queue("q")).at(MONDAY_9 - HOUR).call("c", "p")
    house.tell(on.ConfigChanged(Config({"p": Queue("p", closed_to="q", **night), "q": Queue("q", hours=OFFICE)})))
    assert house.overflows == [("c", "q", "closed"), ("c", "closed", "closed")]


def test_another_priority_does_not_make_the_time_with_nobody_there_begin_anew() -> None:
    house = House(Queue("q", overflow=(Overflow(When.NOBODY, 10.0, "voicemail"),)))
    house.call("c", preferred=("a",), prefer_s=3.0).at(6.0)
    house.tell(on.ContactChanged(Contact("c", "q", 0.0, priority=5.0, preferred=("a",), prefer_s=3.0)))
    assert house.at(10.0).tick().overflows == [("c", "voicemail", "nobody")]


# -- of an agent's own doing -------------------------------------------------------------------------------------------


def taken(contact_id: str = "out", queue: str = "nowhere", agent_id: str = "a") -> on.ContactTaken:
    return on.ContactTaken(Contact(contact_id, queue, 0.0), agent_id)


def test_what_an_agent_begins_on_their_own_keeps_offers_away_until_it_is_done() -> None:
    house = House(Queue("q")).agent("a").tell(taken())
    assert house.acd.state_of("a").activity is Activity.TALKING
    assert house.call("c").offers == []
    assert house.tell(on.ContactDone("out", "a")).offers == [("c", "a")]


def test_nobody_begins_anything_while_logged_out_or_without_room_for_it() -> None:
    house = House(Queue("q")).agent("a").call("c").answer().tell(taken())
    assert house.acd.state_of("a").contacts == ("c",)
    house.agent("b").out("b").tell(taken(agent_id="b"))
    assert house.acd.state_of("b").contacts == ()


def test_somebody_not_ready_may_begin_something_and_stays_not_ready() -> None:
    house = House(Queue("q")).agent("a").tell(on.AgentChanged("a", status=Status.NOT_READY, reason="paperwork"))
    house.tell(taken())
    assert house.acd.state_of("a").activity is Activity.TALKING
    house.tell(on.ContactDone("out", "a"))
    assert house.acd.state_of("a").status is Status.NOT_READY


def test_what_is_left_to_a_colleague_has_the_wrap_up_of_its_queue() -> None:
    house = House(Queue("q", wrapup_s=7.0), Queue("asked", wrapup_s=0.0)).agent("a").call("c+1", "asked").answer()
    house.tell(on.ContactMoved("c+1", "q")).tell(on.ContactDone("c+1", "a"))
    assert (house.acd.state_of("a").activity, house.acd.state_of("a").until) == (Activity.WRAP_UP, 7.0)


# -- writing up --------------------------------------------------------------------------------------------------------

FORCED = Queue("q", wrapup_s=5.0, write_up=True)


def test_without_a_talk_there_is_no_wrap_up_and_nothing_is_owed() -> None:
    house = House(FORCED).agent("a").call("c").answer().tell(on.ContactDone("c", "a", talked=False))
    assert house.acd.state_of("a").available
    assert not house.acd.state_of("a").owes


def test_wrap_up_that_is_owed_goes_on_beyond_its_time_until_it_is_written_and_ended() -> None:
    house = House(FORCED).agent("a").call("c").answer().at(10.0).tell(on.ContactDone("c", "a")).at(20.0).tick()
    assert (house.acd.state_of("a").activity, house.acd.state_of("a").owes) == (Activity.WRAP_UP, True)
    house.tell(on.WrittenUp("c", "a"))
    assert not house.acd.state_of("a").owes
    assert house.tell(on.WrapUpFinished("a")).acd.state_of("a").activity is Activity.IDLE


def test_what_was_written_in_the_talk_lets_wrap_up_end_by_its_time() -> None:
    house = House(FORCED).agent("a").call("c").answer().tell(on.WrittenUp("c", "a"))
    house.at(10.0).tell(on.ContactDone("c", "a")).at(15.0).tick()
    assert house.acd.state_of("a").activity is Activity.IDLE


def test_a_customer_left_to_a_colleague_is_his_to_write_up() -> None:
    house = House(FORCED, Queue("asked", wrapup_s=0.0)).agent("a").call("c+1", "asked").answer()
    house.tell(on.ContactMoved("c+1", "q")).at(3.0).tell(on.ContactDone("c+1", "a")).at(60.0).tick()
    assert house.acd.state_of("a").owes


def test_each_queue_counts_its_own_staff_and_whom_its_widest_ring_would_ask() -> None:
    gold = Queue("gold", parse("s >= 8"), rings=(Ring(20.0, parse("s >= 5")),))
    house = House(Queue("q"), gold, Queue("none", parse("t")))
    house.agent("high", {"s": 9}).agent("middle", {"s": 5}).agent("low", {"s": 1}).agent("gone").out("gone")
    house.agent("only_q", {"s": 9}, queues=("q",)).tell(on.AgentChanged("low", reachable=False))
    assert house.acd.staffing() == {"q": (4, 3, 0), "gold": (2, 2, 0), "none": (0, 0, 0)}
    house.call("c", "gold").answer()
    assert house.acd.staffing() == {"q": (4, 2, 1), "gold": (2, 1, 1), "none": (0, 0, 0)}
