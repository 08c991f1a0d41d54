"""Which texts of a complaint can be found, read for many complaints at once, and which complaints can be at all."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, select

from complaints.cases.deciding import DECISIONS
from complaints.ledger.reading import open_fields
from complaints.ledger.work import Work
from complaints.policy.profile import Policy
from complaints.store.tables import Complaint, Event

# Contact data is no text to be searched, nor are measures' targets, authorities' numbers and vendors' answers.
FIELDS = ("details", "answer", "message", "public", "note", "facts")
_OF_ANSWER = ("prompt", "output")
_WRITTEN = ("text", "textarea")


def findable() -> ColumnElement[bool]:
    """Complaints that a search may find: no restricted, only stored or erased ones, whoever asks."""
    return and_(
        Complaint.restricted.is_(False), Complaint.stored_only_at.is_(None), Complaint.erased_at.is_(None)
    )


def may_be_found(case: Complaint) -> bool:
    """As `findable`, of one complaint at hand."""
    return not case.restricted and case.stored_only_at is None and case.erased_at is None


def texts(work: Work, cases: Sequence[Complaint]) -> dict[str, list[str]]:
    """What was written in each of these complaints, by uid, what was said first first; two statements.

    What was decided and taken back stands on no page, and is left out.
    """
    found: dict[str, list[str]] = {case.uid: [] for case in cases if may_be_found(case)}
    if not found:
        return {}
    undone = _undone(work, list(found))
    policies = {case.uid: work.policy_of(case.policy_version) for case in cases}
    for (uid, seq, field), payload in open_fields(work, list(found), FIELDS).items():
        if field == "public" and (uid, seq) in undone:
            continue
        found[uid] += [said for said in _said(field, payload.decode(), policies[uid]) if said.strip()]
    return found


def filed_text(work: Work, cases: Sequence[Complaint]) -> dict[str, str]:
    """What was filed, by uid: what reports are compared by."""
    wanted = [case.uid for case in cases if may_be_found(case)]
    opened = open_fields(work, wanted, ("details",)) if wanted else {}
    return {uid: str(json.loads(payload).get("details", "")) for (uid, _, _), payload in opened.items()}


def _said(field: str, payload: str, policy: Policy) -> list[str]:
    if field == "details":
        given: Mapping[str, Any] = json.loads(payload)
        asked = policy.fields
        return [
            str(value)
            for key, value in sorted(given.items(), key=lambda item: item[0] != "details")
            if key == "details" or (key in asked and asked[key].kind in _WRITTEN and not asked[key].personal)
        ]
    if field == "answer":
        return [str(given) for name in _OF_ANSWER if (given := json.loads(payload).get(name))]
    return [payload]


def _undone(work: Work, uids: Sequence[str]) -> set[tuple[str, int]]:
    """Decisions that were taken back before anybody saw them, as uid and sequence number."""
    rows = work.session.execute(
        select(Event.stream, Event.seq, Event.type)
        .where(Event.stream.in_(uids), Event.type.in_((*DECISIONS, "taken_back")))
        .order_by(Event.stream, Event.seq)
    )
    undone, last = set[tuple[str, int]](), ("", 0)
    for stream, seq, kind in rows:
        if kind != "taken_back":
            last = (stream, seq)
        elif last[0] == stream:
            undone.add(last)
    return undone
