"""In a process whose PYTHONPATH has this folder: from SIGUSR1 to its end it notes where its CPU time goes.

Every two milliseconds of CPU one sample: the files and functions the main thread is in, innermost first; or, when that
one waits and another thread works, those of that thread. At the end they are in the file CPU_SAMPLES.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections import Counter
from multiprocessing.util import Finalize
from pathlib import Path
from types import FrameType

EACH_S = 0.002
DEEP = 40
WAITS = (
    "/selectors.py",
    "/threading.py",
    "/queue.py",
    "/runners.py",
)  # under the last one is uvloop, which has no frames
samples: Counter[str] = Counter()


def stack_of(frame: FrameType | None) -> list[str]:
    found: list[str] = []
    while frame is not None and len(found) < DEEP:
        found.append(f"{frame.f_code.co_filename}:{frame.f_code.co_name}")
        frame = frame.f_back
    return found


def is_waiting(stack: list[str]) -> bool:
    return not stack or stack[0].rpartition(":")[0].endswith(WAITS)


def sample(_: int, frame: FrameType | None) -> None:
    stack = stack_of(frame)
    if is_waiting(stack):
        others = (stack_of(other) for other in sys._current_frames().values() if other is not frame)
        stack = next((other for other in others if not is_waiting(other)), stack)
    samples["\n".join(stack)] += 1


def begin(_: int, _frame: FrameType | None) -> None:
    Finalize(None, end, exitpriority=0)  # a forked process does not come to `atexit`
    signal.signal(signal.SIGPROF, sample)
    signal.setitimer(signal.ITIMER_PROF, EACH_S, EACH_S)


def end() -> None:
    signal.setitimer(signal.ITIMER_PROF, 0)
    Path(os.environ["CPU_SAMPLES"]).write_text(json.dumps(samples))


if "CPU_SAMPLES" in os.environ:
    signal.signal(signal.SIGUSR1, begin)
