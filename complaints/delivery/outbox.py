"""Queue messages in the business transaction; kinds and references only, never text."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, insert, select, update

from complaints.base.ids import random_uid
from complaints.ledger.work import Work
from complaints.store.tables import Complaint, Outbox
from complaints.store.transactions import touched

# A date that was missed waits for no digest; it does wait for the morning.
AT_ONCE = frozenset({"due", "late"})


def row(
    work: Work,
    kind: str,
    recipient: str,
    *,
    dedupe: str,
    channel: str = "mail",
    complaint_id: int | None = None,
    milestone_id: int | None = None,
    seq: int | None = None,
    not_before: datetime | None = None,
    details: Mapping[str, Any] | None = None,
    urgent: bool = False,
) -> dict[str, Any]:
    """An outbox row, computed without the database.

    `recipient` is `complainant`, `operators`, `supervisors`, `compliance`, `team:<key>`, `operator:<ref>`,
    `monthly:<ref>`, `witness:<hash>`, `vendor:<key>` or `webhook:<uid>`; `dedupe` names the cause, so that the same
    cause is queued once for each recipient and channel. Without `not_before` a message to a complainant or a witness
    leaves at once; one to operators waits for its digest and for the end of the quiet hours, unless the matter is
    `urgent`.
    """
    return {
        "dedupe": f"{dedupe}/{channel}/{recipient}",
        "kind": kind,
        "channel": channel,
        "recipient": recipient,
        "complaint_id": complaint_id,
        "milestone_id": milestone_id,
        "seq": seq,
        "details": dict(details or {}),
        "state": "queued",
        "not_before": not_before or _leaves(work, kind, recipient, urgent=urgent),
        "lease_until": None,
        "attempts": 0,
        "last_error": None,
        # RFC 5322 section 3.6.4: the same message keeps its identity at each attempt.
        "message_id": f"<{random_uid()}@{work.origin.partition(':')[0]}>",
        "created_at": work.now,
        "sent_at": None,
    }


def queue(work: Work, kind: str, recipient: str, *, dedupe: str, **values: Any) -> bool:
    """Queue one message unless its cause has been queued already; False then. Flushes, never commits.

    In a chunk it waits for `settle`, which the chunk's owner calls and which looks only then.
    """
    message = row(work, kind, recipient, dedupe=dedupe, **values)
    if work.chunk is not None:
        work.chunk.messages.append(message)
        return True
    return _insert(work, [message])


def settle(work: Work) -> None:
    """Write the messages of a chunk, two statements for all; does nothing outside one. Never commits."""
    if work.chunk is not None and work.chunk.messages:
        _insert(work, work.chunk.messages)
        work.chunk.messages.clear()


def _insert(work: Work, messages: Sequence[dict[str, Any]]) -> bool:
    wanted = {message["dedupe"]: message for message in messages}
    known = set(work.session.scalars(select(Outbox.dedupe).where(Outbox.dedupe.in_(wanted))))
    fresh = [message for dedupe, message in wanted.items() if dedupe not in known]
    if fresh:
        work.session.execute(insert(Outbox.__table__), fresh)  # type: ignore[arg-type]  # Table
    return bool(fresh)


def visible(*, restricted: bool) -> tuple[ColumnElement[bool], ...]:
    """What a message must meet for somebody to know of it: without clearance none about a restricted case."""
    if restricted:
        return ()
    hidden = select(Complaint.id).where(Complaint.id == Outbox.complaint_id, Complaint.restricted)
    return (~hidden.exists(),)


def take_back(work: Work, complaint_id: int, kinds: Collection[str]) -> int:
    """Stop queued messages that have not left; returns how many."""
    stopped = work.session.execute(
        update(Outbox)
        .where(Outbox.complaint_id == complaint_id, Outbox.kind.in_(kinds), Outbox.state == "queued")
        .values(state="taken_back")
        .execution_options(synchronize_session=False)
    )
    return touched(stopped)


def _leaves(work: Work, kind: str, recipient: str, *, urgent: bool) -> datetime:
    if recipient == "complainant" or recipient.startswith("witness:"):
        return work.now
    awake = urgent or work.policy.duty == "24x7"
    return work.gathering.leaves(work.now, at_once=urgent or kind in AT_ONCE, awake=awake)
