"""Until when a complaint's personal data is kept once it has ended."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime

from complaints.base.clock import beijing
from complaints.policy.deadlines import end_of
from complaints.policy.model import Retention

_YEAR = 12


def kept_until(retention: Retention, ended: datetime, appeal_until: datetime | None = None) -> datetime:
    """The end (24:00 Beijing time) of the day on which the retention period of an ended complaint is over.

    Never before the time to ask for a review, nor before the logs' own minimum.
    """
    day = beijing(ended).date()
    last = end_of(_later(day, max(retention.case_years * _YEAR, retention.log_months)))
    return max(last, appeal_until) if appeal_until is not None else last


def _later(day: date, months: int) -> date:
    """The same day of a later month; 29 February becomes 28 February where there is none."""
    year, month = divmod(day.year * _YEAR + day.month - 1 + months, _YEAR)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
