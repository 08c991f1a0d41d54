"""My account: changing one's password, and who is kept out meanwhile."""

from __future__ import annotations

from datetime import timedelta

import pyotp
import pytest
from accounts import (
    FACTOR,
    change_password,
    enter,
    logged_in_at,
    own_password,
    with_factor,
)
from casework import staffed
from office import ADMIN, send, words

from complaints.administration import operators, passwords
from complaints.ledger.work import Actor


@pytest.fixture
def office(tmp_path, clock, monkeypatch):
    return staffed(tmp_path, clock, monkeypatch)


def test_changing_the_password_ends_the_others(office):
    password = own_password(office)
    other, client = enter(office, password)[0], enter(office, password)[0]
    send(client, f"{ADMIN}/account", "/account", old=password, new="a sentence of mine")

    assert (other.get(f"{ADMIN}/").status_code, client.get(f"{ADMIN}/").status_code) == (303, 200)


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
