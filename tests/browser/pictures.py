"""Pictures of the pages in their states, to be looked at: `make screenshots`."""

from __future__ import annotations

import asyncio
import itertools
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from playwright.async_api import Browser, Page

from agents.views import AgentView, QueueView, WaitingView, WhyLine
from agents.wire import CallState, PopClosed
from tests.agents.test_later import off_the_line
from tests.browser import stages
from tests.browser.house import Eyes, LiveHouse, browser_running

Scheme = Literal["light", "dark"]
SIZES = ((1366, 768), (1920, 1080))
WALLS = ((1920, 1080), (3840, 2160))
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
LOCALES = ("zh-CN", "en-GB")
SURNAMES, GIVEN = "王李张刘陈杨赵黄周吴", ("芳", "伟", "娜", "秀英", "敏", "静", "丽", "强", "磊", "洋")
LATIN = ("Wang", "Li", "Zhang", "Liu", "Chen", "Yang", "Zhao", "Huang", "Zhou", "Wu")
GIVEN_LATIN = ("Fang", "Wei", "Na", "Xiuying", "Min", "Jing", "Li", "Qiang", "Lei", "Yang")
MOMENTS = ("ready", "talking", "wrap_up", "not_ready", "talking", "held", "talking", "offered", "not_ready", "talking")


def small(house: LiveHouse) -> None:
    """Three queues, two agents, and a morning's calls."""
    now = house.clock()
    house.floor.queues = [
        QueueView("accounts", 3, now - 65, 2, 1, 1, 128, 109, 6),
        QueueView("trading", 1, now - 9, 2, 1, 1, 1204, 1080, 31),
        QueueView("complaints", 0, None, 1, 0, 1),
    ]
    house.floor.move("1001", reachable=True)
    house.floor.move("1002", status="ready")
    for nth, (name, english, talk) in enumerate(
        (("陈晨", "Chen Chen", 183), ("孙悦", "Sun Yue", 64), ("何静", "He Jing", 412), ("马超", "Ma Chao", 96))
    ):
        at = now - 900 * (nth + 1)
        house.memory.stories[f"p-{nth}"] = {
            "id": f"p-{nth}", "agent_id": "1001", "queue": ("accounts", "trading")[nth % 2], "outcome": "served",
            "number": f"+861380000010{nth}", "arrived_at": at, "queued_at": at + 20, "connected_at": at + 30,
            "ended_at": at + 30 + talk, "customer": {"name": name, "name_en": english}, "steps": [],
        }  # fmt: skip
    house.memory.steps["1001"] = [step for nth in range(4) for step in _worked(now - 900 * (4 - nth), 60 + 30 * nth)]


def _worked(at: float, talk_s: float) -> list[tuple[float, str, dict[str, object]]]:
    """A call that came at this time, its wrap-up, and ready again."""
    moves = (("offered", 0), ("talking", 4), ("wrap_up", 4 + talk_s), ("idle", 34 + talk_s))
    moved: list[tuple[float, str, dict[str, object]]] = [
        (at + s, "agent_moved", {"status": "ready", "activity": one, "reason": None}) for one, s in moves
    ]
    return [(at + 4, "agent_connected", {}), *moved]


