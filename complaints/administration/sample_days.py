"""When a sample's step happens, told in working days, so that it fits whatever day it is today."""

from __future__ import annotations

import zlib
from datetime import date, datetime, time, timedelta

from complaints.base.clock import BEIJING, beijing
from complaints.policy.workdays import Calendar


def moment(text: str, calendar: Calendar, now: datetime, seed: str = "") -> datetime:
    """The aware moment that `text` names.

    `"12 21:40"` is that Beijing time on the twelfth working day before today, `"12+1 21:40"` one calendar day
    later, `"-40"` is forty minutes ago. `seed` chooses the seconds, always the same ones.
    """
    if text.startswith("-"):
        return now - timedelta(minutes=int(text[1:]))
    days, _, clock = text.partition(" ")
    count, _, later = days.partition("+")
    day = _back(beijing(now).date(), int(count), calendar) + timedelta(days=int(later or 0))
    seconds = timedelta(seconds=zlib.crc32(f"{seed}{text}".encode()) % 60)
    return datetime.combine(day, time.fromisoformat(clock), BEIJING).astimezone(now.tzinfo) + seconds


def _back(day: date, count: int, calendar: Calendar) -> date:
    for _ in range(count):
        day = calendar.before(day)
    return day
