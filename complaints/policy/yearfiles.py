"""A calendar year as somebody uploads it: read, held against the rules, and compared with what is known."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

from complaints.base.errors import ConfigError
from complaints.policy.deadlines import words
from complaints.policy.labels import Label
from complaints.policy.workdays import FEWEST_A_YEAR, Calendar
from complaints.policy.years import NAMES, NamedDay, YearData, check_year, read_year

MAX_BYTES = 256 * 1024
_OFF = frozenset({"off", "holiday", "休", "放假", "休息"})
_WORK = frozenset({"work", "workday", "班", "上班", "调休"})
_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")


class CalendarError(ConfigError):
    """A calendar that cannot be taken; `said` tells a person, in both languages, what to do about it."""

    def __init__(self, zh: str, en: str) -> None:
        self.said = Label(zh, en)
        super().__init__(en)


Turn = Literal["off", "work", "ordinary"]


@dataclass(frozen=True)
class DayChange:
    """One day that a new arrangement changes, and what it becomes; `name` is its holiday, in Chinese."""

    date: date
    becomes: Turn
    name: str = ""

    def words(self, lang: str) -> str:
        """The day for a person, with its weekday and holiday: 2027年2月5日（周五），春节."""
        day = words(self.date, lang)
        if not self.name:
            return day
        if lang == "en":
            return f"{day}, {NAMES[self.name].en if self.name in NAMES else self.name}"
        return f"{day}，{self.name}"


def read_upload(data: bytes, *, notice: str = "", url: str = "") -> YearData:
    """A year from a file in the form of the shipped ones, of holiday-cn, or CSV with date, type and name.

    `notice` and `url` replace what the file names; a year for which neither names a notice is provisional.
    A CSV may begin with a byte order mark and a header; its year is that of most of its days. Raises
    CalendarError.
    """
    text = _text(data)
    # Excel and people leave blank lines and spaces before the brace.
    found = _json(text) if text.lstrip().startswith(("{", "[")) else _csv(text, noticed=bool(notice))
    if notice:
        found = replace(found, notice=notice, final=True)
    if url:
        found = replace(found, url=url)
    if not found.off and not found.work:
        raise CalendarError(
            f"文件里没有任何日期：{found.year}年的放假安排还没有公布。公布后再导入",
            f"the file holds no days: the arrangement for {found.year} is not published yet; import it once it is",
        )
    _hold(found)
    return found


def changes(before: Calendar, after: Calendar, year: int) -> tuple[DayChange, ...]:
    """The days on which two calendars differ, from December before `year` to its end, in order."""
    return tuple(_changed(before, after, date(year - 1, 12, 1), date(year, 12, 31)))


def first_difference(now: Calendar, former: Collection[Calendar]) -> date | None:
    """The earliest day on which any of the former calendars differs from the present one; None: none does."""
    days = [
        day
        for one in former
        for year in sorted({each.year for each in (*now.years, *one.years)})
        if one.year(year) != now.year(year)
        for day in (next((each.date for each in changes(one, now, year)), None),)
        if day is not None
    ]
    return min(days, default=None)


def _changed(before: Calendar, after: Calendar, first: date, last: date) -> Iterator[DayChange]:
    span = (first - timedelta(days=1), last)
    for old, new in zip(before.explain(*span), after.explain(*span), strict=True):
        if old.why == new.why:
            continue
        turn: Turn = "off" if new.why == "holiday" else "work" if new.why == "makeup" else "ordinary"
        yield DayChange(new.date, turn, new.name or old.name)


def _text(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise CalendarError(
            f"文件超过{MAX_BYTES // 1024} KB，不像是一年的日历；请选择只含一年的文件",
            f"the file is larger than {MAX_BYTES // 1024} kB; choose one that holds a single year",
        )
    if not data.strip():
        raise CalendarError("文件是空的；请选择另一个文件", "the file is empty; choose another one")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise CalendarError(
            "文件不是UTF-8编码；在Excel里另存为“CSV UTF-8”，再导入",
            'the file is not UTF-8; in Excel save it as "CSV UTF-8" and import it again',
        ) from None


def _json(text: str) -> YearData:
    try:
        return read_year(text, check=False)
    except ConfigError as error:
        raise CalendarError(
            "文件不是能识别的日历；请使用holiday-cn的年度文件，或含date、type、name三列的CSV",
            "the file is no calendar we can read; use a year's file of holiday-cn, or a CSV with date, type and name",
        ) from error


def _csv(text: str, *, noticed: bool) -> YearData:
    off: list[NamedDay] = []
    work: list[NamedDay] = []
    try:
        rows = [
            [cell.strip() for cell in row]
            for row in csv.reader(io.StringIO(text, newline=""), strict=True)
            if any(row)
        ]
    except csv.Error:
        rows = []
    for line, row in enumerate(rows, 1):
        if line == 1 and not _DATE.fullmatch(row[0]):
            continue
        day, kind = _day(row[0]), (row[1] if len(row) > 1 else "").casefold()
        if day is None or kind not in _OFF | _WORK:
            shown = ",".join(row)[:40]
            raise CalendarError(
                f"第{line}行“{shown}”看不懂；请写成 2027-02-05,off,春节，放假写off或休，上班写work或班",
                f'line {line}, "{shown}", says no day; write 2027-02-05,off,春节 with off or work',
            )
        (off if kind in _OFF else work).append(NamedDay(day, row[2] if len(row) > 2 else ""))  # noqa: PLR2004 - the third column
    if not off and not work:
        raise CalendarError(
            "文件里没有任何日期；请使用含date、type、name三列的CSV",
            "the file holds no days; use a CSV with date, type and name",
        )
    year = Counter(day.date.year for day in (*off, *work)).most_common(1)[0][0]
    return YearData(year, final=noticed, off=tuple(sorted(off)), work=tuple(sorted(work)))


def _day(text: str) -> date | None:
    found = _DATE.fullmatch(text)
    try:
        return date(*map(int, found.groups())) if found else None
    except ValueError:
        return None


def _hold(found: YearData) -> None:
    for fault in check_year(found):
        zh, en = fault
        raise CalendarError(zh, en)
    if found.url and not found.url.startswith(("https://", "http://")):
        raise CalendarError(
            "通知的网址要以https://开头；请改正或留空",
            "the notice's address begins with https://; correct it or leave it out",
        )
    days = Calendar((found,)).count(date(found.year - 1, 12, 31), date(found.year, 12, 31))
    if days < FEWEST_A_YEAR:
        raise CalendarError(
            f"这样{found.year}年只剩{days}个工作日，正常约250个；请检查是否把工作日写成了放假",
            f"this leaves {days} working days in {found.year}, where about 250 are usual; check what stands there as off",
        )


def as_upload(year: YearData) -> bytes:
    """The same year as a file that `read_upload` reads back."""
    return json.dumps(year.as_dict(), ensure_ascii=False).encode()
