"""Lists for operators: what is due next first, only what the viewer may see."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import (
    ColumnElement,
    ScalarSelect,
    and_,
    func,
    not_,
    or_,
    select,
    true,
)

from complaints.base.clock import beijing
from complaints.cases import disposal, searching
from complaints.cases.narrowing import Filters, conditions, of_teams
from complaints.cases.paging import Place, neighbours, stretch
from complaints.cases.people import Operator
from complaints.cases.searching import Found
from complaints.ledger.reading import first_metas, open_first
from complaints.ledger.work import Work
from complaints.policy.deadlines import end_of
from complaints.policy.states import OPEN, State
from complaints.store.tables import Complaint, Disposal

EXCERPT = 60
# So many texts are read for one page of a search that finds nothing in them.
READ = 200
# Lists are counted this far; "1,000+" says as much as the number would, and costs the same however many there are.
COUNTED = 1000
_SUNDAY, _SOME = 6, 5000
_OPEN = tuple(state.value for state in OPEN if state is not State.MERGED)


@dataclass(frozen=True)
class After:
    """A stretch of the list from the newest backwards: below the row `id` (0: from the top), at most `most`."""

    id: int
    most: int
    state: str = ""
    type: str = ""
    assignee: str = ""
    team: str = ""
    test: str = ""
    late: str = ""


@dataclass(frozen=True)
class Row:
    """One line of the queue; `excerpt` is empty for restricted, stored and erased complaints.

    `unproven` was filed while many were, without the proof of work that was asked for. `marked` is the text around
    what was searched for, in parts that are it and parts that are not.
    """

    case: Complaint
    excerpt: str
    unproven: bool = False
    marked: Sequence[tuple[str, bool]] = ()


@dataclass(frozen=True)
class Listing:
    """A page of the queue; `before` and `after` are the places beside it, `next_due` the next date when it is empty.

    `found` says how a search went; `stopped` that so many were read in vain that the page ends here.
    """

    rows: Sequence[Row]
    before: Place | None
    after: Place | None
    next_due: datetime | None
    found: Found | None = None
    stopped: bool = False


def views(work: Work, viewer: Operator) -> Mapping[str, ColumnElement[bool]]:
    """The saved views by key, in the order they are shown."""
    day = beijing(work.now).date()
    today, sunday = end_of(day), end_of(day + timedelta(days=_SUNDAY - day.weekday()))
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
        "week": and_(opened, Complaint.due_next >= work.now, Complaint.due_next <= sunday),
        "mine": and_(opened, Complaint.assignee == viewer.ref),
        "teams": and_(opened, of_teams(viewer)),
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
    if filters.q:
        return _searched(work, viewer, filters, place)
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


def _searched(work: Work, viewer: Operator, filters: Filters, place: Place | None) -> Listing:
    """The page of a search: what the index names is read, and shown where the texts bear it out."""
    found = _look(work, viewer, filters)
    wanted, read = [Complaint.id.in_(found.ids)], 0
    while found.ids:
        part = stretch(work.session, wanted, place)
        shown = searching.checked(work, part.cases, found.parts)
        read += len(part.cases)
        if shown or part.after is None or read >= READ:
            metas = first_metas(work, list(shown)) if shown else {}
            rows = [
                Row(case, "", "unproven" in metas.get(case.uid, ()), shown[case.uid])
                for case in part.cases
                if case.uid in shown
            ]
            stopped = not rows and part.after is not None
            return Listing(rows, part.before, part.after, None, found, stopped)
        place = part.after
    return Listing((), None, None, None, found)


def _look(work: Work, viewer: Operator, filters: Filters) -> Found:
    asked = searching.opened(work, filters.q) or ""
    return searching.look(work, asked, _conditions(work, viewer, filters))


def beside(
    work: Work, viewer: Operator, filters: Filters, place: Place, case: Complaint
) -> tuple[Complaint | None, Complaint | None]:
    """What stands before and after a place of a list, `case` left out: an act may have moved it further down."""
    return neighbours(work.session, [*_conditions(work, viewer, filters), Complaint.id != case.id], place)


def after(work: Work, viewer: Operator, wanted: After) -> list[Complaint]:
    """The cases of a stretch, newest first: what is filed meanwhile moves none of those to come."""
    filters = Filters(
        "all",
        wanted.state,
        wanted.type,
        assignee=wanted.assignee,
        team=wanted.team,
        late=wanted.late,
        test=wanted.test,
    )
    query = select(Complaint).where(*_conditions(work, viewer, filters))
    if wanted.id:
        query = query.where(Complaint.id < wanted.id)
    return list(work.session.scalars(query.order_by(Complaint.id.desc()).limit(wanted.most)))


def matching(work: Work, viewer: Operator, filters: Filters, most: int) -> list[Complaint]:
    """All cases of a list, oldest first, at most `most`; of a search those whose texts bear it out."""
    wanted, parts = _conditions(work, viewer, filters), None
    if filters.q:
        found = _look(work, viewer, filters)
        wanted, parts = [Complaint.id.in_(found.ids)], found.parts
    query = select(Complaint).where(*wanted).order_by(Complaint.id).limit(most)
    cases = list(work.session.scalars(query))
    if parts is None or len(cases) == most:
        # As many as are asked for: whoever wants all of a list is told that they are too many, whatever they say.
        return cases
    shown = searching.checked(work, cases, parts)
    return [case for case in cases if case.uid in shown]


def members(work: Work, viewer: Operator, filters: Filters) -> Iterator[Sequence[int]]:
    """The ids of all cases of a list as one statement finds them, whichever page is seen; some at a time, unordered."""
    if filters.q:
        yield [case.id for case in matching(work, viewer, filters, searching.MOST + 1)]
        return
    query = select(Complaint.id).where(*_conditions(work, viewer, filters))
    yield from work.session.scalars(query.execution_options(yield_per=_SOME)).partitions()


def counts(work: Work, viewer: Operator, lists: Mapping[str, Filters] | None = None) -> dict[str, int]:
    """How many complaints each list holds, by default each view; more than COUNTED read as one more than that.

    One statement, and none of its counts goes further than it must say.
    """
    wanted = lists if lists is not None else {key: Filters(key) for key in views(work, viewer)}
    row = work.session.execute(
        select(*(bounded(_conditions(work, viewer, filters)) for filters in wanted.values()))
    ).one()
    return {key: int(count) for key, count in zip(wanted, row, strict=True)}


def arrived(work: Work, viewer: Operator, filters: Filters, since: datetime) -> int:
    """How many complaints of a list were filed after a moment; counted as in `counts`, never by what they say."""
    if filters.q:
        return 0
    wanted = [*_conditions(work, viewer, filters), Complaint.filed_at > since]
    return work.session.scalar(select(bounded(wanted))) or 0


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


def may_see(viewer: Operator, case: Complaint) -> bool:
    """Whether this operator may know of this complaint at all."""
    return viewer.restricted or not case.restricted


def visible(viewer: Operator) -> list[ColumnElement[bool]]:
    """What a case must meet for this operator to know of it: restricted types are the only wall."""
    return [] if viewer.restricted else [Complaint.restricted.is_(False)]


def _conditions(work: Work, viewer: Operator, filters: Filters) -> list[ColumnElement[bool]]:
    named = views(work, viewer)
    return [named.get(filters.view, named["open"]), *visible(viewer), *conditions(filters, viewer)]


def bounded(wanted: Sequence[ColumnElement[bool]]) -> ScalarSelect[int]:
    """How many cases meet these conditions, counted as far as COUNTED, as part of a statement."""
    some = select(Complaint.id).where(*wanted).limit(COUNTED + 1).subquery()
    return select(func.count()).select_from(some).scalar_subquery()


def _next_due(work: Work, viewer: Operator) -> datetime | None:
    query = select(func.min(Complaint.due_next)).where(Complaint.due_next > work.now, *visible(viewer))
    found: datetime | None = work.session.scalar(query)
    return found
