"""Whether promises are being kept, measured where it cannot be talked over: as lag in the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from sqlalchemy import Executable, ScalarSelect, bindparam, func, select
from sqlalchemy.orm import Session

from complaints.delivery import outbox, webhooks
from complaints.delivery.fanout import NOBODY
from complaints.ledger import sequencer
from complaints.store import search
from complaints.store.constants import VIEWERS
from complaints.store.database_now import DatabaseNow
from complaints.store.jobs import waiting_since
from complaints.store.tables import Lease, Milestone, Outbox
from complaints.store.types import UtcDateTime

SWEEP_LIMIT = 600
OUTBOX_LIMIT = 1800
BEAT_LIMIT = 600
# Two machines that are kept in time differ by far less; a request that hangs between two readings does not reach it.
SKEW_LIMIT = 120
SEQUENCER_LIMIT = 300
# Older texts are still found; an index that is built anew may take as long.
SEARCH_LIMIT = 3600
# A worker looks for orders every minute; one that is at a long one leaves it for the next in between.
ORDERS_LIMIT = 600
JOB = "tick"
_OLDEST = (
    select(func.min(Milestone.due_at))
    .where(Milestone.state == "pending", Milestone.due_at <= bindparam("now", type_=UtcDateTime()))
    .scalar_subquery()
)
_ORDERED = waiting_since()
_BEAT = select(Lease.beat_at).where(Lease.name == JOB).scalar_subquery()


@dataclass(frozen=True)
class Health:
    """Lags in seconds, counts of messages. No personal data.

    `sweep_lag` and `outbox_lag` are the ages of the oldest work that is due and not done. `waiting` counts
    queued messages by the reason they wait for (NobodyToTell, NoMailServer, SMTPConnectError 421 …).
    `beat_lag` is the time since the clock last ran through; None: it never has. `skew` is how far this machine's
    clock is ahead of the database's (behind: negative). `sequencer_lag` is the age of the
    oldest event without a place in the tree; `refusal` names why this host signs no checkpoint though it should.
    `search_lag` is the age of the oldest event that the search index has not seen; `orders_lag` how long the oldest
    order (export, bundle, audit, act on many) has waited for a worker.
    """

    sweep_lag: int = 0
    outbox_lag: int = 0
    dead: int = 0
    waiting: Mapping[str, int] = field(default_factory=dict)
    beat_lag: int | None = None
    skew: int = 0
    sequencer_lag: int = 0
    refusal: str = ""
    search_lag: int = 0
    orders_lag: int = 0

    @property
    def alarms(self) -> tuple[str, ...]:
        """What somebody must look at: clock, sweep, outbox, dead, nobody, setup, skew, sequencer, checkpoint, search, orders; or nothing."""
        found = {
            "clock": self.beat_lag is None or self.beat_lag > BEAT_LIMIT,
            "sweep": self.sweep_lag > SWEEP_LIMIT,
            "outbox": self.outbox_lag > OUTBOX_LIMIT,
            "dead": self.dead > 0,
            "nobody": NOBODY in self.waiting,
            "setup": any(reason.startswith("No") and reason != NOBODY for reason in self.waiting),
            "skew": abs(self.skew) > SKEW_LIMIT,
            "sequencer": self.sequencer_lag > SEQUENCER_LIMIT,
            "checkpoint": bool(self.refusal),
            "search": self.search_lag > SEARCH_LIMIT,
            "orders": self.orders_lag > ORDERS_LIMIT,
        }
        return tuple(name for name, wrong in found.items() if wrong)

    @property
    def sound(self) -> bool:
        """Whether `/healthz` answers 200: dates are watched, messages leave, events get their place.

        A dead letter, a missing recipient, a wrong clock or a refused signature needs a person, not a restart: it
        is an alarm, and no 503.
        """
        return not {"clock", "sweep", "outbox", "sequencer"} & set(self.alarms)


def untold(*, restricted: bool) -> ScalarSelect[int]:
    """How many notices wait for somebody to tell, as a part of a statement; `restricted` as in `measure`."""
    wanted = (Outbox.state == "queued", Outbox.last_error == NOBODY, *outbox.visible(restricted=restricted))
    return select(func.count()).select_from(Outbox).where(*wanted).scalar_subquery()


def skewed(now: datetime, database_now: datetime) -> bool:
    """Whether two clocks differ by more than a machine that is kept in time ever does."""
    return abs((now - database_now).total_seconds()) > SKEW_LIMIT


def measure(
    session: Session, now: datetime, *, real: bool = False, refusal: str = "", restricted: bool = True
) -> Health:
    """Read the present lags; six short statements by index.

    `real` says that `now` is a machine's clock just read, to be held against the database's; `refusal` why no
    checkpoint is signed here. Without `restricted`, messages about restricted cases are no part of it: for pages of
    whoever may not know of them.
    """
    seen = outbox.visible(restricted=restricted)
    due = session.scalar(select(_OLDEST), {"now": now})
    dead = session.scalar(select(func.count()).select_from(Outbox).where(Outbox.state == "dead", *seen))
    waiting: dict[str, int] = {}
    oldest: datetime | None = None
    rows = session.execute(
        select(
            Outbox.last_error,
            Outbox.channel,
            func.count(),
            func.min(Outbox.created_at),
            func.min(Outbox.not_before),
        )
        .where(Outbox.state.in_(("queued", "sending")), *seen)
        .group_by(Outbox.last_error, Outbox.channel)
    )
    for reason, channel, count, created, ready in rows:
        if reason:
            waiting[reason] = waiting.get(reason, 0) + count
        # A message held back on purpose is not late before its time; one that failed is, since it was made. A
        # webhook that is down is somebody else's fault, which no restart of ours would mend.
        since = created if reason and channel != webhooks.CHANNEL else ready
        oldest = since if oldest is None else min(oldest, since)
    asked = select(_BEAT, DatabaseNow(), _ORDERED)
    beat, database_now, ordered = session.execute(asked, {"now": now}).one()
    return Health(
        sweep_lag=_age(now, due),
        outbox_lag=_age(now, oldest),
        dead=dead or 0,
        waiting=waiting,
        beat_lag=None if beat is None else _age(now, beat),
        skew=round((now - database_now).total_seconds()) if real else 0,
        sequencer_lag=_age(now, sequencer.oldest_waiting(session)),
        refusal=refusal,
        search_lag=_age(now, search.oldest_waiting(session)),
        orders_lag=_age(now, ordered),
    )


def unwatched(
    session: Session, now: datetime, beside: ScalarSelect[int], *, restricted: bool
) -> tuple[Health, int]:
    """Only what every page of operators must say: whether dates are watched, and how many notices find nobody.

    One statement by index; `beside` is a count that rides along, and is returned; `restricted` as in `measure`.
    """
    due, beat, nobody, n = session.execute(_watching(beside, restricted), {"now": now}).one()
    waiting = {NOBODY: nobody} if nobody else {}
    seen = Health(
        sweep_lag=_age(now, due), beat_lag=None if beat is None else _age(now, beat), waiting=waiting
    )
    return seen, int(n)


@lru_cache(maxsize=VIEWERS)
def _watching(beside: ScalarSelect[int], restricted: bool) -> Executable:
    return select(_OLDEST, _BEAT, untold(restricted=restricted), beside)


def _age(now: datetime, since: datetime | None) -> int:
    return 0 if since is None else max(0, int((now - since).total_seconds()))
