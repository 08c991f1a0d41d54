"""A promise and how late it is, in words a tired person understands; no relative time without its date."""

from __future__ import annotations

from datetime import datetime

from complaints.base.clock import beijing
from complaints.base.translations import gettext as t
from complaints.policy.deadlines import shown_date, words

# What is owed in each state; the date itself is the complaint's `due_next`.
OWED = {
    "submitted": "accept",
    "accepted": "result",
    "processing": "result",
    "under_review": "review",
    "merged": "result",
    "awaiting_complainant": "supply",
}
_HOUR = 3600


def owed(state: str, due: datetime, now: datetime, lang: str) -> str:
    """What must happen by `due`, and where that has passed how long ago: 应于12月7日（周一）前答复，已逾期2天."""
    said = _sentence(OWED[state], due, lang)
    if now < due:
        return said
    days = (beijing(now).date() - shown_date(due)).days
    hours = int((now - due).total_seconds()) // _HOUR
    if days > 0:
        late = t("{n} days late", n=days) if days > 1 else t("1 day late")
    else:
        late = t("{n} hours late", n=hours) if hours > 1 else t("late since this hour")
    return t("{a}, {b}", a=said, b=late)


def missed(kind: str, due: datetime, lang: str) -> str:
    """A promise that was missed and is owed no more."""
    return _sentence(kind, due, lang) + t(", missed")


def _sentence(kind: str, due: datetime, lang: str) -> str:
    day = words(due, lang).partition("年")[2] if lang == "zh" else words(due, lang)
    known = {
        "accept": t("to be taken on or declined by {date}", date=day),
        "first_action": t("first step due by {date}", date=day),
        "result": t("to be answered by {date}", date=day),
        "review": t("review due by {date}", date=day),
        "reply": t("reply due by {date}", date=day),
        "supply": t("the complainant may reply until {date}", date=day),
    }
    return known[kind]
