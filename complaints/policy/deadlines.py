"""By when: a policy's terms turned into moments, and the words in which people read them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from complaints.base.clock import BEIJING, beijing
from complaints.policy.model import Contacts, Promises
from complaints.policy.terms import StepRule, Term
from complaints.policy.workdays import Calendar

PUBLISHED_STEPS: Final = ("warn", "due", "escalate")
_LAST_MOMENT: Final = timedelta(microseconds=1)
_WEEKDAYS: Final = ("一", "二", "三", "四", "五", "六", "日")
_WEEKDAYS_EN: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS_EN: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


@dataclass(frozen=True)
class Planned:
    """One moment of a complaint's timetable; `due` is aware, in UTC.

    A published term has the steps of the policy (warn1 …, due, escalate1 …); an internal one has `target` or `alarm`.
    `provisional`: a holiday notice still to come may move it.
    """

    kind: str
    step: str
    due: datetime
    publish: bool
    provisional: bool


def plan(
    policy: Promises,
    terms: Iterable[Term],
    arrived: datetime,
    calendar: Calendar,
    kinds: Iterable[str] | None = None,
) -> tuple[Planned, ...]:
    """The timetable by `terms` of something that arrived at the aware moment `arrived`, sorted by due moment.

    `kinds` limits it (intake plans accept, first_action, result; an appeal plans review); None plans all.
    Day 1 is the first working day after the Beijing day of arrival. A warning whose moment is past at
    arrival is left out. Raises ValueError for a naive `arrived`.
    """
    _aware(arrived)
    wanted = None if kinds is None else frozenset(kinds)
    found: list[Planned] = []
    for term in terms:
        if wanted is not None and term.kind not in wanted:
            continue
        due = due_moment(term, arrived, calendar, policy.contacts)
        if term.publish:
            found += steps(policy, term.kind, due, calendar, arrived)
        else:
            provisional = _provisional(calendar, arrived, due)
            found.append(Planned(term.kind, step_of(term), due, publish=False, provisional=provisional))
    return tuple(sorted(found, key=lambda each: (each.due, each.kind, each.step)))


def step_of(term: Term) -> str:
    """The step at which the term ends: `due` of a published one, `target` or `alarm` of an internal one."""
    return "due" if term.publish else term.step or "target"


def due_moment(term: Term, arrived: datetime, calendar: Calendar, contacts: Contacts) -> datetime:
    """When the term ends for what arrived at `arrived`: aware, in UTC.

    `wd` ends at 24:00 Beijing time of its last working day; `sh` counts the contact's service hours on
    working days; `h` counts hours round the clock. A cap in calendar days moves back to the last working
    day on or before it, though never before day 1.
    """
    _aware(arrived)
    if term.unit == "h":
        due = arrived.astimezone(UTC) + timedelta(hours=term.amount)
    elif term.unit == "sh":
        due = _served(timedelta(hours=term.amount), arrived, calendar, contacts)
    else:
        due = end_of(calendar.add(beijing(arrived).date(), term.amount))
    if term.cap_days is None:
        return due
    came = beijing(arrived).date()
    capped = calendar.last_on_or_before(came + timedelta(days=term.cap_days))
    return min(due, end_of(max(capped, calendar.add(came, 1))))


def steps(
    policy: Promises, kind: str, due: datetime, calendar: Calendar, arrived: datetime
) -> tuple[Planned, ...]:
    """The steps of a published term that is due at `due`, by the policy's rules: warnings, `due`, escalations.

    Warnings count working days back from the last day; where that day's hour of the warning comes after `due`,
    from the working day before it. Escalations count working days after the last day. Warnings not later than
    `arrived` are left out.
    """
    provisional = _provisional(calendar, arrived, due)
    moments = {
        rule.key: _step_moment(rule, due, calendar)
        for rule in policy.steps.values()
        if rule.key.startswith(PUBLISHED_STEPS)
    }
    return tuple(
        Planned(kind, step, moment, publish=True, provisional=provisional)
        for step, moment in moments.items()
        if moment > arrived or not step.startswith("warn")
    )


def _step_moment(rule: StepRule, due: datetime, calendar: Calendar) -> datetime:
    if rule.key == "due":
        return due
    last, hour = shown_date(due), time.fromisoformat(rule.at)
    if rule.wd > 0:
        return _at(calendar.add(last, rule.wd), hour)
    day = last if _at(last, hour) < due and calendar.is_workday(last) else calendar.before(last)
    for _ in range(-rule.wd):
        day = calendar.before(day)
    return _at(day, hour)


def after_pause(
    term: Term, due: datetime, calendar: Calendar, contacts: Contacts, pause: tuple[datetime, datetime]
) -> datetime:
    """`due` moved by a pause (its begin and end), in the unit of the term it comes from.

    `wd`: the working days that were left after the day the pause began are counted anew after the day it ended;
    where none was left, the last day is the first working day from then on. The time of day stays, so 24:00 stays
    24:00, and a pause within one day moves nothing. `h` moves by the time that passed, `sh` by the service hours
    that passed. A cap moves as `wd` does, whichever comes first counts. A pause that began when the term was over
    changes nothing.
    """
    _aware(due)
    began, ended = pause
    if ended <= began or began >= due:
        return due
    if term.unit == "h":
        return due + (ended - began)
    by_days = _by_days(due, calendar, beijing(began).date(), beijing(ended).date())
    if term.unit == "wd":
        return by_days
    passed = service_time(began, ended, calendar, contacts)
    served = _served(passed, due, calendar, contacts) if passed else due
    return served if term.cap_days is None else min(served, end_of(shown_date(by_days)))


def _by_days(due: datetime, calendar: Calendar, began: date, ended: date) -> datetime:
    if began == ended:
        return due
    last = shown_date(due)
    left = calendar.count(began, last)
    day = calendar.add(ended, left) if left else calendar.add(ended - timedelta(days=1), 1)
    return due + (day - last)


def service_time(begin: datetime, end: datetime, calendar: Calendar, contacts: Contacts) -> timedelta:
    """How much of the contact's service time lies between two moments."""
    opens, closes = _service_day(contacts)
    first, last = beijing(begin).date(), beijing(end).date()
    if first == last:
        return _open_time(first, begin, end, calendar, contacts)
    whole = calendar.count(first, last - timedelta(days=1))
    return (
        _open_time(first, begin, end, calendar, contacts)
        + whole * (_at(first, closes) - _at(first, opens))
        + _open_time(last, begin, end, calendar, contacts)
    )


