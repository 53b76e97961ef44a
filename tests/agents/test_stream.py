from agents.stream import Fresh, Item, Outbox, Stream
from agents.wire import CallState, PopClosed, Toast, server_messages
from tests.agents.fakes import pop


def test_messages_are_numbered_from_one_and_stamped() -> None:
    stream = Stream()
    seq, text = stream.add(Toast(code="a"), now=7.0)
    message = server_messages.validate_json(text)
    assert (seq, message.seq, message.at) == (1, 1, 7.0)


def test_a_page_gets_exactly_what_it_missed() -> None:
    stream = Stream()
    for code in "abc":
        stream.add(Toast(code=code), now=0.0)
    assert [seq for seq, _ in stream.since(1) or []] == [2, 3]
    assert stream.since(3) == []


def test_too_long_ago_and_never_heard_of_both_need_a_snapshot() -> None:
    stream = Stream(size=2)
    for code in "abcd":
        stream.add(Toast(code=code), now=0.0)
    assert stream.since(1) is None
    assert stream.since(99) is None
    assert stream.since(-1) is None
    assert stream.since(2) is not None


def _call(state: str) -> CallState:
    return CallState.model_validate({"call_id": "c-9", "state": state, "since": 1.0})


def test_the_record_stays_through_wrap_up_and_gives_way_to_the_next() -> None:
    stream = Stream()
    for message in (pop(), _call("ringing"), _call("talking"), _call("ended")):
        stream.add(message, now=0.0)
    assert [each.call_id for each in stream.pops] == ["c-9"]
    assert stream.calls == []
    stream.add(pop("c-10"), now=0.0)
    assert [each.call_id for each in stream.pops] == ["c-10"]


def test_a_closed_record_is_gone() -> None:
    stream = Stream()
    stream.add(pop(), now=0.0)
    stream.add(PopClosed(call_id="c-9", reason="rona"), now=0.0)
    assert stream.pops == []


def test_a_call_whose_record_is_closed_is_on_no_screen_any_more() -> None:
    stream = Stream()
    for message in (pop(), _call("ringing"), PopClosed(call_id="c-9", reason="rona")):
        stream.add(message, now=0.0)
    assert stream.calls == []


def test_numbered_messages_keep_their_order_and_only_the_newest_figures_go_out() -> None:
    outbox = Outbox()
    outbox.put_latest("queue_stats", "old")
    outbox.put(Item("one", 1))
    outbox.put_latest("queue_stats", "new")
    outbox.put(Item("two", 2))
    taken = [outbox.take() for _ in range(4)]
    assert [item.text if isinstance(item, Item) else item for item in taken] == ["one", "two", "new", None]


def test_a_page_too_slow_for_its_bound_gets_one_snapshot_instead() -> None:
    written: list[bool] = []
    outbox = Outbox(limit=3)
    for seq in range(1, 6):
        outbox.put(Item(str(seq), seq, written.append))
    fresh = outbox.take()
    assert isinstance(fresh, Fresh)
    assert [item.seq for item in fresh.covers] == [5]
    assert written == [False] * 4
    assert outbox.take() is None


def test_an_answer_is_not_swallowed_by_a_snapshot() -> None:
    outbox = Outbox()
    outbox.put(Item("answer", 0))
    outbox.refresh()
    assert isinstance(outbox.take(), Fresh)
    item = outbox.take()
    assert isinstance(item, Item)
    assert item.text == "answer"


def test_when_the_page_goes_everybody_waiting_is_told() -> None:
    written: list[bool] = []
    outbox = Outbox()
    outbox.put(Item("one", 1, written.append))
    outbox.close()
    assert written == [False]


def test_a_snapshot_takes_the_place_of_figures_it_shows_and_of_no_others() -> None:
    outbox = Outbox()
    outbox.put_latest("queue_stats", "old figures")
    outbox.put_latest("waiting", "who waits")
    outbox.refresh()
    assert isinstance(outbox.take(), Fresh)
    item = outbox.take()
    assert isinstance(item, Item)
    assert item.text == "who waits"
    assert outbox.take() is None
