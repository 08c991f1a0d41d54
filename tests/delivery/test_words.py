"""What people read in mails: every kind, both languages; short, harmless on a lock screen, dates of the policy."""

from __future__ import annotations

import re
from urllib.parse import urlparse

import arrangements
import pytest
from installing import HANDLER, SECRET_WORDS, SUPERVISOR
from sqlalchemy import select, update

from complaints.base.ids import sha256_hex
from complaints.cases import access, appeal, conversation, deciding, handling, overdue, relations
from complaints.cases.step import tell
from complaints.delivery.people import Recipient
from complaints.delivery.sending import DeliveryError, OutboxView
from complaints.jobs.reckoning import reckon_anew
from complaints.policy.deadlines import words
from complaints.policy.states import RELEASES, TRANSITIONS
from complaints.sla.sweep import sweep
from complaints.store.tables import Complaint, Outbox, Token
from complaints.web import mails, notices

TOLD = sorted(
    {row.tells for row in TRANSITIONS.values() if row.tells}
    | {row.tells for row in RELEASES.values()}
    | {"late", "moved", "code_link", "verify"}
)
BOTH = ("zh", "en")


def view(found):
    names = OutboxView.__dataclass_fields__
    return OutboxView(**{name: getattr(found, name) for name in names})


def letter(office, kind, filed, seq=1):
    office.act(filed, tell, kind, seq)
    found = office.outbox(Outbox.kind == kind, Outbox.channel == "mail")[-1]
    with office.app.app_context():
        return mails.letter(office.installation, view(found))


def decision(office):
    with office.installation.reading() as work:
        reason = next(
            key
            for key, each in work.policy.decision_reasons.items()
            if not each.outcomes or "upheld" in each.outcomes
        )
    return deciding.Decision("upheld", reason, "我们核实了，确实不对")


@pytest.mark.parametrize("lang", BOTH)
@pytest.mark.parametrize("kind", TOLD)
def test_every_kind_is_short_harmless_and_in_the_persons_language(office, kind, lang):
    filed = office.file(lang=lang)
    mail = letter(office, kind, filed)
    lines = [line for line in mail.text.splitlines() if line.strip()]
    assert 3 < len(lines) <= 8
    assert filed.number in mail.subject
    for text in (mail.subject, mail.text, mail.html):
        assert SECRET_WORDS not in text
        assert filed.code not in text
        assert filed.uid not in text
        assert "！" not in text
        assert "{" not in text
        assert not re.search(r"style=|<script|<img| src=", text)
    if lang == "zh":
        assert len(mail.subject) <= 35
        prose = re.sub(r"https://\S+|TS\w+-\w+", "", mail.text)
        assert not re.search(r"[A-Za-z]{3,}", prose), prose
    else:
        assert not re.search(r"[\u4e00-\u9fff]", mail.text)
    assert mail.html.startswith("<!doctype html>")
    for link in re.findall(r"https?://[^\s\"<]+", mail.text + mail.html):
        assert urlparse(link).netloc == "ai.example.cn"
        assert filed.number not in link


@pytest.mark.parametrize("lang", BOTH)
def test_the_dates_of_a_receipt_are_those_of_the_complaint(office, lang):
    filed = office.file(lang=lang)
    case = office.case(filed)
    mail = letter(office, "received", filed)
    assert words(case.accept_due, lang) in mail.text
    assert words(case.result_due, lang) in mail.text


def test_a_receipt_carries_a_link_that_confirms_the_address_once(office):
    filed = office.file()
    mail = letter(office, "received", filed)
    token = re.search(r"https://ai\.example\.cn/complaints/confirm/(\S+)", mail.text).group(1)
    assert token in mail.html
    with office.installation.reading() as work:
        kept = work.session.scalars(select(Token)).one()
        rows = work.session.scalars(select(Outbox)).all()
    assert (kept.token_hash, kept.purpose) == (sha256_hex(token.encode()), "verify")
    assert all(token not in str(vars(row)) for row in rows)
    office.installation.write(lambda work: access.verify_contact(work, token))
    assert office.case(filed).contact_verified
    assert "/confirm/" not in letter(office, "received", filed, 2).text
    code = letter(office, "code_link", filed)
    assert "/complaints/code/" in code.text
    assert office.findings() == []


