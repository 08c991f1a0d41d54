"""Operators' notices from the milestone to the mailbox and the chat room, over real SMTP and HTTP servers."""

from __future__ import annotations

import ast
import re
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from installing import HANDLER, POLICY, Office
from rooms import Robots, listening
from smtp import Answers, free_port, serving
from sqlalchemy import event, select, update

import complaints
from complaints.administration import reach
from complaints.cases import handling
from complaints.cases.step import tell_operators
from complaints.delivery.health import measure
from complaints.delivery.mail import MailSettings, Post
from complaints.delivery.people import Recipient
from complaints.jobs.ticks import tick
from complaints.policy.deadlines import words
from complaints.store.tables import Complaint, Event, Milestone, Outbox

OURS = Outbox.recipient != "complainant"


def run(office, port, **options):
    config = {"MAIL_SERVER": "127.0.0.1", "MAIL_PORT": port, "MAIL_DEFAULT_SENDER": "n@example.cn"}
    with office.app.app_context():
        post = Post(MailSettings.of(office.settings, config))
        return tick(office.installation, people=office.people, post=post, alone=True, **options)


@contextmanager
def mailbox():
    answers = Answers()
    with serving(answers) as port:
        answers.port = port
        yield answers


def to_staff(answers):
    """The mails to operators: address, subject, text."""
    found = []
    for envelope in answers.mails:
        mail = message_from_bytes(envelope.content, policy=policy.default)
        address = envelope.rcpt_tos[0]
        if address != "reporter@example.com":
            found.append(
                (address, mail["Subject"], mail.get_body(("plain",)).get_content(), mail["Message-ID"])
            )
    return found


def quiet(office):
    """What filing queued is out of the way."""
    office.execute(update(Outbox).values(state="sent"))


def warn_all(office, number):
    """Some complaints nobody is in charge of, each with a warning that has come due now."""
    filings = [office.file(mail="") for _ in range(number)]
    quiet(office)
    office.now = office.case(filings[0]).result_due.replace(hour=2)
    office.execute(update(Complaint).values(state="processing", due_next=Complaint.result_due))
    office.execute(update(Milestone).where(Milestone.step != "warn2").values(state="met"))
    office.execute(update(Milestone).where(Milestone.kind != "result").values(state="met"))
    return filings


def test_five_days_down_end_in_one_digest_per_operator_with_the_true_dates(any_office):
    office = any_office
    filings = [office.file(mail="") for _ in range(3)]
    answered = office.case(filings[0]).accept_due
    promised = office.case(filings[0]).result_due
    quiet(office)
    office.now = promised
    office.pass_time(days=2, hours=3)
    with mailbox() as answers:
        run(office, answers.port)
    found = to_staff(answers)
    by_person = Counter(address for address, *_ in found)
    assert by_person["a@example.cn"] == by_person["b@example.cn"] == 1
    subject, text = next((subject, text) for address, subject, text, _ in found if address == "a@example.cn")
    assert subject == "〔灵犀助手〕逾期3件"
    day, accept = (words(due, "zh").partition("年")[2] for due in (promised, answered))
    for filed in filings:
        assert f"{filed.number} 应于{accept}前告知是否受理，未按时做到；应于{day}前答复，已逾期3天" in text
    english = next(text for address, _, text, _ in found if address == "b@example.cn")
    assert f"to be answered by {words(promised, 'en')}, 3 days late" in english
    with office.installation.reading() as work:
        due = work.session.scalars(
            select(Milestone).where(Milestone.kind == "result", Milestone.step == "due")
        )
        assert {(each.state, each.due_at) for each in due} == {("acted", promised)}


def test_while_smtp_is_down_nothing_is_lost_and_nothing_comes_twice(any_office):
    office = any_office
    office.file(mail="")
    office.file(mail="")
    for _ in range(3):
        assert run(office, free_port()).sent.sent == 0
        office.pass_time(minutes=20)
    with mailbox() as answers:
        run(office, answers.port)
        office.pass_time(minutes=20)
        run(office, answers.port)
    assert sorted(address for address, *_ in to_staff(answers)) == ["a@example.cn", "b@example.cn"]


