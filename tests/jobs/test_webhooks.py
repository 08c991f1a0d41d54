"""Events on their way to a webhook: queued with the event, signed, sent again under one id, and nothing personal."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from factories import a_reason
from installing import HANDLER, SECRET_WORDS, SUPERVISOR
from receiving import Receiver, receiving
from smtp import silent
from sqlalchemy import select, update
from standardwebhooks.webhooks import WebhookVerificationError

from complaints.administration import webhooks
from complaints.cases import appeal, conversation, deciding, erasure, handling, relations
from complaints.cases.step import EVENTS as LOGGED
from complaints.cases.views import TOLD
from complaints.delivery import calling
from complaints.delivery.calling import Reach
from complaints.delivery.health import measure
from complaints.delivery.sending import PAUSES
from complaints.delivery.webhooks import EVENTS
from complaints.jobs.ticks import tick
from complaints.ledger.reading import history
from complaints.ledger.work import COMPLAINANT, Actor
from complaints.store.tables import Event, Outbox, Webhook

ADMIN = Actor("admin", "op_admin")
OURS = Outbox.channel == "webhook"


@pytest.fixture
def office(office):
    office.installation.__dict__["reach"] = Reach.of(["127.0.0.0/8"], plain=False)
    return office


@pytest.fixture
def any_office(any_office):
    any_office.installation.__dict__["reach"] = Reach.of(["127.0.0.0/8"], plain=False)
    return any_office


@pytest.fixture
def receiver():
    with receiving(Receiver()) as found:
        yield found


def add(office, url, events=EVENTS):
    """A new webhook: its uid and its key."""

    def create(work):
        row, key = webhooks.create(work, url, events, office.installation.reach, ADMIN)
        return row.uid, key

    return office.installation.write(create)


def run(office):
    with office.app.app_context():
        return tick(office.installation, people=office.people, post=None, alone=True)


def hook(office, uid):
    with office.installation.reading() as work:
        return work.session.get(Webhook, uid)


def told(receiver):
    return [json.loads(each.body) for each in receiver.arrived]


def kinds(receiver):
    return [each["type"].removeprefix("complaint.") for each in told(receiver)]


def decision(office):
    with office.installation.reading() as work:
        return deciding.Decision("upheld", a_reason(work, "upheld"), SECRET_WORDS)


def test_a_whole_life_is_told_event_by_event_and_nothing_that_names_anybody(any_office, receiver):
    office = any_office
    other = add(office, receiver.url.replace("hook", "other"), ["closed"])[0]
    uid, key = add(office, receiver.url)
    filed = office.file(phone="13800138000")
    run(office)
    office.act(filed, handling.accept, HANDLER)
    office.act(filed, handling.note, HANDLER, SECRET_WORDS)
    office.act(filed, conversation.reply, HANDLER, SECRET_WORDS)
    run(office)
    office.act(filed, handling.start, HANDLER)
    office.act(filed, deciding.decide, HANDLER, decision(office))
    run(office)
    office.pass_time(minutes=30)
    run(office)

    assert kinds(receiver) == ["filed", "accepted", "replied", "started", "released"]
    first, last = receiver.arrived[0], receiver.arrived[-1]
    said = first.read(key, office.now - timedelta(minutes=30))
    case = office.case(filed)
    assert said == {
        "type": "complaint.filed",
        "timestamp": "2026-11-23T02:00:00.000000Z",
        "data": {
            "number": filed.number, "test": False, "complaint_type": "other", "state": "submitted", "late": False,
            "provisional": case.provisional, "accept_due": said["data"]["accept_due"],
            "result_due": said["data"]["result_due"], "reply_due": None,
        },
    }  # fmt: skip
    assert said["data"]["result_due"].startswith("2026-12")
    assert last.read(key, office.now)["data"]["state"] == "decided"
    whole = b"".join(each.body for each in receiver.arrived).decode()
    for word in (SECRET_WORDS, "reporter@example.com", "13800138000", filed.code, filed.uid, HANDLER.ref):
        assert word not in whole
    assert len({each.id for each in receiver.arrived}) == 5
    assert (hook(office, uid).answered_at, hook(office, uid).refused_at) == (office.now, None)
    assert hook(office, other).answered_at is None
    assert not office.findings()


def test_a_decision_that_waits_for_its_release_is_told_to_nobody(office, receiver):
    add(office, receiver.url)
    filed = office.file()
    office.act(filed, handling.accept, HANDLER)
    office.act(filed, deciding.decide, HANDLER, decision(office))
    office.act(filed, conversation.write, SECRET_WORDS)
    run(office)
    assert kinds(receiver) == ["filed", "accepted", "message"]
    assert {each["data"]["state"] for each in told(receiver)} == {"accepted"}
    office.act(filed, deciding.take_back, HANDLER)
    run(office)
    assert len(receiver.arrived) == 3


def test_only_what_a_complainant_is_told_of_is_ever_told():
    names = set(EVENTS) - {"released", "late", "rescheduled"}
    assert names <= TOLD
    assert LOGGED["release"] == "released"
    assert {"decided", "declined", "taken_back", "noted", "assigned", "viewed", "action"} & set(
        EVENTS
    ) == set()
    assert names <= {*LOGGED.values(), "restricted", "unrestricted", "erased"}


def test_a_missed_date_is_told_once_and_in_the_events_own_transaction(any_office, receiver):
    office = any_office
    add(office, receiver.url, ["late", "accepted"])
    first, second = office.file(), office.file("minor")
    office.pass_time(days=30)
    run(office)
    run(office)

    late = [each for each in told(receiver) if each["type"] == "complaint.late"]
    assert {each["data"]["number"] for each in late} == {first.number, second.number}
    assert next(each["data"]["late"] for each in late if each["data"]["number"] == first.number) is True
    with office.installation.reading() as work:
        rows = work.session.execute(
            select(Outbox.seq, Outbox.complaint_id).where(OURS, Outbox.kind == "late")
        )
        seqs = {row.seq for row in rows}
        clocks = {
            each.seq
            for filed in (first, second)
            for each in history(work, filed.uid, types=("clock",), opened=False)
        }
    assert seqs
    assert seqs <= clocks


def test_of_a_restricted_type_only_number_and_type_are_told_and_a_test_case_says_so(office, receiver):
    add(office, receiver.url)
    minor, trial = office.file("minor"), office.file(is_test=True)
    run(office)
    assert [each["data"] for each in told(receiver)] == [
        {"number": minor.number, "test": False, "complaint_type": "minor"},
        told(receiver)[1]["data"],
    ]
    assert told(receiver)[1]["data"]["test"] is True
    assert told(receiver)[1]["data"]["number"] == trial.number


def test_a_webhook_hears_what_it_chose_and_nothing_of_before_it_was_there(office, receiver):
    before = office.file()
    add(office, receiver.url, ["accepted"])
    office.act(before, handling.accept, HANDLER)
    office.file()
    run(office)
    assert [(each["type"], each["data"]["number"]) for each in told(receiver)] == [
        ("complaint.accepted", before.number)
    ]


def test_a_refused_message_comes_again_under_the_same_id_with_a_new_time(any_office, receiver):
    office = any_office
    uid, key = add(office, receiver.url)
    receiver.answers = [500]
    filed = office.file()
    run(office)
    (row,) = office.outbox(OURS)
    assert (row.state, row.attempts, row.last_error) == ("queued", 1, "WebhookRefused 500")
    assert (hook(office, uid).refusal, hook(office, uid).refused_at) == ("WebhookRefused 500", office.now)
    run(office)
    assert len(receiver.arrived) == 1
    office.pass_time(minutes=PAUSES[0])
    run(office)

    first, second = receiver.arrived
    assert first.id == second.id
    assert first.headers["webhook-timestamp"] != second.headers["webhook-timestamp"]
    assert second.read(key, office.now)["data"]["number"] == filed.number
    with pytest.raises(WebhookVerificationError, match="too old"):
        first.read(key, office.now + timedelta(minutes=6))
    assert office.outbox(OURS)[0].state == "sent"
    assert hook(office, uid).answered_at == office.now


def test_what_is_refused_for_three_days_is_a_dead_letter_that_can_be_sent_again(office, receiver):
    add(office, receiver.url, ["filed"])
    receiver.answers = [500] * (len(PAUSES) + 1)
    office.file()
    for pause in (*PAUSES, 0):
        run(office)
        office.pass_time(minutes=pause)
    with office.installation.reading() as work:
        dead = work.session.scalars(select(Outbox).where(Outbox.state == "dead")).one()
    assert (dead.channel, dead.kind, dead.last_error) == ("webhook", "filed", "WebhookRefused 500")
    assert len({each.id for each in receiver.arrived}) == 1
    assert len(receiver.arrived) == len(PAUSES) + 1


def test_a_webhook_that_is_down_does_not_make_us_look_ill(office, receiver):
    add(office, receiver.url, ["filed"])
    receiver.answers = [500] * 10
    office.file(mail="")
    office.execute(update(Outbox).where(~OURS).values(state="sent"))
    run(office)
    office.pass_time(minutes=PAUSES[0])
    run(office)
    office.now += timedelta(minutes=PAUSES[1] - 1)
    with office.installation.reading() as work:
        found = measure(work.session, office.now)
    assert found.waiting == {"WebhookRefused 500": 1}
    assert found.outbox_lag == 0


def test_a_silent_webhook_is_asked_once_in_a_pass_and_the_others_get_theirs(office, receiver, monkeypatch):
    monkeypatch.setattr(calling.call, "__kwdefaults__", {"seconds": 0.3})
    with silent() as port:
        quiet = add(office, f"http://127.0.0.1:{port}/")[0]
        add(office, receiver.url)
        for _ in range(3):
            office.file()
        run(office)
    assert kinds(receiver) == ["filed"] * 3
    rows = office.outbox(OURS, Outbox.recipient == f"webhook:{quiet}")
    assert [row.last_error for row in rows] == ["WebhookTimeout"] * 3
    # Only the one that was tried has used up an attempt.
    assert sorted(row.attempts for row in rows) == [0, 0, 1]


def test_a_private_address_is_refused_when_the_setting_no_longer_allows_it(office, receiver):
    uid = add(office, receiver.url)[0]
    office.installation.__dict__["reach"] = Reach()
    office.file()
    run(office)
    assert receiver.arrived == []
    assert hook(office, uid).refusal == "WebhookAddress private"


def test_a_removed_webhooks_messages_are_dropped_and_the_others_stay(any_office, receiver):
    office = any_office
    gone, kept = add(office, receiver.url)[0], add(office, receiver.url)[0]
    office.file()
    office.installation.write(lambda work: webhooks.remove(work, gone, ADMIN))
    states = {row.recipient.removeprefix("webhook:"): row.state for row in office.outbox(OURS)}
    assert states == {gone: "dropped", kept: "queued"}
    # One that was claimed in the moment of the removal finds nobody.
    office.execute(update(Outbox).where(Outbox.recipient == f"webhook:{gone}").values(state="queued"))
    run(office)
    assert len(receiver.arrived) == 1
    assert {row.last_error for row in office.outbox(OURS)} == {"WebhookRemoved", None}
    assert hook(office, gone) is None


def test_a_paused_webhook_is_told_nothing_and_afterwards_only_what_is_new(office, receiver):
    uid = add(office, receiver.url)[0]
    office.file()
    office.installation.write(lambda work: webhooks.pause(work, uid, ADMIN))
    missed = office.file()
    run(office)
    assert receiver.arrived == []
    office.installation.write(lambda work: webhooks.resume(work, uid, ADMIN))
    office.act(missed, handling.accept, HANDLER)
    run(office)
    assert kinds(receiver) == ["accepted"]


def test_an_address_that_says_it_is_gone_is_paused_by_itself(office, receiver):
    uid = add(office, receiver.url)[0]
    receiver.answers = [410]
    office.file()
    run(office)
    assert (hook(office, uid).active, hook(office, uid).refusal) == (False, "WebhookRefused 410")
    assert logged(office)[-1] == ("webhook_paused", "system", {"dropped": 0})


def test_a_new_key_signs_at_once_and_the_old_one_for_a_day_more(any_office, receiver):
    office = any_office
    uid, old = add(office, receiver.url)
    new = office.installation.write(lambda work: webhooks.rotate(work, uid, ADMIN)[1])
    office.file()
    run(office)
    for key in (old, new):
        assert receiver.arrived[-1].read(key, office.now)
    office.pass_time(hours=24)
    office.file()
    run(office)
    assert receiver.arrived[-1].read(new, office.now)
    with pytest.raises(WebhookVerificationError):
        receiver.arrived[-1].read(old, office.now)


def test_keys_stand_sealed_in_the_table_and_open_in_no_other_row(office, receiver):
    first, key = add(office, receiver.url)
    second = add(office, receiver.url)[0]
    assert key.encode() not in hook(office, first).sealed
    office.execute(update(Webhook).where(Webhook.uid == first).values(sealed=hook(office, second).sealed))
    office.file()
    run(office)
    rows = {row.recipient: row.last_error for row in office.outbox(OURS)}
    assert rows == {f"webhook:{first}": "IntegrityError", f"webhook:{second}": None}


def test_of_a_case_whose_data_is_only_stored_or_gone_only_that_is_told(any_office, receiver):
    office = any_office
    add(office, receiver.url)
    filed = office.file()
    office.act(filed, relations.withdraw)
    office.act(filed, erasure.request, COMPLAINANT)
    run(office)
    office.pass_time(days=5 * 366)
    run(office)
    # The first run erased, after it had sent what waited before.
    run(office)

    assert kinds(receiver) == ["restricted", "erased"]
    assert [each["data"] for each in told(receiver)] == [{"number": filed.number, "test": False}] * 2


def test_a_review_and_a_moved_date_are_told(office, receiver):
    add(office, receiver.url)
    filed = office.file()
    office.act(filed, handling.accept, HANDLER)
    office.act(filed, deciding.decide, HANDLER, decision(office))
    office.pass_time(minutes=30)
    run(office)
    office.act(filed, appeal.appeal, SECRET_WORDS)
    again = deciding.Decision("", "", "", SECRET_WORDS)
    office.act(filed, appeal.review, SUPERVISOR, "send_back", again)
    # A type with nearer dates; one with the same dates tells nobody anything.
    for kind in ("minor", "inaccurate"):
        other = office.file()
        office.act(other, handling.reclassify, HANDLER, complaint_type=kind)
    run(office)
    assert kinds(receiver)[-5:] == ["appealed", "sent_back", "filed", "rescheduled", "filed"]


def test_a_test_message_says_that_it_is_one(office, receiver):
    uid, key = add(office, receiver.url, ["closed"])
    for _ in range(2):
        office.installation.write(lambda work: webhooks.test(work, uid))
    run(office)
    assert [each.read(key, office.now) for each in receiver.arrived] == [
        {"type": "test", "timestamp": "2026-11-23T02:00:00.000000Z", "data": {"test": True}}
    ] * 2


def logged(office):
    """The installation's own events about webhooks: type, actor, and what they say beside the uid."""
    found = []
    with office.installation.reading() as work:
        query = select(Event.leaf).where(Event.stream == "system").order_by(Event.seq)
        for leaf in map(json.loads, work.session.scalars(query)):
            if leaf["type"].startswith("webhook_"):
                meta = {name: value for name, value in leaf["meta"].items() if name != "webhook"}
                found.append((leaf["type"], leaf["actor"], meta))
    return found


def test_each_change_of_a_webhook_stands_in_the_log_without_its_path(any_office, receiver):
    office = any_office
    uid = add(office, receiver.url, ["closed", "filed"])[0]
    office.file()
    for act in (webhooks.rotate, webhooks.pause, webhooks.pause, webhooks.resume, webhooks.remove):
        office.installation.write(lambda work, act=act: act(work, uid, ADMIN))
    assert logged(office) == [
        ("webhook_added", "admin:op_admin", {"host": "127.0.0.1", "events": ["filed", "closed"]}),
        ("webhook_key_changed", "admin:op_admin", {}),
        ("webhook_paused", "admin:op_admin", {"dropped": 1}),
        ("webhook_resumed", "admin:op_admin", {}),
        ("webhook_removed", "admin:op_admin", {"host": "127.0.0.1", "dropped": 0}),
    ]
