"""Ports that two test runs beside each other do not share."""

from __future__ import annotations

import socket

from cti.phones import free_port

FIRST, RANGES, EACH = 20_000, 127, 100  # below the ports that the system gives out by itself


def free_rtp() -> tuple[int, int]:
    """The first and the last port of a range for media; chance keeps two runs apart."""
    first = FIRST + free_port(socket.SOCK_DGRAM) % RANGES * EACH
    return first, first + EACH - 1
