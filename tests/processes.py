"""Which process is which."""

from __future__ import annotations

from pathlib import Path


def server_of(keeper: int) -> int:
    """The process that serves, of those that `up` is; 0 when there is none just now."""
    children = Path(f"/proc/{keeper}/task/{keeper}/children").read_text().split()
    return int(children[0]) if children else 0
