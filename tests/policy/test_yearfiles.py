"""Files of a year as people bring them: what is taken, and what they are told of the rest."""

from __future__ import annotations

import json
from datetime import date

import pytest
from arrangements import LONG, NOTICE, upload

from complaints.policy.workdays import Calendar
from complaints.policy.yearfiles import (
    MAX_BYTES,
    CalendarError,
    as_upload,
    changes,
    first_difference,
    read_upload,
)

CSV = "2027-01-01,off,元旦\n2027-02-06,off,春节\n2027-02-20,work,春节\n"
PAPER = "https://www.gov.cn/zhengce/content/202611/content_1.htm"
# The form of the public data set: NateScarlet/holiday-cn, 2026.json.
HOLIDAY_CN = {
    "$schema": "https://raw.githubusercontent.com/NateScarlet/holiday-cn/master/schema.json",
    "year": 2027,
    "papers": [PAPER],
    "days": [
        {"name": "元旦", "date": "2027-01-01", "isOffDay": True},
        {"name": "春节", "date": "2027-02-20", "isOffDay": False},
    ],
}


def days(found):
    return [str(each.date) for each in found.off], [str(each.date) for each in found.work]


@pytest.mark.parametrize(
    "text",
    [
        CSV,
        "date,type,name\n" + CSV,
        "日期,类型,节日\r\n" + CSV.replace("\n", "\r\n"),
        CSV.replace("off", "休").replace("work", "班"),
        CSV.replace("off", "OFF").replace("2027-02-06", "2027/2/6"),
        CSV.replace("2027-01-01", "2027年1月1日").replace(",", " , ").replace("\n", "\n\n"),
    ],
)
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_csv_is_read_as_people_write_it(text, mark):
    found = read_upload(mark + text.encode(), notice=NOTICE, url=PAPER)
    assert (found.year, found.final, found.notice, found.url) == (2027, True, NOTICE, PAPER)
    assert days(found) == (["2027-01-01", "2027-02-06"], ["2027-02-20"])
    assert found.off[1].name == "春节"


def test_without_a_notice_a_year_is_taken_as_provisional():
    assert not read_upload(CSV.encode()).final
    assert not read_upload(json.dumps({**HOLIDAY_CN, "papers": []}).encode()).final


def test_the_public_data_set_and_our_own_form_are_read():
    found = read_upload(json.dumps(HOLIDAY_CN).encode())
    assert (found.final, found.url) == (True, PAPER)
    assert days(found) == (["2027-01-01"], ["2027-02-20"])
    assert read_upload(upload(LONG)) == LONG
    assert read_upload(as_upload(found)) == found


def test_days_of_the_december_before_are_part_of_a_notice():
    found = read_upload(("2026-12-31,off,元旦\n" + CSV).encode())
    assert (found.year, found.off[0].date) == (2027, date(2026, 12, 31))


def ours(**changed):
    return json.dumps({**LONG.as_dict(), **changed}).encode()


WEEKDAYS = [
    date.fromordinal(number)
    for number in range(date(2027, 1, 1).toordinal(), date(2028, 1, 1).toordinal())
    if date.fromordinal(number).weekday() < 5
]


@pytest.mark.parametrize(
    ("data", "zh", "en"),
    [
        (b"", "文件是空的", "the file is empty"),
        (b"\xef\xbb\xbf  \n", "没有任何日期", "holds no days"),
        (
            b'{"year": 2027, "papers": [], "days": []}',
            "2027年的放假安排还没有公布",
            "2027 is not published yet",
        ),
        ("2027-01-01,off,元旦".encode("gb18030"), "CSV UTF-8", "CSV UTF-8"),
        (b"x" * (MAX_BYTES + 1), "超过256 KB", "larger than 256 kB"),
        (b"{", "不是能识别的日历", "no calendar we can read"),
        (b"[1, 2]", "不是能识别的日历", "no calendar we can read"),
        (b'{"year": 2027, "papers": 5, "days": []}', "不是能识别的日历", "no calendar we can read"),
        (b"\x00\x01", "没有任何日期", "holds no days"),
        (b"date,type,name\n", "没有任何日期", "holds no days"),
        (CSV.replace("work", "maybe").encode(), "第3行", "line 3"),
        (b"2027-01-01,off\n2027-02-30,off\n", "第2行", "line 2"),
        (
            (CSV + "2027-02-20,off,x\n").encode(),
            "2027-02-20既是放假又是上班",
            "off and a working day at once",
        ),
        ((CSV + "2027-01-01,off,x\n").encode(), "2027-01-01出现了两次", "stands there twice"),
        ((CSV + "2028-01-01,off,x\n").encode(), "不属于2027年", "does not belong to 2027"),
        ((CSV + "2027-03-01,work,x\n").encode(), "本来就是工作日", "is a working day anyway"),
        (ours(notice=""), "请填写通知", "names its notice"),
        (ours(url="javascript:alert(1)"), "https://开头", "begins with https://"),
        (
            "".join(f"{day},off,x\n" for day in WEEKDAYS).encode(),
            "只剩0个工作日",
            "leaves 0 working days in 2027",
        ),
    ],
)
def test_a_faulty_file_is_refused_with_what_to_do(data, zh, en):
    with pytest.raises(CalendarError) as caught:
        read_upload(data)
    assert zh in caught.value.said.zh
    assert en in caught.value.said.en
    assert str(caught.value) == caught.value.said.en
    assert "！" not in caught.value.said.zh


def test_what_changes_is_said_in_words():
    before = Calendar.shipped()
    found = changes(before, before.with_year(LONG), 2027)
    assert [(each.becomes, each.words("zh"), each.words("en")) for each in found] == [
        ("off", "2027年1月2日（周六），元旦", "Saturday 2 January 2027, New Year's Day"),
        ("off", "2027年1月3日（周日），元旦", "Sunday 3 January 2027, New Year's Day"),
        ("off", "2027年1月4日（周一），元旦", "Monday 4 January 2027, New Year's Day"),
        ("work", "2027年1月9日（周六），元旦", "Saturday 9 January 2027, New Year's Day"),
        ("work", "2027年1月10日（周日），元旦", "Sunday 10 January 2027, New Year's Day"),
    ]
    back = changes(before.with_year(LONG), before, 2027)
    assert {each.becomes for each in back} == {"ordinary"}
    assert changes(before, before, 2027) == ()


def test_the_first_day_on_which_calendars_differ():
    before = Calendar.shipped()
    assert first_difference(before.with_year(LONG), [before]) == date(2027, 1, 2)
    assert first_difference(before, [before]) is None
    assert first_difference(before, []) is None
