"""Recorded exchanges as readable text: who said what, in order.

A paragraph is one AMI message. `>` is our server, `<` is Asterisk, `=` is what a person did at that moment.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent
OURS, THEIRS, DEED = ">", "<", "="
Block = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Said:
    """One message, or in a deed's case one line with an empty value."""

    who: str
    block: Block

    @property
    def name(self) -> str:
        """Of an event, action or response; a deed's whole text."""
        return self.block[0][1] or self.block[0][0]

    def get(self, field: str) -> str:
        return next((value for name, value in self.block if name.lower() == field.lower()), "")


def fields_of(text: str) -> Block:
    """Lines of `Name: value`; a line without colon has an empty value."""
    lines = (line.partition(":") for line in text.splitlines() if line)
    return tuple((name, value.removeprefix(" ")) for name, _, value in lines)


def bytes_of(block: Iterable[tuple[str, str]]) -> bytes:
    """As it goes over the wire."""
    return ("".join(f"{name}: {value}\r\n" for name, value in block) + "\r\n").encode()


def write(path: Path, title: str, said: Iterable[Said]) -> None:
    paragraphs = (
        "".join(f"{one.who} {name}{': ' + value if value or one.who != DEED else ''}\n" for name, value in one.block)
        for one in said
    )
    path.write_text(f"# {title}\n\n" + "\n".join(paragraphs), "utf-8")


def read(name: str) -> list[Said]:
    """The exchange in tests/ami/<name>.txt."""
    found = []
    for paragraph in (FOLDER / f"{name}.txt").read_text("utf-8").split("\n\n"):
        lines = [line for line in paragraph.split("\n") if line and not line.startswith("#")]
        if not lines:
            continue
        who, text = lines[0][0], "\n".join(line[2:] for line in lines)
        found.append(Said(who, ((text, ""),) if who == DEED else fields_of(text)))
    return found