def test_a_crash_after_acceptance_repeats_a_digest_at_most_once_under_the_same_message_id(any_office):
    office = any_office
    for _ in range(3):
        office.file(mail="")
    office.staff = office.staff[:1]

    def crash(connection, cursor, statement, parameters, context, executemany):
        if statement.startswith("UPDATE complaints_outbox") and answers.mails:
            raise SystemExit

    with mailbox() as answers:
        engine = office.installation.database.engine
        event.listen(engine, "before_cursor_execute", crash)
        with pytest.raises(SystemExit):
            run(office, answers.port)
        event.remove(engine, "before_cursor_execute", crash)
        for _ in range(3):
            office.pass_time(minutes=6)
            run(office, answers.port)
    found = to_staff(answers)
    assert len(found) == 2
    assert found[0][1:] == found[1][1:]


@pytest.mark.tampered
def test_five_hundred_warnings_in_one_minute_are_one_mail_per_operator(any_office):
    office = any_office
    warn_all(office, 500)
    with mailbox() as answers:
        done = run(office, answers.port)
    found = to_staff(answers)
    assert done.swept.acted == 500
    assert sorted(address for address, *_ in found) == ["a@example.cn", "b@example.cn"]
    for _, subject, text, _ in found:
        assert "500" in subject
        assert "480" in text
        assert len(text.encode()) < 6000
    assert not office.outbox(OURS, Outbox.state != "sent")
    print("500 warnings, 2 mails")


def test_five_thousand_notices_are_one_mail_per_operator_however_many_a_pass_takes(any_office):
    office = any_office
    filed = office.file(mail="")
    quiet(office)
    first = office.outbox(OURS)[0]
    names = [column.name for column in Outbox.__table__.columns if column.name != "id"]
    alike = {name: getattr(first, name) for name in names} | {"state": "queued"}
    rows = [{**alike, "dedupe": f"m{n}", "message_id": f"<{n}@example.cn>"} for n in range(5000)]
    office.installation.database.write(lambda session: session.execute(Outbox.__table__.insert(), rows))
    with mailbox() as answers:
        assert run(office, answers.port).sent.sent == 10000
        assert run(office, answers.port).sent.sent == 0
    found = to_staff(answers)
    assert sorted(address for address, *_ in found) == ["a@example.cn", "b@example.cn"]
    assert all(filed.number in subject for _, subject, _, _ in found)
    print("5000 notices to a group of 2, 2 mails")


def test_notices_are_gathered_to_one_mail_while_urgent_ones_and_complainants_do_not_wait(tmp_path, engine):
    office = Office(engine, tmp_path, COMPLAINTS_DIGEST_MINUTES=10)
    office.pass_time(minutes=3)
    with mailbox() as answers:
        office.file()
        office.pass_time(minutes=2)
        office.file()
        run(office, answers.port)
        assert to_staff(answers) == []
        assert len(answers.mails) == 2
        urgent = office.file("self_harm")
        run(office, answers.port)
        assert [(address, urgent.number in subject) for address, subject, *_ in to_staff(answers)] == [
            ("b@example.cn", True)
        ]
        office.pass_time(minutes=5)
        run(office, answers.port)
    assert Counter(address for address, *_ in to_staff(answers)) == {"a@example.cn": 1, "b@example.cn": 2}


def test_quiet_hours_hold_the_mail_and_not_the_milestone(tmp_path, engine):
    office = Office(engine, tmp_path, COMPLAINTS_QUIET_HOURS="22:00-08:00")
    filed = office.file(mail="")
    quiet(office)
    office.now = office.case(filed).accept_due
    with mailbox() as answers:
        run(office, answers.port)
        assert office.case(filed).late
        assert to_staff(answers) == []
        office.pass_time(hours=7, minutes=59)
        run(office, answers.port)
        assert to_staff(answers) == []
        office.pass_time(minutes=1)
        run(office, answers.port)
    assert sorted({address for address, *_ in to_staff(answers)}) == ["a@example.cn", "b@example.cn"]
    with office.installation.reading() as work:
        acted = work.session.scalars(
            select(Milestone.acted_at).where(Milestone.kind == "accept", Milestone.step == "due")
        )
        assert list(acted) == [office.case(filed).accept_due]


