"""What an agent lives with all day: the keyboard, the day's figures, missed offers, and what can be chosen."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from agents.ports import RecordingFile
from agents.wire import PopClosed
from cti.audio import write_tone
from tests.browser.house import Eyes, LiveHouse, until, until_true
from tests.browser.pictures import large, small

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]
TYPED_INTO = "document.querySelector('main').append(Object.assign(document.createElement('input'), {id: 'note'}))"


async def test_a_call_is_worked_from_the_keyboard(house: LiveHouse, eyes: Eyes) -> None:
    page = await eyes.desk()
    await page.keyboard.press("Alt+r")
    await expect(page.locator("#activity")).to_have_text("就绪")
    house.floor.move("1001", activity="talking")
    await page.wait_for_selector("#hold:enabled")
    for keys, state in (("Alt+h", "保持中"), ("Alt+h", "通话中"), ("Alt+k", "话后处理"), ("Alt+w", "就绪")):
        await page.keyboard.press(keys)
        await expect(page.locator("#activity")).to_have_text(state)
    assert house.floor.done[1:] == ["hold", "resume", "hang_up", "finish_wrap_up"]
    await page.keyboard.press("Alt+n")
    await page.wait_for_selector('[data-status="not_ready break"]:visible')
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(page.locator("#activity")).to_have_text("未就绪 · 午餐")
    await page.focus('[data-menu="not_ready"]')
    await page.keyboard.press("Enter")
    await expect(page.locator('[data-status="not_ready break"]')).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("#activity")).to_have_text("未就绪 · 小休")
    await expect(page.locator('[data-menu="not_ready"]')).to_be_focused()


async def test_letters_typed_into_a_field_stay_letters_and_shortcuts_can_be_turned_off(
    house: LiveHouse, eyes: Eyes
) -> None:
    page = await eyes.desk()
    await page.evaluate(TYPED_INTO)
    await page.focus("#note")
    await page.keyboard.type("h?k")
    assert await page.input_value("#note") == "h?k"
    assert await page.locator("#shortcuts").count() == 0
    await page.evaluate("document.activeElement.blur()")
    await page.keyboard.press("?")
    await expect(page.locator("#shortcuts")).to_contain_text("Alt+K")
    await page.keyboard.press("Escape")
    await expect(page.locator("#shortcuts")).to_be_hidden()
    await page.click("#settings")
    await page.click(".el-switch >> nth=1")
    await page.keyboard.press("Escape")
    await expect(page.locator(".el-dialog:visible")).to_have_count(0)
    await page.keyboard.press("Alt+r")
    await page.click("#language")  # whatever the key did would have been sent before
    await expect(page.locator("#activity")).to_contain_text("Not ready")
    assert house.floor.done == []


async def test_a_button_says_its_keys_and_covers_no_other(house: LiveHouse, eyes: Eyes) -> None:
    page = await eyes.desk()
    house.floor.move("1001", activity="talking")
    await page.hover("#hang_up:enabled")
    await expect(page.locator(".el-popper:visible")).to_have_text(["Alt+K"])
    await page.click("#hold")
    await expect(page.locator(".el-popper:visible")).to_have_text(["Alt+H"])  # the other fades out for a moment
    await page.click("#hang_up")
    assert house.floor.done == ["hold", "hang_up"]


async def test_an_offer_that_went_elsewhere_is_listed(house: LiveHouse, eyes: Eyes) -> None:
    page = await eyes.desk()
    house.ring()
    await expect(page.locator("#card .name")).to_have_text("张三丰")
    house.roster.send("1001", PopClosed(call_id="c-9", reason="rona"))
    await expect(page.locator("#missed li")).to_have_count(1)
    await expect(page.locator("#missed li")).to_contain_text("张三丰+8613800000001账户服务 · 未接来电")


async def test_the_day_is_counted_and_counted_anew_when_a_call_has_ended(house: LiveHouse, eyes: Eyes) -> None:
    small(house)
    page = await eyes.desk()
    figures = page.locator("#day dd")
    await expect(figures.nth(0)).to_have_text("4")
    await expect(figures.nth(1)).to_have_text("2:15")  # the mean of 90, 120, 150 and 180 s
    await expect(figures.nth(3)).to_have_text("7:00")
    await expect(page.locator("#calls tbody tr").first).to_contain_text("陈晨账户服务3:03已服务")
    now = house.clock()
    house.memory.stories["p-9"] = {
        "id": "p-9", "agent_id": "1001", "queue": "accounts", "outcome": "served", "steps": [],
        "arrived_at": now - 60, "queued_at": now - 50, "connected_at": now - 40, "ended_at": now,
    }  # fmt: skip
    house.memory.steps["1001"].append((now, "agent_connected", {}))
    house.call_is("1001", "p-9", "ended")
    await expect(figures.first).to_have_text("5")
    await expect(page.locator("#calls tbody tr")).to_have_count(5)


async def test_the_day_is_the_houses_wherever_the_browser_is(house: LiveHouse, eyes: Eyes) -> None:
    small(house)
    page = await eyes.open()
    devtools = await eyes.context.new_cdp_session(page)
    east = -time.gmtime().tm_hour % 24  # where it is between midnight and one o'clock
    await devtools.send(
        "Emulation.setTimezoneOverride", {"timezoneId": f"Etc/GMT{-east if east <= 14 else 24 - east:+}"}
    )
    assert await page.evaluate("new Date().getHours()") == 0
    await eyes.log_in(page)
    await expect(page.locator("#day dd").first).to_have_text("4")
    await expect(page.locator("#calls tbody tr")).to_have_count(4)


async def test_a_day_that_cannot_be_read_is_said_and_the_desk_works(house: LiveHouse, eyes: Eyes) -> None:
    small(house)
    page = await eyes.desk()
    await expect(page.locator("#day dd").first).to_have_text("4")
    house.memory.away = True
    house.call_is("1001", "c-1", "ended")
    await expect(page.get_by_text("暂时无法更新今日数据")).to_be_visible()
    await expect(page.locator("#day dd").first).to_have_text("4")
    await page.click('[data-status="ready"]')
    await expect(page.locator("#activity")).to_have_text("就绪")


async def test_what_was_chosen_is_there_after_a_reload_and_nothing_else_is_kept(house: LiveHouse, eyes: Eyes) -> None:
    page = await eyes.desk()
    house.ring()
    await page.click("#settings")
    await page.click(".el-dialog >> text=English")
    await page.click(".el-dialog >> text=Dark")
    await page.reload()
    await expect(page.locator("#activity")).to_have_text("Ringing")
    assert await page.get_attribute("html", "data-theme") == "dark"
    kept = json.loads(await page.evaluate("JSON.stringify({...localStorage})"))
    assert set(kept) == {"zongji.settings"}
    assert set(json.loads(kept["zongji.settings"])) == {
        "language", "theme", "sound", "shortcuts", "inPage", "microphone", "speaker", "levelWarn", "levelAlarm",
    }  # fmt: skip
    assert await page.evaluate("sessionStorage.length") == 0


async def test_the_title_flashes_while_a_call_is_offered(house: LiveHouse, eyes: Eyes) -> None:
    page = await eyes.desk()
    house.ring()
    for title in ("☎ 张三丰", "▶ 来电振铃", "☎ 张三丰"):  # looked for at each frame: it is gone a second later
        await page.wait_for_function("title => document.title === title", arg=title)
    house.floor.move("1001", activity="talking", until=None)
    await expect(page).to_have_title("☎ 张三丰")


async def test_a_call_is_announced_while_the_window_is_elsewhere(house: LiveHouse, eyes: Eyes) -> None:
    await eyes.context.add_init_script(
        """window.notes = []; window.Notification = class {
          static permission = "default";
          static async requestPermission() { return (Notification.permission = "granted"); }
          constructor(title, { body }) { window.notes.push(`${title} / ${body}`); }
        };
        Object.defineProperty(document, "hidden", { get: () => true });"""
    )
    page = await eyes.desk()
    house.ring(call_id="c-1")
    await expect(page.locator("#card .name")).to_have_text("张三丰")
    assert await page.evaluate("notes") == []  # nobody has allowed it yet
    await page.click("#settings")
    await page.click("#notify")
    await expect(page.locator("#notify")).to_have_count(0)
    house.ring(call_id="c-2")
    await until(lambda: ("1001", "c-2") in house.shown)
    assert await page.evaluate("notes") == ["来电：张三丰 / 账户服务 · 已等待 1:12"]


async def full_board(house: LiveHouse, eyes: Eyes) -> Page:
    large(house)
    page = await eyes.open("/wallboard")
    await page.set_viewport_size({"width": 1920, "height": 1080})
    await eyes.log_in(page, "2001")
    await page.wait_for_selector("#people li")
    return page


async def test_thirty_queues_and_two_hundred_agents_fit_one_screen(house: LiveHouse, eyes: Eyes) -> None:
    page = await full_board(house, eyes)
    await expect(page.locator("#queues tbody tr")).to_have_count(30)
    fits = """() => document.documentElement.scrollHeight <= innerHeight
      && document.documentElement.scrollWidth <= innerWidth"""
    for view in ("queues", "both", "agents"):
        await page.click(f'[data-show="{view}"]')
        await page.wait_for_function(fits)  # it is laid out a frame or two after the click
    await expect(page.locator("#totals .waiting")).to_have_text("120")
    seen: set[str] = set()
    while True:
        names = await page.locator("#people li").evaluate_all("all => all.map((one) => one.dataset.agent)")
        if seen.issuperset(names):
            break
        seen.update(names)
        await page.click("[aria-label='下一页']")
    assert len(seen) == 200


async def test_a_late_queue_is_heard_only_when_that_was_chosen(house: LiveHouse, eyes: Eyes) -> None:
    await eyes.context.add_init_script(
        "window.tones = 0; OscillatorNode = class { constructor() { tones += 1; throw new Error('counted'); } }"
    )
    page = await full_board(house, eyes)
    await expect(page.locator("#queues .late").first).to_be_visible()
    assert await page.evaluate("tones") == 0
    await page.click("#settings")
    await page.click(".el-switch")
    house.floor.queues[0] = type(house.floor.queues[0])("accounts", waiting=1, longest_since=house.clock() - 99)
    house.roster.floor_changed()
    await page.wait_for_function("() => tones > 0")


async def test_a_recorded_call_is_seen_heard_and_jumped_about_in(house: LiveHouse, eyes: Eyes, tmp_path: Path) -> None:
    small(house)
    await asyncio.to_thread(write_tone, tmp_path / "r.wav", 440, 8)
    parts = [("talk", 0.0, 3.0), ("hold", 3.0, 5.0), ("talk", 5.0, 8.0)]
    house.recordings.kept["p-0"] = RecordingFile("r-1", {
        "call_id": "p-0", "agents": ["1001"], "begun_at": house.clock() - 900, "seconds": 8.0,
        "segments": [{"what": what, "begins": b, "ends": e, "agent_id": "1001"} for what, b, e in parts],
        "peaks": [[30, 40, 0, 0, 35, 20], [10, 20, 60, 60, 5, 70]],
    }, tmp_path / "r.wav")  # fmt: skip
    page = await eyes.desk()
    await page.click('[data-recording="p-0"]')
    await expect(page.locator("#wave")).to_be_visible()
    await expect(page.locator(".mark")).to_have_count(3)
    await expect(page.locator('[data-part="hold"]')).to_contain_text("0:03–0:05")
    await page.click('[data-part="hold"]')
    await until_true(
        page, "document.querySelector('#sound').currentTime >= 3 && document.querySelector('#sound').duration > 7"
    )
    await page.locator("#wave").click(position={"x": 2, "y": 20})
    await until_true(page, "document.querySelector('#sound').currentTime < 1")
    assert ("r-1", "1001") in house.recordings.hearings


async def test_a_call_without_a_recording_says_so(house: LiveHouse, eyes: Eyes) -> None:
    small(house)
    page = await eyes.desk()
    await page.click('[data-recording="p-1"]')
    await expect(page.locator("#no-recording")).to_have_text("这通电话没有录音")
