"""Find milestones that have come due and act on each exactly once, whichever worker looks first.

Nothing here depends on a leader: milestones are claimed by a conditional UPDATE inside the transaction that
acts on them, so that a crash leaves either nothing or everything.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby
from operator import attrgetter

from sqlalchemy import and_, or_, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from complaints.base.errors import ConflictError
from complaints.delivery import outbox
from complaints.ledger import journal
from complaints.ledger.work import Chunk, Work
from complaints.sla import milestones
from complaints.store.tables import Complaint, Milestone
from complaints.store.transactions import Database, is_conflict, touched

CHUNK = 20
PAGE = 500
BUDGET_SECONDS = 60
Act = Callable[[Work, Complaint, Sequence[Milestone]], None]
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Failed:
    """A milestone that could not be acted on: its id and the error's class, nothing personal."""

    milestone_id: int
    error: str


@dataclass(frozen=True)
class Swept:
    """What one sweep did; `oldest_lag` is the age in seconds of the oldest due milestone left over."""

    acted: int = 0
    failed: tuple[Failed, ...] = field(default=())
    oldest_lag: int = 0


@dataclass(frozen=True)
class _Due:
    id: int
    uid: str
    due_at: datetime


@dataclass
class _Tally:
    """What became of the candidates so far; `left` are the due moments of those that stay due."""

    acted: int = 0
    failed: list[Failed] = field(default_factory=list)
    left: list[datetime] = field(default_factory=list)

    @property
    def begun(self) -> bool:
        """Whether anything was tried: a sweep without any time left still does its first chunk."""
        return bool(self.acted or self.failed or self.left)


def sweep(
    database: Database,
    make_work: Callable[[Session], Work],
    now: datetime,
    act: Act,
    *,
    page: int = PAGE,
    budget_seconds: float = BUDGET_SECONDS,
) -> Swept:
    """Act on every milestone that is pending and due at `now`, for about `budget_seconds`; commits chunk by chunk.

    Candidates are read by index outside a write, `page` at a time. Each chunk of up to twenty is one transaction
    in which `act(work, case, milestones)` is called once per complaint, with the complaint locked and the
    milestones claimed. A complaint that another writer has locked is left to the next sweep where the database can
    say so, else waited for. A chunk that fails is repeated by complaint and then by row; a row that fails again is
    reported, stays due and stops nobody else. `make_work` is called under the locks.
    """
    # Not by `now`: a clock that is set back in the middle must not make this sweep endless.
    ends = time.monotonic() + budget_seconds
    tally = _Tally()
    after: tuple[datetime, int] | None = None
    while True:
        found = _candidates(database, now, after, page)
        for chunk in _chunks(found):
            if tally.begun and time.monotonic() >= ends:
                tally.left += [each.due_at for each in chunk]
            else:
                _chunk(database, make_work, act, now, chunk, tally)
        if len(found) < page or (tally.left and time.monotonic() >= ends):
            return Swept(tally.acted, tuple(tally.failed), _seconds(now, tally.left))
        # What failed is still due: the next page begins behind it, so that it never fills the whole view.
        last = max(found, key=lambda each: (each.due_at, each.id))
        after = (last.due_at, last.id)


def _candidates(
    database: Database, now: datetime, after: tuple[datetime, int] | None, limit: int
) -> list[_Due]:
    query = (
        select(Milestone.id, Complaint.uid, Milestone.due_at)
        .join(Complaint, Complaint.id == Milestone.complaint_id)
        .where(Milestone.state == "pending", Milestone.due_at <= now)
        .order_by(Milestone.due_at, Milestone.id)
        .limit(limit)
    )
    if after is not None:
        due, milestone_id = after
        query = query.where(
            or_(Milestone.due_at > due, and_(Milestone.due_at == due, Milestone.id > milestone_id))
        )
    with database.reading() as session:
        return [_Due(row.id, row.uid, row.due_at) for row in session.execute(query)]


