"""Webhooks: which events are told, and a queued message for each address that wants one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from complaints.delivery import outbox
from complaints.ledger.work import Work
from complaints.store.tables import Outbox, Webhook
from complaints.store.transactions import touched

CHANNEL, PREFIX = "webhook", "webhook:"
# A message of the office itself, to try an address; of no complaint.
TEST = "test"
# The log's events that its complainant is told of too; a decision is one only when it goes out. `late` is a
# published date that passed unmet.
EVENTS = (
    "filed",
    "accepted",
    "started",
    "asked",
    "supplied",
    "resumed",
    "message",
    "replied",
    "released",
    "late",
    "rescheduled",
    "appealed",
    "overturned",
    "sent_back",
    "withdrawn",
    "merged",
    "unmerged",
    "reopened",
    "closed",
    "rated",
    "restricted",
    "unrestricted",
    "erased",
)
_TOLD = frozenset(EVENTS)
# How long a replaced key still signs beside the new one.
OVERLAP = timedelta(hours=24)


def announce(work: Work, event: str, complaint_id: int, uid: str, seq: int) -> None:
    """Queue what an event tells each webhook that wants it; flushes, never commits. Others are told nothing."""
    if event not in _TOLD:
        return
    for hook, events in _listening(work):
        if not events or event in events:
            outbox.queue(
                work,
                event,
                f"{PREFIX}{hook}",
                dedupe=f"{uid}/{seq}/{event}",
                channel=CHANNEL,
                complaint_id=complaint_id,
                seq=seq,
                not_before=work.now,
            )


def try_out(work: Work, hook: Webhook, token: str) -> None:
    """Queue a test message; `token` tells this one from the next."""
    outbox.queue(
        work, TEST, f"{PREFIX}{hook.uid}", dedupe=f"test/{token}", channel=CHANNEL, not_before=work.now
    )


def drop_waiting(work: Work, hook: Webhook, why: str) -> int:
    """Drop what waits for an address that is told no more; returns how many. Flushes, never commits."""
    dropped = work.session.execute(
        update(Outbox)
        .where(
            Outbox.recipient == f"{PREFIX}{hook.uid}",
            Outbox.channel == CHANNEL,
            Outbox.state.in_(("queued", "dead")),
        )
        .values(state="dropped", last_error=why)
        .execution_options(synchronize_session=False)
    )
    return touched(dropped)


def _listening(work: Work) -> Sequence[tuple[str, list[Any]]]:
    """The active webhooks and what they want; read once for a chunk, whose `listened` may be old by then."""
    chunk = work.chunk
    if chunk is None and not work.listened:
        return ()
    if chunk is not None and chunk.webhooks is not None:
        return chunk.webhooks
    rows = work.session.execute(select(Webhook.uid, Webhook.events).where(Webhook.active.is_(True)))
    found = [(row.uid, row.events) for row in rows]
    if chunk is not None:
        chunk.webhooks = found
    return found