def large(house: LiveHouse) -> None:
    """Thirty queues and two hundred agents in the middle of the morning."""
    now = house.clock()
    names = ["accounts", "trading", "complaints", *(f"branch-{nth:02}" for nth in range(4, 31))]
    house.floor.queues = [
        QueueView(
            name, waiting=nth * 7 % 9, longest_since=now - (nth * 11 % 47) - 1 if nth * 7 % 9 else None,
            logged_in=6 + nth % 5, ready=nth % 4, busy=4 + nth % 3, answered=150 + 37 * nth,
            answered_in_target=int((150 + 37 * nth) * (0.97 - nth * 5 % 13 / 30)), abandoned=nth * 3 % 17,
        )
        for nth, name in enumerate(names)
    ]  # fmt: skip
    house.floor.agents = {}
    for nth in range(200):
        moment = MOMENTS[nth * 7 % 10]
        idle = moment in {"ready", "not_ready"}
        one = AgentView(
            str(1001 + nth), SURNAMES[nth % 10] + GIVEN[nth // 10 % 10],
            f"{LATIN[nth % 10]} {GIVEN_LATIN[nth // 10 % 10]}",
            status=moment if idle else "ready", activity="idle" if idle else moment, since=now - nth * 13 % 700,
            reason=("lunch", "break", "meeting")[nth % 3] if moment == "not_ready" else None, reachable=True,
        )  # fmt: skip
        house.floor.agents[one.id] = one


def supervised(house: LiveHouse, waiting: int = 3) -> None:
    """Those who wait and why, and the day so far."""
    now = house.clock()
    able, asked = WhyLine("able", {"able": 3, "ready": 1, "free": 0}), WhyLine("asked", {"requires": "trading >= 5"})
    whys = (
        (
            WhyLine("place", {"position": 1, "waiting": 2, "queue": "trading", "waited_s": 65.0, "score": 65.0}),
            asked,
            able,
        ),
        (WhyLine("ringing", {"agent": "1002"}),),
        (WhyLine("nobody"), WhyLine("ring", {"in_s": 12.4, "requires": "complaints >= 2"})),
    )
    people = (("张三丰", "Zhang Sanfeng", "gold"), ("李晓梅", "Li Xiaomei", "silver"), ("", "", ""))
    house.supervision.contacts = [
        WaitingView(
            f"w-{nth + 1}", ("trading", "accounts", "complaints")[nth % 3], f"+86138000000{nth:02}", *people[nth % 3],
            language=("zh", "zh", "en")[nth % 3], since=now - 65 + nth * 7 % 64, priority=(0.0, 60.0)[nth % 2],
            position=nth // 3 + 1, offered_to="1002" if nth % 3 == 1 else None, p50_s=20.0 + nth,
            p90_s=None if nth % 3 == 2 else 75.0 + nth, why=whys[nth % 3],
        )
        for nth in range(waiting)
    ]  # fmt: skip
    begins = now - now % 900 - 26 * 900
    house.supervision.days[None] = {
        "queue": "", "step_s": 900, "formula": "in time / all",
        "steps": [
            {
                "at": begins + nth * 900, "offered": 20 + nth * 13 % 17, "answered": 18 + nth * 13 % 15,
                "abandoned": nth % 4, "service_level": 0.95 - nth * 7 % 11 / 30, "mean_wait_s": 6.0 + nth % 9,
            }
            for nth in range(27)
        ],
    }  # fmt: skip


async def desk(house: LiveHouse, eyes: Eyes, shoot: str) -> None:
    async def picture(page: Page, name: str) -> None:
        await asyncio.sleep(0.25)  # menus and dialogs fade in: a picture, not a test
        await page.screenshot(path=shoot.format(name))

    page = await eyes.open()
    await page.wait_for_selector("#login:visible")
    await picture(page, "1-login")
    await eyes.log_in(page)
    await page.click('[data-status="ready"]')
    await page.wait_for_selector('[data-state="ready"]')
    house.ring(call_id="c-8")
    await page.wait_for_selector('[data-state="offered"]')
    house.roster.send("1001", PopClosed(call_id="c-8", reason="rona"))
    house.floor.move("1001", activity="idle", until=None)
    await page.wait_for_selector("#missed li")
    await picture(page, "2-idle")
    house.ring(data={"account": "10000001", "order_number": "20260105"})
    await page.wait_for_selector('[data-state="offered"]')
    await picture(page, "3-ringing")
    house.floor.move("1001", activity="talking", until=None, pending="not_ready", pending_reason="lunch")
    await page.wait_for_selector('[data-state="talking"]')
    await picture(page, "4-talking")
    await page.click('[data-menu="not_ready"]')
    await picture(page, "4b-reasons")
    await page.keyboard.press("Escape")
    await with_others(house, page, picture)
    await page.click("#hold")
    await page.wait_for_selector('[data-state="held"]')
    await picture(page, "5-held")
    await page.click("#hang_up")
    await page.wait_for_selector('[data-state="wrap_up"]')
    await picture(page, "6-wrap-up")
    for name in ("settings", "help"):
        await page.click(f"#{name}")
        await page.wait_for_selector(".el-dialog:visible")
        await picture(page, f"7-{name}")
        await page.keyboard.press("Escape")
        await page.wait_for_selector(".el-dialog:visible", state="hidden")
    await house.down()
    await page.wait_for_selector("#banner:visible")
    await picture(page, "8-away")
    await house.up()
    await page.wait_for_selector("#banner", state="hidden")


async def with_others(house: LiveHouse, page: Page, picture: Callable[[Page, str], Awaitable[None]]) -> None:
    """A key pad, the choice of whom to ask, a consult, a conference."""

    def is_(state: str, other: str = "") -> None:
        values = {"call_id": "c-9", "state": state, "since": house.clock() - 75, "number": "+8613800000001"}
        third = {"kind": "agent", "id": "1002", "name": "李伟", "state": other} if other else None
        house.roster.send("1001", CallState.model_validate({**values, "queue": "accounts", "other": third}))

    is_("talking")
    await page.click("#keypad")
    await page.keyboard.type("12#")
    await picture(page, "4c-keypad")
    await page.click("#keypad")
    house.floor.move("1002", reachable=True)
    await page.click("#transfer")
    await page.wait_for_selector('[data-target="agent 1002"]:visible')
    await picture(page, "4d-transfer")
    await page.keyboard.press("Escape")
    await page.wait_for_selector(".el-dialog:visible", state="hidden")
    for state, other in (
        ("held", "ringing"),
        ("consulting", "talking"),
        ("talking", "held"),
        ("conference", "talking"),
    ):
        is_(state, other)
        await page.wait_for_selector("#other")
        await picture(page, f"4e-{state}-{other}")
    is_("talking")


async def wallboard(eyes: Eyes, shoot: str) -> None:
    page = await eyes.open("/wallboard")
    await eyes.log_in(page, "2001")
    await page.wait_for_selector("#page:visible")
    await page.wait_for_selector("#people li")
    await page.wait_for_selector(".uplot canvas")
    await asyncio.sleep(1.2)
    await page.screenshot(path=shoot.format("9-wallboard"))
    await page.click('[data-show="agents"]')
    await asyncio.sleep(0.4)
    await page.screenshot(path=shoot.format("9-wallboard-agents"))


async def supervisor(eyes: Eyes, shoot: str) -> None:
    page = await eyes.open("/supervisor")
    await eyes.log_in(page, "2001")
    await page.wait_for_selector("#team tbody tr")
    await page.wait_for_selector("#day canvas")
    await page.wait_for_selector("#waiting tbody")
    await page.click("#team tr.talking")
    await page.click("#waiting .caller >> nth=0")
    await asyncio.sleep(0.8)
    await page.screenshot(path=shoot.format("10-supervisor"))
    await page.click("#listen")
    await page.wait_for_selector("#spying .who")
    await page.click('[data-menu="force"]')
    await asyncio.sleep(0.4)
    await page.screenshot(path=shoot.format("10-supervisor-force"))
    await page.keyboard.press("Escape")
    for name in ("skills", "message"):
        await page.click(f"#{name}")
        await page.wait_for_selector(".el-dialog:visible")
        await asyncio.sleep(0.4)
        await page.screenshot(path=shoot.format(f"10-supervisor-{name}"))
        await page.keyboard.press("Escape")
        await page.wait_for_selector(".el-dialog:visible", state="hidden")
    await page.click("#take_over")
    await page.wait_for_selector("#hold")
    await page.screenshot(path=shoot.format("10-supervisor-taken"))


async def later(eyes: Eyes, shoot: str) -> None:
    page = await eyes.open("/supervisor")
    await eyes.log_in(page, "2001")
    await page.click("#later")
    await page.wait_for_selector("#messages tr")
    await asyncio.sleep(0.4)
    await page.screenshot(path=shoot.format("10-supervisor-later"))


async def booth(eyes: Eyes, shoot: str) -> None:
    page = await eyes.open("/booth")
    await page.wait_for_selector("#call")
    await page.screenshot(path=shoot.format("11-booth"))


async def admin(eyes: Eyes, shoot: str) -> None:
    page = await eyes.open("/admin")
    await eyes.log_in(page, "9001")
    tabs = {"menus": "#picture", "prompts": "#prompts tbody", "house": "#close", "audit": "#audit tbody tr"}
    for nth, (name, there) in enumerate(tabs.items(), 1):
        await page.click(f"nav button:nth-child({nth})")
        await page.wait_for_selector(there)
        await asyncio.sleep(0.4)
        await page.screenshot(path=shoot.format(f"12-admin-{name}"))


async def recordings(eyes: Eyes, shoot: str) -> None:
    page = await eyes.open("/recordings")
    await eyes.log_in(page, "2001")
    await page.locator("#found .pick").first.click()
    await page.wait_for_selector("#wave")
    await page.wait_for_selector("#save")
    await page.screenshot(path=shoot.format("13-recordings"))


@asynccontextmanager
async def seen(browser: Browser, locale: str, scheme: Scheme, size: tuple[int, int]) -> AsyncIterator[Any]:
    """A house and a browser that looks at it."""
    house = LiveHouse()
    await house.up()
    viewport: Any = {"width": size[0], "height": size[1]}
    context = await browser.new_context(locale=locale, viewport=viewport, color_scheme=scheme)
    try:
        yield house, Eyes(context, house)
    finally:
        await context.close()
        await house.down()


Stage = Callable[[LiveHouse, Path], AbstractAsyncContextManager[Any]]
Draw = Callable[[Eyes, str], Awaitable[None]]
REAL: tuple[tuple[str, Stage, Draw], ...] = (
    ("admin", stages.administered, admin), ("recordings", stages.recorded, recordings),
    ("supervisor-later", off_the_line, later),
)  # fmt: skip


async def on_stage(house: LiveHouse, eyes: Eyes, stage: Stage, draw: Draw, shoot: str) -> None:
    """A page that is about real parts."""
    with TemporaryDirectory() as folder:
        async with stage(house, Path(folder)):
            await draw(eyes, shoot)


async def take(browser: Browser, folder: Path, only: str) -> None:
    for scheme, locale in itertools.product(SCHEMES, LOCALES):
        for size in SIZES:
            await pages(browser, locale, scheme, size, str(folder / f"{{}}-{locale[:2]}-{scheme}-{size[0]}.png"), only)
        for size in WALLS:
            shoot = str(folder / f"{{}}-large-{locale[:2]}-{scheme}-{size[0]}.png")
            if only in shoot.format("wall"):
                async with seen(browser, locale, scheme, size) as (house, eyes):
                    large(house)
                    await wallboard(eyes, shoot)


async def pages(  # noqa: PLR0917 - what a picture has
    browser: Browser, locale: str, scheme: Scheme, size: tuple[int, int], shoot: str, only: str
) -> None:
    if only in shoot.format("desk"):
        async with seen(browser, locale, scheme, size) as (house, eyes):
            small(house)
            await desk(house, eyes, shoot)
            await eyes.context.clear_cookies()
            await wallboard(eyes, shoot.replace("{}", "{}-small"))
    if only in shoot.format("supervisor"):
        async with seen(browser, locale, scheme, size) as (house, eyes):
            small(house)
            supervised(house)
            house.floor.move("1001", activity="talking", queue="trading", status="ready")
            await supervisor(eyes, shoot.replace("{}", "{}-small"))
    if only in shoot.format("booth"):
        async with seen(browser, locale, scheme, size) as (_, eyes):
            await booth(eyes, shoot)
    for name, stage, draw in REAL:
        if only in shoot.format(name):
            async with seen(browser, locale, scheme, size) as (house, eyes):
                await on_stage(house, eyes, stage, draw, shoot)
    if only in shoot.format("supervisor-large"):
        async with seen(browser, locale, scheme, size) as (house, eyes):
            large(house)
            supervised(house, 60)
            await supervisor(eyes, shoot.replace("{}", "{}-large"))


async def main(folder: Path, only: str = "") -> None:
    async with browser_running() as browser:
        await take(browser, folder, only)


if __name__ == "__main__":
    into, begun = Path(sys.argv[1]), time.monotonic()
    into.mkdir(parents=True, exist_ok=True)
    asyncio.run(main(into, *sys.argv[2:]))
    print(f"{len(list(into.glob('*.png')))} pictures in {into} after {time.monotonic() - begun:.0f} s")  # noqa: T201
