"""The sessions of an account: listed with their devices, and ended."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from accounts import (
    PHONE,
    enter,
    own_password,
    sessions,
    switch_on,
    system,
)
from casework import staffed
from office import ADMIN, Forms, send, send_from, words

from complaints.store.tables import Operator, OperatorSession
from complaints.web.admin.devices import named


@pytest.fixture
def office(tmp_path, clock, monkeypatch):
    return staffed(tmp_path, clock, monkeypatch)


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


def test_switching_on_ends_the_sessions_opened_without_it(office, clock):
    password = own_password(office)
    other, client = enter(office, password)[0], enter(office, password)[0]
    switch_on(office, client, clock)

    assert other.get(f"{ADMIN}/").status_code == 303
    assert client.get(f"{ADMIN}/").status_code == 200
