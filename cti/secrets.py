"""What must be secret. The demo makes its own at the first run; production is given every one, and has no defaults."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from pydantic import SecretStr

from cti.settings import Settings

SHORTEST = {"token_secret": 32, "ami_secret": 12, "caller_password": 12, "phone_password": 12}


class SecretsError(Exception):
    """One line a secret that is missing or cannot be read, with the cure."""


@dataclass(frozen=True, slots=True)
class Secrets:
    ami_secret: str = field(repr=False)
    token_secret: str = field(repr=False)
    caller_password: str = field(repr=False)
    phone_password: str = field(repr=False)


NAMES = tuple(one.name for one in fields(Secrets))


def gather(settings: Settings) -> Secrets:
    """Those of the settings, else of the file; the demo makes its file when there is none. Raises SecretsError."""
    file = settings.secrets_file
    if settings.profile == "demo":
        file = file or settings.run_dir / "secrets.json"
        found = _read(file) if file.exists() else _make(file)
    else:
        found = _read(file) if file else {}
    found = {**found, **_set(settings)}
    needed = NAMES if settings.asterisk.own else ("ami_secret", "token_secret")
    if wrong := [line for name in needed if (line := _wrong(name, found.get(name), settings))]:
        raise SecretsError("\n".join(wrong))
    return Secrets(**{name: found.get(name, "") for name in NAMES})


def _set(settings: Settings) -> dict[str, str]:
    given: dict[str, SecretStr | None] = {
        "ami_secret": settings.asterisk.ami_secret,
        "token_secret": settings.web.token_secret,
        "caller_password": settings.asterisk.caller_password,
        "phone_password": settings.asterisk.phone_password,
    }
    return {name: value.get_secret_value() for name, value in given.items() if value is not None}


def _wrong(name: str, value: str | None, settings: Settings) -> str | None:
    section = "web" if name == "token_secret" else "asterisk"
    cure = f"set ZONGJI_{section.upper()}__{name.upper()}, or {name!r} in the file named by secrets_file (0600)"
    if value is None:
        return f"{section}.{name}: the {settings.profile} profile has no default: {cure}"
    if settings.profile == "production" and len(value) < SHORTEST[name]:
        return f"{section}.{name}: shorter than {SHORTEST[name]} characters: {cure}"
    return None


def _read(path: Path) -> Mapping[str, str]:
    cure = "delete it: the next start makes a new one, or give a JSON object of strings"
    try:
        if path.stat().st_mode & 0o077:
            raise SecretsError(f"{path}: others may read it: chmod 600 {path}")
        found = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise SecretsError(f"{path}: {error.strerror}: mend secrets_file") from None
    except ValueError as error:
        raise SecretsError(f"{path}: damaged ({error}): {cure}") from None
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise SecretsError(f"{path}: damaged (no object of strings): {cure}")
    if unknown := sorted(found.keys() - set(NAMES)):
        raise SecretsError(f"{path}: unknown secret {unknown[0]!r} (known: {', '.join(NAMES)})")
    return found


def _make(path: Path) -> Mapping[str, str]:
    made = asdict(Secrets(*(secrets.token_urlsafe(32) for _ in NAMES)))
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        json.dump(made, out)
        out.flush()
        os.fsync(out.fileno())
    partial.replace(path)
    return made
