"""Telephone numbers as people dial them, made E.164."""

from __future__ import annotations

import phonenumbers

HOME = "CN"


def e164(number: str, home: str = HOME) -> str | None:
    """`13800000001` or `+8613800000001` as `+8613800000001`; None when it is no number."""
    try:
        parsed = phonenumbers.parse(number, home)
    except phonenumbers.NumberParseException:
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
