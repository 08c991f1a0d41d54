from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints.base.clock import BEIJING
from complaints.policy.deadlines import after_pause, due_moment, shown_date
from complaints.policy.explain import explain
from complaints.policy.model import Contacts
from complaints.policy.terms import Term
from complaints.policy.workdays import Calendar

SHIPPED = Calendar.shipped()
OFFICE = Contacts(hours_from="09:00", hours_to="18:00")
MOMENTS = st.datetimes(datetime(2023, 12, 1), datetime(2028, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - Hypothesis adds the zone
TERMS = st.builds(
    Term,
    st.just("result"),
    st.integers(1, 40),
    st.sampled_from(["wd", "h", "sh"]),
    st.one_of(st.none(), st.integers(1, 30)),
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BEIJING).astimezone(UTC)


def count(amount, since, *pauses, cap=None, unit="wd"):
    spans = [(at(began), at(ended) if ended else None) for began, ended in pauses]
    return explain(Term("result", amount, unit, cap), at(since), spans, SHIPPED, OFFICE)


def line(found):
    """The count in one line: a number for each counted day, a letter for each other one."""
    letters = {"weekend": "w", "holiday": "h", "paused": "p", "before": "<", "beyond": ">"}
    return " ".join(
        f"{day.number}{'+' if day.why == 'makeup' else ''}" if day.counts else letters[day.why]
        for day in found.days
    )


@st.composite
def pauses_after(draw, since):
    moment, spans = since, []
    for _ in range(draw(st.integers(0, 3))):
        began = moment + timedelta(minutes=draw(st.integers(0, 20_000)))
        moment = began + timedelta(minutes=draw(st.integers(0, 30_000)))
        spans.append((began, moment))
    return spans


@given(st.data(), MOMENTS, TERMS)
def test_the_count_leads_to_the_moment_that_the_deadlines_reckon(data, since, term):
    spans = data.draw(pauses_after(since))
    found = explain(term, since, spans, SHIPPED, OFFICE)
    due = due_moment(term, since, SHIPPED, OFFICE)
    for began, ended in spans:
        due = after_pause(term, due, SHIPPED, OFFICE, (began, ended))

    assert found.moment == due
    assert explain(term, since, spans, SHIPPED, OFFICE, due).equal
    assert not explain(term, since, spans, SHIPPED, OFFICE, due + timedelta(seconds=1)).equal


@given(st.data(), MOMENTS, TERMS)
def test_as_many_working_days_count_as_the_term_has_unless_a_cap_ends_it(data, since, term):
    spans = data.draw(pauses_after(since))
    found = explain(Term("result", term.amount, "wd", term.cap_days), since, spans, SHIPPED, OFFICE)
    numbers = [day.number for day in found.days if day.counts]

    assert numbers == list(range(1, len(numbers) + 1))
    assert all(
        SHIPPED.is_workday(day.date) for day in found.days if day.counts or day.why in {"paused", "beyond"}
    )
    if found.cap is None:
        assert len(numbers) == term.amount
    else:
        assert 1 <= len(numbers) < term.amount
    dates = [day.date for day in found.days]
    assert dates == [dates[0] + timedelta(days=each) for each in range(len(dates))]
    assert shown_date(found.moment) in dates


@given(st.data(), MOMENTS, st.integers(1, 60), st.sampled_from(["h", "sh"]))
def test_the_hours_of_the_days_add_up_to_the_term(data, since, amount, unit):
    found = explain(Term("result", amount, unit), since, data.draw(pauses_after(since)), SHIPPED, OFFICE)
    assert sum((day.time for day in found.days), timedelta(0)) == timedelta(hours=amount)
    assert all(day.time > timedelta(0) for day in found.days if day.counts)


@pytest.mark.parametrize(
    ("since", "amount", "seen", "names"),
    [
        ("2024-02-08T10:00", 3, "< 1 h h h h h h h h 2+ 3", {"春节"}),
        ("2024-04-02T10:00", 3, "< 1 h h h 2+ 3", {"清明节"}),
        ("2024-04-29T10:00", 3, "< 1 h h h h h 2 3", {"劳动节"}),
        ("2024-06-07T10:00", 2, "< w w h 1 2", {"端午节"}),
        ("2024-09-13T10:00", 2, "< 1+ h h h 2", {"中秋节"}),
        ("2024-09-30T10:00", 2, "< h h h h h h h 1 2", {"国庆节"}),
        ("2024-12-31T10:00", 2, "< h 1 2", {"元旦"}),
        ("2025-01-26T10:00", 3, "< 1 h h h h h h h h 2 3", {"春节"}),
        ("2025-04-03T10:00", 1, "< h h h 1", {"清明节"}),
        ("2025-04-27T10:00", 4, "< 1 2 3 h h h h h 4", {"劳动节"}),
        ("2025-05-30T10:00", 2, "< h h h 1 2", {"端午节"}),
        ("2025-09-28T10:00", 4, "< 1 2 h h h h h h h h 3 4", {"国庆节、中秋节"}),
        ("2025-12-31T10:00", 2, "< h h h 1+ 2", {"元旦"}),
        ("2026-02-13T18:00", 2, "< 1+ h h h h h h h h h 2", {"春节"}),
        ("2026-04-03T10:00", 2, "< h h h 1 2", {"清明节"}),
        ("2026-04-30T10:00", 5, "< h h h h h 1 2 3 4+ w 5", {"劳动节"}),
        ("2026-06-18T10:00", 1, "< h h h 1", {"端午节"}),
        ("2026-09-24T10:00", 2, "< h h h 1 2", {"中秋节"}),
        ("2026-09-29T10:00", 4, "< 1 h h h h h h h 2 3 4+", {"国庆节"}),
    ],
)
def test_each_holiday_is_skipped_by_name_and_each_makeup_day_is_counted(since, amount, seen, names):
    found = count(amount, since)

    assert line(found) == seen
    assert {day.name for day in found.of("holiday")} == names
    for day in found.of("holiday", "makeup"):
        assert f"关于{day.date.year}年部分节假日安排的通知" in day.notice or day.date.month == 12
        assert day.url.startswith("https://www.gov.cn/")


@pytest.mark.parametrize(
    ("since", "amount", "cap", "seen", "held", "last"),
    [
        # Day 15 is Tuesday 13 October; the count alone would need the 16th.
        ("2026-09-28T09:00", 10, 15, "< 1 2 h h h h h h h 3 4 5+ w 6 7 > > >", "2026-10-13", "2026-10-13"),
        # Day 5 is a holiday, and so are the days before it.
        ("2026-09-29T09:00", 4, 5, "< 1 h h h h h h h > > >", "2026-09-30", "2026-10-04"),
        ("2026-11-24T09:00", 6, 4, "< 1 2 3 w w > > >", "2026-11-27", "2026-11-28"),
        # Never before day 1.
        ("2026-02-16T12:00", 2, 3, "< h h h h h h h 1 >", "2026-02-24", "2026-02-19"),
    ],
)
def test_a_cap_says_where_it_lay_and_to_which_day_it_moved(since, amount, cap, seen, held, last):
    found = count(amount, since, cap=cap)

    assert line(found) == seen
    assert (found.cap.days, found.cap.held, found.cap.last) == (
        cap,
        date.fromisoformat(held),
        date.fromisoformat(last),
    )
    assert shown_date(found.moment).isoformat() == held


def test_a_cap_that_ends_nothing_is_not_told():
    assert count(10, "2026-11-23T09:00", cap=15).cap is None


@pytest.mark.parametrize(
    ("pauses", "seen", "due"),
    [
        # Over a weekend: Friday's rest and Monday.
        ([("2026-11-27T15:00", "2026-11-30T10:00")], "< 1 2 3 4 w w p 5 6", "2026-12-02"),
        ([("2026-11-28T10:00", "2026-11-29T10:00")], "< 1 2 3 4 w w 5 6", "2026-12-01"),
        # Twice in one day, which takes out none.
        (
            [("2026-11-25T09:00", "2026-11-25T10:00"), ("2026-11-25T11:00", "2026-11-25T16:00")],
            "< 1 2 3 4 w w 5 6",
            "2026-12-01",
        ),
        # Again on the day on which the first one ended.
        (
            [("2026-11-24T09:00", "2026-11-25T10:00"), ("2026-11-25T11:00", "2026-11-26T16:00")],
            "< 1 p p 2 w w 3 4 5 6",
            "2026-12-03",
        ),
        # From the evening of the last day.
        ([("2026-12-01T20:00", "2026-12-03T10:00")], "< 1 2 3 4 w w 5 6 p p", "2026-12-03"),
        # After the end: too late to move it.
        ([("2026-12-02T09:00", "2026-12-09T10:00")], "< 1 2 3 4 w w 5 6", "2026-12-01"),
        # Still running: nothing has moved yet, and what is left waits.
        ([("2026-11-25T09:00", None)], "< 1 2 p p w w p p", "2026-12-01"),
    ],
)
def test_a_pause_takes_its_working_days_out_of_the_count(pauses, seen, due):
    found = count(6, "2026-11-23T09:00", *pauses)

    assert line(found) == seen
    assert shown_date(found.moment).isoformat() == due
    assert found.running == (at(pauses[-1][0]) if pauses[-1][1] is None else None)


def test_a_pause_over_national_day_takes_out_the_working_days_only():
    found = count(10, "2026-09-28T09:00", ("2026-09-30T10:00", "2026-10-09T11:00"), cap=15)

    assert line(found) == "< 1 2 h h h h h h h p p 3+ w 4 5 6 7"
    assert [day.isoformat() for day in found.pauses[0].days] == ["2026-10-08", "2026-10-09"]
    assert shown_date(found.pauses[0].before) == date(2026, 10, 13)
    assert shown_date(found.moment) == date(2026, 10, 15)


@pytest.mark.parametrize(
    ("unit", "since", "amount", "seen"),
    [
        ("h", "2026-11-20T22:00", 48, [("2026-11-20", 2), ("2026-11-21", 24), ("2026-11-22", 22)]),
        ("sh", "2026-11-20T16:30", 4, [("2026-11-20", 1.5), ("2026-11-23", 2.5)]),
        ("sh", "2026-11-20T19:00", 4, [("2026-11-23", 4)]),
        ("sh", "2026-02-14T17:00", 2, [("2026-02-14", 1), ("2026-02-24", 1)]),
    ],
)
def test_hours_are_told_by_the_day(unit, since, amount, seen):
    found = count(amount, since, unit=unit)
    hours = [(day.date.isoformat(), day.time / timedelta(hours=1)) for day in found.days if day.counts]
    assert hours == seen


def test_service_hours_skip_the_weekend_and_say_so():
    assert line(count(4, "2026-11-20T16:30", unit="sh")) == "1 w w 2"
    assert line(count(4, "2026-11-20T19:00", unit="sh")) == "< w w 1"


@pytest.mark.parametrize(
    ("term", "zh", "en"),
    [
        (
            Term("result", 10, "wd", 15),
            "10个工作日（最长15天），从2026年11月23日（周一）的次日起算，到最后一个工作日24:00为止。",
            (
                "10 working days (at most 15 days), counted from the day after Monday 23 November 2026, "
                "until 24:00 of the last working day."
            ),
        ),
        (
            Term("first_action", 24, "h"),
            "24小时，从2026年11月23日（周一）09:30起连续计算，休息日也计入。",
            "24 hours round the clock, from Monday 23 November 2026, 09:30; days off count too.",
        ),
        (
            Term("first_action", 4, "sh"),
            "服务时间内4小时，从2026年11月23日（周一）09:30起算，只计工作日09:00–18:00。",
            "4 hours of service time, from Monday 23 November 2026, 09:30, counting only 09:00–18:00 on working days.",
        ),
    ],
)
def test_the_rule_is_one_sentence(term, zh, en):
    found = explain(term, at("2026-11-23T09:30"), [], SHIPPED, OFFICE)
    assert (found.rule.zh, found.rule.en) == (zh, en)


def test_a_day_that_a_notice_may_still_change_is_named():
    assert count(10, "2026-12-21T09:00").open_day == date(2026, 12, 25)
    assert count(2, "2026-12-21T09:00").open_day is None
    assert count(2, "2027-03-01T09:00").open_day == date(2027, 3, 2)