@pytest.mark.parametrize("group", ["operators", "supervisors", "compliance"])
def test_a_group_with_nobody_in_it_is_an_alarm_and_doctor_says_what_to_do(tmp_path, engine, group):
    office = Office(engine, tmp_path)
    (tmp_path / "policy.toml").write_text(re.sub("compliance_.*\n", "", POLICY), encoding="utf-8")
    office.staff = []
    filed = office.file(mail="")
    quiet(office)
    office.act(filed, tell_operators, "message", 2, to=group)
    with mailbox() as answers:
        run(office, answers.port)
    with office.installation.reading() as work:
        assert "nobody" in measure(work.session, office.now).alarms
        assert reach.waiting(work.session) == 1
        found = [gap.what for gap in reach.gaps(office.installation, work.session, office.people)]
        assert any("1条通知在等待" in what for what in found)
        assert any(f"{group}中没有可以通知的人" in what for what in found)
        office.staff = [Recipient("op_c", "", "c@example.cn", frozenset({"admin"}), restricted=True)]
        found = [gap.what for gap in reach.gaps(office.installation, work.session, office.people)]
        assert not any("中没有可以通知的人" in what for what in found)
    office.pass_time(minutes=6)
    with mailbox() as answers:
        run(office, answers.port)
    assert [address for address, *_ in to_staff(answers)] == ["c@example.cn"]


def test_a_refused_mail_changes_nothing_about_the_complaint_and_is_no_event(any_office):
    office = any_office
    filed = office.file()
    before = vars(office.case(filed)).copy()
    with mailbox() as answers:
        answers.rcpt = ["550 no such user"] * 3
        run(office, answers.port)
    after = vars(office.case(filed)).copy()
    with office.installation.reading() as work:
        events = list(work.session.scalars(select(Event.type).where(Event.stream == filed.uid)))
    assert {row.state for row in office.outbox(Outbox.kind == "received")} == {"dead"}
    assert {**before, "_sa_instance_state": 0} == {**after, "_sa_instance_state": 0}
    assert events == ["filed"]


def test_no_mail_can_open_or_reopen_anything_since_nothing_reads_mail():
    package = Path(complaints.__file__).parent
    imported = {
        name
        for path in package.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in [getattr(node, "module", None) or "", *(alias.name for alias in node.names)]
    }
    assert "smtplib" in imported
    assert not imported & {"imaplib", "poplib", "mailbox", "aiosmtpd", "smtpd", "imap_tools", "flask_mailman"}


def rooms(port):
    return {"supervisors": f"json://127.0.0.1:{port}/sup", "*": f"json://127.0.0.1:{port}/all"}


def test_late_complaints_are_one_message_per_room_with_dates_and_nothing_personal(tmp_path, engine):
    robots = Robots()
    with listening(robots) as port, mailbox() as answers:
        office = Office(engine, tmp_path, COMPLAINTS_PUSH=rooms(port))
        filings = [office.file() for _ in range(8)]
        hidden = office.file("self_harm")
        quiet(office)
        office.pass_time(days=40)
        run(office, answers.port)
        run(office, answers.port)
        turned = office.file()
        office.pass_time(days=40)
        office.act(turned, handling.reclassify, HANDLER, complaint_type="ncii")
        run(office, answers.port)
    first, again = robots.texts[:2], robots.texts[2:]
    assert len(first) == 2
    assert again == []
    for text in first:
        assert text.startswith("〔灵犀助手〕逾期8件\n")
        assert sum(filed.number in text for filed in filings) == 5
        assert "另有3件" in text
        assert text.rstrip().endswith("https://ai.example.cn/complaints/admin/")
        assert re.search(r"应于\d+月\d+日（周.）前答复，已逾期\d+天", text)
        for secret in (hidden.number, "reporter@example.com", "示例科技", "回答里"):
            assert secret not in text
    assert all(turned.number not in text for text in robots.texts)


def test_a_complaint_that_became_restricted_while_its_push_waited_is_counted_and_not_named(tmp_path, engine):
    robots = Robots()
    with listening(robots) as port, mailbox() as answers:
        office = Office(engine, tmp_path, COMPLAINTS_PUSH={"*": f"json://127.0.0.1:{port}/"})
        filings = [office.file(mail="") for _ in range(2)]
        quiet(office)
        office.pass_time(days=40)
        robots.answers = [503]
        run(office, answers.port)
        office.act(filings[0], handling.reclassify, HANDLER, complaint_type="ncii")
        office.pass_time(minutes=2)
        run(office, answers.port)
    (text,) = robots.texts
    assert "逾期2件" in text
    assert filings[0].number not in text
    assert filings[1].number in text
    assert "另有1件" in text


