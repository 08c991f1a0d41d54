"""The register of complaints: one line each, with promised and kept dates; contacts masked unless asked otherwise."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from complaints.base.clock import stamp
from complaints.cases.masking import mask
from complaints.evidence.cells import Guard, plain
from complaints.evidence.chosen import CASES, Chosen, filed
from complaints.ledger.reading import first_metas, open_first
from complaints.ledger.work import Work
from complaints.store.tables import Milestone

COLUMNS = (
    "number",
    "test",
    "filed_at",
    "channel",
    "product",
    "type",
    "type_zh",
    "risk_class",
    "severity",
    "state",
    "accept_due",
    "accepted_at",
    "accepted_on_time",
    "first_action_on_time",
    "result_due",
    "answered_at",
    "answered_on_time",
    "late",
    "paused_at",
    "outcome",
    "reason",
    "appeals",
    "rating",
    "closed_at",
    "merged",
    "answer_mark",
    "answer_notes",
    "files",
    "name",
    "mail",
    "phone",
    "policy_version",
    "uid",
)
WIDTHS = tuple(
    {"number": 20, "type_zh": 30, "uid": 34, "mail": 24, "product": 18}.get(
        name, 28 if name.endswith(("_at", "_due")) else 14
    )
    for name in COLUMNS
)
_PAGE = 500


def batches(work: Work, chosen: Chosen, after: int = 0) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """Every complaint filed in the period, oldest first; merged, withdrawn and test ones included and marked."""
    query = select(CASES).where(*filed(work, chosen)).order_by(CASES.c.id).limit(_PAGE)
    connection = work.session.connection()
    while True:
        page = connection.execute(query.where(CASES.c.id > after)).all()
        if not page:
            return
        kept, people, notes = _kept(work, page), _people(work, page, chosen), _notes(work, page)
        after = page[-1].id
        rows = [_row(work, case, kept, people.get(case.uid, {}), notes.get(case.uid, "")) for case in page]
        # No transaction stays open while the rows are written and progress is told.
        work.session.rollback()
        yield after, rows
        if len(page) < _PAGE:
            return


def jsonl(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """JSON Lines, every value as it is."""
    return b"".join(
        json.dumps(
            {name: stamp(value) if isinstance(value, datetime) else value for name, value in row.items()},
            ensure_ascii=False,
        ).encode()
        + b"\n"
        for row in rows
    )


def table(rows: Sequence[Mapping[str, Any]], guard: Guard) -> list[Sequence[str]]:
    """The same as cells, in the order of COLUMNS."""
    return [[guard(plain(row[name])) for name in COLUMNS] for row in rows]


def on_time(state: str | None) -> bool | None:
    """Met in time, missed, or None while it runs or no longer applies."""
    return {"met": True, "acted": False}.get(state or "")


def _people(work: Work, page: Sequence[Row[Any]], chosen: Chosen) -> dict[str, dict[str, str]]:
    # As the cases stand now, not as they stood at the order: who asked meanwhile is in storage only.
    uids = [
        case.uid
        for case in page
        if case.reach
        and case.erased_at is None
        and case.stored_only_at is None
        and (chosen.restricted or not case.restricted)
    ]
    opened = open_first(work, uids, "contact") if uids else {}
    found = {uid: json.loads(payload) for uid, payload in opened.items()}
    if chosen.unmasked:
        return found
    return {uid: {key: mask(key, value) for key, value in held.items()} for uid, held in found.items()}


def _notes(work: Work, page: Sequence[Row[Any]]) -> dict[str, str]:
    uids = [case.uid for case in page if case.answer_mark != "none"]
    metas = first_metas(work, uids) if uids else {}
    return {uid: " ".join(meta.get("answer", ())) for uid, meta in metas.items()}


def _kept(work: Work, page: Sequence[Row[Any]]) -> dict[tuple[int, str], str]:
    rows = work.session.execute(
        select(Milestone.complaint_id, Milestone.kind, Milestone.state)
        .where(
            Milestone.complaint_id.in_([case.id for case in page]),
            Milestone.step == "due",
            Milestone.publish,
            Milestone.cycle == 0,
        )
        .order_by(Milestone.revision)
    )
    return {(row.complaint_id, row.kind): row.state for row in rows}


def _row(
    work: Work,
    case: Row[Any],
    kept: Mapping[tuple[int, str], str],
    person: Mapping[str, str],
    notes: str,
) -> dict[str, Any]:
    policy = work.policy_of(case.policy_version)
    kind = policy.types.get(case.type)
    released = case.released_at
    values = {name: getattr(case, name, None) for name in COLUMNS}
    values |= {
        "test": bool(case.is_test),
        "product": policy.provider.product,
        "type_zh": kind.label("zh") if kind else case.type,
        "accepted_on_time": on_time(kept.get((case.id, "accept"))),
        "first_action_on_time": on_time(kept.get((case.id, "first_action"))),
        "answered_at": released,
        "answered_on_time": on_time(kept.get((case.id, "result"))),
        "late": bool(case.late),
        # A decision that may still be taken back is nobody's to read.
        "outcome": case.outcome if released else None,
        "reason": case.reason if released else None,
        "merged": case.merged_into is not None,
        "answer_notes": notes,
        **{name: person.get(name) for name in ("name", "mail", "phone")},
    }
    return values
