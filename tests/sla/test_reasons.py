from __future__ import annotations

from datetime import datetime

import pytest

from complaints.base.clock import BEIJING
from complaints.ledger import journal
from complaints.ledger.reading import history, pauses
from complaints.ledger.work import SYSTEM
from complaints.policy.deadlines import end_of, shown_date
from complaints.sla import milestones
from complaints.sla.reasons import reasons


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=BEIJING)


def why(desk, filed):
    case = desk.case(filed)
    return desk.read(lambda work: reasons(work, case, history(work, filed.uid, opened=False)))


def of(desk, filed, kind, step="due", **wanted):
    found = [
        each
        for each in why(desk, filed)
        if (each.milestone.kind, each.milestone.step) == (kind, step)
        and all(getattr(each.milestone, name) == value for name, value in wanted.items())
    ]
    assert len(found) == 1, found
    return found[0]


def rescheduled(desk, filed, due, **meta):
    """The result's date set anew as a calendar or a policy does it."""

    def step(work, case):
        row = next(
            each for each in milestones.running(work, case) if (each.kind, each.step) == ("result", "due")
        )
        journal.record(
            work,
            case,
            "rescheduled",
            SYSTEM,
            change={"result_due": due},
            meta=meta,
            clocks=[milestones.changed(row, {"due_at": due})],
        )

    desk.act(filed, step)


@pytest.fixture
def autumn(desk):
    """The desk on the Monday before National Day."""
    desk.clock.now = at("09-28T09:00")
    return desk


def test_each_due_date_has_its_term_published_first_and_nothing_of_others(autumn):
    filed = autumn.file("illegal_content")
    autumn.do(filed, "accept")
    found = why(autumn, filed)

    assert [each.milestone.publish for each in found] == sorted(
        (each.milestone.publish for each in found), reverse=True
    )
    assert {each.milestone.complaint_id for each in found} == {autumn.case(filed).id}
    assert all(each.explanation.equal and not each.moves and each.set_by is None for each in found)
    assert {each.explanation.term.unit for each in found if each.milestone.kind == "first_action"} == {
        "sh",
        "h",
    }
    assert of(autumn, filed, "accept").milestone.state == "met"


def test_a_pause_is_rebuilt_from_the_events(autumn):
    filed = autumn.file()
    autumn.do(filed, "accept")
    autumn.clock.now = at("09-30T10:00")
    autumn.do(filed, "ask")
    running = of(autumn, filed, "result")
    autumn.clock.now = at("10-09T11:00")
    autumn.do(filed, "supply")
    found = of(autumn, filed, "result")

    assert running.milestone.state == "paused"
    assert running.explanation.running == at("09-30T10:05")
    assert found.explanation.equal
    assert found.explanation.running is None
    assert [(pause.began, pause.ended) for pause in found.explanation.pauses] == [
        (at("09-30T10:05"), at("10-09T11:05"))
    ]
    assert [day.isoformat() for day in found.explanation.pauses[0].days] == ["2026-10-08", "2026-10-09"]
    assert shown_date(found.milestone.due_at).isoformat() == "2026-10-15"
    assert found.moves == ()
    assert autumn.read(lambda work: pauses(history(work, filed.uid, opened=False))) == (
        (at("09-30T10:05"), at("10-09T11:05")),
    )


def test_a_pause_counts_only_for_dates_that_stood_still_in_it(autumn):
    filed = autumn.file()
    autumn.do(filed, "accept")
    autumn.do(filed, "ask")
    autumn.clock.now = at("10-09T11:00")
    autumn.do(filed, "supply")
    found = of(autumn, filed, "accept")

    assert found.milestone.state == "met"
    assert found.explanation.equal
    assert found.explanation.pauses == ()


def test_a_change_of_type_explains_the_date_by_the_new_terms(autumn):
    filed = autumn.file("other")
    autumn.do(filed, "reclassify", to="illegal_content")
    found = of(autumn, filed, "result")

    assert found.explanation.equal
    assert found.explanation.term.amount == 5
    assert [
        (move.event, shown_date(move.before).day, shown_date(move.after).day) for move in found.moves
    ] == [("reclassified", 13, 10)]
    assert found.set_by is None


def test_a_pause_after_a_change_of_type_is_counted_too(autumn):
    filed = autumn.file("other")
    autumn.do(filed, "reclassify", to="illegal_content")
    autumn.do(filed, "ask")
    autumn.clock.now = at("09-30T09:00")
    autumn.do(filed, "supply")
    found = of(autumn, filed, "result")

    assert shown_date(found.milestone.due_at).isoformat() == "2026-10-13"
    assert found.explanation.equal
    assert [len(pause.days) for pause in found.explanation.pauses] == [2]


def test_a_date_that_does_not_follow_from_the_count_names_the_event_that_set_it(autumn):
    filed = autumn.file("other")
    autumn.do(filed, "accept")
    autumn.clock.now = at("10-12T10:00")
    autumn.do(filed, "reclassify", to="illegal_content")
    found = of(autumn, filed, "result")

    # The new terms would have ended before; the date became the moment of the change.
    assert found.milestone.due_at == at("10-12T10:05")
    assert not found.explanation.equal
    assert found.explanation.term.amount == 10
    assert (found.set_by.event, found.set_by.at) == ("reclassified", at("10-12T10:05"))


@pytest.mark.parametrize(
    "meta", [{"calendar": {"year": 2026, "revision": 2, "notice": "通知", "url": ""}}, {"policy": 1}]
)
def test_a_date_moved_by_a_calendar_or_a_policy_says_by_which(autumn, meta):
    filed = autumn.file()
    rescheduled(autumn, filed, end_of(at("10-12T00:00").date()), **meta)
    found = of(autumn, filed, "result")

    assert [move.event for move in found.moves] == ["rescheduled"]
    assert found.set_by == found.moves[0]
    assert {key: found.set_by.meta[key] for key in meta} == meta


def test_a_review_and_a_reopened_complaint_are_counted_from_their_own_day(autumn):
    filed = autumn.file()
    for name in ("accept", "decide", "release"):
        autumn.do(filed, name)
    autumn.clock.now = at("10-09T09:00")
    autumn.do(filed, "appeal")
    found = of(autumn, filed, "review", publish=True)

    assert found.milestone.cycle == 1
    assert found.explanation.since == at("10-09T09:05")
    assert found.explanation.equal
    assert why(autumn, filed)[0].milestone.cycle == 1
    assert of(autumn, filed, "result", cycle=0).milestone.state == "met"


def test_a_missed_date_keeps_its_count_and_a_void_one_is_not_told(autumn):
    filed, gone = autumn.file(), autumn.file()
    autumn.do(filed, "accept")
    autumn.do(gone, "withdraw")
    autumn.clock.now = autumn.case(filed).result_due
    assert autumn.sweep().failed == ()
    found = of(autumn, filed, "result")

    assert found.milestone.state == "acted"
    assert found.explanation.equal
    assert why(autumn, gone) == []


def test_a_term_that_the_policy_no_longer_has_is_no_fault(autumn, monkeypatch):
    from complaints.sla import reasons as module

    filed = autumn.file()
    monkeypatch.setattr(module, "term_of", lambda *_: None)
    assert {each.explanation for each in why(autumn, filed)} == {None}
