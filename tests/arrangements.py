"""Arrangements of 2027 for tests: the real notice was not out when they were written, so these are ours."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

from complaints.administration import calendars
from complaints.ledger.work import Actor
from complaints.policy.workdays import Calendar
from complaints.policy.yearfiles import read_upload
from complaints.policy.years import NamedDay, YearData

NOTICE = "国务院办公厅关于2027年部分节假日安排的通知（国办发明电〔2026〕9号）"
URL = "https://www.gov.cn/zhengce/content/202612/content_7000001.htm"
# Monday 28 December 2026, 10:00 in Beijing.
BEFORE = datetime(2026, 12, 28, 2, 0, tzinfo=UTC)
BY = Actor("admin", "op_boss")


def year_2027(off=(), work=(), *, notice=NOTICE):
    """What is known of 2027 anyway, with more days off and make-up working days of January (numbers)."""
    known = Calendar.shipped().year(2027)
    more = [NamedDay(date(2027, 1, day), "元旦") for day in off]
    return YearData(
        2027,
        final=bool(notice),
        notice=notice,
        url=URL if notice else "",
        date="2026-12-28" if notice else "",
        off=tuple(sorted([*known.off, *more])),
        work=tuple(NamedDay(date(2027, 1, day), "元旦") for day in work),
    )


# 1 to 4 January off, Saturday 9 and Sunday 10 January working: what is due soon comes later, the rest earlier.
LONG = year_2027(off=(2, 3, 4), work=(9, 10))


def upload(year):
    """The same year as a file."""
    return json.dumps(year.as_dict(), ensure_ascii=False).encode()


def take(office, year):
    """Import a year as a view does."""
    seen = calendars.preview(office.installation, read_upload(upload(year)))
    return office.installation.write(
        lambda work: calendars.import_year(work, seen.data, BY, revision=seen.revision)
    )
