"""Calendar years: which are known, what an import would change, and the import itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from complaints.administration.installation import Installation
from complaints.base.clock import BEIJING, beijing
from complaints.base.errors import ConflictError
from complaints.ledger.audit_promises import calendar_digest
from complaints.ledger.journal import record_system
from complaints.ledger.work import Actor, Work
from complaints.policy.deadlines import shown_date
from complaints.policy.workdays import Calendar
from complaints.policy.yearfiles import CalendarError, DayChange, changes, first_difference
from complaints.policy.years import YearData
from complaints.sla import recompute
from complaints.sla.recompute import Anew, Cause
from complaints.store.tables import CalendarYear, Complaint, Milestone

# The State Council's notice for the next year came out between 25 October and early December, as far back as we saw.
NOTICE_MONTH = 11
_PAGE = 200
# A cap in calendar days ends before days off that may turn into working days; no holiday is longer.
_MARGIN = timedelta(days=15)


@dataclass(frozen=True)
class KnownYear:
    """One year as it rules now, and the import it came by; None: it came with the package."""

    data: YearData
    imported: CalendarYear | None


@dataclass(frozen=True)
class Moves:
    """What would become of the promised dates of open complaints; `farthest` is in days, negative: earlier.

    Of the `affected`, `internal` have nothing but internal targets that move.
    """

    affected: int = 0
    internal: int = 0
    earlier: int = 0
    later: int = 0
    settled: int = 0
    farthest: int = 0

    def plus(self, anew: Anew) -> Moves:
        """With one more complaint."""
        if not anew.touches:
            return self
        days = [(shown_date(new) - shown_date(old)).days for old, new in anew.promised]
        return Moves(
            self.affected + 1,
            self.internal + (not (days or anew.change)),
            self.earlier + sum(new < old for old, new in anew.promised),
            self.later + sum(new > old for old, new in anew.promised),
            self.settled + (anew.change.get("provisional") is False),
            max([self.farthest, *days], key=abs),
        )


@dataclass(frozen=True)
class Preview:
    """What importing `data` would change; `revision` is the one it would get. Without `news` it says nothing new."""

    data: YearData
    revision: int
    days: Sequence[DayChange]
    moves: Moves
    news: bool


def years(work: Work) -> list[KnownYear]:
    """Every year that something is known of, newest first."""
    newest: dict[int, CalendarYear] = {}
    for row in work.session.scalars(select(CalendarYear).order_by(CalendarYear.revision)):
        newest[row.year] = row
    return [KnownYear(data, newest.get(data.year)) for data in reversed(work.calendar.years)]


def missing_year(work: Work) -> int | None:
    """The year whose arrangement should be there by now and is not final; None: all is well.

    The present year always, the next one from November on.
    """
    today = beijing(work.now).date()
    wanted = [today.year, *([today.year + 1] if today.month >= NOTICE_MONTH else [])]
    return next((year for year in wanted if not work.calendar.year(year).final), None)


def preview(found: Installation, data: YearData) -> Preview:
    """What importing `data` would change, for whom; reads only. Raises CalendarError for a year nobody needs."""
    with found.reading() as work:
        _needed(work, data.year)
        after = work.calendar.with_year(data)
        cause = cause_of(after, [*found.former(work.session), work.calendar], {})
        return Preview(
            data,
            _revision(work.session, data.year) + 1,
            changes(work.calendar, after, data.year),
            moves(replace(work, calendar=after), cause),
            news=work.calendar.year(data.year) != data,
        )


def moves(work: Work, cause: Cause) -> Moves:
    """What `cause` would do to all open complaints; reads only, in pages."""
    total, reached = Moves(), 0
    while True:
        rows = recompute.page(work, cause, reached, _PAGE)
        for _, anew in rows:
            total = total.plus(anew)
        if len(rows) < _PAGE:
            return total
        reached = rows[-1][0].id
        work.session.expunge_all()


def import_year(work: Work, data: YearData, by: Actor, *, revision: int) -> CalendarYear | None:
    """Let `data` rule its year from now on, as an event of the system stream; None when it says nothing new.

    `revision` is the one its preview was made for: ConflictError where somebody else was faster, CalendarError as
    `preview`. Open complaints are reckoned anew by `jobs.reckoning`, not here. Flushes, never commits.
    """
    _needed(work, data.year)
    if work.calendar.year(data.year) == data:
        return None
    if revision != _revision(work.session, data.year) + 1:
        raise ConflictError("somebody else imported this year in the meantime; look at it again")
    payload = data.as_dict()
    row = CalendarYear(
        year=data.year,
        revision=revision,
        payload=payload,
        imported_at=work.now,
        imported_by=by.ref,
        reached=0,
        applied_at=None,
    )
    meta = {**meta_of(row), "digest": calendar_digest(payload)}
    record_system(work, "calendar_imported", by, meta)
    work.session.add(row)
    work.session.flush()
    return row


def meta_of(row: CalendarYear) -> dict[str, Any]:
    """What an event says of an imported year."""
    said: Mapping[str, Any] = row.payload
    return {"year": row.year, "revision": row.revision, "notice": said["notice"], "url": said["url"]}


def cause_of(present: Calendar, former: Iterable[Calendar], meta: Mapping[str, Any]) -> Cause:
    """Why dates are reckoned anew once `present` rules in place of the former calendars."""
    earlier = list(dict.fromkeys(former))
    day = first_difference(present, earlier)
    after = datetime.max.replace(tzinfo=UTC)
    if day is not None:
        after = datetime.combine(day, time(0), BEIJING) - _MARGIN
    return recompute.by_calendar(present, earlier, after, dict(meta))


def _needed(work: Work, year: int) -> None:
    """Only the years in which dates of ours can lie: from that of the oldest running date to the next one."""
    now = beijing(work.now).year
    oldest = work.session.scalar(
        select(func.min(Complaint.filed_at))
        .join(Milestone, Milestone.complaint_id == Complaint.id)
        .where(Milestone.state.in_(recompute.RUNNING))
    )
    first = min(now, beijing(oldest).year) if oldest else now
    if not first <= year <= now + 1:
        raise CalendarError(
            f"{year}年没有在办投诉的期限；请选择{first}年至{now + 1}年的文件",
            f"no open complaint has a date in {year}; choose a file of {first} to {now + 1}",
        )


def _revision(session: Session, year: int) -> int:
    return session.scalar(select(func.max(CalendarYear.revision)).where(CalendarYear.year == year)) or 0
