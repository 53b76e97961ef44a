"""Our own Asterisk: rendered from templates into a folder of ours, started, watched and stopped.

Nothing of the system is touched: Asterisk runs from the folder `PbxConfig.run_dir` as a child in a session of its own,
so a Ctrl-C in the terminal reaches the server first, which then stops its PBX in order.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from cti import orphans

LOOPBACK = "127.0.0.1"
PRIVATELY = ("/bin/sh", "-c", 'umask 077; exec "$@"', "sh")  # uvloop has no umask of its own
SOCKET_PATH_MAX = 107  # sun_path; asterisk.ctl lives in the run directory
PLACEHOLDER = re.compile(r"@([A-Z_]+)@")
NAME = re.compile(r"[A-Za-z0-9_-]+")
UNSAFE = re.compile(r"[\x00-\x1f;,\"'\\$(){}\[\]@]")
FOR_ANOTHER = (
    "ari.conf", "codecs.conf", "extensions.conf", "http.conf", "manager.conf", "pjsip.conf", "queues.conf", "rtp.conf",
    "sorcery.conf",
)  # fmt: skip
FOLDERS = ("etc", "lib", "lib/keys", "data", "data/sounds", "spool", "spool/monitor", "spool/tmp", "log")


class PbxError(Exception):
    """Asterisk cannot run; one line that names the place and the cure."""


@dataclass(frozen=True, slots=True)
class PbxConfig:
    """Where our Asterisk lives and listens. Sound files are named without their extension.

    `away_s`: so long callers who wait stay in our loop without a word of the server.
    `fallback_phones`: who is called while the server is away, all unless given.
    `trunk`: the name of the line to the outside and the address it goes to.
    `server`: the address from which the manager's user may come; beyond loopback the manager listens everywhere.
    """

    run_dir: Path
    provided: Path
    sip_host: str
    sip_port: int
    ami_port: int
    http_port: int
    rtp_from: int
    rtp_to: int
    ami_secret: str = field(repr=False)
    caller_password: str = field(repr=False)
    phones: Mapping[str, str] = field(repr=False)
    moh_dir: Path
    trunk: tuple[str, str] | None = None
    fallback_prompt: Path | None = None
    fallback_wait_s: int = 900
    away_s: float = 45.0
    fallback_phones: tuple[str, ...] | None = None
    server: str = LOOPBACK


@dataclass(frozen=True, slots=True)
class Provided:
    """What `asterisk-config/provide.py` found: how to start Asterisk and where its files are."""

    argv: tuple[str, ...]
    modules: str
    sounds: str
    documentation: str
    version: str


def provided(path: Path) -> Provided:
    """Raises PbxError when Asterisk has not been provided yet."""
    cure = "run: python3 asterisk-config/provide.py"
    try:
        found = json.loads(path.read_text("utf-8"))
        return Provided(
            tuple(found["argv"]), found["modules"], found["sounds"], found["documentation"], found["version"]
        )
    except OSError as error:
        raise PbxError(f"no Asterisk provided ({path} is absent); {cure}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise PbxError(f"{path} is damaged ({error}); delete it, then {cure}") from error


# -- rendering -------------------------------------------------------------------------------------------------------


def render(config: PbxConfig, templates: Path) -> None:
    """Write the whole configuration under `run_dir` (0700, files 0600); raises PbxError naming the template."""
    asterisk = provided(config.provided)
    run_dir = config.run_dir.resolve()
    if len(str(run_dir / "asterisk.ctl")) > SOCKET_PATH_MAX:
        raise PbxError(f"{run_dir} is too long for a Unix socket; choose a shorter run directory")
    for folder in ("", *FOLDERS):
        (run_dir / folder).mkdir(mode=0o700, parents=True, exist_ok=True)
        (run_dir / folder).chmod(0o700)
    _link_data(run_dir / "data", asterisk)
    values = _values(config, asterisk.modules, run_dir)
    sources = sorted(templates.glob("*.conf"))
    if not sources:
        raise PbxError(f"no templates (*.conf) in {templates}; the checkout is incomplete")
    for source in sources:
        _write_private(run_dir / "etc" / source.name, _filled(source, values))


def is_rendered(config: PbxConfig, templates: Path) -> bool:
    """Whether what lies under `run_dir` is what `render` would write."""
    values = _values(config, provided(config.provided).modules, config.run_dir.resolve())
    try:
        return all(
            (config.run_dir / "etc" / source.name).read_text("utf-8") == _filled(source, values)
            for source in templates.glob("*.conf")
        )
    except OSError:
        return False


def render_for_another(config: PbxConfig, templates: Path, folder: Path) -> tuple[str, ...]:
    """Write (0600) what an Asterisk that is not ours needs of us; the names of the files. Raises PbxError, OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    values = _values(config, "", folder.resolve())
    for name in FOR_ANOTHER:
        _write_private(folder / name, _filled(templates / name, values))
    return FOR_ANOTHER


