"""The command line as people use it: processes in folders and on ports of their own, and what they leave behind."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.ports import free_port, free_rtp

ROOT = Path(__file__).parents[2]
CLI = (sys.executable, "-m", "cti")


@dataclass
class Place:
    """Where one house runs. `env` are its settings; the folder's path is short, for Unix sockets."""

    folder: Path
    web: int = field(default_factory=free_port)
    ami: int = field(default_factory=free_port)
    http: int = field(default_factory=free_port)
    sip: int = field(default_factory=lambda: free_port(socket.SOCK_DGRAM))
    rtp: tuple[int, int] = field(default_factory=free_rtp)
    more: dict[str, str] = field(default_factory=dict)

    @property
    def run_dir(self) -> Path:
        return self.folder / "run"

    @property
    def env(self) -> dict[str, str]:
        ours = {
            "RUN_DIR": self.run_dir, "WEB__PORT": self.web, "ASTERISK__AMI_PORT": self.ami,
            "ASTERISK__HTTP_PORT": self.http,
            "ASTERISK__SIP_PORT": self.sip, "ASTERISK__RTP_FROM": self.rtp[0],
            "ASTERISK__RTP_TO": self.rtp[1],
            "ASTERISK__PROVIDED": ROOT / ".pbx" / "asterisk.json", **self.more,
        }  # fmt: skip
        rest = {key: value for key, value in os.environ.items() if not key.startswith("ZONGJI_")}
        return {**rest, "ZONGJI_SETTINGS": "", **{f"ZONGJI_{key}": str(value) for key, value in ours.items()}}

    def cti(self, *arguments: str, timeout_s: float = 90.0) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*CLI, *arguments], cwd=ROOT, env=self.env, capture_output=True, text=True, timeout=timeout_s, check=False
        )

    def left(self) -> list[str]:
        """Processes that run from this folder, and its ports that are not free: empty when nothing is left."""
        found = [str(pid) for pid in _processes(str(self.folder))]
        tcp, udp = socket.SOCK_STREAM, socket.SOCK_DGRAM
        for name, kind, port in (
            ("web", tcp, self.web),
            ("ami", tcp, self.ami),
            ("http", tcp, self.http),
            ("sip", udp, self.sip),
        ):
            with socket.socket(socket.AF_INET, kind) as probe:
                if kind == tcp:
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    found.append(f"{name} port {port}")
        return found + [str(one) for one in (self.run_dir / "pid", self.run_dir / "asterisk.ctl") if one.exists()]

    @contextmanager
    def up(self, deadline_s: float = 60.0) -> Iterator[subprocess.Popen[str]]:
        """`up`, once it says ready; ended afterwards by Ctrl-C, with nothing left."""
        out = (self.folder / "out").open("w+")
        process = subprocess.Popen(
            [*CLI, "up"], cwd=ROOT, env=self.env, stdout=out, stderr=out, text=True, start_new_session=True
        )
        try:
            ends = time.monotonic() + deadline_s
            while "ready after" not in (told := (self.folder / "out").read_text()):
                assert process.poll() is None, told
                assert time.monotonic() < ends, told
                time.sleep(0.05)
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
            try:
                process.wait(30)
            finally:
                process.kill()
                process.wait()
                out.close()

    def get(self, path: str, token: str = "", body: dict[str, Any] | None = None) -> Any:
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.web}{path}", data, headers)
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - our own server's address
            return json.loads(answer.read())

    def figure(self, name: str) -> float:
        """A figure of `/metrics`, summed over its labels."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.web}/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if re.match(rf"{name}[ {{]", line))

    def ready(self) -> Any:
        """What `/readyz` says, also when it says no."""
        try:
            return self.get("/readyz")
        except urllib.error.HTTPError as error:
            with error:
                return json.loads(error.read())


@contextmanager
def place(**more: str) -> Iterator[Place]:
    folder = Path(tempfile.mkdtemp(prefix="zj"))
    try:
        yield Place(folder, more={key.upper(): value for key, value in more.items()})
    finally:
        for pid in _processes(str(folder)):
            os.kill(pid, signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)


def _processes(word: str) -> Iterator[int]:
    """Others than ourselves whose command line or working folder holds the word."""
    for entry in Path("/proc").glob("[0-9]*"):
        if int(entry.name) == os.getpid():
            continue
        try:
            command = (entry / "cmdline").read_bytes().decode(errors="replace")
            if word in command or word in str((entry / "cwd").readlink()):
                yield int(entry.name)
        except OSError:
            continue
