"""Figures of a period: what the database counts is what the log recounts to, each on its own way."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from complaints.base.clock import beijing
from complaints.cases import figures
from complaints.cases.measuring import NUMBERS, Only, Promise, Span, Spread, changed_on_review, spread
from complaints.cases.people import Operator
from complaints.evidence import export
from complaints.evidence.chosen import Chosen
from complaints.evidence.figures import recount

ALL = Operator("op_reader", "Reader", restricted=True)
SOME = Operator("op_other", "Other")
RESTRICTED = "minor"
# What becomes of complaints, one a line: their type, then what is done to them.
LIVES = (
    ("other", "accept start decide release close"),
    ("other", "accept ask supply message reply start record_action decide release"),
    ("billing", "decide release appeal confirm release"),
    ("billing", "accept decide release appeal change release"),
    ("other", "accept decide release appeal change take_back"),
    ("other", "accept decide release appeal change take_back confirm release"),
    ("service", "decline release appeal overturn start"),
    ("service", "decline release reply"),
    ("service", "decline"),
    ("inaccurate", "accept decide release appeal send_back decide release"),
    ("inaccurate", "reclassify decide take_back"),
    ("inaccurate", "accept merge"),
    ("inaccurate", "withdraw reopen ask"),
    (RESTRICTED, "accept start record_action decide release"),
    (RESTRICTED, ""),
    ("other", "ask withdraw"),
    ("other", "message reply message"),
    ("other", "accept decide release close reopen decide release"),
)


def live(desk):
    """Lives that overlap, with dates that pass, beside a test case, over three months."""
    for n, (kind, steps) in enumerate(LIVES):
        filed = desk.file(kind, channel=("web", "phone")[n % 2], is_test=n == len(LIVES) - 2)
        desk.file("billing")
        for step in steps.split():
            if step == "merge":
                desk.do(filed, step, lead=desk.file("inaccurate"))
                continue
            if step == "reopen":
                desk.later(days=30)
            desk.do(filed, step)
            if n % 3 == 0:
                desk.later(days=4)
                desk.sweep()
        desk.later(days=3, hours=n)
    desk.sweep()
    desk.file("other")


def both(desk, span, viewer=ALL, only=Only()):  # noqa: B008 - frozen
    chosen = Chosen(
        "period",
        "pdf",
        since=span.since,
        until=span.until,
        tests="no",
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
        for only in (Only(), Only(type="billing"), Only(channel="phone")):
            counted, again = both(desk, lived, viewer, only)
            assert counted == again
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
