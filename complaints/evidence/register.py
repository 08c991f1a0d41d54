"""The register of complaints: one line each, with promised and kept dates; personal data stays out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from complaints.evidence.export import lines
from complaints.ledger.work import Work
from complaints.store.tables import Complaint, Milestone

COLUMNS = (
    "number",
    "test",
    "filed_at",
    "channel",
    "type",
    "type_zh",
    "risk_class",
    "severity",
    "state",
    "accept_due",
    "accepted_at",
    "accepted_on_time",
    "result_due",
    "answered_at",
    "answered_on_time",
    "late",
    "outcome",
    "reason",
    "appeals",
    "rating",
    "closed_at",
    "merged",
    "files",
    "policy_version",
    "uid",
)
_PAGE = 500


def write(
    work: Work, form: str, since: datetime | None = None, until: datetime | None = None
) -> Iterator[bytes]:
    """Every complaint filed in the period, oldest first; merged, withdrawn and test ones included and marked."""
    return lines(_rows(work, since, until), form, COLUMNS)


def _rows(work: Work, since: datetime | None, until: datetime | None) -> Iterator[Mapping[str, Any]]:
    after = 0
    while True:
        query = select(Complaint).where(Complaint.id > after).order_by(Complaint.id).limit(_PAGE)
        if since is not None:
            query = query.where(Complaint.filed_at >= since)
        if until is not None:
            query = query.where(Complaint.filed_at < until)
        cases = work.session.scalars(query).all()
        kept = _kept(work, cases)
        for case in cases:
            yield _row(work, case, kept)
        if len(cases) < _PAGE:
            return
        after = cases[-1].id
        work.session.expunge_all()


def _kept(work: Work, cases: Sequence[Complaint]) -> dict[tuple[int, str], str]:
    rows = work.session.execute(
        select(Milestone.complaint_id, Milestone.kind, Milestone.state).where(
            Milestone.complaint_id.in_([case.id for case in cases]),
            Milestone.step == "due",
            Milestone.publish,
            Milestone.cycle == 0,
        )
    )
    return {(row.complaint_id, row.kind): row.state for row in rows}


def _row(work: Work, case: Complaint, kept: Mapping[tuple[int, str], str]) -> dict[str, Any]:
    kind = work.policy_of(case.policy_version).types.get(case.type)
    released = case.released_at
    return {
        "number": case.number,
        "test": case.is_test,
        "filed_at": case.filed_at,
        "channel": case.channel,
        "type": case.type,
        "type_zh": kind.label("zh") if kind else case.type,
        "risk_class": case.risk_class,
        "severity": case.severity,
        "state": case.state,
        "accept_due": case.accept_due,
        "accepted_at": case.accepted_at,
        "accepted_on_time": _on_time(kept.get((case.id, "accept"))),
        "result_due": case.result_due,
        "answered_at": released,
        "answered_on_time": _on_time(kept.get((case.id, "result"))),
        "late": case.late,
        "outcome": case.outcome if released else None,
        "reason": case.reason if released else None,
        "appeals": case.appeals,
        "rating": case.rating,
        "closed_at": case.closed_at,
        "merged": case.merged_into is not None,
        "files": case.files,
        "policy_version": case.policy_version,
        "uid": case.uid,
    }


def _on_time(state: str | None) -> bool | None:
    """Met in time, missed, or None while it runs or no longer applies."""
    return {"met": True, "acted": False}.get(state or "")
