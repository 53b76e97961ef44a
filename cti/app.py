"""The composition root: the only wiring. `Server` is everything between settings and a running house."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import random
import socket
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import structlog
import uvicorn
from alembic.util import CommandError
from fastapi import FastAPI
from sqlalchemy.exc import SQLAlchemyError

from acd.core import Acd
from acd.hours import Hours, Span
from acd.ledger import Ledger
from acd.model import Config, Overflow, Queue, Ring
from acd.skills import parse
from agents.auth import Auth, hash_password
from agents.ports import CheckResult, Control
from agents.roster import Roster
from agents.web import create_app
from agents.wire import Disposition, QueueDispositions
from cti import events
from cti.asterisk.ari import Ari
from cti.asterisk.link import Link, LinkDown, LinkRefused
from cti.audio import PromptFiles, PromptMaker
from cti.browser_phones import BrowserPhones
from cti.bus import Bus
from cti.call import OUTBOUND, House
from cti.calls import Calls
from cti.control import CallDesk
from cti.dispatcher import Dispatcher
from cti.floor import COLLEAGUES, Floor
from cti.listeners.journal import JournalListener
from cti.listeners.mqtt import MqttListener
from cti.metrics import Metrics, Readings
from cti.numbers import e164
from cti.recorder import DAY_S, Recorder
from cti.recordings.finishing import Finisher
from cti.recordings.shelf import Shelf
from cti.secrets import Secrets
from cti.settings import QueueSettings, Settings, fault_in
from cti.supervision import Supervision
from cti.telephones import LineTelephones
from cti.today import COUNTED, Today
from cti.write_up import Rules, WriteUps
from db.demo import seed_demo
from db.engine import dispose, make_engine, upgrade
from db.journal import Journal
from db.recordings import RecordingLedger
from db.store import Store
from ivr import menus, prompts
from ivr.check import check
from ivr.nodes import Enqueue, MenuSet

log = structlog.get_logger(__name__)
MENUS = Path(menus.__file__).parent


class StartError(Exception):
    """The server cannot start: one line that names the place and the cure."""


@dataclass(frozen=True, slots=True)
class Voice:
    """The menus and the sounds they need: checked whole before any caller hears them.

    `menu` answers every call, except where a dialled number has its own in `numbers`.
    """

    menu: MenuSet
    files: PromptFiles
    numbers: Mapping[str, MenuSet] = field(default_factory=dict)
    surveys: Mapping[str, MenuSet] = field(default_factory=dict)  # by queue

    def menu_for(self, dialled: str) -> MenuSet:
        return self.numbers.get(dialled, self.menu)


async def prepare_voice(settings: Settings, progress: Callable[[int, int], None] = lambda *_: None) -> Voice:
    """Load and check the menus, make every prompt; raises StartError, AudioError, BadMenu or BadPrompts."""
    catalogue = _catalogue(settings)
    surveys = {queue.name: queue.survey for queue in settings.queues if queue.survey}
    found = {name: _menu(settings, name) for name in (settings.menu, *settings.numbers.values(), *surveys.values())}
    queues = {queue.name for queue in settings.queues}
    problems = [
        one
        for menu in found.values()
        for one in check(
            menu, prompts=catalogue, queues=queues, languages=settings.languages,
            fault_in=lambda requires: fault_in(requires, settings.skills),
        )
    ]  # fmt: skip
    told = [*map(str, problems), *(_no_survey(found[name]) for name in surveys.values() if _leads_on(found[name]))]
    if told:
        raise StartError("\n".join(dict.fromkeys(told)))
    files = await PromptMaker(settings.run_dir / "sounds", settings.recordings_dir).ensure(
        catalogue, settings.languages, progress
    )
    numbers = {number: found[name] for number, name in settings.numbers.items()}
    return Voice(found[settings.menu], files, numbers, {queue: found[name] for queue, name in surveys.items()})


def _leads_on(menu: MenuSet) -> bool:
    return any(isinstance(node, Enqueue) for node in menu.nodes.values())


def _no_survey(menu: MenuSet) -> str:
    return (
        f"{menu.file}:1: a survey ends with a hang-up, and this one leads to a queue: mend it, or the queue's 'survey'"
    )


def _catalogue(settings: Settings) -> prompts.Catalogue:
    """The built-in prompts, and over them those of the house's own menus."""
    catalogue = prompts.parse((MENUS / "prompts.toml").read_text("utf-8"), "ivr/menus/prompts.toml", settings.languages)
    own = settings.menus_dir / "prompts.toml" if settings.menus_dir else None
    if own is None or not own.exists():
        return catalogue
    return {**catalogue, **prompts.parse(_text(own, "menus_dir"), str(own), settings.languages)}


