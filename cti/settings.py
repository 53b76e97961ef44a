"""Settings: what the house may choose. A TOML file, over it the environment (`ZONGJI_WEB__PORT=8081`).

The defaults are the demo broker, so that nothing has to be written to see a call. `load` returns settings that hold
together or raises `SettingsError` with one line a finding: place, reason, and what would be right.
"""

from __future__ import annotations

from datetime import date, time
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from acd.model import Closing, When
from cti.calendars import days_off

from .settings_demo import DEMO_CALENDARS, DEMO_QUEUES, DEMO_SCORECARDS, DEMO_SKILLS

Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)]
Prefix = Annotated[str, Field(pattern=r"^\+?[0-9]{0,15}$", min_length=1)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
Prompt = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


def _is_local(given: object) -> object:
    """Pydantic alone would take 9 for nine seconds past midnight in UTC."""
    if not isinstance(given, str | time):
        raise ValueError("must be a time such as 09:00:00")  # noqa: TRY004 - pydantic wants it so
    return given


def _has_no_zone(given: time) -> time:
    if given.tzinfo is not None:
        raise ValueError("must be without a zone: it is that of time_zone")
    return given


LocalTime = Annotated[time, BeforeValidator(_is_local), AfterValidator(_has_no_zone)]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


class WebSettings(Section):
    """`origins`: pages of other hosts that may open our websocket. `token_secret` signs the desks' log-ins.

    `certificate` and `key` (PEM): TLS is spoken with them; `tls` alone makes one of our own in the run folder.
    """

    host: str = "127.0.0.1"
    port: Port = 8080
    origins: list[str] = []
    token_secret: SecretStr | None = Field(None, min_length=32)
    tls: bool = False
    certificate: Path | None = None
    key: Path | None = None


class AsteriskSettings(Section):
    """`own`: we start Asterisk from the `provided` note; otherwise one runs at `host` and `ami_secret` is its word.

    `http_port` is for the phones of pages: their SIP goes there through the server, and no other way.
    `away_s`: so long after the server went, callers who wait go to the telephones that are registered.
    `sounds_dir`: where that other Asterisk has our prompts, when it does not see them at their own path. The passwords
    are those of SIP: `caller_password` of the line that callers come by, `phone_password` of the agents' telephones.
    """

    own: bool = True
    provided: Path = Path(".pbx/asterisk.json")
    host: str = "127.0.0.1"
    ami_port: Port = 5138
    http_port: Port = 5188
    ami_user: str = "zongji"
    ami_secret: SecretStr | None = None
    caller_password: SecretStr | None = None
    phone_password: SecretStr | None = None
    sip_host: str = "127.0.0.1"
    sip_port: Port = 5160
    rtp_from: Port = 20000
    rtp_to: Port = 20999
    away_s: Annotated[float, Field(ge=5, le=600)] = 45.0
    sounds_dir: Path | None = None


class DatabaseSettings(Section):
    """`url`: None is SQLite in the run folder; else `sqlite+aiosqlite:///...` or `postgresql+asyncpg://...`."""

    url: str | None = Field(None, pattern=r"^(sqlite\+aiosqlite|postgresql\+asyncpg)://", repr=False)


class MqttSettings(Section):
    """Without a `host` nothing is published. Topics begin with `<prefix>/v1/<site>/`.

    `tls` is usual at port 8883; `ca_file` is for a broker whose certificate the system does not trust. `outbox`: so
    many messages wait while the broker is away, before the oldest events are dropped.
    """

    host: Annotated[str, Field(min_length=1)] | None = None
    port: Port = 1883
    username: str | None = None
    password: SecretStr | None = None
    tls: bool = False
    ca_file: Path | None = None
    outbox: Annotated[int, Field(ge=10, le=1_000_000)] = 10_000
    prefix: str = Field("zongji", pattern=r"^[^#+\s]+$")
    site: str = Field("main", pattern=r"^[^#+/\s]+$")


class RingSettings(Section):
    """After `after_s` seconds of waiting, agents who meet `requires` are asked too."""

    after_s: Seconds
    requires: str


class OverflowSettings(Section):
    """`when` and `over` as in `acd.model.When`; `to` is another queue, or any word for "no longer here"."""

    when: When
    over: Seconds
    to: Name


class HoursSettings(Section):
    """`days`: 0 is Monday. From `opens` to `closes` (absent: midnight), in the house's time zone."""

    days: list[Annotated[int, Field(ge=0, le=6)]] = Field([0, 1, 2, 3, 4], min_length=1)
    opens: LocalTime
    closes: LocalTime | None = None


class OutboundSettings(Section):
    """Calls to the outside. `trunk`: the endpoint that takes them; without one nobody can dial out. `gateway`: where
    our own Asterisk sends them, such as sip:10.0.0.1:5060; another Asterisk has that endpoint already.

    `show_as`: the numbers an agent may show, the first unless another is chosen. `allowed`: how a number may begin, the
    house's class of service; `refused` goes before it: premium numbers, other countries. `wrapup_s`: after a call that
    an agent has made and that was answered. `per_agent_hour` and `per_hour`: calls begun in any hour. `prices`: what a
    begun minute costs, by how the number begins (the longest that fits; a number that none fits costs the dearest);
    no further call is begun once those of the last 24 hours have cost `per_day` (0: whatever they cost), and each
    ends after `longest_s`. `onward`: a
    customer may be left alone with somebody outside (both ends of the house's lines, at its cost); unless given, in
    the demo's profile alone.
    """

    trunk: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")] | None = None
    gateway: Annotated[str, Field(pattern=r"^sip:[A-Za-z0-9.\[\]:_-]{1,80}$")] | None = None
    show_as: list[Annotated[str, Field(pattern=r"^\+?[0-9]{2,20}$")]] = []
    allowed: list[Prefix] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]
    refused: list[Prefix] = ["00", "+", "900", "0900", "168", "0168"]
    wrapup_s: Seconds = 15.0
    per_agent_hour: Annotated[int, Field(ge=0, le=10_000)] = 60
    per_hour: Annotated[int, Field(ge=0, le=100_000)] = 600
    prices: dict[Prefix, Annotated[float, Field(ge=0, le=1e6)]] = {}
    per_day: Annotated[float, Field(ge=0, le=1e9)] = 0.0
    longest_s: Seconds = 14_400.0
    onward: bool | None = None

    @property
    def shows(self) -> str:
        return self.show_as[0] if self.show_as else ""


