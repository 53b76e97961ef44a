"""English, as on a broker's line in China: yuan, jiao and fen keep their names."""

from __future__ import annotations

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
TEENS = (
    "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
HUNDRED, SCALES = "hundred", ("", "thousand", "million", "billion", "trillion", "quadrillion")
MINUS, POINT, PERCENT = "minus", "point", "percent"
UP, DOWN, FLAT = "up", "down", "unchanged"
YUAN, JIAO, FEN = "yuan", "jiao", "fen"
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
ORDINALS = (
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh",
    "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth",
    "twentieth",
)  # fmt: skip
THIRTIETH, OH, OCLOCK, AM, PM = "thirtieth", "o", "o'clock", "a m", "p m"
WORDS = frozenset(
    (*DIGITS, *TEENS, *TENS, HUNDRED, *SCALES[1:], MINUS, POINT, PERCENT, UP, DOWN, FLAT, YUAN, JIAO, FEN, *MONTHS,
     *ORDINALS, THIRTIETH, OH, OCLOCK, AM, PM)
)  # fmt: skip


def whole(value: int) -> list[str]:
    """A whole number, not negative, below 10^16."""
    if value == 0:
        return [DIGITS[0]]
    said: list[str] = []
    for level in range(len(SCALES) - 1, -1, -1):
        group = value // 1000**level % 1000
        if group:
            said += _group(group)
            said += [SCALES[level]] if level else []
    return said


def _group(value: int) -> list[str]:
    hundreds, rest = divmod(value, 100)
    said = [DIGITS[hundreds], HUNDRED] if hundreds else []
    return said + _below_hundred(rest) if rest else said


def _below_hundred(value: int) -> list[str]:
    if value < 10:
        return [DIGITS[value]]
    if value < 20:
        return [TEENS[value - 10]]
    tens, ones = divmod(value, 10)
    return [TENS[tens - 2], DIGITS[ones]] if ones else [TENS[tens - 2]]


def money(yuan: int, jiao: int, fen: int) -> list[str]:
    said = [*whole(yuan), YUAN] if yuan or not (jiao or fen) else []
    said += [DIGITS[jiao], JIAO] if jiao else []
    return [*said, DIGITS[fen], FEN] if fen else said


def day(year: int, month: int, of_month: int) -> list[str]:
    return [MONTHS[month - 1], *_ordinal(of_month), *whole(year)]


def _ordinal(value: int) -> list[str]:
    if value <= 20:
        return [ORDINALS[value - 1]]
    if value == 30:
        return [THIRTIETH]
    return [TENS[value // 10 - 2], ORDINALS[value % 10 - 1]]


def clock(hour: int, minute: int) -> list[str]:
    half = AM if hour < 12 else PM
    said = whole(hour % 12 or 12)
    if minute == 0:
        return [*said, OCLOCK, half]
    return [*said, *([OH] if minute < 10 else []), *_below_hundred(minute), half]
