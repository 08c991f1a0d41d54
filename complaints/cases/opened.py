"""A case as its page begins: with who is at it, and what the product has still to do for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from complaints.base.errors import NotFoundError
from complaints.base.ids import tidy_number
from complaints.cases import disposal
from complaints.ledger.work import Work
from complaints.store.tables import Claim, Complaint, Outbox


@dataclass(frozen=True)
class Opened:
    """A case, the claim in force on it, and the calls of the product that have not been made."""

    case: Complaint
    claim: Claim | None
    calls: Sequence[Outbox]


def find(work: Work, number: str) -> Opened:
    """The case with this number, in one statement; raises NotFoundError."""
    waits = (
        (Outbox.complaint_id == Complaint.id)
        & (Outbox.channel == disposal.CHANNEL)
        & Outbox.state.in_(("queued", "sending"))
    )
    rows = work.session.execute(
        select(Complaint, Claim, Outbox)
        .outerjoin(Claim, (Claim.complaint_id == Complaint.id) & (Claim.until > work.now))
        .outerjoin(Outbox, waits)
        .where(Complaint.number == tidy_number(number))
    ).all()
    if not rows:
        raise NotFoundError("no such complaint")
    case, claim, _ = rows[0]
    return Opened(case, claim, [call for _, _, call in rows if call is not None])
