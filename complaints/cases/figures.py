"""The figures of a period, counted by the database from the working tables; `evidence/figures.py` counts them again."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, case, func, select

from complaints.base.clock import BEIJING
from complaints.cases import counted, people
from complaints.cases.measuring import (
    NUMBERS,
    PROMISES,
    REACHED,
    Measured,
    Only,
    Point,
    Promise,
    Span,
    Told,
    Took,
    owed,
)
from complaints.cases.people import Operator
from complaints.ledger.work import Work
from complaints.policy.states import State
from complaints.store.seconds import Seconds
from complaints.store.tables import Complaint, Milestone

_FETCH, _KEPT = 1000, 4096
_DAY, _1970 = 86_400, date(1970, 1, 1).toordinal()
_AHEAD = int(BEIJING.utcoffset(None).total_seconds())


def _flag(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return case((condition, 1), else_=0)


# What a complaint is told apart by, as its row has it.
_TOLD = (Complaint.type, Complaint.risk_class, Complaint.outcome, _flag(counted.ANSWERED).label("answered"))


def measure(work: Work, viewer: Operator, span: Span, only: Only | None = None) -> Measured:
    """Every figure of the complaints that came in during `span`, as far as `viewer` may know of them.

    Four statements. Memory grows by 48 bytes a complaint, for what its times are found in; rows are read in
    batches. A complaint counts by its arrival, with what has become of it by now.
    """
    wanted = _conditions(viewer, span, only or Only())
    numbers, parts = _counts(work, wanted, span)
    promises, results = _promises(work, wanted)
    took, trend = _timed(work, wanted, span)
    return Measured(
        **{name: numbers[name] for name in NUMBERS if name != "changed"},
        changed=_changed(work, wanted, span),
        promises=promises,
        times=took.times(),
        types=parts["types"],
        risks=parts["risks"],
        outcomes=parts["outcomes"],
        severities=parts["severities"],
        trend=trend,
        apart=took.apart(results),
    )


def _conditions(viewer: Operator, span: Span, only: Only) -> list[ColumnElement[bool]]:
    wanted = [
        Complaint.filed_at >= span.since,
        Complaint.filed_at < span.until,
        Complaint.is_test.is_(only.tests),
    ]
    wanted += people.visible(viewer)
    columns = (
        (Complaint.type, only.type),
        (Complaint.risk_class, only.risk),
        (Complaint.channel, only.channel),
    )
    return [*wanted, *(column == value for column, value in columns if value)]


def _counts(
    work: Work, wanted: list[ColumnElement[bool]], span: Span
) -> tuple[Counter[str], dict[str, Counter[str]]]:
    """One statement: its rows are the combinations that occur, however many complaints have each."""
    kinds = (
        Complaint.type,
        Complaint.risk_class,
        Complaint.severity,
        Complaint.state,
        Complaint.outcome,
        _flag(counted.ACCEPTED).label("accepted"),
        _flag(counted.ANSWERED).label("answered"),
        _flag(counted.APPEALED).label("appeals"),
        _flag(counted.late(span.since)).label("missed"),
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
        "late": bool(row.missed),
    }


def _promises(
    work: Work, wanted: list[ColumnElement[bool]]
) -> tuple[dict[str, Promise], dict[Told, Promise]]:
    """What became of the published dates of the first round, and of each review, by kind; and of results by their case."""
    of = (Milestone.kind, Milestone.state, *_TOLD)
    query = (
        select(*of, func.count().label("n"))
        .join(Complaint, Complaint.id == Milestone.complaint_id)
        .where(*wanted, *counted.published(Milestone))
        .group_by(*of)
    )
    found: dict[str, Counter[str]] = defaultdict(Counter)
    results: dict[Told, Counter[str]] = defaultdict(Counter)
    for row in work.session.execute(query):
        if row.state in counted.BECAME:
            became = counted.BECAME[row.state]
            found[row.kind][became] += row.n
            if row.kind == "result":
                results[_told(row)][became] += row.n
    return (
        {kind: Promise(**found[kind]) for kind in PROMISES if kind in found},
        {told: Promise(**each) for told, each in results.items()},
    )


def _timed(work: Work, wanted: list[ColumnElement[bool]], span: Span) -> tuple[Took, list[Point]]:
    moments = [Seconds(counted.moment(name)) for name in REACHED]
    missed = _flag(counted.late(span.since)).label("missed")
    query = select(Seconds(Complaint.filed_at), missed, *_TOLD, *moments).where(*wanted)
    took, counts = Took(), {name: [0, 0, 0] for name in span.names()}
    point_of = lru_cache(maxsize=None)(lambda day: counts[span.name(date.fromordinal(day))])
    between = lru_cache(maxsize=_KEPT)(
        lambda came, at: work.calendar.count(date.fromordinal(came), date.fromordinal(at))
    )
    for row in _rows(work, query):
        came, told = row[0], _told(row)
        arrived = _day(came)
        point = point_of(arrived)
        point[0] += 1
        point[1] += bool(told[2])
        point[2] += bool(row.missed)
        for name, at in zip(REACHED, row[-len(moments) :], strict=True):
            if at is not None:
                took.add(told, name, at - came, between(arrived, _day(at)))
    return took, [Point(name, *found) for name, found in counts.items()]


def _changed(work: Work, wanted: list[ColumnElement[bool]], span: Span) -> int:
    query = select(func.count()).select_from(Complaint).where(*wanted, counted.changed(span.since))
    return work.session.scalar(query) or 0


def _rows(work: Work, query: Any) -> Iterator[Any]:
    # Past the session, which would look at each row for objects.
    return iter(work.session.connection().execute(query, execution_options={"yield_per": _FETCH}))


def _told(row: Any) -> Told:
    return row.type, row.risk_class or "", (row.outcome or "declined") if row.answered else ""


def _day(seconds: int) -> int:
    """The Beijing day that a second since 1970 lies in, as `date.fromordinal` takes it."""
    return (seconds + _AHEAD) // _DAY + _1970