class RecordingSettings(Section):
    """`on`: every call in which somebody spoke with the customer is recorded. `keep_days`: so long, 0 for ever, unless
    its queue has its own. `kind`: what recordings are made into after the call. `folder`: `calls` in `run_dir` unless
    given.
    """

    on: bool = True
    keep_days: Annotated[float, Field(ge=0, le=36_500)] = 180.0
    kind: Literal["opus", "mp3"] = "opus"
    folder: Path | None = None


class QuestionSettings(Section):
    """How one question is put to a host that speaks HTTP, and where what it says stands (`cti.hosts.http`)."""

    path: Annotated[str, Field(pattern=r"^/[A-Za-z0-9/_.{}?=&-]*$")]
    method: Literal["GET", "POST"] = "GET"
    each: str = ""
    fields: dict[str, str] = {}
    words: dict[str, str] = {}


class FixSettings(Section):
    """A FIX 4.4 acceptor for quotes and order status: where it is, and who we (`sender`) are to it (`target`)."""

    address: Annotated[str, Field(pattern=r"^[A-Za-z0-9.-]{1,100}$")]
    port: Port
    sender: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,40}$")]
    target: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,40}$")]
    heartbeat_s: Annotated[int, Field(ge=1, le=600)] = 30


class HostSettings(Section):
    """The broker's host. `kind`: `demo`, `http` or `none`; unless given, demo in the demo's profile.

    `orders`: agents may place some, unless given in the demo's profile alone; one the host does not take in
    `order_expires_s` is not placed any more.

    `fix`: quotes and order status come from there, all else from `kind`.

    `deadline_s`: no caller waits longer for an answer; `sessions`: so many questions at once; after `failures` in a row
    it is left in peace for `rest_s`. `pin_tries` wrong PINs of an account or a caller lock either for `pin_lock_s`.
    """

    kind: Literal["demo", "http", "none"] | None = None
    url: Annotated[str, Field(pattern=r"^https?://")] | None = None
    token: SecretStr | None = None
    questions: dict[
        Literal["authenticate", "balance", "positions", "quote", "orders", "order_status", "place"], QuestionSettings
    ] = {}
    fix: FixSettings | None = None
    deadline_s: Annotated[float, Field(gt=0, le=30)] = 3.0
    sessions: Annotated[int, Field(ge=1, le=1000)] = 8
    failures: Annotated[int, Field(ge=1, le=100)] = 5
    rest_s: Annotated[float, Field(ge=1, le=3600)] = 10.0
    orders: bool | None = None
    order_expires_s: Annotated[float, Field(ge=1, le=3600)] = 120.0
    pin_tries: Annotated[int, Field(ge=1, le=20)] = 3
    pin_lock_s: Seconds = 1800.0


