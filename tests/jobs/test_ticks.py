from __future__ import annotations

import json
import threading
from collections import Counter

import pytest
from installing import HANDLER, MONDAY, Office
from smtp import Answers, serving
from sqlalchemy import event, select, update

from complaints.base.clock import stamp
from complaints.cases import conversation, deciding, handling
from complaints.delivery.health import measure
from complaints.delivery.mail import MailSettings, Post
from complaints.jobs import leases
from complaints.jobs.ticks import Ticked, tick
from complaints.store.tables import Complaint, Event, Lease, Milestone, Outbox, Token


class Recorder(Post):
    """Keeps letters instead of sending them."""

    def __init__(self):
        self.letters = []

    def check(self):
        pass

    def send(self, letter):
        self.letters.append(letter)


def run(office, post=None, **options):
    with office.app.app_context():
        return tick(office.installation, people=office.people, post=post or Recorder(), **options)


def decided(office):
    filed = office.file()
    office.act(filed, handling.accept, HANDLER)
    with office.installation.reading() as work:
        reason = next(
            key
            for key, each in work.policy.decision_reasons.items()
            if not each.outcomes or "upheld" in each.outcomes
        )
    office.act(filed, deciding.decide, HANDLER, deciding.Decision("upheld", reason, "我们核实了"))
    return filed


def events(office, filed):
    with office.installation.reading() as work:
        query = select(Event.type).where(Event.stream == filed.uid).order_by(Event.seq)
        return list(work.session.scalars(query))


def test_an_idle_tick_costs_three_statements_however_much_is_open(office):
    for _ in range(5):
        office.file()
    run(office)
    office.pass_time(seconds=30)
    statements = []
    event.listen(
        office.installation.database.engine,
        "before_cursor_execute",
        lambda *arguments: statements.append(arguments[2]),
    )
    assert run(office) == Ticked()
    assert len(statements) <= 3, statements
    with office.installation.reading() as work:
        assert measure(work.session, office.now).beat_lag == 0


def test_a_filing_is_told_to_everybody_over_real_smtp(tmp_path, office):
    answers = Answers()
    with serving(answers) as port:
        config = {"MAIL_SERVER": "127.0.0.1", "MAIL_PORT": port, "MAIL_DEFAULT_SENDER": "n@example.cn"}
        post = Post(MailSettings.of(office.settings, config))
        office.file()
        office.file()
        assert run(office, post).sent.sent == 6
    to = Counter(mail.rcpt_tos[0] for mail in answers.mails)
    assert to == {"reporter@example.com": 2, "a@example.cn": 1, "b@example.cn": 1}


def test_smtp_being_down_costs_nothing_but_time(office):
    post = Post(
        MailSettings.of(
            office.settings, {"MAIL_SERVER": "127.0.0.1", "MAIL_PORT": 1, "MAIL_DEFAULT_SENDER": "n@x.cn"}
        )
    )
    office.file()
    assert run(office, post).sent.retried == 1
    office.pass_time(minutes=2)
    recorder = Recorder()
    assert run(office, recorder).sent.sent == 3
    assert {letter.to for letter in recorder.letters} == {
        "reporter@example.com",
        "a@example.cn",
        "b@example.cn",
    }


def test_a_decision_goes_out_when_its_undo_time_is_over_and_not_before(office):
    filed = decided(office)
    run(office)
    office.pass_time(seconds=60)
    assert run(office).released == 0
    assert office.case(filed).released_at is None
    office.pass_time(seconds=61)
    recorder = Recorder()
    assert run(office, recorder).released == 1
    assert office.case(filed).released_at == office.now
    assert [letter.to for letter in recorder.letters] == ["reporter@example.com"]
    assert run(office).released == 0


def test_after_an_outage_a_decision_meets_its_date_before_that_date_is_called_missed(office):
    filed = decided(office)
    office.pass_time(days=30)
    done = run(office)
    assert done.released == 1
    assert "clock" not in events(office, filed)
    assert not office.case(filed).late


def test_silence_of_the_complainant_ends_a_pause_at_the_promised_day(office):
    filed = office.file()
    with office.installation.reading() as work:
        reason = next(iter(work.policy.ask_reasons))
    office.act(filed, conversation.ask, HANDLER, "哪一天？", reason=reason, days=3)
    run(office)
    office.now = office.case(filed).reply_due
    office.pass_time(seconds=-1)
    assert run(office).resumed == 0
    office.pass_time(seconds=1)
    recorder = Recorder()
    assert run(office, recorder).resumed == 1
    assert office.case(filed).paused_at is None
    assert any("继续办理" in letter.text for letter in recorder.letters)


def test_an_answered_complaint_closes_when_the_time_for_a_review_is_over(office):
    filed = decided(office)
    office.pass_time(minutes=5)
    run(office)
    office.now = office.case(filed).appeal_until
    office.pass_time(hours=2)
    assert run(office).closed == 1
    assert office.case(filed).state == "closed"
    assert events(office, filed)[-1] == "closed"


@pytest.mark.tampered
def test_one_broken_complaint_does_not_keep_others_from_being_released(office):
    filings = [decided(office) for _ in range(3)]
    office.execute(
        update(Complaint).where(Complaint.uid == filings[1].uid).values(policy_version=99, type="gone")
    )
    office.pass_time(minutes=5)
    broken = deciding.release

    def release(work, case):
        if case.uid == filings[1].uid:
            raise KeyError(case.type)
        return broken(work, case)

    patch = pytest.MonkeyPatch()
    with patch.context() as changed:
        changed.setattr(deciding, "release", release)
        done = run(office)
    assert (done.released, done.failed) == (2, 1)


