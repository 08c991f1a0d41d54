"""A complaint handed on to a vendor's own interface: signed, sent again under one id, and nothing of the person."""

from __future__ import annotations

import base64
import dataclasses
import json

import pytest
from installing import HANDLER, SECRET_WORDS
from receiving import Receiver, receiving
from sqlalchemy import select
from standardwebhooks.webhooks import WebhookVerificationError

from complaints.administration import reach
from complaints.base.errors import InputError
from complaints.cases import erasure, forwarding, handling, intake
from complaints.delivery import sending
from complaints.delivery.calling import Reach
from complaints.delivery.sending import PAUSES
from complaints.delivery.vendor_keys import vendor_keys
from complaints.jobs.ticks import tick
from complaints.ledger.reading import history
from complaints.ledger.work import COMPLAINANT
from complaints.policy.model import Model
from complaints.store.tables import Forward, Outbox

VENDOR, BESIDE = "星河智能有限公司", "旁边的公司"
KEY, OLD, OTHER = ("whsec_" + base64.b64encode(each * 32).decode() for each in (b"k", b"o", b"x"))
EXTRACT = "我方编号：TS1\n\n模型说太阳绕着地球转😀"
OURS = Outbox.kind == "forward"


@pytest.fixture
def receiver():
    with receiving(Receiver()) as found:
        yield found


def settle(office, url, keys):
    """Names the vendor's address and its key; the file's own check would want https."""
    models = (
        Model("自研模型", own=True),
        Model("示例大模型", vendor=VENDOR, vendor_webhook=url),
        Model("旁边的模型", vendor=BESIDE, vendor_webhook=url + "&beside=1"),
        Model("不接消息的模型", vendor="第三家"),
    )
    known = office.installation.__dict__
    known["file_policy"] = dataclasses.replace(office.installation.file_policy, models=models)
    known["vendor_keys"] = vendor_keys(keys)
    known["reach"] = Reach.of(["127.0.0.0/8"], plain=False)
    return office


@pytest.fixture
def office(any_office, receiver):
    office = settle(any_office, receiver.url, {VENDOR: [KEY, OLD], BESIDE: OTHER})
    office.file()
    return office


def key(office, vendor=VENDOR):
    models = forwarding.vendors(office.installation.file_policy)
    return next(key for key, model in models.items() if model.vendor == vendor)


def handed(office, kind="other", vendor=VENDOR, **more):
    filed = office.file(kind, answer=intake.Answer("太阳绕着地球转", mark="verified"))
    office.act(filed, handling.accept, HANDLER)
    office.act(
        filed, forwarding.forward, HANDLER, vendor=key(office, vendor), way="webhook", text=EXTRACT, **more
    )
    return filed


def run(office):
    with office.app.app_context():
        return tick(office.installation, people=office.people, post=None, alone=True)


def stands(office, filed):
    with office.installation.reading() as work:
        state = work.session.scalar(
            select(Forward.state).where(Forward.complaint_id == office.case(filed).id)
        )
        found = [each.type for each in history(work, filed.uid)]
    return state, [each for each in found if each.startswith("forward")]


def test_the_vendor_gets_the_extract_once_signed_and_nothing_of_the_person(office, receiver):
    filed, beside = handed(office), handed(office, vendor=BESIDE)
    run(office)
    run(office)

    first, second = receiver.arrived
    assert [each.path for each in receiver.arrived] == ["/hook?token=1", "/hook?token=1&beside=1"]
    said = first.read(KEY, office.now)
    assert first.read(OLD, office.now) == said
    assert second.read(OTHER, office.now)["data"]["number"] == beside.number
    with pytest.raises(WebhookVerificationError):
        first.read(OTHER, office.now)
    due = office.case(filed).result_due
    assert said == {
        "type": "complaint.forwarded",
        "timestamp": "2026-11-23T02:00:00.000000Z",
        "data": {
            "number": filed.number, "test": False, "provider": "示例科技有限公司", "product": "灵犀助手",
            "model": "示例大模型", "extract": EXTRACT, "reported_on": "2026-11-23",
            "answer_by": f"{due:%Y-%m-%dT%H:%M:%S.%fZ}",
            "reply_to": {"mail": "complaints@example.cn", "phone": "010-12345678"},
        },
    }  # fmt: skip
    whole = b"".join(each.body for each in receiver.arrived).decode()
    for word in (SECRET_WORDS, "reporter@example.com", filed.code, filed.uid, HANDLER.ref):
        assert word not in whole
    assert stands(office, filed) == ("sent", ["forwarded", "forward_sent"])
    (entry,) = (each for each in entries(office, filed) if each.type == "forwarded")
    assert entry.meta["way"] == "webhook"