class CallbackSettings(Section):
    """`tries` attempts, `spacing_s` apart, until `expires_s` after it was asked for. `per_number` open at once for a
    number, `per_day` in 24 hours for a number or by a caller. `first`: whose phone is called first."""

    first: Literal["agent", "customer"] = "agent"

    tries: Annotated[int, Field(ge=1, le=20)] = 3
    spacing_s: Seconds = 600.0
    expires_s: Seconds = 28_800.0
    per_number: Annotated[int, Field(ge=1, le=20)] = 1
    per_day: Annotated[int, Field(ge=1, le=100)] = 3


class CalendarSettings(Section):
    """`holidays`: a country (`CN`) or an exchange (`XSHG`) whose days off are ours; `closed` and `opened` are days of
    our own, before those."""

    name: Name
    hours: list[HoursSettings] = Field(min_length=1)
    holidays: Annotated[str, Field(pattern=r"^([A-Z]{2,4})?$")] = ""
    closed: list[date] = []
    opened: list[date] = []

    @field_validator("holidays")
    @classmethod
    def _known(cls, given: str) -> str:
        if given:
            days_off(given, date.today().year)  # noqa: DTZ011 - any year will do
        return given


class InLineSettings(Section):
    """Those who wait are told every `every_s` their `position`, an `estimate` where it is to be trusted, and one of the
    `comfort` prompts after another. `offers`: menus they may choose by a key, as the prompts `offered` say."""

    every_s: Annotated[float, Field(ge=5, le=3600)] = 45.0
    position: bool = True
    estimate: bool = True
    comfort: list[Prompt] = []
    offers: dict[Annotated[str, Field(pattern=r"^[0-9*#]$")], Name] = {}
    offered: list[Prompt] = []


class ScoreQuestionSettings(Section):
    """As `cti.scoring.Question`."""

    code: Name
    zh: Annotated[str, Field(min_length=1, max_length=80)]
    en: Annotated[str, Field(min_length=1, max_length=80)]
    kind: Literal["points", "yes_no", "fatal"] = "points"
    weight: Annotated[float, Field(gt=0, le=100)] = 1.0
    most: Annotated[float, Field(ge=1, le=100)] = 5.0


class ScorecardSettings(Section):
    """What supervisors ask of a recorded call."""

    name: Name
    questions: list[ScoreQuestionSettings] = Field(min_length=1, max_length=50)


class DispositionSettings(Section):
    """What became of a contact, for the agent to choose: `code` for reports, its words in both languages."""

    code: Name
    zh: Annotated[str, Field(min_length=1, max_length=40)]
    en: Annotated[str, Field(min_length=1, max_length=40)]


class QueueSettings(Section):
    """`dispositions`: of which an agent chooses; where `disposition` is `forced` wrap-up goes on until one is chosen.

    `answer`: an agent's phone rings, answers by itself (`auto`), or stays up between calls (`standing`).

    `prefer_s`: so long only the account manager and the last agent are asked. `target_s`: answered within it counts
    as in time. `keep_days`: as `[recording]`'s, for this queue's calls.

    `calendar`: it is open as that one is, instead of `hours`. `in_line`: what those who wait hear and may choose.

    `scorecard`: what its calls are scored by.

    `survey`: the menu that asks callers how it was when the agent has hung up.

    `handle_s` and `patience_s` are what is expected, until the house has seen more.
    """

    name: Name
    requires: str = ""
    rings: list[RingSettings] = []
    skip_rings: bool = True
    rule: str = "longest_idle"
    answer: Literal["ring", "auto", "standing"] = "ring"
    prefer_s: Seconds = 0.0
    survey: Name | None = None
    in_line: InLineSettings = InLineSettings()
    scorecard: Name | None = None
    overflow: list[OverflowSettings] = []
    hours: list[HoursSettings] = []
    calendar: Name | None = None
    closing: Closing = Closing.SERVE
    closed_to: Name = "closed"
    handle_s: Annotated[float, Field(ge=1, le=86_400)] = 180.0
    patience_s: Annotated[float, Field(ge=1, le=86_400)] | None = None
    wrapup_s: Seconds = 15.0
    dispositions: list[DispositionSettings] = []
    disposition: Literal["optional", "forced"] = "optional"
    target_s: Seconds = 20.0
    keep_days: Annotated[float, Field(ge=0, le=36_500)] | None = None
    offer_timeout_s: Annotated[float, Field(ge=1, le=600)] = 20.0
    ageing_per_s: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1.0
    priority: int = 0


