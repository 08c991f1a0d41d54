"""Open complaints after a calendar or a policy has changed: what moves, who is told, what stays as it was."""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import arrangements
import pytest
from arrangements import BEFORE, LONG, year_2027
from installing import HANDLER, MONDAY, POLICY
from jobs.test_ticks import Recorder
from sqlalchemy import event, func, select

from complaints.administration import calendars, underway
from complaints.administration.publishing import publish
from complaints.cases import conversation, handling, intake
from complaints.jobs import reckoning, ticks
from complaints.jobs.reckoning import reckon_anew
from complaints.ledger.reading import history
from complaints.ledger.work import Actor
from complaints.policy.deadlines import shown_date
from complaints.policy.profile import load
from complaints.store.tables import CalendarYear, Complaint, Event, Milestone, Outbox, PolicyVersion


def day(moment):
    return shown_date(moment).isoformat()


def results(office, *filings):
    return [day(office.case(filed).result_due) for filed in filings]


def leaves(office, filed, kind="rescheduled"):
    with office.installation.reading() as work:
        return history(work, filed.uid, types=(kind,))


def moved_mails(office):
    return [row.complaint_id for row in office.outbox(Outbox.kind == "moved")]


def rows_of(office, filed):
    """Everything the tables hold of a complaint."""
    case = office.case(filed)
    with office.installation.reading() as work:
        rows = [
            *work.session.execute(select(Complaint.__table__).where(Complaint.uid == filed.uid)),
            *work.session.execute(
                select(Milestone.__table__).where(Milestone.complaint_id == case.id).order_by(Milestone.id)
            ),
            *work.session.execute(
                select(Event.__table__).where(Event.stream == filed.uid).order_by(Event.id)
            ),
            *work.session.execute(
                select(Outbox.__table__).where(Outbox.complaint_id == case.id).order_by(Outbox.id)
            ),
        ]
    return [tuple(row) for row in rows]


def test_a_date_moved_later_and_one_moved_earlier_each_stand_in_one_event_and_are_told(any_office):
    office = any_office
    office.now = BEFORE - timedelta(days=20)
    noise = [office.file("illegal_content"), office.file("other")]
    office.act(noise[0], handling.accept, HANDLER)
    office.now = BEFORE
    soon, slow = office.file("illegal_content"), office.file("other")
    untouched = [rows_of(office, each) for each in noise]
    assert results(office, soon, slow) == ["2027-01-05", "2027-01-12"]
    assert office.case(soon).provisional
    office.pass_time(hours=1)
    arrangements.take(office, LONG)
    done = reckon_anew(office.installation)
    assert done.moved == 2
    assert not done.finished

    assert results(office, soon, slow) == ["2027-01-06", "2027-01-11"]
    for filed, change in ((soon, ("2027-01-05", "2027-01-06")), (slow, ("2027-01-12", "2027-01-11"))):
        (entry,) = leaves(office, filed)
        assert entry.meta["calendar"] == {
            "year": 2027,
            "revision": 1,
            "notice": arrangements.NOTICE,
            "url": arrangements.URL,
        }
        assert tuple(at[:10] for at in entry.meta["change"]["result_due"]) == tuple(
            (each + "T16:00")[:10] for each in change
        )
        assert entry.actor == "system"
        assert not office.case(filed).provisional
    assert sorted(moved_mails(office)) == sorted(office.case(each).id for each in (soon, slow))
    # Steps around a date move with it; internal targets too, in the same event.
    with office.installation.reading() as work:
        ends = dict(
            work.session.execute(
                select(Milestone.step, Milestone.due_at).where(
                    Milestone.complaint_id == office.case(soon).id, Milestone.kind == "result"
                )
            ).all()
        )
    assert day(ends["due"]) == "2027-01-06"
    assert day(ends["warn1"]) == "2027-01-05"
    assert day(ends["escalate1"]) == "2027-01-07"
    assert day(ends["target"]) == "2026-12-31"
    assert [rows_of(office, each) for each in noise] == untouched
    assert office.findings() == []


def test_reckoning_twice_changes_nothing(any_office):
    office = any_office
    office.now = BEFORE
    filings = [office.file("illegal_content"), office.file("other")]
    arrangements.take(office, LONG)
    reckon_anew(office.installation)
    before = [rows_of(office, each) for each in filings]
    assert reckon_anew(office.installation).moved == 0
    office.pass_time(minutes=3)
    done = reckon_anew(office.installation)
    assert (done.moved, done.failed, done.finished) == (0, 0, True)
    assert [rows_of(office, each) for each in filings] == before
    with office.installation.reading() as work:
        assert underway.jobs(office.installation, work) == []


