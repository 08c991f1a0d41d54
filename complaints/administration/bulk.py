"""One act on many complaints as a job: each case in a transaction of its own, each exactly once, through any kill.

A case's event and the job's place behind it commit together: whoever goes on after a kill begins with the next one.
"""

from __future__ import annotations

import base64
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from complaints.administration import operators
from complaints.administration.installation import Installation
from complaints.base.errors import ComplaintsError, ConflictError, InputError, NotFoundError
from complaints.base.ids import random_uid
from complaints.base.translations import gettext as t
from complaints.cases import bulk, claims
from complaints.cases.bulk import MOST, Wish
from complaints.cases.people import Operator
from complaints.ledger import journal
from complaints.ledger import private as sealing
from complaints.ledger.journal import record_system
from complaints.ledger.work import Actor, Work
from complaints.store.tables import Job
from complaints.store.transactions import touched

KIND = "bulk"
LEASE_SECONDS = 60
KEEP_DAYS = 7
OPEN = ("queued", "running")
HANDLERS = ("handler", "supervisor", "admin")
_SHOWN = 20
_log = logging.getLogger(__name__)


class StoppedError(Exception):
    """The job was cancelled, or another worker has gone on with it."""


@dataclass(frozen=True)
class Claimed:
    """A job this worker goes on with: whose it is, what is wished, which cases, and how each ended so far."""

    uid: str
    who: Operator
    wish: Wish
    cases: Sequence[tuple[str, int]]
    ends: list[str]


def order(found: Installation, who: Operator, wish: Wish, cases: Sequence[tuple[str, int]]) -> str:
    """Queue an act on these cases, each at the version it was shown at; returns the job's uid; commits.

    Raises InputError: none chosen, more than can be done at once, or a wish that is not whole.
    """
    once = list(dict(cases).items())
    too_many(len(once))
    uid = random_uid()

    def write(work: Work) -> None:
        bulk.check(work, wish, colleague(work, who, wish))
        text = _seal(work, uid, wish.text) if wish.text else ""
        by = {"ref": who.ref, "roles": sorted(who.roles), "restricted": who.restricted}
        params = {"act": wish.act, "to": wish.to, "type": wish.type, "text": text, "by": by, "cases": once}
        row = Job(
            uid=uid,
            kind=KIND,
            params=params,
            state="queued",
            ordered_by=who.ref,
            created_at=work.now,
            done=0,
            total=len(once),
            place={"ends": []},
            result={},
        )
        work.session.add(row)
        work.session.flush()
        record_system(work, "bulk_ordered", who.actor, {"job": uid, "act": wish.act, "cases": len(once)})

    found.write(write)
    return uid


def too_many(number: int) -> None:
    """Raise InputError for none, or for more than can be done at once."""
    if not number:
        raise InputError({"case": [t("Choose at least one complaint")]})
    if number > MOST:
        said = t("At most {max} complaints at once; these are {n}. Narrow the list", max=MOST, n=number)
        raise InputError({"case": [said]})


def colleague(work: Work, who: Operator, wish: Wish) -> Operator | None:
    """Whom a wish would put in charge; where a host does not list its users, only oneself."""
    if wish.act != "assign" or not wish.to:
        return None
    if wish.to == who.ref:
        return who
    return next((one for one in operators.active(work) if one.ref == wish.to and one.may(*HANDLERS)), None)


def recent(session: Session) -> list[Job]:
    """The jobs that were ordered last, newest first."""
    query = select(Job).where(Job.kind == KIND).order_by(Job.created_at.desc(), Job.uid).limit(_SHOWN)
    return list(session.scalars(query))


def cancel(work: Work, uid: str, actor: Actor) -> None:
    """Stop a job: what is done stays done, the rest is left as it is. Flushes, never commits."""
    job = work.session.scalar(select(Job).where(Job.uid == uid, Job.kind == KIND).with_for_update())
    if job is None or job.state not in OPEN:
        raise ConflictError("this job has ended already; reload the page")
    job.state, job.lease_until, job.finished_at = "cancelled", None, work.now
    job.expires_at = work.now + timedelta(days=KEEP_DAYS)
    job.params = {**job.params, "text": ""}
    work.session.flush()
    record_system(work, "bulk_cancelled", actor, {"job": uid, "done": job.done})


def expire(session: Session, now: datetime) -> int:
    """Delete the lists whose time is over; what was done stands in the log. Returns how many; never commits."""
    over = delete(Job).where(Job.kind == KIND, Job.expires_at <= now, Job.state.not_in(OPEN))
    gone = session.execute(over.execution_options(synchronize_session=False))
    return touched(gone)


