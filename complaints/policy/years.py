"""One year of the State Council's holiday arrangement, as shipped, uploaded or published."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from complaints.base.errors import ConfigError
from complaints.policy.labels import Label

_FOLDER = Path(__file__).parent / "calendars"
# Holidays with a fixed date: the only ones known for a year about which nothing has been published.
FIXED = (
    (1, 1, "元旦"),
    (5, 1, "劳动节"),
    (5, 2, "劳动节"),
    (10, 1, "国庆节"),
    (10, 2, "国庆节"),
    (10, 3, "国庆节"),
)
NAMES: Mapping[str, Label] = {
    label.zh: label
    for label in (
        Label("元旦", "New Year's Day"),
        Label("春节", "Spring Festival"),
        Label("清明节", "Qingming Festival"),
        Label("劳动节", "Labour Day"),
        Label("端午节", "Dragon Boat Festival"),
        Label("中秋节", "Mid-Autumn Festival"),
        Label("国庆节", "National Day"),
        Label("国庆节、中秋节", "National Day and Mid-Autumn Festival"),
    )
}


class NamedDay(NamedTuple):
    """A day that differs from its weekday, and the holiday it belongs to, in Chinese."""

    date: date
    name: str


@dataclass(frozen=True)
class YearData:
    """The arrangement for one year; `final` means that a notice backs it.

    `off` are the days without work, weekends inside a holiday included; `work` are make-up working days
    (调休). A notice may also rule days of the December before: the one for 2023 did.
    """

    year: int
    final: bool
    notice: str = ""
    url: str = ""
    date: str = ""
    off: tuple[NamedDay, ...] = ()
    work: tuple[NamedDay, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The same as JSON-able data, in the form of the shipped files."""
        return {
            "year": self.year,
            "final": self.final,
            "notice": self.notice,
            "url": self.url,
            "date": self.date,
            "off": [{"date": day.date.isoformat(), "name": day.name} for day in self.off],
            "work": [{"date": day.date.isoformat(), "name": day.name} for day in self.work],
        }


def read_year(text: str | bytes, where: str = "calendar", *, check: bool = True) -> YearData:
    """A year from JSON: the form of the shipped files, or that of the public holiday-cn data set.

    Raises ConfigError naming `where` and the fault: not JSON, or unless `check` is off one of `check_year`.
    """
    try:
        data = json.loads(text)
        year = int(data["year"])
        if "days" in data:
            papers = data.get("papers") or ()
            found = YearData(
                year,
                final=bool(papers),
                url=str(papers[0]) if papers else "",
                notice=f"国务院办公厅关于{year}年部分节假日安排的通知" if papers else "",
                off=_days(each for each in data["days"] if each["isOffDay"]),
                work=_days(each for each in data["days"] if not each["isOffDay"]),
            )
        else:
            found = YearData(
                year,
                final=bool(data["final"]),
                notice=str(data.get("notice", "")),
                url=str(data.get("url", "")),
                date=str(data.get("date", "")),
                off=_days(data["off"]),
                work=_days(data["work"]),
            )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"{where}: not a holiday calendar ({error!r}); write "
            '{"year", "final", "notice", "url", "date", "off": [{"date", "name"}], "work": [...]}'
        ) from error
    for _, fault in check_year(found) if check else ():
        raise ConfigError(f"{where}: {fault}")
    return found


def shipped_years() -> tuple[YearData, ...]:
    """The years that come with the package, oldest first."""
    return tuple(read_year(path.read_bytes(), path.name) for path in sorted(_FOLDER.glob("[0-9]*.json")))


def unknown_year(year: int) -> YearData:
    """A year about which nothing is published: its fixed statutory days, provisional."""
    return YearData(year, final=False, off=tuple(NamedDay(date(year, m, d), name) for m, d, name in FIXED))


def _days(rows: Iterable[Mapping[str, str]]) -> tuple[NamedDay, ...]:
    return tuple(sorted(NamedDay(date.fromisoformat(row["date"]), str(row["name"])) for row in rows))


def check_year(found: YearData) -> Iterator[tuple[str, str]]:
    """What is wrong with a year, in Chinese and English, each with what to do about it.

    A day outside the year, off and working at once, or named twice; a make-up day that is no weekend day; a final
    year without notice.
    """
    off = {day.date for day in found.off}
    both = sorted(off & {day.date for day in found.work})
    if both:
        yield (
            f"{both[0]}既是放假又是上班；请对照通知只留一个",
            f"{both[0]} is off and a working day at once; keep the one of the notice",
        )
    seen: set[date] = set()
    for day in (*found.off, *found.work):
        if day.date.year != found.year and (day.date.year, day.date.month) != (found.year - 1, 12):
            yield (
                f"{day.date}不属于{found.year}年；请删去，一个文件只含一年",
                f"{day.date} does not belong to {found.year}; remove it",
            )
        if day.date in seen:
            yield f"{day.date}出现了两次；请只留一次", f"{day.date} stands there twice; keep one entry"
        seen.add(day.date)
    for day in found.work:
        if day.date.weekday() < 5:  # noqa: PLR2004 - Monday to Friday
            yield (
                f"{day.date}本来就是工作日；调休上班只写周六、周日，请删去这一行",
                f"{day.date} is a working day anyway; 'work' holds weekend days only, so remove it",
            )
    if found.final and not (found.notice and found.off):
        yield (
            "正式的一年要写明通知和放假的日期；请填写通知，或把final改为false",
            "a final year names its notice and its days off; name them, or write final: false",
        )
