"""The monthly report by mail: when, to whom, once, over a real SMTP server, and what it must not say."""

from __future__ import annotations

import multiprocessing
import os
import re
import subprocess
from datetime import UTC, date, datetime
from email import message_from_bytes, policy

import pytest
from smtp import Answers, serving

from complaints.administration import operators
from complaints.administration.installation import Hooks
from complaints.administration.publishing import publish
from complaints.base.errors import ConfigError, InputError
from complaints.cases import people
from complaints.cases.measuring import Span
from complaints.delivery.mail import MailSettings, Post
from complaints.evidence import monthly_paper
from complaints.jobs.reporting import due, queue_reports
from complaints.jobs.ticks import tick
from complaints.ledger.reading import history
from complaints.ledger.work import SYSTEM, Actor
from complaints.policy.workdays import Calendar
from complaints.store.tables import Outbox

CAROL = Actor("admin", "op_carol")
REPORTS = Outbox.recipient.like("monthly:%")
# December begins on a Tuesday.
AT_WORK = datetime(2026, 12, 1, 0, 30, tzinfo=UTC)


def published(office):
    office.installation.write(
        lambda work: publish(work, work.policy, CAROL, trial=False, render_page=lambda *_: "")
    )


def hire(office, login, *roles, wanted=True, lang="zh", **values):
    def write(work):
        row, _ = operators.create(
            work, login, login.title(), roles, mail=f"{login}@example.cn", by=CAROL, **values
        )
        row.lang = lang
        return operators.send_monthly(work, login, wanted=wanted, by=CAROL).ref

    return office.installation.write(write)


def run(office, port):
    config = {"MAIL_SERVER": "127.0.0.1", "MAIL_PORT": port, "MAIL_DEFAULT_SENDER": "n@example.cn"}
    with office.app.app_context():
        post = Post(MailSettings.of(office.settings, config))
        done = tick(office.installation, people=office.people, post=post, alone=True)
        # What the hourly round has queued leaves with the tick after it.
        office.pass_time(seconds=60)
        tick(office.installation, people=office.people, post=post, alone=True)
    return done


def received(answers):
    """The monthly reports by address."""
    mails = [message_from_bytes(each.content, policy=policy.default) for each in answers.mails]
    return {str(mail["To"].addresses[0].addr_spec): mail for mail in mails if "complaints-monthly" in mail.as_string() or "月度报告" in mail["Subject"] or "Monthly report" in mail["Subject"]}  # fmt: skip


@pytest.fixture
def at_work(any_office):
    """Three complaints of November, one restricted, beside one test case, and operators who want the report or not."""
    office = any_office
    published(office)
    office.filed = [
        office.file("other", mail=""),
        office.file("minor", mail=""),
        office.file("billing", mail=""),
    ]
    office.file("other", mail="", is_test=True)
    hire(office, "boss", "supervisor")
    hire(office, "check", "auditor", lang="en", restricted=True)
    hire(office, "other", "supervisor", wanted=False)
    office.now = AT_WORK
    return office


@pytest.mark.parametrize(
    ("now", "month"),
    [
        # 1 to 8 October 2026: National Day and the days around it.
        (datetime(2026, 10, 1, 2, tzinfo=UTC), None),
        (datetime(2026, 10, 7, 23, tzinfo=UTC), None),
        (datetime(2026, 10, 7, 23, 59, 59, tzinfo=UTC), None),
        (datetime(2026, 10, 8, 0, tzinfo=UTC), date(2026, 9, 1)),
        (datetime(2026, 10, 30, tzinfo=UTC), date(2026, 9, 1)),
        # The first is a Sunday.
        (datetime(2026, 11, 1, 15, tzinfo=UTC), None),
        (datetime(2026, 11, 2, 0, tzinfo=UTC), date(2026, 10, 1)),
        # Still December in London, January in Beijing, and a holiday there.
        (datetime(2026, 12, 31, 16, tzinfo=UTC), None),
        (datetime(2026, 12, 31, 15, 59, tzinfo=UTC), date(2026, 11, 1)),
    ],
)
def test_it_is_due_when_people_come_to_work_on_the_first_working_day(now, month):
    assert due(Calendar.shipped(), now) == (Span.month(month) if month else None)


