"""The clock of the samples: what a scheduler would have done in the past, at the moment it was due."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from complaints.base.errors import ComplaintsError
from complaints.cases import conversation, deciding, overdue
from complaints.ledger import journal
from complaints.ledger.work import SYSTEM, Work
from complaints.policy.states import RELEASES, State
from complaints.sla.sweep import sweep
from complaints.store.tables import Complaint, Milestone
from complaints.store.transactions import Database

After = Callable[[Work], None]
_TICK = timedelta(seconds=1)
_ANSWERED = tuple(state.value for state in RELEASES)


class Clock:
    """Acts on whatever came due, moment by moment; `after` is called in each transaction."""

    def __init__(self, database: Database, rules: Work, after: After) -> None:
        self._database = database
        self._rules = rules
        self._after = after

    def run(self, until: datetime) -> None:
        """Do what was due up to `until`, in the order of its due moments; commits as it goes."""
        while True:
            with self._database.reading() as session:
                due = _next(session)
            if due is None or due > until:
                return
            self._act(max(due, min(due + _TICK, until)))

    def _act(self, now: datetime) -> None:
        work = replace(self._rules, now=now)
        with self._database.reading() as session:
            released = deciding.release_due(work.on(session))
            waiting = _overdue_replies(session, now)
            ended = deciding.close_due(work.on(session))
        self._each(work, released, deciding.release)
        self._each(work, waiting, lambda work, case: conversation.resume(work, case, SYSTEM))
        done = sweep(self._database, work.on, now, self._milestones)
        if done.failed:
            raise ComplaintsError(f"{len(done.failed)} milestones of the samples could not be acted on")
        self._each(work, ended, lambda work, case: deciding.close(work, case, SYSTEM))

    def _milestones(self, work: Work, case: Complaint, due: Sequence[Milestone]) -> None:
        overdue.act(work, case, due)
        self._after(work)

    def _each(self, work: Work, uids: Sequence[str], step: Callable[[Work, Complaint], object]) -> None:
        for uid in uids:
            self._database.write(lambda session, uid=uid: self._one(work.on(session), uid, step))  # type: ignore[misc]  # uid is bound early

    def _one(self, work: Work, uid: str, step: Callable[[Work, Complaint], object]) -> None:
        step(work, journal.lock(work, uid))
        self._after(work)


def _next(session: Session) -> datetime | None:
    """The earliest moment at which anything is due."""
    answered = Complaint.state.in_(_ANSWERED)
    queries = (
        select(func.min(Milestone.due_at)).where(Milestone.state == "pending"),
        select(func.min(Complaint.release_due)).where(answered, Complaint.released_at.is_(None)),
        select(func.min(Complaint.reply_due)).where(Complaint.state == State.AWAITING_COMPLAINANT),
        select(func.min(Complaint.appeal_until)).where(answered, Complaint.released_at.is_not(None)),
    )
    first, second, third, window = (session.scalar(query) for query in queries)
    # The window's last moment still belongs to the complainant.
    closing = window + _TICK if window is not None else None
    return min((each for each in (first, second, third, closing) if each is not None), default=None)


def _overdue_replies(session: Session, now: datetime) -> list[str]:
    query = select(Complaint.uid).where(
        Complaint.state == State.AWAITING_COMPLAINANT, Complaint.reply_due <= now
    )
    return list(session.scalars(query))
