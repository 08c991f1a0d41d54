"""Dates of a case as it moves: pauses, changes of type, missed acceptance, review, joined complaints."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from factories import ALICE, BOB, WORDS

from complaints.base.errors import InputError, TransitionError
from complaints.cases import deciding, handling, relations
from complaints.policy.deadlines import shown_date


def days(desk, filed):
    case = desk.case(filed)
    return tuple(due and shown_date(due).isoformat() for due in (case.accept_due, case.result_due))


def test_dates_follow_the_type_chosen_at_filing(desk):
    # Monday 23 November 2026; day 1 is Tuesday.
    assert days(desk, desk.file("other")) == ("2026-11-25", "2026-12-07")
    assert days(desk, desk.file("illegal_content")) == ("2026-11-24", "2026-11-30")


def test_a_pause_moves_every_running_date_by_the_working_days_it_lasted(desk):
    filed = desk.file()
    desk.do(filed, "ask")
    assert desk.case(filed).paused_at == desk.clock.now
    assert {row.state for row in desk.milestones(filed)} == {"paused"}

    # Monday to Thursday: Tuesday, Wednesday and Thursday count.
    desk.later(days=3)
    desk.do(filed, "supply")

    assert days(desk, filed) == ("2026-11-30", "2026-12-10")
    assert desk.case(filed).paused_at is None
    assert desk.case(filed).reply_due is None
    assert "paused" not in {row.state for row in desk.milestones(filed)}


def test_a_pause_over_a_weekend_moves_dates_by_working_days_only(desk):
    filed = desk.file()
    desk.do(filed, "accept")
    desk.later(days=4)
    desk.do(filed, "ask")
    desk.later(days=3)
    desk.do(filed, "supply")

    assert days(desk, filed)[1] == "2026-12-08"


def test_a_pause_within_one_day_moves_nothing(desk):
    filed = desk.file()
    before = days(desk, filed)
    desk.do(filed, "ask")
    desk.do(filed, "supply")

    assert days(desk, filed) == before


def test_a_decision_taken_back_into_a_pause_goes_on_pausing(desk):
    filed = desk.file()
    desk.do(filed, "accept")
    desk.do(filed, "ask")
    desk.do(filed, "decide")
    assert desk.case(filed).paused_at is None
    desk.do(filed, "take_back")
    assert desk.case(filed).paused_at is not None
    desk.later(days=1)
    desk.do(filed, "supply")

    assert days(desk, filed)[1] == "2026-12-08"


@pytest.mark.parametrize(
    ("given", "until"), [(None, "2026-12-07"), (3, "2026-11-26"), (99, "2026-12-07"), (-1, "2026-11-24")]
)
def test_the_complainant_gets_from_one_day_to_the_longest_pause(desk, given, until):
    filed = desk.file()
    desk.do(filed, "ask", days=given)

    assert shown_date(desk.case(filed).reply_due).isoformat() == until


@pytest.mark.parametrize(
    ("filed_as", "changed_to", "dates"),
    [
        ("other", "illegal_content", ("2026-11-24", "2026-11-30")),
        ("illegal_content", "other", ("2026-11-24", "2026-11-30")),
        ("other", "service", ("2026-11-25", "2026-12-07")),
        ("other", "pi_request", ("2026-11-25", "2026-12-07")),
    ],
)
def test_a_change_of_type_brings_a_date_forward_and_never_back(desk, filed_as, changed_to, dates):
    filed = desk.file(filed_as)
    desk.do(filed, "reclassify", to=changed_to)

    assert days(desk, filed) == dates
    assert desk.case(filed).type == changed_to
    assert desk.case(filed).filed_type == filed_as


def test_two_changes_of_type_do_not_give_back_what_the_first_one_took(desk):
    filed = desk.file("other")
    desk.do(filed, "reclassify", to="illegal_content")
    desk.do(filed, "reclassify", to="other")

    assert days(desk, filed) == ("2026-11-24", "2026-11-30")


def test_a_date_that_a_new_type_would_have_passed_already_becomes_now(desk):
    filed = desk.file("other")
    desk.later(days=10)
    desk.do(filed, "accept")
    desk.do(filed, "reclassify", to="illegal_content")

    assert desk.case(filed).result_due == desk.clock.now


def test_a_restriction_stays_when_the_type_is_changed_back(desk):
    filed = desk.file("other")
    desk.do(filed, "reclassify", to="minor")
    desk.do(filed, "reclassify", to="other")

    assert desk.case(filed).restricted


def test_a_missed_acceptance_counts_as_accepted_and_stands_in_the_log(desk):
    filed = desk.file()
    promised = desk.case(filed)
    desk.clock.now = promised.accept_due
    assert desk.sweep().failed == ()

    case = desk.case(filed)
    assert (case.state, case.late, case.result_due) == ("accepted", True, promised.result_due)
    assert case.assignee is None
    assert [entry.type for entry in desk.events(filed)] == ["filed", "clock", "accepted"]
    assert [entry.role for entry in desk.events(filed)][1:] == ["system", "system"]
    assert {"late", "accepted"} <= {kind for kind, to in desk.outbox(filed) if to == "complainant"}


def test_a_missed_result_marks_the_case_late_and_decides_nothing(desk):
    filed = desk.file()
    desk.do(filed, "accept")
    desk.clock.now = desk.case(filed).result_due
    desk.sweep()

    assert (desk.case(filed).state, desk.case(filed).late) == ("accepted", True)
    assert desk.states(filed, "result", step="due") == {"acted"}
    desk.do(filed, "decide")
    desk.do(filed, "release")
    assert desk.states(filed, "result", step="due") == {"acted"}


def test_a_swept_milestone_is_acted_on_once(desk):
    filed = desk.file()
    desk.clock.now = desk.case(filed).accept_due
    desk.sweep()
    events = len(desk.events(filed))

    assert desk.sweep().acted == 0
    assert len(desk.events(filed)) == events


def test_nothing_comes_due_while_the_complainant_is_asked(desk):
    filed = desk.file()
    desk.do(filed, "ask")
    desk.later(days=9)
    desk.sweep()

    assert [entry.type for entry in desk.events(filed)] == ["filed", "asked"]


def test_a_decision_is_met_at_its_release_and_not_at_the_click(desk):
    filed = desk.file()
    desk.do(filed, "accept")
    desk.do(filed, "decide")
    assert desk.states(filed, "result", step="due") == {"pending"}
    assert desk.case(filed).released_at is None

    found = desk.read(deciding.release_due)
    assert filed.uid not in found
    desk.later(minutes=5)
    assert desk.read(deciding.release_due) == [filed.uid]
    desk.do(filed, "release")

    assert desk.states(filed, "result", step="due") == {"met"}
    assert desk.read(deciding.release_due) == []


def test_a_review_has_a_date_of_its_own(desk):
    filed = desk.file()
    for name in ("accept", "decide", "release"):
        desk.do(filed, name)
    desk.clock.now = datetime(2026, 12, 1, 2, 0, tzinfo=UTC)
    desk.do(filed, "appeal")

    case = desk.case(filed)
    assert (case.cycle, case.appeals) == (1, 1)
    assert shown_date(case.result_due).isoformat() == "2026-12-15"
    assert desk.states(filed, "review", step="due") == {"pending"}
    desk.do(filed, "confirm")
    desk.do(filed, "release")
    assert desk.states(filed, "review", step="due") == {"met"}


def test_an_answered_case_closes_when_the_time_for_a_review_is_over(desk):
    filed = desk.file()
    for name in ("accept", "decide", "release"):
        desk.do(filed, name)
    with pytest.raises(TransitionError):
        desk.act(filed, deciding.close, _system())
    desk.clock.now = desk.case(filed).appeal_until
    assert desk.read(deciding.close_due) == []
    desk.later(seconds=1)
    assert desk.read(deciding.close_due) == [filed.uid]
    desk.act(filed, deciding.close, _system())

    assert desk.case(filed).state == "closed"


def _system():
    from complaints.ledger.work import SYSTEM

    return SYSTEM


def test_joined_complaints_keep_their_own_date_and_are_answered_with_the_lead(desk):
    lead, joined, apart = desk.file(), desk.file("illegal_content"), desk.file()
    before = days(desk, joined)
    desk.do(joined, "merge", lead=lead)
    assert days(desk, joined) == before
    for name in ("accept", "decide", "release"):
        desk.do(lead, name)

    case = desk.case(joined)
    assert (case.state, case.outcome, case.reason) == ("decided", "upheld", desk.case(lead).reason)
    assert case.released_at == desk.case(lead).released_at
    assert desk.states(joined, "result", step="due") == {"met"}
    assert desk.events(joined)[-2].text("public") == "我们核实了，情况属实"
    assert desk.case(apart).state == "submitted"


def test_joined_complaints_are_separated_when_the_lead_is_declined(desk):
    lead, joined = desk.file(), desk.file()
    desk.do(joined, "accept")
    desk.do(joined, "merge", lead=lead)
    desk.do(lead, "decline")
    desk.do(lead, "release")

    case = desk.case(joined)
    assert (case.state, case.merged_into) == ("accepted", None)
    assert desk.states(joined, "result", step="due") == {"pending"}


def test_joined_complaints_are_separated_when_the_lead_is_withdrawn(desk):
    lead, joined, apart = desk.file(), desk.file(), desk.file()
    desk.do(joined, "accept")
    for each in (joined, apart):
        desk.do(each, "merge", lead=lead)
    desk.do(apart, "unmerge")
    desk.do(lead, "withdraw")

    case = desk.case(joined)
    assert (case.state, case.merged_into) == ("accepted", None)
    assert desk.states(joined, "result", step="due") == {"pending"}
    assert ("unmerged", "complainant") in desk.outbox(joined)
    assert [entry.type for entry in desk.events(apart)].count("unmerged") == 1


@pytest.mark.parametrize(
    "steps", ["withdraw", "accept decide release", "decline release", "decide release close"]
)
def test_nobody_is_joined_to_a_complaint_that_will_not_be_answered_any_more(desk, steps):
    lead, late = desk.file(), desk.file()
    if steps.startswith("decide"):
        desk.do(lead, "accept")
    for name in steps.split():
        desk.do(lead, name)

    with pytest.raises(InputError, match="lead"):
        desk.do(late, "merge", lead=lead)
    assert desk.case(late).state == "submitted"


def test_a_complaint_is_joined_with_a_leading_one_only(desk):
    lead, joined, third = desk.file(), desk.file(), desk.file()
    desk.do(joined, "merge", lead=lead)

    with pytest.raises(InputError):
        desk.do(third, "merge", lead=joined)
    with pytest.raises(InputError):
        desk.do(third, "merge", lead=third)


def test_whoever_withdraws_leaves_nothing_running(desk):
    filed = desk.file()
    desk.do(filed, "accept")
    desk.do(filed, "withdraw")
    desk.later(days=30)
    desk.sweep()

    assert {row.state for row in desk.milestones(filed)} == {"void", "met"}
    assert desk.case(filed).late is False
    assert desk.case(filed).due_next is None


def test_a_reopened_complaint_gets_a_result_date_from_now(desk):
    filed = desk.file()
    for name in ("accept", "decide", "release", "close"):
        desk.do(filed, name)
    desk.clock.now = datetime(2027, 3, 1, 2, 0, tzinfo=UTC)
    desk.do(filed, "reopen")

    assert shown_date(desk.case(filed).result_due).isoformat() == "2027-03-15"
    assert desk.case(filed).cycle == 1


@pytest.mark.parametrize("words", ["", "   ", "\n"])
def test_a_step_that_needs_words_takes_no_empty_ones(desk, words):
    filed = desk.file()
    for step, arguments in (
        (handling.note, (ALICE, words)),
        (deciding.decline, (ALICE, "outside", words)),
        (relations.reopen, (BOB, words)),
    ):
        with pytest.raises(InputError):
            desk.act(filed, step, *arguments)

    assert [entry.text("details") != "" for entry in desk.events(filed)] == [True]
    assert WORDS in desk.events(filed)[0].text("details")
