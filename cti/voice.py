"""The menus and the sounds they need, checked whole before any caller hears them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cti.audio import PromptFiles, PromptMaker, write_beep
from cti.settings import Settings, fault_in
from ivr import in_line, menus, prompts
from ivr.check import Problem, check
from ivr.nodes import Enqueue, MenuSet

MENUS = Path(menus.__file__).parent
BEEP = "beep.wav"
NO_SURVEY = "a survey ends with a hang-up, and this leads to a queue: mend it, or the queue's 'survey'"


class StartError(Exception):
    """The server cannot start: one line that names the place and the cure."""


@dataclass(frozen=True, slots=True)
class Voice:
    """The menus and the sounds they need: checked whole before any caller hears them.

    `answers` answers every call, except where a dialled number has its own in `numbers`; `surveys` are by queue.
    `in_line`: for those who wait, or can wait no longer. A menu in `menus` may be replaced while the house runs: a call
    stays on the one it began with.
    """

    answers: str
    menus: dict[str, MenuSet]
    files: PromptFiles
    numbers: Mapping[str, str] = field(default_factory=dict)
    surveys: Mapping[str, str] = field(default_factory=dict)
    in_line: frozenset[str] = frozenset()
    catalogue: prompts.Catalogue = field(default_factory=dict)

    @property
    def menu(self) -> MenuSet:
        return self.menus[self.answers]

    def menu_for(self, dialled: str) -> MenuSet:
        return self.menus[self.numbers.get(dialled, self.answers)]

    def survey_of(self, queue: str) -> MenuSet | None:
        return self.menus.get(self.surveys.get(queue, ""))

    def menu_named(self, name: str) -> MenuSet | None:
        return self.menus.get(name) if name in self.in_line else None


async def prepare_voice(settings: Settings, progress: Callable[[int, int], None] = lambda *_: None) -> Voice:
    """Load and check the menus, make every prompt; raises StartError, AudioError, BadMenu or BadPrompts."""
    catalogue, uses = catalogue_of(settings), Uses.of(settings)
    found = {name: menu_file(settings, name) for name in uses.all()}
    problems = [one for menu in found.values() for one in problems_of(settings, menu, catalogue, uses)]
    told = [*map(str, problems), *_unknown_in_line(settings, catalogue)]
    if told:
        raise StartError("\n".join(dict.fromkeys(told)))
    files = await prompt_maker(settings).ensure(catalogue, settings.languages, progress)
    await asyncio.to_thread(write_beep, settings.run_dir / "sounds" / BEEP)
    return Voice(settings.menu, found, files, settings.numbers, uses.surveys, uses.in_line, catalogue)


@dataclass(frozen=True, slots=True)
class Uses:
    """What each menu is for, by name."""

    answering: frozenset[str]
    surveys: Mapping[str, str]
    in_line: frozenset[str]

    @classmethod
    def of(cls, settings: Settings) -> Uses:
        """As the settings say."""
        surveys = {queue.name: queue.survey for queue in settings.queues if queue.survey}
        return cls(frozenset((settings.menu, *settings.numbers.values())), surveys, frozenset(_menus_in_line(settings)))

    def all(self) -> list[str]:
        return list(dict.fromkeys((*sorted(self.answering), *self.surveys.values(), *sorted(self.in_line))))


def problems_of(settings: Settings, menu: MenuSet, catalogue: prompts.Catalogue, uses: Uses) -> list[Problem]:
    """All problems of a menu for what it is used for."""
    plain = menu.name in uses.answering or menu.name in uses.surveys.values() or menu.name not in uses.in_line
    modes = [mode for mode, wanted in ((False, plain), (True, menu.name in uses.in_line)) if wanted]
    found = [one for mode in modes for one in _problems(settings, menu, catalogue, in_line=mode)]
    if menu.name in uses.surveys.values():
        found += [Problem(menu.file, menu.lines.get(name, 1), name, NO_SURVEY) for name in _leading_on(menu)]
    return found


def _leading_on(menu: MenuSet) -> list[str]:
    return [name for name, node in menu.nodes.items() if isinstance(node, Enqueue)]


def prompt_maker(settings: Settings) -> PromptMaker:
    return PromptMaker(settings.run_dir / "sounds", settings.recordings_dir, uploads_of(settings))


def uploads_of(settings: Settings) -> Path:
    """The folder of prompts that were uploaded."""
    return settings.run_dir / "prompts"


def checked_menu(settings: Settings, name: str) -> MenuSet:
    """One menu by itself, for whoever tries it; raises StartError with all its problems."""
    menu = menu_file(settings, name)
    found = problems_of(settings, menu, catalogue_of(settings), Uses.of(settings))
    if found:
        raise StartError("\n".join(map(str, found)))
    return menu


def _problems(settings: Settings, menu: MenuSet, catalogue: prompts.Catalogue, *, in_line: bool) -> list[Problem]:
    return check(
        menu, prompts=catalogue, queues={queue.name for queue in settings.queues}, languages=settings.languages,
        fault_in=lambda requires: fault_in(requires, settings.skills),
        calendars={one.name for one in settings.calendars}, in_line=in_line,
    )  # fmt: skip


def _menus_in_line(settings: Settings) -> list[str]:
    """What those who wait may choose, and where those go who can wait no longer, as far as these are menus."""
    offered = [name for queue in settings.queues for name in queue.in_line.offers.values()]
    queues = {queue.name for queue in settings.queues}
    sent = [one.to for queue in settings.queues for one in queue.overflow] + [one.closed_to for one in settings.queues]
    known = [name for name in sent if name not in queues and _has_menu(settings, name)]
    return list(dict.fromkeys([*offered, *known]))


def _unknown_in_line(settings: Settings, catalogue: prompts.Catalogue) -> list[str]:
    said = [(one.name, name) for one in settings.queues for name in (*one.in_line.comfort, *one.in_line.offered)]
    told = [f"queue {queue!r}: in_line: no prompt {name!r}: add it to prompts.toml" for queue, name in said
            if name not in catalogue]  # fmt: skip
    return told + [
        f"no prompt {name!r}: those who wait are told it" for name in in_line.PROMPTS if name not in catalogue
    ]


def _has_menu(settings: Settings, name: str) -> bool:
    own = settings.menus_dir / f"{name}.toml" if settings.menus_dir else None
    return (own is not None and own.exists()) or (MENUS / f"{name}.toml").exists()


def catalogue_of(settings: Settings) -> prompts.Catalogue:
    """The built-in prompts, and over them those of the house's own menus."""
    catalogue = prompts.parse((MENUS / "prompts.toml").read_text("utf-8"), "ivr/menus/prompts.toml", settings.languages)
    own = settings.menus_dir / "prompts.toml" if settings.menus_dir else None
    if own is None or not own.exists():
        return catalogue
    return {**catalogue, **prompts.parse(_text(own, "menus_dir"), str(own), settings.languages)}


def menu_file(settings: Settings, name: str) -> MenuSet:
    own = settings.menus_dir / f"{name}.toml" if settings.menus_dir else None
    if own is not None and own.exists():
        return menus.parse(_text(own, "menus_dir"), str(own))
    path = MENUS / f"{name}.toml"
    if not path.exists():
        places = " or ".join(str(place) for place in (own, f"ivr/menus/{path.name}") if place)
        raise StartError(f"menu {name!r}: there is no {places}: mend 'menu' or 'numbers' in the settings, or add it")
    return menus.parse(path.read_text("utf-8"), f"ivr/menus/{path.name}")


def _text(path: Path, setting: str) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise StartError(f"{path}: {error}: mend {setting!r} in the settings") from None


def seen_by_asterisk(settings: Settings, sound: Path) -> Path:
    """The path by which Asterisk opens one of our prompts: an Asterisk elsewhere may have them in another folder."""
    seen_at = settings.asterisk.sounds_dir
    if settings.asterisk.own or seen_at is None:
        return sound
    return seen_at / sound.relative_to((settings.run_dir / "sounds").resolve())
