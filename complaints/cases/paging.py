"""Pages of a list that stay where they are while cases change: each begins beside a place, not at a number."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, and_, literal_column, or_, select, union_all
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
    """One page, and the places of those before and after it; None where the list ends."""

    cases: Sequence[Complaint]
    before: Place | None
    after: Place | None


def stretch(session: Session, wanted: Sequence[ColumnElement[bool]], place: Place | None = None) -> Stretch:
    """The page beside `place`, at most two statements however long the list is.

    What is due first comes first, of one date who waits longest; then what has no date, newest first.
    """
    if place is not None and place.back:
        found = _backward(session, wanted, place)
        if len(found) > PAGE:
            cases = found[PAGE - 1 :: -1]
            return Stretch(cases, Place.of(cases[0]), Place.of(cases[-1]))
        # A first page that is short would hide what came since.
        place = None
    found = _forward(session, wanted, place)
    cases = found[:PAGE]
    return Stretch(
        cases,
        Place.of(cases[0]) if cases and place is not None else None,
        Place.of(cases[-1]) if len(found) > PAGE else None,
    )


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


def _forward(session: Session, wanted: Sequence[ColumnElement[bool]], place: Place | None) -> list[Complaint]:
    return _taken(session, _downwards(wanted, place))


def _backward(session: Session, wanted: Sequence[ColumnElement[bool]], place: Place) -> list[Complaint]:
    """From the place upwards, the nearest first."""
    return _taken(session, _upwards(wanted, place))


def _taken(session: Session, queries: Sequence[Select[Any]]) -> list[Complaint]:
    """One more than a page, of one part of the list after the other."""
    found: list[Complaint] = []
    for query in queries:
        if len(found) <= PAGE:
            found += session.scalars(query.limit(PAGE + 1 - len(found)))
    return found


def _downwards(wanted: Sequence[ColumnElement[bool]], place: Place | None) -> list[Select[Any]]:
    if place is not None and place.due is None:
        return [_undue(wanted, place)]
    return [_due(wanted, place), _undue(wanted, None)]


def _upwards(wanted: Sequence[ColumnElement[bool]], place: Place) -> list[Select[Any]]:
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
