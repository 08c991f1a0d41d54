"""The views that every office has: what each of them keeps, as a condition that is built when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, not_, or_, select, true
from sqlalchemy.orm import aliased

from complaints.base.clock import beijing
from complaints.cases import disposal
from complaints.cases.narrowing import of_teams
from complaints.cases.people import Operator
from complaints.policy.deadlines import end_of
from complaints.policy.states import FINAL, OPEN, State
from complaints.store.constants import word, words
from complaints.store.tables import Complaint, Disposal

_SUNDAY = 6
_OPEN = tuple(state.value for state in OPEN if state is not State.MERGED)
_ANSWERS = (State.DECIDED.value, State.DECLINED.value)
_ENDS = (State.CLOSED.value, State.WITHDRAWN.value, State.MERGED.value)
# For walking a page one list of states, which the database finds by its index, and then leaves out what has gone out.
_WORKING = Complaint.state.in_(words((*_OPEN, *_ANSWERS)))
_OPENED = Complaint.state.in_(words(_OPEN))
# What is joined to another is worked on there, and keeps its own date.
_PROMISED = Complaint.state.in_(words((*_OPEN, State.MERGED.value)))
_ANSWERED = Complaint.state.in_(words(_ANSWERS))
_ALIKE, _EVER = aliased(Complaint), datetime(1970, 1, 1, tzinfo=UTC)


def _waits(case: type[Complaint]) -> ColumnElement[bool]:
    """An answer waits for its release, which has a moment: said as a span, every database finds the few by an index."""
    return and_(case.released_at.is_(None), case.release_due > _EVER)


# In the order they are shown.
KEYS = (
    "open", "late", "today", "week", "mine", "teams", "unassigned", "replied", "awaiting", "review", "measures",
    "leaving", "answered", "ended", "all",
)  # fmt: skip
# What asks for no moment and no person is built once: a page of the queue counts every view.
_FIXED: Mapping[str, ColumnElement[bool]] = {
    "open": and_(_WORKING, or_(not_(_ANSWERED), Complaint.released_at.is_(None))),
    "unassigned": and_(_OPENED, Complaint.assignee.is_(None)),
    # Whoever was joined or not taken on may write as well, and be in need.
    "replied": and_(Complaint.unread, Complaint.state.in_(words(sorted({*State} - FINAL)))),
    "awaiting": Complaint.state == word(State.AWAITING_COMPLAINANT),
    "review": Complaint.state == word(State.UNDER_REVIEW),
    "measures": and_(
        Complaint.erased_at.is_(None),
        Complaint.id.in_(select(Disposal.complaint_id).where(disposal.unfinished())),
    ),
    # Found first and ordered then: walked by what is due, the few stand among all that were ever answered.
    "leaving": Complaint.id.in_(select(_ALIKE.id).where(_ALIKE.state.in_(words(_ANSWERS)), _waits(_ALIKE))),
    "answered": _ANSWERED,
    "ended": Complaint.state.in_(words(_ENDS)),
    "all": true(),
}
_LEAVING = tuple(and_(Complaint.state == word(state), _waits(Complaint)) for state in _ANSWERS)
# For counting the same in pieces that share no case. A database that keeps averages alone takes each state for as full
# as the next, and reads every case when it is asked for several; asked for one at a time it goes there by the index.
# PostgreSQL starts a second process for what it takes to be many: for those that leave 4 ms, and they are none.
_PIECES: Mapping[str, Sequence[ColumnElement[bool]]] = {
    "open": (*(Complaint.state == word(state) for state in _OPEN), *_LEAVING),
    "leaving": _LEAVING,
    "answered": tuple(Complaint.state == word(state) for state in _ANSWERS),
    "ended": tuple(Complaint.state == word(state) for state in _ENDS),
}


@dataclass(frozen=True)
class Moment:
    """What views ask the clock: the present, the end of today and of this week in Beijing."""

    now: Any
    today: Any
    week: Any

    @classmethod
    def of(cls, now: datetime) -> Moment:
        """The moments of a page that is asked for now."""
        today = beijing(now).date()
        return cls(now, end_of(today), end_of(today + timedelta(days=_SUNDAY - today.weekday())))

    @property
    def asked(self) -> dict[str, datetime]:
        """Values for a statement that was built with `ANY`."""
        return asdict(self)


# Stands for every moment in a statement that is built once and asked again and again.
ANY = Moment(*(bindparam(name, type_=Complaint.due_next.type) for name in ("now", "today", "week")))


def condition(at: Moment, viewer: Operator, key: str) -> ColumnElement[bool]:
    """What a view keeps for this viewer at this moment; an unknown one is read as `open`."""
    match key:
        case "late":
            return and_(_PROMISED, Complaint.due_next < at.now)
        case "today" | "week":
            last = at.today if key == "today" else at.week
            return and_(_PROMISED, Complaint.due_next >= at.now, Complaint.due_next <= last)
        case "mine":
            return and_(_OPENED, Complaint.assignee == viewer.ref)
        case "teams":
            return and_(_OPENED, of_teams(viewer))
        case _:
            return _FIXED.get(key, _FIXED["open"])


def pieces(at: Moment, viewer: Operator, key: str) -> Sequence[ColumnElement[bool]]:
    """The same as conditions that share no case, for counting."""
    return _PIECES.get(key if key in KEYS else "open") or (condition(at, viewer, key),)
