from __future__ import annotations

import json
from datetime import date, timedelta

import chinese_calendar
import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints.base.errors import ConfigError
from complaints.policy.workdays import Calendar
from complaints.policy.years import NamedDay, YearData, read_year, shipped_years

SHIPPED = Calendar.shipped()
DAYS = st.dates(date(2023, 12, 1), date(2028, 2, 1))
COUNTS = st.integers(1, 60)


def each_day(first: date, last: date):
    return [date.fromordinal(number) for number in range(first.toordinal(), last.toordinal() + 1)]


def naive_add(calendar: Calendar, day: date, count: int) -> date:
    while count:
        day += timedelta(days=1)
        count -= calendar.is_workday(day)
    return day


@pytest.mark.parametrize("year", [2024, 2025, 2026])
def test_every_day_agrees_with_two_calendars_that_are_not_ours(year):
    theirs = holidays.China(years=year)
    for day in each_day(date(year, 1, 1), date(year, 12, 31)):
        ours = SHIPPED.is_workday(day)
        assert ours == chinese_calendar.is_workday(day), day
        assert ours == theirs.is_working_day(day), day


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2024, 2, 9), True),  # New Year's Eve of 2024 was no holiday
        (date(2025, 1, 28), False),  # that of 2025 was, by the decree of November 2024
        (date(2025, 10, 8), False),  # the eighth day, because Mid-Autumn fell into the week
        (date(2026, 1, 4), True),  # a Sunday
        (date(2026, 2, 14), True),  # a Saturday
        (date(2026, 10, 10), True),
        (date(2026, 10, 7), False),
        (date(2027, 1, 1), False),
        (date(2027, 2, 5), False),
        (date(2027, 9, 15), False),
        (date(2027, 10, 4), True),  # bridge days wait for the notice
        (date(2031, 5, 1), False),  # a year about which nothing is known
        (date(2031, 10, 3), False),
        (date(2031, 1, 23), True),  # Spring Festival 2031: moves, so not known
    ],
)
def test_days_read_from_the_notices(day, works):
    assert SHIPPED.is_workday(day) is works


def test_2027_agrees_with_the_statutory_days_of_a_calendar_that_is_not_ours():
    theirs = {day for day, name in holidays.China(years=2027).items() if "observed" not in name}
    assert {day.date for day in SHIPPED.year(2027).off} == theirs


def test_shipped_years_are_final_up_to_2026_and_say_which_notice_rules_them():
    for year in shipped_years():
        assert year.final == (year.year <= 2026)
        if year.final:
            assert f"关于{year.year}年部分节假日安排的通知" in year.notice
            assert year.url.startswith("https://www.gov.cn/zhengce/content/")
            assert date.fromisoformat(year.date).year == year.year - 1


def test_the_package_has_next_years_arrangement_or_calls_it_provisional():
    for number in (2028, 2029, 2100):
        assert SHIPPED.provisional(date(number, 6, 1))


@given(DAYS, COUNTS)
def test_bisection_counts_as_a_day_loop_does(day, count):
    found = SHIPPED.add(day, count)
    assert found == naive_add(SHIPPED, day, count)
    assert SHIPPED.is_workday(found)
    assert SHIPPED.count(day, found) == count


@given(DAYS, COUNTS)
def test_more_days_never_end_earlier(day, count):
    assert SHIPPED.add(day, count) < SHIPPED.add(day, count + 1)
    assert SHIPPED.add(day, count) <= SHIPPED.add(day + timedelta(days=1), count)


@given(DAYS)
def test_the_last_working_day_on_or_before(day):
    found = SHIPPED.last_on_or_before(day)
    assert found <= day
    assert SHIPPED.is_workday(found)
    assert SHIPPED.count(found, day) == 0


@given(DAYS, st.integers(0, 90))
def test_an_explanation_counts_what_the_calendar_counts(day, length):
    until = day + timedelta(days=length)
    told = SHIPPED.explain(day, until)
    assert [each.date for each in told] == each_day(day + timedelta(days=1), until)
    assert sum(each.counted for each in told) == SHIPPED.count(day, until)
    assert any(each.provisional for each in told) == SHIPPED.provisional_between(day, until)
    for each in told:
        assert each.counted == (each.why in {"workday", "makeup"})
        assert bool(each.name) == (each.why in {"holiday", "makeup"})


