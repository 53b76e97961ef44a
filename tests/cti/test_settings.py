"""Settings hold together or are refused: every finding at once, each with its place and its cure."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import SecretStr

from cti.secrets import NAMES, SecretsError, gather
from cti.settings import AsteriskSettings, Settings, SettingsError, WebSettings, load
from cti.settings_load import is_loopback
from cti.voice import StartError, prepare_voice, seen_by_asterisk

QUEUE = '[[queues]]\nname = "q"\n'


def refused(tmp_path: Path, text: str) -> list[str]:
    """The lines with which the file is refused, without its folder."""
    file = tmp_path / "zongji.toml"
    file.write_text(text, "utf-8")
    file.chmod(0o600)
    with pytest.raises(SettingsError) as error:
        load(file)
    return str(error.value).replace(f"{tmp_path}/", "").splitlines()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[web\n", "zongji.toml:1: no TOML: Expected ']' at the end of a table declaration (column 5)"),
        ("[web]\n\nprot = 1\n", "zongji.toml:3: web.prot: unknown key 'prot': did you mean 'port'?"),
        ("wbe = 1\n", "zongji.toml:1: wbe: unknown key 'wbe': did you mean 'web'?"),
        (QUEUE + 'titel = "x"\n', "queues[0].titel: unknown key 'titel': known are name, requires, rings"),
        (QUEUE + 'rule = "luck"\n', "zongji.toml:3: queues[0].rule: unknown rule 'luck' (known: longest_idle, "),
        (
            QUEUE + 'requires = "bond >= 2"\n',
            "zongji.toml:3: queues[0].requires: unknown skill 'bond' (known: mandarin",
        ),
        (
            QUEUE + '[[queues.rings]]\nafter_s = 5\nrequires = "bond >= 1"\n',
            "zongji.toml:5: queues[0].rings[0].requires: unknown skill 'bond'",
        ),
        (QUEUE + QUEUE, "zongji.toml:4: queues[1].name: 'q' is there already"),
        (
            QUEUE + 'rings = [{after_s = 9, requires = ""}, {after_s = 9, requires = ""}]\n',
            "zongji.toml:3: queues[0].rings: each ring must come later",
        ),
        ("[asterisk]\nrtp_from = 300\nrtp_to = 200\n", "zongji.toml:2: asterisk.rtp_from: must be below rtp_to"),
        ("[asterisk]\nsip_port = 20500\n", "zongji.toml:2: asterisk.sip_port: 20500 lies among the RTP ports"),
        ("[asterisk]\nami_port = 8080\n", "zongji.toml:2: asterisk.ami_port: 8080 is web.port too"),
        ('[web]\nhost = "0.0.0.0"\n', "zongji.toml:2: web.host: the demo's passwords are known to all"),
        ('[asterisk]\nsip_host = "10.0.0.1"\n', "zongji.toml:2: asterisk.sip_host: the demo's passwords"),
        ('[mqtt]\nhost = "x"\nca_file = "/nowhere"\n', "zongji.toml:3: mqtt.ca_file: there is no file /nowhere"),
        (QUEUE + "[[queues.hours]]\nopens = 9\n", "queues[0].hours[0].opens: must be a time such as 09:00:00"),
        (
            QUEUE + '[[queues.hours]]\nopens = "09:00:00+08:00"\ncloses = 17:00:00\n',
            "zongji.toml:4: queues[0].hours[0]",
        ),
        (QUEUE + "[[queues.hours]]\ndays = []\nopens = 09:00:00\n", "zongji.toml:4: queues[0].hours[0].days: List"),
        (QUEUE + "[[queues.hours]]\nopens = 17:00:00\ncloses = 09:00:00\n", "closes: 09:00:00 is not after 17:00:00"),
        ('[database]\nurl = "mysql://x"\n', "zongji.toml:2: database.url: String should match"),
    ],
)
def test_a_finding_names_file_line_and_key_and_what_would_be_right(tmp_path: Path, text: str, line: str) -> None:
    lines = refused(tmp_path, text)

    assert len(lines) == 1
    assert line in lines[0]


def test_every_finding_is_told_at_once_and_the_broken_does_not_hide_what_clashes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZONGJI_ASTERISK__SIP_PORT", "no")
    monkeypatch.setenv("ZONGJI_WEBB__PORT", "1")

    lines = refused(
        tmp_path, '[web]\nport = "x"\n[mqtt]\nprot = 1\n' + QUEUE + 'rule = "luck"\nrequires = "bond >= 2"\n'
    )

    assert len(lines) == 6
    assert "environment: ZONGJI_WEBB__PORT: unknown: did you mean ZONGJI_WEB?" in lines
    assert any(line.startswith("environment: ZONGJI_ASTERISK__SIP_PORT: Input should be") for line in lines)
    for place in ("2: web.port", "4: mqtt.prot", "7: queues[0].rule", "8: queues[0].requires"):
        assert any(line.startswith(f"zongji.toml:{place}") for line in lines)


def test_queues_are_not_blamed_for_a_broken_list_of_skills(tmp_path: Path) -> None:
    lines = refused(tmp_path, 'skills = ["Not a name"]\n' + QUEUE + 'requires = "bond >= 2"\n')

    assert len(lines) == 1
    assert "skills[0]" in lines[0]


def test_the_environment_is_refused_by_its_own_name_also_without_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZONGJI_WEB__PORT", "many")
    monkeypatch.setenv("ZONGJI_PROFILE", "holiday")

    with pytest.raises(SettingsError) as error:
        load(None)

    lines = str(error.value).splitlines()
    assert {line.split(": ")[1] for line in lines} == {"ZONGJI_WEB__PORT", "ZONGJI_PROFILE"}


@pytest.mark.parametrize(
    "text",
    [
        f'[web]\ntoken_secret = "{"t" * 40}"\n',
        '[mqtt]\npassword = "x"\n',
        '[database]\nurl = "postgresql+asyncpg://zongji:word@db/zongji"\n',
    ],
)
def test_a_secret_in_a_file_that_others_may_read_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "zongji.toml"
    file.write_text(text)
    file.chmod(0o640)
    with pytest.raises(SettingsError, match=r"zongji\.toml:2: .*is a secret.*chmod 600"):
        load(file)

    file.chmod(0o600)
    assert load(file).profile == "demo"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_what_is_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.1.1.1", "", "example.org"])  # noqa: S104
def test_what_is_not_loopback(host: str) -> None:
    assert not is_loopback(host)


# -- secrets -----------------------------------------------------------------------------------------------------------


def test_the_demo_makes_its_secrets_once_for_its_owner_alone(tmp_path: Path) -> None:
    settings = Settings(run_dir=tmp_path / "run")
    first, second = gather(settings), gather(settings)

    assert first == second
    assert len({getattr(first, name) for name in NAMES}) == len(NAMES)
    assert (tmp_path / "run" / "secrets.json").stat().st_mode & 0o777 == 0o600
    assert first.ami_secret not in repr(first)


def test_a_secret_of_the_settings_goes_before_the_file(tmp_path: Path) -> None:
    settings = Settings(
        run_dir=tmp_path,
        web=WebSettings(token_secret=SecretStr("t" * 40)),
        asterisk=AsteriskSettings(ami_secret=SecretStr("word of that Asterisk")),
    )

    assert gather(settings).token_secret == "t" * 40
    assert gather(settings).ami_secret == "word of that Asterisk"


def test_production_has_no_default_for_any_secret(tmp_path: Path) -> None:
    with pytest.raises(SecretsError) as error:
        gather(Settings(profile="production", run_dir=tmp_path))

    lines = str(error.value).splitlines()
    assert len(lines) == len(NAMES)
    assert lines[0] == (
        "asterisk.ami_secret: the production profile has no default: set ZONGJI_ASTERISK__AMI_SECRET, "
        "or 'ami_secret' in the file named by secrets_file (0600)"
    )
    assert not list(tmp_path.iterdir())


def test_production_takes_its_secrets_from_a_file_and_wants_them_long(tmp_path: Path) -> None:
    file = tmp_path / "secrets.json"
    file.write_text(json.dumps({"ami_secret": "a" * 20, "token_secret": "t" * 8}))
    file.chmod(0o600)
    settings = Settings(profile="production", secrets_file=file, asterisk=AsteriskSettings(own=False))

    with pytest.raises(SecretsError, match=r"^web\.token_secret: shorter than 32 characters.*$"):
        gather(settings)

    file.write_text(json.dumps({"ami_secret": "a" * 20, "token_secret": "t" * 32}))
    assert gather(settings).ami_secret == "a" * 20


@pytest.mark.parametrize(
    ("content", "mode", "words"),
    [
        ('{"ami_secret": ', 0o600, "damaged"),
        ("[1]", 0o600, "damaged (no object of strings)"),
        ('{"ami_secret": 5}', 0o600, "damaged (no object of strings)"),
        ('{"ami_sekret": "x"}', 0o600, "unknown secret 'ami_sekret'"),
        ("{}", 0o644, "others may read it: chmod 600"),
        ("{}", 0o600, "asterisk.ami_secret"),
    ],
)
def test_a_secrets_file_that_is_no_good_is_refused(tmp_path: Path, content: str, mode: int, words: str) -> None:
    file = tmp_path / "secrets.json"
    file.write_text(content)
    file.chmod(mode)

    with pytest.raises(SecretsError) as error:
        gather(Settings(run_dir=tmp_path))

    assert words in str(error.value)


# -- menus and paths ---------------------------------------------------------------------------------------------------


async def test_a_dialled_number_may_have_its_own_menu_with_its_own_prompts(tmp_path: Path) -> None:
    own = tmp_path / "menus"
    own.mkdir()
    (own / "closed.toml").write_text(
        'name = "closed"\nstart = "say"\n'
        '[nodes.say]\nkind = "say"\nprompts = ["closed"]\nnext = "end"\n[nodes.end]\nkind = "hangup"\n'
    )
    (own / "prompts.toml").write_text('[closed]\nzh = "今天休息"\nen = "We are closed today"\n', "utf-8")
    settings = Settings(run_dir=tmp_path / "run", menus_dir=own, numbers={"8001": "closed"})

    voice = await prepare_voice(settings)

    assert voice.menu_for("8001").name == "closed"
    assert voice.menu_for("8000").name == "broker"
    assert voice.files.path("closed", "zh").with_suffix(".wav").exists()


def test_another_asterisk_may_see_the_prompts_in_another_folder(tmp_path: Path) -> None:
    sound = (tmp_path / "sounds" / "zh" / "welcome-1").resolve()
    other = AsteriskSettings(own=False, sounds_dir=Path("/var/lib/prompts"))

    assert seen_by_asterisk(Settings(run_dir=tmp_path), sound) == sound
    assert seen_by_asterisk(Settings(run_dir=tmp_path, asterisk=AsteriskSettings(own=False)), sound) == sound
    assert seen_by_asterisk(Settings(run_dir=tmp_path, asterisk=other), sound) == Path("/var/lib/prompts/zh/welcome-1")


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({"languages": ["zh"]}, "ivr/menus/broker.toml:10: node 'language': prompt 'language@en' is in no language"),
        ({"menu": "own"}, "own.toml:3: node 'a': requires: unknown skill 'juggling' (known: mandarin, "),
        ({"menu": "torn"}, "torn.toml:3: node 'a': requires: column 10 of 'trading >>': expected "),
    ],
)
async def test_what_a_menu_needs_of_the_house_is_looked_for_at_the_start(
    tmp_path: Path, values: dict[str, object], line: str
) -> None:
    for name, requires in (("own", "juggling >= 3"), ("torn", "trading >>")):
        text = f'name = "m"\nstart = "a"\n[nodes.a]\nkind = "queue"\nqueue = "accounts"\nrequires = "{requires}"\n'
        (tmp_path / f"{name}.toml").write_text(text, "utf-8")
    settings = Settings.model_validate({"run_dir": tmp_path / "run", "menus_dir": tmp_path, **values})

    with pytest.raises(StartError) as refused:
        await prepare_voice(settings)

    assert line in str(refused.value)
