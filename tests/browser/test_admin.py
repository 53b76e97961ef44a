"""The administrator's page in a real browser, on real menus, prompts and switches."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect
from pydub.generators import Sine

from tests.browser import stages
from tests.browser.house import Eyes, LiveHouse
from tests.browser.stages import Administered
from tests.browser.test_access import faults

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]
expect.set_options(timeout=15_000)


@pytest_asyncio.fixture(loop_scope="package")
async def administered(house: LiveHouse, tmp_path: Path) -> AsyncIterator[Administered]:
    async with stages.administered(house, tmp_path) as found:
        yield found


async def administering(eyes: Eyes, login: str = "9001") -> Page:
    page = await eyes.open("/admin")
    await eyes.log_in(page, login)
    return page


MADE_MS = 20_000  # a child of the server makes the sound, on a machine with other things to do


async def test_a_menu_is_changed_checked_published_and_taken_back(administered: Administered, eyes: Eyes) -> None:
    page = await administering(eyes)
    await expect(page.locator('[data-node="welcome"]')).to_be_visible()
    await expect(page.locator('[data-node="welcome"] .count')).to_have_text("12")
    text = await page.input_value("#text")

    await page.fill("#text", text.replace('queue = "complaints"', 'queue = "moon"'))
    await page.click("#save")
    await expect(page.locator("#problems li")).to_have_count(1)
    await expect(page.locator("#problems")).to_contain_text("moon")
    await expect(page.locator("#publish")).to_be_disabled()
    await page.click("#problems button")
    chosen = "document.getSelection().toString() || text.value.slice(text.selectionStart, text.selectionEnd)"
    assert await page.locator("#text").evaluate(f"(text) => {chosen}") == "[nodes.complaint]"

    await page.fill("#text", text.replace("tries = 2", "tries = 4"))
    await page.click("#save")
    await expect(page.locator("#problems")).to_have_count(0)
    await page.click("#publish")
    await expect(page.locator('[data-number="1"].published')).to_be_visible()
    assert administered.voice.menu.nodes["language"].tries == 4  # type: ignore[union-attr]

    await page.click('[data-number="0"] .back')
    await expect(page.locator('[data-number="2"].published')).to_be_visible()
    assert administered.voice.menu.text == text


async def test_a_prompt_is_uploaded_refused_and_given_back(administered: Administered, eyes: Eyes) -> None:
    page = await administering(eyes)
    await page.click("nav button:nth-child(2)")
    row = page.locator('[data-prompt="zh/welcome"]')
    sound = io.BytesIO()
    Sine(700, sample_rate=44100).to_audio_segment(1200, volume=-12).export(sound, format="mp3")

    await row.locator("input").set_input_files({"name": "a.wav", "mimeType": "audio/wav", "buffer": b"no sound at all"})
    await expect(page.locator("#told")).to_have_text("welcome: 无法识别为音频", timeout=MADE_MS)
    await row.locator("input").set_input_files({"name": "a.mp3", "mimeType": "audio/mpeg", "buffer": sound.getvalue()})
    await expect(row.locator("td.uploaded")).to_have_text("已上传", timeout=MADE_MS)
    await expect(page.locator("#told")).to_have_text("")
    await row.get_by_text("移除").click()
    await expect(row.locator("td.spoken")).to_have_text("合成", timeout=MADE_MS)


async def test_the_house_is_closed_at_the_second_press_and_numbers_are_blocked(
    administered: Administered, eyes: Eyes
) -> None:
    page = await administering(eyes)
    await page.click("nav button:nth-child(3)")
    await page.click("#close")
    assert administered.switches.admission("138") is None
    await page.click("#close")
    await expect(page.locator("#close")).to_have_text("恢复接听")
    assert administered.switches.admission("138") == "emergency"
    await page.click("#close")
    await page.fill("#numbers", "16812345678\n170*")
    await page.click("#block")
    await page.click('[data-calendar="service"] button:nth-child(1)')
    await expect(page.locator('[data-calendar="service"] .over')).to_be_visible()
    assert administered.switches.house().blocked == ("16812345678", "170*")
    assert administered.switches.house().calendars == {"service": "open"}
    await page.fill("#numbers", "not a number")
    await page.click("#block")
    await expect(page.locator("#told")).not_to_have_text("")


async def test_who_did_what_is_read_page_by_page(administered: Administered, eyes: Eyes) -> None:
    house = administered.house
    house.memory.done = [
        {"at": house.clock() - n, "kind": "access", "agent_id": "1001", "call_id": None,
         "data": {"what": "login_refused", "address": f"10.0.0.{n}", "reason": "wrong_login"}}
        for n in range(120)
    ]  # fmt: skip
    house.memory.done[0] |= {"kind": "agent_forced", "data": {"by": "2001", "status": "not_ready"}}
    page = await administering(eyes)
    await page.click("nav button:nth-child(4)")
    rows = page.locator("#audit tbody tr")
    await expect(rows).to_have_count(100)
    await expect(rows.nth(0)).to_contain_text("2001强制变更坐席状态1001")
    await expect(rows.nth(1)).to_contain_text("1001登录被拒绝")
    await expect(rows.nth(1)).to_contain_text("10.0.0.1")
    await page.click("#older")
    await expect(rows).to_have_count(120)
    await expect(page.locator("#older")).to_have_count(0)
    house.memory.away = True
    await page.click("nav button:nth-child(3)")
    await page.click("nav button:nth-child(4)")
    await expect(page.locator("#told")).not_to_have_text("")


@pytest.mark.parametrize("login", ["1001", "2001"])
async def test_nobody_else_is_let_in(administered: Administered, eyes: Eyes, login: str) -> None:
    page = await administering(eyes, login)
    await expect(page.locator("#refused")).to_be_visible()
    assert administered.switches.house().blocked == ()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_on_the_administrators_page(
    administered: Administered, browser: Browser, scheme: Literal["light", "dark"]
) -> None:
    context = await browser.new_context(color_scheme=scheme, locale="en-GB", viewport={"width": 1366, "height": 768})
    eyes = Eyes(context, administered.house)
    administered.house.memory.done = [
        {"at": 1.0, "kind": "access", "agent_id": "1001", "call_id": None, "data": {"what": "logged_in"}}
    ]
    page = await administering(eyes)
    await page.wait_for_selector("#picture")
    found = {"menus": await faults(page)}
    for nth, shown in ((2, "#prompts tbody tr"), (3, "#close"), (4, "#audit tbody tr")):
        await page.click(f"nav button:nth-child({nth})")
        await page.wait_for_selector(shown)
        found[shown] = await faults(page)
    await context.close()
    assert {where: what for where, what in found.items() if what} == {}
    assert eyes.faults == []
