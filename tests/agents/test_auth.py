import jwt
import pytest

from agents.auth import ACCESS_S, SESSION_S, TICKET_S, Auth, Denied, LoginLimit, hash_password, verify
from tests.agents.fakes import PASSWORD, PEOPLE, SECRET

AGENT, SUPERVISOR = PEOPLE[0], PEOPLE[2]


@pytest.fixture
def auth() -> Auth:
    return Auth(SECRET, origins=["https://desk.example.com/"])


def test_only_the_right_password_of_somebody_lets_in() -> None:
    assert verify(PASSWORD, AGENT)
    assert not verify("wrong", AGENT)
    assert not verify(PASSWORD, None)


def test_passwords_are_salted() -> None:
    assert hash_password("x") != hash_password("x")


def test_a_short_secret_is_refused_with_the_cure() -> None:
    with pytest.raises(ValueError, match="openssl"):
        Auth("short")


def test_an_access_token_lasts_fifteen_minutes(auth: Auth) -> None:
    token = auth.issue(AGENT, now=1000.0).access
    assert auth.read(token, "access", 1000.0 + ACCESS_S - 1).agent_id == "1001"
    with pytest.raises(Denied):
        auth.read(token, "access", 1000.0 + ACCESS_S)


def test_each_kind_of_token_is_good_for_its_own_use_only(auth: Auth) -> None:
    tokens = auth.issue(AGENT, now=0.0)
    with pytest.raises(Denied):
        auth.read(tokens.refresh, "access", 1.0)
    with pytest.raises(Denied):
        auth.read(tokens.access, "refresh", 1.0)


def test_renewing_does_not_move_the_end_of_the_session(auth: Auth) -> None:
    who, until = auth.read_until(auth.issue(AGENT, now=0.0).refresh, "refresh", 10.0)
    tokens = auth.renew(AGENT, who, SESSION_S - 60, until)
    assert tokens.refresh_expires_at == SESSION_S
    assert tokens.access_expires_at == SESSION_S


def test_tokens_outlive_a_restart(auth: Auth) -> None:
    token = auth.issue(AGENT, now=0.0).refresh
    assert Auth(SECRET).read(token, "refresh", 1.0).agent_id == "1001"


@pytest.mark.parametrize("bad", ["", "x", "a.b.c", "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxMDAxIn0."])
def test_rubbish_is_denied(auth: Auth, bad: str) -> None:
    with pytest.raises(Denied):
        auth.read(bad, "access", 0.0)


def test_a_forged_token_is_denied(auth: Auth) -> None:
    claims = {"sub": "1001", "role": "administrator", "sid": "x", "start": 0, "kind": "access", "exp": 9e9}
    for forged in (jwt.encode(claims, "t" * 32, algorithm="HS256"), jwt.encode(claims, "", algorithm="none")):
        with pytest.raises(Denied):
            auth.read(forged, "access", 0.0)


def test_log_out_ends_tokens_and_tickets_at_once(auth: Auth) -> None:
    token = auth.issue(SUPERVISOR, now=0.0).access
    who = auth.read(token, "access", 1.0)
    ticket = auth.ticket(who, 1.0)
    auth.end(who, 2.0)
    with pytest.raises(Denied):
        auth.read(token, "access", 3.0)
    with pytest.raises(Denied):
        auth.redeem(ticket, 3.0)


def test_an_agent_who_logs_out_is_out_everywhere_until_he_logs_in_again(auth: Auth) -> None:
    here, elsewhere = auth.issue(AGENT, now=0.0), auth.issue(AGENT, now=0.5)
    auth.end(auth.read(here.access, "access", 1.0), 2.0)
    with pytest.raises(Denied):
        auth.read(elsewhere.access, "access", 3.0)
    assert auth.read(auth.issue(AGENT, now=2.5).access, "access", 3.0).agent_id == "1001"


def test_a_supervisor_who_logs_out_stays_logged_in_elsewhere(auth: Auth) -> None:
    here, elsewhere = auth.issue(SUPERVISOR, now=0.0), auth.issue(SUPERVISOR, now=0.5)
    auth.end(auth.read(here.access, "access", 1.0), 2.0)
    assert auth.read(elsewhere.access, "access", 3.0).agent_id == "2001"


def test_a_ticket_is_good_once_and_for_thirty_seconds(auth: Auth) -> None:
    who = auth.read(auth.issue(AGENT, now=0.0).access, "access", 0.0)
    used, late = auth.ticket(who, 0.0), auth.ticket(who, 0.0)
    assert auth.redeem(used, 1.0) == who
    for ticket, now in ((used, 1.0), (late, TICKET_S), ("invented", 0.0)):
        with pytest.raises(Denied):
            auth.redeem(ticket, now)


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        (None, True),
        ("http://pbx.local:8000", True),
        ("HTTP://PBX.local:8000", True),
        ("https://desk.example.com", True),
        ("https://evil.example", False),
        ("http://pbx.local", False),
        ("http://pbx.local:8000.evil.example", False),
        ("null", False),
        ("", False),
        ("file://pbx.local:8000", False),
    ],
)
def test_only_our_own_and_named_origins_may_connect(auth: Auth, origin: str | None, allowed: bool) -> None:
    assert auth.origin_allowed(origin, "pbx.local:8000") is allowed


def test_log_in_attempts_are_limited_by_login_and_address() -> None:
    limit = LoginLimit(tries=3)
    assert [limit.attempt("1001", "a", now) for now in (0.0, 1.0, 2.0)] == [0, 0, 0]
    assert limit.attempt("1001", "a", 10.0) == 50.0
    assert limit.attempt("1001", "b", 10.0) == 0
    assert limit.attempt("1002", "a", 10.0) == 0
    assert limit.attempt("1001", "a", 60.5) == 0


def test_success_clears_the_login_and_an_address_cannot_try_everybody() -> None:
    limit = LoginLimit(tries=2, per_address=4)
    for now in range(4):
        assert limit.attempt("1001", "a", float(now)) == 0
        limit.succeeded("1001", "a")
    assert limit.attempt("1002", "a", 5.0) > 0
