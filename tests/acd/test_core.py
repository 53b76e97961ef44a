"""The router's promises, without clock or socket."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from acd import events as on
from acd.agent_states import Activity, Status
from acd.core import Acd
from acd.effects import Effect, Offer, Withdraw
from acd.model import Agent, Config, Contact, Queue
from acd.skills import parse


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


def test_rings_widen_with_waiting_time() -> None:
    text = "gold >= 5"
    queue = Queue("q", parse(text), rings=())
    assert queue.requirement_after(100.0).text == text


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["arrive", "leave", "answer", "busy", "device", "done", "ready", "tick"]), st.integers(0, 5)
    ),
    max_size=60,
)


@settings(max_examples=150, deadline=None)
@example([("arrive", 0), ("answer", 0), ("done", 0), ("arrive", 0)])
@given(STEPS)
def test_no_order_of_events_offers_twice_or_lets_a_contact_wait_beside_an_idle_agent(
    steps: list[tuple[str, int]],
) -> None:
    acd = house()
    for number in range(3):
        staff(acd, f"a{number}")
    made: list[int] = []
    for now, (step, n) in enumerate(steps, 1):
        latest = made[-1 - n % len(made)] if made else 1
        talking = acd.state_of(f"a{n % 3}").contact_id or "none"
        event: dict[str, on.Event] = {
            "arrive": on.ContactArrived(Contact(f"c{n}", "q", float(now))),
            "leave": on.ContactLeft(f"c{n}"),
            "answer": on.OfferAnswered(latest),
            "busy": on.OfferRefused(latest, "busy"),
            "device": on.OfferRefused(latest, "device"),
            "done": on.ContactDone(talking, f"a{n % 3}"),
            "ready": on.AgentChanged(f"a{n % 3}", status=Status.READY),
            "tick": on.Tick(),
        }
        effects = acd.handle(event[step], float(now))
        made += [one.offer_id for one in effects if isinstance(one, Offer)]
        # A customer may be back in the queue while the agent still writes up the last visit: that is no second offer.
        states = [acd.state_of(f"a{i}") for i in range(3)]
        reserved = [one.contact_id for one in states if one.activity not in (Activity.IDLE, Activity.WRAP_UP)]
        assert len(reserved) == len(set(reserved))
        idle = [i for i in range(3) if acd.state_of(f"a{i}").available]
        unoffered = [contact for contact in acd.waiting(None, float(now)) if contact.id not in reserved]
        excluded_all = len(unoffered) > 0 and len(idle) == 3
        assert not excluded_all
