"""The demo broker's house: what the settings are when nobody wrote any."""

from __future__ import annotations

from typing import Any

DEMO_SKILLS = ["mandarin", "english", "accounts", "trading", "complaints"]


def _choices(*words: tuple[str, str, str]) -> list[dict[str, str]]:
    return [{"code": code, "zh": zh, "en": en} for code, zh, en in words]


DEMO_CALENDARS: list[dict[str, Any]] = [
    {"name": "service", "holidays": "CN", "hours": [{"opens": "08:30:00", "closes": "17:30:00"}]},
    {
        "name": "exchange",
        "holidays": "XSHG",
        "hours": [{"opens": "09:30:00", "closes": "11:30:00"}, {"opens": "13:00:00", "closes": "15:00:00"}],
    },
]
DEMO_SCORECARDS: list[dict[str, Any]] = [
    {
        "name": "service",
        "questions": [
            {"code": "greeting", "zh": "规范问候并核实身份", "en": "Greeted and identified the customer"},
            {"code": "listening", "zh": "倾听并准确理解问题", "en": "Listened and understood", "weight": 2.0},
            {"code": "answer", "zh": "解答正确完整", "en": "Answered rightly and fully", "weight": 3.0},
            {"code": "closing", "zh": "确认已解决并礼貌结束", "en": "Made sure it was settled", "kind": "yes_no"},
            {
                "code": "promises",
                "zh": "未承诺收益、未泄露信息",
                "en": "Promised no profit, told no secret",
                "kind": "fatal",
            },
        ],
    }
]
IN_LINE = {
    "comfort": ["comfort", "comfort_online"],
    "offers": {"1": "callback", "2": "voicemail"},
    "offered": ["offer_instead"],
}
FOLLOW_UP = ("follow_up", "需要跟进", "Follow up")
DEMO_QUEUES: list[dict[str, Any]] = [
    {
        "name": "accounts",
        "requires": "accounts >= 1",
        "in_line": IN_LINE,
        "scorecard": "service",
        "dispositions": _choices(
            ("answered", "已解答", "Answered"), ("changed", "已办理变更", "Changed for them"), FOLLOW_UP
        ),
    },
    {
        "name": "trading",
        "requires": "trading >= 1",
        "in_line": IN_LINE,
        "scorecard": "service",
        "priority": 5,
        "dispositions": _choices(
            ("quote", "行情咨询", "Quote"),
            ("order_taken", "已代为委托", "Order taken"),
            ("order_failed", "委托未成", "Order failed"),
            FOLLOW_UP,
        ),
    },
    {
        "name": "complaints",
        "requires": "complaints >= 3",
        "rings": [{"after_s": 30.0, "requires": "complaints >= 1"}],
        "wrapup_s": 30.0,
        "survey": "survey",
        "scorecard": "service",
        "disposition": "forced",
        "dispositions": _choices(
            ("settled", "已当场解决", "Settled"),
            ("recorded", "已登记投诉", "Recorded"),
            ("calmed", "已安抚", "Calmed"),
            FOLLOW_UP,
        ),
    },
]
