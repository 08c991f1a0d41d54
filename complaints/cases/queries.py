"""Lists for operators: what is due next first, only what the viewer may see."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache, reduce
from operator import add

from sqlalchemy import ColumnElement, Executable, ScalarSelect, func, select

from complaints.cases import claims, people, searching, tabs
from complaints.cases.narrowing import Filters, conditions
from complaints.cases.paging import Place, among, neighbours, stretch
from complaints.cases.people import Operator
from complaints.cases.searching import Found
from complaints.ledger.reading import Begun, begun
from complaints.ledger.work import Work
from complaints.store.constants import VIEWERS, number
from complaints.store.tables import Complaint

EXCERPT = 60
# So many texts are read for one page of a search that finds nothing in them.
READ = 200
# Lists are counted this far; "1,000+" says as much as the number would, and costs the same however many there are.
COUNTED = 1000
_SOME = 5000


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

    `found` says how a search went; `stopped` that so many were read in vain that the page ends here. `claimed` is who
    is at which of these cases, by id.
    """

    rows: Sequence[Row]
    before: Place | None
    after: Place | None
    next_due: datetime | None
    found: Found | None = None
    stopped: bool = False
    claimed: Mapping[int, str] = field(default_factory=dict)


def queue(work: Work, viewer: Operator, filters: Filters, place: Place | None = None) -> Listing:
    """One page of a list, ordered by what is due next; its cost does not grow with the list."""
    if filters.q:
        return _searched(work, viewer, filters, place)
    found = stretch(work.session, _conditions(work, viewer, filters), place, claims.holder(work))
    cases = found.cases
    return Listing(
        _lines(work, cases),
        found.before,
        found.after,
        None if cases else _next_due(work, viewer),
        claimed=found.beside,
    )


def shown(work: Work, viewer: Operator, filters: Filters, place: Place | None = None) -> Listing:
    """The page at a place, or the first one where what followed has moved on meanwhile."""
    found = queue(work, viewer, filters, place)
    return found if place is None or found.rows or found.stopped else queue(work, viewer, filters)


def _searched(work: Work, viewer: Operator, filters: Filters, place: Place | None) -> Listing:
    """The page of a search: what the index names is read, and shown where the texts bear it out."""
    found = _look(work, viewer, filters)
    read = 0
    while found.hits:
        part = among(work.session, found.hits, place, claims.holder(work))
        shown = searching.checked(work, part.cases, found.parts)
        read += len(part.cases)
        if shown or part.after is None or read >= READ:
            rows = [
                Row(case, "", "unproven" in shown[case.uid].meta, shown[case.uid].marked)
                for case in part.cases
                if case.uid in shown
            ]
            stopped = not rows and part.after is not None
            return Listing(rows, part.before, part.after, None, found, stopped, part.beside)
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
        wanted, parts = [Complaint.id.in_([row for row, _ in found.hits])], found.parts
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


def counts(work: Work, viewer: Operator, lists: Mapping[str, Filters]) -> dict[str, int]:
    """How many complaints each list holds; more than COUNTED read as one more than that.

    One statement, and none of its counts goes further than it must say.
    """
    query = _counting(viewer.eyes, tuple(lists.values()))
    row = work.session.execute(query, tabs.Moment.of(work.now).asked).one()
    return {key: min(int(count), COUNTED + 1) for key, count in zip(lists, row, strict=True)}


@lru_cache(maxsize=VIEWERS)
def _counting(viewer: Operator, lists: Sequence[Filters]) -> Executable:
    """The statement of `counts`; building it takes longer than asking it, and a desk asks the same again and again."""
    return select(*(_counted(viewer, filters) for filters in lists))


def _counted(viewer: Operator, filters: Filters) -> ColumnElement[int]:
    narrowed = [*people.visible(viewer), *conditions(filters, viewer)]
    first, *others = (bounded([piece, *narrowed]) for piece in tabs.pieces(tabs.ANY, viewer, filters.view))
    return reduce(add, others, first)


def arrived(work: Work, viewer: Operator, filters: Filters, since: datetime) -> int:
    """How many complaints of a list were filed after a moment; counted as in `counts`, never by what they say."""
    if filters.q:
        return 0
    wanted = [*_conditions(work, viewer, filters), Complaint.filed_at > since]
    return work.session.scalar(select(bounded(wanted))) or 0


def mark(cases: Sequence[Complaint]) -> str:
    """What a page of a list is known by: another one once a case came to it, left it or changed."""
    shown = ",".join(f"{case.id}:{case.version}" for case in cases)
    return hashlib.sha256(shown.encode()).hexdigest()[:16]


def present(work: Work, viewer: Operator, filters: Filters, place: Place | None = None) -> str:
    """The mark of a page of `shown` as it is now; of a search by reading what it found, of a list by its rows alone."""
    if filters.q:
        return mark([row.case for row in shown(work, viewer, filters, place).rows])
    wanted = _conditions(work, viewer, filters)
    cases = stretch(work.session, wanted, place).cases
    return mark(cases if cases or place is None else stretch(work.session, wanted).cases)


def _lines(work: Work, cases: Sequence[Complaint]) -> list[Row]:
    """Cases as lines of a list, with the first characters of what was said, of unrestricted complaints."""
    if not cases:
        return []
    shown = {case.uid for case in cases if not (case.restricted or case.erased_at or case.stored_only_at)}
    firsts = begun(work, [case.uid for case in cases], "details", shown)
    # A case whose log somebody took away is listed all the same.
    pairs = [(case, firsts.get(case.uid, Begun(b"", None))) for case in cases]
    return [Row(case, _excerpt(first.payload), first.says("unproven")) for case, first in pairs]


def _excerpt(payload: bytes | None) -> str:
    text = " ".join(str(json.loads(payload).get("details", "")).split()) if payload else ""
    return text[:EXCERPT] + ("…" if len(text) > EXCERPT else "")


def _conditions(work: Work, viewer: Operator, filters: Filters) -> list[ColumnElement[bool]]:
    at = tabs.Moment.of(work.now)
    return [tabs.condition(at, viewer, filters.view), *people.visible(viewer), *conditions(filters, viewer)]


def bounded(wanted: Sequence[ColumnElement[bool]]) -> ScalarSelect[int]:
    """How many cases meet these conditions, counted as far as COUNTED, as part of a statement."""
    some = select(Complaint.id).where(*wanted).limit(number(COUNTED + 1)).subquery()
    return select(func.count()).select_from(some).scalar_subquery()


def _next_due(work: Work, viewer: Operator) -> datetime | None:
    query = select(func.min(Complaint.due_next)).where(Complaint.due_next > work.now, *people.visible(viewer))
    found: datetime | None = work.session.scalar(query)
    return found
