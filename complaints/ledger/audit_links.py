"""Audit of links between cases: rebuilt from each case's events and compared with its rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import func, select

from complaints.ledger.proof import Finding
from complaints.ledger.reading import Entry
from complaints.ledger.work import Work
from complaints.store.tables import Complaint, Link

EVENTS = frozenset({"linked", "unlinked"})


def linked(entries: Sequence[Entry]) -> dict[str, int]:
    """The cases a case is linked with by its events, by uid, with the event that linked each."""
    found: dict[str, int] = {}
    for entry in entries:
        if entry.type == "linked":
            found[entry.meta["other"]] = entry.seq
        elif entry.type == "unlinked":
            found.pop(entry.meta["other"], None)
    return found


def examine(work: Work, case: Complaint, entries: Sequence[Entry]) -> Iterator[Finding]:
    """Compare the rows of one complaint with its events, in order."""
    query = (
        select(Complaint.uid, Link.seq)
        .join(Complaint, Complaint.id == Link.other_id)
        .where(Link.complaint_id == case.id)
    )
    kept, said = {row.uid: row.seq for row in work.session.execute(query)}, linked(entries)
    for uid in sorted(kept.keys() | said.keys()):
        if kept.get(uid) != said.get(uid):
            what = (
                "a link is missing"
                if uid not in kept
                else "a link no event made"
                if uid not in said
                else "a link names another event than its own"
            )
            yield Finding("link-row", f"{case.uid}/{uid}", what)


def orphans(work: Work) -> Iterator[Finding]:
    """Rows without one of their complaints."""
    known = select(Complaint.id)
    left = work.session.scalar(
        select(func.count())
        .select_from(Link)
        .where(Link.complaint_id.not_in(known) | Link.other_id.not_in(known))
    )
    if left:
        yield Finding("link-orphan", str(left), "links of complaints that are not there")
