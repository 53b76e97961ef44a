"""Telephone numbers as people dial them, made E.164."""

from __future__ import annotations

from collections.abc import Iterable

import phonenumbers

HOME = "CN"


def e164(number: str, home: str = HOME) -> str | None:
    """`13800000001` or `+8613800000001` as `+8613800000001`; None when it is no number."""
    try:
        parsed = phonenumbers.parse(number, home)
    except phonenumbers.NumberParseException:
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def as_dialled(number: str, home: str = HOME) -> str:
    """A number of our own country as one dials it there: `+8613800000001` as `13800000001`; others as they are."""
    try:
        parsed = phonenumbers.parse(number, home)
    except phonenumbers.NumberParseException:
        return number
    if not number.startswith("+") or phonenumbers.country_code_for_region(home) != parsed.country_code:
        return number
    national = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)
    return "".join(filter(str.isdigit, national))


def may_be_dialled(number: str, allowed: Iterable[str], refused: Iterable[str]) -> bool:
    """Whether a number begins as the house allows; the longest beginning that fits decides, a refusal before all."""
    fits, bars = beginning(number, allowed), beginning(number, refused)
    return fits is not None and (bars is None or len(fits) > len(bars))


def beginning(number: str, starts: Iterable[str]) -> str | None:
    """The longest of these with which the number begins."""
    return max((start for start in starts if number.startswith(start)), key=len, default=None)
