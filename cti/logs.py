"""Logs: one JSON object a line, the call's id on every line of a call, and no secret on any."""

from __future__ import annotations

import contextvars
import json
import logging
import os
import re
from collections.abc import Callable, Mapping, MutableMapping
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, TextIO, cast

import msgspec
import structlog

HIDDEN = "(hidden)"
_NAMES = r"pins?|passwords?|passwd|secrets?|tokens?|digits?"
_NAME = re.compile(rf"(?:^|[^a-z])(?:{_NAMES})(?:$|[^a-z])", re.IGNORECASE)
_IN_TEXT = re.compile(rf"(?i)((?<![a-z])(?:{_NAMES})[\"']?\s*[:=]\s*)(?:\"[^\"]*\"|'[^']*'|[^\s,;}})\]]+)")


def is_secret(name: object) -> bool:
    """Whether a field of this name is kept from logs and brokers: `pin`, `ami_secret`, `DTMF-Digits`, not `ping`."""
    return isinstance(name, str) and _names_a_secret(name)


@lru_cache(4096)
def _names_a_secret(name: str) -> bool:
    return _NAME.search(name) is not None


def hide(value: Any) -> Any:
    """The value with what is secret in it replaced, at any depth; also in text that reads like `Secret: ...`."""
    if isinstance(value, Mapping):
        # A pair told as two fields, as in DataCollected: {"key": "pin", "value": "1234"}.
        pair = is_secret(value.get("key"))
        return {
            key: HIDDEN if is_secret(key) or (pair and key == "value") else hide(inner) for key, inner in value.items()
        }
    if isinstance(value, str):
        return _IN_TEXT.sub(rf"\1{HIDDEN}", value) if ":" in value or "=" in value else value
    if isinstance(value, list | tuple | set | frozenset):
        return [hide(inner) for inner in value]
    return value if isinstance(value, int | float | None) else hide(str(value))


def hide_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> dict[str, Any]:
    """The processor: last but one, so that it sees exceptions as text too."""
    hidden: dict[str, Any] = hide(event)
    return hidden


def context_of(call_id: str) -> contextvars.Context:
    """For a task that works for this call, whoever starts it: its log lines carry the call's id."""
    context = contextvars.copy_context()
    context.run(structlog.contextvars.bind_contextvars, call_id=call_id)
    return context


def _as_json(event: Any, **_: Any) -> str:
    return msgspec.json.encode(event).decode()


_FIRST: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
]
_LAST: list[structlog.typing.Processor] = [
    structlog.processors.format_exc_info,
    hide_secrets,
    structlog.processors.TimeStamper(fmt="iso", utc=True),  # behind: a time has colons, yet no secret
    structlog.processors.JSONRenderer(serializer=_as_json),
]


def log_to(path: Path) -> None:
    """All logs, also the libraries', into this file from now on."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    log_into(cast(TextIO, LogFile(partial(os.write, file))))


class LogFile:
    """Whole lines to a file, by `write`, which is as `os.write`.

    Who logs is never told of a full disk: the line is lost and counted, the call goes on.
    """

    def __init__(self, write: Callable[[memoryview], int]) -> None:
        self._write = write
        self._torn = False
        self.lost = 0

    def write(self, text: str) -> int:
        line = text.encode("utf-8", "backslashreplace")
        if self._whole((b"\n" if self._torn else b"") + self._told() + line):
            self.lost = 0
        else:
            self.lost += 1
        return len(text)

    def _told(self) -> bytes:
        if not self.lost:
            return b""
        told = {"event": "log lines were lost: the log could not be written", "lines": self.lost}
        return json.dumps(told).encode() + b"\n"

    def _whole(self, data: bytes) -> bool:
        left = memoryview(data)
        try:
            while left:
                left = left[self._write(left) :]
        except OSError:
            self._torn = self._torn or len(left) < len(data)
            return False
        self._torn = False
        return True

    def flush(self) -> None:
        """Nothing is held back."""


def log_into(out: TextIO) -> None:
    structlog.configure(
        processors=[*_FIRST, *_LAST],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(out),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_FIRST, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_LAST]
        )
    )
    logging.getLogger("panoramisk").setLevel(logging.CRITICAL)  # the link says it better, and not of its own close
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
