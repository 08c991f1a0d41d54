"""The handling log as JSON Lines (leaves as stored) or CSV: who did what when, without personal data."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select

from complaints.evidence.export import lines
from complaints.ledger.proof import leaf_hash
from complaints.ledger.work import Work
from complaints.store.tables import Complaint, Event

COLUMNS = (
    "stream",
    "number",
    "seq",
    "at",
    "type",
    "actor",
    "test",
    "meta",
    "commits",
    "prev",
    "hash",
    "leaf",
)
_PAGE = 1000


def write(
    work: Work, form: str, since: datetime | None = None, until: datetime | None = None
) -> Iterator[bytes]:
    """The log in the order it was written; `leaf` holds the exact bytes that are hashed (UTF-8 text)."""
    columns = COLUMNS if form == "jsonl" else COLUMNS[:-1]
    return lines(_rows(work, since, until), form, columns)


def _rows(work: Work, since: datetime | None, until: datetime | None) -> Iterator[Mapping[str, Any]]:
    after = 0
    while True:
        query = (
            select(Event.id, Event.leaf, Complaint.number, Complaint.is_test)
            .outerjoin(Complaint, Complaint.uid == Event.stream)
            .where(Event.id > after)
            .order_by(Event.id)
            .limit(_PAGE)
        )
        if since is not None:
            query = query.where(Event.at >= since)
        if until is not None:
            query = query.where(Event.at < until)
        page = work.session.execute(query).all()
        for event in page:
            body = json.loads(event.leaf)
            yield {
                **{
                    name: body[name]
                    for name in ("stream", "seq", "at", "type", "actor", "meta", "commits", "prev")
                },
                "number": event.number,
                "test": bool(event.is_test),
                "hash": leaf_hash(event.leaf).hex(),
                "leaf": event.leaf.decode(),
            }
        if len(page) < _PAGE:
            return
        after = page[-1].id
