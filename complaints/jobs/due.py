"""One look at everything that could be due, so that an idle tick costs one statement."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ScalarSelect, func, select
from sqlalchemy.orm import Session

from complaints.delivery.health import skewed
from complaints.ledger import signing
from complaints.policy.states import State
from complaints.store.database_now import DatabaseNow
from complaints.store.tables import (
    CalendarYear,
    Checkpoint,
    Complaint,
    Event,
    Lease,
    LogState,
    Milestone,
    Outbox,
    PolicyVersion,
    SearchState,
)

TICK, HOURLY = "tick", "hourly"


@dataclass(frozen=True)
class Outlook:
    """The earliest moment of each kind of work that is due; None: nothing. And who holds the lease."""

    owner: str | None
    until: datetime | None
    hourly_at: datetime | None
    milestone: datetime | None
    release: datetime | None
    pause: datetime | None
    message: datetime | None
    abandoned: datetime | None
    unplaced: datetime | None
    stamp: datetime | None
    anew: datetime | None
    database_now: datetime
    size: int | None
    searched: int | None

    @property
    def busy(self) -> bool:
        """Whether anything is due."""
        return any((self.milestone, self.release, self.pause, self.message, self.abandoned, self.anew))

    @property
    def unsearched(self) -> bool:
        """Whether events have their place that the search index has not seen."""
        return (self.size or 0) > (self.searched or 0)

    def trusted(self, now: datetime) -> datetime:
        """The earlier of this machine's clock and the database's where they disagree, else `now`.

        By a clock that runs ahead, people would be told of dates that have not come.
        """
        return min(now, self.database_now) if skewed(now, self.database_now) else now


def look(session: Session, now: datetime) -> Outlook:
    """Read the outlook in one statement; each part is the first entry of an index range."""
    lease, hourly = Lease.__table__.alias(), Lease.__table__.alias()
    parts: list[ScalarSelect[datetime | None]] = [
        _least(Milestone.due_at, Milestone.state == "pending", Milestone.due_at <= now),
        _least(Complaint.release_due, Complaint.released_at.is_(None), Complaint.release_due <= now),
        _least(
            Complaint.due_next,
            Complaint.state == State.AWAITING_COMPLAINANT.value,
            Complaint.due_next <= now,
        ),
        _least(Outbox.not_before, Outbox.state == "queued", Outbox.not_before <= now),
        _least(Outbox.lease_until, Outbox.state == "sending", Outbox.lease_until <= now),
        _least(Event.at, Event.leaf_index.is_(None)),
        _least(
            Checkpoint.stamp_after, Checkpoint.stamp_state == signing.PENDING, Checkpoint.stamp_after <= now
        ),
    ]
    row = session.execute(
        select(
            select(lease.c.owner).where(lease.c.name == TICK).scalar_subquery(),
            select(lease.c.until).where(lease.c.name == TICK).scalar_subquery(),
            select(hourly.c.until).where(hourly.c.name == HOURLY).scalar_subquery(),
            *parts,
            # Both tables hold a handful of rows.
            func.coalesce(
                _least(CalendarYear.imported_at, CalendarYear.applied_at.is_(None)),
                _least(PolicyVersion.published_at, PolicyVersion.forward, PolicyVersion.applied_at.is_(None)),
            ),
            DatabaseNow(),
            select(LogState.size).where(LogState.id == 1).scalar_subquery(),
            select(SearchState.reached).where(SearchState.id == 1).scalar_subquery(),
        )
    ).one()
    return Outlook(*row)


def expired_pauses(session: Session, now: datetime, limit: int = 50) -> list[str]:
    """The uids of complaints whose complainant has not replied in the time given."""
    query = (
        select(Complaint.uid)
        .where(
            Complaint.state == State.AWAITING_COMPLAINANT.value,
            Complaint.due_next <= now,
            Complaint.reply_due <= now,
        )
        .order_by(Complaint.due_next, Complaint.id)
        .limit(limit)
    )
    return list(session.scalars(query))


def _least(column: object, *conditions: object) -> ScalarSelect[datetime | None]:
    return select(func.min(column)).where(*conditions).scalar_subquery()  # type: ignore[arg-type]  # columns
