"""Who is at a case now: a courtesy among colleagues that lapses by itself and is no event.

The case's version guards against overwriting; a claim spares two people the same work. It is written under the
lock of the case's stream, so that of two who begin at once only one has it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session

from complaints.base.errors import ClaimedError
from complaints.cases.people import behind
from complaints.ledger.projection import QUIET
from complaints.ledger.work import Work
from complaints.store.tables import Claim, Complaint
from complaints.store.transactions import touched

LAPSE = timedelta(minutes=15)
# How exactly it is noted that somebody is still there: a page is no reason to write each time.
SPARING = timedelta(minutes=1)
# Nobody is at more than so many: of one more the claim that is nearest its end goes.
MOST = 20
# With these the work at a case is done, or somebody else's.
ENDING = frozenset({"close", "decide", "decline", "review", "merge"})
# With these as well, unless whoever did it is in charge then.
HANDING = frozenset({"assign", "transfer"})
# What takes nothing out of a colleague's hands: it leaves each form that is open as good as it was.
BESIDE = frozenset({"link", "unlink"})
assert {"linked", "unlinked"} <= QUIET


def held(work: Work, case: Complaint) -> Claim | None:
    """The claim in force on a locked case, if there is one."""
    found = work.session.get(Claim, case.id, populate_existing=True)
    return found if found is not None and found.until > work.now else None


def holder(work: Work) -> ColumnElement[str | None]:
    """Who is at a case, as a part of a statement that reads cases."""
    at_it = select(Claim.ref).where(Claim.complaint_id == Complaint.id, Claim.until > work.now)
    return at_it.correlate(Complaint).scalar_subquery()


def of(work: Work, ids: Collection[int]) -> Mapping[int, str]:
    """Who is at which of these complaints, by id; one statement."""
    if not ids:
        return {}
    query = select(Claim.complaint_id, Claim.ref).where(Claim.complaint_id.in_(ids), Claim.until > work.now)
    return {row.complaint_id: row.ref for row in work.session.execute(query)}


def require(work: Work, case: Complaint, ref: str, *, over: str = "") -> None:
    """Raise ClaimedError while a colleague is at this locked case, unless `over` names them: it is taken over.

    A key is its maker's hand: what its maker is at stands open to it.
    """
    found = held(work, case)
    if found is not None and found.ref not in {ref, over} and found.ref != behind(work, ref):
        raise ClaimedError(case.number, found.ref, found.since)


def take(work: Work, case: Complaint, ref: str, *, over: str = "") -> None:
    """Claim a locked case, or go on with one's claim. Raises ClaimedError. Flushes, never commits."""
    require(work, case, ref, over=over)
    _set(work, case, ref)


def acted(work: Work, case: Complaint, ref: str, action: str, *, staying: bool = True) -> None:
    """What an act of `ref`, who had the case or took it over, means for its claim.

    Who acts is at it, until the work is done or somebody else's; whoever made a case restricted may see it no more.
    A key, and whoever acts on many at once, is at none of them: with `staying` off, an act only lets go.
    """
    if action in BESIDE:
        return
    handed = action in HANDING and case.assignee != behind(work, ref)
    if action in ENDING or handed or (action == "reclassify" and case.restricted):
        _drop(work.session, Claim.complaint_id == case.id)
    elif staying:
        _set(work, case, ref)


def renew(work: Work, case_id: int, ref: str) -> bool:
    """Note that somebody is still at a case; False where it is not theirs any more. Flushes, never commits."""
    kept = work.session.execute(
        update(Claim)
        .where(Claim.complaint_id == case_id, Claim.ref == ref, Claim.until > work.now)
        .values(until=work.now + LAPSE)
        .execution_options(synchronize_session=False)
    )
    return touched(kept) == 1


def leave(work: Work, case_id: int, ref: str) -> None:
    """Let go of a case; somebody else's claim stays."""
    _drop(work.session, Claim.complaint_id == case_id, Claim.ref == ref)


def leave_all(work: Work, ref: str) -> None:
    """Let go of everything, as at the end of a session."""
    _drop(work.session, Claim.ref == ref)


def expire(session: Session, now: datetime) -> int:
    """Delete what has lapsed; returns how many. Never commits."""
    return _drop(session, Claim.until <= now)


def _set(work: Work, case: Complaint, ref: str) -> None:
    # Locked and read anew: whoever logs out, and the clock, delete claims without the lock of the case.
    row = work.session.get(Claim, case.id, with_for_update=True, populate_existing=True)
    if row is None:
        row = Claim(complaint_id=case.id, ref=ref, since=work.now)
        work.session.add(row)
    elif row.ref != ref or row.until <= work.now:
        row.ref, row.since = ref, work.now
    row.until = work.now + LAPSE
    work.session.flush()
    if row.since == work.now:
        _drop(work.session, Claim.complaint_id.in_(_beyond(work, case, ref)))


def _beyond(work: Work, case: Complaint, ref: str) -> Sequence[int]:
    others = (Claim.ref == ref, Claim.until > work.now, Claim.complaint_id != case.id)
    theirs = select(Claim.complaint_id).where(*others).order_by(Claim.until.desc(), Claim.complaint_id)
    return work.session.scalars(theirs.offset(MOST - 1)).all()


def _drop(session: Session, *which: ColumnElement[bool]) -> int:
    return touched(session.execute(delete(Claim).where(*which).execution_options(synchronize_session=False)))
