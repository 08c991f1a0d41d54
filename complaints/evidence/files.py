"""Files that were ordered and made: handed out as long as they are kept, then deleted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from complaints.administration.installation import Installation
from complaints.base.errors import NotFoundError
from complaints.evidence import parts, tasks
from complaints.evidence.chosen import MEDIA, Chosen, closed
from complaints.evidence.jobs import JOBS
from complaints.ledger.journal import record_system
from complaints.ledger.work import Actor, Work
from complaints.store.tables import Job


def read(found: Installation, uid: str, actor: Actor) -> tuple[Job, Iterator[bytes]]:
    """A finished file in blocks, once its download stands in the log; commits.

    Raises NotFoundError for one that is not there, or no longer.
    """

    def write(work: Work) -> Job | None:
        job = work.session.get(Job, uid)
        if job is None or job.kind not in tasks.KINDS or job.state != "done" or _over(job, work.now):
            raise NotFoundError("there is no such file, or it has been deleted")
        if closed(work, Chosen.of(job.params)) != job.place.get("closed", 0):
            job.expires_at = work.now
            return None
        record_system(
            work, f"{tasks.named(work, uid)}_downloaded", actor, {"job": uid, "sha256": job.result["sha256"]}
        )
        return job

    job = found.write(write)
    if job is None:
        raise NotFoundError("a person in this file has asked to be left alone since; order it anew")
    return job, parts.read(found.files, found.keys.data, uid, job.place["parts"])


def expire(found: Installation, now: datetime, limit: int = 200) -> int:
    """Delete the files of jobs whose time is over; the rows stay, and say when. Commits; returns how many."""
    with found.database.reading() as session:
        uids = JOBS.over(session, now, limit)
    for uid in uids:
        found.files.delete_parts(uid)
        found.database.write(lambda session, uid=uid: JOBS.expire(session, uid))  # type: ignore[misc]  # a default binds it
    return len(uids)


def media(job: Job) -> tuple[str, str]:
    """Name and media type of a finished file."""
    chosen = Chosen.of(job.params)
    return chosen.name, MEDIA[chosen.form]


def _over(job: Job, now: datetime) -> bool:
    return job.expires_at is None or job.expires_at <= now
