"""Which process is which."""

from __future__ import annotations

from pathlib import Path


def children(pid: int) -> list[int]:
    """Those that its first thread has started and that are still there."""
    return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


def server_of(keeper: int) -> int:
    """The process that serves, of those that `up` is; 0 when there is none just now."""
    return next(iter(children(keeper)), 0)
