"""Figures of a period: what the database counts is what the log recounts to, each on its own way."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from factories import CAROL
from lives import RESTRICTED, live

from complaints.base.clock import beijing
from complaints.cases import figures, queries
from complaints.cases.measuring import (
    APART,
    NUMBERS,
    Only,
    Promise,
    Share,
    Span,
    Spread,
    Took,
    changed_on_review,
    spread,
)
from complaints.cases.narrowing import Filters
from complaints.cases.people import Operator
from complaints.evidence import export, monthly, months, register
from complaints.evidence.chosen import Chosen
from complaints.evidence.figures import recount

ALL = Operator("op_reader", "Reader", restricted=True)
SOME = Operator("op_other", "Other")


def both(desk, span, viewer=ALL, only=Only()):  # noqa: B008 - frozen
    chosen = Chosen(
        "period",
        "pdf",
        since=span.since,
        until=span.until,
        tests="yes" if only.tests else "no",
        restricted=viewer.restricted,
    )
    settled = export.settle(desk.installation, chosen)
    counted = desk.read(lambda work: figures.measure(work, viewer, span, only))
    return counted, desk.read(lambda work: recount(work, settled, span, only))


@pytest.fixture
def lived(desk):
    live(desk)
    return Span(date(2026, 11, 1), beijing(desk.clock.now).date())


def test_every_figure_recounts_from_the_log(desk, lived):
    for viewer in (ALL, SOME):
        for only in (Only(), Only(type="billing"), Only(channel="phone"), Only(tests=True)):
            counted, again = both(desk, lived, viewer, only)
            assert counted == again
            assert counted.received > 0
    counted, again = both(desk, Span.month(date(2026, 12, 1)))
    assert counted == again
    assert counted.received > 0


def test_a_lively_history_has_something_of_every_figure(desk, lived):
    counted, _ = both(desk, lived)
    assert [name for name in NUMBERS if not getattr(counted, name)] == []
    assert counted.changed == 2
    assert counted.withdrawn == 1
    assert {"accept", "result", "review"} <= counted.promises.keys()
    assert all(spread.count for spread in counted.times.values())
    assert all(counted.promises["result"].__dict__.values())
    assert sum(point.received for point in counted.trend) == counted.received
    assert sum(counted.types.values()) == sum(counted.risks.values()) == counted.received
    assert sum(counted.outcomes.values()) == counted.answered


def test_what_is_told_apart_is_together_what_was_counted_at_once(desk, lived):
    counted, _ = both(desk, lived)
    assert set(counted.apart["type"]) <= set(counted.types)
    assert set(counted.apart["outcome"]) <= set(counted.outcomes)
    results = counted.promises["result"]
    for name in ("type", "risk"):
        shares = counted.apart[name].values()
        for became in ("kept", "missed", "running"):
            assert sum(getattr(each.results, became) for each in shares) == getattr(results, became)
        for reached, whole in counted.times.items():
            assert sum(each.times[reached].count for each in shares) == whole.count
    answered = counted.apart["outcome"].values()
    assert sum(each.times["answer"].count for each in answered) == sum(counted.outcomes.values())


def test_a_share_holds_its_own_complaints_alone():
    took = Took()
    for told, hours in (
        (("a", "", ""), 1),
        (("a", "R1", "upheld"), 3),
        (("b", "R1", "upheld"), 5),
        (("b", "R1", "declined"), 9),
    ):
        took.add(told, "answer", hours * 3600, hours)
    found = took.apart({("a", "", ""): Promise(1, 2, 3), ("c", "", "declined"): Promise(running=1)})

    def answers(*hours):
        none, values = Spread(), [each * 3600 for each in hours]
        return {"accept": none, "first_action": none, "answer": spread(values, hours)}

    assert tuple(found) == APART
    assert found["type"] == {
        "a": Share(Promise(1, 2, 3), answers(1, 3)),
        "b": Share(Promise(), answers(5, 9)),
        "c": Share(Promise(running=1), answers()),
    }
    assert found["risk"] == {
        "": Share(Promise(1, 2, 4), answers(1)),
        "R1": Share(Promise(), answers(3, 5, 9)),
    }
    # What has no outcome yet is of none.
    assert found["outcome"] == {
        "upheld": Share(Promise(), answers(3, 5)),
        "declined": Share(Promise(running=1), answers(9)),
    }
    assert took.times() == answers(1, 3, 5, 9)


def test_restricted_types_are_not_even_counted_for_who_may_not_know_of_them(desk, lived):
    every, some = both(desk, lived)[0], both(desk, lived, SOME)[0]
    assert every.types[RESTRICTED] == 2
    assert RESTRICTED not in some.types
    assert every.received - some.received == 2
    assert every.trend != some.trend


def test_a_later_round_does_not_change_how_long_the_first_answer_took(desk):
    desk.later(days=40)
    day = beijing(desk.clock.now).date()
    filed = desk.file()
    for step in ("accept", "decide", "release"):
        desk.do(filed, step)
    before = both(desk, Span(day, day))[0].times
    desk.later(days=3)
    for step in ("appeal", "change", "release"):
        desk.do(filed, step)
    after = both(desk, Span(day, day + timedelta(days=9)))[0].times
    assert after == before
    assert before["answer"] == Spread(1, 900.0, 900.0, 0, 0)


@pytest.mark.parametrize(
    "after",
    [
        "accept decide release appeal",
        "accept decide release appeal confirm release",
        "accept decide release appeal change release",
        "accept decide release close reopen",
        "accept decide release close reopen decide release close",
        "withdraw reopen",
    ],
)
def test_a_complaint_that_was_late_once_is_counted_late_in_every_later_round(desk, after):
    desk.later(days=40)
    day = beijing(desk.clock.now).date()
    late, *others = [desk.file() for _ in range(3)]
    # Another round alone makes nobody late.
    for step in ("accept", "decide", "release", "appeal"):
        desk.do(others[0], step)
    desk.do(others[1], "withdraw")
    desk.do(others[1], "reopen")
    desk.clock.now = desk.case(late).accept_due
    desk.sweep()
    for step in after.split():
        if step != "accept":
            desk.do(late, step)

    span = Span(day, day)
    counted, again = both(desk, span)
    assert counted == again
    assert (counted.late, counted.promises["accept"].missed, counted.received) == (1, 1, 3)
    assert [point.late for point in counted.trend] == [1]
    for query, expected in (("yes", {late.uid}), ("no", {each.uid for each in others})):
        asked = {"view": "all", "late": query, "since": day.isoformat(), "until": day.isoformat()}
        listed = desk.read(lambda work, asked=asked: queries.matching(work, ALL, Filters.of(asked), 9))
        assert {case.uid for case in listed} == expected
    chosen = export.order(desk.installation, CAROL, months.report(Span.month(day), "pdf"))
    report = desk.read(lambda work: monthly.gather(work, chosen))
    assert [(each.number, [kind for kind, _ in each.missed]) for each in report.late] == [
        (late.number, ["accept"])
    ]
    rows = desk.read(lambda work: [row for _, page in register.batches(work, chosen) for row in page])
    assert {row["number"] for row in rows if row["late"]} == {late.number}


def test_a_missed_reply_stays_missed_when_the_next_message_is_answered_in_time(desk, promise):
    promise("[deadlines.general]\nreply = { amount = 2 }\n")
    desk.later(days=40)
    day = beijing(desk.clock.now).date()
    filed, other = desk.file(), desk.file()
    for each in (other, filed):
        desk.do(each, "accept")
    desk.do(filed, "message")
    [due] = desk.milestones(filed, kind="reply", step="due", publish=True)
    desk.clock.now = due.due_at
    desk.sweep()
    for step in ("reply", "message", "reply"):
        desk.do(filed, step)

    counted, again = both(desk, Span(day, day))
    assert counted == again
    # Of the dates of replies the newest counts, of the complaint that one was missed.
    assert (counted.late, counted.promises["reply"]) == (1, Promise(kept=1))


def test_a_period_begins_and_ends_at_midnight_in_beijing(desk):
    desk.later(days=60)
    desk.clock.now = desk.clock.now.replace(hour=15, minute=59)
    day = beijing(desk.clock.now).date()
    desk.file()
    desk.later(minutes=1)
    desk.file()
    desk.file()
    found = [both(desk, Span(day + timedelta(days=n), day + timedelta(days=n)))[0] for n in (0, 1)]
    assert [each.received for each in found] == [1, 2]
    together = both(desk, Span(day, day + timedelta(days=1)))[0].trend
    assert [(point.name, point.received) for point in together] == [
        (day.isoformat(), 1),
        ((day + timedelta(days=1)).isoformat(), 2),
    ]


@pytest.mark.parametrize(
    ("values", "median", "ninety"),
    [
        ([5], 5, 5),
        ([1, 2], 1, 2),
        ([3, 1, 2], 2, 3),
        (list(range(1, 11)), 5, 9),
        (list(range(1, 101)), 50, 90),
    ],
)
def test_percentiles_are_values_that_occurred(values, median, ninety):
    found = spread(values, values)
    assert (found.median, found.ninety, found.median_days) == (median, ninety, median)


@pytest.mark.parametrize(
    ("types", "changed"),
    [
        ("decided released appealed changed released", True),
        ("decided released appealed changed", False),
        ("changed taken_back confirmed released", False),
        ("changed taken_back changed released", True),
        ("declined released overturned", True),
        ("released sent_back decided released", False),
    ],
)
def test_a_review_changed_an_answer_when_its_verdict_went_out(types, changed):
    assert changed_on_review(types.split()) is changed


def test_a_share_is_of_the_dates_that_are_over():
    assert Promise(3, 1, 9).rate == 0.75
    assert Promise(0, 0, 4).rate is None


@pytest.mark.parametrize(
    ("first", "last", "names"),
    [
        (date(2026, 12, 31), date(2027, 1, 1), ["2026-12-31", "2027-01-01"]),
        (date(2026, 11, 15), date(2027, 1, 20), ["2026-11", "2026-12", "2027-01"]),
    ],
)
def test_a_trend_names_each_day_or_month_once(first, last, names):
    assert Span(first, last).names() == names
