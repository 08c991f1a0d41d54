"""One tick of the clock: release, resume, sweep, send, close, clean, sign. Any worker may run it, at any time."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from complaints.administration import staffing
from complaints.administration.installation import Installation
from complaints.administration.reach import with_compliance
from complaints.cases import conversation, deciding, erasure, overdue
from complaints.delivery.fanout import fan_out
from complaints.delivery.mail import Post
from complaints.delivery.people import People
from complaints.delivery.sending import Sent, send
from complaints.jobs import checkpoints, leases
from complaints.jobs.checkpoints import Tended
from complaints.jobs.cleaning import clean
from complaints.jobs.due import HOURLY, TICK, Outlook, expired_pauses, look
from complaints.jobs.indexing import index
from complaints.jobs.posting import Postman
from complaints.jobs.reckoning import reckon_anew
from complaints.jobs.reporting import queue_reports
from complaints.ledger import journal
from complaints.ledger.work import SYSTEM, Work
from complaints.policy.states import RELEASES, State
from complaints.sla.sweep import Swept, sweep
from complaints.store import residue
from complaints.store.tables import Complaint

# As long as a sweep may take; a lease that runs out in the middle only lets another worker help.
LEASE_SECONDS = 60
# Everything that waits goes out in one pass, so that a burst is one digest for each person.
BURST = 20_000
HOUR = 3600
_PAGE = 50
Step = Callable[[Work, Complaint], object]
Clock = Callable[[], datetime]
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Ticked:
    """What one tick did. `skipped`: another worker was at it; `failed`: complaints that could not be moved."""

    skipped: bool = False
    released: int = 0
    resumed: int = 0
    closed: int = 0
    rescheduled: int = 0
    erased: int = 0
    cleaned: int = 0
    reports: int = 0
    failed: int = 0
    swept: Swept = field(default=Swept())
    sent: Sent = field(default=Sent())
    log: Tended = field(default=Tended())
    indexed: int = 0

    @property
    def lag_seconds(self) -> int:
        """The age of the oldest promise left unattended."""
        return self.swept.oldest_lag


def tick(
    installation: Installation, *, people: People | None = None, post: Post | None, alone: bool = False
) -> Ticked:
    """Do whatever is due now; needs an app context, commits step by step.

    `people` lists the operators who can be told (None: those of the installation), `post` sends mail (None: mail waits). `alone` is for a
    command or cron: it does not ask for the lease. Idle, it costs three statements. Nothing here depends on
    the lease: two workers that tick at once do each thing once.
    """
    now = installation.now()
    with installation.database.reading() as session:
        seen = look(session, now)
    ahead = now - seen.trusted(now) if installation.real_time else timedelta(0)
    now -= ahead

    def clock() -> datetime:
        return installation.now() - ahead

    if not alone and not leases.free(seen.owner, seen.until, now, _hold(installation)):
        return Ticked(skipped=True)
    hourly = seen.hourly_at is None or not now < seen.hourly_at <= leases.latest(now, HOUR)
    log = checkpoints.waits(installation, seen, now)
    if not seen.busy and not hourly and not log and not seen.unsearched:
        leases.idle(installation.database, TICK, now, _hold(installation))
        return Ticked()
    if not leases.take(installation.database, TICK, now, LEASE_SECONDS) and not alone:
        return Ticked(skipped=True)
    done = _run(installation, seen, clock, people or installation.directory.people, post)
    if hourly and leases.take(installation.database, HOURLY, now, HOUR):
        done = _hourly(installation, now, done)
    # Last: what this tick wrote gets its place, too, and can be found.
    if log or done != Ticked():
        done = replace(done, log=checkpoints.tend(installation))
    if seen.unsearched or done.log.placed:
        done = replace(done, indexed=index(installation).cases)
    leases.beat(installation.database, TICK, clock(), done.lag_seconds)
    if done.failed or done.swept.failed:
        _log.error("%s complaints and %s milestones failed", done.failed, len(done.swept.failed))
    return done


def _run(
    installation: Installation, seen: Outlook, clock: Clock, people: People, post: Post | None
) -> Ticked:
    done = Ticked()
    # Before anybody calls a date missed that a new calendar has moved.
    if seen.anew:
        anew = reckon_anew(installation)
        done = replace(done, rescheduled=anew.moved, failed=anew.failed)
    # A decision whose time has come meets its date: it goes out before anybody calls that date missed.
    if seen.release:
        count, failed = _each(installation, clock(), deciding.release_due, _release)
        done = replace(done, released=count, failed=done.failed + failed)
    if seen.pause:
        count, failed = _each(
            installation, clock(), lambda work, limit: expired_pauses(work.session, work.now, limit), _resume
        )
        done = replace(done, resumed=count, failed=done.failed + failed)
    if seen.milestone or done.resumed:
        with installation.reading(clock()) as rules:
            pass
        done = replace(done, swept=sweep(installation.database, rules.on, rules.now, overdue.act))
    if seen.message or seen.abandoned or done != Ticked():
        leases.take(installation.database, TICK, clock(), LEASE_SECONDS)
        everybody = with_compliance(installation, people)
        fan_out(installation.database, clock(), everybody, installation.rooms)
        postman = Postman(installation, everybody, post)
        done = replace(done, sent=send(installation.database, clock, postman, limit=BURST))
    return done


def _hourly(installation: Installation, now: datetime, done: Ticked) -> Ticked:
    closed, failed = _each(installation, now, deciding.close_due, _close)
    erased, unerased = _erased(installation, now)
    with installation.reading(now) as rules:
        alone = staffing.unreviewable(rules)
    if alone:
        # Looked for without the lock of a write, which on SQLite everybody would wait for.
        installation.write_under(rules, staffing.tell_no_reviewer)
    reports = queue_reports(installation, now)
    cleaned = clean(installation, now)
    if erased or cleaned:
        residue.wipe(installation.database.engine)
    failed += done.failed + unerased
    return replace(done, closed=closed, erased=erased, failed=failed, cleaned=cleaned, reports=reports)


def _erased(installation: Installation, now: datetime) -> tuple[int, int]:
    """Erase what its time is over for, in batches; what ended without a date gets one first."""
    _, unplanned = _each(installation, now, erasure.unplanned, erasure.plan)
    erased, failed = _each(installation, now, erasure.due, erasure.finish)
    return erased, unplanned + failed


def _each(
    installation: Installation, now: datetime, find: Callable[[Work, int], Sequence[str]], step: Step
) -> tuple[int, int]:
    """Do `step` to each complaint found, each in its own transaction; one that fails stops no other."""
    done, failed = 0, set[str]()
    while True:
        with installation.reading(now) as rules:
            uids = [uid for uid in find(rules, _PAGE + len(failed)) if uid not in failed]
        for uid in uids:
            try:
                done += installation.write_under(rules, partial(_one, uid=uid, step=step))
            except Exception as error:  # noqa: BLE001 - the other complaints must go on
                _log.error("a complaint could not be moved: %s", type(error).__name__)
                failed.add(uid)
        if len(uids) < _PAGE:
            return done, len(failed)


def _one(work: Work, uid: str, step: Step) -> bool:
    return step(work, journal.lock(work, uid)) is not None


def _release(work: Work, case: Complaint) -> object:
    # Taken back, or released by another worker, between the look and the lock.
    if case.released_at is not None or case.release_due is None or case.release_due > work.now:
        return None
    return deciding.release(work, case) if State(case.state) in RELEASES else None


def _resume(work: Work, case: Complaint) -> object:
    waiting = case.state == State.AWAITING_COMPLAINANT and case.reply_due is not None
    if not waiting or case.reply_due is None or case.reply_due > work.now:
        return None
    return conversation.resume(work, case, SYSTEM)


def _close(work: Work, case: Complaint) -> object:
    over = case.appeal_until is not None and case.appeal_until < work.now
    return deciding.close(work, case, SYSTEM) if over and State(case.state) in RELEASES else None


def _hold(installation: Installation) -> int:
    return installation.settings.TICK_SECONDS + 5