def test_the_same_data_again_is_no_import_and_no_noise_in_the_log(any_office):
    office = any_office
    office.now = BEFORE
    filed = office.file("illegal_content")
    assert arrangements.take(office, LONG).revision == 1
    assert arrangements.take(office, LONG) is None
    with office.installation.reading() as work:
        imported = work.session.scalars(select(Event.type).where(Event.stream == "system")).all()
        assert imported == ["calendar_imported"]
    # A correction is a revision of its own, and the date goes back to where it was, by an event.
    reckon_anew(office.installation)
    office.pass_time(minutes=1)
    assert arrangements.take(office, year_2027()).revision == 2
    reckon_anew(office.installation)
    assert results(office, filed) == ["2027-01-05"]
    assert [entry.meta["calendar"]["revision"] for entry in leaves(office, filed)] == [1, 2]
    assert office.findings() == []


def test_the_import_says_year_revision_notice_and_digest_and_nobody_but_its_actor(office):
    office.now = BEFORE
    arrangements.take(office, LONG)
    with office.installation.reading() as work:
        (entry,) = history(work, "system")
        row = work.session.get(CalendarYear, (2027, 1))
    assert entry.actor == "admin:op_boss"
    assert entry.meta.keys() == {"year", "revision", "notice", "url", "digest"}
    assert len(entry.meta["digest"]) == 64
    assert (row.imported_by, row.reached, row.applied_at) == ("op_boss", 0, None)


def test_a_provisional_mark_ends_by_an_event_of_its_own_and_without_a_mail(any_office):
    office = any_office
    office.now = BEFORE
    filed = office.file("other")
    assert office.case(filed).provisional
    arrangements.take(office, year_2027())
    reckon_anew(office.installation)
    (entry,) = leaves(office, filed)
    assert entry.meta["change"] == {"provisional": [True, False]}
    assert moved_mails(office) == []
    with office.installation.reading() as work:
        assert work.session.scalar(select(func.count()).where(Milestone.provisional)) == 0
    assert office.findings() == []


def test_a_date_brought_forward_never_moves_later_but_may_move_earlier(office):
    office.now = BEFORE
    forward = office.file("other")
    office.pass_time(minutes=1)
    office.act(forward, handling.reclassify, HANDLER, complaint_type="illegal_content")
    assert results(office, forward) == ["2027-01-05"]
    arrangements.take(office, LONG)
    reckon_anew(office.installation)
    assert results(office, forward) == ["2027-01-05"]
    # What it was filed under would now be earlier still.
    office.pass_time(minutes=1)
    crowded = replace(LONG, off=tuple(each for each in LONG.off if each.date.month > 1))
    arrangements.take(office, crowded)
    reckon_anew(office.installation)
    assert results(office, forward) <= ["2027-01-05"]
    assert office.findings() == []


@pytest.mark.parametrize("resumed", [False, True])
def test_pauses_count_when_dates_are_reckoned_anew(office, resumed):
    office.now = BEFORE
    filed = office.file("illegal_content")
    with office.installation.reading() as work:
        reason = next(iter(work.policy.ask_reasons))
    office.act(filed, conversation.ask, HANDLER, "哪一天？", reason=reason)
    office.pass_time(days=2)
    if resumed:
        office.act(filed, conversation.write, "昨天")
        assert results(office, filed) == ["2027-01-07"]
    arrangements.take(office, LONG)
    reckon_anew(office.installation)
    if not resumed:
        # Standing still it has moved by the holiday only; going on it moves by the pause.
        assert results(office, filed) == ["2027-01-06"]
        office.act(filed, conversation.write, "昨天")
    assert results(office, filed) == ["2027-01-08"]
    assert office.findings() == []


def test_an_earlier_date_never_lies_before_the_end_of_today(office):
    office.now = BEFORE
    filed = office.file("other")
    office.now = BEFORE + timedelta(days=14)
    early = replace(LONG, off=tuple(each for each in LONG.off if each.date.day != 4), work=(*LONG.work,))
    arrangements.take(office, early)
    reckon_anew(office.installation)
    assert results(office, filed) == ["2027-01-11"]
    assert office.case(filed).result_due > office.now


def test_a_warning_given_for_a_date_that_now_lies_later_is_given_again(office):
    office.now = BEFORE
    filed = office.file("illegal_content")
    office.act(filed, handling.accept, HANDLER)
    office.now = BEFORE + timedelta(days=7, hours=1)
    with office.app.app_context():
        ticks.tick(office.installation, people=office.people, post=Recorder())
    assert day(office.now) == "2027-01-04"
    arrangements.take(office, LONG)
    reckon_anew(office.installation)
    with office.installation.reading() as work:
        warned = work.session.execute(
            select(Milestone.revision, Milestone.state, Milestone.due_at)
            .where(
                Milestone.complaint_id == office.case(filed).id,
                Milestone.kind == "result",
                Milestone.step == "warn1",
            )
            .order_by(Milestone.revision)
        ).all()
    assert [(row.state, day(row.due_at)) for row in warned] == [
        ("acted", "2027-01-04"),
        ("pending", "2027-01-05"),
    ]
    assert office.findings() == []


