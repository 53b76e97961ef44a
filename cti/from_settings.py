"""What the settings say, as each room wants to have it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from zoneinfo import ZoneInfo

from acd.hours import Hours, Span
from acd.model import Config, Overflow, Queue, Ring
from acd.skills import parse
from agents.wire import Disposition, QueueDispositions
from cti.calendars import Calendar, Calendars
from cti.call import OUTBOUND
from cti.floor import COLLEAGUES
from cti.host import Host
from cti.hosts import http
from cti.hosts.demo import DemoHost
from cti.hosts.fix import FixHost, FixSession, Session
from cti.scoring import Card, Question
from cti.settings import HoursSettings, InLineSettings, QueueSettings, ScorecardSettings, Settings
from ivr import in_line


def acd_config(settings: Settings, overrides: Mapping[str, str] = MappingProxyType({})) -> Config:
    """`overrides`: by calendar, `open` or `closed`, as an administrator has set it."""
    own = (Queue(COLLEAGUES, wrapup_s=0.0), Queue(OUTBOUND, wrapup_s=settings.outbound.wrapup_s))
    return Config(
        {one.name: one for one in (*own, *(_queue(queue, settings, overrides) for queue in settings.queues))},
        missed_limit=settings.missed_limit,
        refused_limit=settings.refused_limit,
        again_s=settings.again_s,
    )


def _spans(hours: Sequence[HoursSettings]) -> tuple[Span, ...]:
    return tuple(Span(day, span.opens, span.closes) for span in hours for day in span.days)


def calendars(settings: Settings) -> Calendars:
    zone = ZoneInfo(settings.time_zone)
    return Calendars({
        one.name: Calendar(_spans(one.hours), zone, one.holidays, frozenset(one.closed), frozenset(one.opened))
        for one in settings.calendars
    })  # fmt: skip


def _hours(one: QueueSettings, settings: Settings, overrides: Mapping[str, str]) -> Hours | None:
    """The queue's own, or those of its calendar this year and the next."""
    overridden = overrides.get(one.calendar or "")
    if overridden is not None:
        return None if overridden == "open" else Hours(())
    if one.calendar is not None:
        return calendars(settings).named[one.calendar].hours(datetime.now(ZoneInfo(settings.time_zone)).year)
    return Hours(_spans(one.hours), ZoneInfo(settings.time_zone)) if one.hours else None


def _queue(one: QueueSettings, settings: Settings, overrides: Mapping[str, str]) -> Queue:
    return Queue(
        one.name,
        parse(one.requires),
        tuple(Ring(ring.after_s, parse(ring.requires)) for ring in one.rings),
        skip_rings=one.skip_rings,
        rule=one.rule,
        wrapup_s=one.wrapup_s,
        write_up=one.disposition == "forced" and bool(one.dispositions),
        offer_timeout_s=one.offer_timeout_s,
        ageing_per_s=one.ageing_per_s,
        priority=one.priority,
        overflow=tuple(Overflow(rule.when, rule.over, rule.to) for rule in one.overflow),
        hours=_hours(one, settings, overrides),
        closing=one.closing,
        closed_to=one.closed_to,
        handle_s=one.handle_s,
        patience_s=one.patience_s,
    )


def treatment(chosen: InLineSettings) -> in_line.Treatment:
    return in_line.Treatment(
        chosen.every_s, chosen.position, chosen.estimate, tuple(chosen.comfort), dict(chosen.offers),
        tuple(chosen.offered),
    )  # fmt: skip


def host_of(settings: Settings, clock: Callable[[], float]) -> Host | None:
    """The adapter, unguarded; None where the house has no host."""
    host, fix = _host(settings, clock), settings.host.fix
    if host is None or fix is None:
        return host
    session = Session(fix.address, fix.port, fix.sender, fix.target, fix.heartbeat_s)
    return FixHost(FixSession(session), host)


def _host(settings: Settings, clock: Callable[[], float]) -> Host | None:
    chosen = settings.host
    kind = chosen.kind or ("demo" if settings.profile == "demo" else "none")
    if kind == "demo":
        return DemoHost(settings.run_dir / "host.db", clock)
    if kind == "http":
        questions = {
            str(ask): http.Question(one.path, one.method, one.each, one.fields, one.words)
            for ask, one in chosen.questions.items()
        }
        token = chosen.token.get_secret_value() if chosen.token else ""
        return http.HttpHost(chosen.url or "", questions, token, deadline_s=chosen.deadline_s, sessions=chosen.sessions)
    return None


def scorecard_of(one: ScorecardSettings) -> Card:
    return Card(one.name, tuple(Question(**question.model_dump()) for question in one.questions))


def dispositions(one: QueueSettings) -> QueueDispositions:
    choices = tuple(Disposition(code=each.code, zh=each.zh, en=each.en) for each in one.dispositions)
    return QueueDispositions(queue=one.name, forced=one.disposition == "forced", choices=choices)
