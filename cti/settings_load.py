"""Settings from a file and the environment, refused whole: every finding at once, with file, line, reason and cure."""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
import tomllib
import typing
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource
from pydantic_settings import SettingsError as BadEnvironment

from acd.rules import RULES
from acd.skills import SkillSyntaxError, parse
from cti.settings import HoursSettings, Settings
from cti.toml_lines import KeyPath, find_line, syntax_place

PREFIX = "ZONGJI_"
NOT_SETTINGS = {"ZONGJI_SETTINGS"}
URL_WITH_PASSWORD = re.compile(r"://[^/@:]*:[^/@]+@")
Finding = tuple[KeyPath, str]


class SettingsError(Exception):
    """One line a finding."""


def load(path: Path | None) -> Settings:
    """The settings; raises SettingsError. Without a file the demo's own."""
    text, values = _read(path) if path else ("", {})
    found = [f"environment: {line}" for line in _unknown_variables(os.environ)]
    settings, findings = _built(values)
    if path and _others_may_read(path):
        findings += [(place, "is a secret, but others may read this file: chmod 600") for place in _secrets_in(values)]
    found += [_told(path, text, *finding) for finding in sorted(findings, key=lambda one: _line(text, one[0]))]
    if found or settings is None:
        raise SettingsError("\n".join(dict.fromkeys(found)))
    return settings


