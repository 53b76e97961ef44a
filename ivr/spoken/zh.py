"""Mandarin. 零 stands for any gap inside a number; 两 goes before 千, 万, 亿 and what is counted, 二 else."""

from __future__ import annotations

DIGITS = ("零", "一", "二", "三", "四", "五", "六", "七", "八", "九")
IN_CODES = ("零", "幺", *DIGITS[2:])
UNITS = ("", "十", "百", "千")
MYRIADS = ((10**8, "亿"), (10**4, "万"))
PAIR, MINUS, POINT, PERCENT = "两", "负", "点", "百分之"
UP, DOWN, FLAT = "上涨", "下跌", "持平"
YUAN, JIAO, FEN = "元", "角", "分"
YEAR, MONTH, DAY = "年", "月", "日"
OCLOCK, SHARP = "点", "整"
WORDS = frozenset(
    (*DIGITS, *IN_CODES, *UNITS[1:], *(unit for _, unit in MYRIADS),
     PAIR, MINUS, POINT, PERCENT, UP, DOWN, FLAT, YUAN, JIAO, FEN, YEAR,
     MONTH, DAY, OCLOCK, SHARP)
)  # fmt: skip


def whole(value: int) -> list[str]:
    """A whole number, not negative, below 10^16."""
    if value == 0:
        return [DIGITS[0]]
    for size, unit in MYRIADS:
        high, low = divmod(value, size)
        if high:
            gap = [DIGITS[0]] if 0 < low < size // 10 else []
            return [*_counted(high), unit, *gap, *(_below(low) if low else [])]
    return _group(value, leading=True)


def _below(value: int) -> list[str]:
    """As `whole`, behind something greater."""
    return whole(value) if value >= MYRIADS[-1][0] else _group(value, leading=False)


def _group(value: int, *, leading: bool) -> list[str]:
    said: list[str] = []
    gap = False
    for place in (3, 2, 1, 0):
        digit = value // 10**place % 10
        if digit == 0:
            gap = bool(said)
            continue
        if gap:
            said.append(DIGITS[0])
            gap = False
        if not (place == 1 and digit == 1 and leading and not said):  # 十二, but 一百一十二
            said.append(PAIR if digit == 2 and place == 3 else DIGITS[digit])
        if place:
            said.append(UNITS[place])
    return said


def _counted(value: int) -> list[str]:
    return [PAIR] if value == 2 else whole(value)


def money(yuan: int, jiao: int, fen: int) -> list[str]:
    said = [*_counted(yuan), YUAN] if yuan or not (jiao or fen) else []
    if jiao:
        said += [*_counted(jiao), JIAO]
    elif yuan and fen:
        said.append(DIGITS[0])
    return [*said, *_counted(fen), FEN] if fen else said


def day(year: int, month: int, of_month: int) -> list[str]:
    return [*(DIGITS[int(one)] for one in str(year)), YEAR, *whole(month), MONTH, *whole(of_month), DAY]


def clock(hour: int, minute: int) -> list[str]:
    said = [*_counted(hour), OCLOCK]
    if minute == 0:
        return [*said, SHARP]
    return [*said, *([DIGITS[0]] if minute < 10 else []), *whole(minute), FEN]
