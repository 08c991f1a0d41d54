"""Pages of a list that stay where they are while cases change: each begins beside a place, not at a number."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, and_, literal_column, null, or_, select, union_all
from sqlalchemy.orm import Session

from complaints.store.tables import Complaint

PAGE = 40
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# As many digits as a moment of this millennium and a row's number have.
_WRITTEN = re.compile(r"([0-9]{1,17})-([0-9]{1,18})")


@dataclass(frozen=True)
class Place:
    """A place in the list: beside what is due at `due` and has this `id`; `back` means the page before it."""

    due: datetime | None
    id: int
    back: bool = False

    @classmethod
    def of(cls, case: Complaint) -> Place:
        """The place of a case as it stands now."""
        return cls(case.due_next, case.id)

    @classmethod
    def read(cls, text: str, *, back: bool = False) -> Place | None:
        """The place an address names; None for none and for a damaged one."""
        found = _WRITTEN.fullmatch(text)
        if found is None:
            return None
        micros, row = map(int, found.groups())
        return cls(_EPOCH + timedelta(microseconds=micros) if micros else None, row, back)

    def __str__(self) -> str:
        """As it stands in an address: microseconds, 0 where nothing is due, and the row."""
        micros = (self.due - _EPOCH) // timedelta(microseconds=1) if self.due else 0
        return f"{micros}-{self.id}"


@dataclass(frozen=True)
class Stretch:
    """One page, and the places of those before and after it; None where the list ends.

    `beside` is what was asked for of each case, by its id; who has nothing is left out.
    """

    cases: Sequence[Complaint]
    before: Place | None
    after: Place | None
    beside: Mapping[int, Any]


# What a list holds, by id and what is due next: of a list that is short enough to be known whole.
Known = Sequence[tuple[int, datetime | None]]


def stretch(
    session: Session,
    wanted: Sequence[ColumnElement[bool]],
    place: Place | None = None,
    beside: ColumnElement[Any] | None = None,
) -> Stretch:
    """The page beside `place`, at most two statements however long the list is.

    What is due first comes first, of one date who waits longest; then what has no date, newest first. `beside` is
    read of each case that is shown, such as a subquery that names it.
    """
    more = null() if beside is None else beside
    if place is not None and place.back:
        found = _taken(session, _upwards(wanted, place), more)
        if len(found) > PAGE:
            page = found[PAGE - 1 :: -1]
            return _shown(page, Place.of(page[0][0]), Place.of(page[-1][0]))
        # A first page that is short would hide what came since.
        place = None
    found = _taken(session, _downwards(wanted, place), more)
    page = found[:PAGE]
    return _shown(
        page,
        Place.of(page[0][0]) if page and place is not None else None,
        Place.of(page[-1][0]) if len(found) > PAGE else None,
    )


def among(session: Session, known: Known, place: Place | None, beside: ColumnElement[Any]) -> Stretch:
    """As `stretch`, of a list that is known whole; one statement."""
    ordered = sorted(known, key=_rank)
    ranks = [_rank(each) for each in ordered]
    begin = 0
    if place is not None and place.back:
        begin = max(0, bisect_left(ranks, _rank((place.id, place.due))) - PAGE)
    elif place is not None:
        begin = bisect_right(ranks, _rank((place.id, place.due)))
    part = ordered[begin : begin + PAGE]
    wanted = [row for row, _ in part]
    rows = session.execute(select(Complaint, beside).where(Complaint.id.in_(wanted))) if wanted else ()
    by_id = {row[0].id: (row[0], row[1]) for row in rows}
    # What is gone since the list was made is left out; places are those of the list, which may have moved on.
    return _shown(
        [by_id[row] for row in wanted if row in by_id],
        Place(part[0][1], part[0][0]) if part and begin else None,
        Place(part[-1][1], part[-1][0]) if begin + PAGE < len(ordered) else None,
    )


def _rank(known: tuple[int, datetime | None]) -> tuple[bool, datetime, int]:
    row, due = known
    return (due is None, due or _EPOCH, row if due else -row)


def _shown(page: Sequence[tuple[Complaint, Any]], before: Place | None, after: Place | None) -> Stretch:
    beside = {case.id: value for case, value in page if value is not None}
    return Stretch([case for case, _ in page], before, after, beside)


def neighbours(
    session: Session, wanted: Sequence[ColumnElement[bool]], place: Place
) -> tuple[Complaint | None, Complaint | None]:
    """The cases of a list before and after a place, in one statement.

    The place need not be a case of the list any more: whoever acted on one goes on from where it stood.
    """
    back, onward = Place(place.due, place.id, back=True), Place(place.due, place.id)
    before, after = _upwards(wanted, back), _downwards(wanted, onward)
    nearest = [
        select(
            each.with_only_columns(Complaint.id).limit(1).subquery().c.id,
            literal_column(str(n), Integer).label("n"),
        )
        for n, each in enumerate((*before, *after))
    ]
    found = union_all(*nearest).subquery()
    rows = session.execute(select(found.c.n, Complaint).join(found, found.c.id == Complaint.id))
    by_n: dict[int, Complaint] = {row.n: row.Complaint for row in rows}
    return (
        next((by_n[n] for n in range(len(before)) if n in by_n), None),
        next((by_n[n] for n in range(len(before), len(nearest)) if n in by_n), None),
    )


def _taken(
    session: Session, queries: Sequence[Select[Any]], beside: ColumnElement[Any]
) -> list[tuple[Complaint, Any]]:
    """One more than a page, of one part of the list after the other, each with what stands beside it."""
    found: list[tuple[Complaint, Any]] = []
    for query in queries:
        if len(found) <= PAGE:
            rows = session.execute(query.add_columns(beside).limit(PAGE + 1 - len(found)))
            found += [(row[0], row[1]) for row in rows]
    return found


def _downwards(wanted: Sequence[ColumnElement[bool]], place: Place | None) -> list[Select[Any]]:
    if place is not None and place.due is None:
        return [_undue(wanted, place)]
    return [_due(wanted, place), _undue(wanted, None)]


def _upwards(wanted: Sequence[ColumnElement[bool]], place: Place) -> list[Select[Any]]:
    """From the place upwards, the nearest first."""
    if place.due is None:
        return [_undue(wanted, place), _due(wanted, Place(None, 0, back=True))]
    return [_due(wanted, place)]


def _due(wanted: Sequence[ColumnElement[bool]], place: Place | None) -> Select[Any]:
    back = place is not None and place.back
    due, row = Complaint.due_next, Complaint.id
    query = select(Complaint).where(*wanted, due.is_not(None))
    if place is not None and place.due is not None:
        # Both halves, so that the index is entered at the date: not every database does that for a pair.
        further = or_(due < place.due, row < place.id) if back else or_(due > place.due, row > place.id)
        query = query.where(and_(due <= place.due if back else due >= place.due, further))
    return query.order_by(*((due.desc(), row.desc()) if back else (due, row)))


def _undue(wanted: Sequence[ColumnElement[bool]], place: Place | None) -> Select[Any]:
    back = place is not None and place.back
    due, row = Complaint.due_next, Complaint.id
    query = select(Complaint).where(*wanted, due.is_(None))
    if place is not None:
        query = query.where(row > place.id if back else row < place.id)
    # The date is none in every row, and stands here because PostgreSQL walks its index only in the index's order.
    return query.order_by(*((due, row) if back else (due.desc(), row.desc())))