class _FileAlone(Settings):
    """Settings without the environment, of which something is broken."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 (the library's signature)
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


def _read(path: Path) -> tuple[str, dict[str, Any]]:
    try:
        text = path.read_text("utf-8")
        return text, tomllib.loads(text)
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}: mend the path or take it out of ZONGJI_SETTINGS") from None
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: not UTF-8 ({error.reason} at byte {error.start}): save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        line, message = syntax_place(error)
        raise SettingsError(f"{path}:{line or len(text.splitlines()) or 1}: no TOML: {message}") from None


def _built(values: Mapping[str, Any]) -> tuple[Settings | None, list[Finding]]:
    """The settings if they can be made, and every finding. What is broken in itself does not hide what clashes."""
    try:
        settings = Settings(**values)
    except BadEnvironment as error:
        return None, [((), f"environment: {error}")]
    except ValidationError as error:
        broken = {str(one["loc"][0]) for one in error.errors() if one["loc"]}
        findings: list[Finding] = [(_place(one["loc"]), _reason(one["loc"], one)) for one in error.errors()]
        try:
            rest = _FileAlone(**{key: value for key, value in values.items() if key not in broken})
        except (ValidationError, BadEnvironment):
            return None, findings
        return None, findings + [one for one in _clashes(rest, without=broken) if one[0][0] not in broken]
    return settings, list(_clashes(settings))


# -- how a finding is told ---------------------------------------------------------------------------------------------


def _told(path: Path | None, text: str, place: KeyPath, reason: str) -> str:
    if not place:
        return reason
    set_by = [name for name in _variables(place) if name in os.environ]
    if set_by:
        return f"environment: {set_by[0]}: {reason}"
    if path is None:
        return f"settings: {_dotted(place)}: {reason}: set {_variables(place)[0]}"
    return f"{path}:{_line(text, place)}: {_dotted(place)}: {reason}"


def _variables(place: KeyPath) -> list[str]:
    """The environment variables by which this may have been set, the most exact first."""
    parts = [str(part).upper() for part in place]
    return [PREFIX + "__".join(parts[:length]) for length in range(len(parts), 0, -1)]


def _line(text: str, place: KeyPath) -> int:
    return find_line(text, place) or 1


def _dotted(place: KeyPath) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).lstrip(".")


def _place(loc: tuple[int | str, ...]) -> KeyPath:
    return tuple(part for part in loc if part != "[key]")


def _reason(loc: tuple[int | str, ...], error: Mapping[str, Any]) -> str:
    if error["type"] != "extra_forbidden":
        return str(error["msg"]).removeprefix("Value error, ")
    return _unknown(str(loc[-1]), _known_at(loc[:-1]))


def _unknown(word: str, known: Collection[str], what: str = "key") -> str:
    near = difflib.get_close_matches(word, known, 1)
    cure = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"
    return f"unknown {what} {word!r}: {cure}"


def _known_at(place: tuple[int | str, ...]) -> list[str]:
    """The keys that may stand there."""
    model: type[BaseModel] = Settings
    for part in place:
        if isinstance(part, str):
            model = _model_in(model.model_fields[part].annotation) or model
    return list(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for one in typing.get_args(annotation) if (found := _model_in(one))), None)


def _unknown_variables(environment: Mapping[str, str]) -> Iterator[str]:
    """A misspelt variable would otherwise be passed over in silence."""
    known = {name.upper() for name in Settings.model_fields}
    for name in sorted(environment):
        word = name.upper().removeprefix(PREFIX)
        if name.upper().startswith(PREFIX) and name not in NOT_SETTINGS and word.partition("__")[0] not in known:
            near = difflib.get_close_matches(word.partition("__")[0], known, 1)
            yield f"{name}: unknown" + (f": did you mean {PREFIX}{near[0]}?" if near else ": unset it")


# -- secrets -----------------------------------------------------------------------------------------------------------


def _others_may_read(path: Path) -> bool:
    return bool(path.stat().st_mode & 0o077)


def _secrets_in(values: Mapping[str, Any]) -> Iterator[KeyPath]:
    for section, inner in values.items():
        fields = _section_fields(section)
        for key, value in inner.items() if isinstance(inner, dict) else ():
            if key in fields and _is_secret(fields[key], value):
                yield section, key


def _is_secret(field: FieldInfo, value: Any) -> bool:
    declared = SecretStr in (field.annotation, *typing.get_args(field.annotation))
    return declared or URL_WITH_PASSWORD.search(str(value)) is not None


def _section_fields(section: str) -> Mapping[str, FieldInfo]:
    field = Settings.model_fields.get(section)
    model = _model_in(field.annotation) if field else None
    return model.model_fields if model else {}


# -- what must fit together --------------------------------------------------------------------------------------------


def _clashes(settings: Settings, without: Collection[str] = ()) -> Iterator[Finding]:
    """Findings over several settings. `without`: top-level keys of which nothing is known."""
    yield from _beyond_loopback(settings)
    if settings.asterisk.own:
        yield from _ports(settings)
    yield from _addresses(settings)
    if (settings.web.certificate is None) != (settings.web.key is None):
        yield ("web", "certificate"), "and key belong together: give both, or tls = true for one of our own"
    if (ca_file := settings.mqtt.ca_file) is not None and not ca_file.is_file():
        yield ("mqtt", "ca_file"), f"there is no file {ca_file}: mend the path"
    if "calendars" not in without:
        yield from _calendars(settings)
    if "scorecards" not in without:
        yield from _scorecards(settings)
    if "queues" not in without:
        yield from _queues(settings)
        yield from _leaving(settings)
        if "skills" not in without:
            yield from _skills(settings)


def _addresses(settings: Settings) -> Iterator[Finding]:
    """Where the house's host is."""
    if settings.host.kind == "http" and not settings.host.url:
        yield ("host", "url"), "is missing: a host that speaks HTTP has an address"
    if settings.host.url and _belongs_to_the_network(settings.host.url):
        yield ("host", "url"), f"{settings.host.url}: no host has such an address: give its own"
    if settings.host.kind == "demo" and settings.profile != "demo":
        yield ("host", "kind"), "the demo's host knows its accounts' PINs by heart: use 'http' or 'none'"


def _beyond_loopback(settings: Settings) -> Iterator[Finding]:
    if settings.profile != "demo":
        return
    hosts = [(("web", "host"), settings.web.host)]
    if settings.asterisk.own:
        hosts.append((("asterisk", "sip_host"), settings.asterisk.sip_host))
    for place, host in hosts:
        if not is_loopback(host):
            yield place, f"the demo's passwords are known to all, so not {host!r}: 127.0.0.1, or profile = 'production'"


def _belongs_to_the_network(url: str) -> bool:
    """Addresses at which clouds keep their secrets, or nobody single is."""
    try:
        address = ipaddress.ip_address(urlsplit(url).hostname or "")
    except ValueError:
        return False
    return address.is_link_local or address.is_multicast or address.is_unspecified


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _ports(settings: Settings) -> Iterator[Finding]:
    asterisk = settings.asterisk
    if asterisk.rtp_from >= asterisk.rtp_to:
        yield ("asterisk", "rtp_from"), f"must be below rtp_to ({asterisk.rtp_from} >= {asterisk.rtp_to})"
    elif asterisk.rtp_from <= asterisk.sip_port <= asterisk.rtp_to:
        yield ("asterisk", "sip_port"), f"{asterisk.sip_port} lies among the RTP ports: move one of them"
    taken = {settings.web.port: "web.port"}
    for name in ("ami_port", "http_port"):
        port = getattr(asterisk, name)
        if port in taken:
            yield ("asterisk", name), f"{port} is {taken[port]} too: change one of them"
        taken[port] = f"asterisk.{name}"


