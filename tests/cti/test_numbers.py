"""Telephone numbers: how they are written, and which may be dialled."""

import pytest

from cti.numbers import as_dialled, e164, may_be_dialled

ALLOWED, REFUSED = ("0", "1", "00852"), ("00", "0900", "+")


@pytest.mark.parametrize(
    ("number", "may"),
    [
        ("13800000001", True),
        ("02195588", True),
        ("0044123456789", False),
        ("0085212345678", True),  # the longer beginning decides
        ("09001234", False),
        ("+8613800000001", False),
        ("55", False),
    ],
)
def test_the_longest_beginning_of_a_number_decides_whether_it_may_be_dialled(number: str, may: bool) -> None:
    assert may_be_dialled(number, ALLOWED, REFUSED) is may


def test_numbers_are_known_however_they_are_dialled() -> None:
    assert e164("13800000001") == e164("+8613800000001") == "+8613800000001"
    assert e164("nobody") is None


def test_a_number_of_our_own_country_is_dialled_as_one_does_there() -> None:
    assert [as_dialled(one) for one in ("+8613800000001", "+862195588000", "13800000001", "+85291234567", "x")] == [
        "13800000001",
        "02195588000",
        "13800000001",
        "+85291234567",
        "x",
    ]
