from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints.base.clock import BEIJING, beijing
from complaints.policy.deadlines import (
    after_pause,
    appeal_end,
    clock,
    due_moment,
    end_of,
    pause_end,
    service_time,
    shown_date,
    words,
)
from complaints.policy.deadlines import plan as timetable
from complaints.policy.model import Contacts, Pause, Review
from complaints.policy.terms import Term, usual_steps
from complaints.policy.workdays import Calendar
from complaints.policy.years import NamedDay, YearData

SHIPPED = Calendar.shipped()
OFFICE = Contacts(hours_from="09:00", hours_to="18:00")
MOMENTS = st.datetimes(datetime(2023, 12, 1), datetime(2028, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
AMOUNTS = st.integers(1, 40)
CAPS = st.one_of(st.none(), st.integers(1, 30))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BEIJING).astimezone(UTC)


POLICY = SimpleNamespace(contacts=OFFICE, pause=Pause(10), review=Review(30, 1), steps=usual_steps())


def plan(*terms: Term, arrived, kinds=None):
    return timetable(POLICY, terms, arrived, SHIPPED, kinds)


def naive_due_day(arrived: datetime, amount: int, cap: int | None) -> date:
    came = day = beijing(arrived).date()
    days = []
    while len(days) < amount:
        day += timedelta(days=1)
        if SHIPPED.is_workday(day):
            days.append(day)
    if cap is None:
        return days[-1]
    latest = came + timedelta(days=cap)
    while not SHIPPED.is_workday(latest):
        latest -= timedelta(days=1)
    return min(days[-1], max(latest, days[0]))


@pytest.mark.parametrize(
    ("arrived", "amount", "cap", "shown"),
    [
        ("2026-11-23T09:00", 2, None, "2026年11月25日（周三）"),
        ("2026-11-23T09:00", 10, 15, "2026年12月7日（周一）"),
        ("2026-11-23T23:59", 10, 15, "2026年12月7日（周一）"),
        ("2026-11-21T12:00", 1, None, "2026年11月23日（周一）"),  # a Saturday
        ("2026-02-13T18:00", 1, None, "2026年2月14日（周六）"),  # the next day is a make-up Saturday
        ("2026-02-14T18:00", 1, None, "2026年2月24日（周二）"),  # nine days of Spring Festival
        ("2026-02-14T18:00", 10, 15, "2026年2月28日（周六）"),  # capped on Sunday 1 March, moved back
        ("2026-02-16T12:00", 2, 3, "2026年2月24日（周二）"),  # a cap never lies before day 1
        ("2026-12-31T23:59", 1, None, "2027年1月4日（周一）"),
    ],
)
def test_a_term_in_working_days_ends_at_midnight_of_its_last_day(arrived, amount, cap, shown):
    due = due_moment(Term("result", amount, "wd", cap), at(arrived), SHIPPED, OFFICE)
    assert words(due, "zh") == shown
    assert beijing(due).time() == time(0)


@given(MOMENTS, AMOUNTS, CAPS)
def test_due_days_are_working_days_and_equal_a_day_loop(arrived, amount, cap):
    due = due_moment(Term("result", amount, "wd", cap), arrived, SHIPPED, OFFICE)
    assert SHIPPED.is_workday(shown_date(due))
    assert shown_date(due) == naive_due_day(arrived, amount, cap)
    assert due > arrived


@given(MOMENTS, AMOUNTS, CAPS, st.sampled_from(["wd", "h", "sh"]))
def test_a_longer_term_never_ends_earlier(arrived, amount, cap, unit):
    shorter, longer = (
        due_moment(Term("result", n, unit, cap), arrived, SHIPPED, OFFICE) for n in (amount, amount + 1)
    )
    assert shorter <= longer


@pytest.mark.parametrize(
    ("arrived", "hours", "due"),
    [
        ("2026-11-23T10:30", 4, "2026-11-23T14:30"),
        ("2026-11-23T07:00", 4, "2026-11-23T13:00"),
        ("2026-11-23T14:00", 4, "2026-11-23T18:00"),
        ("2026-11-23T16:00", 4, "2026-11-24T11:00"),
        ("2026-11-20T17:00", 4, "2026-11-23T12:00"),
        ("2026-11-22T12:00", 4, "2026-11-23T13:00"),
        ("2026-11-23T18:00", 9, "2026-11-24T18:00"),
        ("2026-11-23T18:00", 10, "2026-11-25T10:00"),
        ("2026-02-14T17:00", 2, "2026-02-24T10:00"),
    ],
)
def test_service_hours_run_only_while_the_office_is_open(arrived, hours, due):
    assert due_moment(Term("first_action", hours, "sh"), at(arrived), SHIPPED, OFFICE) == at(due)


@given(MOMENTS, st.integers(1, 60))
def test_service_hours_equal_a_minute_count(arrived, hours):
    due = due_moment(Term("first_action", hours, "sh"), arrived, SHIPPED, OFFICE)
    first, last = beijing(arrived).date(), beijing(due).date()
    open_time = timedelta(0)
    for number in range(first.toordinal(), last.toordinal() + 1):
        day = date.fromordinal(number)
        if SHIPPED.is_workday(day):
            opens, closes = (datetime.combine(day, time(hour), BEIJING) for hour in (9, 18))
            open_time += max(min(closes, due) - max(opens, arrived), timedelta(0))
    assert open_time == timedelta(hours=hours)
    assert SHIPPED.is_workday(last)


def test_hours_round_the_clock_do_not_wait_for_monday():
    assert due_moment(Term("result", 48, "h"), at("2026-11-21T12:00"), SHIPPED, OFFICE) == at(
        "2026-11-23T12:00"
    )


def test_a_published_term_warns_twice_and_then_once_a_day_late():
    terms = (Term("result", 10, "wd", 15), Term("result", 7, "wd", publish=False, step="target"))
    rows = plan(*terms, arrived=at("2026-11-23T09:00"))
    assert [(row.kind, row.step, row.due, row.publish) for row in rows] == [
        ("result", "target", at("2026-12-03T00:00"), False),
        ("result", "warn1", at("2026-12-04T10:00"), True),
        ("result", "warn2", at("2026-12-07T10:00"), True),
        ("result", "due", at("2026-12-08T00:00"), True),
        ("result", "escalate1", at("2026-12-08T10:00"), True),
    ]
    assert not any(row.provisional for row in rows)


def test_a_warning_that_would_have_been_due_before_arrival_is_left_out():
    rows = plan(Term("accept", 1), arrived=at("2026-11-23T10:00"))
    assert [row.step for row in rows] == ["warn2", "due", "escalate1"]


def test_only_the_kinds_asked_for_are_planned():
    terms = (Term("accept", 2), Term("result", 10), Term("review", 10))
    rows = plan(*terms, arrived=at("2026-11-23T10:00"), kinds=("review",))
    assert {row.kind for row in rows} == {"review"}


def test_a_published_term_in_hours_warns_before_its_moment():
    rows = plan(Term("first_action", 48, "h"), arrived=at("2026-11-23T08:00"))
    assert [(row.step, row.due) for row in rows] == [
        ("warn1", at("2026-11-23T10:00")),
        ("warn2", at("2026-11-24T10:00")),
        ("due", at("2026-11-25T08:00")),
        ("escalate1", at("2026-11-26T10:00")),
    ]


def test_a_date_that_a_coming_notice_may_move_is_provisional():
    told = {
        row.kind: row.provisional
        for row in plan(Term("accept", 2), Term("result", 30), arrived=at("2026-11-23T09:00"))
    }
    assert told == {"accept": False, "result": True}


@given(MOMENTS, st.integers(1, 20), CAPS)
def test_a_timetable_is_in_order_and_wholly_after_arrival(arrived, amount, cap):
    rows = plan(Term("result", amount, "wd", cap), arrived=arrived)
    assert [row.step for row in rows][-2:] == ["due", "escalate1"]
    assert all(row.due > arrived for row in rows)
    assert all(SHIPPED.is_workday(shown_date(row.due)) for row in rows)


WD, CAPPED = Term("result", 10), Term("result", 10, "wd", 15)
HOURS, SERVED, SHORT = (
    Term("first_action", 24, "h"),
    Term("first_action", 4, "sh"),
    Term("accept", 9, "sh", 2),
)


@pytest.mark.parametrize(
    ("term", "due", "began", "ended", "moved"),
    [
        # Working days: what was left after Monday is counted anew after Thursday.
        (WD, "2026-12-08T00:00", "2026-11-23T15:00", "2026-11-26T09:00", "2026-12-11T00:00"),
        (WD, "2026-12-08T00:00", "2026-11-23T15:00", "2026-11-23T18:00", "2026-12-08T00:00"),
        # T16: over a weekend, over nine days of Spring Festival, and into the make-up Saturday before it.
        (WD, "2026-12-08T00:00", "2026-11-27T15:00", "2026-11-30T09:00", "2026-12-09T00:00"),
        (WD, "2026-12-08T00:00", "2026-11-28T15:00", "2026-11-29T09:00", "2026-12-08T00:00"),
        (WD, "2026-02-26T00:00", "2026-02-13T15:00", "2026-02-24T09:00", "2026-02-28T00:00"),
        (WD, "2026-02-15T00:00", "2026-02-13T15:00", "2026-02-14T09:00", "2026-02-25T00:00"),
        # On the last day itself: what is owed is a last day, not one that went by while we waited.
        (WD, "2026-11-24T00:00", "2026-11-23T15:00", "2026-11-26T09:00", "2026-11-27T00:00"),
        (WD, "2026-11-24T00:00", "2026-11-23T15:00", "2026-11-28T09:00", "2026-12-01T00:00"),
        # A capped date moves like the days it is made of, and never to a day nobody works on.
        (CAPPED, "2026-12-08T00:00", "2026-12-03T15:00", "2026-12-07T09:00", "2026-12-10T00:00"),
        # Hours round the clock wait for no Monday.
        (HOURS, "2026-11-28T12:00", "2026-11-27T13:30", "2026-11-28T01:00", "2026-11-28T23:30"),
        # Service hours: two hours of Friday's and one of Monday's passed, nothing of the weekend.
        (SERVED, "2026-11-27T17:00", "2026-11-27T16:00", "2026-11-30T10:00", "2026-11-30T11:00"),
        (SERVED, "2026-11-27T17:00", "2026-11-28T16:00", "2026-11-30T10:00", "2026-11-27T17:00"),
        (SERVED, "2026-11-27T18:00", "2026-11-26T20:00", "2026-11-27T08:00", "2026-11-27T18:00"),
        (SERVED, "2026-11-27T18:00", "2026-11-26T17:00", "2026-11-27T10:00", "2026-11-30T11:00"),
        # Hours with a cap: Wednesday's end is as far as the cap goes, the hours that passed come before it.
        (SHORT, "2026-11-24T00:00", "2026-11-23T12:00", "2026-11-25T12:00", "2026-11-25T18:00"),
        (SHORT, "2026-11-24T17:00", "2026-11-24T10:00", "2026-11-24T18:00", "2026-11-25T00:00"),
        # T16: overdue already; nothing is won by asking.
        (WD, "2026-12-08T00:00", "2026-12-08T00:00", "2026-12-20T09:00", "2026-12-08T00:00"),
        (HOURS, "2026-11-28T12:00", "2026-11-28T12:00", "2026-11-29T12:00", "2026-11-28T12:00"),
    ],
)
def test_a_pause_moves_a_date_in_the_unit_of_its_term(term, due, began, ended, moved):
    found = after_pause(term, at(due), SHIPPED, OFFICE, (at(began), at(ended)))
    assert clock(found, "zh") == clock(at(moved), "zh")


def test_service_time_counts_what_is_open_between_two_moments():
    assert service_time(at("2026-11-27T17:00"), at("2026-11-30T10:00"), SHIPPED, OFFICE) == timedelta(hours=2)
    assert service_time(at("2026-11-23T12:00"), at("2026-11-25T12:00"), SHIPPED, OFFICE) == timedelta(
        hours=18
    )
    assert service_time(at("2026-11-23T19:00"), at("2026-11-24T08:00"), SHIPPED, OFFICE) == timedelta(0)


@st.composite
def calendars(draw):
    """2025 to 2028 with holidays and make-up days that no government has thought of."""
    made = Calendar(())
    for year in range(2025, 2029):
        days = draw(st.sets(st.dates(date(year, 1, 1), date(year, 12, 31)), max_size=40))
        off = tuple(NamedDay(day, "假") for day in sorted(days) if day.weekday() < 5 or day.day % 2)
        work = tuple(NamedDay(day, "假") for day in sorted(days) if day.weekday() >= 5 and not day.day % 2)
        made = made.with_year(YearData(year, final=True, notice="通知", off=off, work=work))
    return made


@st.composite
def terms(draw):
    unit = draw(st.sampled_from(["wd", "sh", "h"]))
    cap = None if unit == "h" else draw(CAPS)
    return Term("result", draw(AMOUNTS), unit, cap)


SPANS = st.lists(st.tuples(st.integers(0, 500), st.integers(0, 400)), max_size=3)
HOUSES = st.sampled_from([OFFICE, Contacts(hours_from="08:30", hours_to="12:00"), Contacts(hours_to="23:59")])


def spans(arrived, given):
    """Pauses in order, from hours between them and hours they lasted."""
    found, moment = [], arrived
    for wait, length in given:
        began = moment + timedelta(hours=wait)
        moment = began + timedelta(hours=length)
        found.append((began, moment))
    return found


def reckon(term, arrived, calendar, house, pauses):
    due = due_moment(term, arrived, calendar, house)
    for pause in pauses:
        due = after_pause(term, due, calendar, house, pause)
    return due


def naive_day(term, arrived, calendar, pauses):
    """The last day of a term in working days, by walking from day to day."""

    def walk(day, left):
        while left:
            day += timedelta(days=1)
            left -= calendar.is_workday(day)
        return day

    def back(day):
        while not calendar.is_workday(day):
            day -= timedelta(days=1)
        return day

    came = beijing(arrived).date()
    due = walk(came, term.amount)
    if term.cap_days is not None:
        due = min(due, max(back(came + timedelta(days=term.cap_days)), walk(came, 1)))
    for began, ended in pauses:
        first, last = beijing(began).date(), beijing(ended).date()
        if first > due or first == last:
            continue
        left, day = 0, first
        while day < due:
            day += timedelta(days=1)
            left += calendar.is_workday(day)
        due = walk(last, left) if left else walk(last - timedelta(days=1), 1)
    return due


@given(MOMENTS, AMOUNTS, CAPS, calendars(), SPANS)
def test_with_any_calendar_and_pauses_a_date_is_what_a_walk_from_day_to_day_finds(
    arrived, amount, cap, calendar, given_spans
):
    term, pauses = Term("result", amount, "wd", cap), spans(arrived, given_spans)
    due = reckon(term, arrived, calendar, OFFICE, pauses)
    assert shown_date(due) == naive_day(term, arrived, calendar, pauses)
    assert beijing(due).time() == time(0)


@given(MOMENTS, terms(), calendars(), SPANS, HOUSES)
def test_with_any_calendar_and_pauses_a_date_is_a_working_day_and_never_earlier_for_more(
    arrived, term, calendar, given_spans, house
):
    pauses = spans(arrived, given_spans)
    due = reckon(term, arrived, calendar, house, pauses)
    assert term.unit == "h" or calendar.is_workday(shown_date(due))
    assert due >= due_moment(term, arrived, calendar, house)
    assert due <= reckon(replace(term, amount=term.amount + 1), arrived, calendar, house, pauses)
    if term.cap_days is not None:
        assert due <= reckon(replace(term, cap_days=term.cap_days + 1), arrived, calendar, house, pauses)
        assert due <= reckon(replace(term, cap_days=None), arrived, calendar, house, pauses)


@given(MOMENTS, terms(), calendars(), st.integers(0, 500), HOUSES)
def test_an_empty_pause_changes_nothing(arrived, term, calendar, wait, house):
    due = due_moment(term, arrived, calendar, house)
    moment = arrived + timedelta(hours=wait)
    assert after_pause(term, due, calendar, house, (moment, moment)) == due


@given(MOMENTS, terms(), calendars(), st.integers(0, 500), st.integers(0, 400), HOUSES)
def test_no_date_is_over_when_the_pause_ends(arrived, term, calendar, wait, length, house):
    due = due_moment(term, arrived, calendar, house)
    began = arrived + timedelta(hours=wait)
    ended = began + timedelta(hours=length)
    moved = after_pause(term, due, calendar, house, (began, ended))
    assert moved == due if began >= due else moved >= ended


@given(MOMENTS, st.integers(1, 90), calendars(), st.integers(0, 300), st.integers(0, 300), HOUSES)
def test_a_pause_takes_nothing_from_the_hours_that_were_left(arrived, amount, calendar, wait, length, house):
    began = arrived + timedelta(hours=wait)
    ended = began + timedelta(hours=length)
    for unit in ("h", "sh"):
        term = Term("first_action", amount, unit)
        due = due_moment(term, arrived, calendar, house)
        moved = after_pause(term, due, calendar, house, (began, ended))
        if began >= due:
            continue
        if unit == "h":
            assert moved - ended == due - began
        else:
            left = service_time(began, due, calendar, house)
            assert service_time(ended, moved, calendar, house) == left


def test_how_long_the_complainant_is_waited_for_and_may_appeal():
    assert (
        words(pause_end(at("2026-11-23T09:00"), POLICY.pause.max_wd, SHIPPED), "zh")
        == "2026年12月7日（周一）"
    )
    assert words(appeal_end(POLICY, at("2026-11-23T23:59")), "zh") == "2026年12月23日（周三）"


def test_moments_are_written_for_people():
    due = end_of(date(2026, 12, 7))
    assert words(due, "zh") == "2026年12月7日（周一）"
    assert words(due, "en") == "Monday 7 December 2026"
    assert words(date(2026, 12, 6), "zh") == "2026年12月6日（周日）"
    assert clock(due, "zh") == "2026年12月7日（周一）24:00"
    assert clock(at("2026-12-07T18:00"), "zh") == "2026年12月7日（周一）18:00"
    assert clock(at("2026-12-07T09:05"), "en") == "Monday 7 December 2026, 09:05"


def test_a_moment_without_time_zone_is_refused():
    with pytest.raises(ValueError, match="naive"):
        plan(Term("result", 10), arrived=datetime(2026, 1, 1))  # noqa: DTZ001
