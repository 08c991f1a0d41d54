"""My account and the log-in with a second factor, as operators use them in a browser."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import unquote

import pyotp
import pytest
from office import ADMIN, Forms, Office, quick_passwords, send, send_from, words

from complaints.administration import operators, passwords
from complaints.ledger.journal import SYSTEM_STREAM
from complaints.ledger.reading import history
from complaints.ledger.work import Actor
from complaints.store.tables import Operator, OperatorSession
from complaints.web.admin.devices import named

FACTOR = f"{ADMIN}/account/second-factor"
PHONE = (
    "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/116.0 Mobile Safari/537.36 MicroMessenger/8.0"
)


@pytest.fixture
def office(tmp_path, clock, monkeypatch):
    quick_passwords(monkeypatch)
    made = Office(tmp_path, clock).start(clock)
    made.client("second")
    return made


def enter(office, password, code="", login="alice", agent="", client=None):
    client = client or office.client()
    page = client.get(f"{ADMIN}/login").get_data(as_text=True)
    form = Forms(page).found[-1]["data"]
    data = {**form, "login": login, "password": password, "code": code}
    return client, client.post(f"{ADMIN}/login", data=data, headers={"User-Agent": agent} if agent else {})


def own_password(office, login="alice", *roles):
    password = office.hire(login, *(roles or ("handler",)))

    def keep(work):
        work.session.query(Operator).filter_by(login=login).one().must_change = False

    office.installation.write(keep)
    return password


def switch_on(office, client, clock):
    """Set it up as a person would, reading the key off the page; returns secret and recovery codes."""
    html = client.get(FACTOR).get_data(as_text=True)
    secret = re.search(r'id="factor-key">([A-Z2-7 ]+)<', html)[1].replace(" ", "")
    answer = send_from(client, html, FACTOR, "/second-factor", code=pyotp.TOTP(secret).at(clock.now))
    assert answer.status_code == 200, words(answer)
    codes = re.findall(r"<li>([A-Z2-9]{5}-[A-Z2-9]{5})</li>", answer.get_data(as_text=True))
    clock.now += timedelta(seconds=30)
    return secret, codes, answer


def with_factor(office, clock):
    password = own_password(office)
    client, _ = enter(office, password)
    secret, codes, _ = switch_on(office, client, clock)
    return client, password, secret, codes


def sessions(office, login="alice"):
    def look(work):
        row = work.session.query(Operator).filter_by(login=login).one()
        return work.session.query(OperatorSession).filter_by(operator_id=row.id).count()

    return office.desk.read(look)


def system(office):
    return [entry.type for entry in office.desk.read(lambda work: history(work, SYSTEM_STREAM))]


def test_a_second_factor_is_set_up_and_then_asked_for(office, clock):
    client, password, secret, codes = with_factor(office, clock)

    assert len(codes) == 10
    assert enter(office, password)[1].status_code == 403
    assert enter(office, password, pyotp.TOTP(secret).at(clock.now))[1].status_code == 303
    assert enter(office, password, codes[0])[1].status_code == 303
    page = words(client.get(f"{ADMIN}/account"))
    assert "还剩9个恢复码" in page
    assert not [each for each in (secret, *codes) if each in page]
    assert "second_factor_on" in system(office)


def test_the_codes_are_offered_to_keep_and_never_shown_again(office, clock):
    client, _ = enter(office, own_password(office))
    secret, codes, answer = switch_on(office, client, clock)
    html = answer.get_data(as_text=True)
    file = unquote(re.search(r'href="data:text/plain;charset=utf-8,([^"]+)"', html)[1])

    assert [line for line in file.splitlines() if line in codes] == codes
    assert 'data-cmp-copy="recovery-codes"' in html
    assert "data-cmp-print" in html
    assert answer.headers["Cache-Control"] == "no-store"
    again = client.get(FACTOR).get_data(as_text=True)
    assert not [each for each in (secret, *codes) if each in again]


@pytest.mark.parametrize("kind", ["code", "password", "both", "spent", "none", "unknown"])
def test_no_failure_says_which_factor_was_wrong(office, clock, kind):
    _, password, secret, _ = with_factor(office, clock)
    good = pyotp.TOTP(secret).at(clock.now)
    if kind == "spent":
        assert enter(office, password, good)[1].status_code == 303
    given = {
        "code": (password, "000000" if good != "000000" else "111111"),
        "password": ("wrong password", good),
        "both": ("wrong password", "abc"),
        "spent": (password, good),
        "none": (password, ""),
        "unknown": (password, good),
    }[kind]
    _, answer = enter(office, *given, login="nobody" if kind == "unknown" else "alice")

    assert answer.status_code == 403
    assert "登录名、密码或动态码不正确，或尝试次数过多" in words(answer)
    assert not [line for line in answer.headers.getlist("Set-Cookie") if line.startswith("complaints_op")]
    assert good not in answer.get_data(as_text=True)


def test_a_wrong_password_spends_no_code(office, clock):
    _, password, secret, codes = with_factor(office, clock)
    good = pyotp.TOTP(secret).at(clock.now)
    enter(office, "wrong password", good)
    enter(office, "wrong password", codes[0])

    assert enter(office, password, good)[1].status_code == 303
    assert enter(office, password, codes[0])[1].status_code == 303


def test_wrong_codes_lock_the_account_like_wrong_passwords(office, clock):
    _, password, secret, codes = with_factor(office, clock)
    for guess in ("", "12", codes[0] + "X", "no", "-"):
        assert enter(office, password, guess)[1].status_code == 403

    assert enter(office, password, pyotp.TOTP(secret).at(clock.now))[1].status_code == 403
    clock.now += timedelta(minutes=15, seconds=1)
    assert enter(office, password, pyotp.TOTP(secret).at(clock.now))[1].status_code == 303


def test_it_is_switched_off_only_with_password_and_code(office, clock):
    client, password, secret, codes = with_factor(office, clock)
    for given in ({"password": password, "code": "1"}, {"password": "wrong", "code": codes[0]}, {}):
        answer = send(client, FACTOR, "/second-factor", "off", **given)
        assert answer.status_code == 422
        assert "密码或动态码不正确" in words(answer)
    made = send(client, FACTOR, "/second-factor", "codes", password=password, code=codes[0])
    fresh = re.findall(r"<li>([A-Z2-9]{5}-[A-Z2-9]{5})</li>", made.get_data(as_text=True))
    assert len(fresh) == 10
    assert not set(fresh) & set(codes)
    code = pyotp.TOTP(secret).at(clock.now)
    assert send(client, FACTOR, "/second-factor", "off", password=password, code=code).status_code == 303

    assert enter(office, password)[1].status_code == 303
    assert "second_factor_off" in system(office)


def test_guessing_from_an_open_session_locks_the_account(office, clock):
    client, password, secret, _ = with_factor(office, clock)
    for _ in range(5):
        send(client, FACTOR, "/second-factor", "off", password=password, code="1")
    good = pyotp.TOTP(secret).at(clock.now)

    assert send(client, FACTOR, "/second-factor", "off", password=password, code=good).status_code == 422
    assert enter(office, password, good)[1].status_code == 403


def test_a_wrong_code_at_set_up_keeps_the_same_picture(office, clock):
    client, _ = enter(office, own_password(office))
    html = client.get(FACTOR).get_data(as_text=True)
    answer = send_from(client, html, FACTOR, "/second-factor", code="1")
    key = r'id="factor-key">([A-Z2-7 ]+)<'

    assert answer.status_code == 422
    assert re.search(key, answer.get_data(as_text=True))[1] == re.search(key, html)[1]
    assert "动态码不正确" in words(answer)


def test_a_desk_left_open_is_not_bound_to_anothers_phone(office, clock):
    client, _ = enter(office, own_password(office))
    clock.now += timedelta(minutes=16)
    html = client.get(FACTOR).get_data(as_text=True)
    secret = re.search(r'id="factor-key">([A-Z2-7 ]+)<', html)[1].replace(" ", "")
    answer = send_from(client, html, FACTOR, "/second-factor", code=pyotp.TOTP(secret).at(clock.now))

    assert answer.status_code == 422
    assert "请先退出并重新登录" in words(answer)


def test_switching_on_ends_the_sessions_opened_without_it(office, clock):
    password = own_password(office)
    other, client = enter(office, password)[0], enter(office, password)[0]
    switch_on(office, client, clock)

    assert other.get(f"{ADMIN}/").status_code == 303
    assert client.get(f"{ADMIN}/").status_code == 200


def test_where_it_is_required_nothing_opens_before_it_is_set_up(tmp_path, clock, monkeypatch):
    quick_passwords(monkeypatch)
    office = Office(tmp_path, clock, COMPLAINTS_REQUIRE_TOTP=True).start(clock)
    password = office.hire("alice", "admin", "handler")
    client, answer = enter(office, password)
    assert client.get(f"{ADMIN}/").headers["Location"].endswith("/account")
    send(client, f"{ADMIN}/account", "/account", old=password, new="a sentence of mine")
    for page in ("/", "/operators", "/health", "/evidence/exports"):
        assert client.get(f"{ADMIN}{page}").headers["Location"].endswith("/account/second-factor")
    assert answer.status_code == 303
    switch_on(office, client, clock)

    assert client.get(f"{ADMIN}/").status_code == 200
    assert send(client, FACTOR, "/second-factor", "off").status_code == 422


def test_an_administrator_resets_a_lost_phone_but_not_their_own(office, clock):
    _, password, _, _ = with_factor(office, clock)
    admin = office.client("admin")
    html = admin.get(f"{ADMIN}/operators").get_data(as_text=True)
    assert send_from(admin, html, f"{ADMIN}/operators", "/operators/factor").status_code == 303
    assert enter(office, password)[1].status_code == 303
    assert "second_factor_reset" in system(office)

    form = next(each["data"] for each in Forms(html).found if each["action"].endswith("/factor"))
    own = admin.post(f"{ADMIN}/operators/factor", data={**form, "login": "admin"})
    assert own.status_code == 422
    clock.now += timedelta(minutes=16)
    late = admin.post(f"{ADMIN}/operators/factor", data=form)
    assert "请先退出并重新登录" in words(late)


def test_the_sessions_are_listed_with_their_devices_and_ended_one_by_one(office, clock):
    password = own_password(office)
    client, _ = enter(office, password, agent="Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/128.0")
    clock.now += timedelta(hours=1)
    phone, _ = enter(office, password, agent=PHONE)
    third, _ = enter(office, password, agent="curl/8")
    page = client.get(f"{ADMIN}/account")
    html = page.get_data(as_text=True)
    rows = [
        row for row in re.findall(r"<tr[^>]*>(.*?)</tr>", html, re.DOTALL) if "<small" in row or "<b>" in row
    ]

    assert [name in words(page) for name in ("Firefox · Windows", "WeChat · Android", "未知设备")] == [
        True
    ] * 3
    assert [("本设备" in row) for row in rows] == [("Firefox" in row) for row in rows]
    phones = next(row for row in rows if "WeChat" in row)
    kept = re.search(r'name="session" value="(\w+)"', phones)[1]
    send_from(client, html, f"{ADMIN}/account", "/sessions/one", session=kept)
    assert [each.get(f"{ADMIN}/").status_code for each in (client, phone, third)] == [200, 303, 200]
    send(client, f"{ADMIN}/account", "/sessions/others")
    assert [each.get(f"{ADMIN}/").status_code for each in (client, third)] == [200, 303]
    assert sessions(office, "second") == 1


def test_nobody_ends_a_session_of_another_account(office):
    password = own_password(office)
    client, _ = enter(office, password)
    enter(office, password)
    kept = office.desk.read(
        lambda work: (
            work.session.query(OperatorSession)
            .join(Operator, Operator.id == OperatorSession.operator_id)
            .filter(Operator.login == "second")
            .one()
            .token_hash
        )
    )
    send(client, f"{ADMIN}/account", "/sessions/one", session=kept)

    assert (sessions(office), sessions(office, "second")) == (2, 1)


def test_when_a_session_was_last_used_is_noted_to_ten_minutes(office, clock):
    client, _ = enter(office, own_password(office))

    def seen():
        return office.desk.read(
            lambda work: max(each.seen_at for each in work.session.query(OperatorSession))
        )

    first = seen()
    clock.now += timedelta(minutes=9)
    client.get(f"{ADMIN}/")
    assert seen() == first
    clock.now += timedelta(minutes=2)
    client.get(f"{ADMIN}/")
    assert seen() == first + timedelta(minutes=11)


def test_changing_the_password_ends_the_others(office):
    password = own_password(office)
    other, client = enter(office, password)[0], enter(office, password)[0]
    send(client, f"{ADMIN}/account", "/account", old=password, new="a sentence of mine")

    assert (other.get(f"{ADMIN}/").status_code, client.get(f"{ADMIN}/").status_code) == (303, 200)


def change_password(client, old, code="", new="a sentence of mine"):
    return send(client, f"{ADMIN}/account", "/account", old=old, new=new, code=code)


def logged_in_at(office, login="alice"):
    def look(work):
        row = work.session.query(Operator).filter_by(login=login).one()
        return [
            each.authenticated_at
            for each in work.session.query(OperatorSession).filter_by(operator_id=row.id)
        ]

    return office.desk.read(look)


def test_guessing_the_old_password_from_an_open_session_locks_the_account(office, clock):
    noise = own_password(office, "noise")
    password = own_password(office)
    client, _ = enter(office, password)
    for _ in range(5):
        answer = change_password(client, "not the password")
        assert answer.status_code == 422
        assert "现在的密码不正确，或尝试次数过多" in words(answer)

    assert change_password(client, password).status_code == 422
    assert enter(office, password)[1].status_code == 403
    assert enter(office, noise, login="noise")[1].status_code == 303
    clock.now += timedelta(minutes=15, seconds=1)
    assert change_password(client, password).status_code == 303


@pytest.mark.parametrize("new", ["short", "x" * 201, "aaaaaaaaaaaa", ""])
def test_a_poor_new_password_counts_as_no_try(office, new):
    password = own_password(office)
    client, _ = enter(office, password)
    for _ in range(6):
        assert change_password(client, password, new=new).status_code == 422

    assert change_password(client, password).status_code == 303


def test_a_one_time_password_is_changed_after_the_first_log_in(office):
    password = office.hire("alice", "handler")
    client, _ = enter(office, password)
    assert client.get(f"{ADMIN}/").headers["Location"].endswith("/account")
    assert 'name="code"' not in client.get(f"{ADMIN}/account").get_data(as_text=True)
    assert change_password(client, password).status_code == 303
    assert client.get(f"{ADMIN}/").status_code == 200


def test_with_a_second_factor_the_password_is_changed_only_with_a_code_which_is_spent(office, clock):
    client, password, secret, codes = with_factor(office, clock)
    clock.now += timedelta(hours=1)
    before, good = logged_in_at(office), pyotp.TOTP(secret).at(clock.now)
    for old, code in ((password, ""), (password, "000"), ("not the password", good)):
        answer = change_password(client, old, code)
        assert answer.status_code == 422
        # The same for both: nobody learns which of the two was right.
        assert "密码或动态码不正确" in words(answer)
    assert logged_in_at(office) == before

    assert change_password(client, password, good).status_code == 303
    assert logged_in_at(office) == [clock.now]
    assert enter(office, "a sentence of mine", good)[1].status_code == 403
    assert change_password(client, "a sentence of mine", codes[0], "another sentence").status_code == 303


def test_changing_the_password_gives_no_new_tries_at_the_code(office, clock):
    client, password, secret, _ = with_factor(office, clock)
    for _ in range(4):
        send(client, FACTOR, "/second-factor", "off", password=password, code="1")
    assert change_password(client, password, "1").status_code == 422

    good = pyotp.TOTP(secret).at(clock.now)
    assert send(client, FACTOR, "/second-factor", "off", password=password, code=good).status_code == 422
    assert enter(office, password, good)[1].status_code == 403


def test_no_password_is_hashed_while_the_database_waits(office, monkeypatch):
    password = own_password(office)
    client, _ = enter(office, password)
    open_now, within, plain = [], [], office.installation.write

    def write(act):
        open_now.append(act)
        try:
            return plain(act)
        finally:
            open_now.pop()

    def watched(hashing):
        return lambda *given: within.append(bool(open_now)) or hashing(*given)

    monkeypatch.setattr(office.installation, "write", write)
    monkeypatch.setattr(passwords, "matches", watched(passwords.matches))
    monkeypatch.setattr(passwords, "hashed", watched(passwords.hashed))
    assert change_password(client, password).status_code == 303

    assert within == [False, False]


def test_an_administrator_ends_all_sessions_of_somebody(office):
    client, _ = enter(office, own_password(office))
    admin = office.client("admin")
    html = admin.get(f"{ADMIN}/operators").get_data(as_text=True)
    form = next(each["data"] for each in Forms(html).found if each["action"].endswith("/operators/end"))
    admin.post(f"{ADMIN}/operators/end", data={**form, "login": "alice"})

    assert client.get(f"{ADMIN}/").status_code == 303
    assert admin.get(f"{ADMIN}/").status_code == 200
    assert system(office)[-1] == "operator_logged_out"


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36",
            "Chrome · Windows",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/126.0 Safari/537.36 Edg/126.0",
            "Edge · Windows",
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605 Version/17.5 Safari/605",
            "Safari · macOS",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605 Version/17.5 Mobile Safari/604",
            "Safari · iPhone",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605 MicroMessenger/8.0",
            "WeChat · iPhone",
        ),
        (
            "Mozilla/5.0 (Linux; Android 12; HarmonyOS) Chrome/99 HuaweiBrowser/15 Mobile Safari/537",
            "Huawei Browser · HarmonyOS",
        ),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox · Linux"),
        ("curl/8.5", ""),
        ("", ""),
        ("<script>alert(1)</script>" * 99, ""),
    ],
)
def test_a_device_is_named_in_words(agent, said):
    assert named(agent) == said


def test_who_logs_in_while_the_password_is_replaced_stays_outside(office, monkeypatch):
    password, looked = own_password(office), passwords.matches

    def matches(kept, given):
        # Hashing takes its time; meanwhile an administrator gives the account a new password.
        office.installation.write(lambda work: operators.reset(work, "alice", by=Actor("admin", "op_root")))
        return looked(kept, given)

    monkeypatch.setattr(passwords, "matches", matches)
    assert enter(office, password)[1].status_code == 403
    monkeypatch.undo()
    assert enter(office, password)[1].status_code == 403
