"""Ports that two test runs beside each other do not share, and that the system gives to nobody meanwhile."""

from __future__ import annotations

import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path

# Below those that the system gives out by itself, so that no connection made meanwhile takes one.
SERVERS, MEDIA, EACH = range(10_000, 20_000), range(20_000, 32_700, 100), 100
# A run holds the n-th byte of this file for port n; the system lets go of it when the run ends, however it ends.
_LEASES = os.open(Path(tempfile.gettempdir()) / f"zongji-test-ports-{os.getuid()}", os.O_RDWR | os.O_CREAT, 0o600)
_mine: dict[int, None] = {}


def free_port(kind: int = socket.SOCK_STREAM) -> int:
    """Nobody is there, and no other test gets it."""
    return _leased(SERVERS, kind)


def free_rtp() -> tuple[int, int]:
    """The first and the last port of a range for media."""
    first = _leased(MEDIA, socket.SOCK_DGRAM)
    return first, first + EACH - 1


def _leased(ports: range, kind: int) -> int:
    new = (port for port in random.sample(ports, len(ports)) if port not in _mine)
    known = (port for port in list(_mine) if port in ports)  # by now those of the first tests are long free
    for port in (*new, *known):
        if _lease(port) and _is_free(port, kind):
            return port
    raise RuntimeError(f"no port of {ports} is free")


def _lease(port: int) -> bool:
    try:
        fcntl.lockf(_LEASES, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError:
        return False
    _mine.pop(port, None)
    _mine[port] = None
    return True


def _is_free(port: int, kind: int) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
