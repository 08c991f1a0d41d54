"""Long work as jobs: ordered by somebody, made piece by piece by any worker, its file kept sealed until it expires.

A file lies in the file store as parts, each sealed under a key of its job. A part is stored before the row says
so: what a killed worker left behind is named by nothing, is written anew under another name, and goes with the job.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from tempfile import TemporaryFile
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from complaints.administration.installation import Installation
from complaints.base.errors import ConfigError, ConflictError, MissingError
from complaints.base.ids import random_uid
from complaints.evidence import export, listed, parts, tasks
from complaints.evidence.chosen import Chosen
from complaints.evidence.withheld import closed
from complaints.ledger.journal import record_system
from complaints.ledger.work import Actor, Work
from complaints.store.jobs import Jobs, StoppedError
from complaints.store.tables import Job

LEASE_SECONDS = 120
# So often a worker says how far it is, and looks whether it is still wanted.
PAUSE_SECONDS = 1.0
# Begins what is kept of a failure for want of something, as the word of a `MissingError` goes on.
MISSING = "missing:"
JOBS = Jobs(tasks.KINDS, LEASE_SECONDS)


@dataclass(frozen=True)
class Claimed:
    """A job this worker goes on with; `token` tells its parts from those of a worker before."""

    uid: str
    chosen: Chosen
    token: str
    done: int
    total: int
    place: dict[str, Any]


def order(found: Installation, actor: Actor, chosen: Chosen, uid: str = "") -> str:
    """Record an order and queue its job; returns its uid; commits. Raises InputError.

    The cases of a list lie beside it before a worker may begin. A `uid` chosen by the caller lets the same order, sent
    again, find its job.
    """
    settled, uid = tasks.order(found, actor, chosen), uid or random_uid()
    held = None if settled.ids is None else found.now() + timedelta(seconds=LEASE_SECONDS)

    def write(work: Work) -> None:
        total = tasks.total(work, settled)
        kind = tasks.kind_of(settled)
        JOBS.queue(work.session, uid, kind, settled.plain(), actor.ref, work.now, total=total, held=held)

    found.write(write)
    if settled.ids is not None:
        listed.keep(found.files, found.keys.data, uid, settled.ids)
        if not found.database.write(lambda session: JOBS.open_up(session, uid)):
            found.files.delete_parts(uid)
    return uid


def recent(session: Session, kinds: Sequence[str] = tasks.HANDED_OUT) -> list[Job]:
    """The jobs of these kinds that were ordered last, newest first."""
    return JOBS.recent(session, kinds)


def cancel(work: Work, uid: str, actor: Actor) -> None:
    """Stop a job that is not finished; what it had written goes with the next cleaning. Flushes, never commits."""
    if not JOBS.cancel(work.session, uid, work.now):
        raise ConflictError("this job has ended already; reload the page")
    record_system(work, f"{tasks.named(work, uid)}_cancelled", actor, {"job": uid})


def again(work: Work, uid: str, actor: Actor) -> None:
    """Queue a failed job once more, from where it came to. Flushes, never commits."""
    if not JOBS.again(work.session, uid, work.now):
        raise ConflictError("only a job that failed can go on; order it anew")
    record_system(work, f"{tasks.named(work, uid)}_resumed", actor, {"job": uid})


def claim(found: Installation, uid: str = "") -> Claimed | None:
    """Take the oldest job that nobody works on (or the one named), with a lease; commits."""
    token = random_uid()[:8]

    def write(session: Session) -> Claimed | None:
        now = found.now()
        job = JOBS.take(session, now, uid)
        if job is None:
            return None
        chosen, done, place = Chosen.of(job.params), job.done, dict(job.place)
        if not export.in_lines(chosen):
            # What is made in one go cannot go on in the middle: it begins anew, and the page says so.
            done, place = 0, {"anew": place.get("anew", -1) + 1}
        JOBS.begin(session, job.uid, now, done=done, place=place)
        return Claimed(job.uid, chosen, token, done, job.total, place)

    return found.database.write(write)


def go_on(found: Installation, job: Claimed, deadline: float) -> bool:
    """Work on a claimed job until it is finished or the monotonic `deadline` is over; whether it is finished.

    Commits after each part. Raises StoppedError when the job was cancelled, whose parts are deleted then; any
    other error makes the job fail, with its class in the row and what was written kept, and is not raised.
    """
    try:
        job = replace(job, chosen=listed.opened(found.files, found.keys.data, job.uid, job.chosen))
        with found.reading() as work:
            if "closed" not in job.place:
                # Before the first case is read: whoever asks from now on is noticed.
                job.place["closed"] = closed(work, job.chosen)
                work.session.rollback()
            done = (
                _lines(found, work, job, deadline)
                if export.in_lines(job.chosen)
                else _whole(found, work, job)
            )
    except StoppedError:
        _leave_nothing(found, job.uid)
        raise
    except Exception as error:  # noqa: BLE001 - one order that cannot be carried out must not stop the others
        said, now = _said(error), found.now()
        found.database.write(lambda session: JOBS.fail(session, job.uid, now, said))
        _leave_nothing(found, job.uid)
        return True
    return done


def _lines(found: Installation, work: Work, job: Claimed, deadline: float) -> bool:
    pending, rows, after = bytearray(), 0, job.place.get("after")
    names, done = list(job.place.get("parts", ())), job.done
    for place, number, data in export.lines(work, job.chosen, after):
        pending += data
        rows, after = rows + number, place
        over = time.monotonic() >= deadline
        if len(pending) >= parts.SIZE or over:
            if pending:
                names.append(_put(found, job, len(names), bytes(pending)))
            _step(
                found,
                job.uid,
                done,
                done + rows,
                {**job.place, "after": after, "parts": names},
                hold=not over,
            )
            pending, done, rows = bytearray(), done + rows, 0
            if over:
                return False
    if pending or not names:
        names.append(_put(found, job, len(names), bytes(pending)))
        _step(found, job.uid, done, done + rows, {**job.place, "after": after, "parts": names}, hold=True)
        done += rows
    _finish(found, job, done, names, tasks.Done())
    return True


def _whole(found: Installation, work: Work, job: Claimed) -> bool:
    told = counted = 0
    last = time.monotonic()

    def progress(done: int) -> None:
        nonlocal told, counted, last
        counted = done
        if time.monotonic() - last >= PAUSE_SECONDS:
            # The reader's transaction ends first: one that stays open would keep the writer waiting.
            work.session.rollback()
            _step(found, job.uid, told, done, job.place, hold=True)
            told, last = done, time.monotonic()

    with TemporaryFile() as file:
        made = tasks.write(found, work, job.chosen, file, progress)
        work.session.rollback()
        file.seek(0)
        names: list[str] = []
        while block := file.read(parts.SIZE):
            names.append(_put(found, job, len(names), block))
    _step(found, job.uid, told, counted, {**job.place, "parts": names}, hold=True)
    _finish(found, job, counted, names, made)
    return True


def _step(
    found: Installation, uid: str, before: int, done: int, place: dict[str, Any], *, hold: bool
) -> None:
    """Commit how far a job is; StoppedError when it is no longer this worker's."""
    now = found.now()
    found.database.write(
        lambda session: JOBS.step(session, uid, now, before=before, done=done, place=place, hold=hold)
    )