def test_an_import_while_nothing_is_open_ends_by_itself(office):
    office.now = BEFORE
    arrangements.take(office, LONG)
    with office.app.app_context():
        assert ticks.tick(office.installation, people=office.people, post=Recorder()).rescheduled == 0
        office.pass_time(minutes=3)
        ticks.tick(office.installation, people=office.people, post=Recorder())
    with office.installation.reading() as work:
        assert work.session.get(CalendarYear, (2027, 1)).applied_at == office.now


def test_the_clock_goes_on_where_it_stopped_and_is_idle_afterwards(office, monkeypatch):
    monkeypatch.setattr(reckoning, "CHUNK", 2)
    monkeypatch.setattr(reckoning.reckon_anew, "__kwdefaults__", {"limit": 4, "progress": None})
    office.now = BEFORE
    filings = [office.file("illegal_content") for _ in range(7)]
    arrangements.take(office, LONG)
    moved = []
    for _ in range(3):
        with office.app.app_context():
            moved.append(
                ticks.tick(office.installation, people=office.people, post=Recorder(), alone=True).rescheduled
            )
    assert moved == [4, 3, 0]
    assert set(results(office, *filings)) == {"2027-01-06"}
    for _ in range(3):
        office.pass_time(minutes=3)
        with office.app.app_context():
            ticks.tick(office.installation, people=office.people, post=Recorder(), alone=True)
    office.pass_time(seconds=40)
    statements = []
    event.listen(
        office.installation.database.engine,
        "before_cursor_execute",
        lambda *arguments: statements.append(arguments[2]),
    )
    with office.app.app_context():
        assert ticks.tick(office.installation, people=office.people, post=Recorder()) == ticks.Ticked()
    assert len(statements) == 3


def test_what_is_written_by_the_old_calendar_around_the_import_is_not_missed(any_office):
    """A worker has reckoned a filing before the import and writes it after everything was looked at."""
    office = any_office
    office.now = BEFORE
    with office.installation.reading() as work:
        prepared = intake.prepare(work, intake.Filing("illegal_content", {"details": "晚到的一件"}, "s" * 32))
    first = office.file("illegal_content")
    office.pass_time(seconds=5)
    arrangements.take(office, LONG)
    reckon_anew(office.installation)
    late = office.installation.write(lambda work: intake.insert_prepared(work, prepared))
    with office.installation.reading() as work:
        row = work.session.get(CalendarYear, (2027, 1))
        # As if its id had been given out before that of what was seen.
        assert row.reached == office.case(first).id
    office.execute(CalendarYear.__table__.update().values(reached=office.case(late).id))
    office.pass_time(minutes=3)
    reckon_anew(office.installation)
    assert results(office, first, late) == ["2027-01-06", "2027-01-06"]
    assert office.findings() == []


def test_one_complaint_that_cannot_be_reckoned_stops_no_other(office, monkeypatch):
    office.now = BEFORE
    filings = [office.file("illegal_content") for _ in range(5)]
    arrangements.take(office, LONG)
    real = reckoning.recompute.apply

    def apply(work, case, cause):
        if case.uid == filings[2].uid:
            raise RuntimeError("words that must not be logged")
        return real(work, case, cause)

    monkeypatch.setattr(reckoning.recompute, "apply", apply)
    done = reckon_anew(office.installation)
    assert (done.moved, done.failed) == (4, 1)
    assert results(office, *filings).count("2027-01-06") == 4
    assert office.findings() == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_worker_killed_between_two_batches_is_gone_on_from(any_office):
    office = any_office
    office.now = BEFORE
    filings = [office.file("illegal_content") for _ in range(50)]
    arrangements.take(office, LONG)
    child = os.fork()
    if not child:
        try:
            office.installation.database.engine.dispose(close=False)
            reckon_anew(office.installation, progress=lambda count: os.kill(os.getpid(), signal.SIGKILL))
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    counts = Counter(results(office, *filings))
    assert counts == {"2027-01-06": 20, "2027-01-05": 30}
    assert underway.left(office.installation) == 30
    assert reckon_anew(office.installation).moved == 30
    assert set(results(office, *filings)) == {"2027-01-06"}
    assert len(moved_mails(office)) == len(set(moved_mails(office))) == 50
    assert office.findings() == []
    print(f"1 process killed after {counts['2027-01-06']} of {len(filings)}, the next did the rest")


