#!/usr/bin/env python3
"""Provide an Asterisk of the line we are proved on, without touching the system.

In order: an installed one that is new enough; the distribution's package; else the package of Debian's next release,
unpacked under `.pbx/` and started through its own loader. Writes `.pbx/asterisk.json`, which `cti/pbx.py` reads:
`argv` (how to start it), `modules`, `sounds`, `moh` (folders) and `version`. A second run finds that file and is done.

Only the standard library: this runs before anything is installed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

LINE = (22, 10, 1)  # older ones have known holes in AMI, ARI and the HTTP server
SUITE = "forky"
PACKAGES = "asterisk,asterisk-modules,asterisk-core-sounds-en,asterisk-moh-opsound-wav"
SYSTEM_MODULES = [
    "/usr/lib/x86_64-linux-gnu/asterisk/modules",
    "/usr/lib/aarch64-linux-gnu/asterisk/modules",
    "/usr/lib/asterisk/modules",
    "/usr/lib64/asterisk/modules",
]


class CannotProvide(Exception):
    """No Asterisk could be had; the message says what to do."""


def say(text: str) -> None:
    print(f"  {text}", flush=True)  # noqa: T201 - a script's voice


def version_of(argv: list[str]) -> tuple[int, ...]:
    try:
        done = subprocess.run([*argv, "-V"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ()
    found = re.search(r"(\d+)\.(\d+)\.(\d+)", done.stdout)
    return tuple(int(part) for part in found.groups()) if found else ()


def described(argv: list[str], root: str = "") -> dict[str, object] | None:
    """What `cti/pbx.py` needs to know of this Asterisk, or None when it is absent, too old or without modules."""
    version = version_of(argv)
    modules = next((root + path for path in SYSTEM_MODULES if Path(root + path).is_dir()), None)
    if version < LINE or modules is None:
        return None
    share = Path(root + "/usr/share/asterisk")
    return {
        "argv": argv,
        "modules": modules,
        "sounds": str(share / "sounds" / "en_US_f_Allison"),
        "moh": str(share / "moh"),
        "documentation": str(share / "documentation"),
        "version": ".".join(map(str, version)),
    }


def installed() -> dict[str, object] | None:
    found = shutil.which("asterisk", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    return described([found]) if found else None


def as_root(argv: list[str]) -> list[str]:
    if os.geteuid() == 0:
        return argv
    if not shutil.which("sudo"):
        raise CannotProvide("installing needs root: run as root or install sudo")
    return ["sudo", *argv]


def run(argv: list[str], log: Path) -> bool:
    with log.open("ab") as out:
        return subprocess.run(argv, stdout=out, stderr=subprocess.STDOUT, check=False).returncode == 0


def candidate() -> tuple[int, ...]:
    done = subprocess.run(["apt-cache", "policy", "asterisk"], capture_output=True, text=True, check=False)
    found = re.search(r"Candidate: \d*:?(\d+)\.(\d+)\.(\d+)", done.stdout)
    return tuple(int(part) for part in found.groups()) if found else ()


def from_distribution(log: Path) -> dict[str, object] | None:
    """The distribution's own package, unpacked nowhere else: installed, its service left disabled."""
    if candidate() < LINE:
        return None
    say("installing the distribution's asterisk ...")
    # policy-rc.d would be a global change; the mask below is undone by nobody else and stops the service only
    os.environ["RUNLEVEL"] = "1"
    if not run(as_root(["apt-get", "install", "-y", "--no-install-recommends", "asterisk"]), log):
        return None
    return installed()


def unpacked(into: Path) -> dict[str, object] | None:
    loader = next(into.glob("usr/lib64/ld-linux-*.so.*"), None) or next(into.glob("usr/lib/ld-linux-*.so.*"), None)
    triplets = [path for path in into.glob("usr/lib/*-linux-gnu") if path.is_dir()]
    if loader is None or not triplets:
        return None
    libraries = ":".join(str(base / path.name) for path in triplets for base in (into / "usr/lib", into / "lib"))
    argv = [str(loader), "--library-path", libraries, str(into / "usr/sbin/asterisk")]
    return described(argv, root=str(into))


def from_next_release(pbx: Path, log: Path) -> dict[str, object] | None:
    """Debian's next release, unpacked whole: about 40 s and 360 MB, no root service, no global change."""
    if not shutil.which("mmdebstrap"):
        raise CannotProvide("mmdebstrap is missing: apt-get install mmdebstrap")
    root = pbx / "root"
    for validity in ([], ['--aptopt=Acquire::Check-Valid-Until "false"']):
        partial = pbx / "root.partial"
        shutil.rmtree(partial, ignore_errors=True)
        say(f"unpacking Asterisk 22 from Debian {SUITE} (about 40 s, 360 MB) ...")
        mode = [] if os.geteuid() == 0 else ["--mode=unshare"]
        if run(
            ["mmdebstrap", *mode, "--variant=minbase", *validity, f"--include={PACKAGES}", SUITE, str(partial)], log
        ):
            shutil.rmtree(root, ignore_errors=True)
            partial.rename(root)
            return unpacked(root.resolve())
        say("the archive's list is past its date: once more without that check (signatures still hold)")
    return None


def still_good(note: Path) -> bool:
    try:
        found = json.loads(note.read_text("utf-8"))
        return Path(found["modules"]).is_dir() and all(Path(found["argv"][i]).exists() for i in (0, -1))
    except (OSError, ValueError, KeyError):
        return False


def provide(pbx: Path) -> None:
    note, log = pbx / "asterisk.json", pbx / "provide.log"
    if still_good(note):
        return
    pbx.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    found = (
        installed()
        or unpacked((pbx / "root").resolve())
        or from_distribution(log)
        or from_next_release(pbx.resolve(), log)
    )
    if found is None:
        raise CannotProvide(f"no Asterisk of at least {'.'.join(map(str, LINE))} could be had; see {log}")
    partial = note.with_suffix(".partial")
    partial.write_text(json.dumps(found, indent=1), "utf-8")
    partial.rename(note)
    say(f"Asterisk {found['version']} ready after {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    try:
        provide(Path(sys.argv[1] if len(sys.argv) > 1 else ".pbx"))
    except CannotProvide as error:
        sys.exit(f"asterisk: {error}")
