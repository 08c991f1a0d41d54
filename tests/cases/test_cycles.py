"""What ends a clock, what starts one anew, and that the old record stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

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
    desk.later(days=20)
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