def _chunks(page: Sequence[_Due]) -> Iterator[list[_Due]]:
    """Up to twenty milestones, by complaint; one complaint's stay together."""
    ordered = sorted(page, key=lambda each: (each.uid, each.due_at, each.id))
    chunk: list[_Due] = []
    for _, group in groupby(ordered, key=attrgetter("uid")):
        of_one = list(group)
        if chunk and len(chunk) + len(of_one) > CHUNK:
            yield chunk
            chunk = []
        chunk += of_one
    if chunk:
        yield chunk


def _chunk(
    database: Database,
    make_work: Callable[[Session], Work],
    act: Act,
    now: datetime,
    chunk: Sequence[_Due],
    tally: _Tally,
) -> None:
    try:
        acted, skipped = database.write(lambda session: _together(session, make_work, act, now, chunk))
    except Exception as error:  # noqa: BLE001 - whatever it was, the other rows of the chunk must go on
        if isinstance(error, DBAPIError) and is_conflict(error):
            # Nothing is wrong with these rows: another writer holds them or the whole database, and row by row
            # would only wait for it twenty times more.
            tally.left += [each.due_at for each in chunk]
        elif len(chunk) == 1:
            # The error's text may quote a complaint: only its class is told.
            _log.error("milestone %s could not be acted on: %s", chunk[0].id, type(error).__name__)
            tally.failed.append(Failed(chunk[0].id, type(error).__name__))
            tally.left.append(chunk[0].due_at)
        else:
            for part in _split(chunk):
                _chunk(database, make_work, act, now, part, tally)
        return
    tally.acted += acted
    tally.left += [each.due_at for each in chunk if each.uid in skipped]


def _split(chunk: Sequence[_Due]) -> list[list[_Due]]:
    """By complaint, since what comes due together belongs together; a complaint that fails by row."""
    parts = [list(group) for _, group in groupby(chunk, key=attrgetter("uid"))]
    return parts if len(parts) > 1 else [[each] for each in chunk]


def _together(
    session: Session,
    make_work: Callable[[Session], Work],
    act: Act,
    now: datetime,
    chunk: Sequence[_Due],
) -> tuple[int, set[str]]:
    """Act on a chunk in the caller's transaction; how many, and the complaints that others hold."""
    uids = sorted({each.uid for each in chunk})
    # All locks first, in one order: no deadlock, and where a transaction reads one snapshot (InnoDB)
    # it is taken when nobody else can change these complaints any more.
    locked = journal.lock_all(session, uids, skip=True)
    work = replace(
        make_work(session), chunk=Chunk(milestones.running_of(session, [each.case.id for each in locked]))
    )
    assert work.chunk is not None
    wanted = {each.id for each in chunk}
    due = {
        case_id: [each for each in running if each.id in wanted and _still_due(each, now)]
        for case_id, running in work.chunk.running.items()
    }
    claimed = [each for of_one in due.values() for each in of_one]
    if claimed:
        _claim(work, claimed, now)
        for each in locked:
            if due[each.case.id]:
                act(work, each.case, due[each.case.id])
        journal.settle(work)
        outbox.settle(work)
    return len(claimed), set(uids) - {each.case.uid for each in locked}


def _still_due(each: Milestone, now: datetime) -> bool:
    """Met, moved or paused since the candidates were read: not any more."""
    return each.state == "pending" and each.due_at <= now


def _claim(work: Work, due: Sequence[Milestone], now: datetime) -> None:
    """Take what the lock says is ours; the condition stands behind the lock, as the unique keys do."""
    result = work.session.execute(
        update(Milestone)
        .where(
            Milestone.id.in_([each.id for each in due]), Milestone.state == "pending", Milestone.due_at <= now
        )
        .values(state="acted", acted_at=work.now)
        .execution_options(synchronize_session="evaluate")
    )
    if touched(result) != len(due):
        raise ConflictError("somebody changed these milestones without locking their complaints")


def _seconds(now: datetime, due: Sequence[datetime]) -> int:
    return max(0, int((now - min(due)).total_seconds())) if due else 0
