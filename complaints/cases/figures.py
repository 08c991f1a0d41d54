"""The figures of a period, counted by the database from the working tables; `evidence/figures.py` counts them again."""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, case, exists, func, or_, select
from sqlalchemy.orm import aliased

from complaints.base.clock import BEIJING
from complaints.cases.measuring import (
    NUMBERS,
    PROMISES,
    REACHED,
    Measured,
    Only,
    Point,
    Promise,
    Span,
    Spread,
    changed_on_review,
    owed,
    spread,
)
from complaints.cases.people import Operator
from complaints.ledger.work import Work
from complaints.policy.states import State
from complaints.store.seconds import Seconds
from complaints.store.tables import Complaint, Event, Milestone

_FETCH, _KEPT = 1000, 4096
_DAY, _1970 = 86_400, date(1970, 1, 1).toordinal()
_AHEAD = int(BEIJING.utcoffset(None).total_seconds())
_WAITING = ("pending", "paused")
_STATES = {"met": "kept", "acted": "missed", **dict.fromkeys(_WAITING, "running")}


def measure(work: Work, viewer: Operator, span: Span, only: Only | None = None) -> Measured:
    """Every figure of the real complaints that came in during `span`, as far as `viewer` may know of them.

    Four statements. Memory grows by 48 bytes a complaint, for what its times are found in; rows are read in
    batches. A complaint counts by its arrival, with what has become of it by now.
    """
    wanted = _conditions(viewer, span, only or Only())
    numbers, parts = _counts(work, wanted)
    times, trend = _timed(work, wanted, span)
    return Measured(
        **{name: numbers[name] for name in NUMBERS if name != "changed"},
        changed=_changed(work, wanted, span),
        promises=_promises(work, wanted),
        times=times,
        types=parts["types"],
        risks=parts["risks"],
        outcomes=parts["outcomes"],
        severities=parts["severities"],
        trend=trend,
    )


def _conditions(viewer: Operator, span: Span, only: Only) -> list[ColumnElement[bool]]:
    wanted = [
        Complaint.filed_at >= span.since,
        Complaint.filed_at < span.until,
        Complaint.is_test.is_(False),
    ]
    if not viewer.restricted:
        wanted.append(Complaint.restricted.is_(False))
    columns = (
        (Complaint.type, only.type),
        (Complaint.risk_class, only.risk),
        (Complaint.channel, only.channel),
    )
    return [*wanted, *(column == value for column, value in columns if value)]


def _counts(work: Work, wanted: list[ColumnElement[bool]]) -> tuple[Counter[str], dict[str, Counter[str]]]:
    """One statement: its rows are the combinations that occur, however many complaints have each."""
    kinds = (
        Complaint.type,
        Complaint.risk_class,
        Complaint.severity,
        Complaint.state,
        Complaint.outcome,
        _flag(Complaint.accepted_at.is_not(None)).label("accepted"),
        _flag(Complaint.released_at.is_not(None)).label("answered"),
        _flag(Complaint.appeals > 0).label("appeals"),
        Complaint.late,
    )
    query = select(*kinds, func.count().label("n")).where(*wanted).group_by(*kinds)
    found: Counter[str] = Counter()
    parts: dict[str, Counter[str]] = {
        name: Counter() for name in ("types", "risks", "severities", "outcomes")
    }
    for row in work.session.execute(query):
        for name, meets in _met(row).items():
            found[name] += row.n if meets else 0
        parts["types"][row.type] += row.n
        parts["risks"][row.risk_class or ""] += row.n
        parts["severities"][row.severity] += row.n
        if row.answered:
            parts["outcomes"][row.outcome or "declined"] += row.n
    return found, parts


def _met(row: Any) -> dict[str, bool]:
    return {
        "received": True,
        "accepted": bool(row.accepted),
        "answered": bool(row.answered),
        "closed": row.state == State.CLOSED,
        "withdrawn": row.state == State.WITHDRAWN,
        "merged": row.state == State.MERGED,
        "declined": bool(row.answered) and row.outcome == "declined",
        "appeals": bool(row.appeals),
        "open": owed(row.state, answered=bool(row.answered)),
        "late": bool(row.late),
    }


