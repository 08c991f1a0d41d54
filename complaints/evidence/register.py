"""The register of complaints: one line each, with promised and kept dates; contacts masked unless asked otherwise."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from complaints.base.clock import stamp
from complaints.cases.masking import mask
from complaints.evidence.cells import Guard, plain
from complaints.evidence.chosen import Chosen
from complaints.evidence.replay import Replayed, missed, pages, promised
from complaints.ledger.reading import first_metas, open_first
from complaints.ledger.work import Work

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


def batches(
    work: Work, chosen: Chosen, after: int = 0, *, listed: bool | None = None
) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """Every complaint filed in the period, oldest first; merged, withdrawn and test ones included and marked.

    Each as the log had it at the order's end. Those of restricted types only for whoever may see them, or as `listed`
    says.
    """
    for place, found in pages(work, chosen, after=after, page=_PAGE):
        whole = chosen.covered if listed is None else listed
        page = [each for each in found if whole or not each.restricted]
        cases = [each.now for each in page]
        people, notes = _people(work, cases, chosen), _notes(work, cases)
        rows = [_row(work, each, people.get(each.now.uid, {}), notes.get(each.now.uid, "")) for each in page]
        # No transaction stays open while the rows are written and progress is told.
        work.session.rollback()
        yield place, rows


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


def _row(work: Work, each: Replayed, person: Mapping[str, str], notes: str) -> dict[str, Any]:
    row, kept = each.row, promised(each.clocks)
    policy = work.policy_of(row["policy_version"])
    kind = policy.types.get(row["type"])
    released = row.get("released_at")
    values: dict[str, Any] = {name: row.get(name) for name in COLUMNS}
    values |= {
        "uid": each.now.uid,
        "test": bool(row.get("is_test")),
        "product": policy.provider.product,
        "type_zh": kind.label("zh") if kind else row["type"],
        "accepted_on_time": on_time(kept.get("accept")),
        "first_action_on_time": on_time(kept.get("first_action")),
        "answered_at": released,
        "answered_on_time": on_time(kept.get("result")),
        "late": bool(missed(each.clocks)),
        # A decision that may still be taken back is nobody's to read.
        "outcome": row.get("outcome") if released else None,
        "reason": row.get("reason") if released else None,
        "merged": row.get("merged_into") is not None,
        "answer_notes": notes,
        **{name: person.get(name) for name in ("name", "mail", "phone")},
    }
    return values
