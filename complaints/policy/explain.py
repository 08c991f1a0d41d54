"""Why a date is what it is: a term counted day by day, so that anybody can check the count by hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Final, Literal

from complaints.base.clock import BEIJING, beijing
from complaints.policy.deadlines import after_pause, clock, due_moment, end_of, shown_date, words
from complaints.policy.labels import Label
from complaints.policy.model import Contacts
from complaints.policy.process import amount_words
from complaints.policy.terms import Term
from complaints.policy.workdays import Calendar, Day

Span = tuple[datetime, datetime | None]
Why = Literal["counted", "makeup", "weekend", "holiday", "paused", "before", "beyond"]
_NOTHING: Final = timedelta(0)
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class Counted:
    """One day of a count: `number` is its place among the counted ones, None where it does not count.

    `why`: counted, makeup (a counted 调休 day), weekend, holiday, paused, before (day 1), beyond (the cap). `name`
    is the holiday, `notice` and `url` what says so. `time` is what an hour's term used of the day.
    """

    date: date
    why: Why
    number: int | None = None
    name: str = ""
    notice: str = ""
    url: str = ""
    provisional: bool = False
    time: timedelta = _NOTHING

    @property
    def counts(self) -> bool:
        """Whether the day is part of the count."""
        return self.number is not None


@dataclass(frozen=True)
class Cap:
    """A limit in calendar days that ended a term: its own last day, and the working day it moved back to."""

    days: int
    last: date
    held: date


@dataclass(frozen=True)
class Paused:
    """A pause that is over: the due moment before and after it, and the working days it took out."""

    began: datetime
    ended: datetime
    before: datetime
    after: datetime
    days: tuple[date, ...]


@dataclass(frozen=True)
class Explanation:
    """A due moment and the count that leads to it.

    `free` is the moment without a cap and without pauses; `running` since when the clock stands still, if it does:
    its days are told as paused, the moment moves when it goes on. `equal` says whether the stored moment, where one was given, is this one.
    """

    term: Term
    since: datetime
    rule: Label
    days: tuple[Counted, ...]
    cap: Cap | None
    pauses: tuple[Paused, ...]
    running: datetime | None
    free: datetime
    moment: datetime
    equal: bool

    @property
    def open_day(self) -> date | None:
        """The first day of the count that a notice still to come may change; None when all are settled."""
        return next((day.date for day in self.days if day.provisional and day.why != "beyond"), None)

    def of(self, *reasons: Why) -> tuple[Counted, ...]:
        """The days with one of these reasons, up to the day the term ends."""
        last = shown_date(self.moment)
        return tuple(day for day in self.days if day.why in reasons and day.date <= last)


def explain(
    term: Term,
    since: datetime,
    pauses: Sequence[Span],
    calendar: Calendar,
    contacts: Contacts,
    stored: datetime | None = None,
) -> Explanation:
    """Count `term` from the aware moment `since` over `pauses` (in order; an open one has no end).

    The moment is that of `policy.deadlines`, which this calls and does not repeat. Raises ValueError for a naive
    moment.
    """
    free = due_moment(replace(term, cap_days=None), since, calendar, contacts)
    moment = start = due_moment(term, since, calendar, contacts)
    over: list[Paused] = []
    running = None
    for began, ended in pauses:
        if ended is None:
            running = began
            continue
        moved = after_pause(term, moment, calendar, contacts, (began, ended))
        over.append(Paused(began, ended, moment, moved, _taken(term, calendar, began, moment, moved)))
        moment = moved
    stood = list(over)
    if running is not None:
        stood.append(Paused(running, moment, moment, moment, _left(term, calendar, running, moment)))
    cap = _cap(term, since, start) if start < free else None
    until = max(shown_date(free), cap.last) if cap and moment == start else shown_date(moment)
    days = (
        _days(since, stood, calendar, shown_date(moment), until)
        if term.unit == "wd"
        else _hours(term, since, stood, calendar, contacts, moment)
    )
    return Explanation(
        term=term,
        since=since,
        rule=_rule(term, since, contacts),
        days=tuple(days),
        cap=cap,
        pauses=tuple(over),
        running=running,
        free=free,
        moment=moment,
        equal=stored is None or stored == moment,
    )


def _taken(
    term: Term, calendar: Calendar, began: datetime, before: datetime, after: datetime
) -> tuple[date, ...]:
    """The working days that a pause took out: as many behind its first day as the term ends later."""
    left = _left(term, calendar, began, after)
    return left[: len(left) - len(_left(term, calendar, began, before))]


def _left(term: Term, calendar: Calendar, began: datetime, due: datetime) -> tuple[date, ...]:
    """The working days of a term that were left when a pause began."""
    if term.unit != "wd" or began >= due:
        return ()
    days = calendar.explain(beijing(began).date(), shown_date(due))
    return tuple(day.date for day in days if day.counted)


def _days(
    since: datetime, pauses: Sequence[Paused], calendar: Calendar, last: date, until: date
) -> Iterator[Counted]:
    """The days to `last`, and to `until` what a cap cut off: its own last days, and those the count would need."""
    came = beijing(since).date()
    taken = {day for pause in pauses for day in pause.days}
    yield Counted(came, "before")
    number = 0
    for day in calendar.explain(came, until):
        if not day.counted:
            yield _told(day, _off(day))
        elif day.date > last:
            yield _told(day, "beyond")
        elif day.date in taken:
            yield _told(day, "paused")
        else:
            number += 1
            yield _told(day, _on(day), number)


def _hours(
    term: Term,
    since: datetime,
    pauses: Sequence[Paused],
    calendar: Calendar,
    contacts: Contacts,
    moment: datetime,
) -> Iterator[Counted]:
    number = 0
    for day in calendar.explain(beijing(since).date() - _DAY, shown_date(moment)):
        opens, closes = _window(term, day, contacts)
        begin, end = max(opens, since), min(closes, moment)
        stood = sum(
            (max(min(end, each.ended) - max(begin, each.began), _NOTHING) for each in pauses), _NOTHING
        )
        used = max(end - begin, _NOTHING) - stood
        if used:
            number += 1
            yield _told(day, _on(day), number, used)
        elif stood:
            yield _told(day, "paused")
        else:
            yield _told(day, "before" if day.counted else _off(day))


def _window(term: Term, day: Day, contacts: Contacts) -> tuple[datetime, datetime]:
    """From when to when a day's hours count; an empty window on a day off of a service."""
    if term.unit == "h":
        return end_of(day.date - _DAY), end_of(day.date)
    opens, closes = (
        datetime.combine(day.date, time.fromisoformat(text), BEIJING)
        for text in (contacts.hours_from, contacts.hours_to)
    )
    return opens, closes if day.counted else opens


