"""The router's promises, without clock or socket."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from acd import events as on
from acd.agent_states import Activity, Status
from acd.core import Acd
from acd.effects import Effect, Offer, Withdraw
from acd.model import Agent, Config, Contact, Queue


def house(**more: float) -> Acd:
    return Acd(Config({"q": Queue("q", offer_timeout_s=10, wrapup_s=5, ageing_per_s=more.get("ageing", 1.0))}))


def staff(acd: Acd, agent_id: str, now: float = 0.0, **skills: int) -> list[Effect]:
    agent = Agent(agent_id, agent_id, skills)
    return acd.handle(on.AgentChanged(agent_id, agent, Status.READY, reachable=True), now)


def offers(effects: list[Effect]) -> list[tuple[str, str]]:
    return [(one.contact_id, one.agent_id) for one in effects if isinstance(one, Offer)]


def test_a_contact_is_offered_to_the_longest_idle() -> None:
    acd = house()
    staff(acd, "b", 1.0)
    staff(acd, "a", 2.0)

    assert offers(acd.handle(on.ContactArrived(Contact("c", "q", 3.0)), 3.0)) == [("c", "b")]


def test_a_freed_agent_takes_the_longest_waiting() -> None:
    acd = house()
    acd.handle(on.ContactArrived(Contact("late", "q", 2.0)), 2.0)
    acd.handle(on.ContactArrived(Contact("early", "q", 1.0)), 2.0)

    assert offers(staff(acd, "a", 3.0)) == [("early", "a")]


def test_missed_offer_keeps_the_place_and_makes_the_agent_not_ready() -> None:
    acd = house()
    staff(acd, "a")
    acd.handle(on.ContactArrived(Contact("c", "q", 0.0)), 0.0)
    acd.handle(on.ContactArrived(Contact("d", "q", 1.0)), 1.0)

    effects = acd.handle(on.Tick(), 10.0)

    assert [one for one in effects if isinstance(one, Withdraw)] == [Withdraw(1, "c", "a", "rona")]
    assert (acd.state_of("a").status, acd.state_of("a").reason) == (Status.NOT_READY, "rona")
    assert acd.position("c", 10.0) == 1
    assert offers(staff(acd, "b", 11.0)) == [("c", "b")]


def test_late_answers_and_strangers_change_nothing() -> None:
    acd = house()
    staff(acd, "a")
    acd.handle(on.ContactArrived(Contact("c", "q", 0.0)), 0.0)
    acd.handle(on.ContactLeft("c"), 1.0)

    assert acd.handle(on.OfferAnswered(1), 2.0) == []
    assert acd.handle(on.ContactDone("nobody", "a"), 2.0) == []
    assert acd.state_of("a").available


def test_status_chosen_while_talking_lands_after_wrap_up() -> None:
    acd = house()
    staff(acd, "a")
    acd.handle(on.ContactArrived(Contact("c", "q", 0.0)), 0.0)
    acd.handle(on.OfferAnswered(1), 1.0)
    acd.handle(on.AgentChanged("a", status=Status.NOT_READY, reason="lunch"), 2.0)
    acd.handle(on.ContactDone("c", "a"), 3.0)
    assert acd.state_of("a").activity is Activity.WRAP_UP

    acd.handle(on.Tick(), 8.0)

    assert (acd.state_of("a").status, acd.state_of("a").reason) == (Status.NOT_READY, "lunch")


def test_a_busy_phone_does_not_lose_the_only_able_agent() -> None:
    acd = house()
    staff(acd, "a")
    acd.handle(on.ContactArrived(Contact("c", "q", 0.0)), 0.0)

    assert offers(acd.handle(on.OfferRefused(1, "busy"), 1.0)) == [("c", "a")]


MOMENTS = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 40)), min_size=2, max_size=12)


@given(MOMENTS, st.sampled_from([0.25, 0.5, 1.0, 2.0]))
def test_overtaking_is_bounded_by_the_ageing_rate(moments: list[tuple[int, int]], rate: float) -> None:
    """Who came so much earlier that age makes up for priority is served first; who did not, is not."""
    acd = house(ageing=rate)
    came = sorted((at / 4, priority) for at, priority in moments)
    for n, (at, priority) in enumerate(came):
        acd.handle(on.ContactArrived(Contact(f"c{n}", "q", at, priority)), at)
    order = [int(contact.id[1:]) for contact in acd.waiting(None, 1000.0)]
    place = {n: order.index(n) for n in order}
    for early, (one_at, one) in enumerate(came):
        for late, (other_at, other) in enumerate(came):
            if early < late:
                assert (place[early] < place[late]) == (other - one <= rate * (other_at - one_at))