def entries(office, filed):
    with office.installation.reading() as work:
        return history(work, filed.uid)


def test_a_vendor_that_is_down_is_asked_again_under_the_same_id(office, receiver):
    receiver.answers = [500, 302]
    filed = handed(office)
    for pause in (*PAUSES[:2], 0):
        run(office)
        office.pass_time(minutes=pause)
    assert len({each.id for each in receiver.arrived}) == 1
    assert len(receiver.arrived) == 3
    assert stands(office, filed) == ("sent", ["forwarded", "forward_sent"])


def test_what_is_refused_for_good_fails_visibly_and_can_be_sent_again(office, receiver):
    receiver.answers = [410]
    filed = handed(office)
    run(office)
    assert stands(office, filed) == ("failed", ["forwarded", "forward_failed"])
    (row,) = office.outbox(OURS)
    assert (row.state, row.last_error) == ("dead", "WebhookRefused 410")
    office.installation.database.write(lambda session: sending.retry(session, row.id, office.now))
    run(office)
    assert stands(office, filed) == ("sent", ["forwarded", "forward_failed", "forward_sent"])


def test_no_message_goes_into_a_network_that_was_not_allowed(office, receiver):
    office.installation.__dict__["reach"] = Reach()
    filed = handed(office)
    run(office)
    assert receiver.arrived == []
    assert office.outbox(OURS)[0].last_error == "WebhookAddress private"
    assert stands(office, filed)[0] == "queued"


@pytest.mark.parametrize(
    ("change", "reason"), [({"file_policy": True}, "NoVendorWebhook"), ({"vendor_keys": {}}, "NoVendorKey")]
)
def test_without_an_address_or_a_key_it_waits_and_says_why(office, receiver, change, reason):
    filed = handed(office)
    known = office.installation.__dict__
    if "file_policy" in change:
        change = {"file_policy": dataclasses.replace(known["file_policy"], models=())}
    kept = {name: known[name] for name in change}
    known.update(change)
    run(office)
    (row,) = office.outbox(OURS)
    assert (row.state, row.attempts, row.last_error, receiver.arrived) == ("queued", 0, reason, [])
    known.update(kept)
    office.pass_time(minutes=sending.POSTPONE_MINUTES)
    run(office)
    assert stands(office, filed)[0] == "sent"


@pytest.mark.parametrize("vendor", ["第三家", BESIDE])
def test_a_vendor_without_address_or_key_is_refused_at_the_click(office, vendor):
    office.installation.__dict__["vendor_keys"] = vendor_keys({VENDOR: KEY, "第三家": KEY})
    with pytest.raises(InputError) as caught:
        handed(office, vendor=vendor)
    assert set(caught.value.fields) == {"way"}
    assert office.outbox(OURS) == []


def test_what_is_only_stored_meanwhile_does_not_leave(office, receiver):
    filed = handed(office)
    office.act(filed, erasure.request, COMPLAINANT)
    run(office)
    assert receiver.arrived == []
    assert stands(office, filed)[0] == "failed"


def test_of_a_restricted_matter_nothing_goes_out_but_the_approved_text(office, receiver):
    handed(office, "minor", confirmed=True)
    run(office)
    (message,) = receiver.arrived
    said = json.loads(message.body)["data"]
    assert said["extract"] == EXTRACT
    assert not {"complaint_type", "risk_class", "state"} & set(said)


def test_doctor_names_vendors_without_a_key_and_keys_without_a_vendor(office):
    assert not any(VENDOR in each.what or BESIDE in each.what for each in gaps(office))
    office.installation.__dict__["vendor_keys"] = vendor_keys({VENDOR: KEY, "沉默的公司": KEY})
    said = [each.what for each in gaps(office)]
    assert sum(BESIDE in each for each in said) == sum("沉默的公司" in each for each in said) == 1
    assert not any(VENDOR in each for each in said)


def gaps(office):
    with office.installation.reading() as work:
        return list(reach.gaps(office.installation, work.session, office.people))