@pytest.mark.parametrize("workers", [2, 4])
def test_workers_that_reckon_at_once_move_each_date_once(any_office, workers):
    office = any_office
    office.now = BEFORE
    filings = [office.file("illegal_content") for _ in range(60)]
    arrangements.take(office, LONG)
    moved, errors, barrier = [], [], threading.Barrier(workers)

    def work_through():
        try:
            barrier.wait()
            done = reckon_anew(office.installation)
            moved.append(done.moved)
            errors.extend(["failed"] * done.failed)
        except Exception as error:  # noqa: BLE001 - shown by the assertion below
            errors.append(error)

    threads = [threading.Thread(target=work_through) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sum(moved) == len(filings)
    with office.installation.reading() as work:
        per_complaint = Counter(
            work.session.scalars(select(Event.stream).where(Event.type == "rescheduled")).all()
        )
    assert per_complaint == {filed.uid: 1 for filed in filings}
    assert Counter(moved_mails(office)) == {office.case(filed).id: 1 for filed in filings}
    assert office.findings() == []
    print(f"{workers} workers, {len(filings)} complaints, each rescheduled once, {moved} by worker")


def changed_policy(office, urgent):
    """The policy with another promise for what is urgent, and a longer one in general."""
    path = office.settings.policy_path.with_name(f"urgent{urgent}.toml")
    terms = {"urgent": urgent, "general": 12}
    more = "".join(
        f'[deadlines.{key}]\nresult = {{ amount = {amount}, unit = "wd" }}\n' for key, amount in terms.items()
    )
    path.write_text(POLICY + more, encoding="utf-8")
    return load(path)


def announce(office, policy, *, forward):
    return office.installation.write(
        lambda work: publish(
            work, policy, Actor("admin", "王"), trial=False, render_page=lambda *_: "", forward=forward
        )
    )


def test_a_newer_policy_brings_dates_forward_only_where_asked_and_never_back(any_office):
    office = any_office
    announce(office, office.installation.file_policy, forward=False)
    gains, keeps = office.file("illegal_content"), office.file("other")
    assert results(office, gains, keeps) == ["2026-11-30", "2026-12-07"]
    untouched = rows_of(office, keeps)
    office.pass_time(hours=1)
    announce(office, changed_policy(office, 3), forward=False)
    assert reckon_anew(office.installation).seen == 0
    assert results(office, gains, keeps) == ["2026-11-30", "2026-12-07"]
    announce(office, changed_policy(office, 4), forward=True)
    assert reckon_anew(office.installation).moved == 1
    assert results(office, gains, keeps) == ["2026-11-27", "2026-12-07"]
    (entry,) = leaves(office, gains)
    assert entry.meta["policy"] == 3
    assert [at[:10] for at in entry.meta["change"]["result_due"]] == ["2026-11-30", "2026-11-27"]
    assert moved_mails(office) == [office.case(gains).id]
    assert office.case(gains).policy_version == 1
    assert rows_of(office, keeps) == untouched
    # A filing under the new version has its dates from the start.
    assert results(office, office.file("illegal_content")) == ["2026-11-27"]
    office.pass_time(minutes=3)
    reckon_anew(office.installation)
    with office.installation.reading() as work:
        assert work.session.get(PolicyVersion, 3).applied_at == office.now
    assert office.findings() == []


def test_filing_works_on_the_last_second_of_a_year_of_which_nothing_is_known(office):
    for year in (2026, 2027):
        office.now = MONDAY.replace(year=year, month=12, day=31, hour=15, minute=59, second=59)
        filed = office.file("other")
        assert office.case(filed).result_due.year == year + 1
        assert office.case(filed).provisional


def test_a_preview_counts_what_then_happens_and_writes_nothing(any_office):
    office = any_office
    office.now = BEFORE
    filings = [office.file("illegal_content"), office.file("illegal_content"), office.file("other")]
    office.now = BEFORE - timedelta(days=20)
    office.file("other")
    office.now = BEFORE
    before = [rows_of(office, each) for each in filings]
    seen = calendars.preview(office.installation, LONG)
    assert [rows_of(office, each) for each in filings] == before
    assert (seen.moves.affected, seen.moves.earlier, seen.moves.later) == (3, 1, 2)
    assert (seen.moves.settled, abs(seen.moves.farthest)) == (3, 1)
    assert [(each.date.isoformat(), each.becomes) for each in seen.days] == [
        ("2027-01-02", "off"),
        ("2027-01-03", "off"),
        ("2027-01-04", "off"),
        ("2027-01-09", "work"),
        ("2027-01-10", "work"),
    ]
    assert seen.days[2].words("zh") == "2027年1月4日（周一），元旦"
    arrangements.take(office, LONG)
    assert reckon_anew(office.installation).moved == seen.moves.affected