def _menu(settings: Settings, name: str) -> MenuSet:
    own = settings.menus_dir / f"{name}.toml" if settings.menus_dir else None
    if own is not None and own.exists():
        return menus.parse(_text(own, "menus_dir"), str(own))
    path = MENUS / f"{name}.toml"
    if not path.exists():
        places = " or ".join(str(place) for place in (own, f"ivr/menus/{path.name}") if place)
        raise StartError(f"menu {name!r}: there is no {places}: mend 'menu' or 'numbers' in the settings, or add it")
    return menus.parse(path.read_text("utf-8"), f"ivr/menus/{path.name}")


def _text(path: Path, setting: str) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise StartError(f"{path}: {error}: mend {setting!r} in the settings") from None


def seen_by_asterisk(settings: Settings, sound: Path) -> Path:
    """The path by which Asterisk opens one of our prompts: an Asterisk elsewhere may have them in another folder."""
    seen_at = settings.asterisk.sounds_dir
    if settings.asterisk.own or seen_at is None:
        return sound
    return seen_at / sound.relative_to((settings.run_dir / "sounds").resolve())


def acd_config(settings: Settings) -> Config:
    own = (Queue(COLLEAGUES, wrapup_s=0.0), Queue(OUTBOUND, wrapup_s=settings.outbound.wrapup_s))
    return Config(
        {one.name: one for one in (*own, *(_queue(queue, settings.time_zone) for queue in settings.queues))},
        missed_limit=settings.missed_limit,
        refused_limit=settings.refused_limit,
        again_s=settings.again_s,
    )


def _queue(one: QueueSettings, time_zone: str) -> Queue:
    spans = tuple(Span(day, span.opens, span.closes) for span in one.hours for day in span.days)
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
        hours=Hours(spans, ZoneInfo(time_zone)) if spans else None,
        closing=one.closing,
        closed_to=one.closed_to,
        handle_s=one.handle_s,
        patience_s=one.patience_s,
    )


def _dispositions(one: QueueSettings) -> QueueDispositions:
    choices = tuple(Disposition(code=each.code, zh=each.zh, en=each.en) for each in one.dispositions)
    return QueueDispositions(queue=one.name, forced=one.disposition == "forced", choices=choices)


