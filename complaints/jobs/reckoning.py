"""Reckon open complaints anew after a calendar or a policy has changed, going on wherever it stopped.

A row of complaints_calendar_year or complaints_policy_version without `applied_at` is a job; `reached` is the last
complaint looked at. Any worker may go on with it, several at once: each complaint is reckoned under its lock, and the
second finds nothing left to move.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from sqlalchemy import select, update

from complaints.administration.installation import Installation
from complaints.administration.underway import AFTERMATH, Job, jobs
from complaints.cases.step import tell
from complaints.delivery import webhooks
from complaints.ledger import journal
from complaints.ledger.work import Work
from complaints.sla import recompute
from complaints.sla.recompute import Cause
from complaints.store.tables import CalendarYear, Complaint, Event, PolicyVersion, Stream

CHUNK = 20
# So much one tick does; then the sweep and the mails have their turn.
A_TICK = 2000
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Reckoned:
    """What one run did: complaints looked at and rescheduled, those that failed, and whether work is left to it."""

    seen: int = 0
    moved: int = 0
    failed: int = 0
    finished: bool = True

    def plus(self, other: Reckoned) -> Reckoned:
        """Both together."""
        return Reckoned(
            self.seen + other.seen,
            self.moved + other.moved,
            self.failed + other.failed,
            self.finished and other.finished,
        )


def reckon_anew(
    installation: Installation, *, limit: int = A_TICK, progress: Callable[[int], None] | None = None
) -> Reckoned:
    """Look at up to `limit` complaints and move the dates that a changed calendar or policy moves; commits in batches.

    `progress` is called with the number of complaints of each batch. When all have been seen, those written to
    around the change are looked at once more, two minutes after it; then the job is closed.
    """
    done = Reckoned()
    with installation.reading() as rules:
        open_jobs = jobs(installation, rules)
    for job in open_jobs:
        reached = job.reached
        while done.seen < limit:
            with installation.reading() as work:
                ids = _next(work, job.cause, reached, CHUNK)
            if not ids:
                done = done.plus(_end(installation, rules, job))
                break
            reached = ids[-1][0]
            done = done.plus(_batch(installation, rules, job, ids))
            if progress is not None:
                progress(len(ids))
        else:
            return done.plus(Reckoned(finished=False))
    return done


def _next(work: Work, cause: Cause, reached: int, limit: int) -> list[tuple[int, str]]:
    query = select(Complaint.id, Complaint.uid).where(recompute.concerned(cause, reached))
    rows = work.session.execute(query.order_by(Complaint.id).limit(limit))
    return [(row.id, row.uid) for row in rows]


def _batch(
    installation: Installation, rules: Work, job: Job, ids: Sequence[tuple[int, str]], *, again: bool = False
) -> Reckoned:
    """One transaction; where it fails each complaint has one of its own, so that one stops no other."""
    uids, reached = sorted(uid for _, uid in ids), 0 if again else ids[-1][0]
    # The rules were read before many batches: a webhook may have been added since.
    rules = replace(rules, now=installation.now(), listened=True)
    try:
        moved = installation.write_under(rules, partial(_write, uids=uids, job=job, reached=reached))
        return Reckoned(len(uids), moved)
    except Exception as error:  # noqa: BLE001 - the other complaints must go on
        if len(ids) == 1:
            # The error's text may quote a complaint: only its class is told.
            _log.error("a complaint could not be reckoned anew: %s", type(error).__name__)
            if not again:
                installation.write_under(rules, partial(_write, uids=(), job=job, reached=reached))
            return Reckoned(1, failed=1)
    done = Reckoned()
    for one in ids:
        done = done.plus(_batch(installation, rules, job, [one], again=again))
    return done


def _write(work: Work, uids: Iterable[str], job: Job, reached: int) -> int:
    # All locks first, in one order, as the sweep does: two workers never wait for each other in a circle.
    uids = list(uids)
    work.session.execute(
        select(Stream.uid).where(Stream.uid.in_(uids)).order_by(Stream.uid).with_for_update()
    ).all()
    moved = sum(_one(work, uid, job.cause) for uid in uids)
    if reached:
        _update(work, job, job.table.reached < reached, reached=reached)
    return moved


def _one(work: Work, uid: str, cause: Cause) -> bool:
    case = journal.lock(work, uid)
    before = case.accept_due, case.result_due
    written = recompute.apply(work, case, cause)
    if written is not None and (case.accept_due, case.result_due) != before:
        tell(work, case, "moved", written.seq)
        webhooks.announce(work, "rescheduled", case.id, case.uid, written.seq)
    return written is not None


def _end(installation: Installation, rules: Work, job: Job) -> Reckoned:
    """Once nobody can still be writing by the old rules: look again at what was written around the change."""
    if installation.now() < job.since + AFTERMATH:
        return Reckoned(finished=False)
    with installation.reading() as work:
        written = select(Event.stream).where(Event.at.between(job.since - AFTERMATH, job.since + AFTERMATH))
        query = select(Complaint.id, Complaint.uid).where(
            recompute.concerned(job.cause), Complaint.uid.in_(written)
        )
        ids = [(row.id, row.uid) for row in work.session.execute(query.order_by(Complaint.id))]
    done = Reckoned()
    for at in range(0, len(ids), CHUNK):
        done = done.plus(_batch(installation, rules, job, ids[at : at + CHUNK], again=True))
    now = installation.now()
    installation.write_under(
        rules, lambda work: _update(work, job, job.table.applied_at.is_(None), applied_at=now)
    )
    return done


def _update(work: Work, job: Job, condition: object, **values: object) -> None:
    keys = (
        (CalendarYear.year, CalendarYear.revision) if job.table is CalendarYear else (PolicyVersion.version,)
    )
    work.session.execute(
        update(job.table)
        .where(*(column == value for column, value in zip(keys, job.key, strict=True)), condition)  # type: ignore[arg-type]  # a column expression
        .values(**values)
        .execution_options(synchronize_session=False)
    )
