"""The keeper: it has everything imported, forks the server, and forks it anew when it is killed.

Importing is most of what a start takes, so a fork is in service long before a new process would be; and nobody has to
be there to start it. A server that ends by itself, as one that cannot start, is not started again.
"""

from __future__ import annotations

import ctypes
import os
import signal
import time
from collections.abc import Callable
from multiprocessing.context import ForkProcess

import structlog

log = structlog.get_logger(__name__)
ENDS = {signal.SIGINT, signal.SIGTERM}
LIVED_S, MOST_S = 1.5, 30.0
PR_SET_PDEATHSIG = 1


def pause_s(short: int) -> float:
    """Seconds until the next server, after so many in a row that lived less than `LIVED_S`. Pure.

    Who was in service comes again at once, and so does one that was killed while it started; of those that always die
    so the pauses grow, so that they do not use up the machine.
    """
    return min(2.0 ** (short - 2), MOST_S) if short > 1 else 0.0


def keep(serve: Callable[[], None], say: Callable[[str], None]) -> int:
    """Until the server ends by itself, or we are asked to end: the exit code, above 128 when a signal ended it.

    `serve` runs in a process of its own, with SIGINT and SIGTERM held back until it can take them (`take_signals`). It
    never outlives us: a server that nobody starts again is not left behind by a keeper that was killed. Afterwards
    nothing is to be done but to end: we go on holding those signals back.
    """
    short, asked = 0, False
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDS | {signal.SIGCHLD})
    while True:
        begun = time.monotonic()
        server = ForkProcess(target=_served, args=(serve, os.getpid()))
        server.start()
        while (code := server.exitcode) is None:
            if signal.sigwait(ENDS | {signal.SIGCHLD}) in ENDS:
                asked = True
                server.terminate()
        if code >= 0 or asked:
            return code if code >= 0 else 128 - code
        lived_s = time.monotonic() - begun
        short = 0 if lived_s >= LIVED_S else short + 1
        pause = pause_s(short)
        how = signal.Signals(-code).name
        log.warning("the server was killed: it starts again", signal=how, lived_s=round(lived_s, 1), pause_s=pause)
        say(f"the server was killed ({how}): it starts again" + (f" in {pause:g} s" if pause else ""))
        if signal.sigtimedwait(ENDS, pause) is not None:
            return 128 - code


def take_signals() -> None:
    """Called by a server as soon as its handlers are there."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDS)


def ends_with_parent(number: signal.Signals) -> None:
    """This process gets the signal when the one that has started it is no more, however that ended."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)


def _served(serve: Callable[[], None], keeper: int) -> None:
    ends_with_parent(signal.SIGKILL)
    if os.getppid() != keeper:
        return
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
    serve()