class Server:
    """One house, started by `running()`; what it is made of can be looked at while it runs."""

    def __init__(self, settings: Settings, secrets: Secrets, voice: Voice, clock: Callable[[], float] = time.time):
        self.settings, self._secrets, self._voice, self.clock = settings, secrets, voice, clock
        self.bus = Bus()
        self.engine = make_engine(settings.database_url)
        self.store = Store(self.engine)
        self.journal = Journal(self.engine, settings.run_dir / "journal.spool")
        self.acd = Acd(acd_config(settings), chance=random.Random(), ledger=Ledger())
        self.roster = Roster(clock)
        self.calls = Calls(self._house, lambda *device: self.floor.device(*device))  # noqa: PLW0108 - made below
        self.today = Today(ZoneInfo(settings.time_zone), {queue.name: queue.target_s for queue in settings.queues})
        self.floor = Floor(self.acd, self.bus, clock, self.roster, self.calls, self.today)
        prefer_s = {queue.name: queue.prefer_s for queue in settings.queues}
        self.dispatcher = Dispatcher(self.acd, self.bus, clock, self.floor, self.floor, prefer_s)
        self.floor.tell_acd = self.dispatcher.handle
        self.floor.queues = tuple(queue.name for queue in settings.queues)
        self.roster.show_as = tuple(settings.outbound.show_as)
        self.floor.find_person = self.store.agent
        self.floor.answers = {queue.name: queue.answer for queue in settings.queues}
        self.phones = LineTelephones(self.calls, self.floor, self.dispatcher, settings.outbound)
        asterisk = settings.asterisk
        self._asterisk_web = f"{asterisk.host}:{asterisk.http_port}"
        self._ari = Ari(f"http://{self._asterisk_web}", asterisk.ami_user, secrets.ami_secret)
        self.page_phones = BrowserPhones(self._ari, clock, self.calls.page_lost)
        self.control = CallDesk(
            self.acd, self.calls, self.floor, self.phones, self.dispatcher.handle, settings.outbound
        )  # fmt: skip
        self.supervision = Supervision(
            self.acd, self.bus, clock, self.roster, self.calls, self.floor, self.today, self.store, settings.skills,
            self.floor.queues,
        )  # fmt: skip
        self.recorder = self._recorder() if settings.recording.on and settings.asterisk.own else None
        self._shared = House(
            bus=self.bus,
            clock=clock,
            router=self.dispatcher,
            phones=self.phones,
            prompt=self._prompt,
            menu_for=voice.menu_for,
            find_customer=self._find_customer,
            language=settings.languages[0],
            recall_s=settings.recall_s,
            recorder=self.recorder,
            survey_of=voice.surveys.get,
        )
        rules = Rules({one.name: one for one in settings.queues}, settings.wrapup_extra_s, settings.wrapup_extras)
        self.write_ups = WriteUps(self.acd, self.bus, self.dispatcher.handle, clock, rules, self.store)
        self.roster.wrapup_extras = settings.wrapup_extras
        self.roster.dispositions = tuple(_dispositions(one) for one in settings.queues if one.dispositions)
        JournalListener(self.journal, self.calls.calls.get).listen(self.bus)
        self.metrics = Metrics(self._readings)
        self.metrics.listen(self.bus)
        self.mqtt = MqttListener(settings.mqtt, self.floor.queues, clock) if settings.mqtt.host else None
        if self.mqtt is not None:
            self.mqtt.listen(self.bus)

    def _recorder(self) -> Recorder:
        settings, chosen = self.settings, self.settings.recording
        shelf = Shelf(settings.recorded_calls, RecordingLedger(self.engine))
        keep_s = {one.name: one.keep_days * DAY_S for one in settings.queues if one.keep_days is not None}
        spool = settings.run_dir / "pbx" / "spool" / "monitor"
        finisher = Finisher(shelf, self._hindered, kind=chosen.kind)
        return Recorder(
            self.bus,
            self.clock,
            spool,
            shelf,
            finisher,
            keep_s,
            chosen.keep_days * DAY_S,
            self.store.recorded,
            self.store.call_story,
        )

    def _hindered(self, reason: str | None) -> None:
        if self.recorder is not None:
            self.recorder.hindered = reason

    def _house(self) -> House:
        return self._shared

    def _prompt(self, prompt: str, language: str) -> Path:
        """Where Asterisk finds the sound; raises KeyError."""
        return seen_by_asterisk(self.settings, self._voice.files.path(prompt, language))

    async def _find_customer(self, by: str, value: str) -> dict[str, Any] | None:
        try:
            async with asyncio.timeout(3):
                if by == "number":
                    number = e164(value)
                    return await self.store.find_customer("phone", number) if number else None
                return await self.store.find_customer(by, value)
        except Exception as error:  # a caller is served without a record while the database is away
            log.warning("customer could not be looked up", by=by, reason=str(error))
            return None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[FastAPI]:
        """Database, journal, link: up in this order, down in the other."""
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._ari)
            stack.push_async_callback(dispose, self.engine)
            stack.push_async_callback(self.store.close)
            await self._open_memory()
            if self.settings.profile == "demo":
                await seed_demo(self.store, hash_password, self.clock())
            await self.store.sync_house(self.settings.skills, self.floor.queues)
            await self._count_today()
            self.journal.start()
            stack.push_async_callback(self.journal.stop)
            if self.mqtt is not None:
                await stack.enter_async_context(self.mqtt.running())
            if self.recorder is not None:
                await stack.enter_async_context(self.recorder.running())
            people = await self.store.agents()
            self.floor.staff([one for one in people if one.role == "agent"])
            self.link = self.calls.link = self._make_link()
            stack.push_async_callback(self.link.close)
            stack.push_async_callback(self.floor.close)
            stack.push_async_callback(self.dispatcher.close)
            stack.push_async_callback(self.calls.close)
            stack.push_async_callback(self.supervision.close)
            await self._connect()
            yield self._web()

    async def _open_memory(self) -> None:
        try:
            await upgrade(self.engine)
        except (SQLAlchemyError, CommandError, OSError) as error:
            why = next(iter(str(error).splitlines()), "") or type(error).__name__
            where = self.engine.url.render_as_string(hide_password=True)
            raise StartError(
                f"database.url: {where}: {why}: is it up, and may we write there? else set ZONGJI_DATABASE__URL"
            ) from None

    async def _count_today(self) -> None:
        """What an earlier run counted, from the journal."""
        now = self.clock()
        for at, kind, data in await self.store.journalled(self.today.begins_at(now), COUNTED):
            self.today.take(kind, at, data, now)

    async def _connect(self) -> None:
        asterisk = self.settings.asterisk
        try:
            await self.link.start()
        except LinkRefused as error:
            raise StartError(
                f"asterisk.ami_secret: {error}: give user and secret of its manager.conf "
                "(ZONGJI_ASTERISK__AMI_USER, ZONGJI_ASTERISK__AMI_SECRET), and permit our address there"
            ) from None
        except LinkDown as error:
            where = "asterisk.ami_port" if asterisk.own else "asterisk.host"
            raise StartError(
                f"{where}: {error}: start that Asterisk, or set ZONGJI_ASTERISK__HOST and __AMI_PORT"
            ) from None

    def _make_link(self) -> Link:
        asterisk = self.settings.asterisk
        return Link(
            host=asterisk.host,
            port=asterisk.ami_port,
            user=asterisk.ami_user,
            secret=self._secrets.ami_secret,
            on_message=self.calls.hear,
            on_up=self._link_up,
            on_down=self._link_down,
        )

    def _link_up(self) -> None:
        self.bus.publish(events.LinkChanged(at=self.clock(), up=True))
        self.calls.link_up()
        self._pushing = asyncio.create_task(self.page_phones.push_again(), name="phones of pages")

    def _link_down(self, reason: str) -> None:
        self.bus.publish(events.LinkChanged(at=self.clock(), up=False, reason=reason))
        self.calls.link_down()

    def _web(self) -> FastAPI:
        return create_app(
            control=Control(own=self.floor, calls=self.control, write_ups=self.write_ups, supervision=self.supervision),
            memory=self.store,
            roster=self.roster,
            auth=Auth(self._secrets.token_secret, origins=self.settings.web.origins),
            health=self,
            metrics_text=self.metrics.text,
            version="0.1.0",
            demo=self.settings.profile == "demo",
            phones=self.page_phones,
            sip_url=f"ws://{self._asterisk_web}/ws",
            recordings=self.recorder,
        )

    async def checks(self) -> dict[str, CheckResult]:
        """The health of each dependency."""
        found = {"asterisk": CheckResult(self.link.up, "" if self.link.up else "no manager link: is Asterisk up?")}
        try:
            async with asyncio.timeout(2):
                await self.store.ping()
            found["database"] = CheckResult(True)
        except Exception as error:
            found["database"] = CheckResult(False, f"{type(error).__name__}: is the database up?")
        found["journal"] = self._journal_check()
        if self.recorder is not None:
            why = self.recorder.hindered
            found["recordings"] = CheckResult(why is None, why or "", needed=False)
        if self.mqtt is not None:
            found["mqtt"] = self.mqtt.check()
        return found

    def _journal_check(self) -> CheckResult:
        """Calls do without it, but somebody must make room before entries are lost."""
        journal = self.journal
        if journal.stuck:
            detail = f"{journal.waiting} entries wait in memory, {journal.lost} are lost: {journal.stuck}: make room"
            return CheckResult(False, detail, needed=False)
        if journal.away:
            return CheckResult(False, "entries go to the spool until the database is back", needed=False)
        return CheckResult(True, needed=False)

    def _readings(self) -> Readings:
        mqtt = self.mqtt
        gauges: dict[str, float] = {
            "calls_live": len(self.calls.calls),
            "legs_live": len(self.calls.legs),
            "link_up": self.link.up,
            "journal_away": self.journal.away,
            "journal_stuck": bool(self.journal.stuck),
            "journal_waiting": self.journal.waiting,
        }
        counters: dict[str, float] = {
            "ami_events": self.link.events,
            "ami_dropped": self.link.dropped,
            "ami_actions": self.link.actions,
            "journal_stored": self.journal.stored,
            "journal_lost": self.journal.lost,
            "journal_refused": self.journal.refused,
        }
        if mqtt is not None:
            gauges |= {"mqtt_up": mqtt.up, "mqtt_waiting": mqtt.waiting}
            counters |= {
                "mqtt_published": mqtt.published,
                "mqtt_dropped": mqtt.dropped,
                "mqtt_connections": mqtt.connections,
            }
        return Readings(self.floor.snapshot(), gauges, counters)


