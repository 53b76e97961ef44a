"""Where in a TOML file a key stands: `tomllib` forgets, and a finding without its line is half a finding."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator

KeyPath = tuple[str | int, ...]

_HEADER = re.compile(r"^\s*(\[\[?)(.+?)\]\]?\s*(#.*)?$")
_KEY = re.compile(
    r"""^\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*=(.*)$"""
)
_PART = re.compile(r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'""")
_SYNTAX_PLACE = re.compile(r"\s*\(at line (\d+), column (\d+)\)$")
_TOKEN = re.compile(r'"""|\'\'\'|"(?:\\.|[^"\\])*"|\'[^\']*\'|[\[\]{}#]')


def find_line(text: str, path: KeyPath) -> int | None:
    """The 1-based line of `path`, such as `("queues", 1, "requires")`, or of its nearest ancestor; None for neither."""
    places = dict(_places(text))
    for length in range(len(path), 0, -1):
        line = places.get(path[:length])
        if line is not None:
            return line
    return None


def syntax_place(error: tomllib.TOMLDecodeError) -> tuple[int | None, str]:
    """(line, message) of a TOML syntax error; the line is None when the file ended too early."""
    message = str(error)
    place = _SYNTAX_PLACE.search(message)
    if place is None:
        return None, message.replace(" (at end of document)", ": the file ends too early")
    return int(place[1]), f"{_SYNTAX_PLACE.sub('', message)} (column {place[2]})"


def _places(text: str) -> Iterator[tuple[KeyPath, int]]:
    """Every key path once, at its first line; reversed so that a dict keeps the first."""
    found: list[tuple[KeyPath, int]] = []
    table: KeyPath = ()
    lengths: dict[KeyPath, int] = {}
    open_value = _OpenValue()
    for number, line in enumerate(text.splitlines(), 1):
        if not open_value.closed:
            open_value.read(line)
        elif header := _HEADER.match(line):
            table = _table(header[1] == "[[", _parts(header[2]), lengths)
            found.extend((table[:length], number) for length in range(1, len(table) + 1))
        elif key := _KEY.match(line):
            whole = (*table, *_parts(key[1]))
            found.extend((whole[:length], number) for length in range(len(table) + 1, len(whole) + 1))
            open_value.read(key[2])
    return reversed(found)


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in _PART.findall(dotted))


def _table(is_array: bool, parts: tuple[str, ...], lengths: dict[KeyPath, int]) -> KeyPath:
    path: KeyPath = ()
    for part in parts[:-1]:
        path = (*path, part)
        if path in lengths:
            path = (*path, lengths[path] - 1)
    path = (*path, parts[-1])
    if not is_array:
        return path
    lengths[path] = lengths.get(path, 0) + 1
    return (*path, lengths[path] - 1)


class _OpenValue:
    """Whether a value goes on over the end of its line: brackets, and strings in triple quotes."""

    def __init__(self) -> None:
        self._depth = 0
        self._quotes = ""

    @property
    def closed(self) -> bool:
        return self._depth == 0 and not self._quotes

    def read(self, line: str) -> None:
        at = 0
        while at < len(line):
            at = self._skip_string(line, at) if self._quotes else self._next(line, at)

    def _skip_string(self, line: str, at: int) -> int:
        end = line.find(self._quotes, at)
        if end < 0:
            return len(line)
        self._quotes = ""
        return end + 3

    def _next(self, line: str, at: int) -> int:
        token = _TOKEN.search(line, at)
        if token is None or token[0] == "#":
            return len(line)
        if token[0] in ('"""', "'''"):
            self._quotes = token[0]
        self._depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token[0], 0)
        return token.end()
