"""`make audit`, a part of `make check`: what we depend on is pinned, sealed, and not known to be unsafe.

Whoever keeps the advisories may be out of reach; then it is said how much was not asked, and that alone is no failure.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
DESK = ROOT / "agents" / "desk"
PATIENCE_S = 180.0
MAY_INSTALL = {"node_modules/esbuild"}  # fetches nothing: it only puts its own binary in place
PINNED = re.compile(r"[A-Za-z0-9._-]+(\[[^\]]*\])?==[^ \\]+")


@dataclass
class Finding:
    """`bad`: what must not be; `asked` and `unasked`: of how many parts it is known, and of how many not."""

    bad: list[str] = field(default_factory=list)
    asked: int = 0
    unasked: int = 0


def unpinned(text: str) -> list[str]:
    """Requirements without one version or without a hash, by name. Pure."""
    return [line.split()[0] for line in _requirements(text) if not PINNED.match(line) or "--hash=sha256:" not in line]


def _requirements(text: str) -> list[str]:
    whole = (line.strip() for line in text.replace("\\\n", " ").splitlines())
    return [line for line in whole if line and not line.startswith(("#", "-"))]


def unsealed(lock: Mapping[str, Any]) -> list[str]:
    """Parts of the pages without a checksum, from elsewhere, or that run something when installed. Pure."""
    parts = {name: part for name, part in lock["packages"].items() if name}
    return [
        name
        for name, part in parts.items()
        if "integrity" not in part or "resolved" in part or (part.get("hasInstallScript") and name not in MAY_INSTALL)
    ]


def advised_of_python(told: Mapping[str, Any]) -> Finding:
    """From what pip-audit writes as JSON. Pure."""
    found = Finding()
    for one in told["dependencies"]:
        if "skip_reason" in one:
            found.unasked += 1
            continue
        found.asked += 1
        for advice in one["vulns"]:
            cure = ", ".join(advice["fix_versions"]) or "nothing yet"
            found.bad.append(f"{one['name']} {one['version']}: {advice['id']}, mended in {cure}")
    return found


def advised_of_pages(told: Mapping[str, Any], parts: int) -> Finding:
    """From what `npm audit` writes as JSON. Pure."""
    if "vulnerabilities" not in told:
        return Finding(unasked=parts)
    bad = [f"{name} {one['range']}: {one['severity']}" for name, one in told["vulnerabilities"].items()]
    return Finding(bad, asked=parts)


def _told(command: Sequence[str], folder: Path) -> Any:
    """What a tool writes as JSON; an empty answer of its shape when it cannot say."""
    try:
        out = subprocess.run(command, cwd=folder, capture_output=True, timeout=PATIENCE_S, check=False).stdout
        return json.loads(out)
    except (subprocess.TimeoutExpired, ValueError):
        return {}


def _python(file: str) -> Finding:
    text = (ROOT / file).read_text()
    command = [sys.executable, "-m", "pip_audit", "-r", file, "--disable-pip", "--require-hashes", "-f", "json",
               "--progress-spinner", "off", "--timeout", "10"]  # fmt: skip
    told = _told(command, ROOT)
    found = advised_of_python(told) if told else Finding(unasked=len(_requirements(text)))
    found.bad += [f"{name}: not pinned by version and hash" for name in unpinned(text)]
    return found


def _pages() -> Finding:
    lock = json.loads((DESK / "package-lock.json").read_text())
    found = advised_of_pages(_told(["npm", "audit", "--json"], DESK), len(lock["packages"]) - 1)
    found.bad += [f"{name}: not sealed by the lock file" for name in unsealed(lock)]
    return found


def main() -> int:
    findings = {"requirements-dev.txt": _python("requirements-dev.txt"), "agents/desk": _pages()}
    findings["requirements.txt"] = Finding(unpinned((ROOT / "requirements.txt").read_text()))
    bad = [f"{where}: {what}" for where, one in findings.items() for what in one.bad]
    for what in bad:
        sys.stdout.write(f"unsafe: {what}\n")
    asked, unasked = (sum(getattr(one, name) for one in findings.values()) for name in ("asked", "unasked"))
    away = f"; of {unasked} nobody could be asked" if unasked else ""
    sys.stdout.write(f"{'bad' if bad else 'good'}: advisories asked for {asked} parts{away}\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
