"""The outbox as its keepers see it: what waits, fails or was given up, sent again or dropped by a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, update

from complaints.base.errors import ConflictError, NotFoundError, TransitionError
from complaints.cases import disposal
from complaints.cases.paging import Place
from complaints.cases.people import Operator
from complaints.delivery import outbox, sending
from complaints.ledger import journal
from complaints.ledger.journal import record_system
from complaints.ledger.work import Actor, Work
from complaints.store.tables import Complaint, Outbox
from complaints.store.transactions import touched

PAGE, COUNTED = 50, 1000
# What one button sends again at most: the locks of so many cases are held for a moment.
AT_ONCE = 100
STATES = ("dead", "failing", "due", "waiting", "sent", "dropped", "taken_back")
# In these the next to leave comes first, in the others the last.
_AHEAD = frozenset({"failing", "due", "waiting"})
REASONS = ("told", "settled", "gone", "mistake")
DROPPED = "Dropped"
RETRIED, DISMISSED = "message_retried", "message_dropped"
# Kept on the case's own stream: it is part of what happened to this complaint.
_OF_CASE = ("complainant", "vendor:")


@dataclass(frozen=True)
class Wanted:
    """What the list is narrowed to; empty: everything of this state. `reason` is the first word of an error."""

    state: str = "dead"
    kind: str = ""
    way: str = ""
    reason: str = ""

    @property
    def address(self) -> dict[str, str]:
        """As it stands in an address."""
        return {name: said for name, said in vars(self).items() if said}


@dataclass(frozen=True)
class Stretch:
    """One page of messages, newest first or next first, with the places before and after it."""

    rows: Sequence[Outbox]
    cases: Mapping[int, Complaint]
    before: Place | None
    after: Place | None


def stretch(work: Work, viewer: Operator, wanted: Wanted, place: Place | None = None) -> Stretch:
    """The page beside `place`; messages about cases the viewer may not know of are left out."""
    back = place is not None and place.back
    rows = _rows(work, viewer, wanted, place)
    more, rows = len(rows) > PAGE, rows[:PAGE]
    if back:
        if not more:
            # A first page that is short would hide what came since.
            return stretch(work, viewer, wanted)
        rows = rows[::-1]
    ids = [row.complaint_id for row in rows if row.complaint_id is not None]
    cases = {case.id: case for case in work.session.scalars(select(Complaint).where(Complaint.id.in_(ids)))}
    first, last = (_place(rows[0]), _place(rows[-1])) if rows else (None, None)
    return Stretch(rows, cases, first if place is not None else None, last if more or back else None)


def counts(work: Work, viewer: Operator) -> dict[str, int]:
    """How many messages stand in each state somebody looks after, counted up to `COUNTED` and one more."""
    found = {}
    for state in ("dead", "failing", "due", "waiting", "dropped"):
        some = select(Outbox.id).where(*_conditions(work, viewer, Wanted(state))).limit(COUNTED + 1)
        found[state] = work.session.scalar(select(func.count()).select_from(some.subquery())) or 0
    return found


def dead_by_kind(work: Work, viewer: Operator) -> list[tuple[str, str, int]]:
    """Kind, way and number of what was given up, the most first; at most twenty."""
    query = (
        select(Outbox.kind, Outbox.channel, func.count())
        .where(*_conditions(work, viewer, Wanted("dead")))
        .group_by(Outbox.kind, Outbox.channel)
        .order_by(func.count().desc(), Outbox.kind, Outbox.channel)
        .limit(20)
    )
    return [(row[0], row[1], row[2]) for row in work.session.execute(query)]


def find(work: Work, viewer: Operator, row_id: int) -> Outbox:
    """A message by its number; raises NotFoundError, also for one about a case the viewer may not know of."""
    row = work.session.scalar(select(Outbox).where(Outbox.id == row_id, *_visible(viewer)))
    if row is None:
        raise NotFoundError("there is no such message")
    return row


def retry(work: Work, viewer: Operator, row_id: int) -> None:
    """Send a message that was given up once more, from its first attempt; an event. Flushes, never commits.

    Raises NotFoundError, and ConflictError where it is not given up (any more).
    """
    row = find(work, viewer, row_id)
    if row.state != "dead" or not _again(work, viewer.actor, row):
        raise ConflictError("this message has not been given up; reload the page")
    if not _tells_case(row):
        record_system(work, RETRIED, viewer.actor, {"outbox": row_id})


def retry_all(work: Work, viewer: Operator, wanted: Wanted, most: int = AT_ONCE) -> int:
    """As `retry`, for the oldest that were given up of this kind and way; returns how many. Never commits."""
    given_up = Wanted("dead", wanted.kind, wanted.way, wanted.reason)
    query = select(Outbox).where(*_conditions(work, viewer, given_up)).order_by(Outbox.id).limit(most)
    rows = work.session.scalars(query).all()
    if not rows:
        return 0
    uids = select(Complaint.uid).where(
        Complaint.id.in_({row.complaint_id for row in rows if _tells_case(row)})
    )
    # All heads first and in one order: two of these at once wait for each other instead of crossing.
    journal.lock_all(work.session, list(work.session.scalars(uids)))
    done = [row for row in rows if _again(work, viewer.actor, row)]
    ours = [row.id for row in done if not _tells_case(row)]
    if ours:
        record_system(work, RETRIED, viewer.actor, {"outbox": ours})
    return len(done)


def drop(work: Work, viewer: Operator, row_id: int, reason: str) -> None:
    """Let a message that was given up rest, for one of `REASONS`; an event. Flushes, never commits.

    A measure that the product did not carry out is no message: it is marked on its case. Raises NotFoundError and
    ConflictError.
    """
    row = find(work, viewer, row_id)
    if reason not in REASONS:
        raise ConflictError("choose a reason")
    if row.channel == disposal.CHANNEL:
        raise ConflictError("a measure is marked on its case")
    dropped = work.session.execute(
        update(Outbox)
        .where(Outbox.id == row_id, Outbox.state == "dead")
        .values(state="dropped", last_error=f"{DROPPED} {reason}")
        .execution_options(synchronize_session=False)
    )
    if not touched(dropped):
        raise ConflictError("this message has not been given up; reload the page")
    if (case := _locked(work, row)) is not None:
        journal.record(work, case, DISMISSED, viewer.actor, meta={**_said(row), "reason": reason})
    else:
        record_system(work, DISMISSED, viewer.actor, {"outbox": row_id, "reason": reason})


def _again(work: Work, actor: Actor, row: Outbox) -> bool:
    """Queue a dead message anew, with the event on its case where it belongs to one."""
    case = _locked(work, row)
    if case is not None and row.channel == disposal.CHANNEL:
        try:
            disposal.retry(work, case, actor, int(row.seq or 0), int(row.details["position"]))
        except (TransitionError, NotFoundError):
            # Done by hand meanwhile, or the case's data is gone.
            return False
        return True
    if not sending.retry(work.session, row.id, work.now):
        return False
    if case is not None:
        journal.record(work, case, RETRIED, actor, meta=_said(row))
    return True


def _said(row: Outbox) -> dict[str, Any]:
    return {"outbox": row.id, "kind": row.kind, "way": row.channel}


def _tells_case(row: Outbox) -> bool:
    return row.complaint_id is not None and (
        row.recipient.startswith(_OF_CASE) or row.channel == disposal.CHANNEL
    )


def _locked(work: Work, row: Outbox) -> Complaint | None:
    case = work.session.get(Complaint, row.complaint_id) if _tells_case(row) else None
    return journal.lock(work, case.uid) if case is not None else None


def _visible(viewer: Operator) -> tuple[ColumnElement[bool], ...]:
    return outbox.visible(restricted=viewer.restricted)


def _conditions(work: Work, viewer: Operator, wanted: Wanted) -> list[ColumnElement[bool]]:
    failed = Outbox.last_error.is_not(None)
    ready = or_(Outbox.state == "sending", Outbox.not_before <= work.now)
    under_way = Outbox.state.in_(("queued", "sending"))
    states: dict[str, ColumnElement[bool]] = {
        "failing": and_(under_way, failed),
        "due": and_(under_way, ~failed, ready),
        "waiting": and_(Outbox.state == "queued", ~failed, Outbox.not_before > work.now),
    }
    found = [states.get(wanted.state, Outbox.state == wanted.state), *_visible(viewer)]
    if wanted.kind:
        found.append(Outbox.kind == wanted.kind)
    if wanted.way:
        found.append(Outbox.channel == wanted.way)
    if wanted.reason:
        exact, further = Outbox.last_error == wanted.reason, Outbox.last_error.like(f"{wanted.reason} %")
        found.append(or_(exact, further))
    return found


def _rows(work: Work, viewer: Operator, wanted: Wanted, place: Place | None) -> list[Outbox]:
    when, row = Outbox.not_before, Outbox.id
    query = select(Outbox).where(*_conditions(work, viewer, wanted))
    upward = (wanted.state in _AHEAD) is not (place is not None and place.back)
    if place is not None and place.due is not None:
        # Both halves, so that the index is entered at the moment: not every database does that for a pair.
        beside = or_(when > place.due, row > place.id) if upward else or_(when < place.due, row < place.id)
        query = query.where(and_(when >= place.due if upward else when <= place.due, beside))
    order = (when, row) if upward else (when.desc(), row.desc())
    return list(work.session.scalars(query.order_by(*order).limit(PAGE + 1)))


def _place(row: Outbox) -> Place:
    return Place(row.not_before, row.id)