def _promises(work: Work, wanted: list[ColumnElement[bool]]) -> dict[str, Promise]:
    """By kind, what became of the published dates of the first round, and of each review."""
    newer = aliased(Milestone)
    replaced = exists().where(
        newer.complaint_id == Milestone.complaint_id,
        newer.cycle == Milestone.cycle,
        newer.kind == Milestone.kind,
        newer.step == "due",
        newer.revision > Milestone.revision,
        newer.publish,
    )
    query = (
        select(Milestone.kind, Milestone.state, func.count())
        .join(Complaint, Complaint.id == Milestone.complaint_id)
        .where(
            *wanted,
            or_(Milestone.cycle == 0, Milestone.kind == "review"),
            Milestone.step == "due",
            Milestone.publish,
            # Only a message is promised an answer more than once in a round.
            or_(Milestone.kind != "reply", ~replaced),
        )
        .group_by(Milestone.kind, Milestone.state)
    )
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for kind, state, n in work.session.execute(query):
        if state in _STATES:
            counted = found[kind]
            counted[_STATES[state]] = counted.get(_STATES[state], 0) + n
    return {kind: Promise(**found[kind]) for kind in PROMISES if kind in found}


def _timed(
    work: Work, wanted: list[ColumnElement[bool]], span: Span
) -> tuple[dict[str, Spread], list[Point]]:
    moments = [_moment(name) for name in REACHED]
    out = _flag(Complaint.released_at.is_not(None))
    query = select(Seconds(Complaint.filed_at), out, Complaint.late, *moments).where(*wanted)
    seconds, days = [array("q") for _ in moments], [array("q") for _ in moments]
    counts = {name: [0, 0, 0] for name in span.names()}
    point_of = lru_cache(maxsize=None)(lambda day: counts[span.name(date.fromordinal(day))])
    between = lru_cache(maxsize=_KEPT)(
        lambda came, at: work.calendar.count(date.fromordinal(came), date.fromordinal(at))
    )
    for row in _rows(work, query):
        came = row[0]
        arrived = _day(came)
        point = point_of(arrived)
        point[0] += 1
        point[1] += row[1]
        point[2] += bool(row[2])
        for place, at in enumerate(row[3:]):
            if at is not None:
                seconds[place].append(at - came)
                days[place].append(between(arrived, _day(at)))
    return (
        {name: spread(seconds[place], days[place]) for place, name in enumerate(REACHED)},
        [Point(name, *counted) for name, counted in counts.items()],
    )


def _moment(name: str) -> ColumnElement[Any]:
    """When a complaint first came so far: from its row where that still holds it, else from its events."""
    first = (
        select(Event.at)
        .where(Event.stream == Complaint.uid, Event.type.in_(sorted(REACHED[name])))
        .order_by(Event.seq)
        .limit(1)
        .scalar_subquery()
    )
    column = {"accept": Complaint.accepted_at, "answer": Complaint.released_at}.get(name)
    # A later round writes its own moments into the row.
    return Seconds(first if column is None else case((Complaint.cycle == 0, column), else_=first))


def _changed(work: Work, wanted: list[ColumnElement[bool]], span: Span) -> int:
    verdict = aliased(Event)
    # By the few verdicts there are, not by every complaint: none is older than what it is about.
    streams = (
        select(verdict.stream)
        .join(Complaint, Complaint.uid == verdict.stream)
        .where(verdict.type.in_(("changed", "overturned")), verdict.at >= span.since, *wanted)
        .distinct()
        .subquery()
    )
    query = (
        select(Event.stream, Event.type)
        .join(streams, streams.c.stream == Event.stream)
        .order_by(Event.stream, Event.seq)
    )
    lives = groupby(_rows(work, query), key=itemgetter(0))
    return sum(changed_on_review(kind for _, kind in rows) for _, rows in lives)


def _rows(work: Work, query: Any) -> Iterator[Any]:
    # Past the session, which would look at each row for objects.
    return iter(work.session.connection().execute(query, execution_options={"yield_per": _FETCH}))


def _flag(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return case((condition, 1), else_=0)


def _day(seconds: int) -> int:
    """The Beijing day that a second since 1970 lies in, as `date.fromordinal` takes it."""
    return (seconds + _AHEAD) // _DAY + _1970
