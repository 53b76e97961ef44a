"""Wrong PINs: counted before they are known to be wrong, across calls, however many try at once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ivr.locks import Book, Rule, Tries

RULE = Rule(most=3, lock_s=100.0, forget_s=1000.0)
KEYS = ["account:1", "caller:2"]


def test_three_wrong_tries_lock_for_a_while_and_a_locked_one_counts_nothing() -> None:
    book = Book(RULE)
    for at in (0.0, 1.0, 2.0):
        assert book.begin(KEYS, at) is not None

    assert book.begin(KEYS, 3.0) is None
    assert book.begin(["account:9", "caller:2"], 50.0) is None
    assert book.of("account:9") == Tries()
    assert book.begin(KEYS, 102.5) is not None


def test_a_right_one_forgives_what_went_before() -> None:
    book = Book(RULE)
    for at in (0.0, 1.0):
        book.begin(KEYS, at)
    book.right(KEYS)

    assert [book.begin(KEYS, at) is not None for at in (2.0, 3.0, 4.0, 5.0)] == [True, True, True, False]


def test_what_nobody_could_decide_is_taken_back() -> None:
    book = Book(RULE)
    for at in range(10):
        before = book.begin(KEYS, float(at))
        assert before is not None
        book.undecided(before)

    assert book.of("account:1") == Tries()


def test_old_tries_are_forgotten() -> None:
    book = Book(RULE)
    for at in (0.0, 1.0, 2000.0, 2001.0):
        assert book.begin(KEYS, at) is not None
    assert book.of("account:1").wrong == 2


@given(st.integers(1, 20), st.integers(1, 5))
def test_many_at_once_get_no_more_tries_than_one_after_another(attempts: int, most: int) -> None:
    book = Book(Rule(most=most, lock_s=100.0))

    begun = [book.begin(["account:1"], 0.0) for _ in range(attempts)]

    assert sum(one is not None for one in begun) == min(attempts, most)


def test_who_tries_one_account_after_the_other_fills_no_memory() -> None:
    book = Book(Rule(most=3, lock_s=10.0, forget_s=100.0))
    for n in range(50_000):
        book.begin([f"account:{n}"], n * 0.1)

    assert len(book) <= 20_000
    assert book.of("account:49999").wrong == 1
