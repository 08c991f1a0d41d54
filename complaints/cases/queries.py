"""Lists for operators: what is due next first, only what the viewer may see."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, ScalarSelect, and_, func, not_, or_, select, true

from complaints.base.clock import beijing
from complaints.cases import disposal
from complaints.cases.narrowing import Filters, conditions
from complaints.cases.paging import Place, neighbours, stretch
from complaints.cases.people import Operator
from complaints.ledger.reading import first_metas, open_first
from complaints.ledger.work import Work
from complaints.policy.deadlines import end_of
from complaints.policy.states import OPEN, State
from complaints.store.tables import Complaint, Disposal

EXCERPT = 60
# Lists are counted this far; "1,000+" says as much as the number would, and costs the same however many there are.
COUNTED = 1000
_OPEN = tuple(state.value for state in OPEN if state is not State.MERGED)


@dataclass(frozen=True)
class After:
    """A stretch of the list from the newest backwards: below the row `id` (0: from the top), at most `most`."""

    id: int
    most: int
    state: str = ""
    type: str = ""
    assignee: str = ""
    test: str = ""
    late: str = ""


@dataclass(frozen=True)
class Row:
    """One line of the queue; `excerpt` is empty for restricted, stored and erased complaints.

    `unproven` was filed while many were, without the proof of work that was asked for.
    """

    case: Complaint
    excerpt: str
    unproven: bool = False


@dataclass(frozen=True)
class Listing:
    """A page of the queue; `before` and `after` are the places beside it, `next_due` the next date when it is empty."""

    rows: Sequence[Row]
    before: Place | None
    after: Place | None
    next_due: datetime | None


def views(work: Work, viewer: Operator) -> Mapping[str, ColumnElement[bool]]:
    """The saved views by key, in the order they are shown."""
    today = end_of(beijing(work.now).date())
    opened = Complaint.state.in_(_OPEN)
    answered = Complaint.state.in_((State.DECIDED, State.DECLINED))
    # One list of states, so that the database finds them by its index, and then leaves out what has gone out.
    working = Complaint.state.in_(
        (*_OPEN, State.UNDER_REVIEW.value, State.DECIDED.value, State.DECLINED.value)
    )
    return {
        "open": and_(working, or_(not_(answered), Complaint.released_at.is_(None))),
        "late": and_(opened, Complaint.due_next < work.now),
        "today": and_(opened, Complaint.due_next >= work.now, Complaint.due_next <= today),
        "mine": and_(opened, Complaint.assignee == viewer.ref),
        "unassigned": and_(opened, Complaint.assignee.is_(None)),
        "replied": and_(Complaint.unread, Complaint.state.in_((*_OPEN, State.DECIDED.value))),
        "awaiting": Complaint.state == State.AWAITING_COMPLAINANT,
        "review": Complaint.state == State.UNDER_REVIEW,
        "measures": and_(
            Complaint.erased_at.is_(None),
            Complaint.id.in_(select(Disposal.complaint_id).where(disposal.unfinished())),
        ),
        "answered": answered,
        "ended": Complaint.state.in_((State.CLOSED, State.WITHDRAWN, State.MERGED)),
        "all": true(),
    }


def queue(work: Work, viewer: Operator, filters: Filters, place: Place | None = None) -> Listing:
    """One page of a list, ordered by what is due next; its cost does not grow with the list."""
    found = stretch(work.session, _conditions(work, viewer, filters), place)
    cases = found.cases
    texts = excerpts(work, cases)
    metas = first_metas(work, [case.uid for case in cases]) if cases else {}
    return Listing(
        [Row(case, texts.get(case.uid, ""), "unproven" in metas.get(case.uid, ())) for case in cases],
        found.before,
        found.after,
        None if cases else _next_due(work, viewer),
    )


def beside(
    work: Work, viewer: Operator, filters: Filters, place: Place, case: Complaint
) -> tuple[Complaint | None, Complaint | None]:
    """What stands before and after a place of a list, `case` left out: an act may have moved it further down."""
    return neighbours(work.session, [*_conditions(work, viewer, filters), Complaint.id != case.id], place)


def after(work: Work, viewer: Operator, wanted: After) -> list[Complaint]:
    """The cases of a stretch, newest first: what is filed meanwhile moves none of those to come."""
    filters = Filters(
        "all", wanted.state, wanted.type, assignee=wanted.assignee, late=wanted.late, test=wanted.test
    )
    query = select(Complaint).where(*_conditions(work, viewer, filters))
    if wanted.id:
        query = query.where(Complaint.id < wanted.id)
    return list(work.session.scalars(query.order_by(Complaint.id.desc()).limit(wanted.most)))


def matching(work: Work, viewer: Operator, filters: Filters, most: int) -> list[Complaint]:
    """All cases of a list, oldest first, at most `most`."""
    query = select(Complaint).where(*_conditions(work, viewer, filters)).order_by(Complaint.id).limit(most)
    return list(work.session.scalars(query))


def counts(work: Work, viewer: Operator, lists: Mapping[str, Filters] | None = None) -> dict[str, int]:
    """How many complaints each list holds, by default each view; more than COUNTED read as one more than that.

    One statement, and none of its counts goes further than it must say.
    """
    wanted = lists if lists is not None else {key: Filters(key) for key in views(work, viewer)}
    row = work.session.execute(
        select(*(_bounded(_conditions(work, viewer, filters)) for filters in wanted.values()))
    ).one()
    return {key: int(count) for key, count in zip(wanted, row, strict=True)}


def arrived(work: Work, viewer: Operator, filters: Filters, since: datetime) -> int:
    """How many complaints of a list were filed after a moment; counted as in `counts`."""
    wanted = [*_conditions(work, viewer, filters), Complaint.filed_at > since]
    return work.session.scalar(select(_bounded(wanted))) or 0


def excerpts(work: Work, cases: Sequence[Complaint]) -> dict[str, str]:
    """The first characters of what was said, of unrestricted complaints."""
    closed = [case.restricted or case.erased_at or case.stored_only_at for case in cases]
    uids = [case.uid for case, hidden in zip(cases, closed, strict=True) if not hidden]
    opened = open_first(work, uids, "details") if uids else {}
    found = {}
    for uid, payload in opened.items():
        text = " ".join(str(json.loads(payload).get("details", "")).split())
        found[uid] = text[:EXCERPT] + ("…" if len(text) > EXCERPT else "")
    return found


def similar(work: Work, viewer: Operator, case: Complaint, limit: int = 20) -> list[Complaint]:
    """Other complaints about the same answer or with the same text, newest first."""
    same = [
        column == value
        for column, value in (
            (Complaint.answer_hash, case.answer_hash),
            (Complaint.seal_hash, case.seal_hash),
            (Complaint.text_hash, case.text_hash),
        )
        if value and case.stored_only_at is None
    ]
    if not same:
        return []
    query = (
        select(Complaint)
        .where(or_(*same), Complaint.id != case.id, Complaint.stored_only_at.is_(None), *_visible(viewer))
        .order_by(Complaint.filed_at.desc(), Complaint.id.desc())
        .limit(limit)
    )
    return list(work.session.scalars(query))


def may_see(viewer: Operator, case: Complaint) -> bool:
    """Whether this operator may know of this complaint at all."""
    return viewer.restricted or not case.restricted


def _conditions(work: Work, viewer: Operator, filters: Filters) -> list[ColumnElement[bool]]:
    named = views(work, viewer)
    return [named.get(filters.view, named["open"]), *_visible(viewer), *conditions(filters, viewer)]


def _bounded(wanted: Sequence[ColumnElement[bool]]) -> ScalarSelect[int]:
    some = select(Complaint.id).where(*wanted).limit(COUNTED + 1).subquery()
    return select(func.count()).select_from(some).scalar_subquery()


def _visible(viewer: Operator) -> list[ColumnElement[bool]]:
    return [] if viewer.restricted else [Complaint.restricted.is_(False)]


def _next_due(work: Work, viewer: Operator) -> datetime | None:
    query = select(func.min(Complaint.due_next)).where(Complaint.due_next > work.now, *_visible(viewer))
    found: datetime | None = work.session.scalar(query)
    return found
