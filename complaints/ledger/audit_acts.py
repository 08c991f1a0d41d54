"""Audit of what was done: measures, hand-overs and links, rebuilt from their events and compared with their tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import func, select

from complaints.base.clock import stamp
from complaints.ledger import audit_links, forwards, measures
from complaints.ledger.forwards import Forwards
from complaints.ledger.measures import Measures
from complaints.ledger.proof import Finding
from complaints.ledger.reading import Entry
from complaints.ledger.work import Work
from complaints.store.tables import Complaint, Disposal, Forward

_MEASURE = (
    "action", "immediate", "called", "state", "attempts", "result_seq", "acted_at", "duration_ms", "retest",
)  # fmt: skip
_FORWARD = ("vendor", "way", "state", "sent_at", "answered_at", "answer_seq")


def concerns(entry: Entry) -> bool:
    """Whether an event says anything of a measure, a hand-over or a link."""
    told = measures.EVENTS | forwards.EVENTS | audit_links.EVENTS
    return entry.type in told or "actions" in entry.meta or "outcome" in entry.meta


def examine(work: Work, case: Complaint, entries: Sequence[Entry]) -> Iterator[Finding]:
    """Compare the tables with the events of one complaint, in order."""
    actions = work.policy_of(case.policy_version).actions
    ordered = Measures([key for key, each in actions.items() if each.immediate])
    handed = Forwards()
    for entry in entries:
        if not (ordered.take(entry) and handed.take(entry)):
            yield Finding(
                "replay-act", f"{case.uid}/{entry.seq}", "the event speaks of an act that never was"
            )
    rows = work.session.scalars(select(Disposal).where(Disposal.complaint_id == case.id)).all()
    kept: Mapping[Any, Any] = {(row.seq, row.position): row for row in rows}
    yield from _compare(case, kept, ordered.rows, _MEASURE, ("disposal-row", "a measure"))
    kept = {
        row.seq: row for row in work.session.scalars(select(Forward).where(Forward.complaint_id == case.id))
    }
    yield from _compare(case, kept, handed.rows, _FORWARD, ("forward-row", "a hand-over"))
    yield from audit_links.examine(work, case, entries)


def orphans(work: Work) -> Iterator[Finding]:
    """Rows without their complaint."""
    for table, code in ((Disposal, "disposal-orphan"), (Forward, "forward-orphan")):
        left = work.session.scalar(
            select(func.count()).select_from(table).where(table.complaint_id.not_in(select(Complaint.id)))
        )
        if left:
            yield Finding(code, str(left), f"rows of {table.__tablename__} without a complaint")
    yield from audit_links.orphans(work)


def _compare(
    case: Complaint,
    kept: Mapping[Any, Any],
    said: Mapping[Any, Any],
    columns: Iterable[str],
    names: tuple[str, str],
) -> Iterator[Finding]:
    code, what = names
    for key in sorted(kept.keys() | said.keys()):
        row, event = kept.get(key), said.get(key)
        where = f"{case.uid}/{'/'.join(map(str, key)) if isinstance(key, tuple) else key}"
        if row is None or event is None:
            yield Finding(code, where, f"{what} is missing" if row is None else f"{what} no event ordered")
            continue
        wrong = [name for name in columns if _plain(getattr(row, name)) != _plain(getattr(event, name))]
        if wrong:
            yield Finding(code, where, f"{what} is not as the log says: {', '.join(wrong)}")


def _plain(value: Any) -> Any:
    return stamp(value) if hasattr(value, "isoformat") else value
