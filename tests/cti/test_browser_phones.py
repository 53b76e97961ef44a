"""The telephones of pages: their passwords, their end, and which page has them."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from agents.ports import Refused
from cti.asterisk.ari import AriError
from cti.browser_phones import MOST_BOOTHS, BrowserPhones


class Memory:
    """Asterisk's memory, which a restart empties."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], Mapping[str, str]] = {}
        self.away = False

    async def put(self, kind: str, name: str, fields: Mapping[str, str], /) -> None:
        if self.away:
            raise AriError("away")
        self.objects[kind, name] = fields

    async def has(self, kind: str, name: str, /) -> bool:
        return (kind, name) in self.objects

    async def delete(self, kind: str, name: str, /) -> None:
        self.objects.pop((kind, name), None)

    def names(self) -> set[str]:
        return {name for _, name in self.objects}


class Phones:
    def __init__(self) -> None:
        self.now, self.memory, self.lost = 1000.0, Memory(), list[str]()
        self.all = BrowserPhones(self.memory, lambda: self.now, self.lost.append)


async def test_each_password_is_new_and_the_one_before_is_void() -> None:
    phones = Phones()
    first = await phones.all.hand_out("1001", 2000.0)
    second = await phones.all.hand_out("1001", 2000.0)
    assert first.password != second.password
    assert phones.memory.objects["auth", "web1001"]["password"] == second.password
    assert first.password not in repr(first)


async def test_a_password_ends_with_its_time_and_with_the_session() -> None:
    phones = Phones()
    await phones.all.hand_out("1001", 1500.0)
    await phones.all.hand_out("1002", 5000.0)
    phones.now = 1500.0
    await phones.all.hand_out("1003", 5000.0)
    assert phones.memory.names() == {"web1002", "web1003"}
    await phones.all.revoke("1002")
    assert phones.memory.names() == {"web1003"}


async def test_what_a_restart_of_asterisk_forgot_is_there_again_with_the_same_password() -> None:
    phones = Phones()
    given = await phones.all.hand_out("1001", 2000.0)
    phones.memory.objects.clear()
    await phones.all.push_again()
    assert phones.memory.objects["auth", "web1001"]["password"] == given.password
    assert ("endpoint", "web1001") in phones.memory.objects


async def test_while_asterisk_is_away_there_is_no_phone_and_a_word_of_why() -> None:
    phones = Phones()
    phones.memory.away = True
    with pytest.raises(Refused, match="does not answer"):
        await phones.all.hand_out("1001", 2000.0)


async def test_another_page_of_the_same_person_ends_what_the_first_was_speaking_with() -> None:
    phones = Phones()
    phones.all.opened("1001", "page-1")
    phones.all.opened("1001", "page-1")  # its line was cut and is back
    assert phones.lost == []
    phones.all.opened("1001", "page-2")
    assert phones.lost == ["1001"]


async def test_booths_can_only_call_the_house_and_are_not_without_end() -> None:
    phones = Phones()
    booth = await phones.all.hand_out_booth("13800000001", 2000.0)
    endpoint = phones.memory.objects["endpoint", booth.user]
    assert (endpoint["context"], endpoint["callerid"]) == ("arrivals", "<13800000001>")
    for _ in range(MOST_BOOTHS - 1):
        await phones.all.hand_out_booth("13800000001", 2000.0)
    with pytest.raises(Refused, match="too many"):
        await phones.all.hand_out_booth("13800000001", 2000.0)