@pytest.mark.parametrize("year", [*range(1, 10), *range(1990, 2120), 2500, 9997])
def test_the_last_of_december_of_any_year_is_no_dead_end(year):
    day = date(year, 12, 31)
    assert SHIPPED.add(day, 15) == naive_add(SHIPPED, day, 15)
    assert SHIPPED.count(day, day + timedelta(days=30)) == sum(
        SHIPPED.is_workday(day + timedelta(days=n)) for n in range(1, 31)
    )


@pytest.mark.parametrize(
    ("day", "open_"),
    [
        (date(2025, 12, 31), False),
        (date(2026, 12, 24), False),
        (date(2026, 12, 25), True),  # the notice for 2027 may still rule it
        (date(2027, 1, 4), True),
        (date(2040, 6, 1), True),
    ],
)
def test_what_is_provisional(day, open_):
    assert SHIPPED.provisional(day) is open_


def test_a_notice_makes_its_year_final_and_may_rule_the_december_before():
    notice = YearData(
        2027,
        final=True,
        notice="国务院办公厅关于2027年部分节假日安排的通知",
        off=(NamedDay(date(2026, 12, 31), "元旦"), NamedDay(date(2027, 1, 1), "元旦")),
        work=(NamedDay(date(2026, 12, 27), "元旦"),),
    )
    calendar = SHIPPED.with_year(notice)
    assert not calendar.provisional(date(2026, 12, 25))
    assert calendar.is_workday(date(2026, 12, 27))
    assert calendar.add(date(2026, 12, 30), 1) == date(2027, 1, 4)
    assert calendar.version != SHIPPED.version
    assert SHIPPED.add(date(2026, 12, 30), 1) == date(2026, 12, 31)
    assert calendar.with_year(SHIPPED.year(2027)).version == SHIPPED.version


def test_days_say_why_in_both_languages():
    told = {day.date: day for day in SHIPPED.explain(date(2026, 9, 17), date(2026, 9, 25))}
    assert told[date(2026, 9, 18)].words("zh") == "工作日"
    assert told[date(2026, 9, 19)].words("en") == "weekend"
    assert told[date(2026, 9, 20)].words("zh") == "调休上班（国庆节）"
    assert told[date(2026, 9, 20)].words("en") == "National Day, make-up working day"
    assert told[date(2026, 9, 25)].words("zh") == "中秋节放假"
    assert "国办发明电〔2025〕7号" in told[date(2026, 9, 25)].notice


def test_a_working_day_is_never_zero_days_away():
    with pytest.raises(ValueError, match="at least one"):
        SHIPPED.add(date(2026, 1, 1), 0)


def test_a_year_survives_writing_and_reading():
    for year in shipped_years():
        assert read_year(json.dumps(year.as_dict())) == year


def test_the_public_holiday_cn_form_is_read():
    days = [
        {"name": "元旦", "date": "2028-01-03", "isOffDay": True},
        {"name": "元旦", "date": "2028-01-08", "isOffDay": False},
    ]
    url = "https://www.gov.cn/zhengce/content/202711/content_1.htm"
    year = read_year(json.dumps({"year": 2028, "papers": [url], "days": days}))
    assert (year.final, year.url) == (True, url)
    assert year.off == (NamedDay(date(2028, 1, 3), "元旦"),)
    assert year.work == (NamedDay(date(2028, 1, 8), "元旦"),)
    assert read_year('{"year": 2029, "papers": [], "days": []}').final is False


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("no json", "not a holiday calendar"),
        ('{"year": 2028}', "not a holiday calendar"),
        (
            '{"year": 2028, "final": false, "off": [{"date": "2028-02-30", "name": "x"}], "work": []}',
            "not a holiday",
        ),
        (
            '{"year": 2028, "final": false, "off": [{"date": "2026-12-31", "name": "x"}], "work": []}',
            "belong to 2028",
        ),
        (
            (
                '{"year": 2028, "final": false, "off": [{"date": "2028-01-01", "name": "x"}],'
                ' "work": [{"date": "2028-01-01", "name": "x"}]}'
            ),
            "off and a working day at once",
        ),
        (
            (
                '{"year": 2028, "final": false, "off": [{"date": "2028-01-01", "name": "x"},'
                ' {"date": "2028-01-01", "name": "x"}], "work": []}'
            ),
            "twice",
        ),
        (
            '{"year": 2028, "final": false, "off": [], "work": [{"date": "2028-01-03", "name": "x"}]}',
            "weekend days",
        ),
        ('{"year": 2028, "final": true, "off": [], "work": []}', "names its notice"),
    ],
)
def test_a_faulty_year_is_refused_with_the_file_and_the_fault(text, says):
    with pytest.raises(ConfigError, match="upload.json.*" + says):
        read_year(text, "upload.json")
