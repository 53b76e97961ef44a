"""Menus and prompts in files: one TOML file a menu, one table a node.

`kind` names the node's class in `ivr.nodes.KINDS`, the other keys are its fields; a menu's choices stand in `match`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

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
    nodes = {key: _node(f"{file}:{lines.get(key, 1)}: node {key!r}", table) for key, table in tables.items()}
    return MenuSet(name, start, nodes, file, lines)


def _node(where: str, table: Mapping[str, Any]) -> Node:
    values = dict(table)
    kind = values.pop("kind", None)
    if kind not in KINDS:
        raise BadMenu(f"{where}: unknown kind {kind!r}: use one of {', '.join(KINDS)}")
    cls = KINDS[kind]
    known = {field.name for field in fields(cls)}
    if unknown := sorted(set(values) - known):
        raise BadMenu(f"{where}: unknown key {unknown[0]!r}: a {kind} node has {', '.join(sorted(known))}")
    if "prompts" in values:
        values["prompts"] = tuple(values["prompts"])
    try:
        return cls(**values)
    except TypeError as error:
        raise BadMenu(f"{where}: {str(error).partition('__init__() ')[2]}") from None
