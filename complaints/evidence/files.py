"""Files that were ordered and made: handed out as long as they are kept, then deleted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from sqlalchemy.orm import Session

from complaints.administration.installation import Installation
from complaints.base.errors import NotFoundError
from complaints.evidence import listed, parts, tasks
from complaints.evidence.chosen import MEDIA, Chosen
from complaints.evidence.jobs import JOBS
from complaints.evidence.withheld import closed
from complaints.ledger.journal import record_system
from complaints.ledger.work import Actor, Work
from complaints.store.tables import Job


def read(found: Installation, uid: str, actor: Actor) -> tuple[Job, Iterator[bytes]]:
    """A finished file in blocks, once its download stands in the log; commits.

    Raises NotFoundError for one that is not there, or no longer.
    """
    with found.reading() as reading:
        chosen = _chosen(found, _there(reading, uid))

    def write(work: Work) -> Job | None:
        job = _there(work, uid)
        if closed(work, chosen) != job.place.get("closed", 0):
            job.expires_at = work.now
            return None
        record_system(
            work, f"{tasks.named(work, uid)}_downloaded", actor, {"job": uid, "sha256": job.result["sha256"]}
        )
        return job

    job = found.write(write)
    if job is None:
        raise NotFoundError("a complaint in this file has been closed to its reader since; order it anew")
    return job, parts.read(found.files, found.keys.data, uid, job.place["parts"])


def expire(found: Installation, now: datetime, limit: int = 200) -> int:
    """Delete the files of jobs whose time is over; the rows stay, and say when. Commits; returns how many."""
    with found.database.reading() as session:
        uids = JOBS.over(session, now, limit)
    for uid in uids:
        found.files.delete_parts(uid)
        found.database.write(partial(_expired, uid=uid))
    return len(uids)


def media(job: Job) -> tuple[str, str]:
    """Name and media type of a finished file."""
    chosen = Chosen.of(job.params)
    return chosen.name, MEDIA[chosen.form]


def _expired(session: Session, uid: str) -> None:
    # A list cannot be found again.
    JOBS.expire(session, uid, for_good=Chosen.of(session.get_one(Job, uid).params).listing is not None)


def _there(work: Work, uid: str) -> Job:
    job = work.session.get(Job, uid)
    if job is None or job.kind not in tasks.KINDS or job.state != "done" or _over(job, work.now):
        raise NotFoundError("there is no such file, or it has been deleted")
    return job


def _chosen(found: Installation, job: Job) -> Chosen:
    try:
        return listed.opened(found.files, found.keys.data, job.uid, Chosen.of(job.params))
    except FileNotFoundError as error:
        raise NotFoundError("there is no such file, or it has been deleted") from error


def _over(job: Job, now: datetime) -> bool:
    return job.expires_at is None or job.expires_at <= now