def test_a_room_that_is_down_is_told_later_once_and_keeps_no_mail_and_no_other_room_back(tmp_path, engine):
    robots, other, away = Robots(), Robots(), free_port()
    with mailbox() as answers, listening(other) as port:
        rooms = [f"json://127.0.0.1:{away}/", f"json://127.0.0.1:{port}/"]
        office = Office(engine, tmp_path, COMPLAINTS_PUSH={"*": rooms})
        office.file(mail="")
        quiet(office)
        office.pass_time(days=40)
        run(office, answers.port)
        assert len(other.texts) == 1
        mails = len(to_staff(answers))
        assert mails >= 2
        waiting = office.outbox(Outbox.channel == "push", Outbox.state == "queued")
        assert {row.last_error for row in waiting} == {"PushRefused"}
        office.pass_time(minutes=2)
        with listening(robots, away):
            run(office, answers.port)
            run(office, answers.port)
        assert (len(robots.texts), len(other.texts), len(to_staff(answers))) == (1, 1, mails)
    assert "json://" not in str([vars(row) for row in office.outbox()])


def push_only(office):
    """The policy tells of escalations by push alone."""
    found = office.installation.file_policy
    steps = {
        key: replace(rule, by=("push",)) if key.startswith("escalate") else rule
        for key, rule in found.steps.items()
    }
    office.installation.__dict__["file_policy"] = replace(found, steps=steps)


def test_a_step_without_a_room_is_dropped_where_mail_reaches_somebody_and_an_alarm_where_nothing_does(
    any_office,
):
    office = any_office
    office.file(mail="")
    quiet(office)
    office.pass_time(days=40)
    with mailbox() as answers:
        run(office, answers.port)
        dropped = office.outbox(Outbox.channel == "push")
        assert {(row.state, row.last_error) for row in dropped} == {("dropped", "NoAudience")}
        with office.installation.reading() as work:
            assert "nobody" not in measure(work.session, office.now).alarms
        push_only(office)
        office.file(mail="")
        office.pass_time(days=40)
        run(office, answers.port)
    with office.installation.reading() as work:
        assert "nobody" in measure(work.session, office.now).alarms
        found = [gap.what for gap in reach.gaps(office.installation, work.session, office.people)]
        assert any("escalate1" in what and "supervisors" in what for what in found)


def test_a_push_that_waited_out_the_night_goes_by_mail_if_the_case_is_restricted_by_morning(tmp_path, engine):
    robots = Robots()
    with listening(robots) as port, mailbox() as answers:
        office = Office(
            engine,
            tmp_path,
            COMPLAINTS_PUSH={"*": f"json://127.0.0.1:{port}/"},
            COMPLAINTS_QUIET_HOURS="22:00-08:00",
        )
        push_only(office)
        filed = office.file(mail="")
        quiet(office)
        office.pass_time(days=40, hours=13)
        run(office, answers.port)
        office.act(filed, handling.reclassify, HANDLER, complaint_type="ncii")
        office.execute(update(Outbox).where(Outbox.kind != "late").values(state="dropped"))
        office.pass_time(hours=12)
        run(office, answers.port)
    assert robots.texts == []
    assert sorted(address for address, *_ in to_staff(answers)) == ["b@example.cn", "compliance@example.cn"]


@pytest.mark.parametrize(("kind", "waits"), [("self_harm", False), ("other", True)])
def test_news_and_dates_of_an_urgent_complaint_break_through_the_night(tmp_path, engine, kind, waits):
    office = Office(engine, tmp_path, COMPLAINTS_QUIET_HOURS="22:00-08:00")
    filed = office.file(kind, mail="")
    office.execute(Outbox.__table__.delete())
    office.now = office.case(filed).accept_due
    office.act(filed, tell_operators, "message", 2)
    with mailbox() as answers:
        run(office, answers.port)
    assert (to_staff(answers) == []) == waits
    for notice in ("message", "due"):
        rows = office.outbox(OURS, Outbox.kind == notice)
        assert rows
        assert all((row.not_before > office.now) == waits for row in rows)
