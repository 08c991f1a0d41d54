"""Whether promises are being kept, measured where it cannot be talked over: as lag in the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from complaints.store.tables import Lease, Milestone, Outbox

SWEEP_LIMIT = 600
OUTBOX_LIMIT = 1800
BEAT_LIMIT = 600
JOB = "tick"


@dataclass(frozen=True)
class Health:
    """Lags in seconds, counts of messages. No personal data.

    `sweep_lag` and `outbox_lag` are the ages of the oldest work that is due and not done. `waiting` counts
    queued messages by the reason they wait for (NobodyToTell, NoMailServer, SMTPConnectError 421 …).
    `beat_lag` is the time since the clock last ran through; None: it never has.
    """

    sweep_lag: int = 0
    outbox_lag: int = 0
    dead: int = 0
    waiting: Mapping[str, int] = field(default_factory=dict)
    beat_lag: int | None = None

    @property
    def alarms(self) -> tuple[str, ...]:
        """What somebody must look at: clock, sweep, outbox, dead, nobody, setup; empty when all is well."""
        found = {
            "clock": self.beat_lag is None or self.beat_lag > BEAT_LIMIT,
            "sweep": self.sweep_lag > SWEEP_LIMIT,
            "outbox": self.outbox_lag > OUTBOX_LIMIT,
            "dead": self.dead > 0,
            "nobody": "NobodyToTell" in self.waiting,
            "setup": any(reason.startswith("No") and reason != "NobodyToTell" for reason in self.waiting),
        }
        return tuple(name for name, wrong in found.items() if wrong)

    @property
    def sound(self) -> bool:
        """Whether `/healthz` answers 200: dates are watched and messages leave.

        A dead letter or a missing recipient needs a person, not a restart: it is an alarm, and no 503.
        """
        return not {"clock", "sweep", "outbox"} & set(self.alarms)


def measure(session: Session, now: datetime) -> Health:
    """Read the present lags; four short statements by index."""
    due = session.scalar(
        select(func.min(Milestone.due_at)).where(Milestone.state == "pending", Milestone.due_at <= now)
    )
    dead = session.scalar(select(func.count()).select_from(Outbox).where(Outbox.state == "dead"))
    waiting: dict[str, int] = {}
    oldest: datetime | None = None
    rows = session.execute(
        select(Outbox.last_error, func.count(), func.min(Outbox.created_at), func.min(Outbox.not_before))
        .where(Outbox.state.in_(("queued", "sending")))
        .group_by(Outbox.last_error)
    )
    for reason, count, created, ready in rows:
        if reason:
            waiting[reason] = count
        # A message held back on purpose is not late before its time; one that failed is, since it was made.
        since = created if reason else ready
        oldest = since if oldest is None else min(oldest, since)
    beat = session.scalar(select(Lease.beat_at).where(Lease.name == JOB))
    return Health(
        sweep_lag=_age(now, due),
        outbox_lag=_age(now, oldest),
        dead=dead or 0,
        waiting=waiting,
        beat_lag=None if beat is None else _age(now, beat),
    )


def dead_letters(session: Session, limit: int = 50) -> list[Any]:
    """Messages that were given up, newest first: id, kind, channel, complaint_id, last_error, created_at."""
    return list(
        session.execute(
            select(
                Outbox.id,
                Outbox.kind,
                Outbox.channel,
                Outbox.complaint_id,
                Outbox.last_error,
                Outbox.attempts,
                Outbox.created_at,
            )
            .where(Outbox.state == "dead")
            .order_by(Outbox.id.desc())
            .limit(limit)
        )
    )


def _age(now: datetime, since: datetime | None) -> int:
    return 0 if since is None else max(0, int((now - since).total_seconds()))