def _values(config: PbxConfig, modules: str, run_dir: Path) -> dict[str, str]:
    plain = {
        "RUN_DIR": str(run_dir),
        "MODULES": modules,
        "MOH_DIR": str(config.moh_dir.resolve()),
        "FALLBACK_PROMPT": str(config.fallback_prompt.resolve()) if config.fallback_prompt else "",
        "AWAY_S": f"{config.away_s:g}",
        "FALLBACK_WAIT_S": str(config.fallback_wait_s),
        "AMI_BIND": LOOPBACK if config.server == LOOPBACK else "0.0.0.0",  # noqa: S104 - permitted to one address
        "AMI_PERMIT": config.server,
        "AMI_PORT": str(config.ami_port),
        "HTTP_BIND": LOOPBACK if config.server == LOOPBACK else "0.0.0.0",  # noqa: S104 - as the manager
        "HTTP_PORT": str(config.http_port),
        "AMI_SECRET": config.ami_secret,
        "CALLER_PASSWORD": config.caller_password,
        "SIP_BIND": f"{config.sip_host}:{config.sip_port}",
        "RTP_FROM": str(config.rtp_from),
        "RTP_TO": str(config.rtp_to),
    }
    for name, value in plain.items():
        if UNSAFE.search(value):
            raise PbxError(f"{name}: holds a character that Asterisk's configuration cannot take; change the setting")
    phones = "\n\n".join(_phone(name, secret) for name, secret in sorted(config.phones.items()))
    members = "\n".join(f"member => PJSIP/{name}" for name in sorted(config.fallback_phones or config.phones))
    return {
        **plain,
        "PHONES": phones,
        "FALLBACK_PHONES": members,
        "TRUNK": _trunk(*config.trunk) if config.trunk else "",
    }


def _phone(name: str, password: str) -> str:
    if not NAME.fullmatch(name) or UNSAFE.search(password):
        raise PbxError(f"phone {name!r}: use letters, digits, - and _ for its name, and a generated password")
    return (
        f"[{name}](phone)\nauth = {name}\naors = {name}\n\n"
        f"[{name}](phone-auth)\nusername = {name}\npassword = {password}\n\n"
        f"[{name}](phone-aor)"
    )


def _trunk(name: str, gateway: str) -> str:
    """Calls go out by it and none comes in: what comes is known by its own credentials."""
    if not NAME.fullmatch(name) or UNSAFE.search(gateway):
        raise PbxError(f"outbound.trunk {name!r}: use letters, digits, - and _ for its name, and sip:host:port")
    return f"[{name}](party)\ncontext = nowhere\naors = {name}\n\n[{name}]\ntype = aor\ncontact = {gateway}"


def _filled(source: Path, values: Mapping[str, str]) -> str:
    def value(found: re.Match[str]) -> str:
        if found[1] not in values:
            raise PbxError(f"{source}: unknown placeholder @{found[1]}@; known are {', '.join(sorted(values))}")
        return values[found[1]]

    return PLACEHOLDER.sub(value, source.read_text("utf-8"))


