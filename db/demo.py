"""A plausible broker: agents, 200 customers, their accounts and past contacts."""

from __future__ import annotations

import random
from collections.abc import Callable

from db.store import Store
from db.tables import AgentRow, Base, CustomerRow, IdentityRow, PastContactRow

PASSWORD = "zongji-demo"  # noqa: S105 - the demo's, shown to everybody; the demo binds to loopback only
_AGENTS = [
    ("1001", "王芳", "Wang Fang", "agent", {"mandarin": 8, "english": 2, "accounts": 7, "trading": 4, "complaints": 3}),
    ("1002", "李伟", "Li Wei", "agent", {"mandarin": 6, "english": 7, "accounts": 5, "trading": 6}),
    ("1003", "陈静", "Chen Jing", "agent", {"mandarin": 7, "english": 5, "accounts": 4, "complaints": 8}),
    ("1004", "赵强", "Zhao Qiang", "agent", {"mandarin": 7, "english": 4, "trading": 9}),
    ("2001", "刘洋", "Liu Yang", "supervisor", {}),
    ("9001", "管理员", "Administrator", "administrator", {}),
]
_FIXED = [
    ("张三丰", "Zhang Sanfeng", "zh", "gold", "+8613800000001", "10000001"),
    ("李晓梅", "Li Xiaomei", "zh", "silver", "+8613800000002", "10000002"),
    ("约翰·史密斯", "John Smith", "en", "gold", "+85291234567", "10000003"),
]
_FAMILY = [
    ("王", "Wang"),
    ("李", "Li"),
    ("张", "Zhang"),
    ("刘", "Liu"),
    ("陈", "Chen"),
    ("杨", "Yang"),
    ("黄", "Huang"),
]
_GIVEN = [("伟", "Wei"), ("芳", "Fang"), ("娜", "Na"), ("敏", "Min"), ("静", "Jing"), ("强", "Qiang"), ("磊", "Lei")]
_SECOND = [("", ""), ("明", "ming"), ("华", "hua"), ("建", "jian"), ("文", "wen"), ("国", "guo")]
_SUMMARIES = ["咨询开户所需材料", "查询资金余额", "委托下单遇到问题", "投诉手续费", "修改联系电话", "咨询新股申购"]
DAY_S = 86400.0


async def seed_demo(store: Store, hash_password: Callable[[str], str], now: float, count: int = 200) -> None:
    """Fill an empty database; without effect on one that has customers. Contacts lie before `now` (UTC)."""
    if await store.count_customers():
        return
    chance = random.Random(7)
    rows: list[Base] = [
        AgentRow(
            id=login, name=name, name_en=name_en, role=role, password_hash=hash_password(PASSWORD),
            phone=f"agent{login}", skills=skills, active=True,
        )
        for login, name, name_en, role, skills in _AGENTS
    ]  # fmt: skip
    people = [*_FIXED, *(_somebody(number, chance) for number in range(len(_FIXED) + 1, count + 1))]
    identities: list[Base] = []
    for number, (name, name_en, language, tier, phone, account) in enumerate(people, 1):
        manager = chance.choice(_AGENTS[:4])[0]
        rows.append(
            CustomerRow(
                id=number, name=name, name_en=name_en, language=language, tier=tier, manager=manager, notes=""
            )
        )  # fmt: skip
        identities += [
            IdentityRow(kind="phone", value=phone, customer_id=number),
            IdentityRow(kind="account", value=account, customer_id=number),
        ]
        identities += [
            PastContactRow(
                id=number * 10 + k,
                customer_id=number,
                at=now - chance.uniform(1, 90) * DAY_S,
                channel=chance.choice(["voice", "voice", "chat", "mail"]),
                agent_id=manager,
                summary=chance.choice(_SUMMARIES),
            )
            for k in range(chance.randint(1, 4))
        ]
    await store.add(rows)
    await store.add(identities)


def _somebody(number: int, chance: random.Random) -> tuple[str, str, str, str, str, str]:
    (family, family_en), (given, given_en), (second, second_en) = map(chance.choice, (_FAMILY, _GIVEN, _SECOND))
    tier = chance.choices(["standard", "silver", "gold", "private"], [70, 20, 8, 2])[0]
    phone = f"+8613{chance.randint(0, 9)}{number:08d}"
    return (family + second + given, f"{family_en} {given_en}{second_en}", "zh", tier, phone, f"{10000000 + number}")
