"""What a pause does to dates and their steps, in each unit, and that the log tells the same."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from factories import ALICE

from complaints.base.clock import BEIJING, beijing
from complaints.base.errors import InputError
from complaints.cases import conversation
from complaints.jobs.due import expired_pauses
from complaints.ledger import journal
from complaints.ledger.reading import pauses
from complaints.ledger.work import SYSTEM
from complaints.policy.deadlines import shown_date
from complaints.sla import milestones

AWAKE = """
duty = "24x7"
[deadlines.general]
accept = { amount = 6, unit = "sh" }
result = { amount = 72, unit = "h", cap_days = 0 }
result_target = { amount = 20, unit = "sh" }
"""


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=BEIJING).astimezone(UTC)


def steps(desk, filed, kind, **wanted):
    return {
        (row.step, row.revision): (beijing(row.due_at).strftime("%m-%d %H:%M"), row.state)
        for row in desk.milestones(filed, kind=kind, **wanted)
    }


def asked(desk, filed, began, ended):
    """A question and its answer, at these moments."""
    desk.clock.now = at(began)
    desk.act(filed, conversation.ask, ALICE, "请问是哪一天？", reason="what_happened")
    desk.clock.now = at(ended)
    desk.act(filed, conversation.write, "是昨天")


def result(desk, filed):
    return shown_date(desk.case(filed).result_due).isoformat()


def test_each_clock_moves_in_its_own_unit(desk, promise):
    promise(AWAKE)
    filed = desk.file()
    assert steps(desk, filed, "accept", step="due") == {("due", 0): ("11-23 16:00", "pending")}
    asked(desk, filed, "2026-11-23T10:05", "2026-11-24T10:10")

    # 7:55 of Monday's service hours and 1:10 of Tuesday's went by; round the clock 24:05.
    assert steps(desk, filed, "accept", step="due") == {("due", 0): ("11-24 16:05", "pending")}
    assert steps(desk, filed, "result", step="target") == {("target", 0): ("11-26 12:05", "pending")}
    assert steps(desk, filed, "result", step="due") == {("due", 0): ("11-27 10:05", "pending")}


@pytest.mark.parametrize(
    ("spans", "date"),
    [
        ([("2026-11-27T15:00", "2026-11-30T09:00")], "2026-12-08"),
        ([("2026-11-28T15:00", "2026-11-29T09:00")], "2026-12-07"),
        ([("2026-11-24T10:00", "2026-11-24T11:00"), ("2026-11-24T15:00", "2026-11-24T16:00")], "2026-12-07"),
        ([("2026-11-24T10:00", "2026-11-25T11:00"), ("2026-11-25T15:00", "2026-11-26T16:00")], "2026-12-09"),
        ([("2026-12-07T15:00", "2026-12-12T09:00")], "2026-12-14"),
        ([("2026-12-03T15:00", "2026-12-31T09:00")], "2027-01-05"),
    ],
    ids=["a weekend", "within a weekend", "twice in a day", "two days", "the last day", "New Year"],
)
def test_a_date_moves_by_the_working_days_of_its_pauses(desk, spans, date):
    filed, apart = desk.file(), desk.file()
    desk.do(filed, "accept")
    for began, ended in spans:
        asked(desk, filed, began, ended)

    assert result(desk, filed) == date
    assert result(desk, apart) == "2026-12-07"
    # The holidays of 2027 are not announced.
    assert (desk.case(filed).provisional, desk.case(apart).provisional) == (date > "2027", False)
    found = desk.read(lambda work: pauses(desk.events(filed)))
    assert found == tuple((at(began), at(ended)) for began, ended in spans)


def test_after_a_pause_the_steps_stand_around_the_new_date(desk):
    filed = desk.file()
    desk.do(filed, "accept")
    asked(desk, filed, "2026-11-24T15:00", "2026-11-26T09:00")

    assert steps(desk, filed, "result", publish=True) == {
        ("warn1", 0): ("12-08 10:00", "pending"),
        ("warn2", 0): ("12-09 10:00", "pending"),
        ("due", 0): ("12-10 00:00", "pending"),
        ("escalate1", 0): ("12-10 10:00", "pending"),
        ("escalate2", 0): ("12-14 10:00", "pending"),
    }


def test_a_warning_that_was_given_comes_back_where_its_hour_lies_ahead_again(desk):
    filed = desk.file()
    desk.do(filed, "accept")
    desk.clock.now = at("2026-12-04T10:30")
    desk.sweep()
    assert steps(desk, filed, "result", step="warn1") == {("warn1", 0): ("12-04 10:00", "acted")}
    asked(desk, filed, "2026-12-04T10:35", "2026-12-07T09:00")

    assert result(desk, filed) == "2026-12-08"
    assert steps(desk, filed, "result", publish=True) == {
        ("warn1", 0): ("12-04 10:00", "acted"),
        ("warn1", 1): ("12-07 10:00", "pending"),
        ("warn2", 0): ("12-08 10:00", "pending"),
        ("due", 0): ("12-09 00:00", "pending"),
        ("escalate1", 0): ("12-09 10:00", "pending"),
        ("escalate2", 0): ("12-11 10:00", "pending"),
    }
    desk.clock.now = at("2026-12-07T10:00")
    desk.sweep()
    assert steps(desk, filed, "result", step="warn1")["warn1", 1] == ("12-07 10:00", "acted")


def test_a_warning_whose_new_hour_went_by_in_the_pause_is_not_given_again(desk):
    filed = desk.file()
    desk.do(filed, "accept")
    desk.clock.now = at("2026-12-04T10:30")
    desk.sweep()
    asked(desk, filed, "2026-12-04T10:35", "2026-12-07T11:00")

    assert steps(desk, filed, "result", step="warn1") == {("warn1", 0): ("12-04 10:00", "acted")}


def test_asking_when_it_is_too_late_wins_no_time(desk):
    filed = desk.file()
    desk.do(filed, "accept")
    desk.clock.now = at("2026-12-08T00:00")
    desk.sweep()
    asked(desk, filed, "2026-12-08T09:00", "2026-12-15T09:00")

    assert result(desk, filed) == "2026-12-07"
    assert desk.case(filed).late
    found = steps(desk, filed, "result", publish=True)
    assert found["due", 0] == ("12-08 00:00", "acted")
    # The supervisors were to hear of it on the 8th; they do as soon as the clock runs again.
    assert found["escalate1", 0] == ("12-08 10:00", "pending")
    desk.sweep()
    assert steps(desk, filed, "result", step="escalate1") == {("escalate1", 0): ("12-08 10:00", "acted")}
    asked(desk, filed, "2026-12-15T10:00", "2026-12-18T09:00")
    assert steps(desk, filed, "result", step="escalate1") == {("escalate1", 0): ("12-08 10:00", "acted")}


def test_a_target_that_began_in_the_pause_moves_by_its_own_part_of_it(desk):
    filed = desk.file("discrimination")
    desk.do(filed, "accept")
    desk.clock.now = at("2026-11-24T09:00")
    desk.act(filed, conversation.ask, ALICE, "请问是哪一天？", reason="what_happened")
    desk.clock.now = at("2026-11-26T09:00")
    desk.do(filed, "reclassify", to="personal_rights")
    desk.clock.now = at("2026-11-27T09:00")
    desk.act(filed, conversation.write, "是昨天")

    # Seven working days from Thursday; of the pause only Friday is its own.
    target = desk.milestones(filed, kind="result", step="target", state="pending")
    assert [shown_date(row.due_at).isoformat() for row in target] == ["2026-12-08"]


def test_a_pause_that_comes_back_with_a_decision_taken_back_still_has_an_end(desk):
    filed, apart = desk.file(), desk.file()
    for each in (filed, apart):
        desk.do(each, "ask")
    until = desk.case(filed).reply_due
    desk.act(filed, conversation.resume, ALICE)
    desk.do(filed, "accept")
    desk.do(filed, "ask")
    until = desk.case(filed).reply_due
    desk.do(filed, "decide")
    desk.do(filed, "take_back")

    assert (desk.case(filed).state, desk.case(filed).reply_due) == ("awaiting_complainant", until)
    desk.clock.now = until
    assert set(desk.read(lambda work: expired_pauses(work.session, work.now))) == {filed.uid, apart.uid}
    desk.act(filed, conversation.resume, SYSTEM)
    assert len(desk.read(lambda work: pauses(desk.events(filed)))) == 3


def test_a_question_needs_one_of_the_policys_reasons(desk):
    filed = desk.file()
    with pytest.raises(InputError, match="reason"):
        desk.act(filed, conversation.ask, ALICE, "请问是哪一天？", reason="because")


@pytest.mark.tampered
def test_a_milestone_that_stands_still_without_a_pause_is_found(desk):
    filed = desk.file()
    row = desk.milestones(filed, step="due")[0]
    desk.act(filed, journal.record, "noted", ALICE, clocks=[milestones.changed(row, {"state": "paused"})])

    assert desk.codes() == {"milestone-pause"}


@pytest.mark.tampered
@pytest.mark.parametrize(("moment", "codes"), [("2026-11-20T09:00", {"pause-row", "pause-time"})])
def test_a_pause_that_was_dated_back_is_found(desk, moment, codes):
    filed = desk.file()
    desk.act(filed, journal.record, "noted", ALICE, change={"paused_at": at(moment)})

    assert desk.codes() >= codes
