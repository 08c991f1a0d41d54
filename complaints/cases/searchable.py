"""Which texts of a complaint can be found, read for many complaints at once, and which complaints can be at all."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, and_, case, or_, select

from complaints.cases.deciding import DECISIONS
from complaints.ledger.reading import entry, open_fields
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


@dataclass
class Texts:
    """What was written in one complaint, what was said first first, and what its filing says in the clear."""

    said: list[str] = field(default_factory=list)
    meta: Mapping[str, Any] = field(default_factory=dict)


def texts(work: Work, cases: Sequence[Complaint]) -> dict[str, Texts]:
    """The texts of each of these complaints by uid; two statements.

    What was decided and taken back stands on no page, and is left out.
    """
    found = {case.uid: Texts() for case in cases if may_be_found(case)}
    if not found:
        return {}
    undone = set[tuple[str, int]]()
    for uid, meta, taken_back in _told(work, list(found)):
        found[uid].meta = meta
        undone |= taken_back
    policies = {case.uid: work.policy_of(case.policy_version) for case in cases}
    for (uid, seq, name), payload in open_fields(work, list(found), FIELDS).items():
        if name == "public" and (uid, seq) in undone:
            continue
        found[uid].said += [said for said in _said(name, payload.decode(), policies[uid]) if said.strip()]
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


def _told(work: Work, uids: Sequence[str]) -> Iterator[tuple[str, Mapping[str, Any], set[tuple[str, int]]]]:
    """Of each complaint what its filing says in the clear, and the decisions taken back before anybody saw them."""
    first = case((Event.seq == 1, Event.leaf))
    rows = work.session.execute(
        select(Event.stream, Event.seq, Event.type, first.label("leaf"))
        .where(Event.stream.in_(uids), or_(Event.seq == 1, Event.type.in_((*DECISIONS, "taken_back"))))
        .order_by(Event.stream, Event.seq)
    )
    for uid, told in groupby(rows, key=lambda row: row.stream):
        undone, last, meta = set[tuple[str, int]](), 0, dict[str, Any]()
        for row in told:
            if row.leaf is not None:
                meta = entry(row.leaf, {}).meta
            elif row.type == "taken_back":
                undone.add((uid, last))
            else:
                last = row.seq
        yield uid, meta, undone