def claim(found: Installation, uid: str = "") -> Claimed | None:
    """Take the oldest job that nobody works on (or the one named), with a lease; commits."""

    def write(session: Session) -> Claimed | None:
        now = found.now()
        free = or_(Job.lease_until.is_(None), Job.lease_until <= now)
        query = select(Job).where(Job.kind == KIND, Job.state.in_(OPEN), free)
        if uid:
            query = query.where(Job.uid == uid)
        query = query.order_by(Job.created_at, Job.uid).limit(1).with_for_update(skip_locked=True)
        job = session.scalars(query).first()
        if job is None:
            return None
        job.state, job.lease_until = "running", now + timedelta(seconds=LEASE_SECONDS)
        asked, by = job.params, job.params["by"]
        who = Operator(by["ref"], "", frozenset(by["roles"]), restricted=by["restricted"])
        text = _open(found, job.uid, asked["text"])
        wish = Wish(asked["act"], asked["to"], asked["type"], text)
        cases = [(each, version) for each, version in asked["cases"]]
        return Claimed(job.uid, who, wish, cases, list(job.place.get("ends", ())))

    return found.database.write(write)


def go_on(found: Installation, job: Claimed, deadline: float) -> bool:
    """Go from case to case until all are done or the monotonic `deadline` is over; whether all are done.

    Commits after each case. Raises StoppedError when the job was cancelled or another worker is further.
    """
    ends = list(job.ends)
    while len(ends) < len(job.cases):
        if time.monotonic() >= deadline:
            _let_go(found, job.uid)
            return False
        ends.append(_one(found, job, ends))
    _finish(found, job, ends)
    return True


def _one(found: Installation, job: Claimed, ends: Sequence[str]) -> str:
    """Do the next case with its place in one transaction; returns how it ended, empty for done."""
    uid, version = job.cases[len(ends)]

    def write(work: Work) -> str:
        # The case first: what is read after its lock is as of now.
        case = journal.lock(work, uid, version=version)
        who = _now(found, work, job.who)
        if who is None:
            end = "rights"
        else:
            to = colleague(work, who, job.wish)
            end = bulk.refusal(work, case, who, job.wish, to, claims.of(work, [case.id]))
            if not end:
                bulk.act(work, case, who, job.wish)
        _advance(work.session, job, [*ends, end], found)
        return end

    try:
        return found.write(write)
    except StoppedError:
        raise
    except Exception as error:  # noqa: BLE001 - one case that cannot be moved must not stop the others
        end = _why(error)
        if end == "failed":
            _log.error("a case of a bulk act failed: %s", type(error).__name__)
    found.database.write(lambda session: _advance(session, job, [*ends, end], found))
    return end


def _why(error: Exception) -> str:
    known: dict[type[Exception], str] = {NotFoundError: "unknown", ConflictError: "moved"}
    return known.get(type(error), "refused" if isinstance(error, ComplaintsError) else "failed")


def _now(found: Installation, work: Work, who: Operator) -> Operator | None:
    """The operator with the rights of this moment; None once they may not act any more.

    Of a host that does not list its users, the rights they had when they ordered it.
    """
    if found.hooks.operator is None or found.directory.kept:
        by_ref = {one.ref: one for one in operators.active(work)}
        who = by_ref.get(who.ref, Operator(who.ref, ""))
    return who if who.may(*HANDLERS) else None


def _advance(session: Session, job: Claimed, ends: Sequence[str], found: Installation) -> None:
    until = found.now() + timedelta(seconds=LEASE_SECONDS)
    values = {"done": len(ends), "place": {"ends": list(ends)}, "lease_until": until}
    if not _change(session, job.uid, Job.done == len(ends) - 1, **values):
        raise StoppedError


def _finish(found: Installation, job: Claimed, ends: Sequence[str]) -> None:
    now = found.now()
    values = {
        "state": "done",
        "result": counted(ends),
        "lease_until": None,
        "finished_at": now,
        "expires_at": now + timedelta(days=KEEP_DAYS),
    }

    def write(session: Session) -> bool:
        params = session.scalar(select(Job.params).where(Job.uid == job.uid)) or {}
        # A note has become a sealed field of its cases; no second copy stays.
        return _change(session, job.uid, Job.done == len(job.cases), **values, params={**params, "text": ""})

    if not found.database.write(write):
        raise StoppedError


def counted(ends: Sequence[str]) -> dict[str, int]:
    """How many were done, left out, and failed."""
    failed = sum(end == "failed" for end in ends)
    done = sum(not end for end in ends)
    return {"done": done, "skipped": len(ends) - done - failed, "failed": failed}


def _let_go(found: Installation, uid: str) -> None:
    found.database.write(lambda session: _change(session, uid, lease_until=None))


def _change(session: Session, uid: str, *more: Any, **values: Any) -> bool:
    changed = session.execute(
        update(Job)
        .where(Job.uid == uid, Job.kind == KIND, Job.state == "running", *more)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return touched(changed) == 1


def _seal(work: Work, uid: str, text: str) -> str:
    return base64.b64encode(
        sealing.encrypt(sealing.job_key(work.keys.data, uid), text.encode(), uid)
    ).decode()


def _open(found: Installation, uid: str, sealed: str) -> str:
    if not sealed:
        return ""
    return sealing.decrypt(sealing.job_key(found.keys.data, uid), base64.b64decode(sealed), uid).decode()
