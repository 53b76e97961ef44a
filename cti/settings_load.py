"""Settings from a file and the environment, refused whole with file, line and reason."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import ValidationError

from acd.skills import SkillSyntaxError, parse
from cti.settings import Settings
from cti.toml_lines import find_line


class SettingsError(Exception):
    """One line a finding."""


def load(path: Path | None) -> Settings:
    """The settings; raises SettingsError. Without a file the demo's own."""
    if path is None:
        return _checked(Settings(), "environment", "")
    try:
        text = path.read_text("utf-8")
        values = tomllib.loads(text)
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}: mend the path or take it out of ZONGJI_SETTINGS") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: {error}") from None
    try:
        settings = Settings(**values)
    except ValidationError as error:
        lines = [
            f"{path}:{find_line(text, one['loc']) or 1}: {_dotted(one['loc'])}: {one['msg']}" for one in error.errors()
        ]
        raise SettingsError("\n".join(lines)) from None
    return _checked(settings, str(path), text)


def _dotted(place: tuple[int | str, ...]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).lstrip(".")


def _checked(settings: Settings, file: str, text: str) -> Settings:
    """Every skill that a queue asks for is known."""
    found: list[str] = []
    for number, queue in enumerate(settings.queues):
        for place, requires in [("requires", queue.requires), *(("rings", ring.requires) for ring in queue.rings)]:
            where = f"{file}:{find_line(text, ('queues', number, place)) or 1}: queues[{number}].{place}"
            try:
                unknown = sorted(parse(requires).names() - set(settings.skills))
            except SkillSyntaxError as error:
                found.append(f"{where}: {error}")
                continue
            found += [f"{where}: unknown skill {name!r} (known: {', '.join(settings.skills)})" for name in unknown]
    if found:
        raise SettingsError("\n".join(found))
    return settings