def test_each_who_wants_it_gets_the_figures_once_in_their_language_and_no_number(at_work):
    answers = Answers()
    with serving(answers) as port:
        assert run(at_work, port).reports == 2
        at_work.pass_time(hours=2)
        assert run(at_work, port).reports == 0
        at_work.pass_time(days=20)
        run(at_work, port)
    found = received(answers)
    sent = [each for each in answers.mails if each.rcpt_tos[0] in {"boss@example.cn", "check@example.cn"}]

    assert (set(found), len([each for each in sent if b"complaints-monthly" in each.content])) == (
        {"boss@example.cn", "check@example.cn"},
        2,
    )
    said = found["boss@example.cn"].get_body(("plain",)).get_content()
    assert "本月收到投诉2件，上月为0件。" in said
    assert "受限类型的投诉不计入" in said
    assert "https://ai.example.cn/complaints/admin/evidence?month=2026-11#monthly" in said
    english = found["check@example.cn"].get_body(("plain",)).get_content()
    assert "3 complaints came in; in the month before it was 0." in english
    assert "left out" not in english
    assert found["check@example.cn"]["Subject"] == "[灵犀助手] Monthly report November 2026"
    for mail in found.values():
        for part in ("plain", "html"):
            assert not re.search(r"TS\d{8}|完全不对", mail.get_body((part,)).get_content())


def test_the_attached_document_holds_figures_and_names_no_complaint(at_work, tmp_path):
    at_work.now = datetime(2027, 1, 4, 2, tzinfo=UTC)
    answers = Answers()
    with serving(answers) as port:
        run(at_work, port)
    mail = received(answers)["boss@example.cn"]
    (file,) = mail.iter_attachments()
    (tmp_path / "report.pdf").write_bytes(file.get_content())
    text = subprocess.run(["pdftotext", "-raw", tmp_path / "report.pdf", "-"], check=True, capture_output=True).stdout.decode()  # fmt: skip

    assert (file.get_filename(), file.get_content_type()) == (
        "complaints-monthly-2026-12.pdf",
        "application/pdf",
    )
    assert "月度报告" in text
    assert not re.search(r"TS\d{8}", text)


def test_a_scheduler_that_was_down_catches_up_with_the_last_month_alone(at_work):
    at_work.now = datetime(2027, 3, 20, 2, tzinfo=UTC)
    assert queue_reports(at_work.installation, at_work.now) == 2

    assert {row.details["since"] for row in at_work.outbox(REPORTS)} == {"2027-01-31T16:00:00.000000Z"}


def test_one_who_asks_for_it_later_gets_the_last_month_and_nobody_gets_it_twice(at_work):
    assert queue_reports(at_work.installation, at_work.now) == 2
    hire(at_work, "late", "admin")
    assert queue_reports(at_work.installation, at_work.now) == 1
    assert queue_reports(at_work.installation, at_work.now) == 0
    exported = [entry for entry in read_system(at_work) if entry.type == "exported"]

    # Each version that leaves: of one who may not know of restricted types, of one who may, and of the late one.
    assert [(entry.meta["brief"], entry.meta.get("restricted", False)) for entry in exported] == [
        (True, False),
        (True, True),
        (True, False),
    ]
    assert {entry.actor for entry in exported} == {str(SYSTEM)}


def read_system(office):
    with office.installation.reading() as work:
        return history(work, "system")