def pause_end(asked: datetime, days: int, calendar: Calendar) -> datetime:
    """Until when the complainant is waited for: 24:00 after `days` working days; then the clock runs on."""
    return end_of(calendar.add(beijing(asked).date(), days))


def appeal_end(policy: Promises, released: datetime) -> datetime:
    """Until when a review of what was released may be asked for: 24:00 after the window's calendar days."""
    return end_of(beijing(released).date() + timedelta(days=policy.review.window_days))


def end_of(day: date) -> datetime:
    """24:00 Beijing time of `day`, in UTC."""
    return _at(day + timedelta(days=1), time(0))


def shown_date(due: datetime) -> date:
    """The day a person reads for a due moment: 24:00 belongs to the day it ends."""
    _aware(due)
    return beijing(due - _LAST_MOMENT).date()


def words(due: datetime | date, lang: str) -> str:
    """The day of a due moment for a person: 2026年12月7日（周一）, Monday 7 December 2026."""
    day = shown_date(due) if isinstance(due, datetime) else due
    if lang == "en":
        return f"{_WEEKDAYS_EN[day.weekday()]} {day.day} {_MONTHS_EN[day.month - 1]} {day.year}"
    return f"{day.year}年{day.month}月{day.day}日（周{_WEEKDAYS[day.weekday()]}）"


def clock(moment: datetime, lang: str) -> str:
    """Day and time for a person: 2026年12月7日（周一）18:00; midnight is 24:00 of the day it ends."""
    local = beijing(moment)
    hour = "24:00" if local.time() == time(0) else local.strftime("%H:%M")
    day = words(moment if hour == "24:00" else local.date(), lang)
    return f"{day}, {hour}" if lang == "en" else f"{day}{hour}"


def _served(left: timedelta, arrived: datetime, calendar: Calendar, contacts: Contacts) -> datetime:
    """The moment at which `left` of service time has passed since `arrived`."""
    opens, closes = _service_day(contacts)
    day = beijing(arrived).date()
    length = _at(day, closes) - _at(day, opens)
    today = _open_time(day, arrived, _at(day, closes), calendar, contacts)
    if left <= today:
        return max(arrived.astimezone(UTC), _at(day, opens)) + left
    left -= today
    # Whole service days that are used up before the last one, which is used at least in part.
    whole = -(-left // length) - 1
    return _at(calendar.add(day, whole + 1), opens) + left - whole * length


def _open_time(
    day: date, begin: datetime, end: datetime, calendar: Calendar, contacts: Contacts
) -> timedelta:
    if not calendar.is_workday(day):
        return timedelta(0)
    opens, closes = _service_day(contacts)
    return max(min(end, _at(day, closes)) - max(begin, _at(day, opens)), timedelta(0))


def _service_day(contacts: Contacts) -> tuple[time, time]:
    opens, closes = time.fromisoformat(contacts.hours_from), time.fromisoformat(contacts.hours_to)
    if closes <= opens:
        raise ValueError(f"service hours {contacts.hours_from}–{contacts.hours_to} hold no time")
    return opens, closes


def _provisional(calendar: Calendar, arrived: datetime, due: datetime) -> bool:
    return calendar.provisional_between(beijing(arrived).date(), shown_date(due))


def _at(day: date, clock_time: time) -> datetime:
    return datetime.combine(day, clock_time, BEIJING).astimezone(UTC)


def _aware(moment: datetime) -> None:
    if moment.tzinfo is None:
        raise ValueError("a naive datetime has no place here; attach a time zone")