def _finish(found: Installation, job: Claimed, done: int, names: list[str], made: tasks.Done) -> None:
    with found.reading() as work:
        held = closed(work, job.chosen) != job.place["closed"]
    if held:
        # Written before its person asked: begun anew, it leaves the case out.
        found.database.write(lambda session: JOBS.anew(session, job.uid))
        for name in names:
            found.files.delete(name)
        raise StoppedError
    digest, size = parts.digest(found.files, found.keys.data, job.uid, names)
    now, result = found.now(), {**made.result, "sha256": digest, "size": size}

    def write(work: Work) -> None:
        JOBS.finish(work.session, job.uid, now, done=done, result=result)
        made.record(work)

    found.write(write)


def _put(found: Installation, job: Claimed, number: int, data: bytes) -> str:
    return parts.put(found.files, found.keys.data, job.uid, number, job.token, data)


def _leave_nothing(found: Installation, uid: str) -> None:
    """Delete what a worker still wrote for a job that somebody ended meanwhile."""
    with found.database.reading() as session:
        state = session.scalar(select(Job.state).where(Job.uid == uid))
    if state in {"cancelled", "expired"}:
        found.files.delete_parts(uid)


def _said(error: Exception) -> str:
    """A failure for operators, which pages put into words; our own errors say what to do, others only their class.

    Nothing personal.
    """
    if isinstance(error, MissingError):
        return MISSING + error.what
    return str(error)[:200] if isinstance(error, ConfigError) else type(error).__name__