def test_a_question_says_until_when_in_subject_and_text(office):
    filed = office.file()
    with office.installation.reading() as work:
        reason = next(iter(work.policy.ask_reasons))
    office.act(filed, conversation.ask, HANDLER, "哪一天？", reason=reason, days=5)
    due = words(office.case(filed).reply_due, "zh")
    mail = letter(office, "question", filed)
    assert due in mail.text
    assert due.split("年")[1].split("（")[0] in mail.subject
    assert "哪一天" not in mail.text


def test_an_answer_names_the_last_day_for_a_review_and_no_outcome(office):
    filed = office.file()
    office.act(filed, handling.accept, HANDLER)
    office.act(filed, deciding.decide, HANDLER, decision(office))
    office.pass_time(minutes=5)
    office.act(filed, deciding.release)
    case = office.case(filed)
    mail = letter(office, "decided", filed)
    assert words(case.appeal_until, "zh") in mail.text
    assert "成立" not in mail.text
    office.act(filed, appeal.appeal, "不同意")
    review = letter(office, "review_started", filed)
    assert words(office.case(filed).result_due, "zh") in review.text
    office.act(filed, appeal.review, SUPERVISOR, "confirm", deciding.Decision("", "", "维持"))
    office.pass_time(minutes=5)
    office.act(filed, deciding.release)
    assert "复核" in letter(office, "review_result", filed).text


def test_nothing_in_a_mail_betrays_a_decision_not_yet_released(office):
    filed = office.file()
    office.act(filed, handling.accept, HANDLER)
    before = letter(office, "accepted", filed).text
    office.act(filed, deciding.decide, HANDLER, decision(office))
    assert letter(office, "accepted", filed, 2).text == before


def test_a_late_mail_says_which_promise_was_missed_and_a_moved_one_both_dates(office):
    filed = office.file()
    missed = office.case(filed)
    office.pass_time(days=5)
    with office.installation.reading() as rules:
        pass
    sweep(office.installation.database, rules.on, office.now, overdue.act)
    found = office.outbox(Outbox.kind == "late", Outbox.recipient == "complainant")[0]
    with office.app.app_context():
        mail = mails.letter(office.installation, view(found))
    assert words(missed.accept_due, "zh") in mail.text
    assert words(missed.result_due, "zh") in mail.text
    assert "抱歉" in mail.text
    other = office.file("illegal_content" if missed.type != "illegal_content" else "other")
    was = office.case(other).result_due
    office.act(other, handling.reclassify, HANDLER, complaint_type="ncii")
    now = office.case(other).result_due
    moved = office.outbox(Outbox.kind == "moved")
    if now != was:
        with office.app.app_context():
            text = mails.letter(office.installation, view(moved[-1])).text
        assert words(was, "zh") in text
        assert words(now, "zh") in text
    else:
        assert moved == []


@pytest.mark.parametrize(
    ("lang", "says"),
    [
        (
            "zh",
            (
                "2027年1月5日（周二）",
                "2027年1月6日（周三）",
                f"原因：2027年放假安排已经公布：{arrangements.NOTICE}",
            ),
        ),
        (
            "en",
            (
                "Tuesday 5 January 2027",
                "Wednesday 6 January 2027",
                "Reason: the holidays of 2027 are published",
            ),
        ),
    ],
)
def test_a_mail_about_a_new_calendar_names_both_dates_and_the_notice(office, lang, says):
    office.now = arrangements.BEFORE
    office.file("illegal_content", lang=lang)
    arrangements.take(office, arrangements.LONG)
    reckon_anew(office.installation)
    (moved,) = office.outbox(Outbox.kind == "moved")
    with office.app.app_context():
        mail = mails.letter(office.installation, view(moved))
    for each in says:
        assert each in mail.text
    assert arrangements.NOTICE not in mail.subject


