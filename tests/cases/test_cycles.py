"""What ends a clock, what starts one anew, and that the old record stays."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from factories import ALICE
from sqlalchemy import event

from complaints.base.clock import stamp
from complaints.cases import deciding, handling
from complaints.cases import step as steps
from complaints.policy.deadlines import shown_date


def rows(desk, filed, cycle=0):
    return {
        (row.kind, row.step, row.revision): (row.due_at, row.state, row.acted_at)
        for row in desk.milestones(filed, cycle=cycle)
    }


def late_ones(desk, filed):
    return [entry for entry in desk.events(filed) if entry.type == "clock"]


@pytest.mark.parametrize(
    ("steps", "again", "kind"),
    [
        ("accept decide release close", "reopen", "result"),
        ("accept withdraw", "reopen", "result"),
        ("decline release", "reopen", "result"),
        ("accept decide release", "appeal", "review"),
        ("decline release", "appeal", "review"),
        ("decline release appeal", "overturn", "result"),
    ],
)
def test_a_new_cycle_has_a_date_of_its_own_and_leaves_the_old_record(desk, steps, again, kind):
    filed = desk.file()
    for name in steps.split():
        desk.do(filed, name)
    # Before the review's own date, which would count as missed.
    desk.later(days=5)
    cycle = desk.case(filed).cycle
    before = [rows(desk, filed, each) for each in range(cycle + 1)]
    desk.do(filed, again)
    now = desk.clock.now

    # What was under review is answered by the new cycle's beginning; nothing else of the old one is touched.
    after = [rows(desk, filed, each) for each in range(cycle + 1)]
    assert [{key: row for key, row in each.items() if key[0] != "review"} for each in after] == [
        {key: row for key, row in each.items() if key[0] != "review"} for each in before
    ]
    case = desk.case(filed)
    assert (case.cycle, case.late) == (cycle + 1, False)
    fresh = rows(desk, filed, cycle + 1)
    assert {key[0] for key in fresh} == {kind}
    assert case.result_due == fresh[kind, "due", 0][0] > now
    assert {state for _, state, _ in fresh.values()} == {"pending"}
    desk.sweep()
    assert not desk.case(filed).late
    assert [entry for entry in late_ones(desk, filed) if entry.at >= now] == []


@pytest.mark.parametrize("steps", ["accept decide release close", "accept withdraw", "withdraw"])
def test_what_ends_a_complaint_ends_its_clocks_even_an_unanswered_message(desk, steps):
    filed, apart = desk.file(), desk.file()
    for each in (filed, apart):
        desk.do(each, "message")
    for name in steps.split():
        if name == "close":
            desk.do(filed, "message")
        desk.do(filed, name)
    desk.later(days=60)
    desk.sweep()

    assert {row.state for row in desk.milestones(filed)} <= {"met", "void"}
    assert late_ones(desk, filed) == []
    assert desk.case(apart).late


def test_a_joined_complaint_that_waits_too_long_is_late_by_its_own_date(desk):
    lead, joined = desk.file(), desk.file("illegal_content")
    desk.do(lead, "accept")
    desk.do(joined, "merge", lead=lead)
    due = desk.case(joined).result_due
    assert due < desk.case(lead).result_due
    desk.clock.now = due
    desk.sweep()
    assert (desk.case(joined).late, desk.case(lead).late) == (True, False)
    desk.do(lead, "decide")
    desk.do(lead, "release")

    assert desk.states(joined, "result", step="due") == {"acted"}
    assert desk.states(lead, "result", step="due") == {"met"}
    assert {row.state for row in desk.milestones(joined)} <= {"met", "acted", "void"}


@pytest.mark.parametrize("name", ["decide", "decline"])
def test_a_decision_taken_back_leaves_its_promise_as_it_was(desk, name):
    filed = desk.file()
    if name == "decide":
        desk.do(filed, "accept")
    before = rows(desk, filed)
    desk.do(filed, name)
    desk.do(filed, "take_back")

    kinds = ("accept", "result")
    assert {key: row for key, row in rows(desk, filed).items() if key[0] in kinds} == {
        key: row for key, row in before.items() if key[0] in kinds
    }
    desk.clock.now = desk.case(filed).result_due
    desk.sweep()
    assert desk.case(filed).late


def test_an_answer_in_the_very_second_it_is_due_is_in_time(desk):
    filed, apart = desk.file(), desk.file()
    for each in (filed, apart):
        desk.do(each, "accept")
    desk.do(filed, "decide")
    desk.clock.now = desk.case(filed).result_due - timedelta(minutes=5)
    desk.do(filed, "release")
    assert desk.clock.now == desk.case(filed).result_due
    desk.sweep()

    assert desk.states(filed, "result", step="due") == {"met"}
    assert (desk.case(filed).late, desk.case(apart).late) == (False, True)


@pytest.mark.parametrize(
    ("before", "kind", "steps", "state"),
    [
        ("", "accept", "accept", "accepted"),
        ("", "accept", "ask", "awaiting_complainant"),
        ("", "accept", "ask supply", "accepted"),
        ("", "accept", "withdraw", "withdrawn"),
        ("accept", "result", "ask", "awaiting_complainant"),
        ("accept", "result", "decide release", "decided"),
        ("accept", "result", "withdraw", "withdrawn"),
        ("decline release appeal", "review", "overturn", "accepted"),
        ("accept decide release appeal", "review", "confirm release", "decided"),
        ("message", "reply", "reply", "submitted"),
    ],
)
def test_a_date_that_is_over_was_missed_whether_or_not_a_sweep_came_first(desk, before, kind, steps, state):
    filed, others = desk.file(), [desk.file() for _ in range(2)]
    for name in before.split():
        desk.do(filed, name)
    # Of replies the shipped policy has an internal target alone.
    due = max(
        (row for row in desk.milestones(filed, kind=kind) if row.step in {"due", "target"}),
        key=lambda row: row.publish,
    )
    desk.clock.now = due.due_at + timedelta(hours=9)
    for name in steps.split():
        desk.do(filed, name)

    row = next(row for row in desk.milestones(filed, kind=kind) if row.id == due.id)
    assert (row.state, row.due_at) == ("acted", due.due_at)
    assert (desk.case(filed).state, desk.case(filed).late) == (state, due.publish)
    # Whoever withdraws is not told that we go on with it.
    told = due.publish and state != "withdrawn"
    assert (("late", "complainant") in desk.outbox(filed)) == told
    # What others owe is left to the sweep, and this one comes due no second time.
    assert [desk.case(each).late for each in others] == [False, False]
    desk.sweep()
    told = [each for entry in late_ones(desk, filed) for each in entry.meta["due"]]
    assert told.count({"kind": kind, "step": due.step, "at": stamp(due.due_at)}) == 1


@pytest.mark.parametrize(("minutes", "state"), [(-1, "met"), (0, "met"), (1, "acted")])
def test_an_answer_meets_its_date_by_when_it_was_to_go_out_and_not_by_when_it_did(desk, minutes, state):
    filed, joined = desk.file(), desk.file()
    desk.do(filed, "accept")
    desk.do(joined, "merge", lead=filed)
    due = desk.case(filed).result_due
    desk.clock.now = due - timedelta(hours=1)
    desk.do(filed, "decide")
    undo = desk.case(filed).release_due - desk.clock.now
    desk.do(filed, "take_back")
    # Five minutes pass before it is done.
    desk.clock.now = due - undo + timedelta(minutes=minutes - 5)
    desk.do(filed, "decide")
    assert desk.case(filed).release_due == due + timedelta(minutes=minutes)
    # A cron that comes every five minutes.
    desk.clock.now = due + timedelta(minutes=5)
    desk.act(filed, deciding.release)

    for each in (filed, joined):
        assert desk.states(each, "result", step="due") == {state}
        assert desk.case(each).late is (state == "acted")


def test_a_warning_about_a_date_that_is_kept_is_not_given_after_it(desk):
    filed = desk.file()
    [warning, *_] = [
        row for row in desk.milestones(filed, kind="accept", publish=True) if row.step.startswith("warn")
    ]
    desk.clock.now = warning.due_at + timedelta(minutes=1)
    desk.do(filed, "accept")

    assert desk.states(filed, "accept", step=warning.step) == {"met"}
    assert not late_ones(desk, filed)


def test_a_sweep_that_comes_days_later_keeps_the_true_due_time(desk):
    filed = desk.file()
    due = desk.case(filed).accept_due
    desk.clock.now = datetime(2026, 11, 30, 2, 0, tzinfo=UTC)
    desk.sweep()

    row = desk.milestones(filed, kind="accept", step="due")[0]
    assert (row.due_at, row.acted_at, row.state) == (due, desk.clock.now, "acted")
    assert desk.case(filed).accept_due == due


def test_a_complaint_reopened_after_it_was_late_is_late_no_more_and_can_be_again(desk):
    filed = desk.file()
    desk.do(filed, "accept")
    desk.clock.now = desk.case(filed).result_due
    desk.sweep()
    for name in ("decide", "release", "close"):
        desk.do(filed, name)
    assert desk.case(filed).late
    desk.do(filed, "reopen")
    assert not desk.case(filed).late
    assert desk.states(filed, "result", step="due", cycle=0) == {"acted"}
    assert shown_date(desk.case(filed).result_due).isoformat() == "2026-12-22"
    desk.clock.now = desk.case(filed).result_due
    desk.sweep()
    assert desk.case(filed).late


@pytest.mark.parametrize(("behind", "state"), [(0, "acted"), (3, "met")])
def test_by_a_machine_whose_clock_runs_ahead_no_date_is_missed(desk, monkeypatch, behind, state):
    filed, other = desk.file(), desk.file()
    due = desk.case(filed).accept_due
    desk.clock.now = due + timedelta(hours=2)
    known = desk.clock.now - timedelta(hours=behind)
    found = desk.read(steps._by_database)
    assert abs((found - datetime.now(UTC)).total_seconds()) < 60
    monkeypatch.setattr(steps, "_by_database", lambda work: known)
    for each in (filed, other):
        desk.act(each, lambda work, case: handling.accept(replace(work, real_time=True), case, ALICE))

    assert desk.states(filed, "accept", step="due") == {state}
    assert desk.case(filed).late == (state == "acted")


@pytest.mark.parametrize(("kept", "name"), [(True, "start"), (True, "decide"), (False, "decide")])
def test_a_step_reads_the_dates_of_its_complaint_once_whether_or_not_one_is_over(desk, kept, name):
    filed = desk.file()
    desk.do(filed, "accept")
    if not kept:
        desk.clock.now = desk.case(filed).result_due + timedelta(hours=9)
    read = []

    def note(connection, cursor, statement, *rest):
        if statement.startswith("SELECT") and "FROM complaints_milestone" in statement:
            read.append(statement)

    engine = desk.installation.database.engine
    event.listen(engine, "before_cursor_execute", note)
    desk.do(filed, name)
    event.remove(engine, "before_cursor_execute", note)
    assert len(read) == 1, "\n".join(read)