class Settings(BaseSettings):
    """`secrets_file`: JSON of mode 0600 with secrets that are set nowhere else; in the demo one is made in `run_dir`.

    `anonymous`: callers without a number are served, or told to show it.

    `menus_dir` holds menus of the house (`NAME.toml`, and `prompts.toml` with what they say) beside the built-in ones;
    `menu` answers every call, except where `numbers` gives a dialled number its own.
    """

    model_config = SettingsConfigDict(
        env_prefix="ZONGJI_",
        env_nested_delimiter="__",
        nested_model_default_partial_update=True,
        extra="forbid",
        frozen=True,
    )

    profile: Literal["demo", "production"] = "demo"
    run_dir: Path = Path(".run")
    secrets_file: Path | None = None
    web: WebSettings = WebSettings()
    asterisk: AsteriskSettings = AsteriskSettings()
    database: DatabaseSettings = DatabaseSettings()
    mqtt: MqttSettings = MqttSettings()
    outbound: OutboundSettings = OutboundSettings()
    recording: RecordingSettings = RecordingSettings()
    host: HostSettings = HostSettings()
    callback: CallbackSettings = CallbackSettings()
    scorecards: list[ScorecardSettings] = Field([ScorecardSettings(**one) for one in DEMO_SCORECARDS])
    calendars: list[CalendarSettings] = Field([CalendarSettings(**one) for one in DEMO_CALENDARS])
    wrapup_extra_s: Annotated[float, Field(ge=1, le=600)] = 30.0
    wrapup_extras: Annotated[int, Field(ge=0, le=20)] = 3
    recall_s: Annotated[float, Field(ge=1, le=600)] = 20.0
    time_zone: str = "Asia/Shanghai"
    missed_limit: Annotated[int, Field(ge=1, le=100)] = 1
    refused_limit: Annotated[int, Field(ge=1, le=100)] = 3
    again_s: Seconds = 30.0
    anonymous: Literal["serve", "refuse"] = "serve"
    languages: list[Literal["zh", "en"]] = Field(["zh", "en"], min_length=1)
    recordings_dir: Path | None = None
    menu: Name = "broker"
    menus_dir: Path | None = None
    skills: list[Name] = DEMO_SKILLS
    queues: list[QueueSettings] = Field([QueueSettings(**queue) for queue in DEMO_QUEUES], min_length=1)
    numbers: dict[Annotated[str, Field(pattern=r"^[+*#0-9]{1,20}$")], Name] = {}

    def keep_s(self, queue: str) -> float:
        """How long what was said in calls of this queue is kept, recorded or left as a message; 0 for ever."""
        own = next((one.keep_days for one in self.queues if one.name == queue), None)
        return (self.recording.keep_days if own is None else own) * 86_400.0

    @property
    def recorded_calls(self) -> Path:
        """The folder of recorded calls (`recordings_dir` holds prompts); in the run folder unless the house chose."""
        return self.recording.folder or self.run_dir / "calls"

    @property
    def database_url(self) -> str:
        """The SQLAlchemy URL; SQLite in the run folder unless the house chose otherwise."""
        return self.database.url or f"sqlite+aiosqlite:///{self.run_dir / 'zongji.db'}"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 (the library's signature)
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return env_settings, init_settings


from .settings_load import SettingsError, fault_in, load  # noqa: E402 (load needs Settings, callers need one door)

__all__ = ["Settings", "SettingsError", "fault_in", "load"]
