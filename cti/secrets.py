"""What must be secret: made at the first run, kept in one file that only its owner reads."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Secrets:
    ami_secret: str
    token_secret: str
    caller_password: str
    phone_password: str


def kept(path: Path) -> Secrets:
    """The secrets in the file, made now when there is none; mode 0600. Raises OSError or ValueError."""
    if path.exists():
        return Secrets(**json.loads(path.read_text("utf-8")))
    made = Secrets(*(secrets.token_urlsafe(32) for _ in range(4)))
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        json.dump(asdict(made), out)
    return made
