"""The ledger answers why; forecasts never rise while nothing got worse."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from acd import events as on
from acd.core import Acd
from acd.ledger import Decision, Ledger
from acd.model import Config, Contact, Queue, Ring
from acd.pace import Pace
from acd.skills import parse
from tests.acd.house import House


def test_a_decision_keeps_its_candidates_and_their_figures() -> None:
    house = House(Queue("q", parse("s >= 3"), rule="most_skilled"))
    house.agent("low", {"s": 3}).agent("high", {"s": 8}).agent("none").call("c")
    words = house.acd.why("c", 0.0).words()
    assert words[0] == "0.000: offered to high by most_skilled, 2 of 2 were free"
    assert words[1] == "figures: high -8, low -3"
    assert words[-1] == "is being offered to high"


def test_why_it_waits_names_place_requirement_agents_and_the_next_ring() -> None:
    rings = (Ring(20.0, parse("s >= 1")),)
    house = House(Queue("q", parse("s >= 3"), rings=rings, skip_rings=False)).agent("a", {"s": 3}).call("x").answer()
    house.call("y").at(5).call("c")
    words = house.at(8).acd.why("c", 8.0).words()
    assert words == [
        "number 2 of 2 in q, waiting 3 s, score 3.0",
        "asks for: s >= 3",
        "1 agents meet that: 1 of them ready, 0 free",
        "in 17 s wider: s >= 1",
    ]


def test_why_tells_who_was_left_out_and_who_took_others() -> None:
    house = House(Queue("q", wrapup_s=0)).agent("a").agent("b").call("x").call("c", priority=-5)
    house.at(1).tell(on.OfferAnswered(1)).tell(on.OfferRefused(2, "device"))
    house.at(2).call("y").at(3).tell(on.ContactDone("x", "a"))
    words = " / ".join(house.acd.why("c", 4.0).words())
    assert "others_first" not in words
    assert "meanwhile 1 agents who can serve it took others, last a took y: it came before in the order" in words
    assert "not asked again yet, having missed or refused it: b" in words


def test_nobody_and_unknown() -> None:
    house = House(Queue("q", parse("gold"))).call("c")
    assert "nobody logged in meets that" in house.acd.why("c", 1.0).words()
    assert house.acd.why("z", 1.0).words() == ["z neither waits nor is in the last decisions"]


def test_the_ledger_is_bounded_and_may_be_absent() -> None:
    ledger = Ledger(3)
    for n in range(10):
        ledger.keep(Decision(float(n), f"c{n}", "a", "q", "longest_idle", 0, 0.0, 1, 0, 1, 1, ()))
    assert len(ledger) == 3
    assert [one.contact_id for one in ledger.since(8.0)] == ["c9", "c8"]
    acd = Acd(Config({"q": Queue("q")}))
    acd.handle(on.ContactArrived(Contact("c", "q", 0.0)), 0.0)
    assert acd.why("c", 1.0).words()


def test_forecasts_grow_with_the_place_and_shrink_with_agents() -> None:
    house = House(Queue("q", handle_s=100.0)).agent("a").call("x").answer()
    for n in range(5):
        house.call(f"c{n}")
    told = house.acd.expectations("q", 0.0)
    p50s = [told[f"c{n}"].p50_s for n in range(5)]
    assert p50s == sorted(p50s)
    house.agent("b").answer()
    assert house.acd.expected("c4", 0.0).p50_s < p50s[4]  # type: ignore[union-attr]


def test_a_line_that_shares_half_its_agents_counts_for_half() -> None:
    house = House(Queue("q", handle_s=100.0)).agent("both", {"s": 1, "t": 1}).agent("only", {"t": 1})
    house.call("x", requires="t").answer().call("y", requires="t").answer()
    house.call("first", requires="t").call("mine", requires="s")
    alone = (
        House(Queue("q", handle_s=100.0)).agent("both", {"s": 1, "t": 1}).call("x").answer().call("mine", requires="s")
    )
    shared, lone = house.acd.expected("mine", 0.0), alone.acd.expected("mine", 0.0)
    assert shared is not None
    assert lone is not None
    assert shared.mean_s == 1.5 * lone.mean_s


STEPS = st.lists(st.sampled_from(["wait", "leave_behind", "leave_ahead", "come_behind", "log_in"]), max_size=15)


@given(STEPS)
def test_a_forecast_never_rises_while_nothing_got_worse(steps: list[str]) -> None:
    house = House(Queue("q", handle_s=100.0, patience_s=300.0)).agent("a").call("x").answer()
    for n in range(8):
        house.call(f"ahead{n}")
    house.call("mine")
    # who leaves teaches patience; here it is held still, since longer patience ahead is something that got worse
    house.acd.paces["q"] = Still(100.0, 300.0)
    told = house.acd.expected("mine", 0.0)
    for n, step in enumerate(steps):
        house.at(house.now + 1.0)
        if step == "leave_ahead":
            house.tell(on.ContactLeft(f"ahead{n % 8}"))
        elif step == "come_behind":
            house.call(f"behind{n}")
        elif step == "leave_behind":
            house.tell(on.ContactLeft(f"behind{n - 1}"))
        elif step == "log_in":
            house.agent(f"new{n}").answer()
        else:
            house.tick()
        now = house.acd.expected("mine", house.now)
        if now is None or told is None:
            return
        assert now.p50_s <= told.p50_s * (1 + 1e-9)
        assert now.p90_s <= told.p90_s * (1 + 1e-9)
        told = now


class Still(Pace):
    """A pace that learns nothing."""

    def left(self, waited_s: float) -> None:
        pass

    def answered(self, waited_s: float) -> None:
        pass


def test_a_pace_learns_handle_time_and_patience() -> None:
    assert Pace(100.0, None).patience_s is None
    pace = Pace(100.0, None)
    for _ in range(2000):
        pace.handled(40.0)
        pace.stayed(10.0)
        pace.left(20.0)
    assert abs(pace.handle_s - 40.0) < 1
    assert pace.patience_s is not None
    assert abs(pace.patience_s - 30.0) < 1
