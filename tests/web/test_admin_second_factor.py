"""The second factor as operators set it up, lose it and enter with it."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import unquote

import pyotp
import pytest
from accounts import (
    FACTOR,
    enter,
    own_password,
    switch_on,
    system,
    with_factor,
)
from casework import staffed
from office import ADMIN, Forms, Office, quick_passwords, send, send_from, words


@pytest.fixture
def office(tmp_path, clock, monkeypatch):
    return staffed(tmp_path, clock, monkeypatch)


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
