"""Ears and voices of many telephones: UDP ports that speak a tone and note when something is heard.

One thread of its own; arrival times are the kernel's, so that a busy machine does not look like a gap in the sound.
"""

from __future__ import annotations

import itertools
import math
import selectors
import socket
import struct
import threading
import time
from array import array
from dataclasses import dataclass, field
from types import TracebackType

from tests.ports import free_port

FRAME_S = 0.02
SO_TIMESTAMPNS = 35
TALKING = 2.5  # seconds without a packet, or a sign that there is somebody: this telephone is in no call


def _ulaw(sample: int) -> int:
    """ITU-T G.711, table 2a."""
    sign, sample = (0x80, -sample) if sample < 0 else (0, sample)
    sample = min(sample + 132, 32767)
    exponent = max(0, sample.bit_length() - 8)
    return ~(sign | exponent << 4 | sample >> (exponent + 3) & 0x0F) & 0xFF


def _tone(hz: int) -> bytes:
    return bytes(_ulaw(int(8000 * math.sin(2 * math.pi * hz * n / 8000))) for n in range(160))


@dataclass(eq=False)
class Ear:
    """One port. `heard` has the arrival of each packet, UTC epoch seconds."""

    sock: socket.socket
    port: int
    far: tuple[str, int] | None = None
    sent: int = 0
    seen_at: float = 0.0
    heard: array[float] = field(default_factory=lambda: array("d"))

    def longest_gap(self, since: float, until: float) -> float:
        """Seconds between two packets that came in this time; infinite when none came at all."""
        times = [at for at in self.heard if since <= at <= until]
        return max((b - a for a, b in itertools.pairwise(times)), default=math.inf)


class Media:
    """`count` telephones' media, on free ports."""

    def __init__(self, count: int) -> None:
        self.ears = [self._ear() for _ in range(count)]
        self._frame = _tone(400)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="media", daemon=True)

    def _ear(self) -> Ear:
        port = free_port(socket.SOCK_DGRAM)
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind(("127.0.0.1", port))
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        return Ear(sock, port)

    def __enter__(self) -> Media:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()
        for ear in self.ears:
            ear.sock.close()

    def _run(self) -> None:
        selector = selectors.DefaultSelector()
        for ear in self.ears:
            selector.register(ear.sock, selectors.EVENT_READ, ear)
        due = time.monotonic()
        while not self._over.is_set():
            for key, _ in selector.select(max(0.0, due - time.monotonic())):
                self._take(key.data)
            if time.monotonic() >= due:
                due += FRAME_S
                now = time.time()
                for ear in self.ears:
                    if ear.far is not None and now - ear.seen_at < TALKING:
                        self._speak(ear)
        selector.close()

    def _take(self, ear: Ear) -> None:
        try:
            while True:
                data, told, _, ear.far = ear.sock.recvmsg(2048, 64)
                ear.seen_at = time.time()
                if len(data) > 12 and data[1] & 0x7F == 0:
                    [(_, _, stamp)] = told
                    seconds, nanoseconds = struct.unpack("qq", stamp)
                    ear.heard.append(seconds + nanoseconds / 1e9)
        except BlockingIOError:
            return

    def _speak(self, ear: Ear) -> None:
        ear.sent += 1
        head = struct.pack("!BBHII", 0x80, 0, ear.sent & 0xFFFF, ear.sent * 160 & 0xFFFFFFFF, ear.port)
        try:
            ear.sock.sendto(head + self._frame, ear.far or ("", 0))
        except BlockingIOError:
            return
