"""Long work that somebody ordered, as rows: queued, taken with a lease, gone on with, ended, expired.

Each change is one conditional UPDATE: of two who act at once only one succeeds, and a worker that has lost its job
learns it at the next step. Nothing here commits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, and_, bindparam, delete, func, or_, select, update
from sqlalchemy.orm import Session

from complaints.store.tables import Job
from complaints.store.transactions import touched
from complaints.store.types import UtcDateTime

KEEP_DAYS = 7
OPEN = ("queued", "running")
# So many are listed.
SHOWN = 20
_RUNNING = ("running",)


class StoppedError(Exception):
    """The job was cancelled, or another worker has taken it over."""


@dataclass(frozen=True)
class Jobs:
    """The jobs of these kinds; no other is met. After `lease_seconds` without a sign a worker has lost its job."""

    kinds: tuple[str, ...]
    lease_seconds: int

    def queue(
        self,
        session: Session,
        uid: str,
        kind: str,
        params: Mapping[str, Any],
        by: str,
        now: datetime,
        *,
        total: int,
        held: datetime | None = None,
    ) -> None:
        """Add a job in `total` steps, ordered by whoever has the reference `by`. Flushes.

        Until `held` nobody takes it, or until `open_up`: what belongs beside it is still being laid down.
        """
        session.add(
            Job(
                uid=uid,
                kind=kind,
                params=dict(params),
                state="queued",
                ordered_by=by,
                created_at=now,
                done=0,
                total=total,
                place={},
                result={},
                lease_until=held,
            )
        )
        session.flush()

    def open_up(self, session: Session, uid: str) -> bool:
        """Let a worker take a job that was held at first; False: somebody has ended it meanwhile."""
        return self._change(session, uid, OPEN, lease_until=None)

    def recent(self, session: Session, kinds: Sequence[str] = (), *, behind: int = 0) -> list[Job]:
        """The jobs, or those of some kinds, that were ordered last, newest first; `behind` so many of them."""
        query = select(Job).where(Job.kind.in_(kinds or self.kinds))
        return list(
            session.scalars(query.order_by(Job.created_at.desc(), Job.uid).limit(SHOWN).offset(behind))
        )

    def held(self, session: Session, uid: str) -> Job | None:
        """The job with its row locked."""
        query = select(Job).where(Job.uid == uid, Job.kind.in_(self.kinds)).with_for_update()
        return session.scalar(query.execution_options(populate_existing=True))

    def take(self, session: Session, now: datetime, uid: str = "") -> Job | None:
        """The oldest job that nobody works on (or the one named), from now on with a lease."""
        free = or_(Job.lease_until.is_(None), Job.lease_until <= now)
        query = select(Job).where(Job.kind.in_(self.kinds), Job.state.in_(OPEN), free)
        if uid:
            query = query.where(Job.uid == uid)
        query = query.order_by(Job.created_at, Job.uid).limit(1).with_for_update(skip_locked=True)
        job = session.scalar(query.execution_options(populate_existing=True))
        if job is None or not self._change(
            session, job.uid, OPEN, free, state="running", lease_until=self._until(now)
        ):
            return None
        session.refresh(job)
        return job

    def begin(
        self, session: Session, uid: str, now: datetime, *, done: int, place: Mapping[str, Any]
    ) -> None:
        """Say from where a job that was just taken goes on, which may be its beginning. Raises StoppedError."""
        self._mine(session, uid, done=done, place=dict(place), lease_until=self._until(now))

    def step(
        self,
        session: Session,
        uid: str,
        now: datetime,
        *,
        before: int,
        done: int,
        place: Mapping[str, Any],
        hold: bool = True,
    ) -> None:
        """Say how far a job is, and renew the lease or with `hold` off give it back.

        Raises StoppedError when it is not as this worker left it, after `before` steps.
        """
        until = self._until(now) if hold else None
        self._mine(session, uid, Job.done == before, done=done, place=dict(place), lease_until=until)

    def let_go(self, session: Session, uid: str) -> None:
        """Give the lease back: the next worker goes on."""
        self._change(session, uid, _RUNNING, lease_until=None)

    def finish(
        self,
        session: Session,
        uid: str,
        now: datetime,
        *,
        done: int,
        result: Mapping[str, Any],
        **values: Any,
    ) -> None:
        """End a job well, after `done` steps. Raises StoppedError when it is not as this worker left it."""
        ended = self._ended(now, timedelta(days=KEEP_DAYS))
        kept = {"state": "done", "total": done, "result": dict(result)}
        self._mine(session, uid, Job.done == done, **kept, **ended, **values)

    def fail(self, session: Session, uid: str, now: datetime, error: str) -> None:
        """End a job that cannot be carried out, unless somebody has ended it meanwhile; `error` is nothing personal."""
        ended = self._ended(now, timedelta(days=KEEP_DAYS))
        self._change(session, uid, _RUNNING, state="failed", error=error, **ended)

    def cancel(self, session: Session, uid: str, now: datetime, *, keep_days: int = 0, **values: Any) -> bool:
        """End a job that is not finished; False: it has ended already."""
        ended = self._ended(now, timedelta(days=keep_days))
        return self._change(session, uid, OPEN, state="cancelled", **ended, **values)

    def again(self, session: Session, uid: str, now: datetime) -> bool:
        """Queue a failed job once more, from where it came to; False: it did not fail."""
        # A lease that is over at once: it waits from now on, not since it was ordered.
        fresh = {
            "state": "queued",
            "error": None,
            "finished_at": None,
            "expires_at": None,
            "lease_until": now,
        }
        return self._change(session, uid, ("failed",), **fresh)

    def anew(self, session: Session, uid: str) -> None:
        """Queue a running job once more, from its beginning."""
        fresh = {"state": "queued", "done": 0, "place": {}, "lease_until": None}
        self._change(session, uid, _RUNNING, **fresh)

    def over(self, session: Session, now: datetime, limit: int) -> list[str]:
        """Jobs whose time of keeping is over."""
        query = select(Job.uid).where(*self._over(now), Job.state != "expired")
        return list(session.scalars(query.order_by(Job.expires_at, Job.uid).limit(limit)))

    def expire(self, session: Session, uid: str, *, for_good: bool = False) -> None:
        """Keep the row of a job whose file is gone; a failed one may still go on from its beginning, unless `for_good`."""
        gone: dict[str, Any] = {"place": {}, "expires_at": None}
        ended = ("done", "failed", "cancelled") if for_good else ("done",)
        if not self._change(session, uid, ended, state="expired", **gone):
            self._change(session, uid, ("failed", "cancelled"), done=0, **gone)

    def forget(self, session: Session, now: datetime) -> int:
        """Delete the rows of jobs whose time of keeping is over; returns how many."""
        gone = delete(Job).where(*self._over(now)).execution_options(synchronize_session=False)
        return touched(session.execute(gone))

    def _over(self, now: datetime) -> tuple[ColumnElement[bool], ...]:
        return Job.kind.in_(self.kinds), Job.expires_at <= now, Job.state.not_in(OPEN)

    def _until(self, now: datetime) -> datetime:
        return now + timedelta(seconds=self.lease_seconds)

    @staticmethod
    def _ended(now: datetime, keep: timedelta) -> dict[str, Any]:
        return {"lease_until": None, "finished_at": now, "expires_at": now + keep}

    def _mine(self, session: Session, uid: str, *more: ColumnElement[bool], **values: Any) -> None:
        if not self._change(session, uid, _RUNNING, *more, **values):
            raise StoppedError

    def _change(
        self, session: Session, uid: str, states: tuple[str, ...], *more: ColumnElement[bool], **values: Any
    ) -> bool:
        wanted = (Job.uid == uid, Job.kind.in_(self.kinds), Job.state.in_(states), *more)
        return _changed(session, wanted, values) == 1


def waiting_since() -> ScalarSelect[datetime]:
    """Since when the oldest job waits for a worker: none has begun it, or whoever was at it is gone.

    A part of a statement that is asked with `now`.
    """
    now = bindparam("now", type_=UtcDateTime())
    queued = and_(Job.state == "queued", or_(Job.lease_until.is_(None), Job.lease_until <= now))
    left = and_(Job.state == "running", Job.lease_until <= now)
    since = func.min(func.coalesce(Job.lease_until, Job.created_at, type_=UtcDateTime()))
    return select(since).where(Job.state.in_(OPEN), or_(queued, left)).scalar_subquery()


def end_all(
    session: Session, about: Sequence[ColumnElement[bool]], now: datetime, error: str
) -> tuple[int, list[str]]:
    """End every job that `about` meets, and the keeping of what was made; how many, and whose files must go.

    Whoever is at one in another process learns it at the next step.
    """
    told = {"error": error, "expires_at": now}
    # First what is at work: a job that is finished in this moment is met by the second.
    stopped = {**told, "state": "cancelled", "finished_at": now, "lease_until": None}
    number = _changed(session, (*about, Job.state.in_((*OPEN, "failed"))), stopped)
    kept = or_(Job.expires_at.is_(None), Job.expires_at > now)
    number += _changed(session, (*about, Job.state == "done", kept), told)
    query = select(Job.uid).where(*about, Job.error == error, Job.expires_at == now)
    return number, list(session.scalars(query))


def _changed(session: Session, wanted: Sequence[ColumnElement[bool]], values: Mapping[str, Any]) -> int:
    changing = update(Job).where(*wanted).values(**values)
    return touched(session.execute(changing.execution_options(synchronize_session=False)))