def spare_the_collector() -> None:
    """What is there once the house is ready stays. To look through what a thousand pages hold takes 0.3 s.

    No call goes on meanwhile: so it comes seldom, after far more new objects than Python would wait for.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 100)


def listening(host: str, port: int) -> socket.socket:
    """The pages' address, taken; raises StartError when it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    taken = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # named, asyncio sends small messages at once
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((host, port))
        taken.listen(128)
    except OSError as error:
        taken.close()
        if error.errno == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror):
            raise StartError(f"web.host: {host}: {error.strerror}: set ZONGJI_WEB__HOST to one of our own") from None
        raise StartError(f"web.port: {host}:{port}: {error.strerror}: free it or set ZONGJI_WEB__PORT") from None
    return taken


@asynccontextmanager
async def web_running(app: FastAPI, taken: socket.socket) -> AsyncIterator[str]:
    """The pages at an address that was taken before."""
    host, port = taken.getsockname()[:2]
    config = uvicorn.Config(
        app, log_config=None, access_log=False, timeout_graceful_shutdown=2, ws_max_size=65536,
        ws_per_message_deflate=False,
    )  # fmt: skip
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    server.capture_signals = contextlib.nullcontext  # type: ignore[assignment,method-assign]
    task = asyncio.create_task(server.serve(sockets=[taken]), name="web")
    try:
        while not server.started and not task.done():  # noqa: ASYNC110 - uvicorn offers nothing to wait for
            await asyncio.sleep(0.01)
        yield f"http://{f'[{host}]' if ':' in host else host}:{port}"
    finally:
        server.should_exit = True
        await asyncio.wait({task}, timeout=5)
        task.cancel()
        taken.close()
