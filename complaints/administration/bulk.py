"""One act on many complaints as a job: each case in a transaction of its own, each exactly once, through any kill.

A case's event and the job's place behind it commit together: whoever goes on after a kill begins with the next one.
"""

from __future__ import annotations

import base64
import logging
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from complaints.administration import roster
from complaints.administration.installation import Installation
from complaints.base.errors import ComplaintsError, ConflictError, InputError, NotFoundError
from complaints.base.ids import random_uid
from complaints.base.translations import gettext as t
from complaints.cases import bulk, claims, people
from complaints.cases.bulk import MOST, Wish
from complaints.cases.people import Operator
from complaints.ledger import journal
from complaints.ledger import private as sealing
from complaints.ledger.journal import record_system
from complaints.ledger.work import Actor, Work
from complaints.policy.roles import HANDLERS
from complaints.store.jobs import KEEP_DAYS, OPEN, SHOWN, Jobs, StoppedError
from complaints.store.tables import Complaint, Job

KIND = "bulk"
LEASE_SECONDS = 60
# So many cases are looked for in one statement: no database takes as many values as a list of orders may name.
_NAMED = 5000
_JOBS = Jobs((KIND,), LEASE_SECONDS)
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Claimed:
    """A job this worker goes on with: whose it is, what is wished, which cases, and how each ended so far."""

    uid: str
    who: Operator
    wish: Wish
    cases: Sequence[tuple[str, int]]
    ends: list[str]


@dataclass(frozen=True)
class Part:
    """As much of an order as somebody may know of: its cases as they were ordered, and how the first of them ended.

    Whatever is told of an order is told of this, so that what is hidden shows in no count, no place and no state.
    """

    job: Job
    cases: Sequence[str]
    ends: Sequence[str]

    @property
    def left(self) -> int:
        """How many are not done yet, or never will be."""
        return len(self.cases) - len(self.ends)

    @property
    def state(self) -> str:
        """The job's; done once these are: what goes on, or was stopped, behind them is about others."""
        return self.job.state if self.left else "done"

    @property
    def open(self) -> bool:
        """Whether any of these may still be done."""
        return self.state in OPEN


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
        _JOBS.queue(work.session, uid, KIND, params, who.ref, work.now, total=len(once))
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
    return next((one for one in roster.read(work).staff if one.ref == wish.to and one.may(*HANDLERS)), None)


def recent(session: Session, viewer: Operator) -> list[Part]:
    """What was ordered last of which this operator may know a case at least, newest first."""
    found: list[Part] = []
    behind = 0
    # An order that is left out must not shorten the list either.
    while len(found) < SHOWN:
        page = _JOBS.recent(session, behind=behind)
        found += [part for part in parts(session, viewer, page) if part.cases]
        behind += len(page)
        if len(page) < SHOWN:
            break
    return found[:SHOWN]


def parts(session: Session, viewer: Operator, ordered: Sequence[Job]) -> list[Part]:
    """What this operator may know of each of these orders; without any case where that is nothing."""
    named = list(dict.fromkeys(each for job in ordered for each, _ in job.params["cases"]))
    seen: set[str] = set()
    for at in range(0, len(named), _NAMED):
        some = Complaint.uid.in_(named[at : at + _NAMED])
        seen.update(session.scalars(select(Complaint.uid).where(some, *people.visible(viewer))))
    return [_part(job, seen) for job in ordered]


def _part(job: Job, seen: Collection[str]) -> Part:
    chosen = [each for each, _ in job.params["cases"]]
    ended = zip(chosen, job.place.get("ends", ()), strict=False)
    return Part(job, [each for each in chosen if each in seen], [end for each, end in ended if each in seen])


def cancel(work: Work, uid: str, actor: Actor) -> None:
    """Stop a job: what is done stays done, the rest is left as it is. Flushes, never commits."""
    job = _JOBS.held(work.session, uid)
    bare = {**job.params, "text": ""} if job else {}
    if job is None or not _JOBS.cancel(work.session, uid, work.now, keep_days=KEEP_DAYS, params=bare):
        raise ConflictError("this job has ended already; reload the page")
    record_system(work, "bulk_cancelled", actor, {"job": uid, "done": job.done})


def expire(session: Session, now: datetime) -> int:
    """Delete the lists whose time is over; what was done stands in the log. Returns how many; never commits."""
    return _JOBS.forget(session, now)


def claim(found: Installation, uid: str = "") -> Claimed | None:
    """Take the oldest job that nobody works on (or the one named), with a lease; commits."""

    def write(session: Session) -> Claimed | None:
        job = _JOBS.take(session, found.now(), uid)
        if job is None:
            return None
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
            found.database.write(lambda session: _JOBS.let_go(session, job.uid))
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
                claims.acted(work, case, who.ref, job.wish.act, staying=False)
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
        by_ref = {one.ref: one for one in roster.read(work).staff}
        who = by_ref.get(who.ref, Operator(who.ref, ""))
    return who if who.may(*HANDLERS) else None


def _advance(session: Session, job: Claimed, ends: Sequence[str], found: Installation) -> None:
    at, place = len(ends), {"ends": list(ends)}
    _JOBS.step(session, job.uid, found.now(), before=at - 1, done=at, place=place)


def _finish(found: Installation, job: Claimed, ends: Sequence[str]) -> None:
    now = found.now()

    def write(session: Session) -> None:
        held = _JOBS.held(session, job.uid)
        # A note has become a sealed field of its cases; no second copy stays.
        bare = {**held.params, "text": ""} if held else {}
        _JOBS.finish(session, job.uid, now, done=len(job.cases), result=counted(ends), params=bare)

    found.database.write(write)


def counted(ends: Sequence[str]) -> dict[str, int]:
    """How many were done, left out, and failed."""
    failed = sum(end == "failed" for end in ends)
    done = sum(not end for end in ends)
    return {"done": done, "skipped": len(ends) - done - failed, "failed": failed}


def _seal(work: Work, uid: str, text: str) -> str:
    return base64.b64encode(
        sealing.encrypt(sealing.job_key(work.keys.data, uid), text.encode(), uid)
    ).decode()


def _open(found: Installation, uid: str, sealed: str) -> str:
    if not sealed:
        return ""
    return sealing.decrypt(sealing.job_key(found.keys.data, uid), base64.b64decode(sealed), uid).decode()
