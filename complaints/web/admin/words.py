"""The words of the operators' pages: how an event looks, which clock runs, how long is left."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

from complaints.base.clock import beijing
from complaints.base.translations import gettext as t
from complaints.base.translations import language
from complaints.ledger.work import Work
from complaints.policy.deadlines import shown_date
from complaints.store.tables import Complaint

_DAYS = ("一", "二", "三", "四", "五", "六", "日")
_DAYS_EN = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS_EN = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# An event's tone and icon; its words come from `happenings`.
_LOOK = {
    "filed": ("info", "submitted"),
    "accepted": ("info", "accepted"),
    "declined": ("neutral", "declined"),
    "started": ("info", "processing"),
    "asked": ("warn", "waiting"),
    "supplied": ("info", "user"),
    "message": ("info", "user"),
    "replied": ("info", "send"),
    "noted": ("note", "note"),
    "transferred": ("info", "send"),
    "decided": ("ok", "decided"),
    "decided_with_lead": ("ok", "decided"),
    "confirmed": ("ok", "decided"),
    "changed": ("ok", "decided"),
    "released": ("ok", "send"),
    "taken_back": ("neutral", "withdrawn"),
    "closed": ("neutral", "closed"),
    "appealed": ("review", "review"),
    "overturned": ("review", "review"),
    "sent_back": ("review", "review"),
    "withdrawn": ("neutral", "withdrawn"),
    "merged": ("neutral", "merged"),
    "viewed": ("neutral", "eye"),
    "downloaded": ("neutral", "download"),
    "rescheduled": ("info", "calendar"),
    "erased": ("neutral", "erased"),
    "erasure_ordered": ("warn", "erased"),
    "restricted": ("warn", "lock"),
    "held": ("warn", "lock"),
    "disclosed": ("neutral", "eye"),
    "action_done": ("ok", "tick"),
    "action_failed": ("bad", "late"),
    "retested": ("info", "tick"),
    "forwarded": ("info", "send"),
    "forward_sent": ("info", "send"),
    "forward_failed": ("bad", "late"),
    "vendor_answered": ("info", "user"),
}


@dataclass(frozen=True)
class Due:
    """A date as lists show it: `words` name the day, `left` how long it is off; never colour alone."""

    what: str
    words: str
    left: str
    late: bool
    warn: bool


def due_next(work: Work, case: Complaint) -> Due | None:
    """What must happen next in a case and by when; None when no clock runs."""
    return dues(work, [case])[case.uid]


def dues(work: Work, cases: Iterable[Complaint]) -> dict[str, Due | None]:
    """What must happen next in each case of a list, by uid; what is due alike is one and the same."""
    said, found = dict[tuple[str, datetime], Due](), dict[str, Due | None]()
    for case in cases:
        if case.due_next is None:
            found[case.uid] = None
            continue
        alike = (_NEXT.get(case.state, "result"), case.due_next)
        if alike not in said:
            said[alike] = due(work, kinds()[alike[0]], case.due_next)
        found[case.uid] = said[alike]
    return found


def due(work: Work, what: str, moment: datetime) -> Due:
    """A due moment in words."""
    day, today = shown_date(moment), beijing(work.now).date()
    if moment <= work.now:
        over = work.calendar.count(day, today)
        left = t("Late")
        if over:
            left = t("1 working day late") if over == 1 else t("{n} working days late", n=over)
        return Due(what, short_day(day, today), left, late=True, warn=False)
    ahead = work.calendar.count(today, day)
    if day == today:
        left = t("Due today")
    elif ahead == 1:
        left = t("1 working day left")
    else:
        left = t("{n} working days left", n=ahead)
    return Due(what, short_day(day, today), left, late=False, warn=ahead <= 1)


_NEXT = {"submitted": "accept", "awaiting_complainant": "wait", "under_review": "review"}


def kinds() -> Mapping[str, str]:
    """What each clock waits for."""
    return _kinds(language())


@cache
def _kinds(lang: str) -> Mapping[str, str]:
    # Asked for by every line of a list.
    del lang
    return {
        "accept": t("Say whether we take it on"),
        "first_action": t("First step"),
        "result": t("Result"),
        "review": t("Result of the review"),
        "reply": t("Answer the message"),
        "wait": t("Complainant replies"),
    }


def short_day(day: date, today: date) -> str:
    """A day with its weekday, and its year where it is not this one: 12月7日（周一）, Mon 7 Dec."""
    if language() == "en":
        year = f" {day.year}" if day.year != today.year else ""
        return f"{_DAYS_EN[day.weekday()]} {day.day} {_MONTHS_EN[day.month - 1]}{year}"
    year = f"{day.year}年" if day.year != today.year else ""
    return f"{year}{day.month}月{day.day}日（周{_DAYS[day.weekday()]}）"


def weekdays() -> tuple[str, ...]:
    """Monday to Sunday as the heads of a calendar."""
    return _DAYS_EN if language() == "en" else _DAYS


def tiny_day(day: date) -> str:
    """A day for a narrow cell: 9/28, 28 Sep."""
    return f"{day.day} {_MONTHS_EN[day.month - 1]}" if language() == "en" else f"{day.month}/{day.day}"


def tiny_month(name: str) -> str:
    """A month such as 2026-11 for a narrow place: 26年11月, Nov 26."""
    year, month = name[2:4], int(name[5:])
    return f"{_MONTHS_EN[month - 1]} {year}" if language() == "en" else f"{year}年{month}月"


def moment(at: datetime, now: datetime) -> str:
    """A past moment: day, weekday, hour and minute, Beijing time."""
    local = beijing(at)
    return f"{short_day(local.date(), beijing(now).date())} {local:%H:%M}"


def age(seconds: int) -> str:
    """A span in seconds, minutes or hours, whichever says most."""
    if seconds == 0:
        return t("None")
    if seconds < 120:  # noqa: PLR2004 - minutes say more from here on
        return t("{n} seconds", n=seconds) if seconds != 1 else t("1 second")
    if seconds < 7200:  # noqa: PLR2004 - hours say more from here on
        return t("{n} minutes", n=seconds // 60)
    return t("{n} hours", n=seconds // 3600)


def ago(seconds: int | None) -> str:
    """How long ago something happened that may never have; 0 seconds are one."""
    return t("Never") if seconds is None else age(max(seconds, 1))


def look(event: str) -> tuple[str, str]:
    """Tone and icon of an event."""
    return _LOOK.get(event, ("neutral", "dot"))


def roles() -> dict[str, str]:
    """What operators may be."""
    return {
        "handler": t("Handler"),
        "supervisor": t("Supervisor"),
        "auditor": t("Auditor (reads only)"),
        "admin": t("Administrator"),
    }


def erasing(meta: Mapping[str, Any]) -> list[str]:
    """Why personal data goes, and whose."""
    why = {
        "request": t("asked for by the person"),
        "retention": t("time of keeping over"),
        "order": t("ordered before its time"),
    }
    named = person_names()
    reason = [why[meta["reason"]]] if meta.get("reason") in why else []
    return [*reason, t(", ").join(named.get(key, key) for key in meta.get("persons", ()))]


def person_names() -> dict[str, str]:
    """Each person whose data is sealed apart."""
    return {
        "complainant": t("Complainant"),
        "third_party": t("Third party"),
        "operator": t("What operators wrote"),
    }
