"""The broker's menu, walked by callers of every kind."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

import pytest

from ivr import menus, prompts
from ivr.caller import HungUp
from ivr.check import Problem, check
from ivr.nodes import MenuSet
from ivr.run import ToQueue, run
from tests.ivr.fakes import ScriptedCaller, TypingCaller

FOLDER = Path(menus.__file__).parent
QUEUES = {"accounts", "trading", "complaints"}


def problems_of(menu: MenuSet, prompts: Collection[str]) -> list[Problem]:
    """In a house of two languages that knows the skills mandarin, english, accounts, trading and complaints."""
    known = {"mandarin", "english", "accounts", "trading", "complaints"}

    def fault_in(requires: str) -> str | None:
        unknown = [word for word in re.findall("[a-z_]{4,}", requires) if word not in known]
        return f"unknown skill {unknown[0]!r}" if unknown else None

    return check(menu, prompts=prompts, queues=QUEUES, languages=["zh", "en"], fault_in=fault_in)


@pytest.fixture
def broker() -> MenuSet:
    return menus.parse((FOLDER / "broker.toml").read_text("utf-8"), "broker.toml")


def test_every_prompt_queue_and_node_is_there(broker: MenuSet) -> None:
    catalogue = prompts.parse((FOLDER / "prompts.toml").read_text("utf-8"), "prompts.toml", ["zh", "en"])

    assert problems_of(broker, catalogue) == []


async def test_account_business_collects_the_number_then_queues(broker: MenuSet) -> None:
    caller = ScriptedCaller("1", "1", "10000001")

    outcome = await run(broker, caller)

    assert outcome == ToQueue("accounts", "mandarin >= 1 and accounts >= 1", 0)
    assert caller.data == {"account": "10000001"}
    assert caller.path == ["welcome", "language", "mandarin", "main", "account_number", "accounts"]


async def test_english_caller_is_served_in_english(broker: MenuSet) -> None:
    caller = ScriptedCaller("2", "2")

    outcome = await run(broker, caller)

    assert outcome == ToQueue("trading", "english >= 1 and trading >= 1", 0)
    assert caller.language == "en"


async def test_wrong_keys_are_told_and_end_with_a_person(broker: MenuSet) -> None:
    caller = ScriptedCaller("1", "7", "8", "*")

    outcome = await run(broker, caller)

    assert isinstance(outcome, ToQueue)
    assert outcome.queue == "accounts"
    assert caller.heard.count("invalid") == 2


async def test_silence_is_told_and_ends_with_a_person(broker: MenuSet) -> None:
    caller = ScriptedCaller()

    outcome = await run(broker, caller)

    assert outcome == ToQueue("accounts", "mandarin >= 1", 0)
    assert caller.heard.count("timeout") == 3


async def test_too_short_an_account_number_is_asked_again(broker: MenuSet) -> None:
    caller = ScriptedCaller("1", "1", "123", "10000002")

    await run(broker, caller)

    assert caller.data == {"account": "10000002"}
    assert caller.heard.count("account_number") == 2


async def test_nine_repeats_the_main_menu(broker: MenuSet) -> None:
    caller = ScriptedCaller("1", "9", "0")

    await run(broker, caller)

    assert caller.heard.count("main") == 2


async def test_hang_up_ends_the_walk(broker: MenuSet) -> None:
    with pytest.raises(HungUp):
        await run(broker, ScriptedCaller("1", None))


async def test_a_key_during_the_welcome_ends_it_and_answers_the_next_menu(broker: MenuSet) -> None:
    caller = TypingCaller(during={"welcome": "2", "main": "2"})

    outcome = await run(broker, caller)

    assert outcome == ToQueue("trading", "english >= 1 and trading >= 1", 0)
    assert caller.to_the_end == []
    assert caller.heard == ["welcome", "main"]


async def test_keys_typed_ahead_through_every_menu_reach_the_queue_with_all_digits(broker: MenuSet) -> None:
    caller = TypingCaller("1110000001#")

    outcome = await run(broker, caller)

    assert isinstance(outcome, ToQueue)
    assert (outcome.queue, caller.data) == ("accounts", {"account": "10000001"})
    assert caller.heard == []


@pytest.mark.parametrize(("sorry", "before"), [("invalid", {"main": "7"}), ("timeout", {})])
async def test_a_key_during_the_excuse_is_the_next_try(broker: MenuSet, sorry: str, before: dict[str, str]) -> None:
    caller = TypingCaller(during={"welcome": "1", sorry: "2", **before})

    outcome = await run(broker, caller)

    assert isinstance(outcome, ToQueue)
    assert outcome.queue == "trading"
    assert (sorry, sorry in caller.to_the_end) == (sorry, False)
    assert caller.heard.count("main") == 1


async def test_a_goodbye_is_heard_to_its_end_whatever_is_typed() -> None:
    menu = menus.parse(HEAD + '[nodes.a]\nkind = "hangup"\nprompts = ["goodbye"]\n', "m.toml")
    caller = TypingCaller("123")

    await run(menu, caller)

    assert caller.to_the_end == ["goodbye"]


HEAD = 'name = "m"\nstart = "a"\n'
END = '[nodes.b]\nkind = "hangup"\n'
QUEUE = '[nodes.a]\nkind = "queue"\nqueue = "accounts"\n'
SAY_THEN_END = '[nodes.a]\nkind = "say"\nprompts = ["{}"]\nnext = "b"\n' + END
MENU = '[nodes.a]\nkind = "menu"\nprompts = ["p"]\nfailure = "a"\n'


@pytest.mark.parametrize(
    ("nodes", "line", "words"),
    [
        ('[nodes.a]\nkind = "say"\nprompts = ["p"]\nnext = "b"\n', 3, "leads to 'b', which does not exist"),
        ('[nodes.a]\nkind = "say"\nprompts = ["p"]\nnext = "a"\n', 3, "loop without exit"),
        ('[nodes.a]\nkind = "hangup"\n[nodes.b]\nkind = "hangup"\n', 5, "no caller can reach it"),
        ('[nodes.a]\nkind = "hangup"\nprompts = ["missing"]\n', 3, "no prompt 'missing'"),
        ('[nodes.a]\nkind = "queue"\nqueue = "gold"\n', 3, "no queue 'gold'"),
        (QUEUE + 'requires = "juggling >= 2"\n', 3, "requires: unknown skill 'juggling'"),
        (QUEUE + 'requires = "{language} >= 1 and juggling >= 2"\n', 3, "requires: unknown skill 'juggling'"),
        (SAY_THEN_END.format("p@fr"), 3, "'p@fr' is in no language of the house (zh, en)"),
        ('[nodes.a]\nkind = "language"\nlanguage = "fr"\nnext = "b"\n' + END, 3, "no language 'fr'"),
        (
            '[nodes.a]\nkind = "collect"\nprompts = ["p"]\ninto = "x"\nmin_digits = 9\nmax_digits = 6\n'
            'next = "b"\nfailure = "b"\n' + END,
            3,
            "min_digits is more than max_digits",
        ),
    ],
)
def test_a_broken_menu_is_named_with_its_line(nodes: str, line: int, words: str) -> None:
    problems = problems_of(menus.parse(HEAD + nodes, "m.toml"), {"p"})

    assert any(problem.line == line and words in str(problem) for problem in problems)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name = ", "m.toml: "),
        ('name = "m"\n', "m.toml:1: 'start' is missing"),
        (HEAD + '[nodes.a]\nkind = "sing"\n', "m.toml:3: node 'a': unknown kind 'sing'"),
        (HEAD + '[nodes.a]\nkind = "say"\ntries = 3\n', "unknown key 'tries'"),
        (HEAD + '[nodes.a]\nkind = "say"\nprompts = ["p"]\n', "m.toml:3: node 'a': next: is missing"),
        (HEAD + "nodes = 3\n", "m.toml:1: nodes must be tables"),
        (HEAD + "[nodes]\na = 3\n", "m.toml:1: node 'a': must be a table"),
        ('name = 3\nstart = "a"\nnodes.a.kind = "hangup"\n', "m.toml:1: name and start must be texts"),
        (HEAD + "[nodes.a]\nkind = []\n", "m.toml:3: node 'a': unknown kind []"),
        (HEAD + '[nodes.a]\nkind = "say"\nnext = "a"\nprompts = "p"\n', "m.toml:3: node 'a': prompts: "),
        (HEAD + '[nodes.a]\nkind = "say"\nnext = 5\nprompts = ["p"]\n', "m.toml:3: node 'a': next: "),
        (HEAD + MENU + "match = 5\n", "m.toml:3: node 'a': match: "),
        (HEAD + MENU + 'match = { 12 = "a" }\n', "m.toml:3: node 'a': match.12: "),
        (HEAD + MENU + 'match = { 1 = "a" }\ntries = "many"\n', "m.toml:3: node 'a': tries: "),
        (HEAD + MENU + 'match = { 1 = "a" }\ntries = 0\n', "m.toml:3: node 'a': tries: "),
        (HEAD + MENU + 'match = { 1 = "a" }\ntimeout_s = -1\n', "m.toml:3: node 'a': timeout_s: "),
    ],
)
def test_a_file_that_is_no_menu_is_refused_naming_the_place(text: str, words: str) -> None:
    with pytest.raises(menus.BadMenu) as refused:
        menus.parse(text, "m.toml")

    assert words in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('welcome = "x"\n', "p.toml: prompt 'welcome' must be a table with a text for each language"),
        ('[welcome]\nzh = 3\nen = "x"\n', "p.toml: prompt 'welcome' has no text in 'zh'"),
        ('["a.b"]\nzh = "x"\nen = "x"\n', "p.toml: prompt 'a.b': a name has letters, digits, - and _"),
        ('["../a"]\nzh = "x"\nen = "x"\n', "p.toml: prompt '../a': a name has letters, digits, - and _"),
    ],
)
def test_a_file_that_is_no_catalogue_is_refused_naming_the_prompt(text: str, words: str) -> None:
    with pytest.raises(prompts.BadPrompts) as refused:
        prompts.parse(text, "p.toml", ["zh", "en"])

    assert words in str(refused.value)


async def test_a_key_that_was_not_asked_for_is_a_wrong_try() -> None:
    survey = menus.parse((FOLDER / "survey.toml").read_text("utf-8"), "survey.toml")
    caller = ScriptedCaller("7", "5")
    await run(survey, caller)
    assert caller.data == {"satisfaction": "5"}
    assert caller.heard == ["survey", "invalid", "survey", "survey_thanks"]
    silent = ScriptedCaller("", "9")
    await run(survey, silent)
    assert silent.data == {}
