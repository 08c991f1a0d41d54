"""Take queued messages and deliver them: claimed by lease, delivered outside any transaction, at least once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import and_, or_, select, update
from sqlalchemy.orm import Session

from complaints.base.errors import ComplaintsError
from complaints.store.tables import Outbox
from complaints.store.transactions import Database

# Minutes between attempts: a short fault costs little time, a long one is outlived for about three days.
PAUSES = (1, 5, 15, 60, 240, 480, 720, 1440, 1440)
LEASE_SECONDS = 300
POSTPONE_MINUTES = 5
Fate = Literal["retry", "dead", "drop", "postpone"]
_log = logging.getLogger(__name__)


class DeliveryError(ComplaintsError):
    """A message did not leave. `reason` is a class and a code, never a text that could name somebody.

    `fate`: retry (after a pause), dead (will never be taken), drop (nobody is meant any more), postpone
    (something must be set up first; no attempt is counted). `unreachable` ends this pass for the channel.
    """

    def __init__(self, reason: str, fate: Fate = "retry", *, unreachable: bool = False) -> None:
        self.reason = reason
        self.fate = fate
        self.unreachable = unreachable
        super().__init__(reason)


@dataclass(frozen=True)
class OutboxView:
    """One queued message as the deliverer sees it."""

    id: int
    kind: str
    channel: str
    recipient: str
    complaint_id: int | None
    seq: int | None
    details: Mapping[str, Any]
    message_id: str
    attempts: int
    created_at: datetime


Deliver = Callable[[Sequence[OutboxView]], None]


@dataclass(frozen=True)
class Sent:
    """How many messages were sent, put off for another attempt, given up, dropped or postponed."""

    sent: int = 0
    retried: int = 0
    dead: int = 0
    dropped: int = 0
    postponed: int = 0

    def __add__(self, other: Sent) -> Sent:
        """The sum of two passes."""
        return Sent(*(mine + theirs for mine, theirs in zip(_counts(self), _counts(other), strict=True)))


def send(
    database: Database,
    clock: Callable[[], datetime],
    deliver: Deliver,
    *,
    limit: int = 1000,
    lease_seconds: int = LEASE_SECONDS,
    budget_seconds: int = 120,
) -> Sent:
    """Deliver what is due; commits each claim and each result by itself.

    `deliver(messages)` gets one message, or all that wait for one operator (a digest), while no transaction
    is open; it returns once the other side has accepted, and raises DeliveryError otherwise. Another
    exception counts as a reason to try again. A worker that dies leaves its claim to whoever comes after
    the lease; the message then goes out again under the same Message-ID.
    """
    began = clock()
    total, silent = Sent(), set[str]()
    for batch in _batches(database, began, limit):
        if batch.channel in silent or clock() - began > timedelta(seconds=budget_seconds):
            continue
        claimed = claim(database, clock(), batch.ids, lease_seconds)
        if not claimed:
            continue
        try:
            deliver(claimed)
        except DeliveryError as error:
            total += _put_off(database, clock(), claimed, error)
            if error.unreachable:
                silent.add(batch.channel)
        except Exception as error:  # noqa: BLE001 - one message must not keep the others back
            _log.error("message %s could not be delivered: %s", claimed[0].id, type(error).__name__)
            total += _put_off(database, clock(), claimed, DeliveryError(type(error).__name__))
        else:
            # Nothing may happen between the acceptance and this: what is not marked is sent again.
            _mark(database, claimed, {"state": "sent", "sent_at": clock(), "last_error": None})
            total += Sent(sent=len(claimed))
    return total


def claim(
    database: Database, now: datetime, ids: Sequence[int], lease_seconds: int = LEASE_SECONDS
) -> list[OutboxView]:
    """Those of `ids` that are ours until the lease ends; commits. Empty when another worker was first."""

    def write(session: Session) -> list[OutboxView]:
        won = [row_id for row_id in ids if _win(session, row_id, now, lease_seconds)]
        rows = session.scalars(
            select(Outbox)
            .where(Outbox.id.in_(won))
            .order_by(Outbox.id)
            .execution_options(populate_existing=True)
        ).all()
        if len(rows) > 1:
            # One mail, one identity: it must be the same when this digest is tried again.
            for row in rows:
                row.message_id = rows[0].message_id
        return [_view(row) for row in rows]

    return database.write(write)


def retry(session: Session, row_id: int, now: datetime) -> bool:
    """Queue a dead message again from its first attempt (the button in admin); flushes, never commits."""
    result = session.execute(
        update(Outbox)
        .where(Outbox.id == row_id, Outbox.state == "dead")
        .values(state="queued", not_before=now, attempts=0, last_error=None)
        .execution_options(synchronize_session="fetch")
    )
    return int(result.rowcount) == 1  # type: ignore[attr-defined]  # an UPDATE's CursorResult has it


@dataclass(frozen=True)
class _Batch:
    channel: str
    ids: tuple[int, ...]


def due(now: datetime) -> Any:
    """The condition under which a row may be claimed: its time has come, or its claimant has gone."""
    return or_(
        and_(Outbox.state == "queued", Outbox.not_before <= now),
        and_(Outbox.state == "sending", Outbox.lease_until <= now),
    )


def _batches(database: Database, now: datetime, limit: int) -> list[_Batch]:
    """What is due, in order; all first attempts for one operator together, later ones as they were."""
    query = (
        select(Outbox.id, Outbox.channel, Outbox.recipient, Outbox.attempts, Outbox.message_id)
        .where(due(now))
        .order_by(Outbox.not_before, Outbox.id)
        .limit(limit)
    )
    found: dict[tuple[str, ...], list[int]] = {}
    with database.reading() as session:
        for row in session.execute(query):
            if row.recipient.startswith("operator:"):
                key = (row.channel, row.recipient, row.message_id if row.attempts else "")
            else:
                key = (row.channel, row.recipient, str(row.id))
            found.setdefault(key, []).append(row.id)
    return [_Batch(key[0], tuple(ids)) for key, ids in found.items()]


def _win(session: Session, row_id: int, now: datetime, lease_seconds: int) -> bool:
    result = session.execute(
        update(Outbox)
        .where(Outbox.id == row_id, due(now))
        .values(
            state="sending", lease_until=now + timedelta(seconds=lease_seconds), attempts=Outbox.attempts + 1
        )
        .execution_options(synchronize_session=False)
    )
    return int(result.rowcount) == 1  # type: ignore[attr-defined]  # an UPDATE's CursorResult has it


def _put_off(database: Database, now: datetime, messages: Sequence[OutboxView], error: DeliveryError) -> Sent:
    total = Sent()
    for message in messages:
        values, counted = _verdict(now, message, error)
        _mark(database, [message], values)
        total += counted
    return total


def _verdict(now: datetime, message: OutboxView, error: DeliveryError) -> tuple[dict[str, Any], Sent]:
    reason = error.reason[:200]
    if error.fate == "drop":
        return {"state": "dropped", "last_error": reason}, Sent(dropped=1)
    if error.fate == "dead" or (error.fate == "retry" and message.attempts > len(PAUSES)):
        return {"state": "dead", "last_error": reason}, Sent(dead=1)
    again: dict[str, Any] = {"state": "queued", "lease_until": None, "last_error": reason}
    if error.fate == "postpone":
        again["attempts"] = message.attempts - 1
        again["not_before"] = now + timedelta(minutes=POSTPONE_MINUTES)
        return again, Sent(postponed=1)
    again["not_before"] = now + timedelta(minutes=PAUSES[message.attempts - 1])
    return again, Sent(retried=1)


def _mark(database: Database, messages: Iterable[OutboxView], values: Mapping[str, Any]) -> None:
    """Write what became of a claim; a claim that was taken over meanwhile is only ever overwritten by `sent`."""
    rows = [(message.id, message.attempts) for message in messages]
    accepted = values["state"] == "sent"

    def write(session: Session) -> None:
        for row_id, attempts in rows:
            mine = () if accepted else (Outbox.attempts == attempts,)
            session.execute(
                update(Outbox)
                .where(Outbox.id == row_id, Outbox.state == "sending", *mine)
                .values(**values)
                .execution_options(synchronize_session=False)
            )

    database.write(write)


def _view(row: Outbox) -> OutboxView:
    return OutboxView(
        id=row.id,
        kind=row.kind,
        channel=row.channel,
        recipient=row.recipient,
        complaint_id=row.complaint_id,
        seq=row.seq,
        details=dict(row.details),
        message_id=row.message_id,
        attempts=row.attempts,
        created_at=row.created_at,
    )


def _counts(total: Sent) -> tuple[int, ...]:
    return (total.sent, total.retried, total.dead, total.dropped, total.postponed)