def test_workers_that_look_at_once_queue_it_once(at_work):
    at_work.installation.database.engine.dispose()
    context = multiprocessing.get_context("fork")
    gate, queued = context.Barrier(4), context.Queue()

    def work():
        gate.wait()
        queued.put(queue_reports(at_work.installation, at_work.now))
        queued.close()
        queued.join_thread()
        os._exit(0)

    workers = [context.Process(target=work) for _ in range(4)]
    for each in workers:
        each.start()
    found = sorted(queued.get(timeout=60) for _ in workers)
    for each in workers:
        each.join(60)

    assert found == [0, 0, 0, 2]
    assert len(at_work.outbox(REPORTS)) == 2
    # One of each version.
    assert len([entry for entry in read_system(at_work) if entry.type == "exported"]) == 2
    print(f"4 workers at one report: queued {found}")


@pytest.mark.parametrize("what", ["unasked", "disabled", "handler"])
def test_who_no_longer_wants_or_may_have_it_is_sent_nothing_and_nobody_instead(at_work, what):
    queue_reports(at_work.installation, at_work.now)
    acts = {
        "unasked": lambda work: operators.send_monthly(work, "boss", wanted=False, by=CAROL),
        "disabled": lambda work: operators.disable(work, "boss", by=CAROL),
        "handler": lambda work: operators.change_roles(work, "boss", ["handler"], restricted=False, by=CAROL),
    }
    if what == "disabled":
        hire(at_work, "root", "admin", wanted=False)
    at_work.installation.write(acts[what])
    answers = Answers()
    with serving(answers) as port:
        run(at_work, port)

    assert set(received(answers)) == {"check@example.cn"}
    assert [row.state for row in at_work.outbox(REPORTS)] == ["dropped", "sent"]


def test_without_a_font_or_a_library_the_mail_goes_without_the_document(at_work, monkeypatch):
    def lacking(*_):
        raise ConfigError("a PDF file needs reportlab")

    monkeypatch.setattr(monthly_paper, "document", lacking)
    answers = Answers()
    with serving(answers) as port:
        run(at_work, port)
    mail = received(answers)["boss@example.cn"]

    assert list(mail.iter_attachments()) == []
    assert "附件" not in mail.get_body(("plain",)).get_content()


def test_nothing_is_reported_of_months_before_anything_was_promised(any_office):
    any_office.now = datetime(2026, 12, 1, 2, tzinfo=UTC)
    published(any_office)
    hire(any_office, "boss", "supervisor")

    assert queue_reports(any_office.installation, any_office.now) == 0


def test_only_those_who_answer_for_the_whole_can_ask_for_it(any_office):
    for login, roles, values, said in (
        ("hand", ("handler",), {}, "主管、审计和管理员"),
        ("mute", ("admin",), {"mail": None}, "没有邮箱"),
    ):
        mail = {"mail": f"{login}@example.cn", **values}["mail"]
        any_office.installation.write(
            lambda work, login=login, roles=roles, mail=mail: operators.create(
                work, login, login, roles, mail=mail, by=CAROL
            )
        )
        with pytest.raises(InputError) as refused:
            any_office.installation.write(
                lambda work, login=login: operators.send_monthly(work, login, wanted=True, by=CAROL)
            )
        assert said in refused.value.fields["monthly"][0]


def test_of_a_hosts_people_those_get_it_who_are_listed_for_it(at_work):
    asked = {"boss": True, "calm": False, "hands": True, "mute": True}
    roles = {"hands": frozenset({"handler"})}
    listed = [
        people.Operator(
            f"host-{name}",
            name.title(),
            roles.get(name, frozenset({"supervisor"})),
            mail="" if name == "mute" else f"{name}@host.example",
            monthly=wanted,
        )
        for name, wanted in asked.items()
    ]
    at_work.installation.hooks = Hooks(operator=lambda: None, operators=lambda: listed)
    answers = Answers()
    with serving(answers) as port:
        run(at_work, port)

    [(address, mail)] = received(answers).items()
    assert address == "boss@host.example"
    text = mail.get_body(("plain",)).get_content()
    assert "由产品方设定" in text
    assert "/admin/account" not in text
