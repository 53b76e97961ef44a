"""Values as they are said: words one after another, each of which is recorded once. Pure.

A word is a text of its language; `vocabulary` has all there are, so that any amount is said with some sixty sounds.
Every function raises ValueError for what it cannot say, and KeyError for a language that is not here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, time
from decimal import Decimal
from typing import Protocol

from ivr.spoken import en, zh

MOST = Decimal(10) ** 16
PLACES = 8  # after the point


class _Language(Protocol):
    WORDS: frozenset[str]

    def whole(self, value: int) -> list[str]: ...


LANGUAGES: Mapping[str, _Language] = {"zh": zh, "en": en}


def vocabulary(language: str) -> frozenset[str]:
    """Every word that may be said."""
    return LANGUAGES[language].WORDS


def number(value: Decimal | int, language: str) -> list[str]:
    """Such as 十万零五, or one hundred thousand five; behind the point digit by digit."""
    exact = _checked(value)
    return _signed(exact, language, lambda size: _plain(size, language))


def money(yuan: Decimal | int, language: str) -> list[str]:
    """An amount in yuan, jiao and fen: 十元零五分. ValueError for parts of a fen."""
    exact = _checked(yuan)
    if exact != exact.quantize(Decimal("0.01")):
        raise ValueError(f"{exact} has parts of a fen")
    fen = int(abs(exact) * 100)
    speak = zh.money if language == "zh" else en.money
    _ = LANGUAGES[language]
    return _signed(exact, language, lambda _size: speak(fen // 100, fen // 10 % 10, fen % 10))


def percent(value: Decimal | int, language: str) -> list[str]:
    """3.5 is 百分之三点五, or three point five percent."""
    said = number(abs(_checked(value)), language)
    said = [zh.PERCENT, *said] if language == "zh" else [*said, en.PERCENT]
    return _minus(said, value, language)


def change(value: Decimal | int, language: str) -> list[str]:
    """By how many per cent a price went up or down, or that it did not."""
    exact = _checked(value)
    words = zh if language == "zh" else en
    if not exact:
        return [words.FLAT]
    return [words.UP if exact > 0 else words.DOWN, *percent(abs(exact), language)]


def digits(text: str, language: str) -> list[str]:
    """One by one, such as a stock's code or a telephone number; 幺 for 1 in Mandarin."""
    if not text or not (text.isascii() and text.isdigit()):
        raise ValueError(f"{text!r} is not all digits")
    names = zh.IN_CODES if language == "zh" else en.DIGITS
    _ = LANGUAGES[language]
    return [names[int(one)] for one in text]


def day(value: date, language: str) -> list[str]:
    """二零二六年十一月二十五日, or November twenty fifth two thousand twenty six."""
    speak = zh.day if language == "zh" else en.day
    return speak(value.year, value.month, value.day)


def clock(value: time, language: str) -> list[str]:
    """To the minute: 九点零五分, or nine o five a m."""
    speak = zh.clock if language == "zh" else en.clock
    return speak(value.hour, value.minute)


def _checked(value: Decimal | int) -> Decimal:
    exact = Decimal(value)
    if not exact.is_finite():
        raise ValueError(f"{value} is no number")
    if abs(exact) >= MOST:
        raise ValueError(f"{value} is too large to be said")
    exponent = exact.normalize().as_tuple().exponent
    if isinstance(exponent, int) and -exponent > PLACES:
        raise ValueError(f"{value} has more than {PLACES} digits behind the point")
    return exact


def _plain(size: Decimal, language: str) -> list[str]:
    spoken, whole = LANGUAGES[language], int(size)
    said = spoken.whole(whole)
    behind = f"{size - whole:f}".partition(".")[2].rstrip("0")
    if behind:
        names, point = (zh.DIGITS, zh.POINT) if language == "zh" else (en.DIGITS, en.POINT)
        said += [point, *(names[int(one)] for one in behind)]
    return said


def _signed(value: Decimal, language: str, say: Callable[[Decimal], list[str]]) -> list[str]:
    return _minus(say(abs(value)), value, language)


def _minus(said: list[str], value: Decimal | int, language: str) -> list[str]:
    return [zh.MINUS if language == "zh" else en.MINUS, *said] if value < 0 else said