def test_test_cases_are_marked_and_a_long_product_name_is_cut(office):
    filed = office.file(is_test=True)
    assert letter(office, "accepted", filed).subject.startswith("〔测试〕〔灵犀助手〕")
    assert len(mails.product_mark("一个名字特别特别长的人工智能产品")) <= 12


@pytest.mark.tampered
def test_without_an_address_or_after_erasure_there_is_nothing_to_send(office):
    filed = office.file(phone="13800138000", mail="")
    with office.app.app_context(), pytest.raises(DeliveryError) as caught:
        mails.letter(office.installation, view(office.outbox()[0]))
    assert caught.value.fate == "drop"
    office.execute(update(Complaint).where(Complaint.uid == filed.uid).values(erased_at=office.now))
    with office.app.app_context(), pytest.raises(DeliveryError) as caught:
        mails.notification(office.installation, view(office.outbox(Outbox.channel == "notify")[0]))
    assert (caught.value.reason, caught.value.fate) == ("Erased", "drop")


@pytest.mark.parametrize("lang", BOTH)
@pytest.mark.parametrize("kind", TOLD)
def test_a_short_message_needs_no_mail_and_holds_no_one_time_link(office, kind, lang):
    filed = office.file(lang=lang, mail="", phone="13800138000")
    office.act(filed, tell, kind, 9)
    found = office.outbox(Outbox.kind == kind, Outbox.channel == "notify")[-1]
    if kind == "code_link":
        with pytest.raises(DeliveryError):
            mails.notification(office.installation, view(found))
        return
    with office.app.app_context():
        told = mails.notification(office.installation, view(found))
    assert set(told) == {"event_id", "kind", "number", "phone", "text", "lang"}
    assert told["phone"] == "13800138000"
    assert filed.number in told["text"] or kind == "verify"
    assert len(told["text"]) <= 300
    assert "/confirm/" not in told["text"]
    assert SECRET_WORDS not in told["text"]
    with office.installation.reading() as work:
        assert work.session.scalars(select(Token)).all() == []


def digest(office, person=None, *conditions):
    found = office.outbox(Outbox.recipient.in_(("operators", "supervisors")), *conditions)
    with office.app.app_context():
        return notices.digest(office.installation, [view(each) for each in found], person or office.staff[0])


def test_one_notice_names_the_complaint_in_its_subject(office):
    filed = office.file()
    mail = digest(office)
    assert mail.subject == f"〔灵犀助手〕{filed.number} 新投诉"
    assert f"https://ai.example.cn/complaints/admin/case/{filed.number}" in mail.text
    assert SECRET_WORDS not in mail.text
    assert "reporter@example.com" not in mail.text + mail.html


def test_a_digest_begins_with_what_is_late_and_says_each_complaint_once(office):
    old = office.file()
    office.pass_time(days=20)
    with office.installation.reading() as rules:
        pass
    sweep(office.installation.database, rules.on, office.now, overdue.act)
    new = office.file()
    mail = digest(office, Recipient("b", "Bea", "b@example.cn", lang="en"))
    assert mail.subject == "[灵犀助手] 1 late, 1 due this week"
    assert mail.text.index("Late") < mail.text.index(old.number) < mail.text.index(new.number)
    assert mail.text.count(f"{old.number} ") == 1
    assert "Due soon" not in mail.text


def test_a_hundred_complaints_make_one_short_mail(office):
    for _ in range(100):
        office.file()
    mail = digest(office)
    assert len(mail.text.splitlines()) < 60
    assert "另有80件" in mail.text


def test_a_warning_about_what_has_been_settled_is_not_sent(office):
    filed = office.file()
    office.pass_time(days=5)
    with office.installation.reading() as rules:
        pass
    sweep(office.installation.database, rules.on, office.now, overdue.act)
    office.act(filed, relations.withdraw)
    with pytest.raises(DeliveryError) as caught:
        digest(office, None, Outbox.kind.in_(("warn", "due", "late")))
    assert (caught.value.reason, caught.value.fate) == ("Settled", "drop")
