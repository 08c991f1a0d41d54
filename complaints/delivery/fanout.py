"""Turn a notice to a group into one notice per person, each of which is sent once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, or_, select, update
from sqlalchemy.orm import Session

from complaints.base.ids import random_uid
from complaints.delivery.people import GROUPS, People, Recipient, eligible
from complaints.delivery.sending import POSTPONE_MINUTES
from complaints.store.tables import Complaint, Outbox
from complaints.store.transactions import Database

NOBODY = "NobodyToTell"
CHUNK = 100


def fan_out(database: Database, now: datetime, people: People, limit: int = 1000) -> int:
    """Replace due notices to groups by one row per eligible person; returns how many were replaced. Commits.

    A notice to an operator who is no longer there, or may not know of the case, goes to all who may. With nobody to tell, a notice stays
    queued, is looked at again after some minutes, and counts as an alarm in `health.measure`.
    """
    with database.reading() as session:
        here = list(people(session))
        uncleared = {f"operator:{each.ref}" for each in here if not each.restricted}
        restricted = Outbox.complaint_id.in_(select(Complaint.id).where(Complaint.restricted))
        refs = {f"operator:{each.ref}" for each in here if each.mail}
        query = (
            select(Outbox.id)
            .where(
                Outbox.state == "queued",
                Outbox.not_before <= now,
                Outbox.channel == "mail",
                or_(
                    Outbox.recipient.in_(GROUPS),
                    Outbox.recipient.like("operator:%") & Outbox.recipient.not_in(refs),
                    # In charge, but of a case that has become a restricted one since.
                    Outbox.recipient.in_(uncleared) & restricted,
                ),
            )
            .order_by(Outbox.not_before, Outbox.id)
            .limit(limit)
        )
        ids = list(session.scalars(query))
    return sum(_expand(database, now, here, ids[at : at + CHUNK]) for at in range(0, len(ids), CHUNK))


def _expand(database: Database, now: datetime, here: Sequence[Recipient], ids: Sequence[int]) -> int:
    def write(session: Session) -> int:
        return sum(_one(session, now, here, row_id) for row_id in ids)

    return database.write(write)


def _one(session: Session, now: datetime, here: Sequence[Recipient], row_id: int) -> bool:
    # Claimed like every row: of two workers only one finds it queued.
    won = session.execute(
        update(Outbox)
        .where(Outbox.id == row_id, Outbox.state == "queued")
        .values(state="sent", sent_at=now, last_error=None)
        .execution_options(synchronize_session=False)
    )
    if won.rowcount != 1:  # type: ignore[attr-defined]  # an UPDATE's CursorResult has it
        return False
    row = session.get_one(Outbox, row_id, populate_existing=True)
    case = session.get(Complaint, row.complaint_id) if row.complaint_id is not None else None
    group = row.recipient if row.recipient in GROUPS else "operators"
    told = eligible(here, group, restricted=case is not None and case.restricted)
    if not told:
        row.state, row.sent_at, row.last_error = "queued", None, NOBODY
        row.not_before = now + timedelta(minutes=POSTPONE_MINUTES)
        session.flush()
        return False
    fresh = [_copy(row, each, now) for each in told if not _known(session, row, each)]
    if fresh:
        session.execute(insert(Outbox.__table__), fresh)  # type: ignore[arg-type]  # Table
    return True


def _known(session: Session, row: Outbox, person: Recipient) -> bool:
    """Whether the same cause reaches this person anyway, as the one in charge or through another group."""
    recipient = f"operator:{person.ref}"
    same = [Outbox.dedupe == _dedupe(row, person)]
    if row.milestone_id is not None:
        same.append((Outbox.milestone_id == row.milestone_id) & (Outbox.recipient == recipient))
    found = select(Outbox.id).where(or_(*same), Outbox.channel == row.channel)
    return session.scalar(found) is not None


def _copy(row: Outbox, person: Recipient, now: datetime) -> dict[str, Any]:
    domain = row.message_id.rpartition("@")[2].rstrip(">")
    return {
        "dedupe": _dedupe(row, person),
        "kind": row.kind,
        "channel": row.channel,
        "recipient": f"operator:{person.ref}",
        "complaint_id": row.complaint_id,
        "milestone_id": row.milestone_id,
        "seq": row.seq,
        "details": dict(row.details),
        "state": "queued",
        "not_before": now,
        "lease_until": None,
        "attempts": 0,
        "last_error": None,
        "message_id": f"<{random_uid()}@{domain}>",
        "created_at": row.created_at,
        "sent_at": None,
    }


def _dedupe(row: Outbox, person: Recipient) -> str:
    return f"fan/{row.id}/{person.ref}"
