"""What lies with an account: how many open complaints, and how they are handed back once it can no longer do them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from sqlalchemy import case, func, select

from complaints.base.errors import InputError
from complaints.base.translations import gettext as t
from complaints.cases import handling, people, tabs
from complaints.delivery import outbox
from complaints.ledger import journal
from complaints.ledger.work import Actor, Chunk, Work
from complaints.policy.roles import HANDLERS
from complaints.policy.states import OPEN
from complaints.sla import milestones
from complaints.store.constants import words
from complaints.store.tables import Complaint, Operator

# So many at once, as by one act on many; the locks of more would hold everybody up.
MOST = 1000
_CHUNK = 100


@dataclass(frozen=True)
class Charge:
    """How many open complaints lie with an account; `stranded` of them it can no longer handle."""

    open: int
    stranded: int


def counted(work: Work, viewer: people.Operator, rows: Collection[Operator]) -> dict[str, Charge]:
    """What of the view `open` lies with each of these, by reference; who has nothing is not in it.

    One statement. Restricted ones are no part of it for who may not know of them.
    """
    by_ref = {row.ref: row for row in rows}
    query = (
        select(Complaint.assignee, func.count(), func.sum(case((Complaint.restricted, 1), else_=0)))
        .where(
            Complaint.assignee.in_(sorted(by_ref)),
            tabs.condition(tabs.Moment.of(work.now), viewer, "open"),
            *people.visible(viewer),
        )
        .group_by(Complaint.assignee)
    )
    found = {}
    for ref, n, hidden in work.session.execute(query):
        row = by_ref[ref or ""]
        able = row.active and bool(set(row.roles) & set(HANDLERS))
        found[row.ref] = Charge(n, n if not able else 0 if row.restricted else int(hidden))
    return found


def hand_back(work: Work, row: Operator, roles: Collection[str], *, restricted: bool, by: Actor) -> None:
    """Leave nobody in charge of what this account could not handle with these roles and clearance, none when disabled.

    An event on each case. Raises InputError for more than MOST. Flushes, never commits.
    """
    able = bool(set(roles) & set(HANDLERS))
    if able and restricted:
        return
    lost = [
        Complaint.assignee == row.ref,
        # Also what is joined to another: it comes back as it was.
        Complaint.state.in_(words(sorted(OPEN))),
        Complaint.erased_at.is_(None),
        *([Complaint.restricted.is_(True)] if able else []),
    ]
    uids = list(work.session.scalars(select(Complaint.uid).where(*lost).limit(MOST + 1)))
    if len(uids) > MOST:
        raise InputError({"": [_too_many()]})
    # In one order over all of them: two of these at once wait for each other instead of crossing.
    uids.sort()
    for at in range(0, len(uids), _CHUNK):
        locked = journal.lock_all(work.session, uids[at : at + _CHUNK])
        running = milestones.running_of(work.session, [each.case.id for each in locked])
        together = replace(work, chunk=Chunk(running))
        for each in locked:
            # Somebody else may have taken it, or ended it, before it was locked.
            if each.case.assignee == row.ref and each.case.state in OPEN:
                handling.assign(together, each.case, by, None)
        journal.settle(together)
        outbox.settle(together)


def _too_many() -> str:
    return t(
        "More than {n} open complaints would be left with nobody; hand them over first: the number beside the name "
        "opens them",
        n=f"{MOST:,}",
    )
