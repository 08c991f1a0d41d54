"""Calendar months in Beijing, as the monthly report takes them."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from complaints.base.clock import beijing
from complaints.base.translations import language
from complaints.cases.measuring import Span
from complaints.evidence.chosen import MONTHLY, Chosen

_NAMES = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def key(span: Span) -> str:
    """A month as people type it: 2026-10."""
    return f"{span.first:%Y-%m}"


def parsed(text: str) -> Span | None:
    """The month that `key` wrote; None for anything else."""
    try:
        found = Span.month(date.fromisoformat(f"{text}-01"))
    except (ValueError, OverflowError):
        return None
    return found if key(found) == text else None


def before(span: Span) -> Span:
    """The month before."""
    return Span.month(span.first - timedelta(days=1))


def back(span: Span, number: int) -> list[Span]:
    """So many months, the last of them `span`, oldest first."""
    found = [span]
    while len(found) < number:
        found.insert(0, before(found[0]))
    return found


def last(now: datetime) -> Span:
    """The last month that is over."""
    return before(Span.month(beijing(now).date()))


def words(span: Span) -> str:
    """A month as people say it."""
    if language() == "en":
        return f"{_NAMES[span.first.month - 1]} {span.first.year}"
    return f"{span.first.year}年{span.first.month}月"


def report(span: Span, form: str, **values: object) -> Chosen:
    """The order of the report of a month."""
    return Chosen(MONTHLY, form, since=span.since, until=span.until, **values)  # type: ignore[arg-type]  # its own fields


def of(chosen: Chosen) -> Span:
    """The month of an order that was checked."""
    assert chosen.since is not None
    return Span.month(beijing(chosen.since).date())
