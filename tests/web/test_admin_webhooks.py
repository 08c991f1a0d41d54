"""The page of webhooks: who may change what, what is shown once, and what stands there about the last messages."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from office import ADMIN, Office, quick_passwords, send, send_from, words
from receiving import Receiver, receiving

from complaints.administration import webhooks
from complaints.cases.people import Operator
from complaints.delivery.webhooks import EVENTS
from complaints.jobs.ticks import tick
from complaints.store.tables import Outbox, Webhook

PAGE = f"{ADMIN}/webhooks"
KEY = re.compile(r"whsec_[A-Za-z0-9+/]{43}=")
URL = "https://product.example.cn/hooks/complaints?token=s3cret"


@pytest.fixture
def office(tmp_path, clock, monkeypatch):
    quick_passwords(monkeypatch)
    return Office(tmp_path, clock, COMPLAINTS_WEBHOOK_NETWORKS="127.0.0.0/8").start(clock)


def rows(office):
    with office.installation.reading() as work:
        return list(webhooks.everything(work))


def add(client, url=URL, events=EVENTS):
    return send(client, PAGE, "/webhooks/add", url=url, events=list(events))


def press(client, turn, uid):
    """The button beside one address."""
    html = client.get(PAGE).get_data(as_text=True)
    return send_from(client, html, PAGE, f"/webhooks/{turn}", uid=uid)


def test_an_address_is_added_and_its_key_is_shown_this_once(office):
    client = office.client("admin")
    assert "还没有接收通知的地址" in words(client.get(PAGE))
    answer = add(client)
    assert answer.status_code == 200
    (key,) = KEY.findall(answer.get_data(as_text=True))
    (row,) = rows(office)
    assert (row.url, row.events, row.active) == (URL, [], True)
    with office.installation.reading() as work:
        assert [webhooks.shown(each) for each in webhooks.keys(work, row)] == [key]
    again = client.get(PAGE)
    assert not KEY.search(again.get_data(as_text=True))
    assert "product.example.cn" in words(again)


def test_some_events_are_chosen_by_their_boxes(office):
    client = office.client("admin")
    assert add(client, events=["closed", "filed"]).status_code == 200
    assert rows(office)[0].events == ["filed", "closed"]
    assert "收到投诉、已办结" in words(client.get(PAGE))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"url": "http://product.example.cn/hook", "events": ["filed"]}, ""),
        ({"url": "", "events": ["filed"]}, "请填写完整地址"),
        ({"url": "https://10.1.2.3/hook", "events": ["filed"]}, "COMPLAINTS_WEBHOOK_NETWORKS"),
        ({"url": "ftp://product.example.cn/", "events": ["filed"]}, "https://"),
        ({"url": URL, "events": []}, "请至少选择一项"),
        ({"url": URL, "events": ["decided"]}, "请至少选择一项"),
    ],
)
def test_what_cannot_be_told_is_refused_with_what_to_do_and_kept_in_the_form(office, values, said):
    answer = add(office.client("admin"), **values)
    if not said:
        # With TESTING, as in development, plain http will do.
        assert answer.status_code == 200
        return
    assert answer.status_code == 422
    assert said in words(answer)
    assert f'value="{values["url"]}"' in answer.get_data(as_text=True)
    assert rows(office) == []


def test_there_is_an_end_to_the_number_of_addresses(office, monkeypatch):
    monkeypatch.setattr(webhooks, "MOST", 1)
    client = office.client("admin")
    add(client)
    answer = add(client)
    assert answer.status_code == 422
    assert "已有1个地址" in words(answer)


def test_a_stale_log_in_changes_nothing(office, clock):
    client = office.client("admin")
    add(client)
    (row,) = rows(office)
    clock.now += timedelta(minutes=16)
    for answer in (
        add(client),
        *(press(client, turn, row.uid) for turn in ("test", "pause", "rotate")),
        send(client, f"{PAGE}/{row.uid}/remove", "/remove"),
    ):
        assert answer.status_code == 422
        assert "15 分钟内的登录" in words(answer)
        assert not KEY.search(answer.get_data(as_text=True))
    (after,) = rows(office)
    assert (after.active, after.sealed) == (True, row.sealed)


def test_an_administrator_of_the_host_without_a_known_log_in_changes_nothing(tmp_path, clock):
    office = Office(tmp_path, clock).start(clock, hosts=True)
    office.loader = Operator("u17", "王", frozenset({"admin"}))
    assert add(office.client()).status_code == 403
    assert rows(office) == []
    office.loader = Operator("u17", "王", frozenset({"admin"}), authenticated_at=clock.now)
    assert add(office.client()).status_code == 200


def test_the_buttons_act_on_the_address_they_stand_beside(office):
    client = office.client("admin")
    add(client)
    add(client, "https://other.example.cn/")
    one, other = rows(office)
    assert press(client, "pause", other.uid).status_code == 303
    assert [(row.uid, row.active) for row in rows(office)] == [(one.uid, True), (other.uid, False)]
    assert "已暂停" in words(client.get(PAGE))
    assert press(client, "test", other.uid).status_code == 422
    assert press(client, "resume", other.uid).status_code == 303
    answer = press(client, "rotate", other.uid)
    assert len(KEY.findall(answer.get_data(as_text=True))) == 1
    assert "消息同时用旧密钥签名" in words(answer)
    assert next(row.sealed for row in rows(office)) == one.sealed
    assert press(client, "pause", "0" * 32).status_code == 404


def test_removing_asks_first_and_then_forgets_address_and_messages(office):
    client = office.client("admin")
    add(client)
    add(client, "https://other.example.cn/")
    gone, kept = rows(office)
    office.desk.file()
    asked = client.get(f"{PAGE}/{gone.uid}/remove")
    assert "移除这个地址？" in words(asked)
    assert len(rows(office)) == 2
    assert send(client, f"{PAGE}/{gone.uid}/remove", "/remove").status_code == 303
    assert [row.uid for row in rows(office)] == [kept.uid]
    with office.installation.reading() as work:
        states = {row.recipient: row.state for row in work.session.query(Outbox).filter_by(channel="webhook")}
    assert states == {f"webhook:{gone.uid}": "dropped", f"webhook:{kept.uid}": "queued"}
    assert client.get(f"{PAGE}/{gone.uid}/remove").status_code == 404


def test_a_test_message_goes_out_and_the_page_says_how_it_went(office):
    client = office.client("admin")
    with receiving(Receiver()) as receiver:
        receiver.answers = [503]
        (key,) = KEY.findall(add(client, receiver.url).get_data(as_text=True))
        (row,) = rows(office)
        answer = press(client, "test", row.uid)
        assert "测试消息正发往" in words(client.get(answer.headers["Location"]))
        for expected in ("WebhookRefused 503", "已接收"):
            with office.app.app_context():
                tick(office.installation, post=None, alone=True)
            assert expected in words(client.get(PAGE))
            office.desk.later(minutes=1)
        assert receiver.arrived[-1].read(key, office.installation.now())["type"] == "test"
        assert receiver.arrived[0].id == receiver.arrived[1].id


def test_a_key_of_another_installation_does_not_close_the_page(office):
    client = office.client("admin")
    add(client)
    office.installation.write(lambda work: setattr(work.session.query(Webhook).one(), "sealed", b"\x01" * 60))
    assert client.get(PAGE).status_code == 200
    (row,) = rows(office)
    assert send(client, f"{PAGE}/{row.uid}/remove", "/remove").status_code == 303


def test_every_event_has_its_words_and_its_name_on_the_page(office):
    html = office.client("admin").get(PAGE).get_data(as_text=True)
    for event in EVENTS:
        assert f"<small>complaint.{event}</small>" in html
        assert f"<span>{event}<small>" not in html