def _queues(settings: Settings) -> Iterator[Finding]:
    names: set[str] = set()
    for number, queue in enumerate(settings.queues):
        if queue.name in names:
            yield ("queues", number, "name"), f"{queue.name!r} is there already: a queue has one entry"
        names.add(queue.name)
        if queue.rule not in RULES:
            yield ("queues", number, "rule"), f"unknown rule {queue.rule!r} (known: {', '.join(RULES)})"
        times = [ring.after_s for ring in queue.rings]
        if times != sorted(set(times)):
            yield ("queues", number, "rings"), "each ring must come later than the one before it: mend after_s"


def _calendars(settings: Settings) -> Iterator[Finding]:
    names = [one.name for one in settings.calendars]
    for number, calendar in enumerate(settings.calendars):
        if calendar.name in names[:number]:
            yield ("calendars", number, "name"), f"{calendar.name!r} is there already: a calendar has one entry"
        if both := set(calendar.closed) & set(calendar.opened):
            yield ("calendars", number, "opened"), f"{min(both)} is closed and opened: choose one"
        yield from _spans(("calendars", number), calendar.hours)
    for number, queue in enumerate(settings.queues):
        if queue.calendar is not None and queue.calendar not in names:
            yield ("queues", number, "calendar"), _unknown(queue.calendar, names, "calendar")
        if queue.calendar is not None and queue.hours:
            yield ("queues", number, "hours"), "the queue has a calendar too: choose one"


def _scorecards(settings: Settings) -> Iterator[Finding]:
    names = [one.name for one in settings.scorecards]
    for number, card in enumerate(settings.scorecards):
        if card.name in names[:number]:
            yield ("scorecards", number, "name"), f"{card.name!r} is there already: a scorecard has one entry"
        codes = [one.code for one in card.questions]
        if twice := next((code for n, code in enumerate(codes) if code in codes[:n]), None):
            yield ("scorecards", number, "questions"), f"{twice!r} is there twice: each question has a code of its own"
    for number, queue in enumerate(settings.queues):
        if queue.scorecard is not None and queue.scorecard not in names:
            yield ("queues", number, "scorecard"), _unknown(queue.scorecard, names, "scorecard")


def _spans(place: KeyPath, hours: Iterable[HoursSettings]) -> Iterator[Finding]:
    for n, span in enumerate(hours):
        if span.closes is not None and span.closes <= span.opens:
            yield (*place, "hours", n, "closes"), f"{span.closes} is not after {span.opens}"


def _leaving(settings: Settings) -> Iterator[Finding]:
    """Where contacts overflow to, and the hours."""
    if settings.time_zone not in available_timezones():
        yield ("time_zone",), f"unknown time zone {settings.time_zone!r}: such as Asia/Shanghai"
    for number, queue in enumerate(settings.queues):
        for n, rule in enumerate(queue.overflow):
            if rule.to == queue.name:
                yield ("queues", number, "overflow", n, "to"), f"{rule.to!r} is this queue itself: name another"
        yield from _spans(("queues", number), queue.hours)


def fault_in(requires: str, skills: Collection[str]) -> str | None:
    """Why a skill expression cannot be used in a house that knows these skills; None when it can."""
    try:
        unknown = sorted(parse(requires).skills - set(skills))
    except SkillSyntaxError as error:
        return str(error)
    return f"unknown skill {unknown[0]!r} (known: {', '.join(skills)})" if unknown else None


def _skills(settings: Settings) -> Iterator[Finding]:
    """Every skill that a queue asks for is known."""
    for number, queue in enumerate(settings.queues):
        asked: list[tuple[KeyPath, str]] = [(("queues", number, "requires"), queue.requires)]
        asked += [(("queues", number, "rings", n, "requires"), ring.requires) for n, ring in enumerate(queue.rings)]
        for place, requires in asked:
            if fault := fault_in(requires, settings.skills):
                yield place, fault
