"""Which process is which."""

from __future__ import annotations

import ctypes
import signal
from pathlib import Path

from cti.keeper import PR_SET_PDEATHSIG


def children(pid: int) -> list[int]:
    """Those that its first thread has started and that are still there."""
    return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


def server_of(keeper: int) -> int:
    """The process that serves, of those that `up` is; 0 when there is none just now."""
    return next(iter(children(keeper)), 0)


def ended_with_parent(number: signal.Signals) -> None:
    """This process gets the signal when whoever has started it is no more, however that ended."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)
