"""Accounts of operators as tests use them: entering, a second factor, sessions, passwords."""

from __future__ import annotations

import re
from datetime import timedelta

import pyotp
from office import ADMIN, Forms, send, send_from, words

from complaints.ledger.journal import SYSTEM_STREAM
from complaints.ledger.reading import history
from complaints.store.tables import Operator, OperatorSession

FACTOR = f"{ADMIN}/account/second-factor"
PHONE = (
    "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/116.0 Mobile Safari/537.36 MicroMessenger/8.0"
)


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
