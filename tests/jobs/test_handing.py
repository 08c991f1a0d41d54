"""A complaint handed on to a model's vendor by a real mail server, and what is recorded of it."""

from __future__ import annotations

from email import message_from_bytes, policy

import pytest
from installing import HANDLER, POLICY
from smtp import Answers, serving
from sqlalchemy import select

from complaints.cases import erasure, forwarding, handling, intake
from complaints.delivery import sending
from complaints.delivery.mail import MailSettings, Post
from complaints.delivery.sending import PAUSES
from complaints.jobs.ticks import tick
from complaints.ledger.reading import history
from complaints.ledger.work import COMPLAINANT
from complaints.policy.profile import load
from complaints.store.tables import Forward, Outbox

MODEL = """
[[models]]
name = "示例大模型"
vendor = "星河智能有限公司"
vendor_mail = "abuse@vendor.example.com"
"""
EXTRACT = "我方编号：TS1\n\n模型说太阳绕着地球转"


@pytest.fixture
def office(any_office, tmp_path):
    """An office whose policy names a vendor, with a complaint of somebody else's beside."""
    path = tmp_path / "vendor.toml"
    path.write_text(POLICY + MODEL, encoding="utf-8")
    any_office.installation.__dict__["file_policy"] = load(path)
    any_office.file()
    return any_office


@pytest.fixture
def handed(office):
    filed = office.file(answer=intake.Answer("太阳绕着地球转", mark="verified"))
    office.act(filed, handling.accept, HANDLER)
    (key,) = forwarding.vendors(office.installation.file_policy)
    office.act(filed, forwarding.forward, HANDLER, vendor=key, way="mail", text=EXTRACT)
    return filed


def run(office, port):
    config = {"MAIL_SERVER": "127.0.0.1", "MAIL_PORT": port, "MAIL_DEFAULT_SENDER": "noreply@example.cn"}
    post = Post(MailSettings.of(office.settings, config))
    with office.app.app_context():
        return tick(office.installation, people=office.people, post=post, alone=True)


def state(office, filed):
    with office.installation.reading() as work:
        return work.session.scalar(select(Forward.state).where(Forward.complaint_id == office.case(filed).id))


def kinds(office, filed):
    with office.installation.reading() as work:
        found = history(work, filed.uid)
    return [each.type for each in found if each.type.startswith("forward")]


def to_vendor(answers):
    return [each for each in answers.mails if each.rcpt_tos == ["abuse@vendor.example.com"]]


def test_the_vendor_gets_the_extract_once_and_nothing_of_the_person(office, handed):
    answers = Answers()
    with serving(answers) as port:
        run(office, port)
        run(office, port)

    (envelope,) = to_vendor(answers)
    mail = message_from_bytes(envelope.content, policy=policy.default)
    text = mail.get_body(("plain",)).get_content()
    assert "模型说太阳绕着地球转" in text
    assert "示例大模型" in text
    assert mail["Reply-To"] == "complaints@example.cn"
    assert "太阳" not in mail["Subject"]
    whole = text + mail.get_body(("html",)).get_content()
    assert all(each not in whole for each in ("reporter@example.com", "回答里说的事情", "/complaints/"))
    assert (state(office, handed), kinds(office, handed)) == ("sent", ["forwarded", "forward_sent"])


def test_a_mail_that_is_refused_for_good_fails_and_can_be_sent_again(office, handed):
    answers = Answers()
    answers.rcpt = ["550 no such user"] * 50
    with serving(answers) as port:
        run(office, port)
        for _ in range(len(PAUSES) + 1):
            if state(office, handed) == "failed":
                break
            office.pass_time(days=1)
            run(office, port)
        assert kinds(office, handed) == ["forwarded", "forward_failed"]
        (letter,) = office.outbox(Outbox.kind == "forward")
        answers.rcpt.clear()
        office.installation.database.write(lambda session: sending.retry(session, letter.id, office.now))
        run(office, port)

    assert (state(office, handed), len(to_vendor(answers))) == ("sent", 1)


def test_without_an_address_it_waits_and_says_why(office, handed):
    office.installation.__dict__["file_policy"] = load()
    with serving(Answers()) as port:
        run(office, port)
    (letter,) = office.outbox(Outbox.kind == "forward")
    assert (letter.state, letter.last_error, state(office, handed)) == ("queued", "NoVendorMail", "queued")


def test_what_is_only_stored_meanwhile_does_not_leave(office, handed):
    office.act(handed, erasure.request, COMPLAINANT)
    answers = Answers()
    with serving(answers) as port:
        run(office, port)
    assert to_vendor(answers) == []
    assert state(office, handed) == "failed"
