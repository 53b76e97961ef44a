"""What a menu may ask of the broker's host: what each enquiry needs to know, and what it gives to be said. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Enquiry:
    """`needs` and `gives` are keys of the caller's values; `lists` are values of which `each` says one after another,
    with the keys that each has."""

    needs: tuple[str, ...] = ()
    gives: tuple[str, ...] = ()
    lists: Mapping[str, tuple[str, ...]] | None = None


ENQUIRIES: Mapping[str, Enquiry] = {
    "balance": Enquiry(("account",), ("cash", "securities", "total")),
    "positions": Enquiry(("account",), ("holdings",), {"positions": ("code", "quantity", "value")}),
    "quote": Enquiry(("code",), ("price", "change_percent")),
    "order_status": Enquiry(("account", "order"), ("order_state", "code", "quantity", "filled")),
}
LISTS: Mapping[str, tuple[str, ...]] = {
    name: keys for one in ENQUIRIES.values() for name, keys in (one.lists or {}).items()
}
