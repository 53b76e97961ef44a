"""Menus and prompts in files: one TOML file a menu, one table a node.

`kind` names the node's class in `ivr.nodes.KINDS`, the other keys are its fields; a menu's choices stand in `match`.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields
from typing import Any

from pydantic import TypeAdapter, ValidationError

from ivr.nodes import KINDS, MenuSet, Node

_HEADER = re.compile(r"^\s*\[\s*nodes\s*\.\s*\"?([\w-]+)\"?\s*\]")


class BadMenu(Exception):
    """The file is no menu; the message has file, line and cure."""


def parse(text: str, file: str) -> MenuSet:
    """The menu in a TOML text; raises BadMenu."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadMenu(f"{file}: {error}") from None
    lines = {found[1]: number for number, line in enumerate(text.splitlines(), 1) if (found := _HEADER.match(line))}
    try:
        name, start, tables = raw["name"], raw["start"], raw["nodes"]
    except KeyError as missing:
        raise BadMenu(f"{file}:1: {missing} is missing: a menu has name, start and [nodes.*]") from None
    if not isinstance(name, str) or not isinstance(start, str):
        raise BadMenu(f"{file}:1: name and start must be texts")
    if not isinstance(tables, dict):
        raise BadMenu(f"{file}:1: nodes must be tables: [nodes.NAME]")
    nodes = {key: _node(f"{file}:{lines.get(key, 1)}: node {key!r}", table) for key, table in tables.items()}
    return MenuSet(name, start, nodes, file, lines, text)


def _node(where: str, table: object) -> Node:
    if not isinstance(table, dict):
        raise BadMenu(f"{where}: must be a table with a kind")
    values: dict[str, Any] = dict(table)
    kind = values.pop("kind", None)
    if not isinstance(kind, str) or kind not in KINDS:
        raise BadMenu(f"{where}: unknown kind {kind!r}: use one of {', '.join(KINDS)}")
    cls = KINDS[kind]
    known = {field.name for field in fields(cls)}
    if unknown := sorted(set(values) - known):
        raise BadMenu(f"{where}: unknown key {unknown[0]!r}: a {kind} node has {', '.join(sorted(known))}")
    try:
        return TypeAdapter(cls).validate_python(values)
    except ValidationError as error:
        raise BadMenu(f"{where}: {_first(error)}") from None


def _first(error: ValidationError) -> str:
    """The first finding, as `place: reason`."""
    found = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in found["loc"] if part != "[key]")
    return f"{place}: {'is missing' if found['type'] in {'missing', 'missing_argument'} else found['msg']}"
