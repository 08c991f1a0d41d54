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
from complaints.store.transactions import Database, touched

# Minutes between attempts: a short fault costs little time, a long one is outlived for about three days.
PAUSES = (1, 5, 15, 60, 240, 480, 720, 1440, 1440)
LEASE_SECONDS = 300
# Rows of one statement: every database takes so many parameters.
PAGE = 500
# How recipients begin for whom all that waits becomes one message.
OPERATOR, ROOM = "operator:", "room:"
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
    milestone_id: int | None
    seq: int | None
    details: Mapping[str, Any]
    message_id: str
    attempts: int
    created_at: datetime


def is_last(message: OutboxView) -> bool:
    """Whether a fault of this attempt is the end: no pause is left."""
    return message.attempts > len(PAUSES)


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

    `deliver(messages)` gets one message to a complainant (up to `limit` of them in a pass), or all that wait for
    one operator or room, however many, while no transaction is open; it returns once the other side has accepted, and raises DeliveryError otherwise. Another
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
    until = now + timedelta(seconds=lease_seconds)

    def write(session: Session) -> list[OutboxView]:
        # Locked first, so that what is found due is still due when it is taken.
        won = [
            row_id
            for page in _pages(ids)
            for row_id in session.scalars(
                select(Outbox.id).where(Outbox.id.in_(page), due(now)).order_by(Outbox.id).with_for_update()
            )
        ]
        views = list[OutboxView]()
        for page in _pages(won):
            values: dict[str, Any] = {
                "state": "sending",
                "lease_until": until,
                "attempts": Outbox.attempts + 1,
            }
            if len(won) > 1:
                # One mail, one identity: it must be the same when this digest is tried again.
                values["message_id"] = views[0].message_id if views else _identity(session, won[0])
            _change(session, page, values)
            rows = session.scalars(select(Outbox).where(Outbox.id.in_(page)).order_by(Outbox.id))
            views += [_view(row) for row in rows.all()]
        return views

    return database.write(write)


def retry(session: Session, row_id: int, now: datetime) -> bool:
    """Queue a dead message again from its first attempt (the button in admin); flushes, never commits."""
    result = session.execute(
        update(Outbox)
        .where(Outbox.id == row_id, Outbox.state == "dead")
        .values(state="queued", not_before=now, attempts=0, last_error=None)
        .execution_options(synchronize_session="fetch")
    )
    return touched(result) == 1


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
    """What is due, in order; all first attempts for one operator or room together, later ones as they were."""
    query = select(Outbox.id, Outbox.channel, Outbox.recipient, Outbox.attempts, Outbox.message_id)
    query = query.where(due(now)).order_by(Outbox.not_before, Outbox.id)
    gathered = or_(*(Outbox.recipient.like(f"{prefix}%") for prefix in (OPERATOR, ROOM)))
    found: dict[tuple[str, ...], list[int]] = {}
    with database.reading() as session:
        # Few messages, however many rows: none is cut in two.
        for row in session.execute(query.where(gathered)):
            key = (row.channel, row.recipient, row.message_id if row.attempts else "")
            found.setdefault(key, []).append(row.id)
        for row in session.execute(query.where(~gathered).limit(limit)):
            found[row.channel, row.recipient, str(row.id)] = [row.id]
    return [_Batch(key[0], tuple(ids)) for key, ids in found.items()]


def _identity(session: Session, row_id: int) -> str:
    return session.scalars(select(Outbox.message_id).where(Outbox.id == row_id)).one()


def _pages(ids: Sequence[int]) -> list[Sequence[int]]:
    return [ids[at : at + PAGE] for at in range(0, len(ids), PAGE)]


def _change(session: Session, ids: Sequence[int], values: Mapping[str, Any], *conditions: Any) -> None:
    session.execute(
        update(Outbox)
        .where(Outbox.id.in_(ids), *conditions)
        .values(**values)
        .execution_options(synchronize_session=False)
    )


def _put_off(database: Database, now: datetime, messages: Sequence[OutboxView], error: DeliveryError) -> Sent:
    total, alike = Sent(), dict[int, list[OutboxView]]()
    for message in messages:
        alike.setdefault(message.attempts, []).append(message)
    for group in alike.values():
        values, counted = _verdict(now, group[0], error)
        _mark(database, group, values)
        total += Sent(*(len(group) * each for each in _counts(counted)))
    return total


def _verdict(now: datetime, message: OutboxView, error: DeliveryError) -> tuple[dict[str, Any], Sent]:
    reason = error.reason[:200]
    if error.fate == "drop":
        return {"state": "dropped", "last_error": reason}, Sent(dropped=1)
    if error.fate == "dead" or (error.fate == "retry" and is_last(message)):
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
    accepted = values["state"] == "sent"
    alike = dict[int, list[int]]()
    for message in messages:
        alike.setdefault(message.attempts, []).append(message.id)

    def write(session: Session) -> None:
        for attempts, ids in alike.items():
            mine = () if accepted else (Outbox.attempts == attempts,)
            for page in _pages(ids):
                _change(session, page, values, Outbox.state == "sending", *mine)

    database.write(write)


def _view(row: Outbox) -> OutboxView:
    return OutboxView(
        id=row.id,
        kind=row.kind,
        channel=row.channel,
        recipient=row.recipient,
        complaint_id=row.complaint_id,
        milestone_id=row.milestone_id,
        seq=row.seq,
        details=dict(row.details),
        message_id=row.message_id,
        attempts=row.attempts,
        created_at=row.created_at,
    )


def _counts(total: Sent) -> tuple[int, ...]:
    return (total.sent, total.retried, total.dead, total.dropped, total.postponed)
