"""Turn a notice to a group into one notice per person or room, each of which is sent once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, insert, or_, select, update
from sqlalchemy.orm import Session

from complaints.base.ids import random_uid
from complaints.delivery.people import GROUPS, TEAM, People, Recipient, eligible
from complaints.delivery.push import Rooms
from complaints.delivery.sending import POSTPONE_MINUTES, ROOM
from complaints.store.tables import Complaint, Outbox
from complaints.store.transactions import Database

NOBODY = "NobodyToTell"
NO_AUDIENCE = "NoAudience"
CHUNK = 100


@dataclass(frozen=True)
class _Target:
    recipient: str
    channel: str


def fan_out(database: Database, now: datetime, people: People, rooms: Rooms) -> int:
    """Replace every due notice to a group by one row per eligible person or room; returns how many. Commits.

    A notice to an operator who is no longer there, or may not know of the case, goes to all who may. What was
    meant for a room goes by mail if the case is a restricted one by now; without a room it is dropped as
    `NoAudience` where somebody hears of the same milestone by mail. With nobody to tell, a notice stays queued,
    is looked at again after some minutes, and counts as an alarm in `health.measure`.
    """
    with database.reading() as session:
        here = list(people(session))
        ids = list(session.scalars(select(Outbox.id).where(*_unaddressed(here, now)).order_by(Outbox.id)))
    done = 0
    for at in range(0, len(ids), CHUNK):
        chunk = _Chunk(now, here, rooms, ids[at : at + CHUNK])
        done += database.write(chunk.expand)
    return done


def _unaddressed(here: Sequence[Recipient], now: datetime) -> tuple[ColumnElement[bool], ...]:
    uncleared = {f"operator:{each.ref}" for each in here if not each.restricted}
    restricted = Outbox.complaint_id.in_(select(Complaint.id).where(Complaint.restricted))
    refs = {f"operator:{each.ref}" for each in here if each.mail}
    mail = (Outbox.channel == "mail") & or_(
        Outbox.recipient.in_(GROUPS),
        Outbox.recipient.like(f"{TEAM}%"),
        Outbox.recipient.like("operator:%") & Outbox.recipient.not_in(refs),
        # In charge, but of a case that has become a restricted one since.
        Outbox.recipient.in_(uncleared) & restricted,
    )
    push = (Outbox.channel == "push") & Outbox.recipient.not_like(f"{ROOM}%")
    return (Outbox.state == "queued", Outbox.not_before <= now, or_(mail, push))


class _Chunk:
    """Some of the notices, in one transaction and a handful of statements however many people there are."""

    def __init__(self, now: datetime, here: Sequence[Recipient], rooms: Rooms, ids: Sequence[int]) -> None:
        self.now, self.here, self.rooms, self.ids = now, here, rooms, ids

    def expand(self, session: Session) -> int:
        # Locked like every claim: of two workers only one finds them queued.
        rows = session.scalars(
            select(Outbox)
            .where(Outbox.id.in_(self.ids), Outbox.state == "queued")
            .order_by(Outbox.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        ).all()
        cases = {row.complaint_id for row in rows if row.complaint_id is not None}
        restricted = set(
            session.scalars(select(Complaint.id).where(Complaint.id.in_(cases), Complaint.restricted))
        )
        milestones = {row.milestone_id for row in rows if row.milestone_id is not None}
        related = session.execute(
            select(Outbox.milestone_id, Outbox.recipient, Outbox.channel, Outbox.state).where(
                Outbox.milestone_id.in_(milestones)
            )
        ).all()
        known = {(each.milestone_id, each.recipient, each.channel) for each in related}
        by_mail = {
            each.milestone_id for each in related if each.channel == "mail" and each.state != "dropped"
        }
        fresh: list[dict[str, Any]] = []
        fates: dict[str, list[int]] = {"sent": [], "dropped": [], "queued": []}
        for row in rows:
            found = self._targets(row, restricted=row.complaint_id in restricted)
            unheard = not found and row.channel == "push" and row.milestone_id in by_mail
            fates["sent" if found else "dropped" if unheard else "queued"].append(row.id)
            for target in found:
                # The same cause may reach a person anyway, as the one in charge or through another group.
                cause = (row.milestone_id, target.recipient, target.channel)
                if row.milestone_id is None or cause not in known:
                    fresh.append(_copy(row, target, self.now))
                    known.add(cause)
        self._settle(session, fates)
        if fresh:
            session.execute(insert(Outbox.__table__), fresh)  # type: ignore[arg-type]  # Table
        return len(fates["sent"])

    def _targets(self, row: Outbox, *, restricted: bool) -> list[_Target]:
        known = row.recipient in GROUPS or row.recipient.startswith(TEAM)
        group = row.recipient if known else "operators"
        if row.channel == "push" and not restricted:
            return [_Target(name, "push") for name in self.rooms.named(group)]
        told = eligible(self.here, group, restricted=restricted)
        return [_Target(f"operator:{each.ref}", "mail") for each in told]

    def _settle(self, session: Session, fates: dict[str, list[int]]) -> None:
        later = self.now + timedelta(minutes=POSTPONE_MINUTES)
        values: dict[str, dict[str, Any]] = {
            "sent": {"sent_at": self.now, "last_error": None},
            "dropped": {"last_error": NO_AUDIENCE},
            "queued": {"not_before": later, "last_error": NOBODY},
        }
        for state, ids in fates.items():
            if ids:
                session.execute(
                    update(Outbox)
                    .where(Outbox.id.in_(ids))
                    .values(state=state, **values[state])
                    .execution_options(synchronize_session=False)
                )


def _copy(row: Outbox, target: _Target, now: datetime) -> dict[str, Any]:
    domain = row.message_id.rpartition("@")[2].rstrip(">")
    return {
        "dedupe": f"fan/{row.id}/{target.recipient}",
        "kind": row.kind,
        "channel": target.channel,
        "recipient": target.recipient,
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
