"""Which days count: the working days of mainland China, by our own table and bisection."""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property, lru_cache
from typing import Literal

from complaints.policy.years import NAMES, YearData, shipped_years, unknown_year

Why = Literal["workday", "weekend", "holiday", "makeup"]
_WEEKEND = 5
# Years whose working days are laid out at once; others are laid out when somebody asks for them.
_FIRST, _LAST = 2020, 2050
# A notice may rule the last days of the December before it, so these stay open until it is published.
_OPEN_FROM = (12, 25)
# Every year has more working days than this, so it bounds how many years a search must look at.
FEWEST_A_YEAR = 230
_WORDS: dict[Why, tuple[str, str]] = {
    "workday": ("工作日", "working day"),
    "weekend": ("周末", "weekend"),
    "holiday": ("放假", "holiday"),
    "makeup": ("调休上班", "make-up working day"),
}


@dataclass(frozen=True)
class Day:
    """One day of an explained period; `name` is the holiday it belongs to, `notice` what says so, at `url`."""

    date: date
    counted: bool
    why: Why
    name: str = ""
    notice: str = ""
    provisional: bool = False
    url: str = ""

    def words(self, lang: str) -> str:
        """Why the day counts or not, for a person: "春节放假", "Spring Festival, holiday"."""
        kind = _WORDS[self.why][1 if lang == "en" else 0]
        if not self.name:
            return kind
        if lang == "en":
            return f"{NAMES[self.name].en if self.name in NAMES else self.name}, {kind}"
        return f"{kind}（{self.name}）" if self.why == "makeup" else f"{self.name}{kind}"


@dataclass(frozen=True)
class Calendar:
    """Working days by the years given; any other year is Monday to Friday less fixed statutory days."""

    years: tuple[YearData, ...]

    @classmethod
    def shipped(cls) -> Calendar:
        """The calendar that comes with the package."""
        return _shipped()

    def with_year(self, data: YearData) -> Calendar:
        """The same calendar with `data` in the place of that year."""
        kept = (year for year in self.years if year.year != data.year)
        return Calendar(tuple(sorted((*kept, data), key=lambda year: year.year)))

    @cached_property
    def version(self) -> str:
        """SHA-256 (hex) over the data of all years."""
        text = json.dumps(
            [year.as_dict() for year in self.years], ensure_ascii=False, sort_keys=True, separators=(",", ":")
        )
        return hashlib.sha256(text.encode()).hexdigest()

    @cached_property
    def _by_year(self) -> dict[int, YearData]:
        return {year.year: year for year in self.years}

    @cached_property
    def _exceptions(self) -> dict[date, tuple[bool, str, YearData]]:
        # Later years come later, so that a notice overrules what the year before says of December.
        return {
            day.date: (works, day.name, year)
            for year in self.years
            for works, days in ((False, year.off), (True, year.work))
            for day in days
        }

    @cached_property
    def _usual(self) -> list[int]:
        return _lay_out(self, _FIRST, _LAST)

    def year(self, number: int) -> YearData:
        """What is known of a year; never fails for a missing one."""
        return self._by_year.get(number) or unknown_year(number)

    def is_workday(self, day: date) -> bool:
        """Whether people work on `day`."""
        return self._look(day)[0]

    def add(self, day: date, count: int) -> date:
        """The `count`-th working day after `day`; `count` is at least 1, else ValueError."""
        if count < 1:
            raise ValueError(f"count is {count}; a deadline needs at least one working day")
        first, last = day.year, day.year + count // FEWEST_A_YEAR + 2
        # As `_between` does, without the call: each filing and each step of each promise asks this.
        days = self._usual if first >= _FIRST and last <= _LAST else self._between(first, last)
        return date.fromordinal(days[bisect_right(days, day.toordinal()) + count - 1])

    def last_on_or_before(self, day: date) -> date:
        """`day` itself if it is a working day, else the nearest one before it."""
        days = self._between(day.year - 1, day.year)
        return date.fromordinal(days[bisect_right(days, day.toordinal()) - 1])

    def before(self, day: date) -> date:
        """The nearest working day before `day`."""
        return self.last_on_or_before(day - timedelta(days=1))

    def count(self, after: date, until: date) -> int:
        """Working days in (after, until]; 0 when `until` is not later."""
        if until <= after:
            return 0
        days = self._between(after.year, until.year)
        return bisect_right(days, until.toordinal()) - bisect_right(days, after.toordinal())

    def provisional(self, day: date) -> bool:
        """Whether a notice still to come may change `day`."""
        if not self.year(day.year).final:
            return True
        return (day.month, day.day) >= _OPEN_FROM and not self.year(day.year + 1).final

    def provisional_between(self, after: date, until: date) -> bool:
        """Whether any day in (after, until] is provisional."""
        if until <= after:
            return False
        first = after + timedelta(days=1)
        if self.provisional(first) or self.provisional(until):
            return True
        # Between two settled days only a year's end can be open: a provisional year, or the last December days.
        return any(not self.year(number).final for number in range(first.year + 1, until.year + 1))

    def explain(self, after: date, until: date) -> tuple[Day, ...]:
        """Each day in (after, until] with the reason why it counts or does not."""
        return tuple(
            self._explain(date.fromordinal(number))
            for number in range(after.toordinal() + 1, until.toordinal() + 1)
        )

    def _look(self, day: date) -> tuple[bool, str, YearData | None]:
        known = self._exceptions.get(day)
        if known is not None:
            return known
        if day.year not in self._by_year:
            fixed = next((each for each in unknown_year(day.year).off if each.date == day), None)
            if fixed is not None:
                return False, fixed.name, None
        return day.weekday() < _WEEKEND, "", None

    def _explain(self, day: date) -> Day:
        works, name, source = self._look(day)
        why: Why = "holiday"
        if works:
            why = "makeup" if day.weekday() >= _WEEKEND else "workday"
        elif not name:
            why = "weekend"
        notice, url = (source.notice, source.url) if source else ("", "")
        return Day(day, works, why, name, notice, self.provisional(day), url)

    def _between(self, first: int, last: int) -> list[int]:
        if first >= _FIRST and last <= _LAST:
            return self._usual
        return _lay_out(self, max(first, date.min.year), min(last, date.max.year))


@lru_cache(maxsize=1)
def _shipped() -> Calendar:
    return Calendar(shipped_years())


@lru_cache(maxsize=16)
def _lay_out(calendar: Calendar, first: int, last: int) -> list[int]:
    """Ordinals of all working days from January of `first` to December of `last`, sorted."""
    start, end = date(first, 1, 1).toordinal(), date(last, 12, 31).toordinal()
    # Ordinal 1 was a Monday.
    days = {number for number in range(start, end + 1) if (number - 1) % 7 < _WEEKEND}
    for year in range(first, last + 1):
        if year not in calendar._by_year:  # noqa: SLF001 - this function is the calendar's own, kept outside for its cache
            days.difference_update(day.date.toordinal() for day in unknown_year(year).off)
    for day, (works, _, _) in calendar._exceptions.items():  # noqa: SLF001 - as above
        number = day.toordinal()
        if works and start <= number <= end:
            days.add(number)
        elif not works:
            days.discard(number)
    return sorted(days)