def test_what_has_expired_is_thrown_away_once_an_hour(office):
    office.file()
    run(office)
    with office.installation.reading() as work:
        assert work.session.scalars(select(Token)).all()
    office.pass_time(days=40)
    assert run(office).cleaned == 1
    with office.installation.reading() as work:
        assert work.session.scalars(select(Token)).all() == []


def test_a_worker_leaves_the_work_to_the_holder_of_the_lease_until_it_ends(office):
    office.file()
    office.execute(
        Lease.__table__.insert().values(name="tick", owner="another:1", until=office.now.replace(minute=1))
    )
    assert run(office).skipped
    assert run(office, alone=True).sent.sent == 3
    office.file()
    office.pass_time(minutes=1)
    assert not run(office).skipped


def test_the_first_ticks_of_two_workers_do_not_collide(any_office):
    office, taken, barrier = any_office, [], threading.Barrier(4)

    def first():
        barrier.wait()
        taken.append(leases.take(office.installation.database, "tick", office.now, 60))

    threads = [threading.Thread(target=first) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 4
    assert any(taken)


def test_two_workers_that_ignore_the_lease_still_do_each_thing_once(any_office):
    office = any_office
    answered = [decided(office) for _ in range(10)]
    waiting = [office.file() for _ in range(40)]
    office.execute(update(Outbox).values(state="sent"))
    office.pass_time(days=10)
    posts, errors, barrier = [Recorder(), Recorder()], [], threading.Barrier(2)

    def work_through(post):
        try:
            barrier.wait()
            done = run(office, post, alone=True)
            if done.failed or done.swept.failed:
                errors.append(done)
        except Exception as error:  # noqa: BLE001 - shown by the assertion below
            errors.append(error)

    threads = [threading.Thread(target=work_through, args=(post,)) for post in posts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    letters = [letter for post in posts for letter in post.letters]
    told = Counter(letter.message_id for letter in letters)
    assert set(told.values()) == {1}
    assert all(events(office, filed).count("released") == 1 for filed in answered)
    assert all(events(office, filed).count("clock") == 1 for filed in waiting)
    print(f"2 workers, 50 complaints, {len(letters)} mails")


def test_five_days_without_a_clock_end_in_one_mail_per_operator_and_true_dates(office):
    filings = [office.file() for _ in range(12)]
    run(office)
    office.pass_time(days=25)
    recorder = Recorder()
    run(office, recorder)
    to = Counter(letter.to for letter in recorder.letters)
    assert (to["a@example.cn"], to["b@example.cn"]) == (1, 1)
    assert all(office.case(filed).late for filed in filings)


def test_a_burst_of_two_thousand_notices_is_one_mail_for_each_person(office):
    filings = [office.file() for _ in range(210)]
    run(office)
    office.pass_time(days=25)
    recorder = Recorder()
    done = run(office, recorder)
    assert done.swept.acted > 1000
    assert done.sent.sent > 2000
    to = Counter(letter.to for letter in recorder.letters)
    assert (to["a@example.cn"], to["b@example.cn"]) == (1, 1)
    assert len(filings) == 210


def test_lateness_counts_from_the_date_and_not_from_when_somebody_looked(office):
    filed = office.file()
    office.pass_time(days=25)
    run(office)
    with office.installation.reading() as work:
        case = work.session.scalar(select(Complaint).where(Complaint.uid == filed.uid))
        true = {
            (row.kind, row.step): stamp(row.due_at)
            for row in work.session.scalars(select(Milestone).where(Milestone.complaint_id == case.id))
        }
        (leaf,) = work.session.scalars(
            select(Event.leaf).where(Event.stream == filed.uid, Event.type == "clock")
        )
    said = {(each["kind"], each["step"]): each["at"] for each in json.loads(leaf)["meta"]["due"]}
    assert said
    assert said.items() <= true.items()
    assert all(at < stamp(office.now) for at in said.values())


def test_host_callbacks_tell_by_phone_once_accepted_and_again_after_a_failure(office):
    office.file(mail="", phone="13800138000")
    calls = []

    def by_phone(message):
        calls.append(message)
        if len(calls) == 1:
            raise ConnectionError("gateway 13800138000")

    office.notifiers["phone"] = by_phone
    assert run(office).sent.retried == 1
    office.pass_time(minutes=2)
    assert run(office).sent.sent == 1
    assert calls[0] == calls[1]
    assert calls[0]["phone"] == "13800138000"
    assert calls[0]["kind"] == "received"
    assert "13800138000" not in str([vars(row) for row in office.outbox()])


def test_without_a_callback_a_short_message_is_dropped(office):
    office.file(mail="", phone="13800138000")
    assert run(office).sent.dropped == 1
    assert office.outbox(Outbox.channel == "notify")[0].state == "dropped"


def test_without_a_base_address_or_a_mail_server_mails_wait_and_health_says_so(tmp_path, engine):
    office = Office(engine, tmp_path, COMPLAINTS_BASE_URL="")
    office.file()
    assert run(office).sent.postponed >= 1
    office.pass_time(minutes=10)
    run(office, Post(MailSettings.of(office.settings, {})))
    with office.installation.reading() as work:
        found = measure(work.session, office.now)
    assert "setup" in found.alarms
    assert found.dead == 0
    assert {row.state for row in office.outbox(Outbox.kind == "received")} == {"queued"}
    assert office.now > MONDAY
