"""Whether every recording is what it was when it was kept: the ledger's chain, then each file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from cti.recordings.shelf import HEAD, last_of, readable
from db.recordings import Head, KeptFile, Link, faults_in


def verify(folder: Path, links: Iterable[Link]) -> Iterator[str]:
    """Every fault in words, naming file or entry; nothing when all is well. Reads every file."""
    links = list(links)
    yield from _faults_of_chain(folder, links)
    present = [file for entry in last_of(readable(links)) for file in entry.files]
    owner = {file.sha256: file.name for file in present}
    for file in present:
        if fault := _fault_of(folder, file, owner):
            yield f"{file.name}: {fault}"


def _faults_of_chain(folder: Path, links: list[Link]) -> Iterator[str]:
    try:
        told = json.loads((folder / HEAD).read_text("utf-8"))
        head = Head(int(told["seq"]), str(told["hash"]))
    except FileNotFoundError:
        if links:
            yield f"{HEAD}: missing, so entries may be missing at the ledger's end"
        head = None
    except (ValueError, KeyError, TypeError):
        yield f"{HEAD}: cannot be read"
        head = None
    yield from faults_in(links, head)


def _fault_of(folder: Path, file: KeptFile, owner: dict[str, str]) -> str | None:
    path = folder / file.name
    if Path(file.name).name != file.name or path.is_symlink():
        return "leads out of the folder"
    try:
        with path.open("rb") as opened:
            found = hashlib.file_digest(opened, "sha256").hexdigest()
    except FileNotFoundError:
        return "missing"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if found == file.sha256:
        return None
    return f"holds what belongs in {owner[found]}" if found in owner else "was changed"
