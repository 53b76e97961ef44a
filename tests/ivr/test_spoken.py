"""What is said of a value is that value: read back by a reader that knows nothing of the speaker."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ivr.spoken import change, clock, day, digits, money, number, percent, vocabulary

ZH = {word: n for n, word in enumerate("零一二三四五六七八九")} | {"两": 2, "幺": 1}
ONES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
        "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen")  # fmt: skip
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
EN = {word: n for n, word in enumerate(ONES)} | {word: 10 * n for n, word in enumerate(TENS, 2)}
EN_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12, "quadrillion": 10**15}


def read_zh(words: list[str]) -> int:
    total = group = digit = 0
    for char in "".join(words):
        if char in ZH:
            digit = ZH[char]
        elif char in "十百千":
            group += (digit or 1) * 10 ** ("十百千".index(char) + 1)
            digit = 0
        elif char == "万":
            total, group, digit = total + (group + digit) * 10**4, 0, 0
        elif char == "亿":
            total, group, digit = (total + group + digit) * 10**8, 0, 0
        else:
            raise AssertionError(char)
    return total + group + digit


def read_en(words: list[str]) -> int:
    total = group = 0
    for word in words:
        if word in EN:
            group += EN[word]
        elif word == "hundred":
            group *= 100
        else:
            total, group = total + group * EN_SCALES[word], 0
    return total + group


READ = {
    "zh": (read_zh, "点", "负", ZH, ("元", "角", "分")),
    "en": (read_en, "point", "minus", EN, ("yuan", "jiao", "fen")),
}


def read(words: list[str], language: str) -> Decimal:
    reader, point, minus, names, _ = READ[language]
    negative, words = words[:1] == [minus], [word for word in words if word != minus]
    at = words.index(point) if point in words else len(words)
    behind = "".join(str(names[word]) for word in words[at + 1 :])
    value = Decimal(f"{reader(words[:at])}.{behind or 0}")
    return -value if negative else value


def read_money(words: list[str], language: str) -> Decimal:
    reader, _, minus, _, units = READ[language]
    value, part = Decimal(0), list[str]()
    for word in words:
        if word in units:
            value += reader(part) * Decimal(10) ** -units.index(word)
            part = []
        elif word != minus:
            part.append(word)
    assert not part
    return -value if words[0] == minus else value


numbers = st.decimals(-(10**12), 10**12, allow_nan=False, places=4)
amounts = st.decimals(-(10**12), 10**12, allow_nan=False, places=2)


@pytest.mark.parametrize("language", ["zh", "en"])
@given(value=numbers | st.integers(-(10**15), 10**15).map(Decimal))
@example(value=Decimal(10**12))
@example(value=Decimal("-0.0001"))
def test_a_number_is_read_back_as_it_was(language: str, value: Decimal) -> None:
    words = number(value, language)
    assert read(words, language) == value
    assert set(words) <= vocabulary(language)


@pytest.mark.parametrize("language", ["zh", "en"])
@given(value=amounts)
@example(value=Decimal(0))
@example(value=Decimal("-0.05"))
def test_an_amount_of_money_is_read_back_as_it_was(language: str, value: Decimal) -> None:
    words = money(value, language)
    assert read_money(words, language) == value
    assert set(words) <= vocabulary(language)


@pytest.mark.parametrize("language", ["zh", "en"])
@given(value=st.dates(date(1990, 1, 1)), at=st.times())
def test_days_and_hours_are_said_with_known_words(language: str, value: date, at: time) -> None:
    assert {*day(value, language), *clock(at, language)} <= vocabulary(language)


@given(value=st.dates(date(1990, 1, 1)))
def test_a_day_is_read_back_as_it_was(value: date) -> None:
    year, _, rest = "".join(day(value, "zh")).partition("年")
    month, _, of_month = rest.partition("月")
    assert "".join(str(ZH[one]) for one in year) == str(value.year)
    assert (read_zh([month]), read_zh([of_month.removesuffix("日")])) == (value.month, value.day)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "零"), (2, "二"), (10, "十"), (12, "十二"), (110, "一百一十"), (112, "一百一十二"), (2002, "两千零二"),
        (20_000, "两万"), (100_005, "十万零五"), (10_500_000, "一千零五十万"), (100_010_000, "一亿零一万"),
        (200_000_000, "两亿"), (120_000, "十二万"), (10**12, "一万亿"), (1_000_100_000_000, "一万零一亿"),
        (10**13 + 10**7, "十万亿一千万"), (1_000_000_001, "十亿零一"),
        (10_010, "一万零一十"), (-5, "负五"), (Decimal("3.05"), "三点零五"), (22_222, "两万两千二百二十二"),
    ],
)  # fmt: skip
def test_mandarin_numbers_are_what_a_native_says(value: Decimal | int, said: str) -> None:
    assert "".join(number(value, "zh")) == said


@pytest.mark.parametrize(
    ("value", "zh", "en"),
    [
        ("0", "零元", "zero yuan"), ("2", "两元", "two yuan"), ("0.05", "五分", "five fen"),
        ("0.2", "两角", "two jiao"),
        ("10.05", "十元零五分", "ten yuan five fen"), ("10.50", "十元五角", "ten yuan five jiao"),
        ("-1234.56", "负一千二百三十四元五角六分",
         "minus one thousand two hundred thirty four yuan five jiao six fen"),
    ],
)  # fmt: skip
def test_money_is_what_people_say(value: str, zh: str, en: str) -> None:
    assert "".join(money(Decimal(value), "zh")) == zh
    assert " ".join(money(Decimal(value), "en")) == en


def test_codes_percentages_changes_days_and_hours() -> None:
    assert "".join(digits("600519", "zh")) == "六零零五幺九"
    assert " ".join(digits("0123", "en")) == "zero one two three"
    assert "".join(percent(Decimal("3.5"), "zh")) == "百分之三点五"
    assert " ".join(percent(-2, "en")) == "minus two percent"
    assert "".join(change(Decimal("-1.2"), "zh")) == "下跌百分之一点二"
    assert [change(0, one) for one in ("zh", "en")] == [["持平"], ["unchanged"]]
    assert "".join(day(date(2026, 11, 25), "zh")) == "二零二六年十一月二十五日"
    assert " ".join(day(date(2026, 11, 25), "en")) == "November twenty fifth two thousand twenty six"
    assert "".join(clock(time(9, 5), "zh")) == "九点零五分"
    assert "".join(clock(time(2, 0), "zh")) == "两点整"
    assert " ".join(clock(time(14, 5), "en")) == "two o five p m"
    assert " ".join(clock(time(0, 30), "en")) == "twelve thirty a m"


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1e16", "0.123456789"])
def test_what_cannot_be_said_is_refused(value: str) -> None:
    for language in ("zh", "en"):
        with pytest.raises(ValueError, match=r"no number|too large|digits behind"):
            number(Decimal(value), language)


def test_parts_of_a_fen_and_strange_digits_are_refused() -> None:
    with pytest.raises(ValueError, match="parts of a fen"):
        money(Decimal("1.001"), "zh")
    for text in ("", "12a", "１２"):
        with pytest.raises(ValueError, match="not all digits"):
            digits(text, "zh")
