"""Clocks for a reply and a first measure, terms by severity, and what a change of type does to each."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from complaints.base.clock import BEIJING, beijing
from complaints.policy.deadlines import shown_date

REPLYING = """
[deadlines.general]
reply = { amount = 3, unit = "wd" }
first_action = { amount = 4, unit = "wd" }
"""
BY_SEVERITY = """
[deadlines.general.severity.urgent]
accept = { amount = 1, unit = "wd" }
result = { amount = 3, unit = "wd" }
[deadlines.general.severity.high]
result = { amount = 6, unit = "wd" }
[types.billing]
severity = "high"
[types.service]
severity = "urgent"
"""


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=BEIJING).astimezone(UTC)


def replies(desk, filed):
    return [
        (row.state, shown_date(row.due_at).isoformat())
        for row in sorted(desk.milestones(filed, kind="reply", step="target"), key=lambda row: row.revision)
    ]


def dates(desk, filed):
    case = desk.case(filed)
    return tuple(due and shown_date(due).isoformat() for due in (case.accept_due, case.result_due))


def test_a_message_starts_a_clock_that_only_a_reply_ends(desk):
    filed, apart = desk.file(), desk.file()
    desk.do(filed, "message")
    assert replies(desk, filed) == [("pending", "2026-11-25")]
    assert replies(desk, apart) == []

    desk.clock.now = at("2026-11-24T10:00")
    desk.do(filed, "message")
    assert len(replies(desk, filed)) == 1, "who writes again gets no later answer"
    desk.do(filed, "note")
    desk.do(filed, "accept")
    assert replies(desk, filed)[0][0] == "pending"
    desk.do(filed, "reply")
    assert replies(desk, filed) == [("met", "2026-11-25")]

    desk.do(filed, "message")
    assert replies(desk, filed) == [("met", "2026-11-25"), ("pending", "2026-11-26")]
    first, second = (row.revision for row in desk.milestones(filed, kind="reply"))
    assert second > first
    assert desk.milestones(filed, kind="reply", revision=second)[0].since == desk.clock.now


@pytest.mark.parametrize("steps", ["reply", "ask", "accept decide release", "decline release"])
def test_whatever_is_said_to_the_complainant_answers_the_message(desk, steps):
    filed = desk.file()
    desk.do(filed, "message")
    for name in steps.split():
        desk.do(filed, name)

    assert {state for state, _ in replies(desk, filed)} == {"met"}


@pytest.mark.parametrize("steps", ["note", "assign", "accept", "accept decide", "accept record_action"])
def test_what_the_complainant_does_not_read_answers_nothing(desk, steps):
    filed = desk.file()
    desk.do(filed, "message")
    for name in steps.split():
        desk.do(filed, name)

    assert {state for state, _ in replies(desk, filed)} == {"pending"}


def test_an_answer_to_a_question_is_a_message_too(desk):
    filed = desk.file()
    desk.do(filed, "ask")
    desk.do(filed, "supply")

    assert replies(desk, filed) == [("pending", "2026-11-25")]


def test_an_appeal_starts_no_second_clock_for_a_message_that_waits(desk):
    filed = desk.file()
    for name in ("accept", "decide", "release", "message", "appeal", "message"):
        desk.do(filed, name)

    assert [row.cycle for row in desk.milestones(filed, kind="reply")] == [0]
    desk.do(filed, "reply")
    assert {state for state, _ in replies(desk, filed)} == {"met"}


def test_a_promised_reply_and_first_measure_run_like_any_promise(desk, promise):
    before = desk.file()
    promise(REPLYING)
    filed = desk.file()
    desk.do(filed, "accept")
    desk.do(filed, "message")
    due = {
        row.kind: shown_date(row.due_at).isoformat()
        for row in desk.milestones(filed, step="due", state="pending")
    }
    assert due == {"first_action": "2026-11-27", "reply": "2026-11-26", "result": "2026-12-07"}
    known = {row.step for row in desk.milestones(filed, kind="result", publish=True)}
    assert {row.step for row in desk.milestones(filed, kind="reply", publish=True)} == known
    desk.clock.now = at("2026-11-27T00:00")
    desk.sweep()
    assert desk.case(filed).late
    assert not desk.milestones(before, kind="reply")
    desk.do(filed, "start")
    assert desk.states(filed, "first_action", step="due") == {"met"}


def test_a_promise_follows_the_severity_of_its_type(desk, promise):
    promise(BY_SEVERITY)
    assert dates(desk, desk.file("other")) == ("2026-11-25", "2026-12-07")
    assert dates(desk, desk.file("billing")) == ("2026-11-25", "2026-12-01")
    assert dates(desk, desk.file("service")) == ("2026-11-24", "2026-11-26")

    filed = desk.file("other")
    desk.do(filed, "reclassify", to="billing")
    assert dates(desk, filed) == ("2026-11-25", "2026-12-01")
    desk.do(filed, "reclassify", to="service")
    assert dates(desk, filed) == ("2026-11-24", "2026-11-26")
    desk.do(filed, "reclassify", to="other")
    assert dates(desk, filed) == ("2026-11-24", "2026-11-26")


def test_a_date_brought_forward_takes_its_warnings_along(desk):
    filed, apart = desk.file("other"), desk.file("other")
    desk.do(filed, "reclassify", to="illegal_content")

    def moments(each):
        return {
            row.step: beijing(row.due_at).strftime("%m-%d %H:%M")
            for row in desk.milestones(each, kind="result", publish=True)
        }

    assert moments(filed) == {
        "warn1": "11-27 10:00",
        "warn2": "11-30 10:00",
        "due": "12-01 00:00",
        "escalate1": "12-01 10:00",
        "escalate2": "12-03 10:00",
    }
    assert moments(apart)["warn1"] == "12-04 10:00"


def test_a_change_of_type_keeps_the_pauses(desk):
    filed = desk.file("other")
    desk.do(filed, "ask")
    desk.later(days=3)
    desk.do(filed, "supply")
    before = dates(desk, filed)
    desk.do(filed, "reclassify", to="service")
    assert dates(desk, filed) == before

    desk.do(filed, "reclassify", to="illegal_content")
    # Five working days and the three of the pause, not five from the arrival.
    assert dates(desk, filed)[1] == "2026-12-03"


def test_a_change_of_type_under_review_counts_from_the_appeal(desk):
    filed = desk.file("other")
    for name in ("accept", "decide", "release"):
        desk.do(filed, name)
    desk.later(days=20)
    desk.do(filed, "appeal")
    due = desk.case(filed).result_due
    desk.do(filed, "reclassify", to="illegal_content")

    assert desk.case(filed).result_due == due
    assert {row.kind for row in desk.milestones(filed, state="pending")} == {"review"}


def test_a_change_of_type_starts_no_target_for_what_is_over(desk):
    filed = desk.file("other")
    desk.do(filed, "accept")
    desk.do(filed, "start")
    desk.do(filed, "reclassify", to="discrimination")
    assert {(row.kind, row.step) for row in desk.milestones(filed, state="pending", publish=False)} == {
        ("result", "target")
    }

    early = desk.file("other")
    desk.do(early, "reclassify", to="discrimination")
    assert {(row.kind, row.step) for row in desk.milestones(early, state="pending", publish=False)} == {
        ("first_action", "target"),
        ("result", "target"),
    }