def _on(day: Day) -> Why:
    return "makeup" if day.why == "makeup" else "counted"


def _off(day: Day) -> Why:
    return "weekend" if day.why == "weekend" else "holiday"


def _told(day: Day, why: Why, number: int | None = None, used: timedelta = _NOTHING) -> Counted:
    return Counted(day.date, why, number, day.name, day.notice, day.url, day.provisional, used)


def _cap(term: Term, since: datetime, start: datetime) -> Cap:
    days = term.cap_days or 0
    return Cap(days, beijing(since).date() + timedelta(days=days), shown_date(start))


def _rule(term: Term, since: datetime, contacts: Contacts) -> Label:
    zh, en = amount_words(term, "zh"), amount_words(term, "en")
    if term.unit == "wd":
        day = beijing(since).date()
        return Label(
            f"{zh}，从{words(day, 'zh')}的次日起算，到最后一个工作日24:00为止。",
            f"{en}, counted from the day after {words(day, 'en')}, until 24:00 of the last working day.",
        )
    if term.unit == "h":
        return Label(
            f"{zh}，从{clock(since, 'zh')}起连续计算，休息日也计入。",
            f"{en} round the clock, from {clock(since, 'en')}; days off count too.",
        )
    hours = f"{contacts.hours_from}–{contacts.hours_to}"
    return Label(
        f"{zh}，从{clock(since, 'zh')}起算，只计工作日{hours}。",
        f"{en}, from {clock(since, 'en')}, counting only {hours} on working days.",
    )
