"""The cases under review: what the person asks, who decided, who may look again; what is due first comes first."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from sqlalchemy import ColumnElement, ScalarSelect, and_, literal, or_, select

from complaints.cases import appeal, people, queries
from complaints.cases.paging import Place, stretch
from complaints.cases.people import Operator, deciders
from complaints.ledger.reading import newest_texts
from complaints.ledger.work import Work
from complaints.policy.roles import HANDLERS
from complaints.policy.states import State
from complaints.store.constants import VIEWERS, word
from complaints.store.tables import ApiKey, Complaint

# Which of them: those the viewer may review, all, those the viewer decided.
SHOWN = ("mine", "all", "own")
EXCERPT = 120


@dataclass(frozen=True)
class Row:
    """A case under review: since when, the first words of what is asked, who can review it.

    `asked` is empty for restricted, stored and erased complaints; `own` says that the viewer decided it, by hand or
    by a key.
    """

    case: Complaint
    since: datetime | None
    asked: str
    own: bool
    able: Sequence[Operator]


@dataclass(frozen=True)
class Listing:
    """A page of the cases under review; `before` and `after` are the places beside it."""

    rows: Sequence[Row]
    before: Place | None
    after: Place | None


def listing(
    work: Work, viewer: Operator, shown: str, people: Collection[Operator], place: Place | None = None
) -> Listing:
    """One page; `people` are the operators who could review. Its cost does not grow with the list."""
    found = stretch(work.session, _wanted(viewer, shown), place)
    asked = newest_texts(work, [case.uid for case in found.cases], "appealed", "message")
    rows = []
    for case in found.cases:
        since, text = asked.get(case.uid, (None, ""))
        closed = case.restricted or case.erased_at or case.stored_only_at
        rows.append(
            Row(
                case,
                since,
                "" if closed else _excerpt(text),
                viewer.ref in deciders(work, case),
                appeal.eligible(work, case, people),
            )
        )
    return Listing(rows, found.before, found.after)


def counts(work: Work, viewer: Operator) -> Mapping[str, int]:
    """How many each choice shows, in one statement; counted as far as `queries.COUNTED`."""
    row = work.session.execute(select(*(queries.bounded(_wanted(viewer, shown)) for shown in SHOWN))).one()
    return dict(zip(SHOWN, map(int, row), strict=True))


def to_review(viewer: Operator) -> ScalarSelect[int]:
    """How many the viewer may review, as part of another statement; none for who only reads."""
    return _to_review(viewer.eyes)


@lru_cache(maxsize=VIEWERS)
def _to_review(viewer: Operator) -> ScalarSelect[int]:
    if not viewer.may(*HANDLERS):
        return select(literal(0)).scalar_subquery()
    return queries.bounded(_wanted(viewer, "mine"))


def _wanted(viewer: Operator, shown: str) -> list[ColumnElement[bool]]:
    wanted = [Complaint.state == word(State.UNDER_REVIEW), *people.visible(viewer)]
    # A key is its maker's hand.
    keys = select(ApiKey.ref).where(ApiKey.created_by == viewer.ref)
    own = or_(Complaint.decided_by == viewer.ref, Complaint.decided_by.in_(keys))
    if shown == "own":
        wanted.append(own)
    elif shown == "mine":
        theirs = and_(Complaint.decided_by != viewer.ref, Complaint.decided_by.not_in(keys))
        wanted.append(or_(Complaint.decided_by.is_(None), theirs))
    return wanted


def _excerpt(text: str) -> str:
    line = " ".join(text.split())
    return line[:EXCERPT] + ("…" if len(line) > EXCERPT else "")
