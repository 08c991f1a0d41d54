"""Changes that open complaints are still reckoned for: calendar years and policy versions without `applied_at`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from complaints.administration import calendars
from complaints.administration.installation import Installation
from complaints.ledger.work import Work
from complaints.sla import recompute
from complaints.sla.recompute import Cause
from complaints.store.tables import CalendarYear, PolicyVersion

# Who began to write before the change may commit after it; nobody writes for longer.
AFTERMATH = timedelta(minutes=2)


@dataclass(frozen=True)
class Job:
    """One change that open complaints are still reckoned for."""

    cause: Cause
    table: type[CalendarYear | PolicyVersion]
    key: tuple[int, ...]
    since: datetime
    reached: int


def jobs(installation: Installation, work: Work) -> list[Job]:
    """What is under way, newest first: the newest calendar rules, so what it moves is told with its notice."""
    session = work.session
    found = [
        Job(
            calendars.cause_of(work.calendar, installation.former(session), calendars.meta_of(row)),
            CalendarYear,
            (row.year, row.revision),
            row.imported_at,
            row.reached,
        )
        for row in session.scalars(select(CalendarYear).where(CalendarYear.applied_at.is_(None)))
    ]
    found += [
        Job(
            recompute.by_policy(work.policy_of(row.version), row.version),
            PolicyVersion,
            (row.version,),
            row.published_at,
            row.reached,
        )
        for row in session.scalars(
            select(PolicyVersion).where(PolicyVersion.forward, PolicyVersion.applied_at.is_(None))
        )
    ]
    return sorted(found, key=lambda job: (job.since, job.key), reverse=True)


def left(installation: Installation) -> int:
    """How many complaints are still to be looked at."""
    with installation.reading() as work:
        return sum(recompute.count(work.session, job.cause, job.reached) for job in jobs(installation, work))
