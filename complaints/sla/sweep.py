"""Find milestones that have come due and act on each exactly once, whichever worker looks first.

Nothing here depends on a leader: a milestone is claimed by a conditional UPDATE inside the transaction that
acts on it, so that a crash leaves either nothing or everything.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from operator import attrgetter

from sqlalchemy import and_, or_, select, update
from sqlalchemy.orm import Session

from complaints.ledger import journal
from complaints.ledger.work import Work
from complaints.store.tables import Complaint, Milestone, Stream
from complaints.store.transactions import Database

CHUNK = 20
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


def sweep(
    database: Database, make_work: Callable[[Session], Work], now: datetime, act: Act, limit: int = 500
) -> Swept:
    """Act on up to `limit` milestones that are pending and due at `now`; commits chunk by chunk.

    Candidates are read by index outside a write. Each chunk of up to twenty is one transaction in which
    `act(work, case, milestones)` is called once per complaint, with the complaint locked and the milestones
    claimed. A chunk that fails is repeated by complaint and then by row; a row that fails again is reported,
    stays due and stops nobody else. `make_work` should read nothing: what it reads before the locks may be stale.
    """
    acted, failed = 0, list[Failed]()
    left: list[datetime] = []
    after: tuple[datetime, int] | None = None
    while acted < limit:
        page = _candidates(database, now, after, limit)
        for chunk in _chunks(page):
            done, wrong = _chunk(database, make_work, now, act, chunk)
            acted += done
            failed += wrong
            stuck = {each.milestone_id for each in wrong}
            left += [each.due_at for each in chunk if each.id in stuck]
        if len(page) < limit:
            break
        # What failed is still due: the next page begins behind it, so that it never fills the whole view.
        last = max(page, key=lambda each: (each.due_at, each.id))
        after = (last.due_at, last.id)
    else:
        left += [each.due_at for each in _candidates(database, now, after, 1)]
    return Swept(acted, tuple(failed), _seconds(now, left))


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
    now: datetime,
    act: Act,
    chunk: Sequence[_Due],
) -> tuple[int, list[Failed]]:
    try:
        return _together(database, make_work, now, act, chunk), []
    except Exception as error:  # noqa: BLE001 - whatever it was, the other rows of the chunk must go on
        if len(chunk) == 1:
            # The error's text may quote a complaint: only its class is told.
            _log.error("milestone %s could not be acted on: %s", chunk[0].id, type(error).__name__)
            return 0, [Failed(chunk[0].id, type(error).__name__)]
    done, failed = 0, list[Failed]()
    for part in _split(chunk):
        one, wrong = _chunk(database, make_work, now, act, part)
        done += one
        failed += wrong
    return done, failed


def _split(chunk: Sequence[_Due]) -> list[list[_Due]]:
    """By complaint, since what comes due together belongs together; a complaint that fails by row."""
    parts = [list(group) for _, group in groupby(chunk, key=attrgetter("uid"))]
    return parts if len(parts) > 1 else [[each] for each in chunk]


def _together(
    database: Database,
    make_work: Callable[[Session], Work],
    now: datetime,
    act: Act,
    chunk: Sequence[_Due],
) -> int:
    uids = sorted({each.uid for each in chunk})

    def write(session: Session) -> int:
        # All locks first, in one order: no deadlock, and where a transaction reads one snapshot (InnoDB)
        # it is taken when nobody else can change these complaints any more.
        session.execute(
            select(Stream.uid).where(Stream.uid.in_(uids)).order_by(Stream.uid).with_for_update()
        ).all()
        work = make_work(session)
        return sum(
            _claim_and_act(work, now, act, uid, [each.id for each in chunk if each.uid == uid])
            for uid in uids
        )

    return database.write(write)


def _claim_and_act(work: Work, now: datetime, act: Act, uid: str, ids: Sequence[int]) -> int:
    case = journal.lock(work, uid)
    claimed = [milestone_id for milestone_id in ids if _claim(work.session, milestone_id, now)]
    if not claimed:
        return 0
    due = work.session.scalars(
        select(Milestone)
        .where(Milestone.id.in_(claimed))
        .order_by(Milestone.due_at, Milestone.id)
        .execution_options(populate_existing=True)
    ).all()
    act(work, case, due)
    return len(due)


def _claim(session: Session, milestone_id: int, now: datetime) -> bool:
    result = session.execute(
        update(Milestone)
        .where(Milestone.id == milestone_id, Milestone.state == "pending", Milestone.due_at <= now)
        .values(state="acted", acted_at=now)
        .execution_options(synchronize_session=False)
    )
    return int(result.rowcount) == 1  # type: ignore[attr-defined]  # an UPDATE's CursorResult has it


def _seconds(now: datetime, due: Sequence[datetime]) -> int:
    return max(0, int((now - min(due)).total_seconds())) if due else 0
