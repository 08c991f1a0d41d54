from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints.base.clock import BEIJING, beijing
from complaints.policy.deadlines import (
    Planned,
    after_pause,
    appeal_end,
    clock,
    due_moment,
    end_of,
    pause_end,
    plan,
    shift,
    shown_date,
    words,
)
from complaints.policy.model import Contacts, DeadlineSet, Pause, Review, Term, usual_steps
from complaints.policy.workdays import Calendar

SHIPPED = Calendar.shipped()
OFFICE = Contacts(hours_from="09:00", hours_to="18:00")
MOMENTS = st.datetimes(datetime(2023, 12, 1), datetime(2028, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
AMOUNTS = st.integers(1, 40)
CAPS = st.one_of(st.none(), st.integers(1, 30))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BEIJING).astimezone(UTC)


def policy(*terms: Term):
    return SimpleNamespace(
        deadlines={"set": DeadlineSet("set", terms)},
        contacts=OFFICE,
        pause=Pause(10),
        review=Review(30, 1),
        steps=usual_steps(),
    )


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
    rows = plan(policy(*terms), "set", at("2026-11-23T09:00"), SHIPPED)
    assert [(row.kind, row.step, row.due, row.publish) for row in rows] == [
        ("result", "target", at("2026-12-03T00:00"), False),
        ("result", "warn1", at("2026-12-04T10:00"), True),
        ("result", "warn2", at("2026-12-07T10:00"), True),
        ("result", "due", at("2026-12-08T00:00"), True),
        ("result", "escalate1", at("2026-12-08T10:00"), True),
    ]
    assert not any(row.provisional for row in rows)


def test_a_warning_that_would_have_been_due_before_arrival_is_left_out():
    rows = plan(policy(Term("accept", 1)), "set", at("2026-11-23T10:00"), SHIPPED)
    assert [row.step for row in rows] == ["warn2", "due", "escalate1"]


def test_only_the_kinds_asked_for_are_planned():
    terms = (Term("accept", 2), Term("result", 10), Term("review", 10))
    rows = plan(policy(*terms), "set", at("2026-11-23T10:00"), SHIPPED, kinds=("review",))
    assert {row.kind for row in rows} == {"review"}


def test_a_published_term_in_hours_warns_before_its_moment():
    rows = plan(policy(Term("first_action", 48, "h")), "set", at("2026-11-23T08:00"), SHIPPED)
    assert [(row.step, row.due) for row in rows] == [
        ("warn1", at("2026-11-23T10:00")),
        ("warn2", at("2026-11-24T10:00")),
        ("due", at("2026-11-25T08:00")),
        ("escalate1", at("2026-11-26T10:00")),
    ]


def test_a_date_that_a_coming_notice_may_move_is_provisional():
    told = {
        row.kind: row.provisional
        for row in plan(policy(Term("accept", 2), Term("result", 30)), "set", at("2026-11-23T09:00"), SHIPPED)
    }
    assert told == {"accept": False, "result": True}


@given(MOMENTS, st.integers(1, 20), CAPS)
def test_a_timetable_is_in_order_and_wholly_after_arrival(arrived, amount, cap):
    rows = plan(policy(Term("result", amount, "wd", cap)), "set", arrived, SHIPPED)
    assert [row.step for row in rows][-2:] == ["due", "escalate1"]
    assert all(row.due > arrived for row in rows)
    assert all(SHIPPED.is_workday(shown_date(row.due)) for row in rows)


@given(MOMENTS, st.integers(1, 20), st.integers(0, 23))
def test_an_empty_pause_changes_nothing(arrived, amount, hour):
    rows = plan(
        policy(Term("result", amount), Term("first_action", 4, "sh", publish=False)), "set", arrived, SHIPPED
    )
    moment = arrived + timedelta(hours=hour)
    assert after_pause(rows[-1].due, SHIPPED, moment, moment) == rows[-1].due
    assert shift(policy(), rows, SHIPPED, moment, moment) == rows


@given(MOMENTS, st.integers(2, 20), st.integers(0, 20), st.integers(0, 20))
def test_a_pause_moves_the_date_by_its_working_days_and_keeps_midnight(arrived, amount, begin, length):
    due = due_moment(Term("result", amount), arrived, SHIPPED, OFFICE)
    began = min(arrived + timedelta(days=begin), due - timedelta(hours=1))
    ended = began + timedelta(days=length)
    moved = after_pause(due, SHIPPED, began, ended)
    paused = SHIPPED.count(beijing(began).date(), beijing(ended).date())
    assert SHIPPED.count(shown_date(due), shown_date(moved)) == paused
    assert beijing(moved).time() == time(0)
    assert moved >= due
    left = SHIPPED.count(beijing(began).date(), shown_date(due))
    assert SHIPPED.count(beijing(ended).date(), shown_date(moved)) == left or moved == due


def test_a_pause_that_begins_after_the_date_moves_nothing():
    due = end_of(date(2026, 12, 7))
    assert after_pause(due, SHIPPED, at("2026-12-08T09:00"), at("2026-12-20T09:00")) == due


def test_after_a_pause_the_warnings_stand_before_the_new_date():
    rows = plan(policy(Term("result", 10)), "set", at("2026-11-23T09:00"), SHIPPED)
    moved = shift(policy(), rows, SHIPPED, at("2026-11-25T15:00"), at("2026-11-27T09:00"))
    assert [(row.step, row.due) for row in moved] == [
        ("warn1", at("2026-12-08T10:00")),
        ("warn2", at("2026-12-09T10:00")),
        ("due", at("2026-12-10T00:00")),
        ("escalate1", at("2026-12-10T10:00")),
    ]
    late = shift(policy(), rows, SHIPPED, at("2026-12-05T09:00"), at("2026-12-08T09:00"))
    assert late[0] == Planned("result", "warn1", at("2026-12-04T10:00"), publish=True, provisional=False)
    assert {row.step: row.due for row in late}["due"] == at("2026-12-10T00:00")


def test_how_long_the_complainant_is_waited_for_and_may_appeal():
    assert words(pause_end(policy(), at("2026-11-23T09:00"), SHIPPED), "zh") == "2026年12月7日（周一）"
    assert words(appeal_end(policy(), at("2026-11-23T23:59")), "zh") == "2026年12月23日（周三）"


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
        plan(policy(Term("result", 10)), "set", datetime(2026, 1, 1), SHIPPED)  # noqa: DTZ001