def _write_private(path: Path, text: str) -> None:
    partial = path.with_name(path.name + ".partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        out.write(text)
    partial.replace(path)


def _link_data(data: Path, asterisk: Provided) -> None:
    # the package's own absolute links point outside an unpacked one
    wanted = {"documentation": asterisk.documentation, "sounds/en": asterisk.sounds}
    for name, target in wanted.items():
        link = data / name
        if link.is_symlink():
            link.unlink()
        link.symlink_to(target)


def _main_file(run_dir: Path) -> str:
    return str(run_dir.resolve() / "etc" / "asterisk.conf")


async def reclaim(run_dir: Path) -> int | None:
    """End an Asterisk that runs from this folder although nobody here started it; its pid, or None."""
    return await orphans.end(run_dir / "asterisk.pid", _main_file(run_dir))


# -- running ---------------------------------------------------------------------------------------------------------


class _Found:
    """A process of an earlier run, as far as a child of our own is like it."""

    def __init__(self, pid_file: Path, mark: str, pid: int) -> None:
        self.pid, self._pid_file, self._mark = pid, pid_file, mark

    @property
    def returncode(self) -> int | None:
        return None if orphans.running(self._pid_file, self._mark) == self.pid else 0

    def terminate(self) -> None:
        os.kill(self.pid, signal.SIGTERM)

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    async def wait(self) -> int:
        while self.returncode is None:  # noqa: ASYNC110 - not our child
            await asyncio.sleep(0.02)
        return 0


class Pbx:
    """One Asterisk process of ours. `templates` is rendered at each start, so settings always take effect."""

    def __init__(self, config: PbxConfig, templates: Path) -> None:
        self._config, self._templates = config, templates
        self._run_dir = config.run_dir.resolve()
        self._process: asyncio.subprocess.Process | _Found | None = None
        self._fully_booted = False

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.returncode is None

    def take_up(self) -> bool:
        """An Asterisk that runs from here as it is to be is ours again, with its calls; False when there is none."""
        pid_file, mark = self._run_dir / "asterisk.pid", _main_file(self._run_dir)
        pid = orphans.running(pid_file, mark)
        if pid is None or not is_rendered(self._config, self._templates):
            return False
        self._process, self._fully_booted = _Found(pid_file, mark, pid), True
        return True

    async def start(self, deadline_s: float = 20.0) -> None:
        """Return once Asterisk is fully booted; raises PbxError, leaving nothing behind, when it does not get there."""
        require_free("sip_port", socket.SOCK_DGRAM, self._config.sip_host, self._config.sip_port)
        require_free("ami_port", socket.SOCK_STREAM, LOOPBACK, self._config.ami_port)
        require_free("http_port", socket.SOCK_STREAM, LOOPBACK, self._config.http_port)
        render(self._config, self._templates)
        self._log.unlink(missing_ok=True)
        out = os.open(self._run_dir / "log" / "console.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            self._process = await asyncio.create_subprocess_exec(
                *PRIVATELY, *self._argv, "-f", stdin=asyncio.subprocess.DEVNULL, stdout=out, stderr=out,
                start_new_session=True, cwd=self._run_dir,
            )  # fmt: skip
        except OSError as error:
            raise PbxError(f"cannot start {self._argv[0]}: {error.strerror}; run provide.py again") from error
        finally:
            os.close(out)
        try:
            async with asyncio.timeout(deadline_s):
                await self._booted()
        except TimeoutError as error:
            raise PbxError(f"Asterisk was not ready within {deadline_s:.0f} s; {self._why()}") from error
        except BaseException:
            await self.stop()
            raise
        finally:
            if self._process.returncode is not None or not self._ready:
                await self.stop()

    async def stop(self, grace_s: float = 5.0) -> None:
        """End our own process: asked first, killed after `grace_s` seconds. Safe to call twice."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(asyncio.shield(process.wait()), grace_s)
        except TimeoutError:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def console(self, command: str, deadline_s: float = 10.0) -> str:
        """What Asterisk's console answers to `command`; raises PbxError when it cannot be reached."""
        process = await asyncio.create_subprocess_exec(
            *self._argv, "-rx", command, stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        try:
            answer, _ = await asyncio.wait_for(process.communicate(), deadline_s)
        except TimeoutError as error:
            raise PbxError(f"the console did not answer {command!r} within {deadline_s:.0f} s") from error
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        text = answer.decode("utf-8", "replace")
        if process.returncode:
            raise PbxError(f"the console refused {command!r}: {text.strip()}")
        return text

    def log_lines(self, *levels: str) -> list[str]:
        """Lines of Asterisk's own log at these levels ("ERROR", "WARNING"), oldest first."""
        try:
            lines = self._log.read_text("utf-8", "replace").splitlines()
        except OSError:
            return []
        return [line for line in lines if any(f"] {level}[" in line for level in levels)]

    @property
    def _log(self) -> Path:
        return self._run_dir / "log" / "messages.log"

    @property
    def _argv(self) -> list[str]:
        found = provided(self._config.provided)
        return [*found.argv, "-C", _main_file(self._run_dir)]

    @property
    def _ready(self) -> bool:
        return self.alive and self._fully_booted

    async def _booted(self) -> None:
        """Asterisk says so on its own console socket; ends early when the process dies."""
        while self.alive:
            with suppress(PbxError):
                if "fully booted" in await self.console("core waitfullybooted"):
                    self._fully_booted = True
                    return
            await asyncio.sleep(0.05)
        raise PbxError(f"Asterisk ended while starting; {self._why()}")

    def _why(self) -> str:
        told = self.log_lines("ERROR", "WARNING")[-3:]
        return f"see {self._log}" + "".join(f"\n  {line}" for line in told)


def require_free(name: str, kind: int, host: str, port: int) -> None:
    """Raises PbxError with the setting that moves the port when somebody has it."""
    with socket.socket(socket.AF_INET, kind) as probe:
        if kind == socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PbxError(
                f"asterisk.{name}: {host}:{port}: {error.strerror}: free it or set ZONGJI_ASTERISK__{name.upper()}"
            ) from None
