"""A lease on a job: saves idle work among workers and records when the job last went well; guards nothing."""

from __future__ import annotations

import os
import socket
from datetime import datetime, timedelta

from sqlalchemy import insert, or_, select, update
from sqlalchemy.orm import Session

from complaints.store.tables import Lease
from complaints.store.transactions import Database, touched

# No lease that was asked for by less lasts longer; see `free`.
LONGEST_SECONDS = 300


def worker() -> str:
    """This process, as it stands in a lease."""
    return f"{socket.gethostname()[:60]}:{os.getpid()}"


def take(database: Database, name: str, now: datetime, seconds: int) -> bool:
    """Take or renew the lease unless another worker holds it; commits."""
    return database.write(lambda session: _take(session, name, now, seconds))


def beat(database: Database, name: str, now: datetime, lag_seconds: int) -> None:
    """Record the end of a good run and what it left over; commits."""

    def write(session: Session) -> None:
        session.execute(
            update(Lease)
            .where(Lease.name == name)
            .values(beat_at=now, lag_seconds=lag_seconds)
            .execution_options(synchronize_session=False)
        )

    database.write(write)


def idle(database: Database, name: str, now: datetime, seconds: int) -> bool:
    """Take the lease and record that there was nothing to do, in one statement; commits."""
    return database.write(lambda session: _take(session, name, now, seconds, beat_at=now, lag_seconds=0))


def free(owner: str | None, until: datetime | None, now: datetime, seconds: int) -> bool:
    """Whether a lease of up to `seconds`, read earlier, could be taken by this worker.

    One that ends later than it can last was taken by a clock that has been set back since: it binds nobody.
    """
    return owner is None or until is None or owner == worker() or not now < until <= latest(now, seconds)


def latest(now: datetime, seconds: int) -> datetime:
    """The last moment at which a lease of `seconds` that somebody holds now can end."""
    return now + timedelta(seconds=max(seconds, LONGEST_SECONDS))


def _take(session: Session, name: str, now: datetime, seconds: int, **values: object) -> bool:
    values |= {"owner": worker(), "until": now + timedelta(seconds=seconds)}
    result = session.execute(
        update(Lease)
        .where(
            Lease.name == name,
            or_(Lease.until <= now, Lease.until > latest(now, seconds), Lease.owner == worker()),
        )
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    if touched(result) == 1:
        return True
    if session.scalar(select(Lease.name).where(Lease.name == name)) is not None:
        return False
    # Two workers at their very first tick: one insert collides, is repeated, and then finds the other's row.
    row = {"name": name, "beat_at": None, "lag_seconds": None, **values}
    session.execute(insert(Lease.__table__), [row])  # type: ignore[arg-type]  # Table
    return True
